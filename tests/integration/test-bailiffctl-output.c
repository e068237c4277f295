/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What bailiffctl says: JSON that another program reads, for each verb that has an answer; errors that name
 * what was meant, and the rule that decides; limits that the machine has and has not.
 */

#include "base/process.h"
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS(...)                                                                                            \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static char *launch(const char *tag)
{
	struct ctl_said s = ctl_as(RIG_ALICE, ARGS("launch", "--tag", tag, "tool", "sleep", "1000"));

	if (s.status != 0)
		fail_msg("launch: %s", s.err);
	g_free(s.err);
	return g_strchomp(s.out);
}

static void end(const char *id)
{
	EXPECT(0, "", NULL, "stop", "--timeout=0", id);
	EXPECT(137, "", NULL, "wait", "--release", id);
}

/* What was said as JSON: the verb, "one" value or "lines" of them, the text; each ended by a NUL. One reader
 * is started for all. */
static GString *said_as_json;

static void note_json(const char *verb, const char *text, bool lines)
{
	const char *words[] = { verb, lines ? "lines" : "one", text };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_string_append_len(said_as_json, words[i], (gssize)strlen(words[i]) + 1);
}

/* Strict: no NaN, no key twice, UTF-8. */
static void test_json_is_valid(void **state)
{
	static const char reader[] =
		"import json, sys\n"
		"def no(word): raise ValueError(word)\n"
		"def once(pairs):\n"
		"    return dict(pairs) if len(dict(pairs)) == len(pairs) else no('a key twice')\n"
		"words = sys.stdin.buffer.read().decode().split('\\0')[:-1]\n"
		"for verb, kind, text in zip(words[::3], words[1::3], words[2::3]):\n"
		"    for value in text.splitlines() if kind == 'lines' else [text]:\n"
		"        try: json.loads(value, parse_constant=no, object_pairs_hook=once)\n"
		"        except ValueError as e: sys.exit('%s: %s: %r' % (verb, e, value))\n"
		"sys.exit(0 if len(words) > 3 * 40 else 'nothing was said')\n";
	int fd = ctl_temporary();
	pid_t pid;

	assert_int_equal(write(fd, said_as_json->str, said_as_json->len), said_as_json->len);
	assert_return_code((int)lseek(fd, 0, SEEK_SET), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		(void)dup2(fd, STDIN_FILENO);
		(void)execlp("python3", "python3", "-c", reader, NULL);
		_exit(127);
	}
	(void)close(fd);
	assert_int_equal(ctl_status_of(pid), 0);
	(void)g_string_free(said_as_json, TRUE);
}

static void expect_json(uid_t uid, int status, bool lines, const char *const *args)
{
	static const char *const modes[] = { "--json=short", "--json=pretty" };

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		const char *words[12] = { modes[i] };
		struct ctl_said s;

		for (size_t k = 0; args[k]; k++) {
			assert_true(k + 2 < G_N_ELEMENTS(words));
			words[k + 1] = args[k];
		}
		s = ctl_as(uid, words);
		if (s.status != status)
			fail_msg("%s %s: status %d, wanted %d: %s", modes[i], args[0], s.status, status,
				s.err);
		note_json(args[0], s.out, lines && i == 0);
		ctl_said_done(&s);
	}
}

static void test_json(void **state)
{
	g_autofree char *id = launch("\"quoted\" \\ \xc3\xa4"), *other = launch("b"),
			*file = g_build_filename(
				ctl_stage.rig->dir, "config", "profiles", "tool.profile", NULL),
			*directory = g_strdup_printf("--config-dir=%s/config", ctl_stage.rig->dir);
	const struct {
		uid_t uid;
		int status;
		const char *const *args;
	} rows[] = {
		{ RIG_ALICE, 0, ARGS("list") },
		{ RIG_BOB, 0, ARGS("list") },
		{ RIG_ALICE, 0, ARGS("status") },
		{ 0, 0, ARGS("status") },
		{ RIG_ALICE, 0, ARGS("status", id) },
		{ RIG_ALICE, 0, ARGS("show", id, other, "tool") },
		{ RIG_ALICE, 0, ARGS("top", "-n1") },
		{ RIG_ALICE, 0, ARGS("usage", id, other) },
		{ RIG_ALICE, 1, ARGS("usage", id, "99999999") },
		{ RIG_ALICE, 0, ARGS("violations", id, other) },
		{ RIG_ALICE, 0, ARGS("profiles") },
		{ RIG_ALICE, 0, ARGS("explain", "tool", "sleep", "1") },
		{ RIG_ALICE, 126, ARGS("explain", "closed", "sleep", "1") },
		{ RIG_ALICE, 127, ARGS("explain", "nosuch", "sleep", "1") },
		{ RIG_ALICE, 0, ARGS("quota") },
		{ RIG_ALICE, 0, ARGS("sanitize-username", "alice") },
		{ RIG_ALICE, 0, ARGS("user-paths", "alice", "shill") },
		{ 0, 0, ARGS("verify", file) },
		{ 0, 1, ARGS("verify", "/nonexistent.profile") },
		{ 0, 0, ARGS("cat", directory, "tool", "closed") },
		{ 0, 1, ARGS("cat", directory, "tool", "no-such") },
		{ 0, 0, ARGS("reload") },
		{ 0, 0, ARGS("kill", "--profile", "--signal=CONT", "tool") },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		expect_json(rows[i].uid, rows[i].status, false, rows[i].args);
	EXPECT(0, "", NULL, "stop", "--timeout=0", id);
	expect_json(RIG_ALICE, 137, false, ARGS("wait", id));
	expect_json(RIG_ALICE, 137, true, ARGS("attach", id));
	EXPECT(137, "", NULL, "wait", "--release", id);
	end(other);
}

/* What is launched by it has to be found again to be stopped. */
static void test_json_of_launch(void **state)
{
	struct ctl_said s = ctl_as(RIG_ALICE, ARGS("--json=short", "launch", "tool", "sleep", "1000"));
	g_autofree char *id = NULL;

	assert_int_equal(s.status, 0);
	note_json("launch", s.out, false);
	id = g_strdup(s.out + strlen("{\"id\":"));
	id[strspn(id, "0123456789")] = '\0';
	end(id);
	ctl_said_done(&s);
}

static void test_did_you_mean(void **state)
{
	g_autofree char *id = launch("my-tag"), *meant = g_strdup_printf("did you mean %s (tool)?", id),
			*slip = g_strdup_printf("%s7", id);
	static const char *const verbs[] = { "status", "stop", "kill", "signal", "freeze", "thaw", "usage",
		"violations" };

	for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
		EXPECT(1, "", meant, verbs[i], "my-tag");
		EXPECT(1, "", meant, verbs[i], slip);
		/* another's sandboxes are no help */
		ctl_expect_as(RIG_BOB, 1, "", "bailiffctl list shows them", ARGS(verbs[i], "my-tag"));
	}
	EXPECT(125, "", meant, "attach", "my-tag");
	EXPECT(125, "", meant, "wait", slip);
	EXPECT(2, "", "did you mean violations?", "violatoins");
	EXPECT(2, "", "did you mean --timeout?", "stop", "--timeuot=1", id);
	EXPECT(125, "", "did you mean --runtime-max?", "run", "--runtimemax=1", "tool", "sleep");
	EXPECT(127, "", "did you mean tool?", "launch", "tooll", "sleep");
	EXPECT(125, "", "did you mean man?", "explain", "--user=mna", "tool", "sleep");
	end(id);
}

/* The rule that keeps somebody out, with its line, on a launch and on a question. */
static void test_denied(void **state)
{
	rig_write(ctl_stage.rig, "profiles/grouped.profile",
		"[Exec]\nExecutable=/usr/bin/sleep\n[Access]\nAllowGroup=video\n");
	rig_write(ctl_stage.rig, "profiles/both.profile",
		"[Exec]\nExecutable=/usr/bin/sleep\n[Access]\nAllowGroup=video\nAllowUser=lp\n");
	EXPECT_ROOT(0, "generation", NULL, "reload");
	EXPECT(126, "",
		"you are not user lp: rule at both.profile:5, nor in group video: rule at both.profile:4",
		"run", "both", "sleep", "1");
	EXPECT(126, "", "you are not in group video: rule at grouped.profile:4", "run", "grouped", "sleep",
		"1");
	EXPECT(126, "", "you are not in group video: rule at grouped.profile:4", "launch", "grouped", "sleep",
		"1");
	EXPECT(126, "you are not in group video: rule at grouped.profile:4", NULL, "explain", "grouped",
		"sleep", "1");
	EXPECT_ROOT(126, "it is not in group video: rule at grouped.profile:4", NULL, "explain", "--user=man",
		"grouped", "sleep", "1");
	EXPECT_ROOT(0, "allowed: yes", NULL, "explain", "--user=lp", "both", "sleep", "1");
	rig_remove(ctl_stage.rig, "profiles/grouped.profile");
	rig_remove(ctl_stage.rig, "profiles/both.profile");
	EXPECT_ROOT(0, "generation", NULL, "reload");
}

/* Those that need a controller say so where the machine has it not; the others hold everywhere. */
static void test_limits(void **state)
{
	static const char *const need_controllers[] = { "--memory-max=64M", "--tasks-max=8",
		"--cpu-quota=50%" };
	static const struct {
		const char *lower, *higher;
	} others[] = {
		{ "--runtime-max=1h", "--runtime-max=2h" },
		{ "--stop-timeout=500ms", "--stop-timeout=3h" },
	};
	g_autofree char *id = launch("l");

	for (size_t i = 0; i < G_N_ELEMENTS(need_controllers); i++) {
		struct ctl_said s = ctl_as(RIG_ALICE, ARGS("limits", need_controllers[i], id));

		if (s.status != 0 && !strstr(s.err, "Setup.Cgroup"))
			fail_msg("%s: %d, %s", need_controllers[i], s.status, s.err);
		ctl_said_done(&s);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		EXPECT(0, "", NULL, "limits", others[i].lower, id);
		EXPECT(0, "", NULL, "limits", others[i].lower, id);
		EXPECT(1, "", "OverrideDenied", "limits", others[i].higher, id);
	}
	EXPECT(2, "", "did you mean --tasks-max?", "limits", "--task-max=1", id);
	end(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_of_launch),
		cmocka_unit_test(test_json_is_valid),
		cmocka_unit_test(test_did_you_mean),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_limits),
	};

	said_as_json = g_string_new(NULL);
	(void)process_reset_signals();
	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("bailiffctl's output", tests, ctl_set_up, ctl_tear_down);
}
