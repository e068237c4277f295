/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A launch that its caller asks for again, by its token. */

#include "broker/launch.h"

/*
 * 0: its token, if it has one, is of no sandbox that is known; the digest is set. 1: answered with the
 * sandbox that is there; l is still the caller's. Negative, and error set: the launch is under way (Busy),
 * its sandbox has ended (NoSuchSandbox; Failed if it had streams), the token is of another request
 * (InvalidArgs).
 */
int launch_again(struct launch *l, const struct launch_request *request, sd_bus_error *error);
