/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mount slots: a file or directory that a caller opened, bound where the profile says. The payload must not
 * get more by the mount than the fd gives its holder.
 *
 * A mount can only be copied in the mount namespace that it belongs to, and the fd's is the caller's. So the
 * kernel is asked for the path, the path is looked up in the payload's own copy of the host's tree, and what
 * is found there has to be the same: device, inode, kind, owner, mode. A path that somebody else put there in
 * between leads to something else, and the launch fails. What the same inode does not say:
 *
 *   - A directory in another mount namespace may have mounts below it that hide what lies there on the host,
 *     and the host may have some that the caller does not see. So the fd's mount must be one of the host's
 *     namespace, whose list the keeper left open, and no mount may lie below: then the tree is what the
 *     caller sees.
 *   - A mount may be read-only where the same file system can be written to through another.
 *   - Somebody else may have opened it and passed it on, or its mode may have changed since: the kernel is
 *     asked whether the caller could open it now, with the caller's ids and no capability.
 *
 * Nothing in a slot is a set-user-ID program or a device, or is executed.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SLOT_FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define READ_SIZE  4096
#define NOBODY     65534U /* for callers of whom no group is known */

#ifdef SYS_setfsuid32
#define NUMBER_SETGROUPS SYS_setgroups32
#define NUMBER_SETFSGID  SYS_setfsgid32
#define NUMBER_SETFSUID  SYS_setfsuid32
#else
#define NUMBER_SETGROUPS SYS_setgroups
#define NUMBER_SETFSGID  SYS_setfsgid
#define NUMBER_SETFSUID  SYS_setfsuid
#endif

int prepare_slots(const struct jail_spec *spec, struct mount_plan *p)
{
	for (size_t i = 0; i < spec->n_slots; i++) {
		const struct jail_slot *slot = &spec->slots[i];
		bool filled = slot->source >= 0;
		struct mount_item *item = mount_plan_add(p, filled ? ITEM_SLOT : ITEM_TMPFS, slot->slot->name,
			slot->slot->target,
			SLOT_FLAGS | (slot->read_only || !filled ? MOUNT_ATTR_RDONLY : 0));

		if (!item)
			return -ENOMEM;
		item->slot = slot;
		item->recursive = true;
		item->idmap = filled && (slot->slot->flags & MOUNT_IDMAP);
		/* nobody sees what lies under a slot, whether it is filled or not */
		if (!filled)
			mount_item_tmpfs(item, 0555, "4k", "2");
	}
	return 0;
}

static int fail(const struct mount_item *item, int error, const char *why, struct jail_error *reterr)
{
	return jail_fail(reterr, STAGE_MOUNTS, error, why, item->slot->slot->name);
}

/* What is asked for is not the caller's to have shown. */
static int fail_callers(const struct mount_item *item, int error, const char *why, struct jail_error *reterr)
{
	(void)fail(item, error, why, reterr);
	reterr->callers = error != -ENOMEM && error != -EMFILE && error != -ENFILE;
	return error;
}

/* The host's list of mounts on its way through: is the wanted one there, and does one lie below a path of it?
 * The words of a line that count: its id, its parent's, and fifth the mount point, with \ooo for blanks. */
struct slot_scan {
	uint64_t wanted;
	const char *path;
	size_t n_path;
	bool found, covered;
	/* the current line */
	unsigned n_words;
	uint64_t number;
	bool child, differs;
	size_t at;              /* in path, while the mount point is compared */
	unsigned digits, value; /* of \ooo: how many are still to come */
};

#define WORD_ID     0
#define WORD_PARENT 1
#define WORD_POINT  4

static void scan_point(struct slot_scan *s, unsigned c)
{
	if (s->at < s->n_path)
		s->differs |= (unsigned char)s->path[s->at] != c;
	else if (s->at == s->n_path)
		s->differs |= c != '/';
	s->at++;
}

static void scan_escaped(struct slot_scan *s, char c)
{
	if (s->digits > 0) {
		s->value = 8 * s->value + (unsigned)(c - '0');
		if (--s->digits == 0)
			scan_point(s, s->value & 0xff);
	} else if (c == '\\') {
		s->digits = 3;
		s->value = 0;
	} else {
		scan_point(s, (unsigned char)c);
	}
}

static void scan_word_end(struct slot_scan *s)
{
	if (s->n_words == WORD_ID)
		s->found |= s->number == s->wanted;
	else if (s->n_words == WORD_PARENT)
		s->child = s->number == s->wanted;
	else if (s->n_words == WORD_POINT)
		s->covered |= s->child && !s->differs && s->at >= s->n_path;
	s->n_words++;
	s->number = 0;
}

static void scan(struct slot_scan *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == ' ' || text[i] == '\n') {
			scan_word_end(s);
			if (text[i] == '\n') {
				s->n_words = 0;
				s->child = s->differs = false;
				s->at = s->digits = 0;
			}
		} else if (s->n_words <= WORD_PARENT) {
			s->number = 10 * s->number + (uint64_t)(text[i] - '0');
		} else if (s->n_words == WORD_POINT) {
			scan_escaped(s, text[i]);
		}
	}
}

/* An fd of our own: the position in the context's is shared by every child. */
static int reopen(int proc_fd, int fd)
{
	char name[sizeof("self/fd/") + NUMBER_TEXT_MAX] = "self/fd/", digits[NUMBER_TEXT_MAX];
	const char *text = number_text((uint64_t)fd, digits);

	memcpy(name + strlen(name), text, strlen(text) + 1);
	return (int)RET_ERRNO(openat(proc_fd, name, O_RDONLY | O_CLOEXEC));
}

static int scan_mounts(const struct mount_plan *p, struct slot_scan *s)
{
	_cleanup_close_ int fd = reopen(p->proc_fd, p->host_mounts_fd);
	char buffer[READ_SIZE];
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			return errno_or_eio();
		if (n > 0)
			scan(s, buffer, (size_t)n);
	} while (n != 0);
	return 0;
}

/* Is the view below the fd that of the host's mount namespace, and without mounts? */
static int check_view(const struct mount_plan *p, const struct mount_item *item, const char *path,
	struct jail_error *reterr)
{
	struct slot_scan s = { .path = path, .n_path = strcmp(path, "/") == 0 ? 0 : strlen(path) };
	struct statx x;
	int r;

	if (p->host_mounts_fd < 0)
		return fail(item, -EOPNOTSUPP,
			"the host's mounts are not known, so that no directory can be bound to the mount "
			"slot",
			reterr);
	if (statx(item->slot->source, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0)
		return fail(item, errno_or_eio(), "directory for the mount slot", reterr);
	if (!(x.stx_mask & STATX_MNT_ID))
		return fail(item, -EOPNOTSUPP, "this kernel does not tell mounts apart: mount slot", reterr);
	s.wanted = x.stx_mnt_id;
	r = scan_mounts(p, &s);
	if (r < 0)
		return fail(item, r, "the host's mounts, for mount slot", reterr);
	if (!s.found)
		return fail_callers(item, -EXDEV,
			"the directory was opened in another mount namespace than the host's: map it instead "
			"(FileDescriptor=), or bind a file of it to the mount slot",
			reterr);
	if (s.covered)
		return fail_callers(item, -EBUSY,
			"the directory has mounts below it: choose one further down for the mount slot",
			reterr);
	return 0;
}

/* Where the kernel says that the fd's file is now. */
static int path_of(const struct mount_plan *p, int fd, char path[PATH_MAX])
{
	char name[sizeof("self/fd/") + NUMBER_TEXT_MAX] = "self/fd/", digits[NUMBER_TEXT_MAX];
	const char *text = number_text((uint64_t)fd, digits);
	ssize_t n;

	memcpy(name + strlen(name), text, strlen(text) + 1);
	n = readlinkat(p->proc_fd, name, path, PATH_MAX);
	if (n < 0)
		return errno_or_eio();
	if (n == 0 || n == PATH_MAX || path[0] != '/')
		return -ENOENT;
	path[n] = '\0';
	return 0;
}

static int check_same(int source_fd, int found_fd, struct stat *ret)
{
	struct stat a, b;

	if (fstat(source_fd, &a) < 0 || fstat(found_fd, &b) < 0)
		return errno_or_eio();
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return -ESTALE;
	/* a mount that maps ids shows other owners */
	if (a.st_mode != b.st_mode || a.st_uid != b.st_uid || a.st_gid != b.st_gid)
		return -ESTALE;
	*ret = b;
	return S_ISREG(b.st_mode) || S_ISDIR(b.st_mode) ? 0 : -EINVAL;
}

static int set_fs_ids(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
	if (syscall(NUMBER_SETGROUPS, n_groups, groups) < 0)
		return errno_or_eio();
	/* they tell no errors, but what holds */
	(void)syscall(NUMBER_SETFSGID, gid);
	(void)syscall(NUMBER_SETFSUID, uid);
	if ((gid_t)syscall(NUMBER_SETFSGID, -1) != gid || (uid_t)syscall(NUMBER_SETFSUID, -1) != uid)
		return -EPERM;
	return 0;
}

/* The question alone: with the ids in place, and no capability. */
static int ask_access(const struct jail_spec *spec, int fd, int mode)
{
	gid_t gid = spec->n_caller_gids > 0 ? spec->caller_gids[0] : NOBODY;
	uint64_t unused;
	int r;

	r = set_fs_ids(spec->caller_uid, gid, spec->caller_gids, spec->n_caller_gids);
	/* the change of the id took some of them, or all, or none: that hangs on the secure bits */
	if (r >= 0)
		r = caps_effective(0, &unused);
	if (r < 0)
		return r;
	return (int)RET_ERRNO(syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS));
}

/* Could the caller open it now? root can, as everywhere. What fails on the way back ends the launch, too. */
static int check_access(const struct jail_spec *spec, int fd, int mode, struct jail_error *reterr)
{
	const uint64_t ids = (UINT64_C(1) << CAP_SETUID) | (UINT64_C(1) << CAP_SETGID);
	uint64_t had, unused;
	int answer, r;

	if (spec->caller_uid == 0)
		return 0;
	r = caps_effective(ids, &had);
	if (r < 0)
		return r;
	answer = ask_access(spec, fd, mode);
	r = caps_effective(ids, &unused);
	if (r >= 0)
		r = set_fs_ids(0, 0, NULL, 0);
	if (r >= 0)
		r = caps_effective(had, &unused);
	/* a change of ids makes the process dumpable where fs.suid_dumpable is 1 */
	if (r >= 0)
		r = apply_undumpable(reterr);
	return r < 0 ? r : answer;
}

static bool is_callers(const struct jail_spec *spec, const struct stat *st)
{
	if (spec->caller_uid == 0)
		return true;
	if (st->st_uid != spec->caller_uid)
		return false;
	for (size_t i = 0; i < spec->n_caller_gids; i++)
		if (st->st_gid == spec->caller_gids[i])
			return true;
	return false;
}

static int check_rights(const struct mount_plan *p, const struct mount_item *item, const struct stat *st,
	struct jail_error *reterr)
{
	bool writable = !(item->attributes & MOUNT_ATTR_RDONLY);
	int mode = R_OK | (S_ISDIR(st->st_mode) ? X_OK : 0) | (writable ? W_OK : 0), r;

	r = check_access(p->spec, item->slot->source, mode, reterr);
	if (r == -EROFS)
		return fail_callers(item, r, "it can only be read; ask for it read-only: mount slot", reterr);
	if (r != 0 && r != -EACCES && r != -EPERM)
		return fail(item, r, "the caller's rights, for mount slot", reterr);
	if (r < 0)
		return fail_callers(item, r,
			writable ? "the caller has no right to read and write it; ask for it read-only, or "
				   "choose another for mount slot"
				 : "the caller has no right to read it; choose another for mount slot",
			reterr);
	if (item->idmap && !is_callers(p->spec, st))
		return fail_callers(item, -EPERM,
			"with idmap, user and group of the file or directory must be the caller's: mount "
			"slot",
			reterr);
	return 0;
}

static int bind_found(struct mount_plan *p, struct mount_item *item, int found_fd, const struct stat *st,
	struct jail_error *reterr)
{
	struct statfs fs;
	int r;

	r = check_rights(p, item, st, reterr);
	if (r < 0)
		return r;
	/* of the caller's mount, which may be stricter than the one that was found; root was not asked */
	if (fstatfs(item->slot->source, &fs) < 0)
		return fail(item, errno_or_eio(), "file system for mount slot", reterr);
	if ((unsigned long)fs.f_flags & ST_RDONLY)
		item->attributes |= MOUNT_ATTR_RDONLY;
	item->directory = S_ISDIR(st->st_mode);
	/* recursive: what came to be mounted there since is then what the caller sees, too */
	item->fd = mount_clone(found_fd, item->attributes, true);
	if (item->fd < 0)
		return fail(item, item->fd, "mount for slot", reterr);
	r = item->idmap ? idmap_apply(p, item, st) : 0;
	return r < 0 ? fail(item, r, "its file system, or its owner, can not be mapped (idmap): mount slot",
			       reterr)
		     : 0;
}

static int open_slot(struct mount_plan *p, struct mount_item *item, int host_fd, struct jail_error *reterr)
{
	_cleanup_close_ int found_fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int r;

	r = path_of(p, item->slot->source, path);
	if (r < 0)
		return fail(item, r, "path of what is for mount slot", reterr);
	found_fd = path_open_at(host_fd, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	r = found_fd < 0 ? found_fd : check_same(item->slot->source, found_fd, &st);
	if (r < 0)
		return fail_callers(item, r,
			"it is not there on the host (removed, renamed meanwhile, or opened in another mount "
			"namespace): mount slot",
			reterr);
	if (S_ISDIR(st.st_mode)) {
		r = check_view(p, item, path, reterr);
		if (r < 0)
			return r;
	}
	return bind_found(p, item, found_fd, &st, reterr);
}

int open_slots(struct mount_plan *p, int host_fd, struct jail_error *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->n; i++)
		if (p->items[i].type == ITEM_SLOT)
			r = open_slot(p, &p->items[i], host_fd, reterr);
	return r;
}
