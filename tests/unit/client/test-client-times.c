/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the manual page says of time holds for a call as a whole, whatever it asks and how often: each answer
 * of the false broker takes most of the time that there is for all of them. For this test time passes ten
 * times as fast, for the library, and for the libraries that it calls: they ask the functions below.
 */

#include "false-broker.h"

#include "dbus/names.h"
#include "lib/internal.h"
#include "library-bus.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define FAST     10
#define SECOND   1000000ULL
#define LAG_USEC (20 * SECOND) /* of each answer */
#define LOSSES   35            /* of a launch, which take half a minute */

static struct timespec times(const struct timespec *t, unsigned factor, unsigned divisor)
{
	const uint64_t ns = ((uint64_t)t->tv_sec * 1000000000U + (uint64_t)t->tv_nsec) * factor / divisor;

	return (struct timespec){ (time_t)(ns / 1000000000U), (long)(ns % 1000000000U) };
}

/* In the place of libc's, whose headers may define some of them. */
EXPORT int fast_clock_gettime(clockid_t clock, struct timespec *ret) __asm__("clock_gettime");
EXPORT int fast_ppoll(
	struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask) __asm__("ppoll");
EXPORT int fast_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
	struct timespec *remain) __asm__("clock_nanosleep");

int fast_clock_gettime(clockid_t clock, struct timespec *ret)
{
	struct timespec now;
	long r = syscall(SYS_clock_gettime, clock, &now);

	*ret = r == 0 ? times(&now, FAST, 1) : (struct timespec){ 0 };
	return (int)r;
}

int fast_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec t = timeout ? times(timeout, 1, FAST) : (struct timespec){ 0 };

	return (int)syscall(SYS_ppoll, fds, n, timeout ? &t : NULL, mask, _NSIG / 8);
}

int fast_clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remain)
{
	struct timespec t = times(request, 1, FAST);

	return (int)syscall(SYS_clock_nanosleep, clock, flags, &t, remain);
}

struct orders {
	volatile bool slow;  /* answers take LAG_USEC */
	volatile bool bus;   /* it is a bus, on which somebody is the broker */
	volatile bool ended; /* the program */
	volatile unsigned losses;
};

static struct false_broker broker;

static int pidfd_of_program(bool ended)
{
	pid_t pid = ended ? fork() : getpid();
	siginfo_t si;

	if (pid == 0)
		_exit(0);
	if (ended)
		(void)waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int reply_of_bus(sd_bus_message *m)
{
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_set_sender(reply, BUS_DRIVER);
	if (r >= 0 && sd_bus_message_is_method_call(m, NULL, "GetConnectionUnixUser"))
		r = sd_bus_message_append(reply, "u", 0);
	else if (r >= 0)
		r = sd_bus_message_append(
			reply, "s", sd_bus_message_is_method_call(m, NULL, "Hello") ? ":1.1" : ":1.7");
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	(void)sd_bus_message_unref(reply);
	return r;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr_error)
{
	struct orders *o = userdata;

	(void)reterr_error;
	if (o->slow)
		(void)usleep(LAG_USEC / FAST);
	if (o->bus)
		return reply_of_bus(m);
	if (sd_bus_message_is_method_call(m, NULL, "GetPidfd"))
		return sd_bus_reply_method_return(m, "h", pidfd_of_program(o->ended));
	if (sd_bus_message_is_method_call(m, NULL, "Wait"))
		return sd_bus_reply_method_return(m, "sii", "success", 0, 0);
	if (!sd_bus_message_is_method_call(m, NULL, "LaunchSandboxed"))
		return reply_right(m);
	/* and then one that takes it, and never answers */
	if (o->losses > 0) {
		o->losses--;
		hang_up(m);
	}
	return 1;
}

struct user {
	bailiff_connection *c;
	bailiff_sandbox *s;
};

/* The broker has ended, and the next one is slow. */
static void lose_broker(struct user *u)
{
	(void)shutdown(library_get_fd(u->c->bus), SHUT_RDWR);
	if (bailiff_sandbox_release(u->s) != -ECONNRESET)
		_exit(3);
	((struct orders *)broker.orders)->slow = true;
}

static int try_connect(struct user *u)
{
	struct orders *o = broker.orders;

	/* it serves one at a time */
	u->s = bailiff_sandbox_free(u->s);
	u->c = bailiff_connection_free(u->c);
	o->slow = o->bus = true;
	return bailiff_connect_address(broker.address, &u->c);
}

static int try_call(struct user *u)
{
	lose_broker(u);
	return bailiff_sandbox_release(u->s);
}

static int try_open(struct user *u)
{
	bailiff_sandbox *s = NULL;

	lose_broker(u);
	return bailiff_sandbox_open(u->c, 7, &s);
}

static void on_event(const bailiff_event *event, void *userdata)
{
	(void)event, (void)userdata;
}

static int try_events(struct user *u)
{
	lose_broker(u);
	return bailiff_connection_on_event(u->c, on_event, NULL);
}

static int try_launch(struct user *u)
{
	static const char *const argv[] = { "word", NULL };
	bailiff_request *r = NULL;
	bailiff_sandbox *s = NULL;

	((struct orders *)broker.orders)->losses = LOSSES;
	if (bailiff_request_new(&r, "p") < 0 || bailiff_request_set_argv(r, argv) < 0)
		return -ENOMEM;
	return bailiff_launch(u->c, r, &s);
}

/* If the program goes on nobody has to be asked. */
static int try_wait(struct user *u)
{
	lose_broker(u);
	return bailiff_sandbox_wait(u->s, 0, NULL);
}

/* Nobody comes back, and the program has ended, too. */
static int try_wait_ready(struct user *u)
{
	(void)shutdown(library_get_fd(u->c->bus), SHUT_RDWR);
	false_broker_stop(&broker);
	broker.pid = 0;
	return bailiff_sandbox_wait_ready(u->s, BAILIFF_TIMEOUT_INFINITE);
}

static const struct row {
	const char *name;
	int (*call)(struct user *u);
	bool ended;
	unsigned limit; /* seconds, with what a loaded machine may add: less than one more answer takes */
	int result;
} rows[] = {
	{ "bailiff_connect_address", try_connect, false, 25 + 12, -ETIMEDOUT },
	{ "bailiff_sandbox_release", try_call, false, 25 + 12, -ETIMEDOUT },
	{ "bailiff_sandbox_open", try_open, false, 25 + 12, -ETIMEDOUT },
	{ "bailiff_connection_on_event", try_events, false, 25 + 12, -ETIMEDOUT },
	{ "bailiff_launch", try_launch, false, 90 + 15, -ETIMEDOUT },
	{ "bailiff_sandbox_wait", try_wait, false, 12, -ETIMEDOUT },
	{ "bailiff_sandbox_wait of one that has ended", try_wait, true, 25 + 12, -ETIMEDOUT },
	{ "bailiff_sandbox_wait_ready", try_wait_ready, true, 12, -ESRCH },
};

struct outcome {
	uint64_t usec;
	int result;
};

static struct outcome *outcomes; /* one each, of the processes that try */

static void try_row(const struct row *row, struct outcome *ret)
{
	struct user u = { 0 };
	uint64_t begun;

	if (false_broker_start(&broker, sizeof(struct orders), on_call) < 0)
		_exit(1);
	((struct orders *)broker.orders)->ended = row->ended;
	if (bailiff_connect_address(broker.address, &u.c) < 0 || bailiff_sandbox_open(u.c, 7, &u.s) < 0)
		_exit(2);
	begun = now_usec();
	ret->result = row->call(&u);
	ret->usec = now_usec() - begun;
	(void)bailiff_sandbox_free(u.s);
	(void)bailiff_connection_free(u.c);
	if (broker.pid > 0)
		false_broker_stop(&broker);
	_exit(0);
}

static void test_all_of_it(void **state)
{
	pid_t pids[ELEMENTSOF(rows)];

	(void)state;
	outcomes = mmap(NULL, sizeof(*outcomes) * ELEMENTSOF(rows), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(outcomes != MAP_FAILED);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)alarm(60);
			try_row(&rows[i], &outcomes[i]);
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		print_message("%s: %d after %.1f s\n", rows[i].name, outcomes[i].result,
			(double)outcomes[i].usec / (double)SECOND);
		if (status != 0)
			fail_msg("%s ended with status %d", rows[i].name, status);
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		assert_int_equal(outcomes[i].result, rows[i].result);
		assert_true(outcomes[i].usec < rows[i].limit * SECOND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_of_it) };

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
