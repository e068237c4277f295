/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ways to start the payload: the floors, ourselves, and programs that are our peers. Each gets the same
 * payload, whose standard output is a page of memory, and is timed from the moment before the request to the
 * payload's first instruction, which the payload notes in the page, and to the moment when its end was seen.
 * Nothing but the end is waited for, so that nobody wakes up for the measuring.
 */

#include "ticks.h"

#include <bailiff/bailiff.h>
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#define WAY_WORDS_MAX 192

/* Nanoseconds from the request on. */
struct timing {
	uint64_t first, end;
};

struct way;

struct way_kind {
	const char *name;
	size_t n_words; /* at least */
	/* In the process that will launch; says on standard error what is missing. Negative errno. */
	int (*open)(struct way *w);
	/* Leaves the page to be read. */
	int (*launch)(struct way *w, uint64_t *ret_start, uint64_t *ret_end);
};

struct way {
	const struct way_kind *kind;
	const char *name;
	const char *words[WAY_WORDS_MAX + 1]; /* what stands behind the kind; ends with NULL */
	size_t n_words;
	/* From here on of the process that launches. */
	uint64_t *page;
	int page_fd, file_fd;
	unsigned n; /* launches, for names that have to differ */
	bailiff_connection *connection;
	sd_bus *bus;
	struct minijail_library *minijail; /* way-minijail.c */
};

extern const struct way_kind way_vfork, way_spawn, way_fork, way_command, way_command_unified, way_bailiff,
	way_ping, way_systemd, way_minijail;

/* One line of a plan: name, kind and words with tabs between them. The line must live as long. -EINVAL. */
int way_parse(char *line, struct way *ret);
int way_open(struct way *w);
void way_close(struct way *w);
void way_close_minijail(struct way *w);
/* -ENODATA: it ended well, and the payload has not run. */
int way_launch(struct way *w, struct timing *ret);

/* Before the first timing. */
void ticks_calibrate(void);
