/* SPDX-License-Identifier: GPL-2.0-or-later */

/* On which file systems the kernel tells of everything that happens to names: on none that only says to be of
 * such a type, as one of 9P does, for its server. And by what a directory is known again. */

#include "base/error.h"
#include "jail/template.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

int __real_fstatfs64(int fd, struct statfs *ret);
int __wrap_fstatfs64(int fd, struct statfs *ret);

static uint32_t claimed; /* 0: what it is */

int __wrap_fstatfs64(int fd, struct statfs *ret)
{
	int r = __real_fstatfs64(fd, ret);

	if (claimed != 0)
		ret->f_type = claimed;
	return r;
}

int __real_statx(int fd, const char *path, int flags, unsigned mask, struct statx *ret);
int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *ret);

static uint32_t shift;        /* to devices beside theirs */
static uint64_t attributes;   /* beside what they have */
static int exchanged_fd = -1; /* a directory: "one" and "two" in it are exchanged before it is watched */

int __wrap_statx(int fd, const char *path, int flags, unsigned mask, struct statx *ret)
{
	int r = __real_statx(fd, path, flags, mask, ret);

	ret->stx_dev_minor += shift;
	ret->stx_attributes |= attributes;
	return r;
}

int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	struct stat a, b;

	if (exchanged_fd >= 0 && stat(path, &a) == 0 && fstat(exchanged_fd, &b) == 0 &&
		a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
		assert_return_code(
			renameat2(exchanged_fd, "one", exchanged_fd, "two", RENAME_EXCHANGE), errno);
		exchanged_fd = -1;
	}
	return __real_inotify_add_watch(fd, path, mask);
}

static struct template_word word;

static int watch(const char *directory)
{
	int fd = open(directory, O_PATH | O_CLOEXEC), events_fd = inotify_init1(IN_CLOEXEC), r;

	assert_true(fd >= 0 && events_fd >= 0);
	assert_return_code(chdir("/proc"), errno);
	word.n_watches = 0;
	r = template_watch_name(events_fd, &word, fd, "name");
	assert_int_equal(word.n_watches, r >= 0);
	(void)close(fd);
	(void)close(events_fd);
	return r;
}

/* procfs could be watched, and has neither a device nor immutable files. */
static void test_claimed(void **state)
{
	static const uint32_t types[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
		RAMFS_MAGIC, SQUASHFS_MAGIC, EROFS_SUPER_MAGIC_V1, V9FS_MAGIC, NFS_SUPER_MAGIC };

	for (size_t i = 0; i < ELEMENTSOF(types); i++) {
		claimed = types[i];
		assert_int_equal(watch("/proc"), -EOPNOTSUPP);
	}
	claimed = 0;
	assert_int_equal(watch("/proc"), -EOPNOTSUPP);
	assert_int_equal(watch("/sys"), -EOPNOTSUPP);
}

/* With a device, or with immutable files: what says that it is one of these, is. */
static void test_kernels_own(void **state)
{
	static const char *const directories[] = { "/", "/dev" };

	for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
		struct statx x;

		claimed = 0;
		assert_return_code(statx(AT_FDCWD, directories[i], AT_NO_AUTOMOUNT, STATX_TYPE, &x), errno);
		claimed = TMPFS_MAGIC;
		assert_int_equal(watch(directories[i]),
			x.stx_dev_major != 0 || (x.stx_attributes_mask & STATX_ATTR_IMMUTABLE) ? 0
											       : -EOPNOTSUPP);
		/* names depend on the key */
		attributes = STATX_ATTR_ENCRYPTED;
		assert_int_equal(watch(directories[i]), -EOPNOTSUPP);
		attributes = 0;
		claimed = V9FS_MAGIC;
		assert_int_equal(watch(directories[i]), -EOPNOTSUPP);
	}
	claimed = 0;
}

/* Each of btrfs' subvolumes has a device of its own, and its root one number. */
static void test_same_number(void **state)
{
	char directory[] = "/tmp/bailiff-test-told-XXXXXX";
	struct found_path found = {
		.kind = FOUND_DIRECTORY, .watched = true, .fd = -1, .leads_to = "/within"
	};
	struct template_fds fds = { .found = &found, .n_found = 1 };
	const struct template t = { .fds = &fds };
	const struct found_view v = {
		.root_fd = open(mkdtemp(directory), O_PATH | O_CLOEXEC),
		.events_fd = inotify_init1(IN_CLOEXEC),
		.word = &word,
	};
	struct statx x;

	assert_true(v.root_fd >= 0 && v.events_fd >= 0);
	assert_return_code(mkdirat(v.root_fd, "within", 0700), errno);
	assert_return_code(__real_statx(v.root_fd, "within", 0, STATX_INO, &x), errno);
	assert_return_code(chdir("/proc"), errno);
	found.device = makedev(x.stx_dev_major, x.stx_dev_minor);
	found.inode = x.stx_ino;
	/* wherever it is */
	claimed = TMPFS_MAGIC;
	if (template_watch_name(v.events_fd, &word, v.root_fd, "name") >= 0) {
		assert_true(found_is_current(&v, &t));
		shift = 1;
		assert_false(found_is_current(&v, &t));
		shift = 0;
		found.inode++;
		assert_false(found_is_current(&v, &t));
	}
	claimed = 0;
	assert_return_code(unlinkat(v.root_fd, "within", AT_REMOVEDIR), errno);
	assert_return_code(rmdir(directory), errno);
	(void)close(v.events_fd);
	(void)close(v.root_fd);
}

static bool is_told(int events_fd)
{
	_Alignas(struct inotify_event) char buffer[sizeof(struct inotify_event) + NAME_MAX + 1];
	const struct inotify_event *e = (const void *)buffer;

	while (read(events_fd, buffer, sizeof(buffer)) > 0)
		for (size_t i = 0; i < word.n_watches; i++)
			if (word.watches[i].wd == e->wd && word.watches[i].name == template_name(e->name))
				return true;
	return false;
}

/* A directory is watched, and then the next name looked for in it: what is exchanged in between is found. */
static void test_watched_before(void **state)
{
	char directory[] = "/tmp/bailiff-test-told-XXXXXX", source[sizeof(directory) + 16];
	struct mount_item item = { .type = ITEM_BIND, .source = source };
	const struct template t = { .items = &item, .n = 1 };
	const struct jail_context context = { .proc_fd = open("/proc", O_PATH | O_CLOEXEC) };
	int events_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
	    fd = open(mkdtemp(directory), O_PATH | O_CLOEXEC);

	assert_true(context.proc_fd >= 0 && events_fd >= 0 && fd >= 0);
	(void)snprintf(source, sizeof(source), "%s/one/name", directory);
	assert_return_code(mkdirat(fd, "one", 0700), errno);
	assert_return_code(mkdirat(fd, "two", 0700), errno);
	assert_return_code(mkdirat(fd, "one/name", 0700), errno);
	assert_return_code(mkdirat(fd, "two/name", 0700), errno);
	memset(&word, 0, sizeof(word));
	exchanged_fd = fd;
	template_watch(&context, &t, events_fd, &word);
	if (word.watched[0]) {
		assert_int_equal(exchanged_fd, -1);
		while (is_told(events_fd))
			;
		assert_return_code(unlinkat(fd, "one/name", AT_REMOVEDIR), errno);
		assert_true(is_told(events_fd));
	} else
		assert_return_code(unlinkat(fd, "one/name", AT_REMOVEDIR), errno);
	exchanged_fd = -1;
	assert_return_code(unlinkat(fd, "two/name", AT_REMOVEDIR), errno);
	assert_return_code(unlinkat(fd, "one", AT_REMOVEDIR), errno);
	assert_return_code(unlinkat(fd, "two", AT_REMOVEDIR), errno);
	assert_return_code(rmdir(directory), errno);
	(void)close(events_fd);
	(void)close(fd);
	(void)close(context.proc_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claimed),
		cmocka_unit_test(test_kernels_own),
		cmocka_unit_test(test_same_number),
		cmocka_unit_test(test_watched_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
