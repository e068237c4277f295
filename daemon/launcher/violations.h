/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Calls that processes of a sandbox are killed for: taken from the kernel, kept, told to the broker. */

#include "launcher/server.h"

/* Exec has happened: waits for them, if this jail asks about them. */
int violations_watch(struct server *server, struct sandbox *s);
