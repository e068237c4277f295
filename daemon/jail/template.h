/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Mount namespaces made ahead; for template.c, which has them, template-child.c, which makes and enters them,
 * and template-watch.c and template-events.c, by which their sources are watched. */

#include "jail/steps.h"

#include <stdatomic.h>

#define TEMPLATE_ITEMS_MAX   96
#define TEMPLATE_PATHS_MAX   32 /* of rules, and as many of restrictions */
#define TEMPLATE_WATCHES_MAX 256
#define TEMPLATE_BLOCKS      4

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
	bool watched;
	size_t n_own;
	dev_t device;
	ino_t inode;
	char leads_to[FOUND_PATH_MAX];
};

/* What inotify(7) tells: of a directory in which a source is looked for, a name; of a link on the way, all.
 */
struct template_watch {
	int wd;
	uint32_t name; /* template_name() */
};

/* In memory that the launcher shares with the one process that makes templates. */
struct template_word {
	bool impossible; /* these mounts can not be had from a template */
	bool current;    /* of one that was only to be watched anew: its sources are what they were */
	struct template_source sources[TEMPLATE_ITEMS_MAX];
	struct found_word found[2 * TEMPLATE_PATHS_MAX];
	bool watched[TEMPLATE_ITEMS_MAX];
	struct template_watch watches[TEMPLATE_WATCHES_MAX];
	size_t n_watches;
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
	struct template_watch *watches;  /* the launcher's alone */
	size_t n_watches;
	bool watched[TEMPLATE_ITEMS_MAX]; /* the source: while nothing is told of it, it is what it was */
	bool doubtful;                    /* something was told: until it is watched anew */
	bool look;                        /* this launch looks at all sources by name */
	bool wanted;
	uint64_t used;       /* grows with each use */
	uint64_t watched_at; /* boot time; */
	uint64_t wanted_at;  /* as this */
	atomic_bool *stale;  /* shared: a launch found that a source is another one by now */
};

#define TEMPLATE_EVENTS_SIZE 8192 /* a bound for each launch, some 200 events */

struct template_events {
	int fd;    /* inotify(7); -1: there is none, and all sources are looked at by name */
	bool some; /* were read, since the maker was started */
	_Alignas(uint64_t) char buffer[TEMPLATE_EVENTS_SIZE];
};

struct template_fds *template_fds_ref(struct template_fds *f);
/* Accepts NULL; returns NULL. */
struct template_fds *template_fds_unref(struct template_fds *f);
/* Of who makes a template, or watches anew what one knows, in that template. */
struct found_view {
	int root_fd, events_fd; /* -1: nothing is watched */
	struct template_word *word;
};

/* Child, in the template that it makes: what the path comes to there. *ret_fd: -1 for none. The working
 * directory is procfs, as for template_watch_name(). */
void found_look(const struct found_view *v, const struct mount_plan *p, const char *path,
	struct found_word *ret, int *ret_fd);
/* Child, in the template likewise: watches what is watched anew. False: it is not what it was. */
bool found_is_current(const struct found_view *v, const struct template *t);
/* Child, in a copy of the template, with its root for the working directory: the items that are fresh. */
int fresh_mount(const struct mount_plan *p, struct jail_error *reterr);
bool template_has_source(const struct mount_item *item);
/* Child: makes the namespace, sends its fd and those of paths, and ends. Of one that is there: watches its
 * sources anew. @events_fd may be -1. */
noreturn void template_make(const struct jail_context *c, const struct template *t,
	struct template_word *word, int socket_fd, int events_fd);

/* template-watch.c */

/* Child: has its sources watched, as far as that can be. */
void template_watch(
	const struct jail_context *c, const struct template *t, int events_fd, struct template_word *word);

/* Child: one more name, of what is in this directory. */
int template_watch_name(int events_fd, struct template_word *word, int directory_fd, const char *name);

/* template-events.c; @all are JAIL_TEMPLATES_MAX */

/* A name in 32 bits. TEMPLATE_NAME_ANY: it may be any name. */
#define TEMPLATE_NAME_ANY 1
uint32_t template_name(const char *name);
/* Reads what was told, once. False: there may be more. */
bool template_events_read(struct template_events *events, struct template *all);
/* What the maker has watched for it, in the place of what was watched before. */
void template_events_take(const struct template_events *events, const struct template *all,
	struct template *t, struct template_word *word);
/* Watches nothing any more that it alone has. */
void template_events_forget(
	const struct template_events *events, const struct template *all, struct template *t);
/* The same for what no template has taken. */
void template_events_drop(const struct template_events *events, const struct template *all,
	const struct template_watch *watches, size_t n);
