/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that a filter ends the process for, and how it comes to be known which. The kernel tells nobody the
 * call and its arguments when it kills. So where the policy says "kill", the filter that is loaded says
 * "ask": the call waits, unmade, until the launcher has read what it is, and has killed the process itself
 * (seccomp_unotify(2)). Nobody ever answers such a question, so that no call that was asked about is made.
 * When the launcher ends, calls wait for the next one, for which the keeper holds the descriptor.
 *
 * The questions' descriptor exists only once the filter is loaded, and what sends it to the launcher then is
 * subject to the filter: see keyed.c.
 *
 * A parked jail loads its filter when it is built, with or without questions, so that it does not take the
 * time of a launch. The calls of an order are made behind it then, likewise.
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

#define DENIED_INSNS 5 /* of one line of the keeper's list, at most */
#define DENIED_BLOCK 6 /* lines that are skipped at once */
#define BLOCK_INSNS  3 /* of what else is in a block */
#define TAIL_INSNS   5 /* and at the end */
#define TO_KILL      UINT8_MAX

static void emit(struct sock_filter *to, size_t *n, uint16_t code, uint8_t jf, uint32_t k)
{
	to[(*n)++] = (struct sock_filter){ .code = code, .jt = 0, .jf = jf, .k = k };
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

/* Those from @first on that one comparison skips; all lines of a number lie in one of these. */
static size_t block_end(const struct filter_rule *sorted, size_t first)
{
	size_t end = first + DENIED_BLOCK;

	while (end < n_denied_calls && sorted[end].number == sorted[end - 1].number)
		end++;
	return end < n_denied_calls ? end : n_denied_calls;
}

/* A comparison that is to lead to the end of its block, where that is. */
static void emit_kill_if(struct sock_filter *to, size_t *n, uint32_t value)
{
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, 0, value);
	to[*n - 1].jt = TO_KILL;
}

/* What of the call a line looks at. */
static void emit_look(struct sock_filter *to, size_t *n, const struct filter_rule *r)
{
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, FILTER_LOW_WORD_OF_ARG(r->argument));
	if (r->mask != FILTER_WHOLE_ARG)
		emit(to, n, BPF_ALU | BPF_AND | BPF_K, 0, r->mask);
}

/* All lines of one number, which the accumulator holds; returns how many there are. */
static size_t emit_denied(struct sock_filter *to, size_t *n, const struct filter_rule *r, size_t left)
{
	const size_t begin = *n;
	size_t i = 0;

	if (r->mask == 0) {
		emit_kill_if(to, n, r->number);
		return 1;
	}
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, 0, r->number);
	for (; i < left && r[i].number == r->number && r[i].mask != 0; i++) {
		if (i == 0 || r[i].argument != r[i - 1].argument || r[i].mask != r[i - 1].mask)
			emit_look(to, n, &r[i]);
		emit_kill_if(to, n, r[i].value);
	}
	/* the last of a number may be for all others */
	if (i < left && r[i].number == r->number) {
		emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
		i++;
	} else
		emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_USER_NOTIF);
	to[begin].jf = (uint8_t)(*n - begin - 1);
	return i;
}

/* The lines from @first to before @end: to be skipped by numbers beyond them, else asked about or killed. */
static void emit_block(
	struct sock_filter *to, size_t *n, const struct filter_rule *sorted, size_t first, size_t end)
{
	const size_t begin = *n;

	emit(to, n, BPF_JMP | BPF_JGT | BPF_K, 0, sorted[end - 1].number);
	while (first < end)
		first += emit_denied(to, n, &sorted[first], end - first);
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_USER_NOTIF);
	for (size_t i = begin; i < *n; i++)
		if (to[i].jt == TO_KILL)
			to[i].jt = (uint8_t)(*n - i - 1);
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
	to[begin].jt = (uint8_t)(*n - begin - 1);
}

/*
 * Where the policy kills: what would not survive another filter's errno is killed for by the kernel. When it
 * loads a filter, the kernel runs it once for each call that there is, and most of them come here: so the
 * list is sorted, and skipped by the block.
 */
static void emit_question(struct sock_filter *to, size_t *n, const struct filter_rule *sorted)
{
	size_t end;

	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, offsetof(struct seccomp_data, arch));
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, 0, filter_native_arch());
	to[*n - 1].jt = 1;
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_KILL_PROCESS);
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, offsetof(struct seccomp_data, nr));
	for (size_t first = 0; first < n_denied_calls; first = end) {
		end = block_end(sorted, first);
		emit_block(to, n, sorted, first, end);
	}
	emit(to, n, BPF_RET | BPF_K, 0, SECCOMP_RET_USER_NOTIF);
}

int violation_question_build(struct sock_filter **ret, size_t *ret_n)
{
	_cleanup_free_ struct filter_rule *sorted = NULL;
	struct sock_filter *insns;
	int r;

	r = filter_sort(denied_calls, n_denied_calls, &sorted);
	if (r < 0)
		return r;
	insns = calloc(n_denied_calls * (DENIED_INSNS + BLOCK_INSNS) + TAIL_INSNS, sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	*ret_n = 0;
	emit_question(insns, ret_n, sorted);
	*ret = insns;
	return 0;
}

static void make_asking(const struct jail_context *c, const struct jail_spec *spec, struct filter_plan *p)
{
	const size_t tail = p->n_head + spec->n_filter;
	size_t n = p->n_head;

	for (size_t i = 0; i < spec->n_filter; i++) {
		if (kills(&spec->filter[i]))
			emit(p->program, &n, BPF_JMP | BPF_JA, 0, (uint32_t)(tail - n - 1));
		else
			p->program[n++] = spec->filter[i];
	}
	memcpy(&p->program[n], c->question, c->n_question * sizeof(*c->question));
	p->whole.len = (unsigned short)(n + c->n_question);
}

/* Child's, too. */
static void make_plain(const struct jail_spec *spec, struct filter_plan *p)
{
	memcpy(&p->program[p->n_head], spec->filter, spec->n_filter * sizeof(*spec->filter));
	p->whole.len = (unsigned short)(p->n_head + spec->n_filter);
}

/* What is called between the filter and the exec. */
static struct keyed_calls calls_behind(const struct filter_plan *p, const struct jail_spec *spec)
{
	static const uint32_t of_order[] = { SYS_recvmsg, SYS_dup3, SYS_close_range, SYS_prlimit64, SYS_chdir,
		SYS_getcwd, SYS_munmap };
	struct keyed_calls k = { .n = 0 };

	_Static_assert(ELEMENTSOF(of_order) + 1 <= KEYED_CALLS_MAX, "room for the calls");
	if (p->asks)
		keyed_need(&k, spec, SYS_sendmsg);
	for (size_t i = 0; p->ahead && i < ELEMENTSOF(of_order); i++)
		keyed_need(&k, spec, of_order[i]);
	return k;
}

static int make_programs(const struct jail_context *c, const struct jail_spec *spec, struct filter_plan *p)
{
	p->keyed = calls_behind(p, spec);
	p->n_head = keyed_head_size(&p->keyed);
	p->program = calloc(KEYED_HEAD_MAX + spec->n_filter + c->n_question, sizeof(*p->program));
	if (!p->program)
		return -ENOMEM;
	if (p->asks)
		make_asking(c, spec, p);
	else
		make_plain(spec, p);
	p->whole.filter = p->program;
	return 0;
}

struct call {
	uint32_t number;
	uint64_t args[6];
};

static bool permits(const struct jail_spec *spec, const struct call *e)
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
	const struct call ways[] = {
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

int prepare_violations(const struct jail_context *c, const struct jail_spec *spec, int go_slot,
	struct filter_plan *p, struct jail_error *reterr)
{
	const bool fits = filter_native_arch() != 0 &&
			  KEYED_HEAD_MAX + spec->n_filter + c->n_question <= BPF_MAXINSNS_PER_FILTER;

	p->asks = fits && wants_to_ask(spec) && any_kills(spec) && kernel_can_ask();
	p->ahead = fits && spec->park && spec->n_filter > 0;
	p->go_slot = go_slot;
	return (p->asks || p->ahead) && make_programs(c, spec, p) < 0
		       ? jail_fail(reterr, STAGE_SECCOMP, -ENOMEM, "seccomp", "")
		       : 0;
}

void filter_plan_done(struct filter_plan *p)
{
	if (p->program) /* the key of a child that shared memory */
		explicit_bzero(p->program, p->n_head * sizeof(*p->program));
	free(p->program);
	p->program = NULL;
}

static int load(const struct sock_fprog *program, unsigned long flags)
{
	return (int)RET_ERRNO(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program));
}

static int send_listener(int socket_fd, int fd)
{
	struct violation_control control = { .bytes = { 0 } };
	char byte[1] = { 0 };
	struct iovec part = { .iov_base = byte, .iov_len = sizeof(byte) };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *head = control_head(&control);
	long n;

	head->cmsg_len = CMSG_LEN(sizeof(int));
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	n = keyed_call(SYS_sendmsg, (unsigned long)socket_fd, (uintptr_t)&m, MSG_NOSIGNAL, 0);
	return n < 0 ? (int)n : n == (long)sizeof(byte) ? 0 : -EIO;
}

static int load_asking(struct filter_plan *p, bool *ret_loaded, struct jail_error *reterr)
{
	int fd = load(&p->whole, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	if (fd == -EINVAL)
		fd = load(&p->whole, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (fd < 0)
		return 0;
	*ret_loaded = true;
	fd = send_listener(p->go_slot, fd);
	return fd < 0 ? jail_fail(reterr, STAGE_SECCOMP, fd, "listener for violations", "") : 0;
}

int apply_violations(
	struct filter_plan *p, const struct jail_spec *spec, bool *ret_loaded, struct jail_error *reterr)
{
	int r = keyed_begin(&p->keyed, p->program);

	if (r < 0)
		return jail_fail(reterr, STAGE_SECCOMP, r, "key of calls behind the filter", "");
	if (p->asks)
		r = load_asking(p, ret_loaded, reterr);
	if (r < 0 || *ret_loaded || !p->ahead)
		return r;
	make_plain(spec, p);
	r = load(&p->whole, 0);
	if (r < 0)
		return jail_fail(reterr, STAGE_SECCOMP, r, "seccomp", "");
	*ret_loaded = true;
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
