/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Profiles as objects, sandboxes by pidfd, and signals to all of a profile. */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DECODER BAILIFF_PROFILE_PREFIX "/decoder"

static sd_bus_message *get(struct rig *r, const char *sender, const char *path, const char *property)
{
	sd_bus_message *m = rig_call_path(r, sender, path, "org.freedesktop.DBus.Properties", "Get");

	assert_true(sd_bus_message_append(m, "ss", BAILIFF_PROFILE_INTERFACE, property) >= 0);
	return m;
}

static void expect_text(
	struct rig *r, const char *sender, const char *path, const char *property, const char *value)
{
	struct reply reply;
	const char *got;

	rig_expect(r, get(r, sender, path, property), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "v", "s", &got) > 0);
	assert_string_equal(got, value);
	reply_done(&reply);
}

static void expect_list(
	struct rig *r, const char *sender, const char *path, const char *property, const char *first)
{
	struct reply reply;
	const char *got = "";

	rig_expect(r, get(r, sender, path, property), NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'v', "as") > 0);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "s") > 0);
	(void)sd_bus_message_read(reply.message, "s", &got);
	assert_string_equal(got, first);
	reply_done(&reply);
}

static void test_profile_properties(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	double exposure;

	expect_text(r, ALICE, DECODER, "Name", "decoder");
	expect_text(r, ALICE, DECODER, "SourcePath", "/etc/bailiff/profiles/test.profile");
	expect_text(r, ALICE, DECODER, "ExposureLevel", "OK");
	expect_text(r, ALICE, DECODER, "DefaultUser", "dynamic");
	expect_list(r, ALICE, DECODER, "Executables", "/bin/true");
	expect_list(r, ALICE, DECODER, "ForbiddenLegs", "unconfined");
	expect_list(r, ALICE, DECODER, "Layers", "Namespaces");
	rig_expect(r, get(r, ALICE, DECODER, "Exposure"), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "v", "d", &exposure) > 0);
	assert_true(exposure > 1.69 && exposure < 1.71);
	reply_done(&reply);
}

/* What is in a profile is not for those who may not launch it; that it is there, is. */
static void test_profile_of_others(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	expect_text(r, BOB, DECODER, "Name", "decoder");
	expect_text(r, BOB, DECODER, "Description", "a test");
	expect_text(r, BOB, DECODER, "ExposureLevel", "OK");
	expect_text(r, BOB, DECODER, "SourcePath", "");
	expect_text(r, BOB, DECODER, "Sha256", "");
	expect_text(r, BOB, DECODER, "DefaultUser", "");
	expect_list(r, BOB, DECODER, "Executables", "");
	expect_list(r, BOB, DECODER, "Layers", "");
	expect_list(r, BOB, DECODER, "DropIns", "");
	rig_expect(r, rig_call_path(r, BOB, DECODER, BAILIFF_PROFILE_INTERFACE, "Dump"),
		BAILIFF_ERROR_ACCESS_DENIED, &reply);
	assert_null(strstr(reply.text, "/bin/true"));
	reply_done(&reply);
	/* one with errors tells administrators where it lies, and nobody what is in it */
	expect_text(r, ROOT, BAILIFF_PROFILE_PREFIX "/broken", "SourcePath",
		"/etc/bailiff/profiles/test.profile");
	expect_text(r, ALICE, BAILIFF_PROFILE_PREFIX "/broken", "SourcePath", "");
	expect_text(r, ALICE, BAILIFF_PROFILE_PREFIX "/broken", "ExposureLevel", "");
	rig_expect(r,
		rig_call_path(r, ROOT, BAILIFF_PROFILE_PREFIX "/broken", BAILIFF_PROFILE_INTERFACE, "Dump"),
		BAILIFF_ERROR_PROFILE_INVALID, NULL);
}

static void test_dump(void **state)
{
	struct rig *r = *state;
	const char *mask, *program;
	struct reply reply;
	int yes;

	rig_expect(r, rig_call_path(r, ALICE, DECODER, BAILIFF_PROFILE_INTERFACE, "Dump"), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "a{sv}", 3, NULL, "b", &yes, NULL, "s", &mask, NULL,
			    "as", 1, &program) > 0);
	assert_true(yes);
	assert_string_equal(mask, "0077");
	assert_string_equal(program, "/bin/true");
	reply_done(&reply);
}

/* Each profile has one path, and what looks like one has none. */
static void test_profile_paths(void **state)
{
	static const char *const wrong[] = { "/nothing", "/_64ecoder", "/decoder/x", "/_2e_2e", "/_" };
	struct rig *r = *state;
	struct reply reply;
	sd_bus_message *m;
	const char *path;

	for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
		char at[128];

		(void)snprintf(at, sizeof(at), BAILIFF_PROFILE_PREFIX "%s", wrong[i]);
		rig_expect(r, rig_call_path(r, ALICE, at, BAILIFF_PROFILE_INTERFACE, "Dump"),
			SD_BUS_ERROR_UNKNOWN_OBJECT, NULL);
	}
	m = rig_call(r, BOB, 0, "GetProfile");
	assert_true(sd_bus_message_append(m, "s", "decoder") >= 0);
	rig_expect(r, m, NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "o", &path) > 0);
	assert_string_equal(path, DECODER);
	reply_done(&reply);
	m = rig_call(r, ALICE, 0, "GetProfile");
	assert_true(sd_bus_message_append(m, "s", "nothing") >= 0);
	rig_expect(r, m, BAILIFF_ERROR_PROFILE_UNKNOWN, NULL);
	m = rig_call(r, ALICE, 0, "GetProfile");
	assert_true(sd_bus_message_append(m, "s", "") >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
}

static sd_bus_message *by_pidfd(struct rig *r, const char *sender, int fd)
{
	sd_bus_message *m = rig_call(r, sender, 0, "GetSandboxByPidfd");

	assert_true(sd_bus_message_append(m, "h", fd) >= 0);
	return m;
}

static bool kernel_has_pidfs(int pidfd)
{
	uint64_t process;

	return fd_process(pidfd, &process) != -EOPNOTSUPP;
}

static void expect_found(struct rig *r, const char *sender, int pidfd, const char *path)
{
	struct reply reply;
	const char *got;

	rig_expect(r, by_pidfd(r, sender, pidfd), NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "o", &got) > 0);
	assert_string_equal(got, path);
	reply_done(&reply);
}

/* The rig's sandboxes are this process. */
static void test_by_pidfd(void **state)
{
	_cleanup_close_ int self = process_pidfd_open(getpid()), other = -1,
			    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rig *r = *state;
	struct reply reply;
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	other = process_pidfd_open(child);
	assert_int_equal(waitpid(child, NULL, 0), child);
	if (!kernel_has_pidfs(self)) {
		rig_expect(r, by_pidfd(r, ALICE, self), SD_BUS_ERROR_NOT_SUPPORTED, NULL);
		return;
	}
	rig_expect(r, by_pidfd(r, ALICE, self), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	expect_found(r, ALICE, self, BAILIFF_SANDBOX_PREFIX "/7");
	expect_found(r, ALICE2, self, BAILIFF_SANDBOX_PREFIX "/7");
	expect_found(r, ROOT, self, BAILIFF_SANDBOX_PREFIX "/7");
	rig_expect(r, by_pidfd(r, BOB, self), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, by_pidfd(r, ALICE, other), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	rig_expect(r, by_pidfd(r, ALICE, null), BAILIFF_ERROR_INVALID_FD, NULL);
	/* its exit state is kept, and so is the way to it */
	rig_tell_exited(r, 7, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	expect_found(r, ALICE, self, BAILIFF_SANDBOX_PREFIX "/7");
	rig_expect(r, rig_call(r, ALICE, 7, "Release"), NULL, NULL);
	rig_expect(r, by_pidfd(r, ALICE, self), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
}

static sd_bus_message *kill_all(struct rig *r, const char *sender, const char *profile, int signal)
{
	sd_bus_message *m = rig_call(r, sender, 0, "KillAll");

	assert_true(sd_bus_message_append(m, "si", profile, signal) >= 0);
	return m;
}

/* The launcher's answer to the next signal, which must be for this sandbox. */
static void answer_signal(struct rig *r, uint64_t id, int signal, int error)
{
	struct signal_request s;
	struct request q;

	rig_take(r, WIRE_SIGNAL, &q);
	assert_int_equal(decode_signal_request(&q.body, &s), 0);
	assert_int_equal(s.id, id);
	assert_int_equal(s.signal, signal);
	assert_true(s.all);
	rig_answer_done(r, q.serial, error);
	request_done(&q);
}

static void expect_count(struct rig *r, struct reply *reply, uint32_t n)
{
	uint32_t got;

	rig_wait(r, reply);
	assert_null(reply->error);
	assert_true(sd_bus_message_read(reply->message, "u", &got) > 0);
	assert_int_equal(got, n);
	reply_done(reply);
}

static void test_kill_all(void **state)
{
	static const uint64_t ids[] = { 7, 8, 9 };
	struct rig *r = *state;
	struct reply reply;

	for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
		rig_launch_sandbox(r, i == 2 ? ROOT : ALICE, i == 1 ? "open" : "decoder", ids[i], &reply);
		reply_done(&reply);
	}
	rig_expect(r, kill_all(r, ALICE, "decoder", SIGTERM), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(r, kill_all(r, ROOT, "", SIGKILL), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, kill_all(r, ROOT, "*", SIGKILL), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, kill_all(r, ROOT, "decoder", 0), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, kill_all(r, ROOT, "decoder", 65), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, kill_all(r, ROOT, "nothing", SIGKILL), BAILIFF_ERROR_PROFILE_UNKNOWN, NULL);
	assert_true(rig_launcher_idle(r));
	/* one of them has just ended: it is not counted */
	rig_send(r, kill_all(r, ROOT, "decoder", SIGTERM), &reply);
	answer_signal(r, 7, SIGTERM, -ESRCH);
	answer_signal(r, 9, SIGTERM, 0);
	expect_count(r, &reply, 1);
	/* none of them, which is no error */
	rig_send(r, kill_all(r, ROOT, "admin", SIGTERM), &reply);
	expect_count(r, &reply, 0);
	assert_true(rig_launcher_idle(r));
}

/* Who asked leaves before the answers come: nothing is left over. */
static void test_kill_all_gone(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	rig_send(r, kill_all(r, ROOT, "decoder", SIGTERM), &reply);
	rig_take(r, WIRE_SIGNAL, &q);
	rig_leave(r, ROOT);
	rig_settle(r);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_settle(r);
	assert_int_equal(quota_used(&r->broker.quota, 0, QUOTA_CALLS), 0);
	reply_done(&reply);
}

/* How many sandboxes and profiles the caller is shown. */
static void expect_managed(struct rig *r, const char *sender, size_t sandboxes)
{
	struct reply reply;
	const char *path;
	size_t n = 0, profiles = 0;

	rig_expect(r,
		rig_call_path(r, sender, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.ObjectManager",
			"GetManagedObjects"),
		NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "{oa{sa{sv}}}") > 0);
	while (sd_bus_message_enter_container(reply.message, 'e', "oa{sa{sv}}") > 0) {
		assert_true(sd_bus_message_read(reply.message, "o", &path) > 0);
		n += strncmp(path, BAILIFF_SANDBOX_PREFIX "/", strlen(BAILIFF_SANDBOX_PREFIX "/")) == 0;
		profiles +=
			strncmp(path, BAILIFF_PROFILE_PREFIX "/", strlen(BAILIFF_PROFILE_PREFIX "/")) == 0;
		assert_true(sd_bus_message_skip(reply.message, "a{sa{sv}}") > 0);
		assert_true(sd_bus_message_exit_container(reply.message) > 0);
	}
	assert_int_equal(n, sandboxes);
	assert_int_equal(profiles, r->broker.catalog->n_profiles);
	reply_done(&reply);
}

static size_t count_signals(struct rig *r, const char *destination, const char *member)
{
	size_t n = 0;

	rig_settle(r);
	for (size_t i = 0; i < r->n_managed; i++)
		n += strcmp(r->managed[i].destination, destination) == 0 &&
		     strcmp(r->managed[i].member, member) == 0;
	return n;
}

/* Every signal that has come for this connection. */
static size_t count_all(struct rig *r, const char *destination)
{
	size_t n = count_signals(r, destination, "InterfacesAdded") +
		   count_signals(r, destination, "InterfacesRemoved");

	for (size_t i = 0; i < r->n_signals; i++)
		n += strcmp(r->signals[i].destination, destination) == 0;
	return n;
}

/* D5: who subscribed is told of what it may see, once, and of nothing else. */
static void test_subscribe(void **state)
{
	static const char *const subscribers[] = { ALICE, ALICE2, BOB, ROOT };
	struct rig *r = *state;
	struct reply reply;

	for (size_t i = 0; i < ELEMENTSOF(subscribers); i++) {
		rig_expect(r, rig_call(r, subscribers[i], 0, "Subscribe"), NULL, NULL);
		rig_expect(r, rig_call(r, subscribers[i], 0, "Subscribe"), NULL, NULL);
	}
	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	rig_launch_sandbox(r, ROOT, "open", 8, &reply);
	reply_done(&reply);
	assert_int_equal(count_signals(r, ALICE, "InterfacesAdded"), 1);
	assert_int_equal(count_signals(r, ALICE2, "InterfacesAdded"), 1);
	assert_int_equal(count_signals(r, ROOT, "InterfacesAdded"), 2);
	rig_tell_exited(r, 7, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect(r, rig_call(r, ALICE, 7, "Release"), NULL, NULL);
	/* added, changed, exited, removed */
	assert_int_equal(count_all(r, ALICE), 4);
	assert_int_equal(count_all(r, ALICE2), 4);
	assert_int_equal(count_all(r, ROOT), 5);
	assert_int_equal(count_all(r, BOB), 0);
	assert_int_equal(count_all(r, ""), 0);
}

/* It ends when it is to, and when the connection does: nothing is sent to a name that another could get. */
static void test_unsubscribe(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_expect(r, rig_call(r, ALICE2, 0, "Subscribe"), NULL, NULL);
	rig_expect(r, rig_call(r, ROOT, 0, "Subscribe"), NULL, NULL);
	assert_int_equal(r->broker.callers.n_subscribed, 2);
	rig_expect(r, rig_call(r, ALICE2, 0, "Unsubscribe"), NULL, NULL);
	rig_expect(r, rig_call(r, ALICE2, 0, "Unsubscribe"), NULL, NULL);
	rig_leave(r, ROOT);
	rig_settle(r);
	assert_int_equal(r->broker.callers.n_subscribed, 0);
	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	assert_int_equal(count_all(r, ALICE), 1);
	assert_int_equal(count_all(r, ALICE2) + count_all(r, ROOT), 0);
}

/* Q2: a user's connections do not add up to more than 16 messages for each that is owed. */
static void test_subscriptions_bounded(void **state)
{
	struct rig *r = *state;

	rig_expect(r, rig_call(r, ALICE, 0, "Subscribe"), NULL, NULL);
	assert_int_equal(callers_subscribe(&r->broker.callers, ALICE, 1), 0);
	rig_expect(r, rig_call(r, ALICE2, 0, "Unsubscribe"), NULL, NULL);
	assert_int_equal(callers_subscribe(&r->broker.callers, ALICE2, 1), -EDQUOT);
	assert_int_equal(callers_subscribe(&r->broker.callers, ALICE2, 2), 0);
	rig_expect(r, rig_call(r, BOB, 0, "Unsubscribe"), NULL, NULL);
	assert_int_equal(callers_subscribe(&r->broker.callers, BOB, 1), 0);
	assert_int_equal(callers_subscribe(&r->broker.callers, ":1.999", 1), -ESRCH);
}

/* D5, D10: everybody is shown their own, and told of their own. */
static void test_object_manager(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	rig_launch_sandbox(r, ROOT, "open", 8, &reply);
	reply_done(&reply);
	expect_managed(r, ALICE, 1);
	expect_managed(r, ALICE2, 1);
	expect_managed(r, BOB, 0);
	expect_managed(r, ROOT, 2);
	assert_int_equal(count_signals(r, ALICE, "InterfacesAdded"), 1);
	assert_int_equal(count_signals(r, ROOT, "InterfacesAdded"), 1);
	assert_int_equal(count_signals(r, "", "InterfacesAdded"), 0);
	rig_tell_exited(r, 7, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect(r, rig_call(r, ALICE2, 7, "Release"), NULL, NULL);
	assert_int_equal(count_signals(r, ALICE, "InterfacesRemoved"), 1);
	assert_int_equal(count_signals(r, ALICE2, "InterfacesRemoved"), 0);
	assert_int_equal(count_signals(r, "", "InterfacesRemoved"), 0);
	expect_managed(r, ALICE, 0);
}

#define BUS_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

/* No fewer bytes than what is left of this message takes on a bus: values with all the padding that there can
 * be. */
static size_t size_at_most(sd_bus_message *m)
{
	size_t n = 0, depth = 0;

	for (;;) {
		const char *contents, *text;
		uint64_t number;
		char type;
		int r = sd_bus_message_peek_type(m, &type, &contents);

		assert_true(r >= 0);
		n += 16;
		if (r == 0 && depth == 0)
			return n;
		if (r == 0) {
			assert_true(sd_bus_message_exit_container(m) >= 0);
			depth--;
		} else if (contents) {
			assert_true(sd_bus_message_enter_container(m, type, contents) > 0);
			n += strlen(contents);
			depth++;
		} else if (strchr("sog", type)) {
			assert_true(sd_bus_message_read_basic(m, type, &text) > 0);
			n += strlen(text);
		} else {
			assert_true(sd_bus_message_read_basic(m, type, &number) > 0);
		}
	}
}

/* As many sandboxes as there can be, with the longest of names. */
static void fill_table(struct broker *b)
{
	char tag[TAG_MAX + 1], profile[PROFILE_NAME_MAX + 1], cgroup[NAME_MAX + 1];
	struct launched l = { .uid = 1000,
		.host_pid = INT32_MAX,
		.layers = UINT32_MAX,
		.started_realtime_usec = UINT64_MAX / 2,
		.cgroup = cgroup };

	memset(tag, 't', TAG_MAX);
	memset(profile, 'p', PROFILE_NAME_MAX);
	memset(cgroup, 'c', NAME_MAX);
	tag[TAG_MAX] = profile[PROFILE_NAME_MAX] = cgroup[NAME_MAX] = '\0';
	for (uint64_t i = 0; i < SANDBOXES_MAX; i++) {
		struct sandbox *s;

		l.id = UINT32_MAX - i;
		s = sandbox_new(b, &l, profile, tag, NULL);
		assert_non_null(s);
		s->owner = 1000;
		s->state = i % 2 ? SANDBOX_EXITED : SANDBOX_RUNNING;
		assert_int_equal(sandboxes_add(&b->sandboxes, s), 0);
	}
}

/* D16: a list of all has room in one message of the stock system bus twice over; it comes whole. */
static void test_longest_lists(void **state)
{
	static const char *const members[] = { "ListSandboxes", "GetManagedObjects" };
	const size_t bus_maximum = 32U << 20;
	struct rig *r = *state;

	fill_table(&r->broker);
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		struct reply reply;
		size_t size;

		rig_expect(r,
			i == 0 ? rig_call(r, ROOT, 0, members[i])
			       : rig_call_path(r, ROOT, BAILIFF_OBJECT_PATH,
					 "org.freedesktop.DBus.ObjectManager", members[i]),
			NULL, &reply);
		size = size_at_most(reply.message);
		print_message("%s: at most %zu bytes\n", members[i], size);
		assert_in_range(size, SANDBOXES_MAX * TAG_MAX, bus_maximum / 2);
		reply_done(&reply);
	}
	expect_managed(r, ROOT, SANDBOXES_MAX);
	expect_managed(r, ALICE, SANDBOXES_MAX);
	expect_managed(r, BOB, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(test_profile_properties),
		BUS_TEST(test_profile_of_others),
		BUS_TEST(test_dump),
		BUS_TEST(test_profile_paths),
		BUS_TEST(test_by_pidfd),
		BUS_TEST(test_object_manager),
		BUS_TEST(test_longest_lists),
		BUS_TEST(test_subscribe),
		BUS_TEST(test_unsubscribe),
		BUS_TEST(test_subscriptions_bounded),
		BUS_TEST(test_kill_all),
		BUS_TEST(test_kill_all_gone),
	};

	return cmocka_run_group_tests_name("bus objects", tests, NULL, NULL);
}
