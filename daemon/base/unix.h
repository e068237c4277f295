/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Stream sockets of Unix, by name. */

#include <stddef.h>
#include <sys/un.h>

#define UNIX_NAME_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* A connected socket, which does not wait. @name: a path without its NUL, or a NUL and an abstract name.
 * -EAGAIN: whoever listens has no room. */
int unix_connect(const char *name, size_t size);
