/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-kernel.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_PER_TURN 4000 /* less than half a millisecond: mostly, nobody comes between */
#define WARM_UP        200

/* What is asked. Ends of pipes are inherited by all, so that closing one tells nobody anything. */
#define TURN 't'
#define END  'e'

struct answer {
	uint64_t nsec[_CALL_MAX];
};

static uint64_t time_calls(const struct bench_arguments *c, size_t n)
{
	uint64_t start = now_nsec();

	for (size_t i = 0; i < n; i++)
		(void)syscall(
			c->number, c->args[0], c->args[1], c->args[2], c->args[3], c->args[4], c->args[5]);
	return now_nsec() - start;
}

/* The last processor; whoever else runs was most likely started on the first. */
static void pin(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n > 0 ? (size_t)n - 1 : 0, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* The filter allows little: from here on only read(), write() and exit_group(), and what is measured. */
static void serve(int request, int answer, const struct sock_filter *filter, size_t n)
{
	struct answer a;
	char turn;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	pin();
	if (filter && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_load(filter, n) < 0))
		(void)syscall(SYS_exit_group, 1);
	while (read(request, &turn, 1) == 1 && turn == TURN) {
		for (size_t i = 0; i < _CALL_MAX; i++) {
			(void)time_calls(&bench_calls[i], WARM_UP);
			a.nsec[i] = time_calls(&bench_calls[i], CALLS_PER_TURN);
		}
		if (write(answer, &a, sizeof(a)) != (ssize_t)sizeof(a))
			break;
	}
	(void)syscall(SYS_exit_group, 0);
}

int subject_start(struct subject *s, const struct sock_filter *filter, size_t n, size_t rounds)
{
	int request[2], answer[2], r = 0;

	*s = (struct subject){ .request = -1, .answer = -1 };
	for (size_t i = 0; i < _CALL_MAX && r == 0; i++)
		r = samples_init(&s->took[i], rounds);
	if (r < 0)
		return r;
	if (pipe2(request, O_CLOEXEC) < 0)
		return errno_or_eio();
	if (pipe2(answer, O_CLOEXEC) < 0) {
		r = errno_or_eio();
		(void)close(request[0]);
		(void)close(request[1]);
		return r;
	}
	s->pid = fork();
	if (s->pid == 0) {
		(void)close(request[1]);
		serve(request[0], answer[1], filter, n);
	}
	(void)close(request[0]);
	(void)close(answer[1]);
	s->request = request[1];
	s->answer = answer[0];
	return s->pid < 0 ? -EAGAIN : 0;
}

int subject_turn(struct subject *s)
{
	struct answer a;

	const char turn = TURN;

	if (write(s->request, &turn, 1) != 1 || read(s->answer, &a, sizeof(a)) != (ssize_t)sizeof(a))
		return -EPIPE;
	for (size_t i = 0; i < _CALL_MAX; i++)
		samples_add(&s->took[i], a.nsec[i] * 1000 / CALLS_PER_TURN);
	return 0;
}

void subject_end(struct subject *s)
{
	const char end = END;
	bool asked = s->pid > 0 && write(s->request, &end, 1) == 1;

	s->request = fd_close(s->request);
	s->answer = fd_close(s->answer);
	if (asked)
		(void)waitpid(s->pid, NULL, 0);
	s->pid = 0;
	for (size_t i = 0; i < _CALL_MAX; i++)
		samples_sort(&s->took[i]);
}

void subject_done(struct subject *s)
{
	subject_end(s);
	for (size_t i = 0; i < _CALL_MAX; i++)
		samples_done(&s->took[i]);
}

double subject_nsec(const struct subject *s, enum bench_call call, double fraction)
{
	/* The samples are picoseconds where their reader expects nanoseconds. */
	return samples_usec(&s->took[call], fraction);
}
