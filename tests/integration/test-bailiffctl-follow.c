/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl monitor: says what happens when it happens, in order and once, through restarts of the broker;
 * sleeps while nothing happens; and ends with whoever reads it.
 */

#include "base/process.h"
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}
#define IDLE_USEC 1500000
#define FLOOD     600 /* sandboxes; each end is told by three signals and more */

struct follower {
	pid_t pid;
	FILE *f;
};

static char *launch(const char *profile, const char *script)
{
	struct ctl_said s =
		ctl_as(RIG_ALICE, ARGS("launch", "--tag=followed", profile, "dash", "-c", script));

	if (s.status != 0)
		fail_msg("launch: %s", s.err);
	g_free(s.err);
	return g_strchomp(s.out);
}

/* However it ended: that is the status then. */
static void release(const char *id)
{
	struct ctl_said s = ctl_as(RIG_ALICE, ARGS("wait", "--release", id));

	ctl_said_done(&s);
}

static char *launch_forever(void)
{
	return launch("tool", "exec sleep 1000");
}

static void end(const char *id)
{
	EXPECT(0, "", NULL, "stop", "--timeout=0", id);
	EXPECT(137, "", NULL, "wait", "--release", id);
}

/* Follows from the moment when this returns at the latest. */
static void follow(struct follower *w, uid_t uid, const char *const *args)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), p[2];
	struct ctl_streams s = { null, -1, STDERR_FILENO, .follows = true };
	struct pollfd said;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	s.out = p[1];
	w->pid = ctl_start(uid, &s, args);
	(void)close(p[1]);
	(void)close(null);
	/* it says nothing of what it finds: it is asked until it speaks */
	said = (struct pollfd){ .fd = p[0], .events = POLLIN };
	while (poll(&said, 1, 200) == 0) {
		g_autofree char *probe = launch_forever();

		end(probe);
	}
	w->f = fdopen(p[0], "r");
	assert_non_null(w->f);
	/* nothing is read that poll(2) would not tell of any more */
	assert_int_equal(setvbuf(w->f, NULL, _IONBF, 0), 0);
}

static char *next_line(struct follower *w)
{
	struct pollfd said = { .fd = fileno(w->f), .events = POLLIN };
	char *line = NULL;
	size_t size = 0;

	if (poll(&said, 1, CTL_LIMIT_S * 1000) == 0)
		fail_msg("monitor says nothing");
	if (getline(&line, &size, w->f) <= 0)
		fail_msg("monitor has ended: %d", ctl_status_of(w->pid));
	return line;
}

/* The next line about this sandbox; it must be this event. Others' are passed over. Free. */
static char *hear(struct follower *w, const char *event, const char *id)
{
	g_autofree char *wanted = g_strdup_printf("\"event\":\"%s\"", event),
			*about = id ? g_strdup_printf("\"id\":%s,", id) : NULL;

	for (;;) {
		char *line = next_line(w);

		if (strstr(line, about ? about : wanted)) {
			if (!strstr(line, wanted))
				fail_msg("wanted %s, heard %s", event, line);
			return line;
		}
		free(line);
	}
}

static void expect(struct follower *w, const char *event, const char *id, const char *text)
{
	char *line = hear(w, event, id);

	if (!strstr(line, text))
		fail_msg("wanted %s, heard %s", text, line);
	free(line);
}

/* That it is being stopped may be said before. */
static void hear_end(struct follower *w, const char *id)
{
	g_autofree char *about = g_strdup_printf("\"id\":%s,", id);

	for (bool heard = false; !heard;) {
		char *line = next_line(w);

		heard = strstr(line, about) && strstr(line, "\"event\":\"exit\"");
		free(line);
	}
}

static void leave(struct follower *w)
{
	assert_return_code(kill(w->pid, SIGINT), errno);
	assert_int_equal(ctl_status_of(w->pid), 0);
	(void)fclose(w->f);
}

/* To the user who launched it from elsewhere, and to an administrator. */
static void test_events(void **state)
{
	static const uid_t uids[] = { RIG_ALICE, 0 };
	struct follower w[G_N_ELEMENTS(uids)];
	g_autofree char *id = NULL, *other = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(uids); i++)
		follow(&w[i], uids[i], ARGS("--json=short", "monitor"));
	id = launch("tool", "trap '' TERM; sleep 1000; :");
	/* with the program's child: it is deaf by now */
	rig_wait_jailed(ctl_stage.rig, 3);
	EXPECT(0, "", NULL, "stop", "--no-block", "--timeout=300ms", id);
	EXPECT(137, "", NULL, "wait", "--release", id);
	other = launch("tool", "exit 3");
	EXPECT(3, "", NULL, "wait", "--release", other);
	EXPECT_ROOT(0, "generation", NULL, "reload");
	for (size_t i = 0; i < G_N_ELEMENTS(uids); i++) {
		expect(&w[i], "launch", id, "\"profile\":\"tool\",\"owner\":6,\"tag\":\"followed\"");
		expect(&w[i], "stopping", id, "\"state\":\"stopping\"");
		expect(&w[i], "exit", id, "\"result\":\"killed\",\"code\":0,\"signal\":9}");
		expect(&w[i], "release", id, "\"state\":\"exited\"");
		expect(&w[i], "launch", other, "\"profile\":\"tool\"");
		expect(&w[i], "exit", other, "\"result\":\"exit-code\",\"code\":3,\"signal\":0}");
		expect(&w[i], "release", other, "");
		expect(&w[i], "reload", NULL, "\"wrong-files\":[]}");
		leave(&w[i]);
	}
}

static void test_violation(void **state)
{
	g_autofree char *id = NULL;
	struct follower w;

	rig_write(ctl_stage.rig, "profiles/named.profile",
		"[Access]\nAllowUser=man\nAllowDetach=yes\n[Exec]\nExecutable=/usr/bin/dash\n"
		"[Filesystem]\nMinimalRoot=yes\n"
		"[Seccomp]\nSystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	follow(&w, 0, ARGS("--json=short", "monitor"));
	id = launch("named", "hostname other");
	expect(&w, "launch", id, "\"profile\":\"named\"");
	expect(&w, "violation", id, "\"layer\":\"seccomp\",\"what\":\"sethostname\"");
	expect(&w, "exit", id, "\"result\":");
	leave(&w);
	release(id);
	rig_remove(ctl_stage.rig, "profiles/named.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
}

/* What ended or began while no broker was there or was heard is said when there is one again, all of it once.
 */
static void test_restart(void **state)
{
	g_autofree char *id = launch_forever(), *stays = launch_forever(), *later = NULL;
	struct follower w[2];

	follow(&w[0], RIG_ALICE, ARGS("--json=short", "monitor"));
	follow(&w[1], 0, ARGS("--json=short", "monitor"));
	for (int i = 0; i < 2; i++)
		rig_kill_and_wait(ctl_stage.rig, RIG_BROKER);
	EXPECT(0, "", NULL, "kill", id);
	EXPECT(137, "", NULL, "wait", "--release", id);
	later = launch_forever();
	end(later);
	end(stays);
	for (int i = 0; i < 2; i++) {
		bool ended = false, released = false;

		while (!released) {
			char *line = next_line(&w[i]);
			bool gone = strstr(line, "\"event\":\"gone\""); /* before it was looked at */

			ended = ended || (strstr(line, id) && (gone || strstr(line, "\"event\":\"exit\"")));
			released = strstr(line, stays) && (gone || strstr(line, "\"event\":\"release\""));
			assert_false(strstr(line, "\"event\":\"launch\"") &&
				     (strstr(line, stays) || strstr(line, id)));
			free(line);
		}
		assert_true(ended);
		leave(&w[i]);
	}
}

/* Launched and ended while the monitor does not read. */
static void launch_many(GDBusConnection *c, uint64_t ids[FLOOD])
{
	const struct rig_launch l = { .profile = "tool", .argv = ARGS("dash", "-c", "exit 0") };

	for (int i = 0; i < FLOOD; i++) {
		struct rig_sandbox s;

		rig_launch(c, &l, &s);
		g_free(rig_wait(c, &s, NULL, NULL));
		ids[i] = s.id;
		rig_sandbox_done(&s);
	}
}

/* How often a line has this event and id. */
static unsigned count(const char *text, const char *event, uint64_t id)
{
	g_autofree char *about = g_strdup_printf("\"event\":\"%s\"", event),
			*number = g_strdup_printf("\"id\":%" PRIu64 ",", id);
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, number)); at++) {
		const char *line = at;

		while (line > text && line[-1] != '\n')
			line--;
		n += g_strstr_len(line, (gssize)strcspn(line, "\n"), about) != NULL;
	}
	return n;
}

/*
 * More happens while it does not run than is kept for it: it looks what there is, and goes on. What it says
 * it says once; what came and went meanwhile it may not know of.
 */
static void test_flood(void **state)
{
	static uint64_t ids[FLOOD];
	g_autoptr(GString) text = g_string_new(NULL);
	GDBusConnection *alice = rig_connect(ctl_stage.rig, RIG_ALICE);
	struct rig_launch named = { .profile = "tool", .argv = ARGS("dash", "-c", "exec sleep 1000") };
	g_autofree char *stays = NULL, *last = NULL, *path_id = NULL;
	GVariantDict options = G_VARIANT_DICT_INIT(NULL);
	unsigned n_told = 0;
	struct rig_sandbox s;
	struct follower w;

	g_variant_dict_insert(&options, "token", "s", "flood");
	named.options = g_variant_dict_end(&options);
	rig_launch(alice, &named, &s);
	path_id = g_strdup_printf("%" PRIu64, s.id);
	follow(&w, RIG_ALICE, ARGS("--json=short", "monitor"));
	assert_return_code(kill(w.pid, SIGSTOP), errno);
	/* its path says no id, which has to be asked for: meanwhile everything else arrives */
	EXPECT(0, "", NULL, "stop", "--timeout=0", path_id);
	launch_many(alice, ids);
	stays = launch_forever();
	assert_return_code(kill(w.pid, SIGCONT), errno);
	last = launch_forever();
	/* in any order: one is told by what it finds, the other by the broker's signal */
	for (unsigned heard = 0; heard < 2;) {
		char *line = next_line(&w);

		heard += (strstr(line, last) || strstr(line, stays)) && strstr(line, "\"event\":\"launch\"");
		g_string_append(text, line);
		free(line);
	}
	for (int i = 0; i < FLOOD; i++) {
		unsigned n = count(text->str, "launch", ids[i]);

		assert_true(n <= 1 && count(text->str, "exit", ids[i]) <= 1);
		n_told += n;
	}
	assert_int_equal(count(text->str, "launch", strtoull(stays, NULL, 10)), 1);
	assert_int_equal(count(text->str, "launch", strtoull(last, NULL, 10)), 1);
	print_message("%u of %d launches were told\n", n_told, FLOOD);
	assert_true(n_told < FLOOD);
	end(stays);
	hear_end(&w, stays);
	end(last);
	hear_end(&w, last);
	leave(&w);
	release(path_id);
	rig_sandbox_done(&s);
}

static unsigned long turns_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "\nvoluntary_ctxt_switches:");
	assert_non_null(line);
	return strtoul(line + strlen("\nvoluntary_ctxt_switches:"), NULL, 10);
}

/* It sleeps while nothing happens: it never wakes up to look. */
static void test_no_polling(void **state)
{
	struct follower w;
	unsigned long before;

	follow(&w, RIG_ALICE, ARGS("--json=short", "monitor"));
	g_usleep(IDLE_USEC); /* for what the probes still have to say */
	before = turns_of(w.pid);
	g_usleep(IDLE_USEC);
	assert_int_equal(turns_of(w.pid), before);
	leave(&w);
}

/* Without a word, and without waiting for something to say. */
static void test_reader_gone(void **state)
{
	int p[2], err = ctl_temporary(), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct ctl_streams s = { null, -1, err };
	g_autofree char *said = NULL;
	int status;
	pid_t pid;

	assert_return_code(pipe2(p, O_CLOEXEC), errno);
	s.out = p[1];
	pid = ctl_start(RIG_ALICE, &s, ARGS("monitor"));
	(void)close(p[1]);
	(void)close(p[0]);
	status = ctl_status_of(pid); /* the latter where the signal is ignored, as GLib has it here */
	assert_true(status == 128 + SIGPIPE || status == 1);
	said = ctl_contents(err);
	assert_string_equal(said, "");
	(void)close(err);
	(void)close(null);
}

static void test_count(void **state)
{
	struct follower w;
	char line[256];
	unsigned n = 0;

	follow(&w, RIG_ALICE, ARGS("monitor", "--count=2"));
	while (!feof(w.f)) {
		g_autofree char *id = launch_forever();

		end(id);
		while (n < 2 && fgets(line, sizeof(line), w.f))
			n++;
		if (n == 2)
			break;
	}
	assert_int_equal(ctl_status_of(w.pid), 0);
	assert_null(fgets(line, sizeof(line), w.f));
	(void)fclose(w.f);
	EXPECT(2, "", "1 or more", "monitor", "--count=0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_violation),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_no_polling),
		cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_count),
	};

	(void)process_reset_signals();
	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("bailiffctl monitor", tests, ctl_set_up, ctl_tear_down);
}
