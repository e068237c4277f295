/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Control of sandboxes that run, with the real daemon: freeze, limits, usage, lifelines. Q21: a frozen one is
 * stopped and killed all the same. */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEAD_MSEC 300  /* in which a program that is frozen does nothing */
#define BUSY_USEC 3000 /* what counting to 30,000 takes at the least; to begin takes far less */

static const char *const ticking[] = { "/usr/bin/dash", "-c", "while :; do echo tick; sleep 0.02; done",
	NULL };
static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void wait_is(GDBusConnection *c, const struct rig_sandbox *s, const char *result, int sig)
{
	int code, got_signal;
	g_autofree char *got = rig_wait(c, s, &code, &got_signal);

	assert_string_equal(got, result);
	assert_int_equal(got_signal, sig);
}

static void call(GDBusConnection *c, const struct rig_sandbox *s, const char *method, GVariant *args)
{
	g_variant_unref(rig_call_ok(c, s->path, RIG_SANDBOX, method, args));
}

/* False where there is no cgroup v2: then the call says so, with the stage. */
static bool freeze(GDBusConnection *c, const struct rig_sandbox *s)
{
	g_autoptr(GVariant) group = rig_property(c, s->path, RIG_SANDBOX, "ControlGroup");

	if (g_variant_get_string(group, NULL)[0] != '\0') {
		call(c, s, "Freeze", NULL);
		return true;
	}
	rig_call_fails(c, s->path, RIG_SANDBOX, "Freeze", NULL, RIG_ERROR("Setup.Cgroup"), "cgroup");
	return false;
}

/* What was written before it froze is read away; then nothing comes. */
static void drain_until_silent(int fd)
{
	char buffer[4096];

	while (readable(fd, DEAD_MSEC))
		assert_true(read(fd, buffer, sizeof(buffer)) > 0);
}

static void test_freeze_and_thaw(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = ticking, .options = rig_options_piped() };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	assert_true(readable(s.stream[1], RIG_TIMEOUT_MS));
	if (freeze(c, &s)) {
		drain_until_silent(s.stream[1]);
		call(c, &s, "Thaw", NULL);
		assert_true(readable(s.stream[1], RIG_TIMEOUT_MS));
	}
	call(c, &s, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(c, &s, "killed", SIGKILL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Q21: it is thawed for its stop signal; and it can be killed as it is. */
static void test_end_frozen(void **state)
{
	static const struct {
		guint64 grace;
		int signal;
	} rows[] = { { 20000000, SIGTERM }, { 0, SIGKILL } };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct rig_launch l = { .profile = "tool", .argv = forever };
		struct rig_sandbox s;

		rig_launch(c, &l, &s);
		(void)freeze(c, &s);
		call(c, &s, "Stop", g_variant_new("(t)", rows[i].grace));
		wait_is(c, &s, "killed", rows[i].signal);
		rig_sandbox_done(&s);
	}
	rig_disconnect(rig, c);
}

static void test_set_limits(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = forever };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	call(c, &s, "SetLimits", g_variant_new_parsed("({'runtime-max-usec': <uint64 900000000>},)"));
	rig_call_fails(c, s.path, RIG_SANDBOX, "SetLimits",
		g_variant_new_parsed("({'runtime-max-usec': <uint64 900000001>},)"),
		RIG_ERROR("OverrideDenied"), "runtime-max-usec");
	rig_call_fails(c, s.path, RIG_SANDBOX, "SetLimits", g_variant_new_parsed("({'nice': <1>},)"),
		RIG_ERROR("UnknownOption"), NULL);
	call(c, &s, "SetLimits", g_variant_new_parsed("({'runtime-max-usec': <uint64 1>},)"));
	wait_is(c, &s, "timeout", SIGTERM);
	rig_call_fails(c, s.path, RIG_SANDBOX, "SetLimits", g_variant_new_parsed("(@a{sv} {},)"),
		RIG_ERROR("NoSuchSandbox"), NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static guint64 usage(GDBusConnection *c, const struct rig_sandbox *s, const char *key)
{
	g_autoptr(GVariant) v = rig_call_ok(c, s->path, RIG_SANDBOX, "GetUsage", NULL);
	g_autoptr(GVariant) dict = g_variant_get_child_value(v, 0);
	guint64 value = G_MAXUINT64;

	(void)g_variant_lookup(dict, key, "t", &value);
	return value;
}

/* Of a minimal root with a filter and rlimits: each that takes a while, and no more together than it took. */
static void check_stages(GDBusConnection *c, const struct rig_sandbox *s)
{
	static const char *const stages[] = { "namespaces", "mounts", "exec" };
	g_autoptr(GVariant) v = rig_call_ok(c, s->path, RIG_SANDBOX, "GetUsage", NULL);
	g_autoptr(GVariant) dict = g_variant_get_child_value(v, 0);
	guint64 sum = 0, value;
	GVariantIter iter;
	const char *key;

	for (size_t i = 0; i < G_N_ELEMENTS(stages); i++) {
		g_autofree char *name = g_strconcat("setup-usec-", stages[i], NULL);

		assert_true(usage(c, s, name) > 0 && usage(c, s, name) != G_MAXUINT64);
	}
	g_variant_iter_init(&iter, dict);
	while (g_variant_iter_loop(&iter, "{&st}", &key, &value))
		sum += g_str_has_prefix(key, "setup-usec-") ? value : 0;
	/* launcher and payload work side by side for a moment */
	assert_true(sum <= 2 * usage(c, s, "setup-usec"));
}

static void test_usage(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = ticking, .options = rig_options_piped() };
	g_autoptr(GVariant) group = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	assert_true(readable(s.stream[1], RIG_TIMEOUT_MS));
	assert_true(usage(c, &s, "setup-usec") > 0 && usage(c, &s, "setup-usec") != G_MAXUINT64);
	check_stages(c, &s);
	group = rig_property(c, s.path, RIG_SANDBOX, "ControlGroup");
	if (g_variant_get_string(group, NULL)[0] != '\0')
		assert_true(usage(c, &s, "cpu-usec") > 0 && usage(c, &s, "cpu-usec") != G_MAXUINT64);
	call(c, &s, "Stop", g_variant_new("(t)", (guint64)0));
	wait_is(c, &s, "killed", SIGKILL);
	assert_true(usage(c, &s, "cpu-usec") > 0 && usage(c, &s, "cpu-usec") != G_MAXUINT64);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Of a process 1 all is known before it is reaped, its children's time, too: and the record of the end, which
 * is one, has it. */
static void test_usage_of_init(void **state)
{
	static const char *const busy[] = { "/usr/bin/dash", "-c",
		"(while [ ${i:-0} -lt 30000 ]; do i=$((i+1)); done); exit 3", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "first", .argv = busy };
	struct rig_sandbox s;
	guint64 before;

	rig_write(rig, "profiles/first.profile",
		"[Profile]\nTemplate=tool.profile\n[Access]\nAllowUser=man\n[Namespaces]\nRunAsInit=yes\n");
	rig_reload(rig);
	rig_launch(c, &l, &s);
	wait_is(c, &s, "exit-code", 0);
	before = usage(c, &s, "cpu-usec");
	assert_true(before >= BUSY_USEC && before != G_MAXUINT64);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	assert_int_equal(usage(c, &s, "cpu-usec"), before);
	rig_sandbox_done(&s);
	rig_remove(rig, "profiles/first.profile");
	rig_reload(rig);
	rig_disconnect(rig, c);
}

/* Returns the end whose closing stops the sandbox. */
static int attach(GDBusConnection *c, const struct rig_sandbox *s)
{
	g_autoptr(GUnixFDList) in = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = NULL;
	int p[2];

	assert_return_code(pipe(p), errno);
	assert_int_equal(g_unix_fd_list_append(in, p[0], NULL), 0);
	(void)close(p[0]);
	reply = rig_call(
		c, s->path, RIG_SANDBOX, "AttachLifeline", g_variant_new("(h)", 0), in, NULL, &error);
	if (!reply)
		fail_msg("%s", error->message);
	return p[1];
}

/* Of two the second is let go, after the broker that took it has been replaced. */
static void test_lifelines(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "tool", .argv = forever };
	struct rig_sandbox s;
	int first, second;

	rig_launch(c, &l, &s);
	first = attach(c, &s);
	second = attach(c, &s);
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	assert_false(readable(s.pidfd, 100));
	(void)close(second);
	assert_true(readable(s.pidfd, RIG_TIMEOUT_MS));
	wait_is(c, &s, "client-gone", SIGTERM);
	(void)close(first);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

/* Kills for sethostname, and lets the program load no filter. */
static void add_profile(struct rig *rig, const char *lines)
{
	g_autofree char *text =
		g_strdup_printf("[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/hostname\n[Seccomp]\n"
				"SystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n%s",
			lines);

	rig_write(rig, "profiles/named.profile", text);
	rig_reload(rig);
}

static void expect_violation(
	GDBusConnection *c, const struct rig_sandbox *s, const char *what, const char *text)
{
	g_autoptr(GVariant) v = rig_call_ok(c, s->path, RIG_SANDBOX, "GetViolations", NULL);
	g_autoptr(GVariant) list = g_variant_get_child_value(v, 0);
	const char *layer, *name, *detail;
	guint64 time;

	assert_int_equal(g_variant_n_children(list), 1);
	g_variant_get_child(list, 0, "(t&s&s&s)", &time, &layer, &name, &detail);
	assert_true(time > 0);
	assert_string_equal(layer, "seccomp");
	assert_string_equal(name, what);
	if (!strstr(detail, text))
		fail_msg("%s", detail);
}

/* Its name and arguments are known when it has ended, also to a broker that came later. */
static void test_violation(void **state)
{
	static const char *const argv[] = { "/usr/bin/hostname", "other", NULL };
	struct rig_launch l = { .profile = "named", .argv = argv };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	add_profile(rig, "");
	rig_launch(c, &l, &s);
	wait_is(c, &s, "violation", SIGSYS);
	expect_violation(c, &s, "sethostname", ", 0x5, ");
	/* over the direct socket the connection would end with the broker */
	if (!rig_is_direct())
		rig_kill_and_wait(rig, RIG_BROKER);
	expect_violation(c, &s, "sethostname", "by the program");
	rig_sandbox_done(&s);
	add_profile(rig, "ReportViolations=no\n");
	rig_launch(c, &l, &s);
	wait_is(c, &s, "violation", SIGSYS);
	expect_violation(c, &s, "", "ReportViolations=");
	rig_sandbox_done(&s);
	rig_remove(rig, "profiles/named.profile");
	rig_reload(rig);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_freeze_and_thaw),
		rig_test(test_end_frozen),
		rig_test(test_set_limits),
		rig_test(test_usage),
		rig_test(test_usage_of_init),
		rig_test(test_lifelines),
		rig_test(test_violation),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
