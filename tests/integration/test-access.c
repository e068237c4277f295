/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Method × caller class → outcome, as a table. Every method that the broker's introspection lists must have a
 * row: a method without one fails (A1, D4). Then what a caller may learn of others (A12, D10), and who may
 * own the name (D1).
 */

#include "rig.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum caller_class {
	ROOT,
	OWNER,      /* the connection that launched */
	SAME_UID,   /* another connection of the owner's uid */
	OTHER_USER, /* may launch another profile */
	NOBODY,
	BAILIFF, /* the broker's own uid */
	_CLASS_MAX,
};

static const char *const class_names[] = { "root", "owner", "same uid", "other user", "nobody", "bailiff" };

#define OK      "ok"
#define DENIED  RIG_ERROR("AccessDenied")
#define UNKNOWN RIG_ERROR("NoSuchSandbox")

#define BUS         "org.freedesktop.DBus.Error.AccessDenied" /* the bus policy does not let it through */
#define INVALID     "org.freedesktop.DBus.Error.InvalidArgs"
#define RIG_PROFILE "org.bailiff.Broker1.Profile"
#define MANAGED     "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES  "org.freedesktop.DBus.Properties"

/*
 * How to add a method: a row in its interface's block, in the order of the XML. args is GVariant text, in
 * which %t is the id of a sandbox that "owner" has launched from profile "tool", which ignores SIGUSR1 and
 * lives. A call goes to that sandbox, to the profile "tool" or to the manager, by its interface. outcome is
 * in the order of enum caller_class: OK, or the error's name. Each cell is tried with a sandbox of its own,
 * so rows may end it. A method that the introspection lists and that has no row here fails the test, and
 * tests/bus/test-contract.c fails when introspection, XML and bus policy differ.
 */
struct row {
	const char *interface, *method, *args;
	const char *outcome[_CLASS_MAX];
};

static const struct row rows[] = {
	{ RIG_MANAGER, "LaunchSandboxed",
		"('tool', ['/usr/bin/sleep', '1'], @a{ss} {}, @a{uh} {}, @a{sv} {})",
		{ OK, OK, OK, DENIED, DENIED, DENIED } },
	{ RIG_MANAGER, "ListProfiles", "()", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "ListSandboxes", "()", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "GetSandbox", "(uint64 %t,)", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	/* the table's calls carry no descriptor: nobody gets further than that */
	{ RIG_MANAGER, "GetSandboxByPidfd", "(handle 0,)",
		{ INVALID, INVALID, INVALID, INVALID, INVALID, INVALID } },
	/* a denial is an answer */
	{ RIG_MANAGER, "Explain", "('tool', ['/usr/bin/sleep', '1'], @a{ss} {}, @a{sv} {})",
		{ OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "ExplainFor", "(uint32 6, 'tool', ['/usr/bin/sleep', '1'], @a{ss} {}, @a{sv} {})",
		{ OK, DENIED, DENIED, DENIED, DENIED, DENIED } },
	{ RIG_MANAGER, "GetProfile", "('tool',)", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "KillAll", "('tool', 10)", { OK, DENIED, DENIED, DENIED, DENIED, DENIED } },
	{ RIG_MANAGER, "GetQuota", "()", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "GetSanitizedUsername", "('alice',)", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "GetUserPaths", "('alice',)", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "GetDaemonStorePath", "('shill', 'alice')", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "IsSanitizedUsername", "('alice',)", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "Subscribe", "()", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "Unsubscribe", "()", { OK, OK, OK, OK, OK, OK } },
	{ RIG_MANAGER, "Reload", "()", { OK, DENIED, DENIED, DENIED, DENIED, DENIED } },
	{ RIG_MANAGER, "SetLogLevel", "('info',)", { OK, DENIED, DENIED, DENIED, DENIED, DENIED } },
	{ RIG_SANDBOX, "GetPidfd", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "Freeze", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "Thaw", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "SetLimits", "({'stop-timeout-usec': <uint64 1000000>},)",
		{ OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "GetViolations", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "GetUsage", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	/* the table's calls carry no descriptor: what is denied is denied before that is found out */
	{ RIG_SANDBOX, "AttachLifeline", "(handle 0,)",
		{ "org.freedesktop.DBus.Error.InvalidArgs", "org.freedesktop.DBus.Error.InvalidArgs",
			"org.freedesktop.DBus.Error.InvalidArgs", UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "Signal", "(10, 'main')", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	/* it has no pty, which a stranger must not learn either */
	{ RIG_SANDBOX, "ResizePty", "(uint16 24, uint16 80)",
		{ RIG_ERROR("InvalidFd"), RIG_ERROR("InvalidFd"), RIG_ERROR("InvalidFd"), UNKNOWN, UNKNOWN,
			UNKNOWN } },
	/* the sandbox lives: its owner may not release it yet, a stranger must not learn that */
	{ RIG_SANDBOX, "Release", "()",
		{ RIG_ERROR("Busy"), RIG_ERROR("Busy"), RIG_ERROR("Busy"), UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "Stop", "(uint64 0,)", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_SANDBOX, "Wait", "()", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ RIG_PROFILE, "Dump", "()", { OK, OK, OK, DENIED, DENIED, DENIED } },
	/* members of the standard interfaces, on a sandbox: for others it is not there */
	{ PROPERTIES, "Get", "('" RIG_SANDBOX "', 'State')", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ PROPERTIES, "GetAll", "('" RIG_SANDBOX "',)", { OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ PROPERTIES, "Set", "('" RIG_SANDBOX "', 'State', <'exited'>)", { BUS, BUS, BUS, BUS, BUS, BUS } },
	{ "org.freedesktop.DBus.Introspectable", "Introspect", "()",
		{ OK, OK, OK, UNKNOWN, UNKNOWN, UNKNOWN } },
	{ MANAGED, "GetManagedObjects", "()", { OK, OK, OK, OK, OK, OK } },
	{ "org.freedesktop.DBus.Peer", "Ping", "()", { OK, OK, OK, OK, OK, OK } },
	{ "org.freedesktop.DBus.Peer", "GetMachineId", "()", { BUS, BUS, BUS, BUS, BUS, BUS } },
};

static const struct row *find_row(const char *interface, const char *method)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].interface, interface) == 0 && strcmp(rows[i].method, method) == 0)
			return &rows[i];
	return NULL;
}

static GDBusConnection *connect_class(struct rig *rig, enum caller_class class, GDBusConnection *owner)
{
	switch (class) {
	case ROOT:
		return rig_connect(rig, 0);
	case OWNER:
		return owner;
	case SAME_UID:
		return rig_connect(rig, RIG_ALICE);
	case OTHER_USER:
		return rig_connect(rig, RIG_BOB);
	case NOBODY:
		return rig_connect(rig, 65534);
	case BAILIFF:
		return rig_connect(rig, getpwnam("bailiff")->pw_uid);
	case _CLASS_MAX:
		break;
	}
	fail_msg("no such class");
	return NULL;
}

static void launch_sleeper(GDBusConnection *c, struct rig_sandbox *s)
{
	/* ignores SIGUSR1 (10), so that Signal() can be tried again and again */
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"trap '' USR1; echo; while :; do sleep 100; done", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv, .options = rig_options_piped() };
	char newline;

	rig_launch(c, &l, s);
	assert_int_equal(read(s->stream[1], &newline, 1), 1);
}

static GVariant *row_args(const struct row *row, const struct rig_sandbox *s)
{
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, s->id);
	g_auto(GStrv) parts = g_strsplit(row->args, "%t", -1);
	g_autofree char *text = g_strjoinv(id, parts);

	return strcmp(text, "()") == 0 ? NULL : g_variant_new_parsed(text);
}

static void check_row(
	GDBusConnection *c, const struct row *row, enum caller_class class, const struct rig_sandbox *s)
{
	g_autoptr(GError) error = NULL;
	const bool manager = strcmp(row->interface, RIG_MANAGER) == 0 || strcmp(row->interface, MANAGED) == 0;
	const char *path = manager                                    ? RIG_PATH
			   : strcmp(row->interface, RIG_PROFILE) == 0 ? RIG_PATH "/profile/tool"
								      : s->path;
	g_autoptr(GVariant) v =
		rig_call(c, path, row->interface, row->method, row_args(row, s), NULL, NULL, &error);
	const char *want = rig_denial(row->outcome[class]);

	/* without a bus there is no policy of one: the broker itself must not let it through */
	if (!v && strcmp(row->outcome[class], BUS) == 0 &&
		g_strcmp0(g_getenv("BAILIFF_TEST_BUS"), "direct") == 0)
		return;
	if (v && strcmp(want, OK) != 0)
		fail_msg("%s as %s succeeded, wanted %s", row->method, class_names[class], want);
	if (!v && (strcmp(want, OK) == 0 || !g_str_has_prefix(error->message, want)))
		fail_msg(
			"%s as %s: wanted %s, got %s", row->method, class_names[class], want, error->message);
}

static void test_matrix(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (enum caller_class class = ROOT; class < _CLASS_MAX; class ++) {
			GDBusConnection *owner, *c;
			struct rig_sandbox s;

			owner = rig_connect(rig, RIG_ALICE);
			c = connect_class(rig, class, owner);
			launch_sleeper(owner, &s);
			if (strcmp(rows[i].method, "Wait") == 0)
				assert_return_code(kill(s.pid, SIGKILL), errno);
			check_row(c, &rows[i], class, &s);
			if (c != owner)
				rig_disconnect(rig, c);
			rig_disconnect(rig, owner);
			rig_sandbox_done(&s);
		}
	rig_wait_jailed(rig, 0);
}

/* Each method in the introspection has its row in the table. */
static void check_interface(GDBusConnection *c, const char *path, const char *interface, unsigned *n)
{
	g_autoptr(GVariant) v =
		rig_call_ok(c, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
	g_autoptr(GError) error = NULL;
	GDBusNodeInfo *node;
	GDBusInterfaceInfo *info;
	const char *xml;

	g_variant_get(v, "(&s)", &xml);
	node = g_dbus_node_info_new_for_xml(xml, &error);
	if (!node)
		fail_msg("%s", error->message);
	info = g_dbus_node_info_lookup_interface(node, interface);
	assert_non_null(info);
	for (GDBusMethodInfo **m = info->methods; m && *m; m++, (*n)++)
		if (!find_row(interface, (*m)->name))
			fail_msg("%s.%s has no row in the table", interface, (*m)->name);
	g_dbus_node_info_unref(node);
}

static void test_every_method_has_a_row(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	unsigned n = 0;

	launch_sleeper(c, &s);
	check_interface(c, RIG_PATH, RIG_MANAGER, &n);
	check_interface(c, s.path, RIG_SANDBOX, &n);
	check_interface(c, RIG_PATH "/profile/tool", RIG_PROFILE, &n);
	/* and no row is about what is not there any more */
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (g_str_has_prefix(rows[i].interface, RIG_NAME))
			n--;
	assert_int_equal(n, 0);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
}

static gsize count_listed(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL), list = NULL;

	assert_string_equal(g_variant_get_type_string(v), "(a(otssuus))");
	list = g_variant_get_child_value(v, 0);
	return g_variant_n_children(list);
}

/* A foreign sandbox answers word for word as one that does not exist; lists and properties show one's own
 * only. */
static void test_no_oracle(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE), *bob = rig_connect(rig, RIG_BOB),
			*root = rig_connect(rig, 0);
	g_autoptr(GError) foreign = NULL, unknown = NULL;
	g_autofree char *text = NULL, *other = NULL;
	g_auto(GStrv) parts = NULL;
	struct rig_sandbox s;

	launch_sleeper(c, &s);
	assert_null(rig_call(bob, s.path, RIG_SANDBOX, "Wait", NULL, NULL, NULL, &foreign));
	other = g_strdup_printf("%s/sandbox/%" G_GUINT64_FORMAT, RIG_PATH, s.id + 1000000);
	assert_null(rig_call(bob, other, RIG_SANDBOX, "Wait", NULL, NULL, NULL, &unknown));
	parts = g_strsplit(foreign->message, strrchr(s.path, '/') + 1, -1);
	text = g_strjoinv(strrchr(other, '/') + 1, parts);
	assert_string_equal(text, unknown->message);
	assert_int_equal(count_listed(bob), 0);
	assert_true(count_listed(c) >= 1);
	assert_true(count_listed(root) >= 1);
	rig_call_fails(bob, s.path, "org.freedesktop.DBus.Properties", "Get",
		g_variant_new("(ss)", RIG_SANDBOX, "Profile"), UNKNOWN, NULL);
	rig_call_fails(bob, s.path, "org.freedesktop.DBus.Properties", "GetAll",
		g_variant_new("(s)", RIG_SANDBOX), UNKNOWN, NULL);
	rig_sandbox_done(&s);
	rig_disconnect(rig, c);
	rig_disconnect(rig, bob);
	rig_disconnect(rig, root);
}

/* P25: no property can be set, by nobody. */
static void test_properties_are_read_only(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GError) error = NULL;

	assert_null(rig_call(root, RIG_PATH, "org.freedesktop.DBus.Properties", "Set",
		g_variant_new("(ssv)", RIG_MANAGER, "Generation", g_variant_new_uint32(7)), NULL, NULL,
		&error));
	rig_disconnect(rig, root);
}

/* D1: only the broker's user may own the name. */
static void test_name_can_not_be_squatted(void **state)
{
	static const uid_t others[] = { RIG_ALICE, 65534, 0 };
	struct rig *rig = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		GDBusConnection *c = rig_connect(rig, others[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) v =
			g_dbus_connection_call_sync(c, "org.freedesktop.DBus", "/org/freedesktop/DBus",
				"org.freedesktop.DBus", "RequestName", g_variant_new("(su)", RIG_NAME, 3U),
				NULL, G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, &error);

		assert_null(v);
		assert_true(g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED));
		rig_disconnect(rig, c);
	}
}

/* A2: the groups at connect count, not what the process takes on later. */
static void test_groups_at_connect(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig *rig = *state;
	GDBusConnection *before = rig_connect(rig, 65534);
	struct rig_launch l = { .profile = "strict", .argv = argv };
	gid_t lp = RIG_BOB;

	assert_return_code(setgroups(1, &lp), errno);
	rig_launch_fails(before, &l, RIG_ERROR("AccessDenied"), NULL);
	assert_return_code(setgroups(0, NULL), errno);
	rig_disconnect(rig, before);
}

static void test_sanitized_username(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 65534);
	g_autoptr(GVariant) a =
		rig_call_ok(c, RIG_PATH, RIG_MANAGER, "GetSanitizedUsername", g_variant_new("(s)", "Alice"));
	g_autoptr(GVariant) b =
		rig_call_ok(c, RIG_PATH, RIG_MANAGER, "GetSanitizedUsername", g_variant_new("(s)", "aLICE"));
	g_autoptr(GVariant) is = NULL;
	const char *name, *same;
	gboolean sanitized;

	g_variant_get(a, "(&s)", &name);
	g_variant_get(b, "(&s)", &same);
	assert_int_equal(strlen(name), 40);
	assert_int_equal(strspn(name, "0123456789abcdef"), 40);
	assert_string_equal(name, same);
	is = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "IsSanitizedUsername", g_variant_new("(s)", name));
	g_variant_get(is, "(b)", &sanitized);
	assert_true(sanitized);
	rig_call_fails(c, RIG_PATH, RIG_MANAGER, "GetSanitizedUsername", g_variant_new("(s)", ""),
		"org.freedesktop.DBus.Error.InvalidArgs", NULL);
	rig_disconnect(rig, c);
}

/* D13: the salt that the launcher made, and what sha1sum(1) says of it and a name. */
static void test_known_answer(void **state)
{
	static const char script[] = "{ cat \"$0\"; printf alice@example.org; } | sha1sum | cut -c1-40";
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, 65534);
	g_autofree char *salt = g_build_filename(rig->dir, "salt", NULL), *sum = NULL, *store = NULL;
	const char *argv[] = { "/bin/sh", "-c", script, salt, NULL };
	g_autoptr(GVariant) hash = rig_call_ok(
		c, RIG_PATH, RIG_MANAGER, "GetSanitizedUsername", g_variant_new("(s)", "Alice@Example.ORG"));
	g_autoptr(GVariant) path = rig_call_ok(c, RIG_PATH, RIG_MANAGER, "GetDaemonStorePath",
		g_variant_new("(ss)", "shill", "alice@example.org"));
	const char *name, *where;
	struct stat st;

	assert_true(g_spawn_sync(
		NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &sum, NULL, NULL, NULL));
	g_strchomp(sum);
	g_variant_get(hash, "(&s)", &name);
	assert_string_equal(name, sum);
	store = g_strdup_printf("/run/daemon-store/shill/%s", sum);
	g_variant_get(path, "(&s)", &where);
	assert_string_equal(where, store);
	/* made by the launcher: 16 bytes, for root's eyes */
	assert_return_code(stat(salt, &st), errno);
	assert_int_equal(st.st_size, 16);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_every_method_has_a_row),
		rig_test(test_matrix),
		rig_test(test_no_oracle),
		rig_test(test_properties_are_read_only),
		rig_test(test_name_can_not_be_squatted),
		rig_test(test_groups_at_connect),
		rig_test(test_sanitized_username),
		rig_test(test_known_answer),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_name_can_not_be_squatted"); /* there is no name to own */
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
