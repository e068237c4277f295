/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A bailiffd that is replaced while it runs: what it was told at its start holds on, and a program that can
 * not go on with that is not let try. Its own file may have been replaced before it could look at it. The
 * sandboxes' part is tests/integration/test-reexec.c.
 */

#include "base/fd.h"
#include "base/io.h"
#include "keeper-rig.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* As a package manager does it: a new file, in the place of the one before if there is one. */
static void install(void)
{
	_cleanup_close_ int from = open(getenv("BAILIFF_DAEMON"), O_RDONLY | O_CLOEXEC);
	char next[96];
	int to;
	ssize_t n;

	in_dir(own_program, "bailiffd");
	in_dir(next, "bailiffd.new");
	to = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_true(from >= 0 && to >= 0);
	do
		n = sendfile(to, from, NULL, 1024 * 1024);
	while (n > 0);
	assert_int_equal(n, 0);
	assert_int_equal(close(to), 0);
	assert_int_equal(rename(next, own_program), 0);
}

static ino_t inode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static ino_t inode_of(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return inode(path);
}

/* The one child that the stub has. By its number: the program's name is that of a fd where it was started by
 * one. */
static pid_t keeper_of(pid_t stub)
{
	return child_of(stub, "");
}

static void reload(void)
{
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
}

static void wait_for_installed(pid_t keeper)
{
	for (int i = 0; inode_of(keeper) != inode(own_program); i++) {
		assert_true(i < WAIT_MSEC / 20);
		(void)usleep(20000);
	}
}

static void options_hold_on(void **state)
{
	pid_t keeper;

	install();
	bus_mode = "optional";
	serve("ok");
	assert_int_equal(count("argument --bus=optional"), 1);
	keeper = keeper_of(daemon_pid);
	install();
	reload();
	wait_for_installed(keeper);
	wait_for("started", 2);
	wait_for("argument --bus=optional", 2);
	assert_int_equal(keeper_of(daemon_pid), keeper);
	assert_int_equal(stop(), 0);
	expect_clean();
}

/* An option that was right once is wrong now: the trial says so, and all goes on. */
static void options_are_tried(void **state)
{
	char away[96];
	pid_t keeper;
	ino_t before;

	install();
	serve("ok");
	keeper = keeper_of(daemon_pid);
	before = inode_of(keeper);
	install();
	in_dir(away, "away");
	assert_int_equal(rename(config, away), 0);
	for (size_t i = 1; i <= 2; i++) { /* the second reload is heard when the first one's trial is over */
		reload();
		wait_for(HEARD_RELOAD_FAILED " generation 1 value 1", i);
	}
	assert_int_equal(inode_of(keeper), before);
	assert_int_equal(rename(away, config), 0);
	reload();
	wait_for_installed(keeper);
	wait_for("started", 2);
	assert_int_equal(stop(), 0);
}

static void own_file_is_gone(void **state)
{
	pid_t keeper;

	install();
	program_stays = false;
	serve("ok");
	keeper = keeper_of(daemon_pid);
	/* what is installed there later may take over all the same */
	install();
	reload();
	wait_for_installed(keeper);
	wait_for("started", 2);
	assert_int_equal(stop(), 0);
	expect_clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(options_hold_on),
		KEEPER_TEST(options_are_tried),
		KEEPER_TEST(own_file_is_gone),
	};

	if (geteuid() != 0 || !getpwnam("bailiff"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
