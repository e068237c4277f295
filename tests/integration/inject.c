/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inject.h"

#include <elf.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACEES_MAX 64
#define WAKE        SIGUSR2

struct tracee {
	pid_t pid;
	unsigned path[INJECT_DEPTH]; /* which child of which child */
	unsigned depth, n_children;
	bool is_target, failing;
	struct user_regs_struct before;
};

/* Shared with the tracer. */
struct inject {
	struct inject_plan plan;
	pid_t tracer;
	int begun;         /* atomic: 1, or a negative errno */
	int met;           /* atomic: who is meant has begun */
	int ends;          /* atomic */
	bool failed, done; /* once; as often as is to be */
	unsigned counts[INJECT_CALLS];
	struct tracee tracees[TRACEES_MAX];
	size_t n;
	pid_t early[TRACEES_MAX]; /* that stopped before their parents told of them */
	size_t n_early;
};

static void nothing(int sig)
{
	(void)sig;
}

#if defined(__x86_64__)
static void set_call(struct user_regs_struct *r)
{
	r->orig_rax = SYS_close;
	r->rdi = (unsigned long long)-1;
}

static void set_result(struct user_regs_struct *r, const struct user_regs_struct *before, int error)
{
	r->rdi = before->rdi;
	r->rax = (unsigned long long)-error;
}
#elif defined(__aarch64__)
static void set_call(struct user_regs_struct *r)
{
	r->regs[0] = (unsigned long long)-1;
}

static void set_result(struct user_regs_struct *r, const struct user_regs_struct *before, int error)
{
	(void)before;
	r->regs[0] = (unsigned long long)-error;
}
#endif

bool inject_possible(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	return geteuid() == 0;
#else
	return false;
#endif
}

static long registers(enum __ptrace_request request, pid_t pid, struct user_regs_struct *r)
{
	struct iovec v = { .iov_base = r, .iov_len = sizeof(*r) };

	return ptrace(request, pid, (void *)(uintptr_t)NT_PRSTATUS, &v);
}

static long set_number(pid_t pid, int number)
{
#if defined(__aarch64__)
	struct iovec v = { .iov_base = &number, .iov_len = sizeof(number) };

	return ptrace(PTRACE_SETREGSET, pid, (void *)(uintptr_t)NT_ARM_SYSTEM_CALL, &v);
#else
	(void)pid;
	(void)number; /* a register like others */
	return 0;
#endif
}

/* For these the kernel has no error, whatever its state: ends, what asks a process for itself, what takes
 * away. close(2) has closed whatever it returns, and a call that does not happen has not. */
static bool can_fail(const struct __ptrace_syscall_info *i)
{
	static const int never[] = { SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
		SYS_restart_syscall, SYS_umask, SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid,
		SYS_getgid, SYS_getegid };

	for (size_t n = 0; n < G_N_ELEMENTS(never); n++)
		if (i->entry.nr == (unsigned)never[n])
			return false;
	if (i->entry.nr == SYS_epoll_ctl)
		return i->entry.args[1] != EPOLL_CTL_DEL;
	/* of one's own children, without waiting */
	if (i->entry.nr == SYS_waitid)
		return !(i->entry.args[3] & WNOHANG);
	return i->entry.nr < INJECT_CALLS;
}

static struct tracee *find(struct inject *in, pid_t pid)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->tracees[i].pid == pid)
			return &in->tracees[i];
	return NULL;
}

static void forget(struct inject *in, struct tracee *t)
{
	*t = in->tracees[--in->n];
}

/* Its children may be meant, or those of one that it starts. */
static bool leads_on(const struct inject *in, const struct tracee *t)
{
	for (unsigned i = 0; i < t->depth && i < INJECT_DEPTH; i++)
		if (t->path[i] != in->plan.at[i])
			return false;
	return t->depth < INJECT_DEPTH && in->plan.at[t->depth] > 0;
}

static bool is_meant(const struct inject *in, const struct tracee *t)
{
	return t->depth <= INJECT_DEPTH && memcmp(t->path, in->plan.at, sizeof(t->path)) == 0;
}

static struct tracee *add(struct inject *in, pid_t pid, struct tracee *parent)
{
	struct tracee *t;

	if (in->n == TRACEES_MAX)
		g_error("too many processes to trace");
	t = &in->tracees[in->n++];
	*t = (struct tracee){ .pid = pid };
	if (parent) {
		memcpy(t->path, parent->path, sizeof(t->path));
		t->depth = parent->depth + 1;
		if (parent->depth < INJECT_DEPTH)
			t->path[parent->depth] = ++parent->n_children;
	}
	t->is_target = is_meant(in, t) && (parent || !in->plan.from_exec);
	if (t->is_target)
		g_atomic_int_set(&in->met, 1);
	return t;
}

static void fail_it(struct inject *in, struct tracee *t)
{
	struct user_regs_struct r;

	if (registers(PTRACE_GETREGSET, t->pid, &r) < 0)
		return;
	t->before = r;
	set_call(&r);
	if (registers(PTRACE_SETREGSET, t->pid, &r) < 0 || set_number(t->pid, SYS_close) < 0)
		return;
	t->failing = true;
	in->failed = true;
	in->done = in->counts[in->plan.call] >= in->plan.last;
}

static void finish_it(const struct inject *in, struct tracee *t)
{
	struct user_regs_struct r;

	t->failing = false;
	if (registers(PTRACE_GETREGSET, t->pid, &r) < 0)
		return;
	set_result(&r, &t->before, in->plan.error);
	(void)registers(PTRACE_SETREGSET, t->pid, &r);
}

static void at_call(struct inject *in, struct tracee *t)
{
	struct __ptrace_syscall_info i = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, (void *)sizeof(i), &i) < 0)
		return;
	if (i.op == PTRACE_SYSCALL_INFO_EXIT && t->failing)
		return finish_it(in, t);
	if (i.op != PTRACE_SYSCALL_INFO_ENTRY || !t->is_target || !can_fail(&i))
		return;
	in->counts[i.entry.nr]++;
	if (!in->plan.count && !in->done && (int)i.entry.nr == in->plan.call &&
		in->counts[i.entry.nr] >= in->plan.nth)
		fail_it(in, t);
}

/* Of no use any more: neither meant, nor on the way to who is; or all is over. */
static bool may_go(struct inject *in, const struct tracee *t)
{
	if (t->failing)
		return false;
	if (g_atomic_int_get(&in->ends) || (in->done && !in->plan.count))
		return true;
	return !t->is_target && !leads_on(in, t) && !(t->depth == 0 && in->plan.from_exec);
}

static void go_on(struct inject *in, struct tracee *t, int sig)
{
	const bool calls = t->is_target || t->failing;

	if (may_go(in, t)) {
		(void)ptrace(PTRACE_DETACH, t->pid, NULL, (void *)(uintptr_t)sig);
		return forget(in, t);
	}
	(void)ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, t->pid, NULL, (void *)(uintptr_t)sig);
}

static void tell_of_child(struct inject *in, struct tracee *parent)
{
	unsigned long pid = 0;
	struct tracee *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) < 0)
		return;
	child = add(in, (pid_t)pid, parent);
	for (size_t i = 0; i < in->n_early; i++)
		if (in->early[i] == (pid_t)pid) {
			in->early[i] = in->early[--in->n_early];
			return go_on(in, child, 0);
		}
}

static void stopped(struct inject *in, struct tracee *t, int status)
{
	const int sig = WSTOPSIG(status), event = status >> 16;

	if (sig == (SIGTRAP | 0x80))
		at_call(in, t);
	else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		tell_of_child(in, t);
	else if (event == PTRACE_EVENT_EXEC)
		t->is_target = is_meant(in, t);
	else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		(void)ptrace(PTRACE_LISTEN, t->pid, NULL, NULL);
		return;
	}
	go_on(in, t, event || sig == (SIGTRAP | 0x80) ? 0 : sig);
}

static void hear(struct inject *in, pid_t pid, int status)
{
	struct tracee *t = find(in, pid);

	if (!WIFSTOPPED(status)) {
		if (t)
			forget(in, t);
	} else if (t)
		stopped(in, t, status);
	else if (in->n_early < TRACEES_MAX)
		in->early[in->n_early++] = pid;
}

/* What runs stops for it, and is let go then. */
static void interrupt_all(struct inject *in)
{
	for (size_t i = 0; i < in->n; i++)
		(void)ptrace(PTRACE_INTERRUPT, in->tracees[i].pid, NULL, NULL);
}

static int seize(struct inject *in)
{
	const unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
				      PTRACE_O_TRACECLONE | (in->plan.from_exec ? PTRACE_O_TRACEEXEC : 0);
	const pid_t pid = in->plan.root;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0 ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid)
		return -errno;
	(void)add(in, pid, NULL);
	hear(in, pid, status);
	return 1;
}

static void trace(struct inject *in)
{
	const int begun = seize(in);
	bool told = false;

	g_atomic_int_set(&in->begun, begun);
	while (in->n > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid > 0)
			hear(in, pid, status);
		else if (errno != EINTR)
			break;
		if (g_atomic_int_get(&in->ends) && !told) {
			told = true;
			interrupt_all(in);
		}
	}
}

/* A process, not a thread: the test's waits for its own children would take what is the tracer's to hear. */
struct inject *inject_begin(const struct inject_plan *plan)
{
	const struct sigaction sa = { .sa_handler = nothing };
	struct inject *in =
		mmap(NULL, sizeof(*in), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int begun;

	g_assert(in != MAP_FAILED);
	in->plan = *plan;
	g_assert(sigaction(WAKE, &sa, NULL) == 0);
	pid = fork();
	g_assert(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		trace(in);
		_exit(0);
	}
	in->tracer = pid;
	while ((begun = g_atomic_int_get(&in->begun)) == 0)
		g_usleep(100);
	if (begun < 0)
		g_error("process %d can not be traced: %s", plan->root, g_strerror(-begun));
	return in;
}

bool inject_met(struct inject *in)
{
	return g_atomic_int_get(&in->met) != 0;
}

bool inject_end(struct inject *in, unsigned counts[INJECT_CALLS])
{
	int status;
	bool failed;

	g_atomic_int_set(&in->ends, 1);
	/* it may be about to wait just now */
	while (waitpid(in->tracer, &status, WNOHANG) == 0) {
		(void)kill(in->tracer, WAKE);
		g_usleep(1000);
	}
	g_assert(status == 0);
	failed = in->failed;
	if (counts)
		memcpy(counts, in->counts, sizeof(in->counts));
	g_assert(munmap(in, sizeof(*in)) == 0);
	return failed;
}
