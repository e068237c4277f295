/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Landlock around a payload: that each kind of rule bites and lets through what it says, that without it the
 * same things work, and what becomes of a launch on a kernel whose Landlock is older, or is not there. The
 * kernel's version is whatever a listener answers who sits on the system call that asks for it.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/landlock.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RULES_MAX 8

struct wish {
	struct compiled_landlock landlock;
	struct landlock_rule rules[RULES_MAX];
	struct landlock_port ports[RULES_MAX];
};

static void wish_path(struct wish *w, enum path_access access, const char *path)
{
	w->landlock.restricts |= RESTRICT_FILES;
	w->landlock.rules = w->rules;
	w->rules[w->landlock.n_rules++] =
		(struct landlock_rule){ .access = access, .path = (char *)(uintptr_t)path };
}

static void wish_port(struct wish *w, uint16_t port, bool bind, bool connect)
{
	w->landlock.ports = w->ports;
	w->ports[w->landlock.n_ports++] =
		(struct landlock_port){ .port = port, .bind = bind, .connect = connect };
}

/* A directory of the payload's own, writable as far as its mount goes. */
static void bind_own(struct rig *r, const char *name, const char *target)
{
	const char *path = rig_mkdir(r, name, 0777);

	assert_int_equal(chown(path, RIG_UID, RIG_GID), 0);
	rig_file(r, rig_format(r, "%s/file", name), "text", 0666);
	rig_bind(r, path, target, 0);
}

static void test_kinds(void **state)
{
	struct rig *r = *state;
	struct wish w = { 0 };

	bind_own(r, "ro", "/ro");
	bind_own(r, "rw", "/rw");
	bind_own(r, "advanced", "/advanced");
	bind_own(r, "other", "/other");
	wish_path(&w, PATH_READ_EXECUTE, RIG_PROBE);
	wish_path(&w, PATH_READ_ONLY, "/ro");
	wish_path(&w, PATH_READ_WRITE, "/rw");
	wish_path(&w, PATH_ADVANCED_READ_WRITE, "/advanced");
	r->spec.landlock = &w.landlock;
	RUN(r, "open", "/ro/file", "--", "open", "/ro/file", "w", "--", "truncate", "/ro/file", "--", "mkdir",
		"/ro/d", "--", "open", "/rw/file", "rw", "--", "truncate", "/rw/file", "--", "mkdir", "/rw/d",
		"--", "unlink", "/rw/file", "--", "symlink", "x", "/rw/l", "--", "rename", "/rw/d",
		"/advanced/d", "--", "write", "/advanced/new", "--", "symlink", "x", "/advanced/l", "--",
		"open", "/other/file", "--", "mkdir", "/other/d", "--", "open", "/dev/null");
	assert_string_equal(r->output,
		"open ok\nopen EACCES\ntruncate EACCES\nmkdir EACCES\nopen ok\ntruncate ok\n"
		"mkdir ok\nunlink ok\nsymlink EACCES\nrename EXDEV\nwrite ok\nsymlink ok\n"
		"open EACCES\nmkdir EACCES\nopen EACCES\n");
}

/* The same without: the mounts alone let all of it happen. */
static void test_off(void **state)
{
	struct rig *r = *state;

	bind_own(r, "ro", "/ro");
	RUN(r, "open", "/ro/file", "w", "--", "truncate", "/ro/file", "--", "mkdir", "/ro/d", "--", "symlink",
		"x", "/ro/l", "--", "open", "/dev/null", "--", "bind-tcp", "8080");
	assert_string_equal(r->output, "open ok\ntruncate ok\nmkdir ok\nsymlink ok\nopen ok\nbind-tcp ok\n");
}

/* Without FsPathReadExecute= for it the program itself can't be started, and that is said. */
static void test_executable(void **state)
{
	struct rig *r = *state;
	struct wish w = { 0 };

	wish_path(&w, PATH_READ_ONLY, RIG_PROBE);
	r->spec.landlock = &w.landlock;
	rig_fail(r, STAGE_EXEC, -EACCES, "FsPathReadExecute= covers " RIG_PROBE);
}

static void test_missing_path(void **state)
{
	struct rig *r = *state;
	struct wish w = { 0 };

	wish_path(&w, PATH_READ_EXECUTE, RIG_PROBE);
	wish_path(&w, PATH_READ_ONLY, "/no-such-place/path");
	r->spec.landlock = &w.landlock;
	rig_fail(r, STAGE_LANDLOCK, -ENOENT, "/no-such-place/path");
}

static void test_missing_optional_path(void **state)
{
	struct rig *r = *state;
	struct wish w = { 0 };

	wish_path(&w, PATH_READ_EXECUTE, RIG_PROBE);
	wish_path(&w, PATH_READ_ONLY, "/no-such-place/path");
	w.rules[1].optional = true;
	r->spec.landlock = &w.landlock;
	RUN(r, "open", "/dev/null");
	assert_string_equal(r->output, "open EACCES\n");
}

/* A rule's path leads where links in the jail lead that are root's. */
static void test_link(void **state)
{
	struct rig *r = *state;
	struct wish w = { 0 };

	bind_own(r, "own", "/own");
	wish_path(&w, PATH_READ_EXECUTE, "/");
	w.rules[0].access = PATH_READ_EXECUTE;
	wish_path(&w, PATH_READ_WRITE, "/own/link");
	assert_int_equal(symlink("/dev", rig_format(r, "%s/own/link", r->directory)), 0);
	assert_int_equal(lchown(rig_format(r, "%s/own/link", r->directory), RIG_UID, RIG_GID), 0);
	r->spec.landlock = &w.landlock;
	rig_fail(r, STAGE_LANDLOCK, -ELOOP, "/own/link");
}

static void test_ports(void **state)
{
	struct rig *r = *state;
	struct wish w = { .landlock.restricts = RESTRICT_BIND_TCP | RESTRICT_CONNECT_TCP };

	wish_port(&w, 8080, true, false);
	wish_port(&w, 8081, false, true);
	r->spec.landlock = &w.landlock;
	RUN(r, "bind-tcp", "8080", "--", "bind-tcp", "8081", "--", "connect-tcp", "8080", "--", "open",
		"/dev/null");
	assert_string_equal(r->output, "bind-tcp ok\nbind-tcp EACCES\nconnect-tcp EACCES\nopen ok\n");
}

/* Only what is asked for: binding is as free as without. */
static void test_connect_only(void **state)
{
	struct rig *r = *state;
	struct wish w = { .landlock.restricts = RESTRICT_CONNECT_TCP };

	r->spec.landlock = &w.landlock;
	RUN(r, "bind-tcp", "9999", "--", "connect-tcp", "9999");
	assert_string_equal(r->output, "bind-tcp ok\nconnect-tcp EACCES\n");
}

/* An abstract socket of ours, in a network namespace that is shared with the jail for this test. */
static int listen_abstract(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	assert_true(fd >= 0);
	memcpy(a.sun_path + 1, name, strlen(name));
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void scope_unix(struct rig *r, uint32_t restricts, const char *expected)
{
	struct wish w = { .landlock.restricts = restricts };
	const char *name = rig_format(r, "bailiff-test-%d", getpid());
	int fd = listen_abstract(name);

	r->spec.namespaces &= ~JAIL_NS_NET;
	r->spec.landlock = &w.landlock;
	RUN(r, "connect", rig_format(r, "@%s", name));
	assert_int_equal(fd_close(fd), -1);
	assert_string_equal(r->output, expected);
}

static void test_scope_unix(void **state)
{
	scope_unix(*state, RESTRICT_ABSTRACT_UNIX, "connect EPERM\n");
}

static void test_scope_unix_off(void **state)
{
	scope_unix(*state, RESTRICT_SIGNAL, "connect ok\n");
}

/* Without a PID namespace the jail sees us; our uid is its uid's for the purpose: a process of RIG_UID. */
static pid_t start_neighbour(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (close_range(0, UINT_MAX, 0) < 0 || setresuid(RIG_UID, RIG_UID, RIG_UID) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	usleep(50000);
	return pid;
}

static void scope_signal(struct rig *r, uint32_t restricts, const char *expected)
{
	struct wish w = { .landlock.restricts = restricts };
	pid_t pid;

	if (!r->cgroup)
		skip();
	pid = start_neighbour();
	r->spec.namespaces &= ~JAIL_NS_PID;
	r->spec.mount_proc = false;
	r->spec.landlock = &w.landlock;
	RUN(r, "kill", rig_format(r, "%d", pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_string_equal(r->output, expected);
}

static void test_scope_signal(void **state)
{
	scope_signal(*state, RESTRICT_SIGNAL, "kill EPERM\n");
}

static void test_scope_signal_off(void **state)
{
	scope_signal(*state, RESTRICT_ABSTRACT_UNIX, "kill ok\n");
}

/* What a launch came to, told by the process that made it. */
struct answer {
	int result;
	uint32_t lacking;
	bool without;
	struct jail_error error;
};

/* Sits on the version: an answer for each time that it is asked for. */
struct oracle {
	int listener, version;
};

static void *oracle_run(void *userdata)
{
	const struct oracle *o = userdata;

	for (;;) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(o->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			return NULL;
		answer.id = call.id;
		answer.val = o->version;
		if (ioctl(o->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0)
			return NULL;
	}
}

/* The thread that answers waits for the listener, which comes with the filter of the one that asks. */
struct late_oracle {
	struct oracle oracle;
	int pipe[2];
};

static void *late_oracle_run(void *userdata)
{
	struct late_oracle *o = userdata;

	if (read(o->pipe[0], &o->oracle.listener, sizeof(int)) != (ssize_t)sizeof(int))
		return NULL;
	return oracle_run(&o->oracle);
}

static int pretend_version(int version)
{
	const struct filter_rule rule = { SYS_landlock_create_ruleset, SECCOMP_RET_USER_NOTIF, 2,
		FILTER_WHOLE_ARG, LANDLOCK_CREATE_RULESET_VERSION };
	static struct late_oracle late;
	_cleanup_free_ struct sock_filter *f = NULL;
	struct sock_fprog program;
	pthread_t thread;
	int listener;
	size_t n;

	late.oracle.version = version;
	if (pipe2(late.pipe, O_CLOEXEC) < 0 || pthread_create(&thread, NULL, late_oracle_run, &late) != 0 ||
		filter_build(&rule, 1, FILTER_PERMIT, &f, &n) < 0)
		return -1;
	program = (struct sock_fprog){ .len = (unsigned short)n, .filter = f };
	listener = (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return listener >= 0 && write(late.pipe[1], &listener, sizeof(listener)) == (ssize_t)sizeof(listener)
		       ? 0
		       : -1;
}

/* @version: 0 for a kernel without Landlock, -1 for one that has it switched off. */
static noreturn void launch(struct rig *r, int version, struct answer *answer)
{
	const struct filter_rule none =
		FILTER_DENY(landlock_create_ruleset, version == 0 ? ENOSYS : EOPNOTSUPP);

	if (version > 0 ? pretend_version(version) < 0 : filter_apply(&none, 1, FILTER_PERMIT) < 0)
		_exit(1);
	answer->result = START(r, "exit", "0");
	if (answer->result >= 0) {
		answer->lacking = r->jail.lacking;
		answer->without = r->jail.without_landlock;
		(void)jail_go(&r->jail, &r->spec);
		answer->result = rig_report(r);
	}
	answer->error = r->error;
	jail_done(&r->context, &r->jail);
	rig_await_lingering(r);
	_exit(0);
}

static struct answer launch_on(struct rig *r, int version)
{
	struct answer *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct answer answer;
	int status;
	pid_t pid;

	assert_ptr_not_equal(shared, MAP_FAILED);
	r->spec.id += 1000;
	pid = fork();
	if (pid == 0)
		launch(r, version, shared);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	answer = *shared;
	assert_int_equal(munmap(shared, sizeof(*shared)), 0);
	return answer;
}

static const struct {
	uint32_t restricts;
	int least;           /* the version that has it */
	enum jail_lack lack; /* what an older one misses, among other things */
	const char *key;     /* the first that is missed */
} versions[] = {
	{ RESTRICT_FILES, 3, LACK_FS_PATH, "FsPath" },
	{ RESTRICT_BIND_TCP, 4, LACK_NET_BIND, "NetBindTcp=" },
	{ RESTRICT_CONNECT_TCP, 4, LACK_NET_CONNECT, "NetConnectTcp=" },
	{ RESTRICT_ABSTRACT_UNIX, 6, LACK_SCOPE_UNIX, "Scope=abstract-unix-socket" },
	{ RESTRICT_SIGNAL, 6, LACK_SCOPE_SIGNAL, "Scope=signal" },
	{ RESTRICT_FILES | RESTRICT_LOG, 7, LACK_LOG_DENIALS, "LogDenials=" },
};

static void expect_version(struct rig *r, size_t row, int version, bool optional)
{
	struct wish w = { .landlock.restricts = versions[row].restricts };
	bool enough = version >= versions[row].least;
	struct answer a;

	if (versions[row].restricts & RESTRICT_FILES)
		wish_path(&w, PATH_READ_EXECUTE, "/");
	r->spec.landlock = &w.landlock;
	r->spec.optional = optional ? OPTIONAL_LANDLOCK : 0;
	a = launch_on(r, version);
	if (enough || optional) {
		assert_int_equal(a.result, 1);
		assert_int_equal((a.lacking & 1U << versions[row].lack) != 0, !enough);
		if (version <= 0)
			assert_true(a.without);
		return;
	}
	assert_int_equal(a.result, -EOPNOTSUPP);
	assert_int_equal(a.error.stage, STAGE_LANDLOCK);
	if (!strstr(a.error.object, version > 2   ? versions[row].key
				    : version > 0 ? "="
						  : "this kernel has none"))
		fail_msg("version %d, %s: %s", version, versions[row].key, a.error.object);
}

static void test_versions(void **state)
{
	struct rig *r = *state;
	int have = landlock_abi();

	assert_true(have > 0);
	for (size_t row = 0; row < ELEMENTSOF(versions); row++)
		for (int version = -1; version <= 7 && version <= have; version++) {
			expect_version(r, row, version, false);
			expect_version(r, row, version, true);
		}
}

/* A call that only the child makes and that fails there. An exit status. */
static int refuse_in_child(struct rig *r, uint32_t call)
{
	const struct filter_rule rule = { call, FILTER_FAIL(EPERM), 0, 0, 0 };
	bool failed;

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0 || START(r, "exit", "0") < 0)
		return 1;
	failed = rig_report(r) == -EPERM && r->error.stage == STAGE_LANDLOCK;
	jail_done(&r->context, &r->jail);
	rig_await_lingering(r);
	return failed ? 0 : 2;
}

static void test_refused_in_child(void **state)
{
	static const uint32_t calls[] = { SYS_landlock_add_rule, SYS_landlock_restrict_self };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
		struct wish w = { 0 };
		pid_t pid;
		int status;

		wish_path(&w, PATH_READ_EXECUTE, "/");
		r->spec.landlock = &w.landlock;
		r->spec.id++;
		pid = fork();
		if (pid == 0)
			_exit(refuse_in_child(r, calls[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_off),
		TEST(test_executable),
		TEST(test_missing_path),
		TEST(test_missing_optional_path),
		TEST(test_link),
		TEST(test_ports),
		TEST(test_connect_only),
		TEST(test_scope_unix),
		TEST(test_scope_unix_off),
		TEST(test_scope_signal),
		TEST(test_scope_signal_off),
		TEST(test_versions),
		TEST(test_refused_in_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
