/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What sandboxes share, and what they must not: JoinsPool= of two profiles, of two users, over reloads and
 * restarts; the network namespace of those that can do nothing in one; and the user ids of DynamicUser=,
 * which no two sandboxes have one after the other. Rows J13 and J34 of the threat model.
 */

#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT "4711"
#define KEY  "815"

/* Network and IPC of the pool "talk". Both may be used by all who may launch at all. */
#define TRIES 1000 /* of two launches each */

static const char profile[] =
	"[Profile]\nTemplate=probe.profile\n[Access]\nAllowUser=lp\n[Namespaces]\nJoinsPool=%s\n";

static void write_profiles(struct rig *rig, const char *pool)
{
	g_autofree char *text = g_strdup_printf(profile, pool);
	GDBusConnection *root = rig_connect(rig, 0);

	rig_write(rig, "profiles/pool-one.profile", text);
	rig_write(rig, "profiles/pool-two.profile", text);
	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

static void begin(GDBusConnection *c, const char *name, const char *const *argv, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = name, .argv = argv, .options = rig_options_piped() };

	rig_launch(c, &l, ret);
}

/* Waits until the sandbox has written this line. */
static void await_line(const struct rig_sandbox *s, const char *line)
{
	char got[256] = "";
	size_t n = 0;

	while (n < sizeof(got) - 1) {
		if (read(s->stream[1], got + n, 1) != 1)
			break;
		got[++n] = '\0';
		if (g_str_has_suffix(got, line))
			return;
	}
	fail_msg("no \"%s\" in: %s", line, got);
}

static void server(GDBusConnection *c, const char *name, struct rig_sandbox *ret)
{
	static const char *const argv[] = { "/probe", "make-memory", KEY, "hello", "--", "serve", PORT,
		NULL };

	begin(c, name, argv, ret);
	await_line(ret, "make-memory ok\nserving\n");
}

static char *client(GDBusConnection *c, const char *name)
{
	static const char *const argv[] = { "/probe", "show-memory", KEY, "--", "talk", PORT, "hello", NULL };

	return rig_run_probe(c, name, argv, NULL);
}

static void end(GDBusConnection *c, struct rig_sandbox *s)
{
	g_autofree char *result = NULL;

	g_variant_unref(rig_call_ok(c, s->path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	result = rig_wait(c, s, NULL, NULL);
	assert_string_equal(result, "killed");
	rig_sandbox_done(s);
}

static const char alone[] = "show-memory ENOENT\ntalk ECONNREFUSED\n";

/* Two profiles, one pool, one owner: they talk over loopback and through shared memory. */
static void test_two_talk(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *said = NULL, *heard = NULL;
	struct rig_sandbox s;

	server(c, "pool-one", &s);
	said = client(c, "pool-two");
	assert_string_equal(said, "memory hello\nshow-memory ok\ntalk ok\n");
	heard = rig_read_all(s.stream[1], NULL);
	assert_string_equal(heard, "received hello\nserve ok\n");
	rig_finish(c, &s);
	rig_disconnect(*state, c);
}

/* Another profile without the key, and another user with it, have nothing of it. */
static void test_others_do_not(void **state)
{
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);
	g_autofree char *plain = NULL, *stranger = NULL;
	struct rig_sandbox s;

	server(alice, "pool-one", &s);
	plain = client(alice, "probe");
	assert_string_equal(plain, alone);
	stranger = client(bob, "pool-two");
	assert_string_equal(stranger, alone);
	end(alice, &s);
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
}

/* What the pool holds ends with its last member: the next one finds nothing of it. */
static void test_fresh_after_all_ended(void **state)
{
	static const char *const idle[] = { "/probe", "await-signal", NULL };
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *with_second = NULL, *with_none = NULL;
	struct rig_sandbox first, second;

	server(c, "pool-one", &first);
	begin(c, "pool-two", idle, &second);
	await_line(&second, "waiting\n");
	end(c, &first);
	/* the memory is the pool's, and its last member lives */
	with_second = client(c, "pool-one");
	assert_string_equal(with_second, "memory hello\nshow-memory ok\ntalk ECONNREFUSED\n");
	end(c, &second);
	with_none = client(c, "pool-one");
	assert_string_equal(with_none, alone);
	rig_disconnect(*state, c);
}

/* A reload that leaves the pool as it is does not divide it; another name does. */
static void test_reload(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *same = NULL, *other = NULL;
	struct rig_sandbox s;

	server(c, "pool-one", &s);
	write_profiles(*state, "talk");
	same = client(c, "pool-two");
	assert_string_equal(same, "memory hello\nshow-memory ok\ntalk ok\n");
	rig_finish(c, &s);
	server(c, "pool-one", &s);
	write_profiles(*state, "silence");
	other = client(c, "pool-two");
	assert_string_equal(other, alone);
	end(c, &s);
	write_profiles(*state, "talk");
	rig_wait_jailed(*state, 0);
	rig_disconnect(*state, c);
}

/* Another broker finds the pool, and so does another launcher. */
static void test_restarts(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autofree char *adopted = NULL, *fresh = NULL;
	struct rig_sandbox s;

	server(c, "pool-one", &s);
	rig_kill_and_wait(*state, RIG_BROKER);
	c = rig_reconnect(*state, c, RIG_ALICE);
	if (rig_is_direct()) {
		/* its connection ended with the broker, and so did the sandbox */
		rig_wait_jailed(*state, 0);
		rig_sandbox_done(&s);
	} else {
		adopted = client(c, "pool-two");
		assert_string_equal(adopted, "memory hello\nshow-memory ok\ntalk ok\n");
		rig_finish(c, &s);
	}
	server(c, "pool-one", &s);
	rig_kill_and_wait(*state, RIG_LAUNCHER);
	fresh = client(c, "pool-two");
	assert_string_equal(fresh, "memory hello\nshow-memory ok\ntalk ok\n");
	rig_finish(c, &s);
	rig_disconnect(*state, c);
}

/* Profiles of one pool that would share different things: the reload names both files, and what was in force
 * stays. */
static void test_disagreement(void **state)
{
	GDBusConnection *root = rig_connect(*state, 0);
	g_autoptr(GVariant) v = NULL;
	g_autofree char *text = NULL;

	rig_write(*state, "profiles/pool-two.profile",
		"[Profile]\nTemplate=probe.profile\n[Namespaces]\nJoinsPool=talk\nPrivateIPC=no\n");
	v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	text = g_variant_print(v, FALSE);
	if (!strstr(text,
		    "pool-two.profile:4:1: error: JoinsPool=talk: this profile would share the network, "
		    "and profile pool-one ("))
		fail_msg("%s", text);
	assert_non_null(strstr(text, "pool-one.profile:6) network and IPC"));
	rig_disconnect(*state, root);
	write_profiles(*state, "talk");
	rig_wait_jailed(*state, 0);
}

static char *uid_of_next(GDBusConnection *c)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	g_autofree char *output = rig_run_probe(c, "probe", argv, NULL);

	return rig_probe_value(output, "uid");
}

/* The launcher that comes after a crash does not begin with the ids of the one before. */
static void test_uids_after_a_crash(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 3; j++)
			assert_true(g_hash_table_add(seen, uid_of_next(c)));
		rig_kill_and_wait(*state, RIG_LAUNCHER);
	}
	rig_disconnect(*state, c);
}

/* Two of which the filter refuses sockets, one of them for another user, too. */
static void write_mute(struct rig *rig, const char *more)
{
	static const char mute[] = "[Profile]\nTemplate=probe.profile\n[Access]\nAllowUser=lp\n[Seccomp]\n"
				   "SystemCallErrorNumber=EPERM\nSystemCallFilter=@system-"
				   "service\nSystemCallFilter=~@network-io "
				   "@keyring setns io_uring_setup io_uring_enter io_uring_register\n";
	g_autofree char *text = g_strdup_printf("%s%s", mute, more);
	GDBusConnection *root = rig_connect(rig, 0);

	rig_write(rig, "profiles/mute-one.profile", mute);
	rig_write(rig, "profiles/mute-two.profile", text);
	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

static char *network_of(GDBusConnection *c, const char *name)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	g_autofree char *output = rig_run_probe(c, name, argv, NULL);

	return rig_probe_value(output, "ns_net");
}

/* Launches until two in turn have the same: those that come while none is in stock have their own. */
static char *await_shared(GDBusConnection *c, const char *name)
{
	char *last = network_of(c, name);

	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		char *now = network_of(c, name);
		const bool same = g_str_equal(now, last);

		g_free(last);
		last = now;
		if (same)
			return now;
	}
	fail_msg("no two sandboxes share a network");
	return last;
}

static void test_network_for_all(void **state)
{
	static const char *const attempts[] = { "/probe", "socket", "unix", "--", "connect", "@bailiff-test",
		"--", "socket", "netlink", "--", "cat", "/proc/self/net/unix", NULL };
	GDBusConnection *alice, *bob;
	g_autofree char *shared = NULL, *other = NULL, *bobs = NULL, *own = NULL, *tried = NULL,
			*apart = NULL, *again = NULL;

	write_mute(*state, "");
	alice = rig_connect(*state, RIG_ALICE);
	bob = rig_connect(*state, RIG_BOB);
	shared = await_shared(alice, "mute-one");
	other = network_of(alice, "mute-two");
	bobs = network_of(bob, "mute-two");
	own = network_of(alice, "probe");
	assert_string_equal(other, shared);
	assert_string_equal(bobs, shared);
	assert_string_not_equal(own, shared);
	tried = rig_run_probe(bob, "mute-one", attempts, NULL);
	if (!g_str_has_prefix(tried, "socket EPERM\nconnect EPERM\nsocket EPERM\nNum") ||
		strchr(strstr(tried, "Num"), '@'))
		fail_msg("%s", tried);
	/* a reload that lets one of them make sockets takes it out, and leaves the others where they were */
	write_mute(*state, "SystemCallFilter=socket\n");
	apart = network_of(alice, "mute-two");
	assert_string_not_equal(apart, shared);
	again = network_of(alice, "mute-one");
	assert_string_equal(again, shared);
	write_mute(*state, "");
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
	rig_wait_jailed(*state, 0);
}

/* With the launcher the namespace goes; launches go on, and share another one. */
static void test_network_lost(void **state)
{
	GDBusConnection *c = rig_connect(*state, RIG_ALICE);

	g_free(await_shared(c, "mute-one"));
	for (int i = 0; i < 3; i++) {
		rig_kill_and_wait(*state, RIG_LAUNCHER);
		g_free(network_of(c, "mute-two"));
		g_free(await_shared(c, "mute-one"));
	}
	rig_disconnect(*state, c);
}

/* Launches for one user and for another until the second has the network of the first. */
static char *await_again(GDBusConnection *one, GDBusConnection *another, const char *name)
{
	for (int i = 0; i < TRIES; i++) {
		g_autofree char *first = network_of(one, name), *second = network_of(another, name);

		if (g_str_equal(first, second))
			return g_steal_pointer(&first);
	}
	fail_msg("no sandbox has the network of the one before");
	return NULL;
}

/* A sandbox that can make sockets and no more leaves its network to the next one of its kind, also another
 * user's, and to no other; and after a crash of the launcher the next ones do. */
static void test_network_again(void **state)
{
	static const char *const attempts[] = { "/probe", "socket", "unix", "--", "connect", "@bailiff-test",
		"--", "cat", "/proc/self/net/unix", NULL };
	GDBusConnection *alice, *bob;
	g_autofree char *used = NULL, *other = NULL, *tried = NULL;

	write_mute(*state, "SystemCallFilter=socket\nRestrictAddressFamilies=AF_UNIX AF_INET\n");
	alice = rig_connect(*state, RIG_ALICE);
	bob = rig_connect(*state, RIG_BOB);
	used = await_again(alice, bob, "mute-two");
	other = network_of(alice, "probe");
	assert_string_not_equal(other, used);
	tried = rig_run_probe(bob, "mute-two", attempts, NULL);
	if (!g_str_has_prefix(tried, "socket ok\nconnect EPERM\nNum") || strchr(strstr(tried, "Num"), '@'))
		fail_msg("%s", tried);
	rig_kill_and_wait(*state, RIG_LAUNCHER);
	g_free(await_again(alice, bob, "mute-two"));
	write_mute(*state, "");
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
	rig_wait_jailed(*state, 0);
}

static int setup(void **state)
{
	int r = rig_setup(state);

	if (r != 0)
		return r;
	write_profiles(*state, "talk");
	/* the compiler, too, has ended */
	rig_wait_jailed(*state, 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_two_talk),
		rig_test(test_others_do_not),
		rig_test(test_fresh_after_all_ended),
		rig_test(test_reload),
		cmocka_unit_test(test_restarts),
		rig_test(test_disagreement),
		rig_test(test_network_for_all),
		cmocka_unit_test(test_network_lost),
		cmocka_unit_test(test_network_again),
		cmocka_unit_test(test_uids_after_a_crash),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
