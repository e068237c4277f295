/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A static probe launched over D-Bus says what it sees; this is compared with the profile, value by value.
 * Then it tries what a payload may not do.
 */

#include "rig.h"

#include <string.h>
#include <unistd.h>

static char *see(struct rig *rig, GVariant *options, const char *const *env)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "probe", .argv = argv, .env = env, .options = options };
	struct rig_sandbox s;
	char *output;

	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	return output;
}

static void assert_value(const char *output, const char *key, const char *want)
{
	g_autofree char *value = rig_probe_value(output, key);

	if (g_strcmp0(value, want) != 0)
		fail_msg("%s is \"%s\", wanted \"%s\"\n%s", key, value ? value : "(missing)", want, output);
}

static unsigned count_lines(const char *output, const char *key)
{
	g_autofree char *prefix = g_strdup_printf("%s ", key);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	unsigned n = 0;

	for (char **line = lines; *line; line++)
		n += g_str_has_prefix(*line, prefix) ? 1 : 0;
	return n;
}

static void test_identity_and_confinement(void **state)
{
	static const char *const none[] = { "cap_permitted", "cap_effective", "cap_inheritable",
		"cap_bounding", "cap_ambient", "sig_ignored", "sig_handled", "sig_blocked" };
	g_autofree char *output = see(*state, rig_options_piped(), NULL),
			*uid = rig_probe_value(output, "uid");
	g_autofree char *gid = rig_probe_value(output, "gid");
	g_auto(GStrv) uids = g_strsplit(uid, " ", -1);

	assert_int_equal(g_strv_length(uids), 4);
	assert_true(g_ascii_strtoull(uids[0], NULL, 10) >= 1000);
	for (int i = 1; i < 4; i++)
		assert_string_equal(uids[i], uids[0]);
	assert_string_equal(uid, gid);
	assert_value(output, "groups", "");
	for (size_t i = 0; i < G_N_ELEMENTS(none); i++)
		assert_value(output, none[i], "0000000000000000");
	assert_value(output, "no_new_privs", "1");
	assert_value(output, "seccomp", "2");
	assert_value(output, "pid", "2");
	assert_value(output, "ppid", "0");
	assert_value(output, "tty", "ENOENT");
	assert_value(output, "umask", "0027");
	assert_value(output, "cwd", "/");
	assert_value(output, "limit_NOFILE", "256 256");
	assert_value(output, "limit_NPROC", "64 64");
	assert_int_equal(count_lines(output, "fd"), 3);
	assert_int_equal(count_lines(output, "env"), 1);
	assert_value(output, "env", "SHAPE=square");
}

static void test_namespaces_are_own(void **state)
{
	static const char *const kinds[] = { "mnt", "pid", "net", "ipc", "uts", "cgroup" };
	g_autofree char *output = see(*state, rig_options_piped(), NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *path = g_strdup_printf("/proc/self/ns/%s", kinds[i]),
				*key = g_strdup_printf("ns_%s", kinds[i]);
		g_autofree char *host = g_file_read_link(path, NULL), *jail = rig_probe_value(output, key);

		assert_non_null(host);
		assert_non_null(jail);
		assert_string_not_equal(host, jail);
	}
	assert_null(strstr(output, "bailiff-rig"));
}

static void test_two_uids_never_the_same(void **state)
{
	g_autofree char *one = see(*state, rig_options_piped(), NULL),
			*two = see(*state, rig_options_piped(), NULL);
	g_autofree char *a = rig_probe_value(one, "uid"), *b = rig_probe_value(two, "uid");

	assert_string_not_equal(a, b);
}

static void test_environment_and_options(void **state)
{
	static const char *const env[] = { "COLOUR", "red", "SIZE_X", "a=b c", NULL };
	GVariant *options =
		g_variant_new_parsed("{'stdio': <{uint32 1: 'pipe'}>, 'unset-env': <@as []>, 'cwd': <'/tmp'>,"
				     " 'rlimits': <{'NOFILE': (uint64 32, uint64 40)}>}");
	g_autofree char *output = see(*state, options, env);

	assert_int_equal(count_lines(output, "env"), 3);
	assert_non_null(strstr(output, "env COLOUR=red\n"));
	assert_non_null(strstr(output, "env SIZE_X=a=b c\n"));
	assert_value(output, "cwd", "/tmp");
	assert_value(output, "limit_NOFILE", "32 40");
}

/* What a payload may not do, and the error that says so. */
static const struct {
	const char *argv[5];
	const char *refused;
} attempts[] = {
	{ { "/probe", "open", "/etc/shadow" }, "ENOENT" },
	{ { "/probe", "open", "/home" }, "ENOENT" },
	{ { "/probe", "open", "/run/dbus/system_bus_socket" }, "ENOENT" },
	{ { "/probe", "open", "/proc/1/environ" }, NULL },
	{ { "/probe", "write", "/usr/bin/x" }, NULL },
	{ { "/probe", "write", "/etc/x" }, NULL },
	{ { "/probe", "write", "/x" }, NULL },
	{ { "/probe", "write", "/probe" }, NULL },
	{ { "/probe", "write", "/proc/sys/kernel/core_pattern" }, NULL },
	{ { "/probe", "mkdir", "/usr/x" }, NULL },
	{ { "/probe", "mknod", "/tmp/node" }, NULL },
	{ { "/probe", "mount" }, NULL },
	{ { "/probe", "umount", "/usr" }, NULL },
	{ { "/probe", "remount", "/usr" }, NULL },
	{ { "/probe", "chroot", "/tmp" }, NULL },
	{ { "/probe", "pivot_root" }, NULL },
	{ { "/probe", "unshare", "mnt" }, NULL },
	{ { "/probe", "ptrace", "parent" }, NULL },
	{ { "/probe", "ptrace", "1" }, NULL },
	{ { "/probe", "vm-read", "1" }, NULL },
	{ { "/probe", "setuid", "0" }, NULL },
	{ { "/probe", "setgroups" }, NULL },
	{ { "/probe", "socket", "packet" }, NULL },
	{ { "/probe", "socket", "raw" }, NULL },
	{ { "/probe", "connect", "/run/dbus/system_bus_socket" }, NULL },
	{ { "/probe", "bpf" }, NULL },
	{ { "/probe", "perf" }, NULL },
	{ { "/probe", "sethostname" }, NULL },
	{ { "/probe", "settimeofday" }, NULL },
	{ { "/probe", "nice", "-5" }, NULL },
	{ { "/probe", "tioclinux" }, NULL },
};

static void test_attempts_fail(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);

	for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
		int code = 0;
		g_autofree char *output = rig_run_probe(c, "probe", attempts[i].argv, &code);

		if (code != 0 || strstr(output, " ok"))
			fail_msg("%s %s gave status or success: %s", attempts[i].argv[1],
				attempts[i].argv[2] ? attempts[i].argv[2] : "", output);
		if (attempts[i].refused && !strstr(output, attempts[i].refused))
			fail_msg("%s %s: wanted %s, got %s", attempts[i].argv[1], attempts[i].argv[2],
				attempts[i].refused, output);
	}
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}

#ifdef __x86_64__
/* i386's getpid(2): what the daemon's own filter, too, lets through where a profile opens the interface
 * alone. */
static void test_old_calls(void **state)
{
	static const char *const getpid_i386[] = { "/probe", "int80", "20", NULL };
	static const char *const reboot_i386[] = { "/probe", "int80", "88", NULL };
	struct rig *rig = *state;
	g_autofree char *said = NULL, *refused = NULL, *closed = NULL;
	GDBusConnection *c;
	int code = 0;

	rig_write(rig, "profiles/old.profile",
		"[Profile]\nTemplate=probe.profile\n[Seccomp]\nSystemCallArchitectures=x86\n");
	rig_reload(rig);
	c = rig_connect(rig, RIG_ALICE);
	said = rig_run_probe(c, "old", getpid_i386, &code);
	assert_string_equal(said, "int80 ok\n");
	refused = rig_run_probe(c, "old", reboot_i386, &code);
	assert_string_equal(refused, "int80 EPERM\n");
	closed = rig_run_probe(c, "probe", getpid_i386, &code);
	assert_string_equal(closed, "");
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_identity_and_confinement),
		rig_test(test_namespaces_are_own),
		rig_test(test_two_uids_never_the_same),
		rig_test(test_environment_and_options),
		rig_test(test_attempts_fail),
#ifdef __x86_64__
		rig_test(test_old_calls),
#endif
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
