/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who sent it, and how: connections whose process becomes another user or that change hands (A8, A11),
 * callers that vanish at any moment (A3, A4), others that listen (D9), and messages that no library makes
 * (P2, P5, P6).
 */

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DENIED      RIG_ERROR("AccessDenied")
#define SPEAK       "--speak-as-root"
#define MIB         (1024UL * 1024)
#define DISAPPEAR   20  /* times, each a little later */
#define STEP_USEC   400 /* a launch takes some ms */
#define LIMIT_TRIES 100

enum speech {
	SPEECH_DENIED = 10,
	SPEECH_ALLOWED,
	SPEECH_OTHER,
	SPEECH_NOT_ROOT
};

static const char *const nap[] = { "/usr/bin/sleep", "0", NULL };
static const char *const forever[] = { "/usr/bin/sleep", "1000", NULL };

static enum speech try_launch(struct peer *peer, const char *profile)
{
	g_autofree char *error = peer_ask(peer, peer_launch(profile, nap, "{}"), NULL, 0);

	if (!error)
		return SPEECH_OTHER;
	return !error[0] ? SPEECH_ALLOWED : strcmp(error, DENIED) == 0 ? SPEECH_DENIED : SPEECH_OTHER;
}

/* The set-user-ID program: speaks over the connection that its caller opened. */
static enum speech speak(int fd)
{
	struct peer peer;

	if (geteuid() != 0)
		return SPEECH_NOT_ROOT;
	peer_adopt(&peer, fd);
	return try_launch(&peer, "closed");
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(SPEECH_OTHER);
}

/* A copy of this program that runs as root whoever starts it. */
static char *make_set_user_id(struct rig *rig)
{
	char *path = g_build_filename(rig->dir, "speaker", NULL);
	g_autofree char *self = NULL;
	gsize size;

	assert_true(g_file_get_contents("/proc/self/exe", &self, &size, NULL));
	assert_true(g_file_set_contents(path, self, (gssize)size, NULL));
	assert_return_code(chmod(path, 04755), errno);
	return path;
}

/* A8: the caller becomes root by exec and keeps its connection: it stays who it was when it connected. */
static void test_exec_of_set_user_id(void **state)
{
	struct rig *rig = *state;
	g_autofree char *speaker = make_set_user_id(rig);
	int status;
	pid_t pid = rig_fork();

	if (pid == 0) {
		struct peer peer;
		char number[16];

		become(RIG_ALICE);
		peer_connect(&peer, rig->address);
		(void)fcntl(peer.fd, F_SETFD, 0);
		(void)snprintf(number, sizeof(number), "%d", peer.fd);
		(void)execl(speaker, speaker, SPEAK, number, NULL);
		_exit(SPEECH_OTHER);
	}
	status = status_of(pid);
	(void)unlink(speaker);
	if (status == SPEECH_NOT_ROOT) {
		print_message(
			"the temporary directory ignores set-user-ID: set TMPDIR to one that does not\n");
		skip();
	}
	assert_int_equal(status, SPEECH_DENIED);
}

/* A8: the same by seteuid(2), with the connection's process root all the while. */
static void test_root_after_connect(void **state)
{
	struct rig *rig = *state;
	struct peer peer;

	peer_connect_as(&peer, rig->address, RIG_ALICE);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(try_launch(&peer, "closed"), SPEECH_DENIED);
	assert_int_equal(try_launch(&peer, "strict"), SPEECH_DENIED);
	assert_int_equal(try_launch(&peer, "tool"), SPEECH_ALLOWED);
	peer_close(&peer);
}

/* A11: whoever is handed the socket speaks as the user who connected: with no more, and no less. */
static void test_socket_handed_on(void **state)
{
	struct rig *rig = *state;
	struct peer peer;
	pid_t pid;

	peer_connect_as(&peer, rig->address, RIG_ALICE);
	pid = rig_fork();
	if (pid == 0) {
		become(RIG_BOB);
		/* what Bob may and Alice may not */
		if (try_launch(&peer, "strict") != SPEECH_DENIED)
			_exit(1);
		_exit(try_launch(&peer, "tool") == SPEECH_ALLOWED ? 0 : 2);
	}
	assert_int_equal(status_of(pid), 0);
	peer_close(&peer);
}

/* A3, A4: the caller leaves between sending and the answer; a sandbox without an owner never stays. */
static void test_caller_vanishes(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < DISAPPEAR; i++) {
		struct peer peer;

		peer_connect_as(&peer, rig->address, RIG_ALICE);
		assert_true(peer_send(&peer, peer_launch("tool", forever, "{}"), NULL, 0));
		g_usleep(i * STEP_USEC);
		peer_close(&peer);
	}
	rig_wait_ready(rig);
	rig_wait_jailed(rig, 0);
}

static unsigned long broker_rss(struct rig *rig)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", rig_pid(rig, RIG_BROKER)), *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "VmHWM:");
	assert_non_null(line);
	return strtoul(line + strlen("VmHWM:"), NULL, 10) * 1024;
}

/* Of one message, in the broker's memory. AddressSanitizer keeps what was freed for a while: there the bound
 * says only that it is one. */
#ifdef BAILIFF_SANITIZING
#define COPIES_MAX 16
#else
#define COPIES_MAX 2
#endif

/* P2: as much as a bus carries. It may end the connection itself; what gets through is refused, and costs
 * the broker the message and little more. */
static void test_huge_message(void **state)
{
	struct rig *rig = *state;
	pid_t broker = rig_pid(rig, RIG_BROKER);
	unsigned long before = broker_rss(rig), size = 31 * MIB;
	g_autofree char *large = g_strnfill(size, 'x'), *error = NULL;
	const char *argv[] = { "/usr/bin/dash", "-c", large, NULL };
	struct peer peer;

	peer_connect_as(&peer, rig->address, RIG_ALICE);
	error = peer_ask(&peer, peer_launch("tool", argv, "{}"), NULL, 0);
	if (error)
		assert_string_equal(error, RIG_ERROR("QuotaExceeded"));
	peer_close(&peer);
	rig_wait_ready(rig);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
	assert_true(broker_rss(rig) - before < COPIES_MAX * size);
}

/* P2: an array that claims more than the message has. */
static void test_array_that_claims_more(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "1000", "0123456789abcdef", NULL };
	struct rig *rig = *state;
	pid_t broker = rig_pid(rig, RIG_BROKER);
	g_autoptr(GDBusMessage) reply = NULL;
	g_autofree guchar *blob = NULL;
	guint32 claim = 64 * MIB;
	struct peer peer;
	size_t size;
	guchar *at;

	peer_connect_as(&peer, rig->address, RIG_ALICE);
	blob = peer_blob(&peer, peer_launch("tool", argv, "{}"), 0, -1, &size);
	/* "tool", a NUL, padding, and then the length of argv */
	at = memmem(blob, size, "tool\0", 5);
	assert_non_null(at);
	memcpy(at + 8, &claim, sizeof(claim));
	if (peer_send_bytes(&peer, blob, size, NULL, 0))
		reply = peer_receive(&peer);
	assert_true(!reply || g_dbus_message_get_message_type(reply) == G_DBUS_MESSAGE_TYPE_ERROR);
	peer_close(&peer);
	rig_wait_ready(rig);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
}

/* P5: in the other byte order, with fds: the same as in our own. */
static void test_foreign_byte_order(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "read x; echo \"<$x>\"", NULL };
	struct rig *rig = *state;
	GDBusMessage *m = peer_launch("tool", argv, "{uint32 0: handle 0, 1: handle 1}");
	g_autofree char *output = NULL;
	struct peer peer;
	int in[2], out[2];

	assert_return_code(pipe2(in, O_CLOEXEC), errno);
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	assert_int_equal(write(in[1], "swapped\n", 8), 8);
	peer_connect_as(&peer, rig->address, RIG_ALICE);
	g_dbus_message_set_byte_order(m, G_BYTE_ORDER == G_LITTLE_ENDIAN
						 ? G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN
						 : G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
	assert_true(peer_send(&peer, m, (int[]){ in[0], out[1] }, 2));
	(void)close(in[0]);
	(void)close(in[1]);
	(void)close(out[1]);
	output = rig_read_all(out[0], NULL);
	assert_string_equal(output, "<swapped>\n");
	(void)close(out[0]);
	peer_close(&peer);
}

/* P6: the header's number of fds is not how many come, or fewer than the body refers to. */
static void test_wrong_number_of_fds(void **state)
{
	static const int claims[] = { 3, 0, 5 };
	static const size_t sent[] = { 0, 5, 3 };
	struct rig *rig = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[5] = { null, null, null, null, null };
	pid_t broker = rig_pid(rig, RIG_BROKER);

	for (size_t i = 0; i < G_N_ELEMENTS(claims); i++) {
		g_autofree guchar *blob = NULL;
		struct peer peer;
		size_t size;

		peer_connect_as(&peer, rig->address, RIG_ALICE);
		blob = peer_blob(
			&peer, peer_launch("tool", forever, "{uint32 0: handle 0}"), 1, claims[i], &size);
		(void)peer_send_bytes(&peer, blob, size, fds, sent[i]);
		/* where too few came a bus waits for more: nothing may have begun by then */
		g_usleep(50000);
		rig_wait_jailed(rig, 0);
		peer_close(&peer);
	}
	(void)close(null);
	rig_wait_ready(rig);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
}

/* F2: an index of a descriptor that the message does not have. */
static void test_handles_out_of_range(void **state)
{
	static const char *const maps[] = { "{uint32 0: handle 1}", "{uint32 0: handle -1}",
		"{uint32 0: handle 2147483647}", "{uint32 0: handle -2147483648}",
		"{uint32 0: handle 0, uint32 1: handle 1}" };
	struct rig *rig = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t broker = rig_pid(rig, RIG_BROKER);
	struct peer peer;

	peer_connect_as(&peer, rig->client_address, RIG_ALICE);
	for (size_t i = 0; i < G_N_ELEMENTS(maps); i++) {
		GDBusMessage *call = peer_launch("tool", forever, maps[i]);
		g_autoptr(GDBusMessage) reply = peer_send(&peer, call, &null, 1) ? peer_receive(&peer) : NULL;
		g_autofree char *said =
			reply ? g_dbus_message_print(reply, 0) : g_strdup("the connection ended");

		if (!strstr(said, "org.freedesktop.DBus.Error.InvalidArgs") ||
			!strstr(said, "Argument fds names a descriptor that the message does not have"))
			fail_msg("%s: %s", maps[i], said);
		assert_int_equal(rig_count_jailed(rig), 0);
	}
	peer_close(&peer);
	(void)close(null);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
}

/* As many bytes behind three descriptors as make a signature this long. */
static GVariant *many(guint size)
{
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE_TUPLE);
	for (guint i = 0; i < size; i++)
		g_variant_builder_add_value(
			&b, i < 3 ? g_variant_new_handle((gint32)i) : g_variant_new_byte(1));
	return g_variant_builder_end(&b);
}

/*
 * Messages that are good D-Bus, and that sd-bus would drop with their descriptors: each is answered, and the
 * connection goes on. That nothing is left open in the broker is looked at after every test.
 */
static void test_more_than_sd_bus_takes(void **state)
{
	static const char bad[] = "org.freedesktop.DBus.Error.InvalidArgs";
	g_autofree char *path = g_strnfill(70000, 'a');
	struct rig *rig = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[] = { null, null, null };
	pid_t broker = rig_pid(rig, RIG_BROKER);
	struct peer peer;

	path[0] = '/';
	peer_connect_as(&peer, rig->client_address, RIG_ALICE);
	for (guint i = 0; i < LIMIT_TRIES; i++) {
		g_autofree char *below = NULL, *above = NULL, *deep = NULL, *unanswered = NULL;
		GDBusMessage *silent = peer_call(RIG_PATH, RIG_MANAGER, "ListSandboxes", many(255));

		below = peer_ask(&peer, peer_call(RIG_PATH, RIG_MANAGER, "ListSandboxes", many(254)), fds, 3);
		assert_string_equal(below, bad);
		above = peer_ask(&peer, peer_call(RIG_PATH, RIG_MANAGER, "ListSandboxes", many(255)), fds, 3);
		assert_string_equal(above, bad);
		deep = peer_ask(&peer, peer_call(path, RIG_MANAGER, "ListSandboxes", many(3)), fds, 3);
		assert_string_equal(deep, bad);
		g_dbus_message_set_flags(silent, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
		assert_true(peer_send(&peer, silent, fds, 3));
		unanswered =
			peer_ask(&peer, peer_call(RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL), NULL, 0);
		assert_string_equal(unanswered, "");
	}
	peer_close(&peer);
	(void)close(null);
	assert_int_equal(rig_pid(rig, RIG_BROKER), broker);
}

static gint n_seen, n_overheard;

/* Runs in GDBus' thread. */
static GDBusMessage *overhear(GDBusConnection *c, GDBusMessage *m, gboolean incoming, gpointer data)
{
	const char *to = g_dbus_message_get_destination(m);

	if (incoming && to && strcmp(to, g_dbus_connection_get_unique_name(c)) != 0)
		g_atomic_int_inc(&n_overheard);
	if (incoming)
		g_atomic_int_inc(&n_seen);
	return m;
}

/* Whether it may, the two buses say differently; monitors may not be. */
static void ask_bus(GDBusConnection *c, const char *interface, const char *method, GVariant *args)
{
	g_autoptr(GVariant) v =
		g_dbus_connection_call_sync(c, "org.freedesktop.DBus", "/org/freedesktop/DBus", interface,
			method, args, NULL, G_DBUS_CALL_FLAGS_NONE, RIG_TIMEOUT_MS, NULL, NULL);

	if (v && strcmp(method, "BecomeMonitor") == 0)
		fail_msg("a user became a monitor");
}

/* D9: calls of others, and answers to them, are not for a user, whatever match is asked for. */
static void test_eavesdropper(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *alice, *bob;
	guint filter;

	alice = rig_connect(rig, RIG_ALICE);
	bob = rig_connect(rig, RIG_BOB);
	filter = g_dbus_connection_add_filter(bob, overhear, NULL, NULL);
	ask_bus(bob, "org.freedesktop.DBus", "AddMatch", g_variant_new("(s)", "eavesdrop='true'"));
	ask_bus(bob, "org.freedesktop.DBus", "AddMatch",
		g_variant_new("(s)", "eavesdrop='true',sender='" RIG_NAME "'"));
	ask_bus(bob, "org.freedesktop.DBus.Monitoring", "BecomeMonitor",
		g_variant_new_parsed("(@as [], @u 0)"));
	for (int i = 0; i < 10; i++)
		g_variant_unref(rig_call_ok(alice, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL));
	/* its answer comes after all that the bus had for it before */
	g_variant_unref(rig_call_ok(bob, RIG_PATH, RIG_MANAGER, "ListProfiles", NULL));
	assert_true(g_atomic_int_get(&n_seen) > 0);
	assert_int_equal(g_atomic_int_get(&n_overheard), 0);
	g_dbus_connection_remove_filter(bob, filter);
	rig_disconnect(rig, alice);
	rig_disconnect(rig, bob);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_exec_of_set_user_id),
		rig_test(test_root_after_connect),
		rig_test(test_socket_handed_on),
		rig_test(test_caller_vanishes),
		rig_test(test_huge_message),
		rig_test(test_array_that_claims_more),
		rig_test(test_foreign_byte_order),
		rig_test(test_wrong_number_of_fds),
		rig_test(test_handles_out_of_range),
		rig_test(test_more_than_sd_bus_takes),
		rig_test(test_eavesdropper),
	};

	if (argc == 3 && strcmp(argv[1], SPEAK) == 0)
		return (int)speak((int)g_ascii_strtoll(argv[2], NULL, 10));
	if (!rig_can_run())
		return RIG_SKIPPED;
	if (rig_is_direct())
		cmocka_set_skip_filter("test_eavesdropper"); /* no bus has messages of others */
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
