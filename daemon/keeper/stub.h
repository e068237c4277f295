/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The process that was started stays, outside of the keeper's namespaces, as what its starter sees: it passes
 * on signals, tells the service manager, and ends as the keeper ends. It can do nothing else.
 */

#include <sys/types.h>

struct stub {
	int lifeline; /* to the keeper */
	int pidfd;    /* of the keeper, a child */
	int signals;  /* signalfd of SIGTERM, SIGINT, SIGHUP */
	int notify;   /* or -1 */
	uid_t uid;
	gid_t gid;
};

/* The exit status. */
int stub_run(const struct stub *s);
