/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a template knows of paths of a profile's: of Landlock's rules, and of restrictions. Its own file
 * systems are the same in every launch, so who makes the template finds out what a path comes to there; what
 * the rest of it leads to, on file systems of each launch's own, or of the host's where changes are not told
 * (template-watch.c), each launch looks for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FOUND_PATH_MAX 128 /* with the NUL; nothing is known of longer ones */
#define COVERED_MAX    8   /* after more nothing is known any more */

enum found_kind {
	FOUND_UNKNOWN,
	FOUND_ABSENT, /* no launch has it */
	FOUND_BY,     /* leads_to has to be looked for */
	FOUND_FILE,   /* every launch has the same, of which there is a descriptor */
	FOUND_DIRECTORY,
};

struct found_path {
	const char *path; /* as the profile has it */
	enum found_kind kind;
	bool watched; /* it holds while the kernel has nothing to tell of what is behind the first n_own bytes
		       */
	size_t n_own;
	dev_t device; /* of what there is a descriptor of, as */
	ino_t inode;
	int fd;                        /* or -1 */
	char leads_to[FOUND_PATH_MAX]; /* the same with the template's own link on the way replaced by its
					  text */
};

/* Of the first n of a list of paths; borrowed from a template. */
struct paths_found {
	const struct found_path *paths;
	size_t n;
};

struct mount_plan;

/* Child: what is known of the i-th path, where nothing has been laid over it or on the way to it; or NULL. */
const struct found_path *found_get(const struct mount_plan *p, const struct paths_found *f, size_t i);
/* Child: how what is known is to be taken by this launch. */
enum found_kind found_kind(const struct mount_plan *p, const struct found_path *found);
/* Child: the template is not used. */
void found_forget(struct mount_plan *p);
/* Child: something lies over this place now; NULL: nobody knows where. The text must stay. */
void found_cover(struct mount_plan *p, const char *place);
