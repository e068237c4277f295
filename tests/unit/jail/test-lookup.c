/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Paths below a root: ordinary links of the administrator's work, anybody else's do not. Needs root, to give
 * files to others. */

#include "base/fd.h"
#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 12345
#define FTW_FDS  16
#define RACES    20000

static int top = -1;
static char top_path[] = "/tmp/bailiff-lookup-XXXXXX";

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(top, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

/* The lookup must give this object. */
static void expect(int fd, const char *path)
{
	struct stat st;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(-fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, inode_of(path));
	fd_close(fd);
}

static void make_link(const char *text, const char *path, uid_t owner)
{
	assert_int_equal(symlinkat(text, top, path), 0);
	assert_int_equal(fchownat(top, path, owner, owner, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_directory(const char *path, mode_t mode, uid_t owner)
{
	assert_int_equal(mkdirat(top, path, 0700), 0);
	assert_int_equal(fchmodat(top, path, mode, 0), 0);
	assert_int_equal(fchownat(top, path, owner, owner, 0), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	memcpy(top_path + strlen(top_path) - 6, "XXXXXX", 6);
	if (!mkdtemp(top_path) || chmod(top_path, 0755) < 0)
		return -1;
	top = open(top_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)umask(022);
	make_directory("real", 0755, 0);
	make_directory("real/sub", 0755, 0);
	make_directory("theirs", 0755, SOMEBODY);
	make_directory("shared", 01777, 0);
	return top < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	top = fd_close(top);
	return nftw(top_path, remove_one, FTW_FDS, FTW_DEPTH | FTW_PHYS);
}

static void test_plain(void **state)
{
	expect(lookup(top, "/real/sub"), "real/sub");
	expect(lookup(top, "/"), ".");
	expect(lookup(top, "/theirs"), "theirs");
	assert_int_equal(lookup(top, "/real/none"), -ENOENT);
	assert_int_equal(lookup(top, "/none/sub"), -ENOENT);
}

static void test_roots_links(void **state)
{
	make_link("/real", "absolute", 0);
	make_link("real/sub", "relative", 0);
	make_link("absolute", "chain", 0);
	make_link("../real/./sub/../sub", "real/dots", 0);
	make_link("/../../real", "above", 0);
	make_link("real/sub/", "slash", 0);
	expect(lookup(top, "/absolute/sub"), "real/sub");
	expect(lookup(top, "/relative"), "real/sub");
	expect(lookup(top, "/chain/sub"), "real/sub");
	expect(lookup(top, "/real/dots"), "real/sub");
	expect(lookup(top, "/above/sub"), "real/sub"); /* ".." of the root is the root */
	expect(lookup(top, "/slash"), "real/sub");
	expect(lookup_nofollow(top, "/absolute"), "absolute");
	expect(lookup_nofollow(top, "/absolute/sub"), "real/sub");
}

static void test_others_links(void **state)
{
	make_link("/real", "theirs/link", SOMEBODY);
	make_link("/real", "theirs/moved", 0); /* root's link, in a directory that they can rename in */
	make_link("/real", "shared/link", 0);  /* anybody can put something else there */
	make_link("/real", "foreign", SOMEBODY);
	assert_int_equal(lookup(top, "/theirs/link"), -ELOOP);
	assert_int_equal(lookup(top, "/theirs/link/sub"), -ELOOP);
	assert_int_equal(lookup(top, "/theirs/moved"), -ELOOP);
	assert_int_equal(lookup(top, "/shared/link"), -ELOOP);
	assert_int_equal(lookup(top, "/foreign"), -ELOOP);
	expect(lookup_nofollow(top, "/theirs/link"), "theirs/link");
}

/* Two directories of one name, in turns: theirs with a link of root's to something else, and root's own. */
static noreturn void swap_for_ever(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)renameat2(top, "theirs/a", top, "theirs/b", RENAME_EXCHANGE);
}

/* The link that is judged is the one that is followed. */
static void test_directory_swapped(void **state)
{
	unsigned fine = 0, others = 0;
	ino_t right;
	pid_t pid;

	make_directory("theirs/a", 0755, SOMEBODY);
	make_directory("theirs/b", 0755, 0);
	make_link("/real", "theirs/a/link", 0);
	make_link("/real/sub", "theirs/b/link", 0);
	right = inode_of("real/sub");
	pid = fork();
	if (pid == 0)
		swap_for_ever();
	for (int i = 0; i < RACES; i++) {
		int fd = lookup(top, "/theirs/a/link");
		struct stat st;

		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0 || st.st_ino != right)
			others++;
		else
			fine++;
		fd_close(fd);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(others, 0);
	assert_true(fine > 0);
}

static noreturn void swap_link_for_ever(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)renameat2(top, "theirs/name", top, "theirs/other", RENAME_EXCHANGE);
}

/* A directory and a link take turns: no look at the name gives the link itself, nor what it leads to. */
static void test_link_swapped(void **state)
{
	unsigned fine = 0, links = 0;
	ino_t right;
	pid_t pid;

	make_directory("theirs/name", 0755, SOMEBODY);
	make_link("/real", "theirs/other", SOMEBODY);
	right = inode_of("theirs/name");
	pid = fork();
	if (pid == 0)
		swap_link_for_ever();
	for (int i = 0; i < RACES; i++) {
		int fd = lookup(top, "/theirs/name");
		struct stat st;

		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0 || st.st_ino != right)
			links++;
		else
			fine++;
		fd_close(fd);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(links, 0);
	assert_true(fine > 0);
}

static void test_loops(void **state)
{
	char text[PATH_MAX];

	make_link("b", "a", 0);
	make_link("a", "b", 0);
	assert_int_equal(lookup(top, "/a"), -ELOOP);
	memset(text, 'x', sizeof(text));
	for (size_t i = 200; i < sizeof(text); i += 201)
		text[i] = '/';
	text[sizeof(text) - 1] = '\0';
	make_link(text, "long", 0);
	make_link("long/long/long", "longer", 0);
	assert_true(lookup(top, "/long") < 0);
	assert_true(lookup(top, "/longer") < 0);
}

static void test_procfs_links(void **state)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(lookup(root, "/proc/self/root"), -ELOOP);
	assert_int_equal(lookup(root, "/proc/self/fd/0"), -ELOOP);
	fd_close(root);
}

/* The link's text may end in a slash, go up, or lead to another link; what is behind it may be missing. */
static void test_behind_links(void **state)
{
	make_link("real/", "slash", 0);
	make_link("sub/../../real/sub", "real/around", 0);
	make_link("slash/around", "twice", 0);
	expect(lookup(top, "/slash/sub"), "real/sub");
	expect(lookup(top, "/slash"), "real");
	expect(lookup(top, "/slash/around/"), "real/sub");
	expect(lookup(top, "/twice"), "real/sub");
	expect(lookup_nofollow(top, "/slash/around"), "real/around");
	expect(lookup_nofollow(top, "/twice"), "twice");
	assert_int_equal(lookup(top, "/twice/missing"), -ENOENT);
	assert_int_equal(lookup(top, "/twice/missing/.."), -ENOENT);
}

static void test_create(void **state)
{
	struct stat st;
	dev_t own;

	assert_int_equal(fstat(top, &st), 0);
	own = st.st_dev;
	expect(lookup_or_create(top, "/new/one/two", true, &own, 1), "new/one/two");
	expect(lookup_or_create(top, "/new/one/two", true, &own, 1), "new/one/two");
	expect(lookup_or_create(top, "/new/file", false, &own, 1), "new/file");
	assert_int_equal(fstatat(top, "new/file", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	make_link("/new", "to-new", 0);
	expect(lookup_or_create(top, "/to-new/three", true, &own, 1), "new/three");
	expect(lookup_or_create(top, "/new/dots/.", true, &own, 1), "new/dots");
	expect(lookup_or_create(top, "/new/dots/../slash/", true, &own, 1), "new/slash");
	assert_int_equal(lookup_or_create(top, "/new/file/below", true, &own, 1), -ENOTDIR);
	/* not on file systems of others */
	own++;
	assert_int_equal(lookup_or_create(top, "/new/four", true, &own, 1), -ENOENT);
	assert_int_equal(lookup_or_create(top, "/new/four", true, NULL, 0), -ENOENT);
	assert_int_equal(faccessat(top, "new/four", F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roots_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directory_swapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_swapped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_loops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_procfs_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_behind_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_create, set_up, tear_down),
	};
	const char *must = getenv("BAILIFF_MUST_WORK");

	if (geteuid() != 0)
		return must && strcmp(must, "1") == 0 ? 1 : 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
