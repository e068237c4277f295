/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Mount namespaces made ahead; for template.c, which has them, and template-child.c, which makes and enters
 * them. */

#include "jail/steps.h"

#include <stdatomic.h>

#define TEMPLATE_ITEMS_MAX 96

/* What the source of an item is. Two that are alike are the same object, reached in the same way. */
struct template_source {
	enum {
		SOURCE_NONE, /* nothing is there, or the item has none */
		SOURCE_OBJECT,
		SOURCE_LINK,
	} kind;
	uint64_t mount, inode;
	uint32_t device_major, device_minor;
	char link[sizeof(((struct mount_item *)NULL)->link)];
};

/* In memory that the launcher shares with the one process that makes templates. */
struct template_word {
	bool impossible; /* these mounts can not be had from a template */
	struct template_source sources[TEMPLATE_ITEMS_MAX];
};

struct template
{
	struct mount_item *items; /* NULL: no template */
	size_t n;
	char *texts;                     /* of the items */
	struct template_source *sources; /* what they were when it was made */
	int fd;                          /* the namespace; -1: it is to be made, or can not be */
	bool wanted;
	uint64_t used;      /* grows with each use */
	atomic_bool *stale; /* shared: a launch found that a source is another one by now */
};

/* Child: makes the namespace, sends its fd, and ends. */
noreturn void template_make(
	const struct jail_context *c, const struct template *t, struct template_word *word, int socket_fd);
