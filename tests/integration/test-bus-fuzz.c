/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Random calls of everything that the broker shows, by an unprivileged user, while sandboxes of that user and
 * of another live (P28). Whatever is called: no process of the daemon ends, none holds more descriptors or
 * memory than before, nothing of the other user is seen or touched, every error is one that the interface
 * documents. BAILIFF_FUZZ_CALLS and BAILIFF_FUZZ_SEED say how many and from which seed.
 */

#include "fuzz-calls.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Three buses: more than 100,000 in all. */
#ifdef BAILIFF_SANITIZING
#define CALLS 6000
#else
#define GROWTH_MAX 1024 /* KiB, after the first quarter */
#define CALLS      34000
#endif
#define EPOCH        2000 /* calls, then everything has to come to rest */
#define WINDOW       48   /* calls under way */
#define WAITS        16   /* of them those that the broker lets wait */
#define THEIRS       2
#define OURS         3
#define LOG_PER_CALL 400 /* bytes, on the average */
#define WAIT_MSEC    30000

static const char fuzzed_profile[] =
	"[Access]\nAllowUser=man\nAllowDetach=yes\n"
	"[Exec]\nExecutable=/usr/bin/dash\nEnvironment=A=1\nPassEnvironment=COLOUR SIZE_*\n"
	"FileDescriptor=3 pipe,socket\nMaxFileDescriptors=8\n"
	"StandardInput=pty\nStandardOutput=pty\nStandardError=inherit\n"
	"[Filesystem]\nPrivateTmp=yes\nMountSlot=pipe ro\nMountSlot=null ro\n"
	"[Resources]\nTimeoutStopSec=1s\nLimitNPROC=32\n";
static const char theirs_profile[] = "[Access]\nAllowUser=lp\n[Exec]\nExecutable=/usr/bin/sleep\n";

struct fuzz {
	struct rig *rig;
	GDBusConnection *alice, *bob;
	struct fuzz_interface interface;
	struct fuzz_values values;
	char *documented; /* names of errors, as the interface's text has them */
	struct rig_sandbox theirs[THEIRS];
	guint under_way, launched, answers;
	GHashTable *calls;  /* under way */
	GHashTable *errors; /* name -> times */
	char *fault;        /* the first */
	pid_t pids[_RIG_PROCESS_MAX];
	struct rig_fds fds[_RIG_PROCESS_MAX]; /* when nothing of alice's is there */
	guint64 memory[_RIG_PROCESS_MAX];     /* KiB, after the first quarter */
};

struct call {
	struct fuzz *fuzz;
	const struct fuzz_member *member; /* NULL: none such */
	bool theirs,
		named; /* the other user's object, or its path in the arguments: an answer may repeat it */
	char *text;
};

static guint64 number_from(const char *name, guint64 otherwise)
{
	const char *s = g_getenv(name);

	return s && *s ? g_ascii_strtoull(s, NULL, 10) : otherwise;
}

G_GNUC_PRINTF(3, 4)
static void fault(struct fuzz *f, const char *call, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list ap;

	va_start(ap, format);
	what = g_strdup_vprintf(format, ap);
	va_end(ap);
	if (!f->fault)
		f->fault = g_strdup_printf("%s: %s", call, what);
}

/* The two paragraphs of the interface's own text that name the errors. */
static char *read_documented(void)
{
	g_autofree char *path =
		g_build_filename(g_getenv("BAILIFF_SOURCE_ROOT"), "dbus", "org.bailiff.Broker1.xml", NULL);
	g_autofree char *text = NULL;
	const char *from, *to;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	from = strstr(text, "Errors are org.bailiff.Broker1.Error.");
	assert_non_null(from);
	to = strstr(from, "-->");
	assert_non_null(to);
	return g_strndup(from, (gsize)(to - from));
}

/* What sd-bus and the bus say by themselves, to calls of what there is not or may not be. */
static bool is_of_the_bus(const char *name)
{
	static const char *const known[] = { "AccessDenied", "InvalidArgs", "UnknownMethod", "UnknownObject",
		"UnknownInterface", "UnknownProperty", "PropertyReadOnly", "NotSupported", NULL };

	return g_str_has_prefix(name, "org.freedesktop.DBus.Error.") &&
	       g_strv_contains(known, name + strlen("org.freedesktop.DBus.Error."));
}

static bool is_documented(const struct fuzz *f, const char *name)
{
	g_autofree char *pattern = NULL;

	if (is_of_the_bus(name))
		return true;
	if (!g_str_has_prefix(name, RIG_ERROR("")))
		return false;
	name += strlen(RIG_ERROR(""));
	if (g_str_has_prefix(name, "Setup."))
		name += strlen("Setup.");
	pattern = g_strdup_printf("\\b%s\\b", name);
	return g_regex_match_simple(pattern, f->documented, 0, 0);
}

static void check_error(struct fuzz *f, const struct call *call, GDBusMessage *reply)
{
	const char *name = g_dbus_message_get_error_name(reply);
	GVariant *body = g_dbus_message_get_body(reply);
	const char *text = "";
	gpointer times = g_hash_table_lookup(f->errors, name);

	(void)g_hash_table_replace(f->errors, g_strdup(name), GUINT_TO_POINTER(GPOINTER_TO_UINT(times) + 1));
	if (body && g_variant_is_of_type(body, G_VARIANT_TYPE("(s)")))
		g_variant_get(body, "(&s)", &text);
	if (!is_documented(f, name))
		fault(f, call->text, "%s is no error of the interface: %s", name, text);
	if (*text == '\0')
		fault(f, call->text, "%s without a sentence", name);
}

/* What the other user has, in any answer: the path with its end, as it stands in object paths. */
static bool shows_theirs(const struct fuzz *f, GVariant *body)
{
	/* an empty one has no data */
	for (size_t i = 0; body && g_variant_get_size(body) > 0 && i < THEIRS; i++)
		if (memmem(g_variant_get_data(body), g_variant_get_size(body), f->theirs[i].path,
			    strlen(f->theirs[i].path) + 1))
			return true;
	return false;
}

static void check_success(struct fuzz *f, const struct call *call, GDBusMessage *reply)
{
	const struct fuzz_member *m = call->member;

	if (m && g_strcmp0(m->rights, "administrator") == 0)
		fault(f, call->text, "done for a user without rights");
	if (m && call->theirs && g_strcmp0(m->rights, "owner") == 0)
		fault(f, call->text, "done to another user's sandbox");
	if (!call->named && shows_theirs(f, g_dbus_message_get_body(reply)))
		fault(f, call->text, "shows another user's sandbox");
	if (m && strcmp(m->name, "LaunchSandboxed") == 0)
		f->launched++;
	f->answers++;
}

static void on_reply(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct call *call = user_data;
	struct fuzz *f = call->fuzz;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusMessage) reply =
		g_dbus_connection_send_message_with_reply_finish(G_DBUS_CONNECTION(source), result, &error);

	f->under_way--;
	(void)g_hash_table_remove(f->calls, call);
	if (!reply)
		fault(f, call->text, "%s", error->message);
	else if (g_dbus_message_get_message_type(reply) == G_DBUS_MESSAGE_TYPE_ERROR)
		check_error(f, call, reply);
	else
		check_success(f, call, reply);
	g_free(call->text);
	g_free(call);
}

static char *describe(GDBusMessage *message)
{
	GVariant *body = g_dbus_message_get_body(message);
	g_autofree char *args = body ? g_variant_print(body, TRUE) : g_strdup("()");

	return g_strdup_printf("%s on %s %.900s", g_dbus_message_get_member(message),
		g_dbus_message_get_path(message), args);
}

static bool is_theirs(const struct fuzz *f, const char *path)
{
	for (size_t i = 0; i < THEIRS; i++)
		if (strcmp(f->theirs[i].path, path) == 0)
			return true;
	return false;
}

static void send_one(struct fuzz *f)
{
	const struct fuzz_member *member;
	g_autoptr(GDBusMessage) m = fuzz_call(&f->values, &f->interface, &member);
	const bool silent = g_dbus_message_get_flags(m) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED;
	g_autoptr(GError) error = NULL;
	struct call *call;

	if (silent) {
		if (!g_dbus_connection_send_message(
			    f->alice, m, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, &error))
			fault(f, "sending", "%s", error->message);
		return;
	}
	call = g_new(struct call, 1);
	*call = (struct call){ .fuzz = f,
		.member = member,
		.theirs = is_theirs(f, g_dbus_message_get_path(m)),
		.named = shows_theirs(f, g_dbus_message_get_body(m)),
		.text = describe(m) };
	f->under_way++;
	(void)g_hash_table_add(f->calls, call);
	g_dbus_connection_send_message_with_reply(
		f->alice, m, G_DBUS_SEND_MESSAGE_FLAGS_NONE, WAIT_MSEC * 4, NULL, NULL, on_reply, call);
}

/* Lets answers come in; false when none came for a while. */
static bool listen(struct fuzz *f, guint until)
{
	const gint64 end = g_get_monotonic_time() + (gint64)WAIT_MSEC * 1000;

	while (f->under_way > until && !f->fault && g_get_monotonic_time() < end)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	return f->under_way <= until;
}

static void print_calls(const struct fuzz *f)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, f->calls);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		print_message("no answer: %s\n", ((const struct call *)key)->text);
}

/* Nothing that the user asked for is under way, with an answer to come or without: a launch counts as a
 * sandbox from when it is accepted, and as a call from before. */
static bool is_at_rest(const struct fuzz *f)
{
	static const char *const kinds[] = { "sandboxes", "calls", "retained" };
	g_autoptr(GVariant) reply = rig_call_ok(f->alice, RIG_PATH, RIG_MANAGER, "GetQuota", NULL);
	g_autoptr(GVariant) quota = g_variant_get_child_value(reply, 0);
	guint64 used = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds) && used == 0; i++)
		assert_true(g_variant_lookup(quota, kinds[i], "(tt)", &used, NULL));
	return used == 0 && f->under_way == 0;
}

/* One that nobody waits for an answer to, and that does not end by itself. */
static void launch_silently(const struct fuzz *f)
{
	g_autoptr(GDBusMessage) m =
		g_dbus_message_new_method_call(RIG_NAME, RIG_PATH, RIG_MANAGER, "LaunchSandboxed");
	g_autoptr(GError) error = NULL;

	g_dbus_message_set_flags(m, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
	g_dbus_message_set_body(
		m, g_variant_new_parsed("('fuzzed', ['dash', '-c', 'sleep 1000'], @a{ss} {}, @a{uh} {}, "
					"@a{sv} {})"));
	if (!g_dbus_connection_send_message(f->alice, m, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, &error))
		fail_msg("%s", error->message);
}

/* Ends all sandboxes of the user's, as often as calls under way may launch more. */
static void stop_all(struct fuzz *f)
{
	const gint64 end = g_get_monotonic_time() + (gint64)WAIT_MSEC * 1000;

	for (;;) {
		g_autoptr(GVariant) reply =
			rig_call_ok(f->alice, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL);
		g_autoptr(GVariant) list = g_variant_get_child_value(reply, 0);
		const char *path, *state;
		GVariantIter iter;

		g_variant_iter_init(&iter, list);
		if (g_variant_n_children(list) == 0 && is_at_rest(f))
			return;
		if (g_get_monotonic_time() > end)
			print_calls(f);
		if (g_get_monotonic_time() > end)
			fail_msg("%u calls have no answer, %zu sandboxes do not end", f->under_way,
				g_variant_n_children(list));
		while (g_variant_iter_next(
			&iter, "(&otssuu&s)", &path, NULL, NULL, NULL, NULL, NULL, &state)) {
			const bool ended = strcmp(state, "exited") == 0;
			GVariant *v = rig_call(f->alice, path, RIG_SANDBOX, ended ? "Release" : "Stop",
				ended ? NULL : g_variant_new("(t)", (guint64)0), NULL, NULL, NULL);

			g_clear_pointer(&v, g_variant_unref);
		}
		while (g_main_context_iteration(NULL, FALSE))
			;
		/* the daemon has something else to do than to answer this */
		g_usleep(1000);
	}
}

/* KiB in memory. */
static guint64 memory_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "\nVmRSS:");
	assert_non_null(line);
	return g_ascii_strtoull(line + strlen("\nVmRSS:"), NULL, 10);
}

/* The same processes with the same number of descriptors, and the other user's sandboxes as they were. */
static void check_rest(struct fuzz *f)
{
	/* each has an init and a program */
	rig_wait_jailed(f->rig, 2 * THEIRS);
	for (enum rig_process p = 0; p < _RIG_PROCESS_MAX; p++) {
		assert_int_equal(rig_pid(f->rig, p), f->pids[p]);
		rig_await_fds(f->rig, p, &f->fds[p]);
	}
	for (size_t i = 0; i < THEIRS; i++) {
		struct pollfd end = { .fd = f->theirs[i].pidfd, .events = POLLIN };
		g_autoptr(GVariant) state = rig_property(f->bob, f->theirs[i].path, RIG_SANDBOX, "State");

		assert_int_equal(poll(&end, 1, 0), 0);
		assert_string_equal(g_variant_get_string(state, NULL), "running");
	}
}

/* Some that run, for the calls to meet; their paths are used after their end, too. */
static void launch_ours(struct fuzz *f)
{
	static const char *const argv[] = { "dash", "-c", "sleep 1000", NULL };
	static const guint known_max = 10;

	for (size_t i = 0; i < OURS; i++) {
		struct rig_launch l = { .profile = "fuzzed", .argv = argv };
		struct rig_sandbox s;

		rig_launch(f->alice, &l, &s);
		g_ptr_array_add(f->values.paths, g_strdup(s.path));
		g_array_append_val(f->values.ids, s.id);
		rig_sandbox_done(&s);
	}
	while (f->values.ids->len > known_max) {
		/* behind the manager's, profiles' and the other user's */
		(void)g_ptr_array_remove_index(
			f->values.paths, f->values.paths->len - (f->values.ids->len - THEIRS));
		(void)g_array_remove_index(f->values.ids, THEIRS);
	}
}

static void launch_theirs(struct fuzz *f)
{
	static const char *const argv[] = { "/usr/bin/sleep", "100000", NULL };

	for (size_t i = 0; i < THEIRS; i++) {
		struct rig_launch l = { .profile = "theirs", .argv = argv };

		rig_launch(f->bob, &l, &f->theirs[i]);
		g_ptr_array_add(f->values.paths, g_strdup(f->theirs[i].path));
		g_array_append_val(f->values.ids, f->theirs[i].id);
		/* as if it had been sent over: a descriptor is no right */
		(void)dup2(f->theirs[i].pidfd, f->values.sources[i]);
	}
}

static void add_words(struct fuzz *f)
{
	static const char *const profiles[] = { "fuzzed", "theirs", "closed", "probe", "decoder" };

	for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autoptr(GVariant) v = rig_call_ok(
			f->alice, RIG_PATH, RIG_MANAGER, "GetProfile", g_variant_new("(s)", profiles[i]));
		const char *path;

		g_variant_get(v, "(&o)", &path);
		g_ptr_array_add(f->values.paths, g_strdup(path));
		fuzz_word(&f->values, profiles[i]);
		if (i == 0)
			fuzz_interface_read(&f->interface, f->alice, path, FUZZ_PROFILE);
	}
	for (guint i = 0; i < f->interface.interfaces->len; i++)
		fuzz_word(&f->values, f->interface.interfaces->pdata[i]);
	g_ptr_array_add(f->values.paths, g_strdup(RIG_PATH));
}

/* Everything is there that the contract names, or the calls would be of less than that. */
static void check_interface(const struct fuzz *f)
{
	static const char *const wanted[] = { RIG_MANAGER, RIG_SANDBOX, "org.bailiff.Broker1.Profile",
		"org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable",
		"org.freedesktop.DBus.Properties" };

	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
		if (!g_ptr_array_find_with_equal_func(f->interface.interfaces, wanted[i], g_str_equal, NULL))
			fail_msg("Introspect does not show %s", wanted[i]);
}

static void begin(struct fuzz *f, struct rig *rig, guint32 seed)
{
	*f = (struct fuzz){ .rig = rig,
		.alice = rig_connect(rig, RIG_ALICE),
		.bob = rig_connect(rig, RIG_BOB),
		.documented = read_documented(),
		.calls = g_hash_table_new(NULL, NULL),
		.errors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
	fuzz_values_init(&f->values, seed);
	fuzz_interface_init(&f->interface);
	add_words(f);
	launch_theirs(f);
	fuzz_interface_read(&f->interface, f->alice, RIG_PATH, FUZZ_MANAGER);
	launch_ours(f);
	fuzz_interface_read(
		&f->interface, f->alice, f->values.paths->pdata[f->values.paths->len - 1], FUZZ_SANDBOX);
	check_interface(f);
	stop_all(f);
	/* what has been told of has not quite ended */
	rig_wait_jailed(f->rig, 2 * THEIRS);
	for (enum rig_process p = 0; p < _RIG_PROCESS_MAX; p++) {
		f->pids[p] = rig_pid(rig, p);
		rig_note_fds(f->rig, p, &f->fds[p]);
	}
}

static void end(struct fuzz *f)
{
	for (size_t i = 0; i < THEIRS; i++) {
		g_variant_unref(rig_call_ok(
			f->bob, f->theirs[i].path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
		rig_sandbox_done(&f->theirs[i]);
	}
	rig_wait_jailed(f->rig, 0);
	for (enum rig_process p = 0; p < _RIG_PROCESS_MAX; p++)
		rig_fds_done(&f->fds[p]);
	fuzz_values_done(&f->values);
	fuzz_interface_done(&f->interface);
	g_hash_table_unref(f->calls);
	g_hash_table_unref(f->errors);
	g_free(f->documented);
	rig_disconnect(f->rig, f->alice);
	rig_disconnect(f->rig, f->bob);
}

static guint64 log_size(const struct rig *rig)
{
	g_autofree char *path = g_build_filename(rig->dir, "daemon.log", NULL);
	struct stat st;

	assert_return_code(stat(path, &st), errno);
	return (guint64)st.st_size;
}

static void report(struct fuzz *f, guint64 calls, guint64 log)
{
	static const char *const names[] = { "stub", "keeper", "launcher", "broker" };
	GHashTableIter iter;
	gpointer name, times;

	g_hash_table_iter_init(&iter, f->errors);
	print_message("%" G_GUINT64_FORMAT " calls, %u done, %u sandboxes, log %" G_GUINT64_FORMAT " KiB\n",
		calls, f->answers, f->launched, log / 1024);
	while (g_hash_table_iter_next(&iter, &name, &times))
		print_message("  %8u %s\n", GPOINTER_TO_UINT(times), (char *)name);
	for (enum rig_process p = 0; p < _RIG_PROCESS_MAX; p++)
		print_message("  %s: %zu descriptors, %" G_GUINT64_FORMAT " KiB, now %" G_GUINT64_FORMAT
			      " KiB\n",
			names[p], f->fds[p].n, f->memory[p], memory_of(f->pids[p]));
}

static void check_growth(const struct fuzz *f)
{
#ifndef BAILIFF_SANITIZING /* keeps what was freed for a while */
	for (enum rig_process p = 0; p < _RIG_PROCESS_MAX; p++) {
		const guint64 now = memory_of(f->pids[p]);

		if (now > f->memory[p] + GROWTH_MAX)
			fail_msg("process %d grew from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " KiB", p,
				f->memory[p], now);
	}
#else
	(void)f;
#endif
}

/* D15, P28, Q3 */
static void test_random_calls(void **state)
{
	const guint64 calls = number_from("BAILIFF_FUZZ_CALLS", CALLS);
	const guint32 seed = (guint32)number_from("BAILIFF_FUZZ_SEED", 1);
	guint64 done = 0, log;
	struct fuzz f;

	print_message("%" G_GUINT64_FORMAT " calls, BAILIFF_FUZZ_SEED=%u\n", calls, seed);
	begin(&f, *state, seed);
	log = log_size(*state);
	while (done < calls && !f.fault) {
		launch_ours(&f);
		for (guint i = 0; i < EPOCH && !f.fault; i++, done++) {
			send_one(&f);
			if (!listen(&f, WINDOW))
				fault(&f, "", "no answer in time");
		}
		if (!f.fault) {
			stop_all(&f);
			/* when everything is quick, too */
			launch_silently(&f);
			stop_all(&f);
			check_rest(&f);
		}
		for (enum rig_process p = 0; p < _RIG_PROCESS_MAX && done <= MAX(calls / 4, EPOCH); p++)
			f.memory[p] = memory_of(f.pids[p]);
	}
	if (f.fault)
		fail_msg("seed %u, among the first %" G_GUINT64_FORMAT " calls: %s", seed, done, f.fault);
	log = log_size(*state) - log;
	report(&f, done, log);
	check_growth(&f);
	assert_true(f.launched > 0 && f.answers > 0);
	assert_true(log < done * LOG_PER_CALL);
	end(&f);
}

static int set_up(void **state)
{
	int r = rig_setup(state);
	struct rig *rig = *state;
	g_autofree char *config = g_strdup_printf("[Broker]\nSaltPath=%s/salt\nMaxCallsPerUser=%d\n"
						  "MaxRetainedPerUser=32\nMaxSandboxesPerUser=8\n"
						  "LaunchesPerMinutePerUser=60000\n",
		rig->dir, WAITS);
	g_autofree char *errors = NULL;
	g_autoptr(GVariant) reply = NULL;
	GDBusConnection *root;

	rig_write(rig, "bailiffd.conf", config);
	rig_write(rig, "profiles/fuzzed.profile", fuzzed_profile);
	rig_write(rig, "profiles/theirs.profile", theirs_profile);
	root = rig_connect(rig, 0);
	reply = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	rig_disconnect(rig, root);
	errors = g_variant_print(reply, FALSE);
	assert_string_equal(strchr(errors, ','), ", [])");
	rig_reload(rig);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = { rig_test(test_random_calls) };

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, set_up, rig_teardown);
}
