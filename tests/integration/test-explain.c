/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Explain and LaunchSandboxed are one evaluator: over a table that is generated from profiles, arguments,
 * variables, options and callers, what Explain allows is then launched, and what it denies is refused, with
 * the very error that it named.
 */

#include "rig.h"

#include <string.h>

static const char profile[] =
	"[Access]\nAllowUser=man\n"
	"[Exec]\nExecutable=/usr/bin/true /usr/bin/false\nArgument=-[a-z]\nArgument=[0-9]{1,3}\n"
	"Environment=LANG=C\nPassEnvironment=TZ APP_*\n"
	"[Resources]\nRuntimeMaxSec=30s\nTimeoutStopSec=2s\nLimitNOFILE=64:64\n";
static const char more[] =
	"[Access]\nAllowUser=man\nAllowGroup=lp\nAllowDetach=yes\n"
	"[Exec]\nExecutable=/usr/bin/true\nStandardOutput=null\nPassEnvironment=OTHER TZ\n";

static const char *const profiles[] = { "explained", "explained-more", "explained-broken", "explained-not" };

/* GVariant text of argv, env and options. */
static const char *const argvs[] = { "['/usr/bin/true']", "['true', '-x']", "['/usr/bin/true', '--long']",
	"['/usr/bin/sleep', '1']", "['/usr/bin/false', '12']" };
static const char *const envs[] = { "@a{ss} {}", "{'TZ': 'UTC'}", "{'APP_X': 'a b', 'TZ': ''}",
	"{'LD_PRELOAD': '/x.so'}", "{'OTHER': '1'}" };
static const char *const options[] = { "@a{sv} {}", "{'cwd': <'/'>, 'tag': <'t'>}", "{'detach': <true>}",
	"{'stdio': <{uint32 1: 'pipe'}>}", "{'rlimits': <{'NOFILE': (uint64 32, uint64 32)}>}",
	"{'rlimits': <{'NOFILE': (uint64 99, uint64 99)}>}", "{'runtime-max-usec': <uint64 99000000000>}",
	"{'nice': <1>, 'drop-capabilities': <['CAP_KILL']>, 'no-network': <true>}", "{'nice': <-1>}",
	"{'oom-score-adj': <-1>}", "{'no-such-option': <1>}" };

struct counts {
	unsigned asked, allowed, denied;
};

struct question {
	const char *profile, *argv, *env, *options;
};

static void say(const struct question *q, const char *explained, const char *launched)
{
	fail_msg("%s %s %s %s: Explain says %s, the launch %s", q->profile, q->argv, q->env, q->options,
		explained, launched);
}

static void check_launched(GDBusConnection *c, GVariant *reply)
{
	g_autoptr(GVariant) result = NULL, streams = NULL, info = NULL;
	const char *path, *how;
	gint32 handle;

	g_variant_get(reply, "(&oh@a{uh}@a{sv})", &path, &handle, &streams, &info);
	result = rig_call_ok(c, path, RIG_SANDBOX, "Wait", NULL);
	g_variant_get(result, "(&siia{sv})", &how, NULL, NULL, NULL);
	assert_true(strcmp(how, "success") == 0 || strcmp(how, "exit-code") == 0);
	g_variant_unref(rig_call_ok(c, path, RIG_SANDBOX, "Release", NULL));
}

static void check(GDBusConnection *c, const struct question *q, struct counts *n)
{
	g_autofree char *ask = g_strdup_printf("('%s', %s, %s, %s)", q->profile, q->argv, q->env, q->options);
	g_autofree char *launch =
		g_strdup_printf("('%s', %s, %s, @a{uh} {}, %s)", q->profile, q->argv, q->env, q->options);
	g_autoptr(GVariant) said =
		rig_call_ok(c, RIG_PATH, RIG_MANAGER, "Explain", g_variant_new_parsed(ask));
	g_autoptr(GVariant) reasons = NULL, reply = NULL;
	g_autoptr(GUnixFDList) fds = NULL;
	g_autoptr(GError) error = NULL;
	gboolean allowed;
	const char *name = NULL;

	g_variant_get(said, "(b&s@as@a{sv})", &allowed, NULL, &reasons, NULL);
	if (!allowed)
		g_variant_get_child(reasons, 0, "&s", &name);
	reply = rig_call(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", g_variant_new_parsed(launch), NULL,
		&fds, &error);
	n->asked++;
	if (allowed && !reply)
		say(q, "yes", error->message);
	if (!allowed && reply)
		say(q, name, "was made");
	if (allowed) {
		n->allowed++;
		check_launched(c, reply);
		return;
	}
	n->denied++;
	if (!g_str_has_prefix(error->message, name) || error->message[strlen(name)] != ':')
		say(q, name, error->message);
}

static void ask_all(GDBusConnection *c, struct counts *n)
{
	for (size_t p = 0; p < G_N_ELEMENTS(profiles); p++)
		for (size_t a = 0; a < G_N_ELEMENTS(argvs); a++)
			for (size_t e = 0; e < G_N_ELEMENTS(envs); e++)
				for (size_t o = 0; o < G_N_ELEMENTS(options); o++) {
					const struct question q = { profiles[p], argvs[a], envs[e],
						options[o] };

					check(c, &q, n);
				}
}

static void test_one_evaluator(void **state)
{
	static const uid_t users[] = { RIG_ALICE, RIG_BOB };
	struct rig *rig = *state;
	struct counts n = { 0 };

	rig_write(rig, "profiles/explained.profile", profile);
	rig_write(rig, "profiles/explained-more.profile", more);
	rig_reload(rig);
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		GDBusConnection *c = rig_connect(rig, users[i]);

		ask_all(c, &n);
		rig_disconnect(rig, c);
	}
	print_message("%u questions: %u launched, %u refused\n", n.asked, n.allowed, n.denied);
	assert_true(n.asked >= 300 && n.allowed >= 50 && n.denied >= 50);
	rig_remove(rig, "profiles/explained.profile");
	rig_remove(rig, "profiles/explained-more.profile");
	rig_reload(rig);
	rig_wait_jailed(rig, 0);
}

/* The same answers for somebody else; and polkit's, units' and labels' are not made up. */
static void test_for_others(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);
	static const struct {
		guint32 uid;
		const char *profile;
		gboolean allowed;
	} rows[] = { { RIG_ALICE, "tool", TRUE }, { RIG_BOB, "tool", FALSE }, { RIG_BOB, "strict", TRUE },
		{ RIG_ALICE, "strict", FALSE }, { 0, "closed", TRUE }, { 65534, "tool", FALSE } };

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GVariant) said = NULL;
		g_autofree char *text =
			g_strdup_printf("(uint32 %u, '%s', ['/usr/bin/sleep', '1'], @a{ss} {}, @a{sv} {})",
				rows[i].uid, rows[i].profile);
		gboolean allowed;

		said = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "ExplainFor", g_variant_new_parsed(text));
		g_variant_get_child(said, 0, "b", &allowed);
		if (allowed != rows[i].allowed)
			fail_msg("%s: %s", text, allowed ? "allowed" : "denied");
	}
	rig_disconnect(rig, root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_one_evaluator),
		rig_test(test_for_others),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
