/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Records of decisions in a real systemd-journald, read by journalctl: started by hand in a mount namespace
 * in which /run and /var/log are directories of the test's, and nothing of the machine's journal can be
 * reached. Rows Q5, P8.
 */

#include "rig.h"

#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOURNALD   "/usr/lib/systemd/systemd-journald"
#define NAMESPACE  "bailiff"
#define REFUSALS   100
#define WINDOW_MAX 30 /* bailiff.journal-fields(7) */

static char *run_dir, *log_dir; /* its /run, and /var/log in it */
static pid_t journald;

/* What systemd sets at boot. By the kernel's default a socket has room for eleven, and what the broker says
 * in the time until journald runs again would be lost, as it says. */
static bool make_room_for_datagrams(void)
{
	return unshare(CLONE_NEWNET) == 0 && g_file_set_contents_full("/proc/sys/net/unix/max_dgram_qlen",
						     "512", -1, G_FILE_SET_CONTENTS_NONE, 0, NULL);
}

/* In a namespace instance of its own it asks neither the kernel's log nor its audit log. */
static void become_journald(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!make_room_for_datagrams() || !rig_own_mounts() ||
		mount(run_dir, "/run", NULL, MS_BIND, NULL) < 0 ||
		mount(log_dir, "/var/log", NULL, MS_BIND, NULL) < 0)
		_exit(99);
	(void)execl(JOURNALD, "systemd-journald", NAMESPACE, (char *)NULL);
	_exit(98);
}

static char *start_journald(void)
{
	char *socket = g_strdup_printf("%s/systemd/journal." NAMESPACE "/socket", run_dir);
	g_autofree char *systemd = g_strdup_printf("%s/systemd", run_dir);

	log_dir = g_strdup_printf("%s/log", run_dir);
	assert_return_code(mkdir(systemd, 0755), errno);
	assert_return_code(mkdir(log_dir, 0755), errno);
	journald = fork();
	if (journald == 0)
		become_journald();
	assert_return_code(journald, errno);
	for (int i = 0; access(socket, F_OK) < 0; i++) {
		assert_int_equal(waitpid(journald, NULL, WNOHANG), 0);
		assert_true(i < RIG_TIMEOUT_MS / 20);
		g_usleep(20000);
	}
	return socket;
}

/* All records that match, one JSON object a line. Free. */
static char *read_journal(const char *match)
{
	g_autofree char *id = NULL, *line = NULL;
	char *text = NULL;

	assert_true(g_file_get_contents("/etc/machine-id", &id, NULL, NULL));
	line = g_strdup_printf(
		"journalctl --no-pager --all --output=json --directory=%s/journal/%.32s." NAMESPACE " %s",
		log_dir, id, match);
	if (!g_spawn_command_line_sync(line, &text, NULL, NULL, NULL))
		fail_msg("journalctl does not run");
	return text;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* Waits until so many records match. Free. */
static char *wait_journal(const char *match, size_t n)
{
	for (int i = 0;; i++) {
		char *text = read_journal(match);

		if (count_lines(text) >= n)
			return text;
		if (i > RIG_TIMEOUT_MS / 50)
			fail_msg("%zu records of %s, wanted %zu", count_lines(text), match, n);
		g_free(text);
		g_usleep(50000);
	}
}

static void assert_field(const char *json, const char *name, const char *value)
{
	g_autofree char *field = g_strdup_printf("\"%s\":\"%s\"", name, value);

	if (!strstr(json, field))
		fail_msg("no %s in %s", field, json);
}

static void assert_number(const char *json, const char *name, guint64 value)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

	assert_field(json, name, text);
}

/* Each field of the page that a launch has; who wrote it is the journal's own word. */
static void test_fields(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0.0125", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);
	g_autofree char *launched = NULL, *ended = NULL, *all = NULL;
	struct rig_sandbox s;

	rig_launch(alice, &l, &s);
	launched = wait_journal("BAILIFF_EVENT=launched", 1);
	assert_field(launched, "MESSAGE_ID", "b085886b2d02456eb6b40f40357217c5");
	assert_field(launched, "PRIORITY", "6");
	assert_field(launched, "SYSLOG_FACILITY", "10");
	assert_field(launched, "SYSLOG_IDENTIFIER", "bailiff-broker");
	assert_field(launched, "BAILIFF_OUTCOME", "done");
	assert_field(launched, "BAILIFF_RULE", "tool.profile:4 AllowUser=man");
	assert_number(launched, "BAILIFF_CALLER_UID", RIG_ALICE);
	assert_field(launched, "BAILIFF_PROFILE", "tool");
	assert_field(launched, "BAILIFF_GENERATION", "1");
	assert_number(launched, "BAILIFF_SANDBOX_ID", s.id);
	assert_field(launched, "_TRANSPORT", "journal");
	assert_number(launched, "_UID", getpwnam("bailiff")->pw_uid);
	assert_number(launched, "_PID", (guint64)rig_pid(*state, RIG_BROKER));
	g_free(rig_wait(alice, &s, NULL, NULL));
	ended = wait_journal("BAILIFF_EVENT=ended", 1);
	assert_field(ended, "BAILIFF_EXIT_CODE", "0");
	assert_field(ended, "BAILIFF_EXIT_SIGNAL", "0");
	assert_field(ended, "BAILIFF_OUTCOME", "success");
	/* the argument is nowhere, under no name */
	all = read_journal("");
	assert_null(strstr(all, "0.0125"));
	rig_sandbox_done(&s);
	rig_disconnect(*state, alice);
}

/* Lines in what a caller says are no lines of a record; and it is only said where that is wanted. */
static void test_injection(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0.0125\nBAILIFF_CALLER_UID=0\nMESSAGE=forged",
		NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);
	g_autofree char *launched = NULL, *forged = NULL;
	struct rig_sandbox s;

	rig_write(*state, "bailiffd.conf.d/words.conf", "[Broker]\nAuditCommandLine=yes\n");
	rig_reload(*state);
	rig_launch(alice, &l, &s);
	g_free(rig_wait(alice, &s, NULL, NULL));
	launched = wait_journal("BAILIFF_EVENT=launched BAILIFF_GENERATION=2", 1);
	assert_int_equal(count_lines(launched), 1);
	assert_number(launched, "BAILIFF_CALLER_UID", RIG_ALICE);
	assert_field(launched, "BAILIFF_COMMAND_LINE",
		"/usr/bin/sleep 0.0125\\\\x0aBAILIFF_CALLER_UID=0\\\\x0aMESSAGE=forged");
	forged = read_journal("BAILIFF_CALLER_UID=0 + MESSAGE=forged");
	assert_null(strstr(forged, "forged"));
	rig_sandbox_done(&s);
	rig_disconnect(*state, alice);
}

/* A user's refusals are written up to a number, and the others counted. */
static void test_flood(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig_launch l = { .profile = "closed", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE);
	g_autofree char *suppressed = NULL, *refused = NULL;

	for (int i = 0; i < REFUSALS; i++)
		rig_launch_fails(alice, &l, RIG_ERROR("AccessDenied"), NULL);
	suppressed = wait_journal("BAILIFF_EVENT=suppressed", 1);
	assert_number(suppressed, "BAILIFF_CALLER_UID", RIG_ALICE);
	refused = read_journal("BAILIFF_PROFILE=closed");
	/* on a slow machine in more than one window */
	assert_in_range(count_lines(refused), WINDOW_MAX, REFUSALS - 1);
	rig_disconnect(*state, alice);
}

static void remove_run(void)
{
	g_autofree char *line = g_strdup_printf("rm -rf -- %s", run_dir);

	assert_true(g_spawn_command_line_sync(line, NULL, NULL, NULL, NULL));
	g_free(run_dir);
	g_free(log_dir);
}

static int setup(void **state)
{
	g_autofree char *socket = NULL;

	run_dir = g_dir_make_tmp("bailiff-test-journald.XXXXXX", NULL);
	assert_non_null(run_dir);
	assert_return_code(chmod(run_dir, 0755), errno);
	socket = start_journald();
	assert_return_code(setenv("BAILIFF_TEST_JOURNAL", socket, 1), errno);
	return rig_setup(state);
}

static int teardown(void **state)
{
	int r = rig_teardown(state);

	(void)kill(journald, SIGKILL);
	(void)waitpid(journald, NULL, 0);
	remove_run();
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_flood),
	};

	if (!rig_can_run() || access(JOURNALD, X_OK) < 0)
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("journald", tests, setup, teardown);
}
