/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table of the processes (docs/ARCHITECTURE.md), read from /proc: who runs as whom, with which
 * capabilities, in which namespaces, behind which filter; and that none is in the forbidden intersection:
 * (root or CAP_SYS_ADMIN) and in the host's PID and mount namespaces and without seccomp and Landlock.
 */

#include "jail/alone.h"
#include "rig.h"

#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
	pid_t pid;
	char *status;
};

static void process_read_pid(pid_t pid, struct process *ret)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid);

	assert_true(pid > 1);
	ret->pid = pid;
	assert_true(g_file_get_contents(path, &ret->status, NULL, NULL));
}

static void process_read(struct rig *rig, enum rig_process which, struct process *ret)
{
	process_read_pid(rig_pid(rig, which), ret);
}

/* The text behind "KEY:\t" in /proc/PID/status. */
static char *status_field(const struct process *p, const char *key)
{
	g_autofree char *prefix = g_strdup_printf("\n%s:\t", key);
	const char *at = strstr(p->status, prefix);

	if (!at)
		fail_msg("no %s in the status of %d", key, p->pid);
	at += strlen(prefix);
	return g_strndup(at, strcspn(at, "\n"));
}

static guint64 status_hex(const struct process *p, const char *key)
{
	g_autofree char *text = status_field(p, key);

	return g_ascii_strtoull(text, NULL, 16);
}

static int status_int(const struct process *p, const char *key)
{
	g_autofree char *text = status_field(p, key);

	return (int)g_ascii_strtoll(text, NULL, 10);
}

/* Whether the process has a namespace of this kind that is not ours, the host's. */
static bool own_ns(const struct process *p, const char *kind)
{
	g_autofree char *theirs = g_strdup_printf("/proc/%d/ns/%s", p->pid, kind);
	g_autofree char *ours = g_strdup_printf("/proc/self/ns/%s", kind);
	struct stat a, b;

	assert_int_equal(stat(theirs, &a), 0);
	assert_int_equal(stat(ours, &b), 0);
	return a.st_ino != b.st_ino;
}

static void assert_uid(const struct process *p, uid_t uid)
{
	g_autofree char *uids = status_field(p, "Uid"),
			*want = g_strdup_printf("%u\t%u\t%u\t%u", uid, uid, uid, uid);

	assert_string_equal(uids, want);
}

static uid_t bailiff_uid(void)
{
	const struct passwd *pw = getpwnam("bailiff");

	assert_non_null(pw);
	return pw->pw_uid;
}

/* Of its own these and no more, and none to inherit. */
static void assert_capabilities(const struct process *p, guint64 own)
{
	static const char *const sets[] = { "CapInh", "CapAmb", "CapPrm", "CapEff", "CapBnd" };

	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++)
		if (status_hex(p, sets[i]) != (i < 2 ? 0 : own))
			fail_msg("process %d has %" G_GINT64_MODIFIER "x in %s", p->pid,
				status_hex(p, sets[i]), sets[i]);
}

static void assert_no_capabilities(const struct process *p)
{
	assert_capabilities(p, 0);
}

static void assert_not_forbidden(const struct process *p)
{
	g_autofree char *uids = status_field(p, "Uid");
	bool root = g_str_has_prefix(uids, "0\t") || strstr(uids, "\t0");
	bool admin = status_hex(p, "CapEff") & (1ULL << CAP_SYS_ADMIN);
	bool host = !own_ns(p, "pid") && !own_ns(p, "mnt");

	/* A filter alone does not excuse it: it would take Landlock too, which /proc does not show. */
	if ((root || admin) && host)
		fail_msg("process %d is privileged in the host's namespaces", p->pid);
}

/* Whether a process may look into another one of its uid that has no capability more than itself. */
static bool may_look_into(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cwd", pid);
	char target[64];

	return readlink(path, target, sizeof(target)) >= 0;
}

static void drop_ptrace(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		_exit(3);
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	data[0].effective &= ~(1U << CAP_SYS_PTRACE);
	data[0].permitted = data[0].effective;
	if (syscall(SYS_capset, &head, data) < 0)
		_exit(3);
}

/* Without CAP_SYS_PTRACE, root may look into root's processes unless they are undumpable. */
static int look(pid_t pid)
{
	pid_t equal;
	bool control;

	drop_ptrace();
	equal = fork();
	if (equal == 0)
		for (;;)
			(void)pause();
	control = equal > 0 && may_look_into(equal);
	if (equal > 0)
		(void)kill(equal, SIGKILL);
	return !control ? 2 : may_look_into(pid) ? 1 : 0;
}

static void assert_roots_undumpable(const struct process *p)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look(p->pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The /proc files of an undumpable process are root's, whoever it runs as. */
static void assert_undumpable(const struct process *p)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/environ", p->pid);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void test_stub(void **state)
{
	struct process p = { 0 };

	process_read(*state, RIG_STUB, &p);
	assert_uid(&p, bailiff_uid());
	assert_no_capabilities(&p);
	assert_int_equal(status_int(&p, "NoNewPrivs"), 1);
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	assert_undumpable(&p);
	assert_not_forbidden(&p);
	g_free(p.status);
}

/* The keeper lets others go first, and nothing that it starts does. */
static void assert_comes_last(const struct process *p, bool last)
{
	assert_int_equal(sched_getscheduler(p->pid), last ? SCHED_BATCH : SCHED_OTHER);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)p->pid), getpriority(PRIO_PROCESS, 0));
}

static void test_keeper(void **state)
{
	struct process p = { 0 };
	g_autofree char *nspid = NULL;

	process_read(*state, RIG_KEEPER, &p);
	nspid = status_field(&p, "NSpid");
	assert_true(g_str_has_suffix(nspid, "\t1"));
	assert_comes_last(&p, true);
	assert_uid(&p, 0);
	assert_true(own_ns(&p, "pid"));
	assert_true(own_ns(&p, "mnt"));
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	assert_roots_undumpable(&p);
	assert_not_forbidden(&p);
	g_free(p.status);
}

static void test_launcher(void **state)
{
	struct process p = { 0 }, keeper = { 0 };

	process_read(*state, RIG_LAUNCHER, &p);
	process_read(*state, RIG_KEEPER, &keeper);
	assert_comes_last(&p, false);
	assert_uid(&p, 0);
	assert_true(own_ns(&p, "pid"));
	assert_true(own_ns(&p, "mnt"));
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	/* bounded: nothing beyond what the keeper may pass on, and none of these */
	assert_int_equal(status_hex(&p, "CapBnd") & ~status_hex(&keeper, "CapBnd"), 0);
	assert_int_equal(status_hex(&p, "CapBnd") &
				 (1ULL << CAP_SYS_MODULE | 1ULL << CAP_SYS_RAWIO | 1ULL << CAP_SYS_BOOT |
					 1ULL << CAP_SYS_TIME | 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_BPF |
					 1ULL << CAP_MAC_ADMIN | 1ULL << CAP_SYSLOG),
		0);
	assert_int_equal(status_hex(&p, "CapAmb"), 0);
	assert_not_forbidden(&p);
	assert_roots_undumpable(&p);
	g_free(p.status);
	g_free(keeper.status);
}

static void assert_no_groups(const struct process *p)
{
	g_autofree char *groups = status_field(p, "Groups");

	assert_string_equal(g_strstrip(groups), "");
}

static size_t count_fds(const struct process *p)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", p->pid);
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	size_t n = 0;

	assert_non_null(d);
	while (g_dir_read_name(d))
		n++;
	return n;
}

/* There with KernelAudit=yes alone, and gone without it. */
static void test_auditor(void **state)
{
	static const char *const kinds[] = { "pid", "mnt", "net", "ipc" };
	struct process p = { 0 };

	assert_int_equal(rig_auditor_pid(*state), 0);
	rig_write(*state, "bailiffd.conf.d/audit.conf", "[Broker]\nKernelAudit=yes\n");
	rig_reload(*state);
	process_read_pid(rig_auditor_pid(*state), &p);
	assert_uid(&p, bailiff_uid());
	assert_no_groups(&p);
	assert_capabilities(&p, 1ULL << CAP_AUDIT_WRITE);
	assert_int_equal(status_int(&p, "NoNewPrivs"), 1);
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	/* the keeper's, which all have, and its own */
	assert_int_equal(status_int(&p, "Seccomp_filters"), 2);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (!own_ns(&p, kinds[i]))
			fail_msg("the auditor shares the host's %s namespace", kinds[i]);
	assert_int_equal(count_fds(&p), 5); /* 0, 1, 2, the channel, the kernel's log */
	assert_undumpable(&p);
	assert_not_forbidden(&p);
	g_free(p.status);
	rig_remove(*state, "bailiffd.conf.d/audit.conf");
	rig_reload(*state);
	for (int i = 0; i < RIG_TIMEOUT_MS / 20 && rig_auditor_pid(*state) > 0; i++)
		g_usleep(20000);
	assert_int_equal(rig_auditor_pid(*state), 0);
}

static void test_broker(void **state)
{
	static const char *const kinds[] = { "pid", "mnt", "net", "ipc", "uts", "cgroup" };
	struct process p = { 0 };
	g_autofree char *root = NULL;
	GDir *d;

	process_read(*state, RIG_BROKER, &p);
	assert_uid(&p, bailiff_uid());
	assert_no_groups(&p);
	assert_no_capabilities(&p);
	assert_int_equal(status_int(&p, "NoNewPrivs"), 1);
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	/* the keeper's, which all have, and its own */
	assert_int_equal(status_int(&p, "Seccomp_filters"), 2);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (!own_ns(&p, kinds[i]))
			fail_msg("the broker shares the host's %s namespace", kinds[i]);
	assert_undumpable(&p);
	assert_not_forbidden(&p);
	root = g_strdup_printf("/proc/%d/root", p.pid);
	d = g_dir_open(root, 0, NULL);
	assert_non_null(d);
	assert_null(g_dir_read_name(d));
	g_dir_close(d);
	g_free(p.status);
}

static pid_t child_named(pid_t parent, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", parent, parent), *list = NULL;
	g_auto(GStrv) children = NULL;

	assert_true(g_file_get_contents(path, &list, NULL, NULL));
	children = g_strsplit(list, " ", -1);
	for (char **c = children; *c; c++) {
		g_autofree char *comm = g_strdup_printf("/proc/%s/comm", *c), *is = NULL;

		if (**c && g_file_get_contents(comm, &is, NULL, NULL) && g_str_equal(g_strchomp(is), name))
			return (pid_t)g_ascii_strtoll(*c, NULL, 10);
	}
	return 0;
}

/* With it as with the launcher, but for what it has given up: it ends with the launcher, and the next one has
 * another. */
static void test_init_maker(void **state)
{
	const guint64 own = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID;
	struct process p = { 0 };
	pid_t old = rig_pid(*state, RIG_LAUNCHER), maker = child_named(old, "init-maker");

	assert_int_equal(maker > 0, ROOM_STANDS_ALONE);
	if (!ROOM_STANDS_ALONE)
		return;
	process_read_pid(maker, &p);
	assert_uid(&p, 0);
	assert_no_groups(&p);
	assert_true(status_hex(&p, "CapPrm") == own && status_hex(&p, "CapEff") == own);
	assert_true((status_hex(&p, "CapBnd") | status_hex(&p, "CapInh") | status_hex(&p, "CapAmb")) == 0);
	assert_int_equal(status_int(&p, "NoNewPrivs"), 1);
	/* the keeper's, which all have, and its own */
	assert_int_equal(status_int(&p, "Seccomp_filters"), 2);
	assert_true(own_ns(&p, "pid") && own_ns(&p, "mnt"));
	assert_roots_undumpable(&p);
	assert_not_forbidden(&p);
	g_free(p.status);
	rig_kill_and_wait(*state, RIG_LAUNCHER);
	for (int i = 0; i < RIG_TIMEOUT_MS / 20 && kill(p.pid, 0) == 0; i++)
		g_usleep(20000);
	assert_int_equal(kill(p.pid, 0), -1);
	assert_true(child_named(rig_pid(*state, RIG_LAUNCHER), "init-maker") > 1);
}

/* A jail's processes: uid of nobody else, no capability, no new privileges, own namespaces. */
static void test_jail(void **state)
{
	static const char *const argv[] = { "/usr/bin/xz", "-dc", NULL };
	static const char *const kinds[] = { "pid", "mnt", "net", "ipc", "uts", "cgroup" };
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct process p = { 0 };
	int pipe_fds[2];
	struct rig_launch l = { .profile = "decoder", .argv = argv, .n_fds = 1 };
	g_autofree char *uids = NULL;
	struct rig_sandbox s;

	assert_int_equal(pipe(pipe_fds), 0);
	l.fds[0] = 0;
	l.fds[1] = pipe_fds[0];
	rig_launch(c, &l, &s);
	process_read_pid(s.pid, &p);
	assert_comes_last(&p, false);
	uids = status_field(&p, "Uid");
	assert_true(g_ascii_strtoull(uids, NULL, 10) >= 1000);
	assert_no_capabilities(&p);
	assert_int_equal(status_int(&p, "NoNewPrivs"), 1);
	assert_int_equal(status_int(&p, "Seccomp"), 2);
	assert_true(status_int(&p, "Seccomp_filters") >= 2);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		assert_true(own_ns(&p, kinds[i]));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	g_free(p.status);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_stub),
		rig_test(test_keeper),
		rig_test(test_launcher),
		rig_test(test_init_maker),
		rig_test(test_broker),
		rig_test(test_auditor),
		rig_test(test_jail),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
