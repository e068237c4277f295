/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that a filter ends the process for, and how it comes to be known which. The kernel tells nobody the
 * call and its arguments when it kills. So where the policy says "kill", the filter that is loaded says
 * "ask": the call waits, unmade, until the launcher has read what it is, and has killed the process itself
 * (seccomp_unotify(2)). Nobody ever answers such a question, so that no call that was asked about is made.
 * When the launcher ends, calls wait for the next one, for which the keeper holds the descriptor.
 *
 * The questions' descriptor exists only once the filter is loaded, and what sends it to the launcher then is
 * subject to the filter. So the filter begins with an exception for two calls, given to the last argument's
 * bits: the one that sends, and the one that loads a second, small filter, which says about just these two
 * what the policy says. Of several filters the strictest answer counts: from there on all are as the policy
 * has them, before the payload's first instruction.
 *
 * An errno is stricter than a question, so that another filter's errno would hide what the policy kills for.
 * What the keeper's deny-list (base/denied.c) answers with an errno is therefore left to the kernel to kill;
 * and a payload whose policy lets it load filters is not asked about unless the profile says so. Nor are
 * calls of another interface than the machine's own.
 *
 * A filter that can not ask (there is such a listener around us already; no number is free for the
 * descriptor) is loaded as the policy has it, and the kernel kills.
 */

#include "base/denied.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/process.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* pidfd_open(2) of a thread: Linux 6.9. */
#define PIDFD_OF_THREAD O_EXCL

/* Once the launcher has read a question, only what kills its process takes it back: Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define EXCEPTION_ARGUMENTS 3
#define EXCEPTION_INSNS     (2 + 4 * EXCEPTION_ARGUMENTS + 1)
#define HEAD_INSNS          (2 + VIOLATION_EXCEPTIONS * EXCEPTION_INSNS)
#define DENIED_INSNS        6 /* of one line of the keeper's list, at most */
#define TAIL_INSNS          4 /* of what else is at the end */

_Static_assert(HEAD_INSNS + 1 <= VIOLATION_HEAD_MAX, "room for the exceptions and a return");

/* A call down to the last bit of its arguments. */
struct exception {
	uint32_t number;
	uint64_t args[6];
};

static void emit(struct sock_filter *to, size_t *n, uint16_t code, uint8_t jf, uint32_t k)
{
	to[(*n)++] = (struct sock_filter){ .code = code, .jt = 0, .jf = jf, .k = k };
}

/* Falls through to the return if all is equal, else goes behind it. */
static void emit_word(struct sock_filter *to, size_t *n, size_t end, size_t offset, uint32_t value)
{
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, (uint32_t)offset);
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(end - *n - 1), value);
}

static void emit_exception(struct sock_filter *to, size_t *n, const struct exception *e, uint32_t verdict)
{
	const size_t end = *n + EXCEPTION_INSNS, args = offsetof(struct seccomp_data, args);

	emit_word(to, n, end, offsetof(struct seccomp_data, nr), e->number);
	for (size_t i = 0; i < EXCEPTION_ARGUMENTS; i++) {
		uint32_t words[2];

		/* in memory's order, whichever half that puts first */
		memcpy(words, &e->args[i], sizeof(words));
		emit_word(to, n, end, args + i * sizeof(uint64_t), words[0]);
		emit_word(to, n, end, args + i * sizeof(uint64_t) + sizeof(uint32_t), words[1]);
	}
	emit(to, n, BPF_RET | BPF_K, 0, verdict);
}

/* Other interfaces' calls have no exception. */
static void emit_native_only(struct sock_filter *to, size_t *n, size_t skipped)
{
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, offsetof(struct seccomp_data, arch));
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)skipped, filter_native_arch());
}

static bool kills(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_RET && BPF_RVAL(f->code) == BPF_K &&
	       (f->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_PROCESS;
}

static bool any_kills(const struct jail_spec *spec)
{
	for (size_t i = 0; i < spec->n_filter; i++)
		if (kills(&spec->filter[i]))
			return true;
	return false;
}

/* Does the kernel know the calls, and a form of them that we do? */
static bool kernel_can_ask(void)
{
	struct seccomp_notif_sizes sizes;

	return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
	       sizes.seccomp_notif <= sizeof(union violation_question);
}

/* Where the policy kills: what would not survive another filter's errno is killed for by the kernel. */
static void emit_question(struct sock_filter *to, size_t *n)
{
	emit_native_only(to, n, 0);
	to[*n - 1].jt = 1;
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < n_denied_calls; i++) {
		const struct filter_rule *r = &denied_calls[i];
		const size_t end = *n + (r->mask != 0 ? DENIED_INSNS : DENIED_INSNS - 3);

		emit_word(to, n, end, offsetof(struct seccomp_data, nr), r->number);
		if (r->mask != 0) {
			emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, FILTER_LOW_WORD_OF_ARG(r->argument));
			emit(to, n, BPF_ALU | BPF_AND | BPF_K, 0, r->mask);
			emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(end - *n - 1), r->value);
		}
		emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
	}
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_USER_NOTIF);
}

static void make_programs(const struct jail_spec *spec, struct violation_plan *p, const struct exception e[])
{
	size_t n = 0, m = 0, tail = HEAD_INSNS + spec->n_filter;

	emit_native_only(p->asking, &n, HEAD_INSNS - 2);
	emit_native_only(p->closing, &m, HEAD_INSNS - 2);
	for (size_t i = 0; i < VIOLATION_EXCEPTIONS; i++) {
		uint32_t verdict = filter_verdict(
			spec->filter, spec->n_filter, filter_native_arch(), e[i].number, e[i].args);

		emit_exception(p->asking, &n, &e[i], SECCOMP_RET_ALLOW);
		emit_exception(p->closing, &m, &e[i], verdict);
	}
	emit(p->closing, &m, BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < spec->n_filter; i++) {
		if (kills(&spec->filter[i]))
			emit(p->asking, &n, BPF_JMP | BPF_JA, 0, (uint32_t)(tail - n - 1));
		else
			p->asking[n++] = spec->filter[i];
	}
	emit_question(p->asking, &n);
	p->ask_program = (struct sock_fprog){ .filter = p->asking, .len = (unsigned short)n };
	p->close_program = (struct sock_fprog){ .filter = p->closing, .len = (unsigned short)m };
}

static bool permits(const struct jail_spec *spec, const struct exception *e)
{
	uint32_t action =
		filter_verdict(spec->filter, spec->n_filter, filter_native_arch(), e->number, e->args);

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* Can the payload load a filter of its own, in any of the usual ways? */
static bool payload_may_filter(const struct jail_spec *spec)
{
	static const char program[1];
	const uint64_t address = (uintptr_t)program;
	const struct exception ways[] = {
		{ SYS_seccomp, { SECCOMP_SET_MODE_FILTER, 0, address } },
		{ SYS_seccomp, { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, address } },
		{ SYS_seccomp, { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, address } },
		{ SYS_prctl, { PR_SET_SECCOMP, SECCOMP_MODE_FILTER, address } },
	};

	for (size_t i = 0; i < ELEMENTSOF(ways); i++)
		if (permits(spec, &ways[i]))
			return true;
	return false;
}

static bool wants_to_ask(const struct jail_spec *spec)
{
	if (spec->violations == VIOLATIONS_UNTOLD || spec->n_filter == 0)
		return false;
	return spec->violations == VIOLATIONS_TOLD || !payload_may_filter(spec);
}

static struct cmsghdr *control_head(struct violation_control *c)
{
	return (struct cmsghdr *)(void *)c->bytes;
}

int prepare_violations(
	const struct jail_spec *spec, int go_slot, struct violation_plan *p, struct jail_error *reterr)
{
	const struct exception exceptions[VIOLATION_EXCEPTIONS] = {
		{ SYS_sendmsg,
			{ (uint64_t)(unsigned)go_slot, (uint64_t)(uintptr_t)&p->message, MSG_NOSIGNAL } },
		{ SYS_seccomp, { SECCOMP_SET_MODE_FILTER, 0, (uint64_t)(uintptr_t)&p->close_program } },
	};

	struct cmsghdr *head;
	const size_t size = HEAD_INSNS + spec->n_filter + n_denied_calls * DENIED_INSNS + TAIL_INSNS;

	p->asks = wants_to_ask(spec) && any_kills(spec) && filter_native_arch() != 0 &&
		  size <= BPF_MAXINSNS_PER_FILTER && kernel_can_ask();
	if (!p->asks)
		return 0;
	p->asking = calloc(size, sizeof(*p->asking));
	if (!p->asking)
		return jail_fail(reterr, STAGE_SECCOMP, -ENOMEM, "seccomp", "");
	p->go_slot = go_slot;
	p->part = (struct iovec){ .iov_base = p->byte, .iov_len = sizeof(p->byte) };
	p->message = (struct msghdr){ .msg_iov = &p->part,
		.msg_iovlen = 1,
		.msg_control = &p->control,
		.msg_controllen = sizeof(p->control) };
	head = control_head(&p->control);
	head->cmsg_len = CMSG_LEN(sizeof(int));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	make_programs(spec, p, exceptions);
	return 0;
}

void violation_plan_done(struct violation_plan *p)
{
	free(p->asking);
	p->asking = NULL;
}

static int load_asking(struct violation_plan *p, unsigned long flags)
{
	return (int)RET_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &p->ask_program));
}

int apply_violations(struct violation_plan *p, bool *ret_asks, struct jail_error *reterr)
{
	int fd;

	*ret_asks = false;
	fd = load_asking(p, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (fd == -EINVAL)
		fd = load_asking(p, 0);
	if (fd < 0)
		return 0;
	*ret_asks = true;
	memcpy(CMSG_DATA(control_head(&p->control)), &fd, sizeof(fd));
	if (syscall(SYS_sendmsg, (long)p->go_slot, &p->message, (long)MSG_NOSIGNAL) != (long)sizeof(p->byte))
		return jail_fail(reterr, STAGE_SECCOMP, errno_or_eio(), "listener for violations", "");
	if (syscall(SYS_seccomp, (long)SECCOMP_SET_MODE_FILTER, 0L, &p->close_program) < 0)
		return jail_fail(reterr, STAGE_SECCOMP, errno_or_eio(), "seccomp", "");
	return 0;
}

/* A descriptor that was sent and did not arrive is an error: nobody would be there to kill. */
int receive_fd(int socket_fd, int *ret)
{
	struct violation_control control = { .bytes = { 0 } };
	const struct cmsghdr *head = control_head(&control);
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = sizeof(byte) };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(socket_fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && errno != EAGAIN)
		return errno_or_eio();
	if (n <= 0)
		return 0;
	if (m.msg_controllen < CMSG_LEN(sizeof(int)) || (m.msg_flags & MSG_CTRUNC) != 0 ||
		head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	memcpy(ret, CMSG_DATA(head), sizeof(*ret));
	return 1;
}

/* A thread's pidfd; the process' where it is its first. */
static int open_thread(pid_t tid)
{
	int fd = process_pidfd_open(tid);

	return fd >= 0 ? fd : (int)RET_ERRNO(syscall(SYS_pidfd_open, tid, PIDFD_OF_THREAD));
}

/*
 * The process that the asking thread belongs to. The thread can not have gone while its question is valid, so
 * that what was opened by its number before that was looked at is the thread.
 */
static void kill_asker(struct jail *j, const struct seccomp_notif *q, bool *ret_main)
{
	_cleanup_close_ int fd = -1;
	pid_t tid = (pid_t)q->pid;

	*ret_main = j->pid > 0 && syscall(SYS_tgkill, j->pid, tid, 0) == 0;
	if (*ret_main) {
		(void)process_signal(j->pidfd, SIGKILL);
		return;
	}
	fd = open_thread(tid);
	if (ioctl(j->listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &q->id) < 0)
		return; /* it was killed before we could; before Linux 5.19, or a signal took it back */
	/* Kernels before 6.9 can not name another thread than the first: all of the jail goes then. */
	if (fd < 0 || process_signal(fd, SIGKILL) < 0)
		jail_kill(j);
}

int jail_take_violation(struct jail *j, struct jail_violation *ret)
{
	union violation_question u = { .bytes = { 0 } };
	const struct seccomp_notif *q = &u.question;

	if (ioctl(j->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &u) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : errno_or_eio();
	*ret = (struct jail_violation){
		.arch = q->data.arch, .number = (uint32_t)q->data.nr, .address = q->data.instruction_pointer
	};
	memcpy(ret->args, q->data.args, sizeof(ret->args));
	kill_asker(j, q, &ret->main);
	return 1;
}
