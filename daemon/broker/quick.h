/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The way of a message that came: what was asked before is recalled, what was asked in the same form before
 * is answered here, and everything else is sd-bus'. What the handlers here can not answer, or would refuse,
 * they leave to sd-bus, too: it has all errors.
 */

#include "broker/relay.h"

struct broker;

/* As relay_deliver(); or the answer waits to go out. */
int quick_deliver(struct broker *b, struct relay *r, sd_bus *bus, const struct message_span *m);
