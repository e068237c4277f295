/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The service manager's notification socket: sd_notify(3) without its library. */

/* A socket connected to $NOTIFY_SOCKET. -ENOENT when the variable is not set, -EINVAL when it is no address.
 */
int notify_open(void);
/* Sends the state, e.g. "READY=1". A failure is nobody's: the service manager has its own timeout. */
void notify_send(int fd, const char *state);
