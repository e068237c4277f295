/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiff_launch() and bailiff_launch_async(), in three kinds of event loops, while the broker is killed, at
 * moments that are spread over the whole of a launch and some time after it. Each program writes its letter
 * into a pipe when it starts: no launch may start two, and one that succeeded has started one. Some brokers
 * are stopped first and killed when the program runs: then the answer is lost for certain.
 *
 * The keeper makes pauses when brokers end often: each daemon of a dozen gets a few kills only.
 */

#include "loops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMONS    18
#define LAUNCHES   12 /* with each of them: a letter each; from the fifth kill on there would be pauses */
#define KILL_EVERY 3
#define SPAN_USEC  6000 /* over which kills are spread */
#define LOST_MSEC  400  /* a stopped broker is waited for, until its launch runs */

struct round {
	int talk, pipe[2];
	unsigned starts[LAUNCHES];
	unsigned kills, lost, succeeded, failed;
	unsigned unsent; /* bit of each */
};

static int the_pipe; /* of the programs; inherited by the client, as the next */
static enum loop the_loop;

static int launch_letter(struct user *u, int i, bailiff_sandbox **ret)
{
	char script[64];
	const char *const argv[] = { "dash", "-c", script, NULL };
	bailiff_request *r;
	int k;

	(void)snprintf(script, sizeof(script), "printf %c >&3; exec 3>&-; %s", 'A' + i,
		i % 2 == 0 ? "exit 0" : "exec sleep 1000");
	r = request(u, "tool", argv);
	IS(bailiff_request_map_fd(r, 3, the_pipe), 0);
	k = loop_launch(u, the_loop, r, ret);
	(void)bailiff_request_free(r);
	return k;
}

/* The broker may be killed only now. */
static int stop(bailiff_sandbox *s)
{
	int k = -ECONNRESET;

	for (int i = 0; i < RIG_TIMEOUT_MS / 50 && (k == -ECONNRESET || k == -EHOSTUNREACH); i++) {
		k = bailiff_sandbox_stop(s, 0);
		if (k < 0)
			g_usleep(50000);
	}
	return k;
}

/* It is the one that was launched, and can be waited for. */
static void see_it_end(struct user *u, bailiff_sandbox *s, int i)
{
	bailiff_exit e;

	if (i % 2 != 0)
		IS(stop(s), 0);
	IS(bailiff_sandbox_wait(s, 20 * SECOND, &e), 0);
	HOLDS(strcmp(e.result, i % 2 != 0 ? "killed" : "success") == 0);
	(void)bailiff_sandbox_free(s);
}

static void part_launches(struct user *u)
{
	for (int i = 0; i < LAUNCHES; i++) {
		bailiff_sandbox *s = NULL;
		int k;

		HOLDS(hear(u->talk));
		k = launch_letter(u, i, &s);
		HOLDS(write(u->talk, &k, sizeof(k)) == sizeof(k));
		HOLDS(hear(u->talk));
		if (s)
			see_it_end(u, s, i);
	}
}

/* Letters that have come by now. */
static void tally(struct round *r)
{
	char letters[64];
	ssize_t n;

	while ((n = read(r->pipe[0], letters, sizeof(letters))) > 0)
		for (ssize_t k = 0; k < n; k++) {
			assert_in_range(letters[k], 'A', 'A' + LAUNCHES - 1);
			r->starts[letters[k] - 'A']++;
		}
}

static bool await_start(struct round *r, int i, int msec)
{
	struct pollfd p = { .fd = r->pipe[0], .events = POLLIN };

	for (tally(r); r->starts[i] == 0 && poll(&p, 1, msec) == 1;)
		tally(r);
	return r->starts[i] > 0;
}

/* @lose: the answer, if the launch got that far. */
static void kill_broker(struct rig *rig, struct round *r, int i, bool lose)
{
	pid_t broker = rig_pid(rig, RIG_BROKER);

	if (broker <= 0) /* the one before is just being started again */
		return;
	r->kills++;
	if (lose) {
		bool before = r->starts[i] > 0;

		(void)kill(broker, SIGSTOP);
		r->lost += await_start(r, i, LOST_MSEC) && !before;
	}
	(void)kill(broker, SIGKILL);
}

static void one_launch(struct rig *rig, struct round *r, int i, unsigned delay_usec)
{
	int answer = -1;

	rig_wait_ready(rig);
	say(r->talk);
	if (i % KILL_EVERY == 0) {
		g_usleep(delay_usec);
		tally(r);
		kill_broker(rig, r, i, i % 2 == 0);
	}
	assert_int_equal(read(r->talk, &answer, sizeof(answer)), sizeof(answer));
	if (answer == 0) {
		r->succeeded++;
		if (!await_start(r, i, RIG_TIMEOUT_MS))
			fail_msg("launch %d succeeded without its program", i);
	} else {
		/* no broker was there, so nothing was sent */
		assert_int_equal(answer, -EHOSTUNREACH);
		r->failed++;
		r->unsent |= 1U << i;
	}
	say(r->talk);
}

static void one_daemon(unsigned n, unsigned totals[4])
{
	struct round r = { .talk = -1 };
	struct rig *rig;
	void *state = NULL;
	pid_t pid;

	assert_int_equal(rig_setup(&state), 0);
	rig = state;
	assert_return_code(pipe2(r.pipe, O_CLOEXEC), errno);
	assert_return_code(fcntl(r.pipe[0], F_SETFL, O_NONBLOCK), errno);
	the_pipe = r.pipe[1];
	pid = user_start(rig, RIG_ALICE, part_launches, &r.talk);
	for (int i = 0; i < LAUNCHES; i++)
		one_launch(rig, &r, i, (n * LAUNCHES + (unsigned)i) * SPAN_USEC / (DAEMONS * LAUNCHES));
	user_finish(pid, r.talk);
	/* with the client goes what it has not been told of */
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
	tally(&r);
	for (int i = 0; i < LAUNCHES; i++)
		if (r.starts[i] != !(r.unsent & (1U << i)))
			fail_msg("launch %d of daemon %u started %u programs", i, n, r.starts[i]);
	totals[0] += r.kills;
	totals[1] += r.lost;
	totals[2] += r.succeeded;
	totals[3] += r.failed;
	(void)close(r.pipe[0]);
	(void)close(r.pipe[1]);
	assert_int_equal(rig_teardown(&state), 0);
}

/* @first: of the loops that daemons have in turn. */
static void kill_brokers(enum loop first, enum loop last)
{
	unsigned totals[4] = { 0 };

	for (unsigned n = 0; n < DAEMONS; n++) {
		the_loop = first + n % (last - first + 1);
		one_daemon(n, totals);
	}
	print_message("%u kills, %u answers lost, %u launches succeeded, %u failed\n", totals[0], totals[1],
		totals[2], totals[3]);
	assert_int_equal(totals[2] + totals[3], DAEMONS * LAUNCHES);
	assert_true(totals[1] > 0);
}

static void test_kills(void **state)
{
	kill_brokers(LOOP_NONE, LOOP_NONE);
}

static void test_kills_in_loops(void **state)
{
	kill_brokers(LOOP_POLL, LOOP_GLIB);
}

static void part_one(struct user *u)
{
	bailiff_sandbox *s = NULL;

	HOLDS(hear(u->talk));
	(void)launch_letter(u, 1, &s);
	(void)hear(u->talk);
}

/* The program runs, its caller has no answer yet; both broker and caller end. The sandbox does not outlive
 * them. */
static void test_orphans(void **state)
{
	struct round r = { .talk = -1 };
	void *rig_state = NULL;
	struct rig *rig;

	assert_int_equal(rig_setup(&rig_state), 0);
	rig = rig_state;
	assert_return_code(pipe2(r.pipe, O_CLOEXEC), errno);
	assert_return_code(fcntl(r.pipe[0], F_SETFL, O_NONBLOCK), errno);
	the_pipe = r.pipe[1];
	for (int i = 0; i < 5; i++) {
		pid_t pid;
		int status;

		rig_wait_ready(rig);
		r.starts[1] = 0;
		pid = user_start(rig, RIG_ALICE, part_one, &r.talk);
		say(r.talk);
		g_usleep(500 * (unsigned)i);
		kill_broker(rig, &r, 1, true);
		assert_return_code(kill(pid, SIGKILL), errno);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		(void)close(r.talk);
		rig_wait_ready(rig);
		rig_wait_jailed(rig, 0);
	}
	print_message("%u of %u had started\n", r.lost, r.kills);
	(void)close(r.pipe[0]);
	(void)close(r.pipe[1]);
	assert_int_equal(rig_teardown(&rig_state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_kills_in_loops),
		cmocka_unit_test(test_orphans),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
