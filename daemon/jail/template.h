/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Mount namespaces made ahead; for template.c, which has them, and template-child.c, which makes and enters
 * them. */

#include "jail/steps.h"

#include <stdatomic.h>

#define TEMPLATE_ITEMS_MAX 96
#define TEMPLATE_PATHS_MAX 32 /* of rules, and as many of restrictions */
#define TEMPLATE_BLOCKS    4

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

/* As struct found_path. */
struct found_word {
	enum found_kind kind;
	bool sent; /* its descriptor, after the namespace's */
	char leads_to[FOUND_PATH_MAX];
};

/* In memory that the launcher shares with the one process that makes templates. */
struct template_word {
	bool impossible; /* these mounts can not be had from a template */
	struct template_source sources[TEMPLATE_ITEMS_MAX];
	struct found_word found[2 * TEMPLATE_PATHS_MAX];
};

/* Its descriptors, which payloads use by their numbers: see table.c. With them what it has of memory, at
 * which payloads may look as long, see cloner.c. */
struct template_fds {
	unsigned users;
	void *memory[TEMPLATE_BLOCKS];
	int namespace;            /* -1: it is to be made, or can not be */
	struct found_path *found; /* of whose profile wanted it: n_rules of Landlock's, then restrictions */
	size_t n_found;
};

struct template
{
	struct mount_item *items; /* NULL: no template; this and the next of the descriptors' memory */
	size_t n;
	char *texts;                     /* of the items, and paths */
	struct template_source *sources; /* what they were when it was made */
	struct template_fds *fds;        /* NULL: no template */
	size_t n_rules;                  /* of the paths that its descriptors are of */
	bool wanted;
	uint64_t used;      /* grows with each use */
	atomic_bool *stale; /* shared: a launch found that a source is another one by now */
};

struct template_fds *template_fds_ref(struct template_fds *f);
/* Accepts NULL; returns NULL. */
struct template_fds *template_fds_unref(struct template_fds *f);
/* Child, in the template that it makes: what the path comes to there. *ret_fd: -1 for none. */
void found_look(
	const struct mount_plan *p, int root_fd, const char *path, struct found_word *ret, int *ret_fd);
/* Child, in a copy of the template, with its root for the working directory: the items that are fresh. */
int fresh_mount(const struct mount_plan *p, struct jail_error *reterr);
/* Child: makes the namespace, sends its fd and those of paths, and ends. */
noreturn void template_make(
	const struct jail_context *c, const struct template *t, struct template_word *word, int socket_fd);
