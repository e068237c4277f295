/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a payload sees of itself, compared with the spec. Rows J1, J2, J4, J6, J8 to J11 and J19 to J23 of the
 * threat model. */

#include "base/process.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAP(n) (UINT64_C(1) << (n))

static void test_most_confined(void **state)
{
	static const char *const none[] = { "cap_permitted", "cap_effective", "cap_inheritable",
		"cap_bounding", "cap_ambient", "sig_ignored", "sig_handled", "sig_blocked" };
	struct rig *r = *state;

	RUN(r, "see");
	assert_value(r, "uid", "54321 54321 54321 54321");
	assert_value(r, "gid", "54322 54322 54322 54322");
	assert_value(r, "groups", "");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_value(r, none[i], "0000000000000000");
	assert_value(r, "no_new_privs", "1");
	assert_value(r, "seccomp", "0"); /* the spec has no filter */
	assert_value(r, "keepcaps", "0");
	assert_value(r, "hostname", "jail");
	assert_value(r, "domainname", "(none)");
	assert_value(r, "cwd", "/");
	assert_value(r, "pid", "2");
	assert_value(r, "ppid", "0");
	assert_value(r, "sid", "2");
	assert_value(r, "pgid", "2");
	assert_value(r, "tty", "ENOENT");
	assert_value(r, "umask", "0077");
	assert_value(r, "personality", "0");
	assert_value(r, "timerslack", "50000");
	assert_value(r, "pdeathsig", "0");
	assert_value(r, "env", "TEST=yes");
	assert_int_equal(rig_count(r, "env"), 1);
	assert_int_equal(rig_count(r, "fd"), 3);
	assert_int_equal(r->status.si_code, CLD_EXITED);
	assert_int_equal(r->status.si_status, 0);
}

/* Nothing of the host: not in the mount table, not in the root, not in /dev. */
static void test_minimal_root(void **state)
{
	static const char *const dev[] = { "null", "zero", "full", "random", "urandom", "fd", "stdin",
		"stdout", "stderr", "shm" };
	struct rig *r = *state;

	RUN(r, "see");
	assert_int_equal(rig_count(r, "dev"), sizeof(dev) / sizeof(dev[0]));
	for (size_t i = 0; i < sizeof(dev) / sizeof(dev[0]); i++)
		assert_line(r, rig_format(r, "dev %s", dev[i]));
	for (const char *const *name =
			(const char *const[]){ "home", "root", "var", "run", "sys", "mnt", "boot", NULL };
		*name; name++)
		assert_false(rig_has_line(r, rig_format(r, "root %s", *name)));
	/* subset=pid, hidepid: not even the jail's init */
	assert_line(r, "proc 2");
	assert_line(r, "proc self");
	assert_false(rig_has_line(r, "proc 1"));
	assert_false(rig_has_line(r, "proc sys"));
	assert_int_equal(rig_count(r, "proc"), 3);
}

/* Each line of mountinfo: only what was asked for, with the flags that it must have. */
static void test_mount_flags(void **state)
{
	struct rig *r = *state;
	size_t seen = 0;

	RUN(r, "see");
	for (const char *line = r->output; (line = strstr(line, "\nmount ")); line++) {
		char point[256], flags[256], root[256];
		bool device;

		assert_int_equal(
			sscanf(line, "\nmount %*s %*s %*s %255s %255s %255s", root, point, flags), 3);
		device = strncmp(point, "/dev/", 5) == 0 && strcmp(point, "/dev/shm") != 0;
		assert_non_null(strstr(flags, "nosuid"));
		if (!device)
			assert_non_null(strstr(flags, "nodev"));
		if (strcmp(point, "/tmp") != 0 && strcmp(point, "/dev/shm") != 0 &&
			strcmp(point, "/proc") != 0)
			assert_true(strncmp(flags, "ro,", 3) == 0);
		/* no propagation from or to anybody */
		assert_null(strstr(flags, "shared:"));
		assert_true(memmem(line, strcspn(line + 1, "\n"), " shared:", 8) == NULL);
		assert_true(memmem(line, strcspn(line + 1, "\n"), " master:", 8) == NULL);
		seen++;
	}
	assert_true(seen >= 10);
	assert_int_equal(seen, rig_count(r, "mount"));
}

static const char *own_namespace(struct rig *r, const char *name)
{
	char text[64];
	ssize_t n = readlink(rig_format(r, "/proc/self/ns/%s", name), text, sizeof(text) - 1);

	assert_true(n > 0);
	return rig_format(r, "%.*s", (int)n, text);
}

static void check_namespaces(struct rig *r, uint32_t own)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} all[] = { { JAIL_NS_MOUNT, "mnt" }, { JAIL_NS_PID, "pid" }, { JAIL_NS_NET, "net" },
		{ JAIL_NS_IPC, "ipc" }, { JAIL_NS_UTS, "uts" }, { JAIL_NS_CGROUP, "cgroup" },
		{ JAIL_NS_TIME, "time" }, { 0, "user" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *theirs = rig_value(r, rig_format(r, "ns_%s", all[i].name));

		assert_non_null(theirs);
		if (own & all[i].flag)
			assert_string_not_equal(theirs, own_namespace(r, all[i].name));
		else
			assert_string_equal(theirs, own_namespace(r, all[i].name));
	}
}

static void test_all_namespaces(void **state)
{
	struct rig *r = *state;

	RUN(r, "see");
	check_namespaces(r, JAIL_NS_DEFAULT);
	if (r->cgroup)
		assert_line(r, "cgroup 0::/");
}

/* Another one, with the same clocks. */
static void test_time_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces |= JAIL_NS_TIME;
	RUN(r, "see", "--", "cat", "/proc/self/timens_offsets");
	check_namespaces(r, JAIL_NS_DEFAULT | JAIL_NS_TIME);
	assert_non_null(
		strstr(r->output, "monotonic           0         0\nboottime            0         0\n"));
}

static void test_few_namespaces(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces = JAIL_NS_PID | JAIL_NS_MOUNT;
	RUN(r, "see");
	check_namespaces(r, JAIL_NS_PID | JAIL_NS_MOUNT);
}

/* Without one of its own, the payload is in the launcher's, and sees the host's /proc. */
static void test_no_namespaces(void **state)
{
	struct rig *r = *state;
	struct jail_spec *s = &r->spec;

	if (!r->cgroup)
		skip();
	s->namespaces = 0;
	s->minimal_root = s->private_tmp = s->private_devices = false;
	s->n_mounts = 0;
	s->executable = r->probe;
	RUN(r, "see");
	check_namespaces(r, 0);
	assert_value(r, "uid", "54321 54321 54321 54321");
	assert_int_equal(rig_count(r, "fd"), 3);
}

static void test_ids(void **state)
{
	static const gid_t groups[] = { 7, 100, 0x80000000, 0xfffffffe };
	struct rig *r = *state;

	r->spec.uid = 0xfffffffd;
	r->spec.gid = 0x80000000;
	r->spec.groups = groups;
	r->spec.n_groups = 4;
	RUN(r, "see");
	/* setfsuid() returns an int */
	assert_value(r, "uid", "4294967293 4294967293 4294967293 -3");
	assert_value(r, "gid", "2147483648 2147483648 2147483648 -2147483648");
	assert_value(r, "groups", "7 100 2147483648 4294967294");
}

static void test_caps(void **state)
{
	const uint64_t ambient = CAP(CAP_NET_BIND_SERVICE) | CAP(CAP_SYS_NICE) | CAP(CAP_SYSLOG);
	struct rig *r = *state;
	static const char *const sets[] = { "cap_permitted", "cap_effective", "cap_inheritable",
		"cap_ambient" };
	const char *expected = rig_format(r, "%016llx", (unsigned long long)ambient);

	r->spec.ambient = ambient;
	r->spec.bounding = ambient | CAP(CAP_CHOWN) | CAP(CAP_CHECKPOINT_RESTORE);
	r->spec.secure_bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
			      SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
	RUN(r, "see");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		assert_value(r, sets[i], expected);
	assert_value(r, "cap_bounding", rig_format(r, "%016llx", (unsigned long long)r->spec.bounding));
	assert_value(r, "securebits", rig_format(r, "%u", r->spec.secure_bits));
	assert_value(r, "no_new_privs", "1");
}

/* With uid 0 the kernel would give all of the bounding set at exec, were it not for no_new_privs. */
static void test_caps_of_root(void **state)
{
	struct rig *r = *state;

	r->spec.uid = 0;
	r->spec.gid = 0;
	r->spec.bounding = CAP(CAP_CHOWN) | CAP(CAP_KILL);
	r->spec.ambient = CAP(CAP_KILL);
	RUN(r, "see");
	assert_value(r, "cap_permitted", "0000000000000020");
	assert_value(r, "cap_effective", "0000000000000020");
	assert_value(r, "cap_bounding", "0000000000000021");
	assert_value(r, "uid", "0 0 0 0");
}

static void test_arguments_exactly(void **state)
{
	struct rig *r = *state;

	rig_env(r, (const char *const[]){
			   "A=", "B=x y\tz", "LD_PRELOAD=/nonexistent", "=odd", "\x80=\xff", NULL });
	RUN(r, "args", "", "--help", "-c", "a b", "\xff\x01", "%n", "*", "--", "see");
	assert_line(r, "arg ");
	assert_line(r, "arg --help");
	assert_line(r, "arg -c");
	assert_line(r, "arg a b");
	assert_line(r, "arg \xff\x01");
	assert_line(r, "arg %n");
	assert_line(r, "arg *");
	assert_line(r, "env A=");
	assert_line(r, "env B=x y\tz");
	assert_line(r, "env =odd");
	assert_line(r, "env \x80=\xff");
	assert_int_equal(rig_count(r, "env"), 5);
}

static void test_empty_environment(void **state)
{
	struct rig *r = *state;

	rig_env(r, (const char *const[]){ NULL });
	RUN(r, "see");
	assert_int_equal(rig_count(r, "env"), 0);
}

/* The hard limit that a payload can get at most: our own, where we lack CAP_SYS_RESOURCE to raise it (sudo
 * can leave it at 0). */
static rlim_t highest_core(rlim_t wanted)
{
	struct rlimit own, raised;

	assert_return_code(getrlimit(RLIMIT_CORE, &own), errno);
	raised = (struct rlimit){ own.rlim_cur, wanted };
	if (own.rlim_max >= wanted || setrlimit(RLIMIT_CORE, &raised) < 0)
		return own.rlim_max < wanted ? own.rlim_max : wanted;
	assert_return_code(setrlimit(RLIMIT_CORE, &own), errno);
	return wanted;
}

static void assert_no_core(struct rig *r)
{
	_cleanup_free_ char *want = NULL;
	unsigned long most = highest_core(1);

	assert_true(asprintf(&want, "%lu %lu", most, most) > 0);
	assert_value(r, "limit_CORE", want);
}

static void test_limits(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_NOFILE, 100, 200);
	rig_limit(r, RLIMIT_FSIZE, 0, 1 << 20);
	rig_limit(r, RLIMIT_CPU, 5, UINT64_MAX);
	RUN(r, "see");
	assert_value(r, "limit_NOFILE", "100 200");
	assert_value(r, "limit_FSIZE", "0 1048576");
	assert_value(r, "limit_CPU", "5 18446744073709551615");
	/* what was not asked for comes from the table, not from us */
	assert_no_core(r);
	assert_value(r, "limit_NICE", "0 0");
	assert_value(r, "limit_RTPRIO", "0 0");
	assert_value(r, "limit_MEMLOCK", "65536 65536");
	assert_value(r, "limit_MSGQUEUE", "819200 819200");
	assert_value(r, "limit_STACK", "8388608 18446744073709551615");
}

/* "None" is told to the kernel in the way that a program in core_pattern gets none either. */
static void test_no_core(void **state)
{
	struct rig *r = *state;

	rig_limit(r, RLIMIT_CORE, 0, 0);
	RUN(r, "see");
	assert_no_core(r);
}

static void test_no_core_at_first(void **state)
{
	struct rig *r = *state;
	_cleanup_free_ char *want = NULL;
	unsigned long most = highest_core(1 << 20);

	/* a limit that is asked for and cannot be had fails the launch: test-stages.c */
	rig_limit(r, RLIMIT_CORE, 0, most);
	RUN(r, "see");
	assert_true(asprintf(&want, "%d %lu", most > 0, most) > 0);
	assert_value(r, "limit_CORE", want);
}

/* The launcher's own state, made as unusual as can be, must not come through. */
static void test_nothing_inherited(void **state)
{
	struct rig *r = *state;
	struct rlimit old, low = { 64, 0 };
	sigset_t set, old_set;
	mode_t old_mask;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old_set);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	/* a launcher finds these when it begins */
	assert_int_equal(process_ignored_signals(&r->context.ignored_signals), 0);
	prctl(PR_SET_TIMERSLACK, 123456, 0, 0, 0);
	personality(ADDR_NO_RANDOMIZE);
	old_mask = umask(0123);
	setenv("LEAK", "1", 1);
	assert_int_equal(START(r, "see"), 0);
	umask(old_mask);
	personality(PER_LINUX);
	prctl(PR_SET_TIMERSLACK, 50000, 0, 0, 0);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old_set, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_value(r, "sig_ignored", "0000000000000000");
	assert_value(r, "sig_blocked", "0000000000000000");
	assert_value(r, "timerslack", "50000");
	assert_value(r, "personality", "0");
	assert_value(r, "umask", "0077");
	assert_int_equal(rig_count(r, "env"), 1);
	assert_true(strncmp(rig_value(r, "limit_NOFILE"), "1024 ", 5) == 0);
}

static void test_directory(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", 0);
	r->spec.working_directory = "/data";
	RUN(r, "see");
	assert_value(r, "cwd", "/data");
}

/* A text of the launcher's memory, searched for in the payload's. It is given reversed, not to find the
 * argument. */
static void test_memory(void **state)
{
	struct rig *r = *state;
	char *secret = strdup("a-secret-that-must-not-go-along"), reversed[64] = "";
	size_t n = strlen(secret);

	for (size_t i = 0; i < n; i++)
		reversed[i] = secret[n - 1 - i];
	RUN(r, "scan", reversed);
	assert_value(r, "scan", "ok");
	free(secret);
}

/* Files that it makes belong to its ids, on the host too. */
static void test_owner_of_new_file(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 01777);
	struct stat st;

	rig_bind(r, directory, "/data", 0);
	RUN(r, "write", "/data/file");
	assert_value(r, "write", "ok");
	assert_int_equal(stat(rig_format(r, "%s/file", directory), &st), 0);
	assert_int_equal(st.st_uid, RIG_UID);
	assert_int_equal(st.st_gid, RIG_GID);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_status(void **state)
{
	struct rig *r = *state;

	RUN(r, "exit", "42");
	assert_int_equal(r->status.si_code, CLD_EXITED);
	assert_int_equal(r->status.si_status, 42);
}

/* No core dump, whatever core_pattern says. */
static void test_crash(void **state)
{
	struct rig *r = *state;

	r->spec.working_directory = "/tmp";
	RUN(r, "crash");
	assert_int_equal(r->status.si_code, CLD_KILLED);
	assert_int_equal(r->status.si_status, SIGSEGV);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_most_confined),
		TEST(test_minimal_root),
		TEST(test_mount_flags),
		TEST(test_all_namespaces),
		TEST(test_time_namespace),
		TEST(test_few_namespaces),
		TEST(test_no_namespaces),
		TEST(test_ids),
		TEST(test_caps),
		TEST(test_caps_of_root),
		TEST(test_arguments_exactly),
		TEST(test_empty_environment),
		TEST(test_limits),
		TEST(test_no_core),
		TEST(test_no_core_at_first),
		TEST(test_nothing_inherited),
		TEST(test_directory),
		TEST(test_memory),
		TEST(test_owner_of_new_file),
		TEST(test_status),
		TEST(test_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
