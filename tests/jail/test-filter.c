/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The keys of [Seccomp] around a real process: each bites where it is on, and what it refuses works where it
 * is off. What their programs say of every other call, unit-compiler-filter shows by simulation.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "compiler/translate.h"
#include "harness.h"
#include "profile/profile.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

#define SYSLOG_SIZE 10

#define WORD(x) #x
#define TEXT(x) WORD(x)

/* Gives the jail the filter of a profile with these lines. */
static void use_keys(struct rig *r, struct compiled_profile *p, const char *lines)
{
	const struct translation t = { 0 };
	const char *text = rig_format(r, "[User]\nUser=daemon\n%s\n", lines);
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile profile = { 0 };

	compiled_profile_init(p);
	if (profile_parse_text("p", text, strlen(text), &d, &source, &profile) < 0 ||
		translate_filter(&t, &profile, &d, p) < 0)
		fail_msg("%s: %s", lines, d.lines ? d.lines[0] : "?");
	r->spec.filter = p->filter;
	r->spec.n_filter = p->n_filter;
	r->spec.deny_write_execute = p->deny_write_execute;
}

/* What the jail has besides. */
struct wish {
	uint64_t capabilities;
	bool file; /* the payload's own, /file */
};

/* Runs the probe under these lines, in a fresh rig but for the first time. Its whole output, or the signal
 * that it ended by. */
static void expect_with(
	void **state, struct wish wish, const char *lines, const char *const *argv, const char *output)
{
	_cleanup_(compiled_profile_done) struct compiled_profile p;
	struct rig *r = *state;
	const char *ended = "";

	if (r->output) {
		assert_int_equal(rig_teardown(state), 0);
		assert_int_equal(rig_setup(state), 0);
		r = *state;
	}
	r->spec.bounding = r->spec.ambient = wish.capabilities;
	if (wish.file) {
		const char *path = rig_file(r, "file", "text", 0644);

		assert_int_equal(chown(path, RIG_UID, RIG_GID), 0);
		rig_bind(r, path, "/file", 0);
	}
	use_keys(r, &p, lines);
	rig_run(r, argv);
	if (r->status.si_code == CLD_KILLED || r->status.si_code == CLD_DUMPED)
		ended = r->status.si_status == SIGSYS ? "SIGSYS" : "?";
	if (strcmp(rig_format(r, "%s%s", r->output, ended), output) != 0)
		fail_msg("%s\nsaid:\n%s%s\nexpected:\n%s", lines, r->output, ended, output);
}

static void expect(void **state, const char *lines, const char *const *argv, const char *output)
{
	expect_with(state, (struct wish){ 0 }, lines, argv, output);
}

#define S(key) "[Seccomp]\n" key

#ifdef __x86_64__
#define I386_GETPID     20
#define I386_SOCKETCALL 102
#define X32_GETPID      0x40000027

static void test_architectures(void **state)
{
	const char *const *old = ARGS("int80", TEXT(I386_GETPID));

	expect(state, "", old, "SIGSYS");
	expect(state, S("SystemCallArchitectures=native"), old, "SIGSYS");
	expect(state, S("SystemCallArchitectures=x86"), old, "int80 ok\n");
	expect(state, S("SystemCallArchitectures=x86\nSystemCallFilter=~getpid:EACCES"), old,
		"int80 EACCES\n");
	expect(state, "", ARGS("call", TEXT(X32_GETPID)), "SIGSYS");
	/* connect(2) by its other way in */
	expect(state, S("SystemCallArchitectures=x86"), ARGS("int80", TEXT(I386_SOCKETCALL), "3", "0"),
		"int80 EFAULT\n");
	expect(state, S("SystemCallArchitectures=x86\nSystemCallFilter=~connect:EACCES"),
		ARGS("int80", TEXT(I386_SOCKETCALL), "3", "0", "--", "int80", TEXT(I386_SOCKETCALL), "2",
			"0"),
		"int80 EACCES\nint80 EFAULT\n");
}
#else
static void test_architectures(void **state)
{
	skip();
}
#endif

static void test_calls(void **state)
{
	const char *const *both = ARGS("socket", "unix", "--", "call", TEXT(SYS_getppid));

	expect(state, "", both, "socket ok\ncall ok\n");
	expect(state, S("SystemCallFilter=@system-service"), both, "socket ok\ncall ok\n");
	expect(state, S("SystemCallFilter=@system-service ~socket"), both, "SIGSYS");
	expect(state, S("SystemCallFilter=@system-service ~socket\nSystemCallErrorNumber=EBUSY"), both,
		"socket EBUSY\ncall ok\n");
	expect(state, S("SystemCallFilter=~@network-io:EACCES"), both, "socket EACCES\ncall ok\n");
	expect(state, S("SystemCallFilter=~execveat:EPERM @network-io:EACCES"), both,
		"socket EACCES\ncall ok\n");
	expect(state, S("SystemCallLog=socket"), both, "socket ok\ncall ok\n");
}

static void test_families(void **state)
{
	const char *const *all = ARGS("socket", "unix", "--", "socket", "inet", "--", "socket", "netlink",
		"--", "call", TEXT(SYS_socketpair), TEXT(AF_UNIX), "1", "0", "0");

	expect(state, "", all, "socket ok\nsocket ok\nsocket ok\ncall EFAULT\n");
	expect(state, S("RestrictAddressFamilies=AF_UNIX AF_INET"), all,
		"socket ok\nsocket ok\nsocket EAFNOSUPPORT\ncall EFAULT\n");
	expect(state, S("RestrictAddressFamilies=~AF_INET"), all,
		"socket ok\nsocket EAFNOSUPPORT\nsocket ok\ncall EFAULT\n");
	expect(state, S("RestrictAddressFamilies=none"), all,
		"socket EAFNOSUPPORT\nsocket EAFNOSUPPORT\nsocket EAFNOSUPPORT\ncall EFAULT\n");
}

/* With the right to make namespaces, or the kernel would refuse them as it is. */
static void test_namespaces(void **state)
{
	const struct wish admin = { .capabilities = 1ULL << CAP_SYS_ADMIN };
	const char *const *all = ARGS("unshare", "ipc", "--", "unshare", "net", "--", "call",
		TEXT(SYS_clone3), "0", "0", "--", "call", TEXT(SYS_setns), "1", "0");

	expect_with(state, admin, "", all, "unshare ok\nunshare ok\ncall EINVAL\ncall EINVAL\n");
	expect_with(state, admin, "[Namespaces]\nRestrictNamespaces=no", all,
		"unshare ok\nunshare ok\ncall EINVAL\ncall EINVAL\n");
	expect_with(state, admin, "[Namespaces]\nRestrictNamespaces=yes", all,
		"unshare EPERM\nunshare EPERM\ncall ENOSYS\ncall EPERM\n");
	expect_with(state, admin, "[Namespaces]\nRestrictNamespaces=ipc", all,
		"unshare ok\nunshare EPERM\ncall ENOSYS\ncall EPERM\n");
	expect_with(state, admin, "[Namespaces]\nRestrictNamespaces=~ipc", all,
		"unshare EPERM\nunshare ok\ncall ENOSYS\ncall EPERM\n");
}

static bool kernel_has_rule(void)
{
	return prctl(66 /* PR_GET_MDWE */, 0, 0, 0, 0) >= 0;
}

static void test_memory(void **state)
{
	const char *const *ways = ARGS("memory", "mmap", "--", "memory", "mprotect", "--", "memory", "pkey",
		"--", "memory", "shm", "--", "memory", "data", "--", "memory", "code", "--", "memory",
		"memfd", "--", "call", TEXT(SYS_personality), "0x400000");
	/* memfds are not this key's affair, as bailiff.profile(5) says */
	static const char refused[] = "memory EPERM\nmemory EPERM\nmemory EPERM\nmemory EPERM\n"
				      "memory ok\nmemory ok\nmemory ok\ncall EPERM\n";

	expect(state, "", ways,
		"memory ok\nmemory ok\nmemory ok\nmemory ok\nmemory ok\nmemory ok\nmemory ok\ncall ok\n");
	expect(state, S("MemoryDenyWriteExecute=no"), ARGS("memory", "rule"),
		kernel_has_rule() ? "memory ok\n" : "memory EINVAL\n");
	expect(state, S("MemoryDenyWriteExecute=yes"), ways, refused);
	expect(state, S("MemoryDenyWriteExecute=yes\nSystemCallFilter=~memfd_create:EPERM"),
		ARGS("memory", "memfd"), "memory EPERM\n");
	expect(state, S("MemoryDenyWriteExecute=yes"), ARGS("memory", "rule"),
		kernel_has_rule() ? "memory ok 1\n" : "memory EINVAL\n");
}

/* The kernel's own rule, without the filter that says the same: it is what refuses here. */
static void test_memory_rule(void **state)
{
	struct rig *r = *state;
	_cleanup_(compiled_profile_done) struct compiled_profile p;

	if (!kernel_has_rule())
		skip();
	use_keys(r, &p, "");
	r->spec.deny_write_execute = true;
	RUN(r, "memory", "mmap", "--", "memory", "mprotect", "--", "memory", "data");
	assert_string_equal(r->output, "memory EACCES\nmemory EACCES\nmemory ok\n");
}

/* The way around that bailiff.profile(5) names, and what it says against it. */
static void test_memory_by_proc(void **state)
{
	struct rig *r = *state;
	_cleanup_(compiled_profile_done) struct compiled_profile p;

	use_keys(r, &p, S("MemoryDenyWriteExecute=yes"));
	rig_restrict(r, RESTRICTION_READ_ONLY, "/proc", false);
	RUN(r, "memory", "proc", "--", "open", "/proc/self/mem");
	assert_string_equal(r->output, "memory EROFS\nopen ok\n");
}

/* A kernel before 6.3 does not know the rule: what systemd has there, the filter alone, stays. */
static void test_memory_old_kernel(void **state)
{
	const struct filter_rule rule = FILTER_DENY_ARG(prctl, 0, FILTER_WHOLE_ARG, PR_SET_MDWE, EINVAL);
	struct rig *r = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		_cleanup_(compiled_profile_done) struct compiled_profile p;

		use_keys(r, &p, S("MemoryDenyWriteExecute=yes"));
		if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
			_exit(2);
		RUN(r, "memory", "mmap");
		rig_await_lingering(r);
		_exit(strcmp(r->output, "memory EPERM\n") != 0);
	}
	/* or the child would wait for more output of ours */
	r->output_end = fd_close(r->output_end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Another answer than "unknown" is not borne. */
static void test_memory_refused(void **state)
{
	const struct filter_rule rule = FILTER_DENY_ARG(prctl, 0, FILTER_WHOLE_ARG, PR_SET_MDWE, EPERM);
	struct rig *r = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		_cleanup_(compiled_profile_done) struct compiled_profile p;

		use_keys(r, &p, S("MemoryDenyWriteExecute=yes"));
		if (filter_apply(&rule, 1, FILTER_PERMIT) < 0 || START(r, "see") < 0 ||
			jail_go(&r->jail, &r->spec) < 0)
			_exit(2);
		if (rig_report(r) != -EPERM || r->error.stage != STAGE_SECCOMP ||
			!strstr(r->error.object, "MemoryDenyWriteExecute="))
			_exit(3);
		jail_done(&r->context, &r->jail);
		rig_await_lingering(r);
		_exit(0);
	}
	/* or the child would wait for more output of ours */
	r->output_end = fd_close(r->output_end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_personality(void **state)
{
	const char *number = TEXT(SYS_personality);
	const char *const *change = ARGS("call", number, "0x40000", "--", "call", number, "0");

	expect(state, "", change, "call ok\ncall ok\n");
	expect(state, S("LockPersonality=no"), change, "call ok\ncall ok\n");
	expect(state, S("LockPersonality=yes"), change, "call EPERM\ncall ok\n");
}

/* sched_setscheduler(2) of an invalid pointer tells who answers: the kernel or the filter. */
static void test_realtime(void **state)
{
	const char *number = TEXT(SYS_sched_setscheduler);
	const char *const *change = ARGS("call", number, "0", TEXT(SCHED_FIFO), "1", "--", "call", number,
		"0", TEXT(SCHED_BATCH), "1", "--", "call", TEXT(SYS_sched_setattr), "0", "0", "0");

	expect(state, "", change, "call EFAULT\ncall EFAULT\ncall EINVAL\n");
	expect(state, S("RestrictRealtime=yes"), change, "call EPERM\ncall EFAULT\ncall ENOSYS\n");
}

static void test_suid(void **state)
{
	const struct wish file = { .file = true };
	const char *const *change = ARGS("chmod", "/file", "4755", "--", "chmod", "/file", "2755", "--",
		"chmod", "/file", "755", "--", "call", TEXT(SYS_openat2), "0", "0", "0", "0");

	expect_with(
		state, file, S("RestrictSUIDSGID=no"), change, "chmod ok\nchmod ok\nchmod ok\ncall EINVAL\n");
	expect_with(state, file, "", change, "chmod ok\nchmod ok\nchmod ok\ncall EINVAL\n");
	expect_with(state, file, S("RestrictSUIDSGID=yes"), change,
		"chmod EPERM\nchmod EPERM\nchmod ok\ncall ENOSYS\n");
}

static void test_system(void **state)
{
	const struct wish admin = { .capabilities = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYSLOG };
	const char *const *change = ARGS("sethostname", "--", "call", TEXT(SYS_clock_settime), "0", "0", "--",
		"call", TEXT(SYS_syslog), TEXT(SYSLOG_SIZE));

	expect_with(state, admin,
		"[Namespaces]\nProtectHostname=no\n[Filesystem]\nProtectClock=no\nProtectKernelLogs=no\n",
		change, "sethostname ok\ncall EFAULT\ncall ok\n");
	expect_with(state, admin, "", change, "sethostname EPERM\ncall EPERM\ncall EPERM\n");
}

static void test_terminals(void **state)
{

	expect(state, "", ARGS("tiocsti", "--", "tiocsti", "high", "--", "tioclinux"),
		"tiocsti EPERM\ntiocsti EPERM\ntioclinux EPERM\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_architectures),
		TEST(test_calls),
		TEST(test_families),
		TEST(test_namespaces),
		TEST(test_memory),
		TEST(test_memory_rule),
		TEST(test_memory_by_proc),
		TEST(test_memory_old_kernel),
		TEST(test_memory_refused),
		TEST(test_personality),
		TEST(test_realtime),
		TEST(test_suid),
		TEST(test_system),
		TEST(test_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
