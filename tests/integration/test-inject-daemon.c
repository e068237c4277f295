/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Q7 for the daemon's own processes: one call of one process fails, while the daemon starts (the process that
 * was started, keeper, compiler, launcher, broker, auditor, the maker of networks), while it serves
 * (launches, parked jails, control, denials, a client that leaves, a reload), and while what died is replaced
 * (a broker, a launcher that has a sandbox to take over). test-inject.c does the same for the making of a
 * jail. However it fails: each call is answered; what is denied stays denied; a program that runs is confined
 * as ever; a launch that failed leaves no process; the daemon serves on, or replaces what ended, or ends with
 * an error that says why; and nothing is left. The first and the last call of each kind fail, with an error
 * each (of a program that begins: the first; of one that begins anew: the last), and of those that a serving
 * broker's answers go out with all, alone or with those behind it; BAILIFF_INJECT_ALL=1: every call with
 * every error; BAILIFF_INJECT_CALL: of this name alone; BAILIFF_INJECT_NTH, _ERROR: this alone.
 */

#include "inject-acts.h"
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLACED_MAX 3 /* in a daemon's life: the keeper pauses before it replaces what ends so often */
#define SLOW_SEC     10
#define KINDS_MIN    10
#define IN_A_ROW     3

/* When one of these fails a broker that connects to its bus waits 25 seconds for what libsystemd asked the
 * bus, or until the keeper's patience ends: for the long run. */
static const int slow[] = { SYS_recvfrom, SYS_getsockname, SYS_getsockopt };
static const int errors[] = { EPERM, ENOMEM, EIO, EMFILE, ENOSPC, EAGAIN, EINTR };

struct scenario {
	const char *name;
	bool at_start;
	enum rig_process root; /* if not */
	bool audit;            /* with an auditor; if not at_start, and no child is meant, it is the root */
	bool in_silence; /* who is meant is started when there is nothing to do, and all its calls are met */
	bool reloads;    /* and again when nothing fails any more */
	unsigned few;    /* so many kinds of calls at least, where that is less than KINDS_MIN */
	unsigned at[INJECT_DEPTH];
	void (*act)(struct run *run);
};

static const struct scenario scenarios[] = {
	{ .name = "start-main", .at_start = true, .at = { 0 } },
	{ .name = "start-keeper", .at_start = true, .at = { 1 } },
	{ .name = "start-compiler", .at_start = true, .at = { 1, 1 } },
	{ .name = "start-launcher", .at_start = true, .at = { 1, 2 } },
	{ .name = "start-broker", .at_start = true, .at = { 1, 3 } },
	{ .name = "start-auditor", .at_start = true, .audit = true, .at = { 1, 2 } },
	{ .name = "start-init-maker", .at_start = true, .at = { 1, 2, 2 } },
	{ .name = "start-net-maker", .at_start = true, .in_silence = true, .few = 5, .at = { 1, 2, 3 } },
	{ .name = "broker", .root = RIG_BROKER, .act = act_serve_and_reload },
	{ .name = "launcher", .root = RIG_LAUNCHER, .act = act_serve_and_reload },
	{ .name = "park", .root = RIG_LAUNCHER, .reloads = true, .act = act_park },
	{ .name = "keeper", .root = RIG_KEEPER, .act = act_keep },
	{ .name = "auditor", .audit = true, .few = 4, .act = act_serve_and_reload },
	{ .name = "next-compiler", .root = RIG_KEEPER, .at = { 1 }, .act = act_reload },
	{ .name = "next-broker", .root = RIG_KEEPER, .at = { 1 }, .act = act_next_broker },
	{ .name = "next-launcher", .root = RIG_KEEPER, .at = { 1 }, .act = act_next_launcher },
};

/* Of a daemon that has ended, whenever it did: it may have had no file for user ids yet. */
static void expect_nothing_left(struct run *run)
{
	g_autofree char *dir = g_build_filename(run->rig->dir, "run", NULL),
			*uids = g_build_filename(dir, "dynamic-uids", NULL),
			*lock = g_build_filename(dir, "lock", NULL);

	(void)g_mkdir_with_parents(dir, 0755);
	/* who can not lock it can not know whose it is */
	if (strstr(run->what, " flock "))
		(void)unlink(lock);
	if (!g_file_test(uids, G_FILE_TEST_EXISTS))
		assert_true(g_file_set_contents(uids, "", 0, NULL));
	rig_assert_nothing_left(run->rig);
}

/* It ended although nobody told it to: with a status that says so, and words. */
static void expect_reason(struct run *run, int status)
{
	g_autofree char *log = inject_log(run);

	if (g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: ended, %d: %s\n", run->what, status, log);
	run->rig->stub = 0;
	run->n_ends++;
	if (status == 0)
		inject_fail_with_log(run, "it ended without an error");
	if (WIFEXITED(status) && log[0] == '\0')
		inject_fail_with_log(run, "it ended without a word");
	expect_nothing_left(run);
}

static bool has_ended(struct run *run)
{
	int status;

	if (waitpid(run->rig->stub, &status, WNOHANG) != run->rig->stub)
		return false;
	expect_reason(run, status);
	return true;
}

static bool answers(struct run *run, GDBusConnection **c)
{
	g_autoptr(GVariant) v = NULL;

	if (!*c)
		*c = rig_connect(run->rig, 0);
	v = g_dbus_connection_call_sync(*c, RIG_NAME, RIG_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
		NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL, NULL);
	return v;
}

/* True: the broker answers; false: the daemon has ended, for a reason. */
static bool serves(struct run *run)
{
	const gint64 begun = g_get_monotonic_time();
	GDBusConnection *c = NULL;

	while (!answers(run, &c) && !has_ended(run)) {
		if (g_get_monotonic_time() - begun > 3 * RIG_TIMEOUT_MS * G_GINT64_CONSTANT(1000))
			inject_fail_with_log(run, "it neither serves nor ends");
		g_usleep(POLL_USEC);
	}
	rig_disconnect(run->rig, c);
	return run->rig->stub != 0;
}

/* A launch works, if not at once: what ended may be being replaced. False: the daemon was about to end, for a
 * reason. */
static bool expect_launch(struct run *run)
{
	GDBusConnection *alice = rig_connect(run->rig, RIG_ALICE);
	g_autofree char *seen = NULL;

	for (int i = 0; !seen && !has_ended(run) && i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		seen = inject_look(run, alice);
		if (!seen)
			g_usleep(POLL_USEC);
	}
	rig_disconnect(run->rig, alice);
	if (run->rig->stub == 0)
		return false;
	if (!seen)
		inject_fail_with_log(run, "no launch works any more");
	if (!run->healthy)
		run->healthy = g_strdup(seen);
	assert_string_equal(seen, run->healthy);
	inject_expect_no_jails(run);
	return true;
}

/* Asked to, as it is at the end of all; but a failure may have come first. */
static void stop(struct run *run, bool failing)
{
	int status;

	(void)kill(run->rig->stub, SIGTERM);
	status = rig_wait_child(run->rig->stub);
	if (status == -1)
		inject_fail_with_log(run, "asked to stop, it does not");
	if (failing && status != 0)
		return expect_reason(run, status);
	run->rig->stub = 0;
	if (status != 0)
		inject_fail_with_log(run, "asked to stop, it ends with an error");
	expect_nothing_left(run);
}

static void start(struct run *run)
{
	inject_note_log_end(run);
	rig_daemon_start(run->rig, NULL, -1);
	rig_wait_ready(run->rig);
}

/* A launch that came before would be its parent's next child. */
static void await_silence(struct run *run, struct inject *inject)
{
	for (int i = 0; !inject_met(inject); i++) {
		if (i == RIG_TIMEOUT_MS * 1000 / POLL_USEC)
			inject_fail_with_log(run, "who is meant is not started");
		g_usleep(POLL_USEC);
	}
}

/* One start, and if it comes to serve, one stop. */
static bool run_start(struct run *run, struct inject_plan *plan, unsigned counts[INJECT_CALLS])
{
	struct inject *inject;
	bool served, done;
	int gate[2];

	inject_note_log_end(run);
	assert_return_code(pipe2(gate, O_CLOEXEC), errno);
	rig_daemon_start(run->rig, NULL, gate[0]);
	plan->root = run->rig->stub;
	plan->from_exec = true;
	inject = inject_begin(plan);
	assert_int_equal(write(gate[1], "", 1), 1);
	(void)close(gate[0]);
	(void)close(gate[1]);
	served = serves(run);
	if (served && run->scenario->in_silence)
		await_silence(run, inject);
	if (served) {
		inject_expect_denied(run, NULL);
		act_serve(run);
	}
	done = inject_end(inject, counts);
	/* what the compiler could not read is not there, and is when it reads again */
	if (served && run->scenario->at[1] == 1)
		inject_reload(run);
	if (served && serves(run) && expect_launch(run))
		stop(run, true);
	return done;
}

/* From now on its life is what others are compared with. */
static void settle_in(struct run *run)
{
	void *state = run->rig;

	assert_true(expect_launch(run));
	act_serve(run);
	run->broker = rig_pid(run->rig, RIG_BROKER);
	run->launcher = rig_pid(run->rig, RIG_LAUNCHER);
	run->replaced = 0;
	(void)rig_test_setup(&state);
}

static void count_replaced(struct run *run)
{
	const pid_t broker = rig_pid(run->rig, RIG_BROKER), launcher = rig_pid(run->rig, RIG_LAUNCHER);
	const unsigned n = (broker != run->broker ? 1U : 0U) + (launcher != run->launcher ? 1U : 0U);

	run->replaced += n;
	run->n_replaced += n;
	run->broker = broker;
	run->launcher = launcher;
}

/* With what failed it may have been about to end when it still served. */
static bool ends(struct run *run)
{
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		if (has_ended(run))
			return true;
		g_usleep(POLL_USEC);
	}
	return false;
}

static bool run_served(struct run *run, struct inject_plan *plan, unsigned counts[INJECT_CALLS])
{
	void *state = run->rig;
	struct inject *inject;
	bool done;

	if (run->rig->stub != 0 && run->replaced >= REPLACED_MAX)
		stop(run, false);
	/* the failure before may have ended it only now, for a reason */
	do {
		if (run->rig->stub == 0) {
			start(run);
			settle_in(run);
		}
		plan->root = run->scenario->audit && run->scenario->at[0] == 0
				     ? rig_auditor_pid(run->rig)
				     : rig_pid(run->rig, run->scenario->root);
	} while (plan->root == 0 && ends(run));
	inject = inject_begin(plan);
	run->scenario->act(run);
	done = inject_end(inject, counts);
	if (serves(run) && run->scenario->reloads)
		inject_reload(run);
	if (run->rig->stub == 0 || !expect_launch(run))
		return done;
	count_replaced(run);
	if (rig_test_teardown(&state) != 0 && !ends(run))
		inject_fail_with_log(run, "something is left");
	return done;
}

static bool run_once(struct run *run, struct inject_plan *plan, unsigned counts[INJECT_CALLS])
{
	memcpy(plan->at, run->scenario->at, sizeof(plan->at));
	return run->scenario->at_start ? run_start(run, plan, counts) : run_served(run, plan, counts);
}

static void fail_once(struct run *run, const char *name, int number, unsigned nth, unsigned last, int error)
{
	struct inject_plan plan = { .call = number, .nth = nth, .last = last, .error = error };
	const gint64 begun = g_get_monotonic_time();

	g_free(run->what);
	run->what = g_strdup_printf("%s: %s %u%s %s", run->scenario->name, name, nth,
		last > nth ? " and on" : "", g_strerror(error));
	run->n++;
	run->n_done += run_once(run, &plan, NULL);
	if (g_get_monotonic_time() - begun > SLOW_SEC * G_USEC_PER_SEC || g_getenv("BAILIFF_TEST_VERBOSE"))
		print_message("%s: %.1f s\n", run->what, (double)(g_get_monotonic_time() - begun) / 1e6);
}

static bool is_slow(const struct scenario *s, int number)
{
	const bool connects = g_str_has_suffix(s->name, "-broker");

	for (size_t i = 0; connects && i < G_N_ELEMENTS(slow); i++)
		if (number == slow[i])
			return true;
	return false;
}

/* With what answers are sent: each is one that somebody may wait for. */
static bool is_answers(const struct scenario *s, int number)
{
	return !s->at_start && s->root == RIG_BROKER && s->act && !s->audit && number == SYS_sendmsg;
}

/* Each by itself, so that the error is sent that comes next; and with all that try to say so. */
static void fail_answers(struct run *run, const char *name, int number, unsigned most)
{
	for (unsigned n = 1; n <= most; n++)
		fail_once(run, name, number, n, n % 2 ? n : n + IN_A_ROW, ENOBUFS);
}

static void fail_calls_of(struct run *run, int number, unsigned most, unsigned turn)
{
	const char *only = g_getenv("BAILIFF_INJECT_CALL"), *nth = g_getenv("BAILIFF_INJECT_NTH"),
		   *error = g_getenv("BAILIFF_INJECT_ERROR");
	const bool all = g_getenv("BAILIFF_INJECT_ALL") != NULL,
		   anew = g_str_has_prefix(run->scenario->name, "next-"),
		   begins = run->scenario->at_start && run->scenario->at[1] > 0;
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

	/* the last calls of a program that begins are those of one that serves, or of one that begins anew */
	if (!all && !only && is_slow(run->scenario, number))
		most = 0;

	for (unsigned n = 1; n <= most && (!only || strcmp(only, name) == 0); n++)
		for (size_t e = 0; e < G_N_ELEMENTS(errors); e++) {
			bool chosen = ((n == 1 && !anew) || (n == most && !begins)) &&
				      e == (turn + n) % G_N_ELEMENTS(errors);

			if (nth)
				chosen = n == g_ascii_strtoull(nth, NULL, 10) &&
					 (!error || errors[e] == (int)g_ascii_strtoull(error, NULL, 10));
			if (all || chosen)
				fail_once(run, name, number, n, 0, errors[e]);
		}
	if (is_answers(run->scenario, number) && !nth && (!only || strcmp(only, name) == 0))
		fail_answers(run, name, number, most);
	free(name);
}

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(scenarios); i++)
		if (g_strcmp0(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

static const struct scenario *chosen;

static void test_calls(void **state)
{
	struct run run = { .rig = *state, .scenario = chosen, .what = g_strdup("nothing fails") };
	struct inject_plan count = { .count = true };
	unsigned counts[INJECT_CALLS], kinds = 0;

	/* the rig's own daemon has another start behind it */
	assert_true(expect_launch(&run));
	stop(&run, false);
	(void)run_once(&run, &count, counts);
	for (int number = 0; number < INJECT_CALLS; number++)
		if (counts[number] > 0)
			fail_calls_of(&run, number, counts[number], kinds++);
	if (run.rig->stub != 0)
		stop(&run, false);
	print_message(
		"%s: %u of %u calls of %u kinds failed: %u ends of the daemon, %u of broker or launcher\n",
		chosen->name, run.n_done, run.n, kinds, run.n_ends, run.n_replaced);
	/* how often a call is made differs a little from run to run; most of the chosen ones are met */
	if (!g_getenv("BAILIFF_INJECT_CALL"))
		assert_true(kinds >= (chosen->few ? chosen->few : KINDS_MIN) && run.n_done > run.n / 2 &&
			    (run.n_done == run.n || !chosen->in_silence));
	start(&run);
	g_free(run.healthy);
	g_free(run.what);
}

static int set_up(void **state)
{
	int r = rig_setup(state);

	if (r == 0 && chosen->audit)
		rig_write(*state, "bailiffd.conf.d/audit.conf", "[Broker]\nKernelAudit=yes\n");
	return r;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_calls) };

	chosen = find_scenario(argc == 2 ? argv[1] : NULL);
	if (!chosen)
		return 2;
	if (!rig_can_run() || !inject_possible())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name(chosen->name, tests, set_up, rig_teardown);
}
