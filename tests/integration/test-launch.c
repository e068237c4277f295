/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches: real programs on real data, what the caller may pass, and every way of asking wrongly. */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_SIZE  (3 * 1024 * 1024)
#define INVALID_ARGS "org.freedesktop.DBus.Error.InvalidArgs"

static const char *const sleep_forever[] = { "/usr/bin/sleep", "1000", NULL };

/* Bytes that compress, but not to nothing. */
static char *make_sample(void)
{
	char *data = g_malloc(SAMPLE_SIZE);
	guint32 x = 42;

	for (size_t i = 0; i < SAMPLE_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (char)(x >> 28);
	}
	return data;
}

static int open_compressed(struct rig *rig, const char *sample)
{
	g_autofree char *plain = g_build_filename(rig->dir, "sample", NULL);
	g_autofree char *packed = g_build_filename(rig->dir, "sample.xz", NULL);
	const char *argv[] = { "xz", "-0", "-k", "-f", plain, NULL };
	g_autoptr(GError) error = NULL;
	int fd;

	assert_true(g_file_set_contents(plain, sample, SAMPLE_SIZE, NULL));
	if (!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
		    NULL, &error))
		fail_msg("xz: %s", error->message);
	fd = open(packed, O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	return fd;
}

static void test_decoder_decompresses(void **state)
{
	static const char *const argv[] = { "/usr/bin/xz", "-dc", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *sample = make_sample(), *output = NULL, *result = NULL;
	int in = open_compressed(rig, sample), code = -1;
	struct rig_launch l = { .profile = "decoder",
		.argv = argv,
		.fds = { 0, in },
		.n_fds = 1,
		.options = g_variant_new_parsed("{'stdio': <{uint32 1: 'pipe'}>}") };
	struct rig_sandbox s;
	size_t size;

	rig_launch(c, &l, &s);
	(void)close(in);
	output = rig_read_all(s.stream[1], &size);
	assert_int_equal(size, SAMPLE_SIZE);
	assert_memory_equal(output, sample, SAMPLE_SIZE);
	result = rig_wait(c, &s, &code, NULL);
	assert_string_equal(result, "success");
	assert_int_equal(code, 0);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_pidfd_polls_and_status_is_reported(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 42", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = argv };
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	struct pollfd p;
	int code;

	rig_launch(c, &l, &s);
	p = (struct pollfd){ .fd = s.pidfd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
	assert_true(fcntl(s.pidfd, F_GETFD) & FD_CLOEXEC);
	result = rig_wait(c, &s, &code, NULL);
	assert_string_equal(result, "exit-code");
	assert_int_equal(code, 42);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void test_streams_are_one_way_and_fd_map_holds(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "cat <&3; echo err >&2", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *out = NULL, *err = NULL;
	int p[2];
	struct rig_launch l = { .profile = "tool", .argv = argv, .n_fds = 1, .options = rig_options_piped() };
	struct rig_sandbox s;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	l.fds[0] = 3;
	l.fds[1] = p[0];
	rig_launch(c, &l, &s);
	(void)close(p[0]);
	assert_int_equal(write(p[1], "hello", 5), 5);
	(void)close(p[1]);
	assert_int_equal(fcntl(s.stream[1], F_GETFL) & O_ACCMODE, O_RDONLY);
	out = rig_read_all(s.stream[1], NULL);
	err = rig_read_all(s.stream[2], NULL);
	assert_string_equal(out, "hello");
	assert_string_equal(err, "err\n");
	rig_finish(c, &s);
	rig_disconnect(rig, c);
}

static void test_executable_by_name(void **state)
{
	static const char *const argv[] = { "dash", "-c", "echo $0", "zero", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = argv, .options = rig_options_piped() };
	g_autofree char *out = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	out = rig_read_all(s.stream[1], NULL);
	assert_string_equal(out, "zero\n");
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

#define AT_ONCE 24

static void on_launched(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish(
		G_DBUS_CONNECTION(source), &fds, result, &error);
	unsigned *answers = user_data;

	if (!reply)
		fail_msg("%s", error->message);
	(*answers)++;
}

static int begin_policy(GDBusConnection *c, unsigned *answers)
{
	/* the 41st value of proc_pid_stat(5) */
	const char *call = "('tool', ['/usr/bin/dash', '-c', "
			   "'read -r l </proc/self/stat; set -- $l; echo ${41}'], "
			   "@a{ss} {}, {uint32 1: handle 0}, @a{sv} {})";
	g_autoptr(GUnixFDList) list = g_unix_fd_list_new();
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	assert_int_equal(g_unix_fd_list_append(list, ends[1], NULL), 0);
	(void)close(ends[1]);
	g_dbus_connection_call_with_unix_fd_list(c, RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed",
		g_variant_new_parsed(call), NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, list, NULL,
		on_launched, answers);
	return ends[0];
}

/* The launcher stands back for programs that are about to begin, and others are being started meanwhile:
 * none of them is to be born with its SCHED_BATCH. */
static void test_scheduled_as_usual(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	int pipes[AT_ONCE];
	unsigned answers = 0;

	/* who is not known yet may have few calls in flight */
	rig_run_tool(c);
	for (size_t i = 0; i < AT_ONCE; i++)
		pipes[i] = begin_policy(c, &answers);
	while (answers < AT_ONCE)
		(void)g_main_context_iteration(NULL, TRUE);
	for (size_t i = 0; i < AT_ONCE; i++) {
		g_autofree char *policy = rig_read_all(pipes[i], NULL);

		assert_string_equal(policy, "0\n");
		(void)close(pipes[i]);
	}
	rig_disconnect(*state, c);
}

/* Arguments that look like anything else reach the program byte for byte (P20, P21). */
static void test_arguments_are_data(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "printf '%s|' \"$@\"", "x", "--help", "-c",
		"../..", "%n%s", "a\nb", "", "\xc3\xa4", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = argv, .options = rig_options_piped() };
	g_autofree char *out = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	out = rig_read_all(s.stream[1], NULL);
	assert_string_equal(out, "--help|-c|../..|%n%s|a\nb||\xc3\xa4|");
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static void launch_fails(
	GDBusConnection *c, const char *profile, const char *const *argv, const char *error, const char *text)
{
	struct rig_launch l = { .profile = profile, .argv = argv };

	rig_launch_fails(c, &l, error, text);
}

static void test_refused_names_and_arguments(void **state)
{
	static const char *const none[] = { NULL }, *const empty[] = { "", NULL };
	static const char *const other[] = { "/usr/bin/id", NULL }, *const dots[] = { "/usr/bin/../bin/sleep",
		"1", NULL };
	static const char *const word[] = { "/usr/bin/sleep", "inf", NULL }, *const two[] = {
		"/usr/bin/sleep", "1 2", NULL
	};
	static const char *const malformed[] = { "", ".", "..", "a/b", "%n", "a\nb", "\x1b[1m", "Tool",
		"tool ", NULL };
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB);
	g_autofree char *huge_name = g_strnfill(256, 'a');

	for (const char *const *n = malformed; *n; n++)
		launch_fails(alice, *n, sleep_forever, INVALID_ARGS, NULL);
	launch_fails(alice, huge_name, sleep_forever, INVALID_ARGS, NULL);
	launch_fails(alice, "nosuch", sleep_forever, RIG_ERROR("ProfileUnknown"), "nosuch");
	launch_fails(alice, "tool", none, INVALID_ARGS, "argv");
	launch_fails(alice, "tool", empty, INVALID_ARGS, "argv[0]");
	launch_fails(alice, "tool", other, RIG_ERROR("ArgvDenied"), NULL);
	launch_fails(alice, "tool", dots, RIG_ERROR("ArgvDenied"), NULL);
	launch_fails(bob, "strict", word, RIG_ERROR("ArgvDenied"), NULL);
	launch_fails(bob, "strict", two, RIG_ERROR("ArgvDenied"), NULL);
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, bob);
}

static void test_refused_callers(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1", NULL };
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB);

	launch_fails(bob, "tool", argv, RIG_ERROR("AccessDenied"), NULL);
	launch_fails(alice, "strict", argv, RIG_ERROR("AccessDenied"), "lp");
	launch_fails(alice, "closed", argv, RIG_ERROR("AccessDenied"), NULL);
	launch_fails(bob, "closed", argv, RIG_ERROR("AccessDenied"), NULL);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, bob);
}

static void test_refused_environment(void **state)
{
	static const char *const bad[][3] = { { "LD_PRELOAD", "/x.so" }, { "LD_LIBRARY_PATH", "/x" },
		{ "GCONV_PATH", "/x" }, { "OTHER", "1" }, { "", "x" }, { "A=B", "x" }, { "1A", "x" },
		{ "A B", "x" } };
	static const char *const argv[] = { "/probe", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct rig_launch l = { .profile = "probe", .argv = argv, .env = bad[i] };

		rig_launch_fails(c, &l, RIG_ERROR("EnvDenied"), NULL);
	}
	rig_disconnect(rig, c);
}

static void fd_fails(GDBusConnection *c, int child, int fd, const char *text)
{
	static const char *const argv[] = { "/probe", NULL };
	struct rig_launch l = { .profile = "probe", .argv = argv, .fds = { child, fd }, .n_fds = 1 };

	assert_return_code(fd, errno);
	rig_launch_fails(c, &l, RIG_ERROR("InvalidFd"), text);
	(void)close(fd);
}

/* F4, F5, F10: kinds of fds that no slot names, and numbers that no slot has. */
static void test_refused_fds(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(listen(listener, 1), errno);
	fd_fails(c, 5, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "directory");
	fd_fails(c, 5, open("/etc/passwd", O_PATH | O_CLOEXEC), "path");
	fd_fails(c, 5, open("/etc/passwd", O_RDONLY | O_CLOEXEC), "regular");
	fd_fails(c, 5, open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), NULL);
	fd_fails(c, 5, open("/proc/self/mem", O_RDWR | O_CLOEXEC), NULL);
	fd_fails(c, 5, memfd_create("x", MFD_CLOEXEC), "memfd");
	fd_fails(c, 5, listener, NULL);
	fd_fails(c, 6, open("/dev/null", O_RDWR | O_CLOEXEC), NULL);
	fd_fails(c, 7, open("/etc/passwd", O_RDONLY | O_CLOEXEC), "7");
	fd_fails(c, 1024, open("/dev/null", O_RDWR | O_CLOEXEC), NULL);
	fd_fails(c, INT_MAX, open("/dev/null", O_RDWR | O_CLOEXEC), NULL);
	fd_fails(c, -1, open("/dev/null", O_RDWR | O_CLOEXEC), NULL);
	rig_disconnect(rig, c);
}

/* "regular,read-only" means just that. */
static void test_refused_fd_access(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *path = g_build_filename(rig->dir, "writable", NULL);

	fd_fails(c, 6, open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), "for reading only");
	rig_disconnect(rig, c);
}

/* F3: the same number twice. */
static void test_refused_fd_maps(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	static const char *const argv[] = { "/probe", NULL };
	int p[2];
	struct rig_launch l = { .profile = "probe", .argv = argv, .n_fds = 2 };

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	memcpy(l.fds, (int[]){ 5, p[0], 5, p[0] }, 4 * sizeof(int));
	rig_launch_fails(c, &l, RIG_ERROR("InvalidFd"), "5");
	(void)close(p[0]);
	(void)close(p[1]);
	rig_wait_ready(rig);
	rig_disconnect(rig, c);
}

static const struct {
	const char *options, *error, *text;
} bad_options[] = {
	{ "{'nosuch': <1>}", RIG_ERROR("UnknownOption"), "nosuch" },
	{ "{'uid': <uint32 0>}", RIG_ERROR("UnknownOption"), "uid" },
	{ "{'pid': <uint32 1>}", RIG_ERROR("UnknownOption"), NULL },
	{ "{'user': <'root'>}", RIG_ERROR("UnknownOption"), NULL },
	{ "{'pty': <(uint16 24, uint16 80)>}", RIG_ERROR("OverrideDenied"), "pty" },
	{ "{'tag': <1>}", INVALID_ARGS, "tag" },
	{ "{'cwd': <1>}", INVALID_ARGS, "cwd" },
	{ "{'detach': <'yes'>}", INVALID_ARGS, "detach" },
	{ "{'runtime-max-usec': <1>}", INVALID_ARGS, "runtime-max-usec" },
	{ "{'stop-signal': <'TERM'>}", INVALID_ARGS, "stop-signal" },
	{ "{'stop-signal': <65>}", INVALID_ARGS, NULL },
	{ "{'stop-signal': <-1>}", INVALID_ARGS, NULL },
	{ "{'stdio': <{uint32 0: 'nonsense'}>}", INVALID_ARGS, "stdio" },
	{ "{'stdio': <{uint32 3: 'pipe'}>}", INVALID_ARGS, NULL },
	{ "{'tag': <'a'>, 'tag': <'b'>}", INVALID_ARGS, "tag" },
	{ "{'cwd': <'tmp'>}", INVALID_ARGS, "cwd" },
	{ "{'cwd': <'/tmp/../etc'>}", INVALID_ARGS, "cwd" },
	{ "{'rlimits': <{'NOFILE': (uint64 18446744073709551615, uint64 18446744073709551615)}>}",
		RIG_ERROR("OverrideDenied"), NULL },
	{ "{'rlimits': <{'nosuch': (uint64 1, uint64 1)}>}", INVALID_ARGS, "rlimits" },
	{ "{'rlimits': <{'NOFILE': (uint64 9, uint64 8)}>}", INVALID_ARGS, NULL },
};

/* P9 to P14: wrong keys, types, ranges; nothing is ignored. */
static void test_refused_options(void **state)
{
	static const char *const argv[] = { "/probe", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(bad_options); i++) {
		g_autofree char *text = g_strdup_printf("@a{sv} %s", bad_options[i].options);
		struct rig_launch l = {
			.profile = "probe", .argv = argv, .options = g_variant_new_parsed(text)
		};

		rig_launch_fails(c, &l, bad_options[i].error, bad_options[i].text);
	}
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}

/* P1, P24: wrong signatures and names get the standard errors, and the daemon answers on. */
static void test_wrong_messages(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	rig_call_fails(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", NULL, INVALID_ARGS, NULL);
	rig_call_fails(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", g_variant_new("(s)", "tool"),
		INVALID_ARGS, NULL);
	rig_call_fails(
		c, RIG_PATH, RIG_MANAGER, "ListSandboxes", g_variant_new("(s)", "extra"), INVALID_ARGS, NULL);
	rig_call_fails(c, RIG_PATH, RIG_MANAGER, "GetSandbox", g_variant_new("(u)", 1), INVALID_ARGS, NULL);
	rig_call_fails(c, "/org/bailiff/nosuch", RIG_MANAGER, "ListProfiles", NULL,
		"org.freedesktop.DBus.Error.UnknownObject", NULL);
	rig_call_fails(c, RIG_PATH "/sandbox/999999999", RIG_SANDBOX, "Wait", NULL,
		RIG_ERROR("NoSuchSandbox"), NULL);
	rig_wait_ready(rig);
	rig_disconnect(rig, c);
}

/* P3, P18: many and large arguments are refused before anything is started. */
static void test_too_much(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *large = g_strnfill(200 * 1024, 'x');
	const char *argv[] = { "/usr/bin/dash", "-c", large, NULL };
	g_autofree const char **many = g_new0(const char *, 100001);

	launch_fails(c, "tool", argv, RIG_ERROR("QuotaExceeded"), NULL);
	many[0] = "/usr/bin/dash";
	for (size_t i = 1; i < 100000; i++)
		many[i] = "";
	launch_fails(c, "tool", many, RIG_ERROR("QuotaExceeded"), NULL);
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}

/* A missing executable is a failure of the stage Exec, before any reply says otherwise. */
static void test_setup_failure_names_the_stage(void **state)
{
	static const char *const argv[] = { "/nosuch", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 0);
	g_autoptr(GVariant) v = NULL;

	rig_write(rig, "profiles/missing.profile", "[Exec]\nExecutable=/nosuch\n");
	v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	launch_fails(c, "missing", argv, RIG_ERROR("Setup.Exec"),
		"Setting up the jail failed at Exec: /nosuch: No such file or directory; it must exist");
	rig_wait_jailed(rig, 0);
	rig_remove(rig, "profiles/missing.profile");
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_decoder_decompresses),
		rig_test(test_pidfd_polls_and_status_is_reported),
		rig_test(test_streams_are_one_way_and_fd_map_holds),
		rig_test(test_executable_by_name),
		rig_test(test_scheduled_as_usual),
		rig_test(test_arguments_are_data),
		rig_test(test_refused_names_and_arguments),
		rig_test(test_refused_callers),
		rig_test(test_refused_environment),
		rig_test(test_refused_fds),
		rig_test(test_refused_fd_access),
		rig_test(test_refused_fd_maps),
		rig_test(test_refused_options),
		rig_test(test_wrong_messages),
		rig_test(test_too_much),
		rig_test(test_setup_failure_names_the_stage),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
