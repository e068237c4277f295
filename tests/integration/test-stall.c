/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file system that does not answer, as a network file system whose server is gone: whoever looks at it
 * waits. A launch that binds from it stands still in its set-up, and meanwhile the launcher serves all
 * others, the same user's and other users'; it ends when its time is over, with the file system, or
 * with its client. That is FUSE without anybody behind it, in a mount namespace of the test's own.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALLED 3 /* at once: one less than the launcher gets of a user, see daemon/broker/launch-queue.c */
#define HEALTHY 8

static char place[] = "/tmp/bailiff-stall-XXXXXX";
static int fuse[STALLED] = { -1, -1, -1 };

static void on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), NULL, result, &error);
	unsigned *answers = user_data;

	assert_null(reply);
	assert_non_null(strstr(error->message, "Error.Setup.Mounts"));
	assert_non_null(strstr(error->message, place));
	(*answers)++;
}

/* Who has left. */
static void on_no_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), NULL, result, NULL);
	unsigned *answers = user_data;

	assert_null(reply);
	(*answers)++;
}

/* @options: as text. */
static void begin_stalled(
	GDBusConnection *c, int which, const char *options, GAsyncReadyCallback answered, unsigned *answers)
{
	g_autofree char *call =
		g_strdup_printf("('stalled-%d', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, @a{sv} %s)",
			which, options);

	g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed(call), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, NULL,
		answered, answers);
	assert_true(g_dbus_connection_flush_sync(c, NULL, NULL));
}

static void give_up(void)
{
	for (int i = 0; i < STALLED; i++) {
		if (fuse[i] >= 0)
			(void)close(fuse[i]);
		fuse[i] = -1;
	}
}

static void configure(struct rig *rig, const char *timeout)
{
	g_autofree char *config =
		g_strdup_printf("[Broker]\nSaltPath=%s/salt\nSetupTimeoutSec=%s\n", rig->dir, timeout);

	rig_write(rig, "bailiffd.conf", config);
	rig_reload(rig);
}

static void write_profile(struct rig *rig, int which)
{
	g_autofree char *name = g_strdup_printf("profiles/stalled-%d.profile", which);
	g_autofree char *profile = g_strdup_printf(
		"[Access]\nAllowUser=man\nAllowDetach=yes\n[Exec]\nExecutable=/usr/bin/sleep\n"
		"[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/%d/below:/below\n",
		place, which);

	rig_write(rig, name, profile);
}

static int set_up(void **state)
{
	if (rig_setup(state) < 0)
		return -1;
	for (int i = 0; i < STALLED; i++)
		write_profile(*state, i);
	configure(*state, "10min");
	return 0;
}

/* The launches that were under way are, and there is nothing else any more. */
static void expect_jailed(struct rig *rig, const GArray *before)
{
	g_autoptr(GArray) now = NULL;

	rig_wait_jailed(rig, before->len);
	now = rig_jailed(rig);
	assert_int_equal(now->len, before->len);
	assert_memory_equal(now->data, before->data, now->len * sizeof(pid_t));
}

/* A4: who leaves takes along what is being set up, with a token or without, and nothing that another
 * connection of the same user waits for. */
static void test_client_leaves(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *leaves = rig_connect(rig, RIG_ALICE), *stays = rig_connect(rig, RIG_ALICE);
	g_autoptr(GArray) stalled = NULL;
	unsigned gone = 0;

	begin_stalled(leaves, 0, "{}", on_no_answer, &gone);
	begin_stalled(leaves, 1, "{'token': <'again'>}", on_no_answer, &gone);
	begin_stalled(stays, 2, "{}", on_no_answer, &gone);
	rig_wait_jailed(rig, 3 * 2);
	rig_disconnect(rig, leaves);
	rig_wait_jailed(rig, 2);
	stalled = rig_jailed(rig);
	rig_run_tool(stays);
	expect_jailed(rig, stalled);
	rig_disconnect(rig, stays);
	rig_wait_jailed(rig, 0);
	while (gone < 3)
		g_main_context_iteration(NULL, TRUE);
}

/* The client's own launches, and an administrator's, while three of the client's stand still. One of them is
 * detached, and goes on without the connection that asked for it. */
static void test_others_go_on(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *stalled = rig_connect(rig, RIG_ALICE), *alice = rig_connect(rig, RIG_ALICE),
			*root = rig_connect(rig, 0), *leaves = rig_connect(rig, RIG_ALICE);
	g_autoptr(GArray) under_way = NULL;
	unsigned answers = 0, gone = 0;

	begin_stalled(leaves, 0, "{'detach': <true>}", on_no_answer, &gone);
	for (int i = 1; i < STALLED; i++)
		begin_stalled(stalled, i, "{}", on_answer, &answers);
	/* each has an init and a payload that is being built */
	rig_wait_jailed(rig, STALLED * 2);
	under_way = rig_jailed(rig);
	rig_disconnect(rig, leaves);
	for (int i = 0; i < HEALTHY; i++) {
		rig_run_tool(alice);
		rig_run_tool(root);
	}
	while (g_main_context_iteration(NULL, FALSE))
		;
	assert_int_equal(answers, 0);
	expect_jailed(rig, under_way);
	/* the file system is given up */
	give_up();
	while (answers + gone < STALLED)
		g_main_context_iteration(NULL, TRUE);
	rig_run_tool(alice);
	rig_disconnect(rig, root);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, stalled);
}

static void test_time_is_over(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "stalled-0", .argv = argv };
	struct rig *rig = *state;
	GDBusConnection *c;

	configure(rig, "1s");
	c = rig_connect(rig, RIG_ALICE);
	rig_launch_fails(c, &l, RIG_NAME ".Error.Setup.Exec", "SetupTimeoutSec=");
	rig_run_tool(c);
	rig_disconnect(rig, c);
	configure(rig, "10min");
}

/* One for each: of several that look for one name in one directory only the first could be killed. */
static bool mount_one(int which)
{
	g_autofree char *path = g_strdup_printf("%s/%d", place, which), *options = NULL;

	fuse[which] = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse[which] < 0 || mkdir(path, 0755) < 0)
		return false;
	options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse[which]);
	return mount("stall", path, "fuse.stall", MS_NOSUID | MS_NODEV, options) == 0;
}

/* Seen by the daemon, which is started below, and by nobody else. */
static bool mount_stalls(void)
{
	if (!mkdtemp(place) || !rig_own_mounts())
		return false;
	for (int i = 0; i < STALLED; i++)
		if (!mount_one(i))
			return false;
	return true;
}

static void unmount_stalls(void)
{
	give_up();
	for (int i = 0; i < STALLED; i++) {
		g_autofree char *path = g_strdup_printf("%s/%d", place, i);

		(void)umount2(path, MNT_DETACH);
		(void)rmdir(path);
	}
	(void)rmdir(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_time_is_over),
		rig_test(test_client_leaves),
		rig_test(test_others_go_on),
	};
	int r;

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (!mount_stalls()) {
		const char *must = getenv("BAILIFF_MUST_WORK");

		print_message("no file system that stands still: %s\n", strerror(errno));
		unmount_stalls();
		return must && strcmp(must, "1") == 0 ? 1 : RIG_SKIPPED;
	}
	r = cmocka_run_group_tests(tests, set_up, rig_teardown);
	unmount_stalls();
	return r;
}
