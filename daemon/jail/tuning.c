/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A process' share in the machine: niceness, how soon it is killed when memory runs out, on which processors
 * it runs and with whom, I/O priority, timer slack. What the profile does not set stays as the launcher has
 * it: that is the administrator's word about the whole service. All of it is of stage Rlimits.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of linux/prctl.h since Linux 5.14, linux/ioprio.h and linux/pid.h: older headers lack them. */
#define SCHED_CORE        62
#define SCHED_CORE_GET    0
#define SCHED_CORE_CREATE 1
#define SCOPE_THREAD      0
#define IO_WHO_PROCESS    1
#define IO_CLASS_SHIFT    13

#define NICE_LIMIT 20 /* getpriority(2) returns this less the niceness */

#define NUMBER_SIZE (NUMBER_TEXT_MAX + 1) /* with a sign */

#define CAP_BIT(n) (UINT64_C(1) << (n))

static int fail(struct jail_error *reterr, int error, const char *what, const char *object)
{
	return jail_fail(reterr, STAGE_RLIMITS, error, what, object);
}

static const char *signed_text(int number, char buffer[NUMBER_SIZE])
{
	char *digits = buffer + 1;
	const char *first = number_text((uint64_t)(number < 0 ? -(int64_t)number : number), digits);
	char *sign = buffer + (first - buffer) - 1;

	if (number >= 0)
		return first;
	*sign = '-';
	return sign;
}

/* Asked of the kernel without changing anything: 0, or why there is none. */
static int find_core_scheduling(void)
{
	unsigned long cookie = 0;

	return RET_ERRNO(prctl(SCHED_CORE, SCHED_CORE_GET, 0, SCOPE_THREAD, &cookie));
}

int prepare_tuning(const struct jail_spec *spec, struct tuning_plan *ret, struct jail_error *reterr)
{
	int r;

	*ret = (struct tuning_plan){ .tuning = spec->tuning,
		.set = spec->tuning ? spec->tuning->set : 0,
		.floor = spec->tightened ? spec->tightened->floor : 0 };
	if (ret->set & ~_TUNE_ALL)
		return jail_fail_number(reterr, STAGE_RLIMITS, -EINVAL, "unknown settings", ret->set);
	if ((ret->set & TUNE_CORE) == 0)
		return 0;
	r = find_core_scheduling();
	if (r == 0)
		return 0;
	if ((spec->optional & OPTIONAL_CORE_SCHEDULING) == 0)
		return fail(reterr, -EOPNOTSUPP,
			r == -ENODEV ? "CoreScheduling=: no processor core here has two threads"
				     : "CoreScheduling=: this kernel has none",
			"");
	ret->set &= ~TUNE_CORE;
	ret->lacking |= 1U << LACK_CORE_SCHEDULING;
	return 0;
}

/* glibc's would take the system call's 20 - nice apart from an error by errno alone. */
static bool is_nicer(int nice)
{
	long r = syscall(SYS_getpriority, PRIO_PROCESS, 0);

	return r > 0 && NICE_LIMIT - r > nice;
}

static int set_nice(int nice, bool floor, struct jail_error *reterr)
{
	char text[NUMBER_SIZE];
	int r;

	if (is_nicer(nice)) {
		if (floor)
			return 0;
		/* Where it is refused, the limit of the niceness may still allow it: the kernel decides. */
		(void)caps_raise(CAP_BIT(CAP_SYS_NICE));
	}
	r = (int)RET_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, 0, nice));
	if (r == -EACCES || r == -EPERM)
		return fail(reterr, r, "Nice=: Bailiff lacks CAP_SYS_NICE, which takes it to",
			signed_text(nice, text));
	return r < 0 ? fail(reterr, r, "Nice=", signed_text(nice, text)) : 0;
}

/* The kernel's own line: a number, perhaps below 0, and a newline. */
static int read_signed(int fd, int *ret)
{
	char text[NUMBER_SIZE];
	ssize_t n = pread(fd, text, sizeof(text), 0), i;
	int number = 0;

	if (n < 0)
		return errno_or_eio();
	for (i = n > 0 && text[0] == '-'; i < n && text[i] >= '0' && text[i] <= '9' && i < 6; i++)
		number = 10 * number + (text[i] - '0');
	if (i == n || text[i] != '\n')
		return -EBADMSG;
	*ret = text[0] == '-' ? -number : number;
	return 0;
}

static int set_oom_score(int score, bool floor, int proc_fd, struct jail_error *reterr)
{
	_cleanup_close_ int fd =
		openat(proc_fd, "self/oom_score_adj", (floor ? O_RDWR : O_WRONLY) | O_CLOEXEC);
	char buffer[NUMBER_SIZE];
	const char *text = signed_text(score, buffer);
	int r, now;

	if (fd < 0)
		return fail(reterr, errno_or_eio(), "OOMScoreAdjust=: oom_score_adj", "");
	if (floor) {
		r = read_signed(fd, &now);
		if (r < 0)
			return fail(reterr, r, "option oom-score-adj: oom_score_adj", "");
		if (now > score)
			return 0;
	}
	r = write_full(fd, text, strlen(text));
	if (r == -EACCES || r == -EPERM)
		return fail(reterr, r,
			"OOMScoreAdjust=: Bailiff lacks CAP_SYS_RESOURCE, which takes it down to", text);
	return r < 0 ? fail(reterr, r, "OOMScoreAdjust=", text) : 0;
}

static int set_cpus(const uint64_t cpus[CPU_WORDS], struct jail_error *reterr)
{
	int r = (int)RET_ERRNO(syscall(SYS_sched_setaffinity, 0, CPU_WORDS * sizeof(*cpus), cpus));

	if (r == -EINVAL)
		return fail(reterr, r, "CPUAffinity=: none of these processors can be used", "");
	return r < 0 ? fail(reterr, r, "CPUAffinity=", "") : 0;
}

static int set_io(const struct compiled_tuning *t, struct jail_error *reterr)
{
	int value = (int)((unsigned)t->io_class << IO_CLASS_SHIFT | t->io_priority), r;

	r = (int)RET_ERRNO(syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, value));
	return r < 0 ? fail(reterr, r, "IOSchedulingClass=, IOSchedulingPriority=", "") : 0;
}

int apply_tuning(const struct tuning_plan *p, int proc_fd, struct jail_error *reterr)
{
	const struct compiled_tuning *t = p->tuning;
	int r = 0;

	if (p->set & TUNE_NICE)
		r = set_nice(t->nice, p->floor & TUNE_NICE, reterr);
	if (r >= 0 && (p->set & TUNE_OOM_SCORE))
		r = set_oom_score(t->oom_score_adjust, p->floor & TUNE_OOM_SCORE, proc_fd, reterr);
	if (r >= 0 && (p->set & TUNE_CPUS))
		r = set_cpus(t->cpus, reterr);
	if (r >= 0 && (p->set & TUNE_IO))
		r = set_io(t, reterr);
	if (r >= 0 && (p->set & TUNE_TIMER_SLACK) &&
		prctl(PR_SET_TIMERSLACK, t->timer_slack_nsec, 0, 0, 0) < 0)
		r = fail(reterr, errno_or_eio(), "TimerSlackNSec=", "");
	if (r >= 0 && (p->set & TUNE_CORE) && prctl(SCHED_CORE, SCHED_CORE_CREATE, 0, SCOPE_THREAD, 0) < 0)
		r = fail(reterr, errno_or_eio(), "CoreScheduling=", "");
	return r;
}
