/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a template knows of paths of a profile's: of Landlock's rules, and of restrictions. Its own file
 * systems are the same in every launch, so who makes the template finds out what a path comes to there; what
 * the rest of it leads to, on file systems of the host's or of each launch's own, each launch looks for.
 */

#include <stddef.h>

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
/* Child: the template is not used. */
void found_forget(struct mount_plan *p);
/* Child: something lies over this place now; NULL: nobody knows where. The text must stay. */
void found_cover(struct mount_plan *p, const char *place);
