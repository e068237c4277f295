/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* The service manager's notification socket: sd_notify(3) without its library. */

/* A socket connected to $NOTIFY_SOCKET. -ENOENT when the variable is not set, -EINVAL when it is no address.
 */
int notify_open(void);
/* WATCHDOG_USEC, if it is meant for this process: how often it has to be told, in microseconds; 0: never. */
uint64_t notify_watchdog_usec(void);
/* Sends the state, e.g. "READY=1". A failure is nobody's: the service manager has its own timeout. */
void notify_send(int fd, const char *state);
