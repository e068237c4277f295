/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Paths: form, and who may open what below a held directory. */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_normalized(void **state)
{
	static const char *const good[] = { "/", "/a", "/a/b", "/.a", "/a.", "/...", "/..a", "/a b",
		"/\xff" };
	static const char *const bad[] = { "", "a", "./a", "//", "//a", "/a/", "/a//b", "/.", "/..", "/a/.",
		"/a/..", "/./a", "/../a", "/a/../b" };
	char deep[PATH_MAX + 1];

	for (size_t i = 0; i < ELEMENTS(good); i++)
		if (!path_is_normalized(good[i]))
			fail_msg("\"%s\"", good[i]);
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		if (path_is_normalized(bad[i]))
			fail_msg("\"%s\"", bad[i]);
	memset(deep, 'a', sizeof(deep));
	deep[0] = '/';
	deep[PATH_MAX] = '\0';
	assert_false(path_is_normalized(deep));
	deep[PATH_MAX - 1] = '\0';
	assert_true(path_is_normalized(deep));
}

static void test_below(void **state)
{
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a/b", "/a"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/", "/a"));
	assert_false(path_is_below("/b/a", "/a"));
}

struct tree {
	char path[32];
	int fd;
};

static int set_up(void **state)
{
	static struct tree t;
	int fd;

	(void)snprintf(t.path, sizeof(t.path), "/tmp/test-path-XXXXXX");
	if (!mkdtemp(t.path))
		return -1;
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &t;
	fd = openat(t.fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (t.fd < 0 || fd < 0 || close(fd) < 0 || mkdirat(t.fd, "dir", 0755) < 0)
		return -1;
	return symlinkat("file", t.fd, "near") | symlinkat("/etc/passwd", t.fd, "far") |
	       symlinkat("..", t.fd, "up") | symlinkat("loop", t.fd, "loop");
}

static int tear_down(void **state)
{
	struct tree *t = *state;
	static const char *const names[] = { "file", "near", "far", "up", "loop" };

	for (size_t i = 0; i < ELEMENTS(names); i++)
		(void)unlinkat(t->fd, names[i], 0);
	(void)unlinkat(t->fd, "dir", AT_REMOVEDIR);
	t->fd = fd_close(t->fd);
	return rmdir(t->path);
}

static void test_open(void **state)
{
	const struct tree *t = *state;
	static const struct {
		const char *path;
		uint64_t resolve;
		int expected;
	} rows[] = {
		{ "file", 0, 0 },
		{ "file", RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS, 0 },
		{ "dir/../file", RESOLVE_BENEATH, 0 },
		{ "near", RESOLVE_BENEATH, 0 },
		{ "near", RESOLVE_NO_SYMLINKS, -ELOOP },
		{ "far", RESOLVE_BENEATH, -EXDEV },
		{ "up", RESOLVE_BENEATH, -EXDEV },
		{ "..", RESOLVE_BENEATH, -EXDEV },
		{ "/etc/passwd", RESOLVE_BENEATH, -EXDEV },
		{ "/file", RESOLVE_IN_ROOT, 0 },
		{ "loop", 0, -ELOOP },
		{ "missing", 0, -ENOENT },
		{ "file/x", 0, -ENOTDIR },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_close_ int fd = path_open_at(t->fd, rows[i].path, O_RDONLY, rows[i].resolve);

		if (rows[i].expected < 0) {
			assert_int_equal(fd, rows[i].expected);
			continue;
		}
		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

static void test_trusted(void **state)
{
	const struct tree *t = *state;
	_cleanup_close_ int fd = openat(t->fd, "file", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int link = openat(t->fd, "near", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	const char *reason = NULL;
	int bad;

	bad = path_check_trusted(-1, &reason);
	assert_int_equal(bad, -EBADF);
	assert_non_null(reason);
	if (geteuid() != 0)
		skip(); /* only root can make a file that root owns */
	assert_int_equal(path_check_trusted(fd, &reason), 0);
	assert_int_equal(path_check_trusted(link, &reason), 0);
	assert_int_equal(fchmod(fd, 0664), 0);
	assert_int_equal(path_check_trusted(fd, &reason), -EPERM);
	assert_string_equal(reason, "writable by group or others");
	assert_int_equal(fchmod(fd, 0646), 0);
	assert_int_equal(path_check_trusted(fd, &reason), -EPERM);
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(fchown(fd, 1, 0), 0);
	assert_int_equal(path_check_trusted(fd, &reason), -EPERM);
	assert_string_equal(reason, "not owned by root");
}

/* A tmpfs that is attached nowhere. */
static int make_tmpfs(unsigned attributes)
{
	_cleanup_close_ int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	assert_return_code(fs, errno);
	assert_return_code(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), errno);
	return fsmount(fs, FSMOUNT_CLOEXEC, attributes);
}

/* R14: what belongs to the installed system, and what to its data. */
static void test_system(void **state)
{
	_cleanup_close_ int root = open("/", O_PATH | O_CLOEXEC), other = -1, noexec = -1;
	const char *reason = NULL;
	struct stat st;

	assert_return_code(fstat(root, &st), errno);
	assert_int_equal(path_check_system(root, st.st_dev, &reason), 0);
	assert_null(reason);
	assert_int_equal(path_check_system(-1, st.st_dev, &reason), -EBADF);
	if (geteuid() != 0)
		skip(); /* only root can make a file system */
	other = make_tmpfs(0);
	noexec = make_tmpfs(MOUNT_ATTR_NOEXEC);
	assert_int_equal(path_check_system(other, st.st_dev, &reason), -EPERM);
	assert_string_equal(reason, "not on the file system of the root directory");
	assert_int_equal(fstat(noexec, &st), 0);
	assert_int_equal(path_check_system(noexec, st.st_dev, &reason), -EPERM);
	assert_string_equal(reason, "on a file system from which nothing may be executed");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalized),
		cmocka_unit_test(test_below),
		cmocka_unit_test_setup_teardown(test_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trusted, set_up, tear_down),
		cmocka_unit_test(test_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
