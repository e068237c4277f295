/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * All that a parked jail does from when it waits to its exec. The code has pages of its own, and all else
 * that it needs is in the room. So nothing here may call a function that is not in these pages, nor have
 * constants in others: what the compiler would make such calls of is switched off (meson.build), and
 * tests/lint looks at what it has made.
 */

#include "jail/room.h"
#include "base/error.h"
#include "jail/alone.h"

#include <fcntl.h>

#define CODE __attribute__((section("waiting_room"), noinline, used))

/* The linker's names for the section's ends. */
extern const char __start_waiting_room[] __attribute__((visibility("hidden")));
extern const char __stop_waiting_room[] __attribute__((visibility("hidden")));

/* See keyed.c. */
HERE long keyed(
	const struct room *r, long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return call(number, a, b, c, d, r->key.fifth, r->key.sixth);
}

HERE size_t append(char *object, size_t at, const char *text)
{
	while (at < JAIL_OBJECT_MAX - 1 && *text)
		object[at++] = *text++;
	object[at] = '\0';
	return at;
}

/* As jail_fail(). */
HERE int fail(struct room *r, enum jail_stage stage, long error, const char *what, const char *object)
{
	size_t at = append(r->error.object, 0, what);

	r->error.stage = stage;
	r->error.error = (int)error;
	if (*object) {
		r->error.object[at] = ' '; /* what we call things is shorter than there is room */
		(void)append(r->error.object, at + 1, object);
	}
	return (int)error;
}

HERE int fail_descriptor(struct room *r, long error, uint32_t number)
{
	char digits[NUMBER_TEXT_MAX], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return fail(r, STAGE_FDS, error, r->texts.descriptor, p);
}

/* Of what came with a part of the order, how many descriptors; they have the lowest numbers that are free. */
HERE long count_fds(const struct room *r)
{
	const struct cmsghdr *head = (const struct cmsghdr *)(const void *)r->control;

	if (r->message.msg_controllen < CMSG_LEN(0))
		return 0;
	if ((r->message.msg_flags & MSG_CTRUNC) != 0 || head->cmsg_level != SOL_SOCKET ||
		head->cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	return (long)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

/* 0: end of file. */
HERE long receive_part(struct room *r)
{
	long n;

	r->part.iov_base = (char *)&r->order + r->n_received;
	r->part.iov_len = sizeof(r->order) - r->n_received;
	r->message.msg_iov = &r->part;
	r->message.msg_iovlen = 1;
	r->message.msg_control = r->control;
	r->message.msg_controllen = sizeof(r->control);
	do
		n = keyed(r, SYS_recvmsg, (unsigned long)r->go_fd, (uintptr_t)&r->message, 0, 0);
	while (n == -EINTR);
	if (n > 0)
		r->n_received += (size_t)n;
	return n;
}

HERE long receive(struct room *r)
{
	const struct order_head *head = &r->order.head;
	long n = receive_part(r), n_fds;

	if (n <= 0)
		return n;
	n_fds = count_fds(r);
	if (n_fds < 0)
		return n_fds;
	if (r->n_received < sizeof(*head) || head->size < r->n_received || head->size > sizeof(r->order) ||
		head->n_fds != (uint32_t)n_fds || head->n_fds > FD_PLAN_MAX ||
		(size_t)head->n_argv + head->n_env > ORDER_STRINGS_MAX)
		return -EBADMSG;
	while (r->n_received < head->size) {
		n = receive_part(r);
		if (n < 0)
			return n;
		if (n == 0 || count_fds(r) != 0)
			return -EBADMSG;
	}
	return r->n_received == head->size ? 1 : -EBADMSG;
}

/* Vectors into the text. Returns where it ends, or NULL. */
HERE char *split(char *at, const char *end, char **vector, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		vector[i] = at;
		while (at < end && *at)
			at++;
		if (at == end)
			return NULL;
		at++;
	}
	vector[n] = NULL;
	return at;
}

HERE bool take_texts(struct room *r)
{
	const struct order_head *head = &r->order.head;
	const char *end = (const char *)&r->order + head->size;
	char *directory[2], *at;

	at = split(r->order.text, end, directory, 1);
	if (at)
		at = split(at, end, r->vectors, head->n_argv);
	if (at)
		at = split(at, end, r->vectors + head->n_argv + 1, head->n_env);
	return at != NULL;
}

/* As they have come, in the order of their targets, no target is below where it is now: from the last one on,
 * each can go to its own, and overwrites none that has still to go; above the last one nothing is open. */
HERE int move_fds(struct room *r)
{
	const uint32_t *targets = r->order.head.targets;
	uint32_t n = r->order.head.n_fds, next = 0;
	long e;

	for (uint32_t i = n; i-- > 0;) {
		e = targets[i] == i ? 0 : keyed(r, SYS_dup3, i, targets[i], 0, 0);
		if (e < 0)
			return fail_descriptor(r, e, targets[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		e = targets[i] > next ? keyed(r, SYS_close_range, next, targets[i] - 1, 0, 0) : 0;
		if (e < 0)
			return fail_descriptor(r, e, targets[i] - 1);
		next = targets[i] + 1;
	}
	return 0;
}

/* Only where they are not there already. */
HERE int place_fds(struct room *r)
{
	const int *fds = (const int *)(const void *)(r->control + CMSG_LEN(0));
	const uint32_t *targets = r->order.head.targets;
	bool in_place = true;

	for (uint32_t i = 0; i < r->order.head.n_fds; i++) {
		if (fds[i] != (int)i || targets[i] >= r->slots || (i > 0 && targets[i] <= targets[i - 1]))
			return fail_descriptor(r, -EINVAL, targets[i]);
		in_place = in_place && targets[i] == i;
	}
	return in_place ? 0 : move_fds(r);
}

HERE long set_limit(const struct room *r, unsigned resource, const struct rlimit *new, struct rlimit *ret_old)
{
	return keyed(r, SYS_prlimit64, 0, resource, (uintptr_t) new, (uintptr_t)ret_old);
}

/* As at first, see limit.c: what was asked for exactly, a default as far as it can be had. */
HERE long apply_limit(const struct room *r, unsigned resource)
{
	const struct limit_plan *p = &r->order.head.limits;
	const struct rlimit *wanted = &p->limits[resource];
	struct rlimit own, new;
	long e = set_limit(r, resource, wanted, NULL);

	if (p->asked[resource] || e != -EPERM)
		return e;
	e = set_limit(r, resource, NULL, &own);
	if (e < 0)
		return e;
	new.rlim_max = wanted->rlim_max < own.rlim_max ? wanted->rlim_max : own.rlim_max;
	new.rlim_cur = wanted->rlim_cur < new.rlim_max ? wanted->rlim_cur : new.rlim_max;
	return set_limit(r, resource, &new, NULL);
}

HERE int apply_order_limits(struct room *r)
{
	const struct limit_plan *p = &r->order.head.limits, *had = &r->in_force;

	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		long e;

		if (p->asked[i] == had->asked[i] && p->limits[i].rlim_cur == had->limits[i].rlim_cur &&
			p->limits[i].rlim_max == had->limits[i].rlim_max)
			continue;
		e = apply_limit(r, i);
		if (e < 0)
			return fail(r, STAGE_RLIMITS, e, r->texts.limits[i], r->texts.empty);
	}
	return 0;
}

/* As apply_directory(), unless it is there. */
HERE int change_directory(struct room *r)
{
	const char *had = r->directory, *wanted = r->order.text;
	long n;

	while (*had && *had == *wanted) {
		had++;
		wanted++;
	}
	if (*had == *wanted)
		return 0;
	n = keyed(r, SYS_chdir, (uintptr_t)r->order.text, 0, 0, 0);
	if (n >= 0)
		n = keyed(r, SYS_getcwd, (uintptr_t)r->directory, sizeof(r->directory), 0, 0);
	if (n < 0)
		return fail(r, STAGE_EXEC, n, r->texts.directory, r->order.text);
	if (n == 0 || r->directory[0] != '/')
		return fail(r, STAGE_EXEC, -EXDEV, r->texts.outside, r->order.text);
	return 0;
}

CODE __attribute__((aligned(4096))) int room_take(struct room *r)
{
	long n = receive(r);
	int e;

	if (n < 0)
		return fail(r, STAGE_EXEC, n, r->texts.waiting, r->texts.empty);
	if (n == 0)
		return 0;
	if (!take_texts(r))
		return fail(r, STAGE_EXEC, -EBADMSG, r->texts.order, r->texts.empty);
	e = place_fds(r);
	if (e >= 0)
		e = apply_order_limits(r);
	if (e >= 0)
		e = change_directory(r);
	return e < 0 ? e : 1;
}

/* Returns only on failure, and says what failed. */
HERE const struct jail_error *execute(struct room *r)
{
	long e = call(SYS_execveat, (unsigned long)r->exe_fd, (uintptr_t)r->texts.empty,
		(uintptr_t)r->vectors, (uintptr_t)(r->vectors + r->order.head.n_argv + 1), AT_EMPTY_PATH, 0);
	size_t i = 0;

	while (i < ROOM_EXECS - 1 && r->execs[i].error != e)
		i++;
	r->execs[i].error = (int)e;
	return &r->execs[i];
}

/* As report_and_trap(). */
HERE noreturn void report(struct room *r, const struct jail_error *e)
{
	for (size_t i = 0; i < JAIL_OBJECT_MAX; i++)
		r->shared->object[i] = e->object[i];
	r->shared->callers = 0;
	r->shared->error = e->error;
	r->shared->stage = (int32_t)e->stage;
	__builtin_trap();
}

/* Where the code is kept, the rest of the program goes first. */
CODE static void room_run(struct room *r)
{
	const struct jail_error *e = &r->error;
	int n;

	for (size_t i = 0; i < r->n_gaps; i++)
		(void)keyed(r, SYS_munmap, r->gaps[i].from, r->gaps[i].size, 0, 0);
	n = room_take(r);
	if (n > 0)
		e = execute(r);
	report(r, e);
}

#if ROOM_STANDS_ALONE
int room_enter(struct room *r)
{
	__asm__ volatile("mov %0, %%rsp\n\tcall *%1"
			 :
			 : "r"(r->stack + sizeof(r->stack)), "r"(room_run), "D"(r)
			 : "memory");
	__builtin_unreachable();
}
#else
int room_enter(struct room *r)
{
	room_run(r);
	return 0;
}
#endif

void room_code(uintptr_t *ret_from, size_t *ret_size)
{
	*ret_from = (uintptr_t)__start_waiting_room;
	*ret_size = (uintptr_t)__stop_waiting_room - *ret_from;
}
