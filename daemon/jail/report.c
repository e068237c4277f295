/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Failures: how one is noted, carried from the child to the launcher, and read there. A record is smaller
 * than PIPE_BUF and the pipe is the child's alone, so a record is there whole or not at all. */

#include "jail/report.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/cloner.h"
#include "jail/steps.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NSEC  50000
#define SHARED_SIZE (_REPORT_MAX * sizeof(struct report))

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report must be one atomic write");

static size_t append(char *object, size_t at, const char *text)
{
	size_t n = strnlen(text, JAIL_OBJECT_MAX - 1 - at);

	memcpy(object + at, text, n);
	object[at + n] = '\0';
	return at + n;
}

int jail_fail(
	struct jail_error *reterr, enum jail_stage stage, int error, const char *what, const char *object)
{
	size_t at;

	reterr->stage = stage;
	reterr->error = error;
	reterr->callers = false;
	at = append(reterr->object, 0, what);
	if (what[0] && object[0])
		at = append(reterr->object, at, " ");
	(void)append(reterr->object, at, object);
	return error;
}

const char *number_text(uint64_t number, char buffer[NUMBER_TEXT_MAX])
{
	char *p = buffer + NUMBER_TEXT_MAX - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return p;
}

int jail_fail_number(
	struct jail_error *reterr, enum jail_stage stage, int error, const char *what, uint64_t number)
{
	char digits[NUMBER_TEXT_MAX];

	return jail_fail(reterr, stage, error, what, number_text(number, digits));
}

/* Whoever comes second knows of the other: the payload that the launcher waits, or that that it need not. */
enum {
	TABLE_SHARED,
	TABLE_AWAITED,
	TABLE_OWN,
};

int report_table(int fd, struct report *shared)
{
	struct report r = { .stage = STAGE_NONE, .error = REPORT_TABLE };

	if (__atomic_exchange_n(&shared->table, TABLE_OWN, __ATOMIC_ACQ_REL) != TABLE_AWAITED)
		return 0;
	return write_full(fd, &r, sizeof(r));
}

bool report_has_table(struct report *shared)
{
	uint32_t found = TABLE_SHARED;

	(void)__atomic_compare_exchange_n(
		&shared->table, &found, TABLE_AWAITED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return found == TABLE_OWN;
}

int report_built(int fd)
{
	struct report r = { .stage = STAGE_NONE };

	return write_full(fd, &r, sizeof(r));
}

void report_failure(int fd, struct report *shared, const struct jail_error *e)
{
	struct report r = { .stage = (int32_t)e->stage, .error = e->error, .callers = e->callers };

	memcpy(r.object, e->object, sizeof(r.object));
	*shared = r;
	(void)write_full(fd, &r, sizeof(r));
}

noreturn void report_and_trap(struct report *shared, const struct jail_error *e)
{
	struct report r = { .stage = (int32_t)e->stage, .error = e->error, .callers = e->callers };

	memcpy(r.object, e->object, sizeof(r.object));
	*shared = r;
	__builtin_trap();
}

void report_ready(struct report *own)
{
	__atomic_store_n(&own->error, REPORT_READY, __ATOMIC_RELEASE);
}

/* Nearly always it is ready long since: nothing is there that would be worth waking up by. */
void report_await_ready(const struct report *init)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };

	while (__atomic_load_n(&init->error, __ATOMIC_ACQUIRE) != REPORT_READY)
		(void)nanosleep(&pause, NULL);
}

int report_make(struct jail *j, bool own)
{
	void *p = own ? private_calloc(SHARED_SIZE)
		      : mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!p || p == MAP_FAILED)
		return errno_or_eio();
	j->last_word = p;
	j->own_word = own;
	return 0;
}

int report_make_fd(struct jail *j)
{
	_cleanup_close_ int fd = memfd_create("report", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, SHARED_SIZE) < 0)
		return errno_or_eio();
	p = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return errno_or_eio();
	j->last_word = p;
	j->own_word = false;
	return steal_fd(fd);
}

void report_keep(struct jail *j)
{
	if (!j->own_word)
		(void)madvise(j->last_word, SHARED_SIZE, MADV_DONTFORK);
}

void report_show(struct jail *j)
{
	(void)madvise(j->last_word, SHARED_SIZE, MADV_DOFORK);
}

void report_end(struct jail *j)
{
	struct report *r = steal_ptr(j->last_word);

	if (j->own_word)
		private_free(r);
	else if (r)
		(void)munmap(r, SHARED_SIZE);
}

/* The child is root while it writes most reports, but what comes from another process is checked all the
 * same. */
static int take_failure(const struct report *r, struct jail_error *reterr)
{
	bool sane = r->stage > STAGE_NONE && r->stage < _STAGE_MAX && r->error < 0 && r->error >= -4095;
	char object[JAIL_OBJECT_MAX];

	if (!sane)
		return jail_fail(reterr, STAGE_EXEC, -EBADMSG, "report of the set-up", "");
	memcpy(object, r->object, sizeof(object));
	object[sizeof(object) - 1] = '\0';
	(void)jail_fail(reterr, (enum jail_stage)r->stage, r->error, object, "");
	reterr->callers = r->callers != 0;
	return r->error;
}

static int take_listener(struct jail *j, struct jail_error *reterr)
{
	int r = receive_fd(j->go_fd, &j->listener_fd);

	j->listener_fd = fd_move_high(j->listener_fd);
	return r < 0 ? jail_fail(reterr, STAGE_SECCOMP, r, "listener for violations", "") : 1;
}

/* What is left of it, after the payload's last look at a clock, is the filter and the exec: behind the filter
 * even that look may be forbidden. */
static void take_times(struct jail *j, struct stage_times *payload)
{
	stage_took(payload, STAGE_EXEC);
	for (size_t i = 0; i < _STAGE_MAX; i++) {
		uint64_t usec = (j->times.nsec[i] + payload->nsec[i]) / 1000;

		j->stage_usec[i] = usec < UINT32_MAX ? (uint32_t)usec : UINT32_MAX;
	}
}

/* An order that was not read began nothing. */
static bool is_unread(int far_fd)
{
	char byte;

	return far_fd >= 0 && recv(far_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* End of file: the exec closed the pipe, or the child ended. */
static int take_end(struct jail *j, struct jail_error *reterr)
{
	struct report last[_REPORT_MAX] = { { .stage = STAGE_NONE } };

	if (j->last_word)
		memcpy(last, j->last_word, sizeof(last));
	for (size_t i = 0; i < _REPORT_MAX; i++)
		if (last[i].stage != STAGE_NONE)
			return take_failure(&last[i], reterr);
	/* Before the go, or before "built", there is no exec that could have closed the pipe. After both, a
	 * child that was killed right then is taken for one killed just after its exec: it makes no
	 * difference. */
	if ((j->built || last[REPORT_PAYLOAD].error == REPORT_READY) && j->went && !is_unread(j->far_fd)) {
		take_times(j, &last[REPORT_PAYLOAD].times);
		return take_listener(j, reterr);
	}
	return jail_fail(reterr, STAGE_EXEC, -ECHILD, "the process that builds the jail ended early", "");
}

int report_of_init(const struct jail *j, struct jail_error *reterr)
{
	struct report r = j->last_word[REPORT_INIT];

	return r.stage == STAGE_NONE ? 0 : take_failure(&r, reterr);
}

int jail_read_report(struct jail *j, struct jail_error *reterr)
{
	struct report r;
	ssize_t n;
	int result;

	if (j->report_fd < 0)
		return jail_fail(reterr, STAGE_EXEC, -EBADF, "report was already read", "");
	/* while an end of the pipe is lent, there is no end of file */
	loan_settle(j);
	if (j->loan && process_has_ended(j->pidfd))
		loan_return(j);
	for (;;) {
		n = read(j->report_fd, &r, sizeof(r));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n != (ssize_t)sizeof(r) || r.stage != STAGE_NONE)
			break;
		if (r.error == REPORT_TABLE)
			loan_return(j);
		else
			j->built = true;
	}
	if (n == 0)
		result = take_end(j, reterr);
	else if (n == (ssize_t)sizeof(r))
		result = take_failure(&r, reterr);
	else
		result = jail_fail(reterr, STAGE_EXEC, -EBADMSG, "report of the set-up", "");
	j->report_fd = fd_close(j->report_fd);
	j->far_fd = fd_close(j->far_fd);
	if (result > 0)
		j->go_fd = fd_close(j->go_fd);
	report_end(j);
	shared_release(j);
	return result;
}
