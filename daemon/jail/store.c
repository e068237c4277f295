/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Daemon stores: /run/daemon-store/NAME, below which somebody outside mounts a user's data when the user
 * comes and unmounts it when the user goes, while the jail runs. Outside it is a shared mount; inside it is a
 * slave of that: mounts come in and go, and none gets out.
 *
 * The jail's mount namespace has a copy of that mount from its birth, and this copy is moved to its place in
 * the new tree. It is never taken off and copied anew: what was mounted outside in between would never come
 * in. A store that is nobody's slave would never show anything, so that is an error and not an empty
 * directory.
 *
 * /etc/daemon-store/NAME says that there is to be such a store, and by its owner and mode whose data it
 * holds: who mounts a user's data gives it the same. Nothing is read from it.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/strv.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATES   "/etc/daemon-store"
#define STORE_FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define READ_SIZE   4096

static const struct {
	const char *path;
	bool optional; /* not every system has it */
} roots[] = {
	{ "/run/daemon-store", false },
	{ "/run/daemon-store-cache", true },
};

static int add_store(struct mount_plan *p, const char *root, const char *name, bool optional)
{
	struct mount_item *item;
	const char *path;

	if (strv_extendf(&p->texts, "%s/%s", root, name) < 0)
		return -ENOMEM;
	path = p->texts[strv_length(p->texts) - 1];
	item = mount_plan_add(p, ITEM_STORE, path, path, STORE_FLAGS);
	if (!item)
		return -ENOMEM;
	item->optional = optional;
	item->directory = true;
	p->has_stores = true;
	return 0;
}

int prepare_stores(const struct jail_spec *spec, struct mount_plan *p)
{
	int r = 0;

	STRV_FOREACH (name, spec->daemon_stores)
		for (size_t i = 0; r >= 0 && i < ELEMENTSOF(roots); i++)
			r = add_store(p, roots[i].path, *name, roots[i].optional);
	return r;
}

/* A line of mountinfo on its way through: its first word is a mount's id, and between the sixth and "-" there
 * is "master:X" if that mount is a slave. */
struct mount_scan {
	uint64_t wanted;
	unsigned n_words; /* of this line, before the current one */
	bool ours, ended; /* the line is the wanted mount's; "-" was there */
	char word[24];    /* the current one's beginning */
	size_t n;
	bool slave;
};

#define FIXED_WORDS 6

static void scan_word(struct mount_scan *s)
{
	uint64_t id = 0;

	s->word[s->n] = '\0';
	if (s->n_words == 0) {
		for (size_t i = 0; i < s->n; i++)
			id = 10 * id + (uint64_t)(s->word[i] - '0');
		s->ours = id == s->wanted;
	} else if (s->n_words >= FIXED_WORDS && !s->ended) {
		s->ended = strcmp(s->word, "-") == 0;
		s->slave |= s->ours && strncmp(s->word, "master:", 7) == 0;
	}
	s->n_words++;
	s->n = 0;
}

static void scan(struct mount_scan *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] != ' ' && text[i] != '\n') {
			if (s->n < sizeof(s->word) - 1)
				s->word[s->n++] = text[i];
			continue;
		}
		scan_word(s);
		if (text[i] == '\n') {
			s->n_words = 0;
			s->ours = s->ended = false;
		}
	}
}

/* 1 or 0. */
static int is_slave(uint64_t mount_id, int proc_fd)
{
	_cleanup_close_ int fd = openat(proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	struct mount_scan s = { .wanted = mount_id };
	char buffer[READ_SIZE];
	ssize_t n;

	if (fd < 0)
		return errno_or_eio();
	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			return errno_or_eio();
		if (n > 0)
			scan(&s, buffer, (size_t)n);
	} while (n != 0);
	return s.slave;
}

static bool is_payloads(const struct jail_spec *spec, const struct stat *st)
{
	if (st->st_uid == spec->uid || st->st_gid == spec->gid)
		return true;
	for (size_t i = 0; i < spec->n_groups; i++)
		if (st->st_gid == spec->groups[i])
			return true;
	return false;
}

/* @path: of the store; its last component is the template's name. */
static int check_template(
	const struct jail_spec *spec, int host_fd, const char *path, struct jail_error *reterr)
{
	_cleanup_close_ int dir_fd = -1, fd = -1;
	const char *name = strrchr(path, '/') + 1, *reason = "";
	struct stat st;
	int r;

	dir_fd =
		path_open_at(host_fd, TEMPLATES, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (dir_fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, dir_fd, "DaemonStore=: no templates in", TEMPLATES);
	r = path_check_trusted(dir_fd, &reason);
	if (r < 0)
		return jail_fail(reterr, STAGE_MOUNTS, r, "DaemonStore=: only root may be able to write to",
			TEMPLATES);
	fd = path_open_at(dir_fd, name, O_PATH | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return jail_fail(
			reterr, STAGE_MOUNTS, fd, "DaemonStore=: no such directory in " TEMPLATES ":", name);
	if (fstat(fd, &st) < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "DaemonStore=:", name);
	if (!is_payloads(spec, &st))
		return jail_fail(reterr, STAGE_MOUNTS, -EACCES,
			"DaemonStore=: neither User= nor a group of the profile owns the directory "
			"in " TEMPLATES ":",
			name);
	return 0;
}

/* The mount at an O_PATH fd: a directory of root's, the root of a mount, and a slave. */
static int check_store(int fd, const char *path, int proc_fd, struct jail_error *reterr)
{
	const char *reason = "";
	struct statx x;
	int r;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &x) < 0)
		return jail_fail(reterr, STAGE_MOUNTS, errno_or_eio(), "DaemonStore=:", path);
	if (!(x.stx_mask & STATX_MNT_ID) || !(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return jail_fail(reterr, STAGE_MOUNTS, -EOPNOTSUPP,
			"DaemonStore=: this kernel does not tell mounts apart:", path);
	if (!S_ISDIR(x.stx_mode))
		return jail_fail(reterr, STAGE_MOUNTS, -ENOTDIR, "DaemonStore=:", path);
	r = path_check_trusted(fd, &reason);
	if (r < 0)
		return jail_fail(
			reterr, STAGE_MOUNTS, r, "DaemonStore=: only root may be able to write to", path);
	if (!(x.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return jail_fail(reterr, STAGE_MOUNTS, -EINVAL,
			"DaemonStore=: no mount; bind it to itself and make that shared:", path);
	r = is_slave(x.stx_mnt_id, proc_fd);
	if (r < 0)
		return jail_fail(reterr, STAGE_MOUNTS, r, "mounts of", path);
	if (r == 0)
		return jail_fail(reterr, STAGE_MOUNTS, -EINVAL,
			"DaemonStore=: not a shared mount outside, so that nothing mounted later would come "
			"in:",
			path);
	return 0;
}

static int open_store(
	const struct mount_plan *p, struct mount_item *item, int host_fd, struct jail_error *reterr)
{
	struct mount_attr a = { .attr_set = item->attributes };
	_cleanup_close_ int fd = -1;
	int r;

	r = check_template(p->spec, host_fd, item->source, reterr);
	if (r < 0)
		return r;
	fd = lookup(host_fd, item->source);
	if (fd == -ENOENT && item->optional)
		return 0;
	if (fd < 0)
		return jail_fail(reterr, STAGE_MOUNTS, fd, "DaemonStore=:", item->source);
	r = check_store(fd, item->source, p->proc_fd, reterr);
	if (r < 0)
		return r;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &a, sizeof(a)) < 0)
		return jail_fail(
			reterr, STAGE_MOUNTS, errno_or_eio(), "DaemonStore=: flags of", item->source);
	item->fd = steal_fd(fd);
	return 0;
}

int open_stores(struct mount_plan *p, int host_fd, struct jail_error *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->n; i++)
		if (p->items[i].type == ITEM_STORE)
			r = open_store(p, &p->items[i], host_fd, reterr);
	return r;
}
