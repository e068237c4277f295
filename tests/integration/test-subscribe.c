/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Subscribe(): who is told what, through the real buses and over the direct socket; that it ends with the
 * connection; and that a subscriber who reads nothing is nobody's burden.
 */

#include "rig-raw.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SUBSCRIPTIONS_MAX 16
#define STUCK_LAUNCHES    1200 /* at most: four signals each, of which sockets hold some hundred */
#define STUCK_BYTES       ((size_t)24 * 1024 * 1024)

static const char *const ends[] = { "/usr/bin/dash", "-c", "exit 7", NULL };

/* What a connection heard, in the order of arrival: "added changed exited removed". */
struct ear {
	GDBusConnection *c;
	GString *heard;
	char *path; /* of the object that it was about */
};

static void on_signal(GDBusConnection *c, const char *sender, const char *path, const char *interface,
	const char *name, GVariant *args, void *user_data)
{
	struct ear *e = user_data;

	if (strcmp(name, "ProfilesReloaded") == 0 || strcmp(name, "NameAcquired") == 0)
		return;
	g_string_append_printf(e->heard, "%s%s", e->heard->len > 0 ? " " : "", name);
	g_free(e->path);
	e->path = NULL;
	if (g_str_has_prefix(name, "Interfaces"))
		g_variant_get_child(args, 0, "o", &e->path);
	else
		e->path = g_strdup(path);
}

static void ear_open(struct ear *e, struct rig *rig, uid_t uid, bool subscribe)
{
	*e = (struct ear){ .c = rig_connect(rig, uid), .heard = g_string_new(NULL) };
	(void)g_dbus_connection_signal_subscribe(
		e->c, RIG_NAME, NULL, NULL, NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, e, NULL);
	if (subscribe)
		g_variant_unref(rig_call_ok(e->c, RIG_PATH, RIG_MANAGER, "Subscribe", NULL));
}

static void ear_close(struct ear *e, struct rig *rig)
{
	rig_disconnect(rig, e->c);
	(void)g_string_free(e->heard, TRUE);
	g_free(e->path);
}

/* What was sent before this answer has come, too. */
static void ear_listen(struct ear *e)
{
	g_variant_unref(rig_call_ok(e->c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL));
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void launch_and_release(GDBusConnection *c, char **ret_path)
{
	struct rig_launch l = { .profile = "tool", .argv = ends };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Wait", NULL));
	g_variant_unref(rig_call_ok(c, s.path, RIG_SANDBOX, "Release", NULL));
	if (ret_path)
		*ret_path = g_strdup(s.path);
	rig_sandbox_done(&s);
}

static void test_who_is_told(void **state)
{
	static const char all[] = "InterfacesAdded PropertiesChanged Exited InterfacesRemoved";
	static const struct {
		uid_t uid;
		bool subscribes;
		const char *heard;
	} rows[] = {
		{ RIG_ALICE, true, all }, /* once, although it launches */
		{ RIG_ALICE, true, all },
		{ 0, true, all },
		{ RIG_ALICE, false, "" },
		{ 0, false, "" },
		{ RIG_BOB, true, "" },
	};
	struct ear ears[G_N_ELEMENTS(rows)];
	g_autofree char *path = NULL;
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		ear_open(&ears[i], rig, rows[i].uid, rows[i].subscribes);
	launch_and_release(ears[0].c, &path);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		ear_listen(&ears[i]);
		assert_string_equal(ears[i].heard->str, rows[i].heard);
		if (*rows[i].heard)
			assert_string_equal(ears[i].path, path);
		ear_close(&ears[i], rig);
	}
}

static void test_unsubscribe(void **state)
{
	struct rig *rig = *state;
	struct ear owner, other;

	ear_open(&owner, rig, RIG_ALICE, true);
	ear_open(&other, rig, RIG_ALICE, true);
	g_variant_unref(rig_call_ok(other.c, RIG_PATH, RIG_MANAGER, "Unsubscribe", NULL));
	g_variant_unref(rig_call_ok(other.c, RIG_PATH, RIG_MANAGER, "Unsubscribe", NULL));
	/* who launched it hears of it all the same */
	g_variant_unref(rig_call_ok(owner.c, RIG_PATH, RIG_MANAGER, "Unsubscribe", NULL));
	launch_and_release(owner.c, NULL);
	ear_listen(&owner);
	ear_listen(&other);
	assert_true(g_str_has_prefix(owner.heard->str, "InterfacesAdded "));
	assert_string_equal(other.heard->str, "");
	ear_close(&owner, rig);
	ear_close(&other, rig);
}

/* 16 of a user; room is made by who unsubscribes and by who goes; others have their own. */
static void test_bound(void **state)
{
	struct ear ears[SUBSCRIPTIONS_MAX], late, bob;
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(ears); i++)
		ear_open(&ears[i], rig, RIG_ALICE, true);
	ear_open(&late, rig, RIG_ALICE, false);
	ear_open(&bob, rig, RIG_BOB, true);
	rig_call_fails(late.c, RIG_PATH, RIG_MANAGER, "Subscribe", NULL, RIG_ERROR("QuotaExceeded"), "16");
	g_variant_unref(rig_call_ok(ears[0].c, RIG_PATH, RIG_MANAGER, "Unsubscribe", NULL));
	g_variant_unref(rig_call_ok(late.c, RIG_PATH, RIG_MANAGER, "Subscribe", NULL));
	rig_call_fails(ears[0].c, RIG_PATH, RIG_MANAGER, "Subscribe", NULL, RIG_ERROR("QuotaExceeded"), NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(ears); i++)
		ear_close(&ears[i], rig);
	for (int i = 0; i < RIG_TIMEOUT_MS / 10; i++) {
		g_autoptr(GVariant) v = NULL;

		ear_open(&ears[0], rig, RIG_ALICE, false);
		v = rig_call(ears[0].c, RIG_PATH, RIG_MANAGER, "Subscribe", NULL, NULL, NULL, NULL);
		ear_close(&ears[0], rig);
		if (v)
			break;
		g_usleep(10000);
		assert_true(i + 1 < RIG_TIMEOUT_MS / 10);
	}
	ear_close(&late, rig);
	ear_close(&bob, rig);
}

static bool has_hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1;
}

/* Q4: others decide how much it is sent. The broker hangs up on it, where no bus stands between. */
static void test_who_does_not_read(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice = rig_connect(rig, RIG_ALICE);
	int fd = raw_connect(rig->client_address, 0), n = 0;
	size_t before;

	assert_true(raw_call(fd, RIG_PATH, RIG_MANAGER, "Subscribe", NULL, true));
	launch_and_release(alice, NULL);
	before = rig_resident(rig_pid(rig, RIG_BROKER));
	while (n < (rig_is_direct() ? STUCK_LAUNCHES : 100) && !has_hung_up(fd)) {
		launch_and_release(alice, NULL);
		n++;
	}
	assert_true(!rig_is_direct() || n < STUCK_LAUNCHES);
	assert_true(rig_resident(rig_pid(rig, RIG_BROKER)) < before + STUCK_BYTES);
	(void)close(fd);
	rig_disconnect(rig, alice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_who_is_told),
		rig_test(test_unsubscribe),
		rig_test(test_bound),
		rig_test(test_who_does_not_read),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("subscriptions", tests, rig_setup, rig_teardown);
}
