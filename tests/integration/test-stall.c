/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file system that does not answer, as a network file system whose server is gone: whoever looks at it
 * waits. A launch that binds from it stands still in its set-up, and meanwhile the launcher serves all
 * others, the same user's and other users'; it ends when its time is over, or with the file system. That is
 * FUSE without anybody behind it, in a mount namespace of the test's own.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define STALLED 3 /* at once: one less than the launcher gets of a user, see daemon/broker/launch-queue.c */
#define HEALTHY 8

static char place[] = "/tmp/bailiff-stall-XXXXXX";
static int fuse = -1;

static const char *const quick[] = { "/usr/bin/dash", "-c", "exit 0", NULL };

static void run_healthy(GDBusConnection *c)
{
	struct rig_launch l = { .profile = "tool", .argv = quick };
	g_autofree char *result = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(result, "success");
	rig_sandbox_done(&s);
}

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

static void begin_stalled(GDBusConnection *c, unsigned *answers)
{
	g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed("('stalled', ['/usr/bin/sleep', '1000'], @a{ss} {}, @a{uh} {}, "
				     "@a{sv} {})"),
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, NULL, on_answer, answers);
}

static void configure(struct rig *rig, const char *timeout)
{
	g_autofree char *config =
		g_strdup_printf("[Broker]\nSaltPath=%s/salt\nSetupTimeoutSec=%s\n", rig->dir, timeout);

	rig_write(rig, "bailiffd.conf", config);
	rig_reload(rig);
}

static int set_up(void **state)
{
	g_autofree char *profile =
		g_strdup_printf("[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/sleep\n"
				"[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/below:/below\n",
			place);

	if (rig_setup(state) < 0)
		return -1;
	rig_write(*state, "profiles/stalled.profile", profile);
	configure(*state, "10min");
	return 0;
}

/* The client's own launches, and an administrator's, while three of the client's stand still. */
static void test_others_go_on(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *stalled = rig_connect(rig, RIG_ALICE), *alice = rig_connect(rig, RIG_ALICE),
			*root = rig_connect(rig, 0);
	unsigned answers = 0;

	for (int i = 0; i < STALLED; i++)
		begin_stalled(stalled, &answers);
	assert_true(g_dbus_connection_flush_sync(stalled, NULL, NULL));
	/* each has an init and a payload that is being built */
	rig_wait_jailed(rig, STALLED * 2);
	for (int i = 0; i < HEALTHY; i++) {
		run_healthy(alice);
		run_healthy(root);
	}
	while (g_main_context_iteration(NULL, FALSE))
		;
	assert_int_equal(answers, 0);
	assert_int_equal(rig_count_jailed(rig), STALLED * 2);
	/* the file system is given up */
	assert_return_code(close(fuse), errno);
	fuse = -1;
	while (answers < STALLED)
		g_main_context_iteration(NULL, TRUE);
	run_healthy(alice);
	rig_disconnect(rig, root);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, stalled);
}

static void test_time_is_over(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", NULL };
	struct rig_launch l = { .profile = "stalled", .argv = argv };
	struct rig *rig = *state;
	GDBusConnection *c;

	configure(rig, "1s");
	c = rig_connect(rig, RIG_ALICE);
	rig_launch_fails(c, &l, RIG_NAME ".Error.Setup.Exec", "SetupTimeoutSec=");
	run_healthy(c);
	rig_disconnect(rig, c);
	configure(rig, "10min");
}

/* Seen by the daemon, which is started below, and by nobody else. */
static bool mount_stall(void)
{
	char options[64];

	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0 || !mkdtemp(place))
		return false;
	(void)g_snprintf(
		options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("stall", place, "fuse.stall", MS_NOSUID | MS_NODEV, options) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_time_is_over),
		rig_test(test_others_go_on),
	};
	int r;

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (!mount_stall()) {
		const char *must = getenv("BAILIFF_MUST_WORK");

		print_message("no file system that stands still: %s\n", strerror(errno));
		return must && strcmp(must, "1") == 0 ? 1 : RIG_SKIPPED;
	}
	r = cmocka_run_group_tests(tests, set_up, rig_teardown);
	if (fuse >= 0)
		(void)close(fuse);
	(void)umount2(place, MNT_DETACH);
	(void)rmdir(place);
	return r;
}
