/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A small network of the test's own: this process, a router and a target, each in a network namespace. What
 * is started afterwards, the daemon with all its jails, lives in this process's, so that "the host's network"
 * is this one. Mounts are its own, too.
 */

#define NETWORK_DEVICE     "test0"
#define NETWORK_ROUTER     "10.117.1.2"
#define NETWORK_TARGET     "10.117.2.2"
#define NETWORK_FAR        "/mnt/far" /* the target's namespace, as ip-netns(8) would have it */
#define NETWORK_FAR_DEVICE "near0"
#define NETWORK_HTTP_PORT  8080
#define NETWORK_PAGE       "a page of the target\n"

/* The target answers pings, and any request on NETWORK_HTTP_PORT with the page. Needs iproute2. Call it
 * before there are threads. Both others end with this process. */
void network_set_up(void);
