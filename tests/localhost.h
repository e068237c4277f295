/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The loopback address as programs are to be told it. */

#include <netdb.h>
#include <stddef.h>

/* By its name, so that a program has to look it up, unless a bare system (without /etc/hosts) knows none. */
static inline const char *localhost(void)
{
	struct addrinfo *found;

	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		return "127.0.0.1";
	freeaddrinfo(found);
	return "localhost";
}
