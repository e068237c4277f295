/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The file systems that a launch has for itself, in its copy of a template. Their places are there, on
 * read-only file systems of the template's own, with no link on the way (check_places()): from the root a
 * path leads nowhere else. So mount(2) does in one call, with the same flags from the first moment on, what
 * takes seven where a mount has to be had before there is a place for it.
 */

#include "base/error.h"
#include "jail/template.h"

#include <string.h>
#include <sys/mount.h>

#define OPTIONS_MAX 128

_Static_assert(
	MOUNT_ATTR_NOSUID == MS_NOSUID && MOUNT_ATTR_NODEV == MS_NODEV && MOUNT_ATTR_NOEXEC == MS_NOEXEC,
	"the same flags");

struct options {
	char text[OPTIONS_MAX];
	size_t n;
};

/* An option that is not set is none. */
static int add_option(struct options *o, const char *key, const char *value)
{
	size_t n_key = strlen(key), n_value = strlen(value);

	if (n_value == 0)
		return 0;
	if (o->n + n_key + n_value + 2 >= sizeof(o->text))
		return -ENAMETOOLONG;
	if (o->n > 0)
		o->text[o->n++] = ',';
	memcpy(o->text + o->n, key, n_key);
	o->n += n_key;
	memcpy(o->text + o->n, value, n_value + 1);
	o->n += n_value;
	return 0;
}

static int mount_on(const struct mount_item *item, const char *type, uint64_t flags, const struct options *o)
{
	if (flags & ~(uint64_t)(MS_NOSUID | MS_NODEV | MS_NOEXEC))
		return -EINVAL;
	return RET_ERRNO(mount(NULL, item->target + 1, type, flags, o->text));
}

static int mount_tmpfs(const struct mount_item *item)
{
	struct options o = { .n = 0 };
	int r = add_option(&o, "mode=", item->mode);

	if (r >= 0)
		r = add_option(&o, "size=", item->size);
	if (r >= 0)
		r = add_option(&o, "nr_inodes=", item->inodes);
	return r < 0 ? r : mount_on(item, "tmpfs", item->attributes, &o);
}

static int mount_proc(const struct mount_plan *p, const struct mount_item *item)
{
	struct options o = { .n = 0 };
	int r = add_option(&o, "subset=", p->proc_subset);

	if (r >= 0)
		r = add_option(&o, "hidepid=", p->proc_hiding);
	return r < 0 ? r : mount_on(item, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, &o);
}

int fresh_mount(const struct mount_plan *p, struct jail_error *reterr)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct mount_item *item = &p->items[i];
		int r;

		if (!item->fresh)
			continue;
		r = item->type == ITEM_PROC ? mount_proc(p, item) : mount_tmpfs(item);
		if (r < 0)
			return jail_fail(reterr, STAGE_MOUNTS, r, "file system for", item->target);
	}
	return 0;
}
