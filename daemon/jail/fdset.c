/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * File descriptors: from the launcher's numbers to the payload's. Targets may collide with sources, with each
 * other's sources and with our own fds, in cycles too. So everything is first copied to numbers that nothing
 * else uses and no target has, and only then put where it belongs. All numbers are chosen beforehand from
 * what is known; what else is open in the child is the launcher's, may be overwritten, and is closed in the
 * end.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME "file descriptor"

static int check_targets(const struct jail_fd *fds, size_t n, uint32_t *reterr_target)
{
	uint8_t seen[FD_TARGET_MAX / 8 + 1] = { 0 };

	*reterr_target = 0;
	if (n > FD_PLAN_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		uint32_t t = fds[i].target;

		*reterr_target = t;
		if (fds[i].source < 0 || t > FD_TARGET_MAX || (seen[t / 8] & (1U << (t % 8))))
			return -EINVAL;
		seen[t / 8] |= (uint8_t)(1U << (t % 8));
	}
	return 0;
}

/* The next number from *at on that is none of ours. */
static unsigned next_free(unsigned *at, const struct jail_fd *fds, size_t n, int report_fd, int go_fd)
{
	for (;; (*at)++) {
		bool used = *at == (unsigned)report_fd || *at == (unsigned)go_fd;

		for (size_t i = 0; i < n && !used; i++)
			used = *at == (unsigned)fds[i].source;
		if (!used)
			return (*at)++;
	}
}

static void add_step(struct fd_plan *p, enum fd_operation operation, unsigned from, unsigned to)
{
	p->steps[p->n++] = (struct fd_step){ operation, from, to };
}

size_t fd_plan_closes(struct fd_step *ret, unsigned *keep, size_t n)
{
	unsigned first = 0;
	size_t n_steps = 0;

	for (size_t i = 1; i < n; i++) {
		unsigned v = keep[i];
		size_t j = i;

		for (; j > 0 && keep[j - 1] > v; j--)
			keep[j] = keep[j - 1];
		keep[j] = v;
	}
	for (size_t i = 0; i < n; i++) {
		if (keep[i] > first)
			ret[n_steps++] = (struct fd_step){ FD_CLOSE, first, keep[i] - 1 };
		first = keep[i] + 1;
	}
	ret[n_steps++] = (struct fd_step){ FD_CLOSE, first, ~0U };
	return n_steps;
}

/* Each to a number from @at on, then to where it belongs; and what is neither a target nor a slot closes. */
static void add_targets(
	struct fd_plan *p, unsigned at, const struct jail_fd *fds, size_t n, int report_fd, int go_fd)
{
	unsigned keep[FD_PLAN_MAX + 2 + _FD_KEPT_MAX], temporary = at;

	for (size_t i = 0; i < n; i++)
		add_step(p, FD_COPY, (unsigned)fds[i].source, next_free(&at, fds, n, report_fd, go_fd));
	at = temporary;
	for (size_t i = 0; i < n; i++) {
		keep[i] = fds[i].target;
		add_step(p, FD_PLACE, next_free(&at, fds, n, report_fd, go_fd), fds[i].target);
	}
	keep[n] = (unsigned)p->report_slot;
	keep[n + 1] = (unsigned)p->go_slot;
	for (size_t i = 0; i < _FD_KEPT_MAX; i++)
		keep[n + 2 + i] = (unsigned)p->kept_slots[i];
	p->n += fd_plan_closes(&p->steps[p->n], keep, n + 2 + _FD_KEPT_MAX);
}

/* @at: the slots are no lower than this. */
static int plan_from(unsigned at, const struct jail_fd *fds, size_t n, int report_fd, int go_fd,
	struct fd_plan *ret, uint32_t *reterr_target)
{
	struct fd_plan p = { .n = 0 };
	int r;

	r = check_targets(fds, n, reterr_target);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (at <= fds[i].target)
			at = fds[i].target + 1;
	p.report_slot = (int)next_free(&at, fds, n, report_fd, go_fd);
	p.go_slot = (int)next_free(&at, fds, n, report_fd, go_fd);
	for (size_t i = 0; i < _FD_KEPT_MAX; i++)
		p.kept_slots[i] = (int)next_free(&at, fds, n, report_fd, go_fd);
	add_step(&p, FD_COPY, (unsigned)report_fd, (unsigned)p.report_slot);
	add_step(&p, FD_COPY, (unsigned)go_fd, (unsigned)p.go_slot);
	add_targets(&p, at, fds, n, report_fd, go_fd);
	*ret = p;
	return 0;
}

int fd_plan_make(const struct jail_fd *fds, size_t n, int report_fd, int go_fd, struct fd_plan *ret,
	uint32_t *reterr_target)
{
	return plan_from(3, fds, n, report_fd, go_fd, ret, reterr_target);
}

int fds_check(const struct jail_spec *spec, struct jail_error *reterr)
{
	unsigned standard = 0;

	for (size_t i = 0; i < spec->n_fds; i++) {
		bool pty = spec->pty.wanted && spec->fds[i].source == JAIL_FD_PTY;

		if (!pty && fcntl(spec->fds[i].source, F_GETFD) < 0)
			return jail_fail_number(reterr, STAGE_FDS, errno_or_eio(), NAME, spec->fds[i].target);
		if (spec->fds[i].target <= 2)
			standard |= 1U << spec->fds[i].target;
	}
	/* A program that opens a file and gets number 2 would write its error messages into it. */
	for (unsigned i = 0; i <= 2; i++)
		if (!(standard & (1U << i)))
			return jail_fail_number(reterr, STAGE_FDS, -EINVAL, "no source for " NAME, i);
	return 0;
}

int prepare_fds(const struct jail_spec *spec, int pty_fd, int report_fd, int go_fd, struct fd_plan *ret,
	struct jail_error *reterr)
{
	struct jail_fd fds[FD_PLAN_MAX];
	uint32_t target = 0;
	int r;

	for (size_t i = 0; i < spec->n_fds && i < ELEMENTSOF(fds); i++) {
		fds[i] = spec->fds[i];
		if (fds[i].source == JAIL_FD_PTY)
			fds[i].source = pty_fd;
	}
	r = plan_from(spec->park ? FD_PARKED_SLOTS : 3, fds, spec->n_fds, report_fd, go_fd, ret, &target);
	if (r < 0)
		return jail_fail_number(reterr, STAGE_FDS, r, NAME, target);
	return 0;
}

/* The slots lie above all targets; the payload's own limit is set later. */
static int raise_soft_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return errno_or_eio();
	l.rlim_cur = l.rlim_max;
	return RET_ERRNO(setrlimit(RLIMIT_NOFILE, &l));
}

static int run_step(const struct fd_step *s)
{
	if (s->operation == FD_CLOSE)
		return (int)keyed_call(SYS_close_range, s->from, s->to, 0, 0);
	return (int)keyed_call(SYS_dup3, s->from, s->to, s->operation == FD_COPY ? O_CLOEXEC : 0, 0);
}

/*
 * Before the steps: the numbers that these happened to get may be some of theirs. Each is copied to above all
 * slots first, as it may have got the slot of another. A slot that is not used is closed: the number may be
 * one of the launcher's.
 */
static int move_kept(const struct fd_plan *p, const int kept[_FD_KEPT_MAX])
{
	int copies[_FD_KEPT_MAX], above = p->kept_slots[_FD_KEPT_MAX - 1] + 1;

	for (size_t i = 0; i < _FD_KEPT_MAX; i++) {
		copies[i] = kept[i] < 0 ? -1 : fcntl(kept[i], F_DUPFD_CLOEXEC, above);
		if (kept[i] >= 0 && copies[i] < 0)
			return errno_or_eio();
	}
	for (size_t i = 0; i < _FD_KEPT_MAX; i++) {
		unsigned slot = (unsigned)p->kept_slots[i];

		if (copies[i] < 0 ? close_range(slot, slot, 0) < 0
				  : dup3(copies[i], (int)slot, O_CLOEXEC) < 0)
			return errno_or_eio();
	}
	return 0;
}

static int run_steps(const struct fd_plan *p, struct jail_error *reterr)
{
	for (size_t i = 0; i < p->n; i++) {
		int r = run_step(&p->steps[i]);

		if (r < 0)
			return jail_fail_number(reterr, STAGE_FDS, r, NAME, p->steps[i].to);
	}
	return 0;
}

int park_fds(const struct fd_plan *p, struct jail_error *reterr)
{
	const struct fd_step all = { FD_CLOSE, 0, (unsigned)p->report_slot - 1 };
	int r = run_step(&all);

	return r < 0 ? jail_fail(reterr, STAGE_FDS, r, NAME, "of the wait for a launch") : 0;
}

int apply_fds(const struct fd_plan *p, const int kept[_FD_KEPT_MAX], struct jail_error *reterr)
{
	int r;

	r = raise_soft_limit();
	if (r < 0)
		return jail_fail(reterr, STAGE_FDS, r, "limit of open files", "");
	r = move_kept(p, kept);
	if (r < 0)
		return jail_fail(reterr, STAGE_FDS, r, NAME, "of the executable");
	return run_steps(p, reterr);
}
