/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Signals in the library, against the real daemon: told once and in any loop, also across a restart of the
 * broker; and D6: what anybody else sends is not heard.
 */

#include "user.h"

#include "lib/internal.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#define FORGERIES 20
#define SERIALS   100

static const char named_profile[] =
	"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/hostname\n[Seccomp]\n"
	"SystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n";

struct told {
	struct user *u;
	bailiff_sandbox *s;
	unsigned n_exits, n_ready, n_violations, n_reloads, n_files;
	int error, code, signal;
	char result[16], what[64];
	uint32_t generation;
};

static void on_exit_told(int error, const bailiff_exit *e, void *userdata)
{
	struct told *t = userdata;

	t->n_exits++;
	t->error = error;
	if (error < 0)
		return;
	t->code = e->code;
	t->signal = e->signal;
	(void)g_strlcpy(t->result, e->result, sizeof(t->result));
}

static void on_violation(
	bailiff_sandbox *s, const char *layer, const char *what, const char *detail, void *userdata)
{
	struct told *t = userdata;

	t->n_violations += s == t->s && strcmp(layer, "seccomp") == 0 && *detail;
	(void)g_strlcpy(t->what, what, sizeof(t->what));
}

static void on_ready(bailiff_sandbox *s, void *userdata)
{
	struct told *t = userdata;

	t->n_ready += s != NULL;
}

static void on_reload(uint32_t generation, const char *const *files, void *userdata)
{
	struct told *t = userdata;

	t->n_reloads++;
	t->generation = generation;
	for (t->n_files = 0; files[t->n_files]; t->n_files++)
		(void)g_strlcpy(t->what, files[t->n_files], sizeof(t->what));
}

/* A round of a program without an event loop; a broker that is away is waited for. */
static void turn(struct user *u)
{
	int r = bailiff_connection_wait(u->c, 20 * SECOND);

	if (r == -EHOSTUNREACH) {
		(void)poll(NULL, 0, 20);
		return;
	}
	HOLDS(r >= 0);
	do
		r = u->c ? bailiff_connection_process(u->c) : 0;
	while (r > 0);
	HOLDS(r == 0 || r == -ENOTCONN || r == -ECONNRESET);
}

/* Whatever is on its way is here when an answer is, and told after that. */
static void settle(struct user *u)
{
	bailiff_profile_info *list = NULL;

	IS(bailiff_list_profiles(u->c, &list), 0);
	(void)bailiff_profile_info_free(list);
	while (bailiff_connection_process(u->c) > 0)
		;
}

static void told_end(struct user *u, struct told *t, const char *result, int code, int signal)
{
	while (t->n_exits == 0)
		turn(u);
	IS(t->error, 0);
	HOLDS(strcmp(t->result, result) == 0);
	IS(t->code, code);
	IS(t->signal, signal);
	settle(u);
	IS(t->n_exits, 1);
}

static void part_exit(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "read x; exit 3", NULL };
	struct told first = { 0 }, late = { 0 }, other = { 0 }, never = { 0 };
	bailiff_sandbox *s = launch(u, argv), *opened = NULL;
	bailiff_connection *c = u->c;

	IS(bailiff_sandbox_on_exit(NULL, on_exit_told, &first), -EINVAL);
	IS(bailiff_sandbox_on_exit(s, on_exit_told, &never), 0);
	IS(bailiff_sandbox_on_exit(s, NULL, NULL), 0);
	IS(bailiff_sandbox_on_exit(s, on_exit_told, &never), 0);
	IS(bailiff_sandbox_on_exit(s, on_exit_told, &first), 0); /* in its place */
	settle(u);
	IS(first.n_exits, 0);
	/* one that was launched over another connection */
	IS(bailiff_connect_address(u->address, &u->c), 0);
	IS(bailiff_sandbox_open(u->c, bailiff_sandbox_id(s), &opened), 0);
	IS(bailiff_sandbox_on_exit(opened, on_exit_told, &other), 0);
	IS(bailiff_sandbox_on_ready(opened, on_ready, &other), 0);
	IS(write(bailiff_sandbox_stream(s, 0), "x\n", 2), 2);
	told_end(u, &other, "exit-code", 3, 0);
	(void)bailiff_sandbox_free(opened);
	(void)bailiff_connection_free(u->c);
	u->c = c;
	told_end(u, &first, "exit-code", 3, 0);
	/* it has ended, and the signal is long past */
	IS(bailiff_sandbox_on_exit(s, on_exit_told, &late), 0);
	IS(late.n_exits, 0);
	told_end(u, &late, "exit-code", 3, 0);
	IS(never.n_exits, 0);
	(void)bailiff_sandbox_free(s);
}

/* What comes while another call reads the bus is told after it, and the loop is not left to sleep. */
static void part_between_calls(struct user *u)
{
	struct told t = { 0 }, freed = { 0 };
	bailiff_sandbox *s = launch(u, forever), *gone = launch(u, forever);
	uint64_t timeout = 1;

	IS(bailiff_sandbox_on_exit(s, on_exit_told, &t), 0);
	IS(bailiff_sandbox_on_exit(gone, on_exit_told, &freed), 0);
	IS(bailiff_sandbox_stop(s, 0), 0);
	IS(bailiff_sandbox_stop(gone, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	ends(u, gone, "killed", 0, SIGKILL);
	IS(t.n_exits, 0);
	IS(bailiff_connection_get_timeout(u->c, &timeout), 0);
	IS(timeout, 0);
	(void)bailiff_sandbox_free(gone);
	told_end(u, &t, "killed", 0, SIGKILL);
	IS(freed.n_exits, 0);
	IS(bailiff_connection_wait(u->c, SECOND / 100), 0);
	(void)bailiff_sandbox_free(s);
}

/* A handler uses the whole library, and leaves nothing of what it was called with. */
static void on_exit_end_all(int error, const bailiff_exit *e, void *userdata)
{
	struct told *t = userdata;
	struct user *u = t->u;
	bailiff_sandbox *next = launch(u, forever);

	on_exit_told(error, e, t);
	IS(bailiff_sandbox_release(t->s), 0);
	IS(bailiff_sandbox_stop(next, 0), 0);
	ends(u, next, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(next);
	t->s = bailiff_sandbox_free(t->s);
	u->c = bailiff_connection_free(u->c);
}

static void part_handler_may_all(struct user *u)
{
	struct told t = { .u = u, .s = launch(u, forever) };

	IS(bailiff_sandbox_on_exit(t.s, on_exit_end_all, &t), 0);
	IS(bailiff_sandbox_stop(t.s, 0), 0);
	while (u->c)
		turn(u);
	IS(t.n_exits, 1);
	HOLDS(!t.s && t.signal == SIGKILL);
}

static void part_violation(struct user *u)
{
	static const char *const argv[] = { "hostname", "other", NULL };
	bailiff_request *r = request(u, "named", argv);
	struct told t = { 0 };

	IS(bailiff_launch(u->c, r, &t.s), 0);
	IS(bailiff_sandbox_on_violation(t.s, on_violation, &t), 0);
	IS(bailiff_sandbox_on_ready(t.s, on_ready, &t), 0);
	IS(bailiff_sandbox_on_exit(t.s, on_exit_told, &t), 0);
	told_end(u, &t, "violation", 0, SIGSYS);
	IS(t.n_violations, 1);
	IS(t.n_ready, 0);
	HOLDS(strcmp(t.what, "sethostname") == 0);
	(void)bailiff_sandbox_free(t.s);
	(void)bailiff_request_free(r);
}

/* Of the program's word, who launched it, who did not, and who asks when it is past. */
static void part_ready(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "read x; systemd-notify --ready; read x", NULL };
	bailiff_request *r = request(u, "tool", argv);
	struct told first = { 0 }, late = { 0 }, other = { 0 };
	bailiff_sandbox *s = NULL, *opened = NULL;
	bailiff_connection *c = u->c;

	IS(bailiff_request_set_ready(r, BAILIFF_READY_NOTIFY), 0);
	IS(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	IS(bailiff_sandbox_on_ready(s, on_ready, &first), 0);
	IS(bailiff_connect_address(u->address, &u->c), 0);
	IS(bailiff_sandbox_open(u->c, bailiff_sandbox_id(s), &opened), 0);
	IS(bailiff_sandbox_on_ready(opened, on_ready, &other), 0);
	settle(u);
	IS(first.n_ready + other.n_ready, 0);
	IS(write(bailiff_sandbox_stream(s, 0), "x\n", 2), 2);
	while (other.n_ready == 0)
		turn(u);
	IS(bailiff_sandbox_on_ready(opened, on_ready, &late), 0);
	while (late.n_ready == 0)
		turn(u);
	(void)bailiff_sandbox_free(opened);
	(void)bailiff_connection_free(u->c);
	u->c = c;
	while (first.n_ready == 0)
		turn(u);
	settle(u);
	IS(first.n_ready + other.n_ready + late.n_ready, 3);
	(void)bailiff_request_free(r);
	(void)bailiff_sandbox_free(s);
}

static void part_reloads(struct user *u)
{
	struct told t = { 0 };
	uint32_t generation;
	unsigned n;

	IS(bailiff_connection_on_reload(u->c, on_reload, &t), 0);
	say(u->talk);
	while (t.n_reloads < 1)
		turn(u);
	HOLDS(t.generation > 1 && t.n_files == 0);
	generation = t.generation;
	say(u->talk); /* one that fails */
	while (t.n_files != 1)
		turn(u);
	HOLDS(strcmp(t.what, "bad.conf") == 0 && t.generation == generation);
	say(u->talk);
	while (t.n_files != 0)
		turn(u);
	IS(bailiff_connection_on_reload(u->c, NULL, NULL), 0);
	n = t.n_reloads;
	say(u->talk);
	HOLDS(hear(u->talk));
	settle(u);
	IS(t.n_reloads, n);
}

struct seen {
	unsigned n[BAILIFF_EVENT_MISSED + 1];
	uint64_t id;
	char tag[16], state[16], what[32];
	int code;
};

static void on_event(const bailiff_event *e, void *userdata)
{
	struct seen *seen = userdata;

	seen->n[e->kind]++;
	seen->id = e->id;
	if (e->kind == BAILIFF_EVENT_LAUNCHED)
		(void)g_snprintf(seen->tag, sizeof(seen->tag), "%s %u", e->profile, e->owner);
	if (e->kind == BAILIFF_EVENT_CHANGED)
		(void)g_strlcpy(seen->state, e->state, sizeof(seen->state));
	if (e->kind == BAILIFF_EVENT_VIOLATION)
		(void)g_strlcpy(seen->what, e->what, sizeof(seen->what));
	if (e->kind == BAILIFF_EVENT_EXITED)
		seen->code = e->exit.code;
}

/* Events of a sandbox that another connection launches, and of none any more. */
static void part_events(struct user *u)
{
	static const char *const fails[] = { "dash", "-c", "exit 9", NULL };
	bailiff_connection *other = NULL;
	struct seen seen = { 0 }, early = { 0 };
	bailiff_sandbox *s;

	IS(bailiff_connection_on_event(NULL, on_event, &seen), -EINVAL);
	IS(bailiff_connect_address(u->c->address, &other), 0);
	IS(bailiff_connection_on_event(u->c, NULL, NULL), 0);
	IS(bailiff_connection_on_event(u->c, on_event, &early), 0);
	IS(bailiff_connection_on_event(u->c, on_event, &seen), 0);
	{
		struct user second = { .c = other };

		s = launch(&second, fails);
	}
	while (seen.n[BAILIFF_EVENT_EXITED] == 0)
		turn(u);
	IS(seen.id, bailiff_sandbox_id(s));
	HOLDS(strcmp(seen.tag, "tool 6") == 0 && strcmp(seen.state, "exited") == 0);
	IS(seen.code, 9);
	IS(bailiff_sandbox_release(s), 0);
	while (seen.n[BAILIFF_EVENT_RELEASED] == 0)
		turn(u);
	IS(seen.n[BAILIFF_EVENT_LAUNCHED] + seen.n[BAILIFF_EVENT_EXITED] + seen.n[BAILIFF_EVENT_RELEASED], 3);
	(void)bailiff_sandbox_free(s);
	IS(bailiff_connection_on_event(u->c, NULL, NULL), 0);
	s = launch(u, forever);
	IS(bailiff_sandbox_stop(s, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	settle(u);
	IS(seen.n[BAILIFF_EVENT_LAUNCHED], 1);
	IS(early.n[BAILIFF_EVENT_LAUNCHED], 0);
	(void)bailiff_sandbox_free(s);
	(void)bailiff_connection_free(other);
}

/* Ends of all kinds around a restart: before it, while nobody is there, and after it. */
static void part_restart(struct user *u)
{
	static const char *const soon[] = { "dash", "-c", "read x; exit 9", NULL };
	struct told t[3] = { 0 };
	bailiff_sandbox *s[3] = { launch(u, soon), launch(u, forever), NULL };

	for (int i = 0; i < 2; i++)
		IS(bailiff_sandbox_on_exit(s[i], on_exit_told, &t[i]), 0);
	IS(bailiff_connection_on_reload(u->c, on_reload, &t[2]), 0);
	say(u->talk); /* the broker is killed, and while nobody is there … */
	HOLDS(hear(u->talk));
	IS(write(bailiff_sandbox_stream(s[0], 0), "x\n", 2), 2);
	IS(poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(s[0]), .events = POLLIN }, 1, 20000), 1);
	say(u->talk); /* … this one has ended */
	told_end(u, &t[0], "exit-code", 9, 0);
	HOLDS(hear(u->talk)); /* the broker is back, and has read the profiles again */
	while (t[2].n_reloads == 0)
		turn(u);
	IS(t[1].n_exits, 0);
	IS(bailiff_sandbox_signal(s[1], SIGKILL, 0), 0);
	told_end(u, &t[1], "killed", 0, SIGKILL);
	s[2] = launch(u, forever);
	t[2].n_exits = 0;
	IS(bailiff_sandbox_on_exit(s[2], on_exit_told, &t[2]), 0);
	IS(bailiff_sandbox_stop(s[2], 0), 0);
	told_end(u, &t[2], "killed", 0, SIGKILL);
	for (int i = 0; i < 3; i++)
		(void)bailiff_sandbox_free(s[i]);
}

struct victim {
	char name[64], path[128];
};

static int count_forged(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
	const char *sender = sd_bus_message_get_sender(m);
	struct told *t = userdata;

	(void)reterr;
	t->n_files += sender && t->u->c->owner && strcmp(sender, t->u->c->owner) != 0 &&
		      strcmp(sender, "org.freedesktop.DBus") != 0 &&
		      sd_bus_message_is_signal(m, NULL, NULL) > 0;
	return 0;
}

/* D6, D7 */
static void part_forged(struct user *u)
{
	struct told t = { .u = u, .s = launch(u, forever) }, seen = { .u = u }, answer = { .u = u };
	struct victim victim = { 0 };
	const char *name;
	char *owner = NULL;

	IS(bailiff_sandbox_on_exit(t.s, on_exit_told, &t), 0);
	IS(bailiff_sandbox_on_violation(t.s, on_violation, &t), 0);
	IS(bailiff_sandbox_on_ready(t.s, on_ready, &t), 0);
	IS(bailiff_connection_on_reload(u->c, on_reload, &t), 0);
	IS(bailiff_sandbox_wait_async(t.s, on_exit_told, &answer), 0);
	HOLDS(sd_bus_add_filter(u->c->bus, NULL, count_forged, &seen) >= 0);
	HOLDS(sd_bus_get_unique_name(u->c->bus, &name) >= 0);
	(void)g_strlcpy(victim.name, name, sizeof(victim.name));
	(void)g_strlcpy(victim.path, t.s->path, sizeof(victim.path));
	owner = g_strdup(u->c->owner);
	IS(write(u->talk, &victim, sizeof(victim)), sizeof(victim));
	HOLDS(hear(u->talk)); /* the bus has delivered all of it */
	settle(u);
	/* they arrived, each of them, */
	IS(seen.n_files, FORGERIES * 5);
	/* and nobody was told */
	IS(t.n_exits + t.n_ready + t.n_violations + t.n_reloads + answer.n_exits, 0);
	HOLDS(!t.s->ended && !t.s->ready && strcmp(owner, u->c->owner) == 0);
	g_free(owner);
	/* while the broker is heard all the same */
	IS(bailiff_sandbox_stop(t.s, 0), 0);
	told_end(u, &t, "killed", 0, SIGKILL);
	told_end(u, &answer, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(t.s);
}

/* To whatever call it may have under way. */
static void forge_replies(GDBusConnection *c, const struct victim *victim)
{
	for (guint32 serial = 1; serial <= SERIALS; serial++) {
		g_autoptr(GDBusMessage) m = g_dbus_message_new();
		g_autoptr(GVariant) args = g_variant_new_parsed("('success', 0, 0, @a{sv} {})");

		g_dbus_message_set_message_type(m, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
		g_dbus_message_set_reply_serial(m, serial);
		g_dbus_message_set_destination(m, victim->name);
		g_dbus_message_set_body(m, g_variant_ref_sink(args));
		assert_true(g_dbus_connection_send_message(c, m, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
	}
}

static void forge(struct rig *rig, const struct victim *victim)
{
	static const char *const files[] = { "forged.profile", NULL };
	GDBusConnection *c = rig_connect(rig, RIG_BOB);
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < FORGERIES; i++) {
		assert_true(g_dbus_connection_emit_signal(c, victim->name, victim->path, RIG_SANDBOX,
			"Exited", g_variant_new("(sii)", "success", 0, 0), NULL));
		assert_true(g_dbus_connection_emit_signal(c, victim->name, victim->path, RIG_SANDBOX,
			"Violation", g_variant_new("(sss)", "seccomp", "forged", "by bob"), NULL));
		assert_true(g_dbus_connection_emit_signal(
			c, victim->name, victim->path, RIG_SANDBOX, "Ready", NULL, NULL));
		assert_true(g_dbus_connection_emit_signal(c, victim->name, RIG_PATH, RIG_MANAGER,
			"ProfilesReloaded", g_variant_new("(u^as)", 99U, files), NULL));
		assert_true(g_dbus_connection_emit_signal(c, victim->name, "/org/freedesktop/DBus",
			"org.freedesktop.DBus", "NameOwnerChanged",
			g_variant_new("(sss)", RIG_NAME, "", g_dbus_connection_get_unique_name(c)), NULL));
	}
	forge_replies(c, victim);
	/* to everybody, for whom it may concern */
	assert_true(g_dbus_connection_emit_signal(c, NULL, RIG_PATH, RIG_MANAGER, "ProfilesReloaded",
		g_variant_new("(u^as)", 99U, files), NULL));
	assert_true(g_dbus_connection_flush_sync(c, NULL, &error));
	/* the bus has read it all when it answers what came after it */
	g_variant_unref(rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL));
	rig_disconnect(rig, c);
}

static void test_forged(void **state)
{
	struct rig *rig = *state;
	struct victim victim;
	int talk;
	pid_t pid;

	pid = user_start(rig, RIG_ALICE, part_forged, &talk);
	assert_int_equal(read(talk, &victim, sizeof(victim)), sizeof(victim));
	forge(rig, &victim);
	say(talk);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
}

static void test_exit(void **state)
{
	user_alone(state, part_exit);
}

static void test_between_calls(void **state)
{
	user_alone(state, part_between_calls);
}

static void test_handler_may_all(void **state)
{
	user_alone(state, part_handler_may_all);
}

static void test_ready(void **state)
{
	user_alone(state, part_ready);
}

static void test_violation(void **state)
{
	struct rig *rig = *state;

	rig_write(rig, "profiles/named.profile", named_profile);
	rig_reload(rig);
	user_alone(state, part_violation);
	rig_remove(rig, "profiles/named.profile");
	rig_reload(rig);
}

static void try_reload(struct rig *rig)
{
	GDBusConnection *c = rig_connect(rig, 0);

	g_variant_unref(rig_call_ok(c, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, c);
}

static void test_events(void **state)
{
	user_alone(state, part_events);
}

static void test_reloads(void **state)
{
	struct rig *rig = *state;
	int talk;
	pid_t pid = user_start(rig, RIG_ALICE, part_reloads, &talk);

	assert_true(hear(talk));
	try_reload(rig);
	assert_true(hear(talk));
	rig_write(rig, "profiles/tool.profile.d/bad.conf", "[Exec]\nNoSuchKey=1\n");
	try_reload(rig);
	assert_true(hear(talk));
	rig_remove(rig, "profiles/tool.profile.d/bad.conf");
	try_reload(rig);
	assert_true(hear(talk));
	try_reload(rig);
	say(talk);
	user_finish(pid, talk);
}

static void test_restart(void **state)
{
	struct rig *rig = *state;
	pid_t keeper = rig_pid(rig, RIG_KEEPER);
	int talk;
	pid_t pid = user_start(rig, RIG_ALICE, part_restart, &talk);

	assert_true(hear(talk));
	/* the keeper starts no other one while it is stopped */
	assert_return_code(kill(keeper, SIGSTOP), errno);
	assert_return_code(kill(rig_pid(rig, RIG_BROKER), SIGKILL), errno);
	say(talk);
	assert_true(hear(talk));
	assert_return_code(kill(keeper, SIGCONT), errno);
	rig_wait_ready(rig);
	try_reload(rig);
	say(talk);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_between_calls),
		cmocka_unit_test(test_handler_may_all),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_violation),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_reloads),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_forged),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_forged"); /* nobody but the broker is there */
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
