/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Something that the launcher's epoll loop waits for, embedded in what it belongs to. */

#include <stddef.h>
#include <stdint.h>

struct server;
struct source;

typedef void (*source_handler)(struct server *server, struct source *source, uint32_t events);

struct source {
	int fd; /* -1 while not watched */
	source_handler handle;
};

#define SOURCE_NULL ((struct source){ .fd = -1 })

/* The struct that a member is embedded in. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
