/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * D-Bus addresses that lead to a socket of Unix: unix:path= and unix:abstract=, with the escapes (%XX) and
 * further keys (guid=) that addresses may have, and several after each other, of which the first that takes a
 * connection counts.
 */

#include "base/unix.h"

#define BUS_ADDRESS_SYSTEM "unix:path=/run/dbus/system_bus_socket"

/* As unix_connect(). -EINVAL: no D-Bus address. -EAFNOSUPPORT: none that leads to a socket of Unix. */
int bus_address_connect(const char *address);
/* The next of several addresses, as a name for unix_connect(); *address goes on behind it, to NULL at the
 * end. */
int bus_address_next(const char **address, char ret[UNIX_NAME_SIZE], size_t *ret_size);
/* A key's value of n bytes, with its escapes resolved; never empty. -ENAMETOOLONG: more than @room. */
int bus_address_unescape(const char *s, size_t n, char *ret, size_t room, size_t *ret_size);
