/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The manager's other members: profiles, reload, user names, log level, shutdown. */

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "dbus/names.h"
#include "rig.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void test_profiles(void **state)
{
	static const struct {
		const char *sender;
		int allowed[7];
	} rows[] = { { ALICE, { 0, 0, 1, 0, 1, 1, 0 } }, { BOB, { 0 } }, { ROOT, { 1, 0, 1, 1, 1, 1, 1 } } };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *name, *description, *previous = "";
		struct reply reply;
		double exposure;
		size_t n = 0;
		int allowed;

		rig_expect(r, rig_call(r, rows[i].sender, 0, "ListProfiles"), NULL, &reply);
		assert_true(sd_bus_message_enter_container(reply.message, 'a', "(ssbd)") > 0);
		while (sd_bus_message_read(
			       reply.message, "(ssbd)", &name, &description, &allowed, &exposure) > 0) {
			assert_true(strcmp(previous, name) < 0);
			previous = name;
			assert_true(n < 7);
			assert_int_equal(allowed, rows[i].allowed[n++]);
			/* there is no score of what has errors */
			if (strcmp(name, "broken") == 0)
				assert_true(exposure < 0);
			else
				assert_true(exposure > 1.69 && exposure < 1.71);
		}
		assert_int_equal(n, 7);
		reply_done(&reply);
	}
}

static void tell(
	struct rig *r, uint32_t type, uint32_t serial, uint32_t generation, unsigned variant, uint32_t value)
{
	const struct keeper_message m = {
		.type = type, .serial = serial, .generation = generation, .value = value
	};
	int fd = rig_catalog_memfd(variant);

	assert_int_equal(keeper_send(r->keeper, &m, &fd, 1), 0);
	(void)fd_close(fd);
}

/* The serial of a request to reload. */
static uint32_t expect_reload(struct rig *r)
{
	struct keeper_message m;
	int fds[KEEPER_FDS_MAX], k;

	rig_until(r, (k = keeper_receive(r->keeper, &m, fds)) != -EAGAIN);
	assert_int_equal(k, 1);
	assert_int_equal(m.type, WIRE_RELOAD);
	assert_int_not_equal(m.serial, 0);
	return m.serial;
}

static void check_reload(struct rig *r, struct reply *reply, uint32_t generation, size_t n_errors)
{
	const char *line;
	uint32_t got;
	size_t n = 0;

	rig_wait(r, reply);
	assert_null(reply->error);
	assert_true(sd_bus_message_read(reply->message, "u", &got) > 0);
	assert_int_equal(got, generation);
	assert_true(sd_bus_message_enter_container(reply->message, 'a', "s") > 0);
	while (sd_bus_message_read(reply->message, "s", &line) > 0)
		n++;
	assert_int_equal(n, n_errors);
	reply_done(reply);
}

static size_t profile_errors(struct rig *r, const char *sender)
{
	sd_bus_message *m =
		rig_call_path(r, sender, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.Properties", "Get");
	struct reply reply;
	const char *line;
	size_t n = 0;

	assert_true(sd_bus_message_append(m, "ss", BAILIFF_MANAGER_INTERFACE, "ProfileErrors") >= 0);
	rig_expect(r, m, NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'v', "as") > 0);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "s") > 0);
	while (sd_bus_message_read(reply.message, "s", &line) > 0)
		n++;
	reply_done(&reply);
	return n;
}

static void test_reload(void **state)
{
	struct reply first, second, third;
	struct rig *r = *state;
	uint32_t serial;

	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &first);
	serial = expect_reload(r);
	/* It comes while the compiler may have read the files already: it gets a compilation of its own. */
	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &second);
	rig_settle(r);
	tell(r, WIRE_CATALOG, serial, 2, 0, 0);
	check_reload(r, &first, 2, 0);
	serial = expect_reload(r);
	assert_false(second.there);
	tell(r, WIRE_RELOAD_FAILED, serial, 2, 1, 0);
	check_reload(r, &second, 2, 1);
	assert_int_equal(r->broker.generation, 2);
	assert_int_equal(profile_errors(r, ROOT), 1);
	assert_int_equal(profile_errors(r, ALICE), 0);
	/* No report at all is not success. */
	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &third);
	serial = expect_reload(r);
	tell(r, WIRE_RELOAD_FAILED, serial, 2, 0, 1);
	check_reload(r, &third, 2, 1);
	rig_until(r, r->n_signals == 3);
	for (size_t i = 0; i < r->n_signals; i++)
		assert_string_equal(r->signals[i].member, "ProfilesReloaded");
}

/* A reload that a signal to the daemon began before the call is told to everybody, but answers nobody: the
 * compiler may have read the files before the caller had written them. */
static void test_reload_behind_a_signal(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	uint32_t serial;

	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &reply);
	serial = expect_reload(r);
	tell(r, WIRE_RELOAD_FAILED, 0, 1, 1, 0);
	rig_until(r, r->n_signals == 1);
	assert_false(reply.there);
	tell(r, WIRE_CATALOG, serial, 2, 0, 0);
	check_reload(r, &reply, 2, 0);
}

static void answer_something(struct rig *r)
{
	struct reply reply;

	rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), NULL, &reply);
	reply_done(&reply);
}

/* While a large catalog is read others are served, by the one in force; what the keeper says next counts on
 * it, whatever that is. The last one is left half read. */
static void test_reload_in_parts(void **state)
{
	struct rig *r = *state;
	struct keeper_client *k = &r->broker.keeper;

	answer_something(r);
	for (uint32_t generation = 2; generation < 4; generation++) {
		tell(r, WIRE_CATALOG, 0, generation, RIG_LARGE, 0);
		rig_until(r, k->reader.catalog != NULL);
		answer_something(r);
		assert_non_null(k->reader.catalog);
		assert_int_equal(r->broker.generation, generation - 1);
		if (generation == 2)
			rig_until(r, r->broker.generation == 2);
	}
	assert_int_equal(r->broker.catalog->n_profiles, 7 + RIG_MANY);
	tell(r, WIRE_RELOAD_FAILED, 0, 3, 1, 0);
	rig_until(r, r->n_signals == 3);
	assert_int_equal(r->broker.generation, 3);
	assert_int_equal(profile_errors(r, ROOT), 1);
	tell(r, WIRE_CATALOG, 0, 4, RIG_LARGE, 0);
	rig_until(r, k->reader.catalog != NULL);
}

static sd_bus_message *call_name(struct rig *r, const char *member, const char *name)
{
	sd_bus_message *m = rig_call(r, BOB, 0, member);

	assert_true(sd_bus_message_append(m, "s", name) >= 0);
	return m;
}

static void answer_salt(struct rig *r, const char *salt)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	char message[] = "the salt is empty";
	const struct refused refused = { .refusal = REFUSAL_BUSY, .message = message };
	struct request q;

	rig_take(r, WIRE_SALT, &q);
	if (salt)
		(void)encode_salt(&b, q.serial, salt, strlen(salt));
	else
		(void)encode_refused(&b, q.serial, &refused);
	assert_int_equal(wire_send(r->launcher, b.data, b.size, NULL, 0), 0);
	request_done(&q);
}

static void check_name(struct rig *r, struct reply *reply, const char *expected)
{
	const char *name;

	rig_wait(r, reply);
	assert_null(reply->error);
	assert_true(sd_bus_message_read(reply->message, "s", &name) > 0);
	assert_string_equal(name, expected);
	reply_done(reply);
}

/* D13. printf '0123456789abcdefalice@example.org' | sha1sum */
static void test_username(void **state)
{
	static const char alice[] = "0143b707c7b6df490e420585315a80a35dc17bed";
	struct rig *r = *state;
	struct reply reply;
	char long_name[300];

	memset(long_name, 'a', sizeof(long_name));
	long_name[256] = '\0';
	rig_expect(r, call_name(r, "GetSanitizedUsername", ""), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_name(r, "GetSanitizedUsername", long_name), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
	/* Without a salt there is an error, never an empty name. */
	rig_send(r, call_name(r, "GetSanitizedUsername", "alice@example.org"), &reply);
	answer_salt(r, NULL);
	rig_wait(r, &reply);
	assert_string_equal(reply.error, BAILIFF_ERROR_FAILED);
	reply_done(&reply);
	/* Who asks again and again does not make the launcher look, and log, each time. */
	rig_expect(r, call_name(r, "GetSanitizedUsername", "alice"), BAILIFF_ERROR_FAILED, NULL);
	assert_true(rig_launcher_idle(r));
	r->broker.salt_refused_usec = 1;
	rig_send(r, call_name(r, "GetSanitizedUsername", "Alice@Example.ORG"), &reply);
	answer_salt(r, "0123456789abcdef");
	check_name(r, &reply, alice);
	/* The salt is asked for once, until the configuration may have changed. */
	rig_send(r, call_name(r, "GetSanitizedUsername", "alice@example.org"), &reply);
	check_name(r, &reply, alice);
	tell(r, WIRE_CATALOG, 0, 2, 0, 0);
	rig_settle(r);
	rig_send(r, call_name(r, "GetSanitizedUsername", "alice@example.org"), &reply);
	answer_salt(r, "0123456789abcdef");
	check_name(r, &reply, alice);
}

static sd_bus_message *call_store(struct rig *r, const char *daemon, const char *name)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "GetDaemonStorePath");

	assert_true(sd_bus_message_append(m, "ss", daemon, name) >= 0);
	return m;
}

static void check_paths(struct rig *r, struct reply *reply, const char *user, const char *root)
{
	const char *key, *path, *expected[] = { strrchr(user, '/') + 1, user, root },
				*keys[] = { "sanitized", "user", "root" };

	rig_wait(r, reply);
	assert_null(reply->error);
	assert_true(sd_bus_message_enter_container(reply->message, 'a', "{ss}") > 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(sd_bus_message_read(reply->message, "{ss}", &key, &path) > 0);
		assert_string_equal(key, keys[i]);
		assert_string_equal(path, expected[i]);
	}
	assert_int_equal(sd_bus_message_at_end(reply->message, 0), 1);
	reply_done(reply);
}

/* D13 for what hangs on the name: the same hash, behind fixed paths, and no path that a caller could make. */
static void test_user_paths(void **state)
{
	static const char hash[] = "0123456789abcdef0123456789abcdef01234567", *const bad[] = { "", ".", "..",
		"a/b", "../x", ".hidden", "a b" };
	struct rig *r = *state;
	struct reply reply;

	/* a hash takes no salt */
	rig_send(r, call_name(r, "GetUserPaths", hash), &reply);
	check_paths(r, &reply, "/home/user/0123456789abcdef0123456789abcdef01234567",
		"/home/root/0123456789abcdef0123456789abcdef01234567");
	rig_send(r, call_store(r, "shill", hash), &reply);
	check_name(r, &reply, "/run/daemon-store/shill/0123456789abcdef0123456789abcdef01234567");
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		rig_expect(r, call_store(r, bad[i], hash), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_name(r, "GetUserPaths", ""), SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, call_store(r, "shill", ""), SD_BUS_ERROR_INVALID_ARGS, NULL);
	assert_true(rig_launcher_idle(r));
	/* a name does, and no salt is an error */
	rig_send(r, call_name(r, "GetUserPaths", "alice@example.org"), &reply);
	answer_salt(r, NULL);
	rig_wait(r, &reply);
	assert_string_equal(reply.error, BAILIFF_ERROR_FAILED);
	reply_done(&reply);
	r->broker.salt_refused_usec = 1;
	rig_send(r, call_store(r, "shill", "Alice@Example.org"), &reply);
	answer_salt(r, "0123456789abcdef");
	check_name(r, &reply, "/run/daemon-store/shill/0143b707c7b6df490e420585315a80a35dc17bed");
	rig_send(r, call_name(r, "GetUserPaths", "alice@example.org"), &reply);
	check_paths(r, &reply, "/home/user/0143b707c7b6df490e420585315a80a35dc17bed",
		"/home/root/0143b707c7b6df490e420585315a80a35dc17bed");
	/* the name of a hash is its own: only its form is asked of the other two */
	rig_send(r, call_name(r, "GetSanitizedUsername", hash), &reply);
	check_name(r, &reply, "edc9055eaab6e86d803e41dd99272b3da1468595");
}

static void test_is_sanitized(void **state)
{
	static const struct {
		const char *name;
		int is;
	} rows[] = { { "0143b707c7b6df490e420585315a80a35dc17bed", 1 },
		{ "0143B707c7b6df490e420585315a80a35dc17bed", 0 },
		{ "0143b707c7b6df490e420585315a80a35dc17be", 0 },
		{ "0143b707c7b6df490e420585315a80a35dc17bed0", 0 }, { "", 0 } };
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct reply reply;
		int is;

		rig_expect(r, call_name(r, "IsSanitizedUsername", rows[i].name), NULL, &reply);
		assert_true(sd_bus_message_read(reply.message, "b", &is) > 0);
		assert_int_equal(is, rows[i].is);
		reply_done(&reply);
	}
}

static void test_log_level(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ROOT, 0, "SetLogLevel");

	assert_true(sd_bus_message_append(m, "s", "loud") >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
	m = rig_call(r, ROOT, 0, "SetLogLevel");
	assert_true(sd_bus_message_append(m, "s", "crit") >= 0);
	rig_expect(r, m, NULL, NULL);
	assert_int_equal(log_get_level(), LOG_CRIT);
}

/* Every property answers to GetAll. */
static void test_properties(void **state)
{
	static const char *const objects[] = { BAILIFF_OBJECT_PATH, BAILIFF_SANDBOX_PREFIX "/1" };
	static const char *const interfaces[] = { BAILIFF_MANAGER_INTERFACE, BAILIFF_SANDBOX_INTERFACE };
	static const size_t expected[] = { 7, 16 };
	struct rig *r = *state;
	struct reply reply;

	rig_launch_sandbox(r, ALICE, "decoder", 1, &reply);
	reply_done(&reply);
	for (size_t i = 0; i < 2; i++) {
		sd_bus_message *m =
			rig_call_path(r, ALICE, objects[i], "org.freedesktop.DBus.Properties", "GetAll");
		size_t n = 0;

		assert_true(sd_bus_message_append(m, "s", interfaces[i]) >= 0);
		rig_expect(r, m, NULL, &reply);
		assert_true(sd_bus_message_enter_container(reply.message, 'a', "{sv}") > 0);
		while (sd_bus_message_skip(reply.message, "{sv}") > 0)
			n++;
		assert_int_equal(n, expected[i]);
		reply_done(&reply);
	}
}

static void shut_down(struct rig *r, uint32_t value)
{
	const struct keeper_message m = { .type = WIRE_SHUTDOWN, .value = value };

	assert_int_equal(keeper_send(r->keeper, &m, NULL, 0), 0);
}

static void expect_end(struct rig *r)
{
	int status = -1;

	rig_until(r, rig_broker_ended(r, &status));
	assert_int_equal(status, 0);
}

static void expect_busy(struct rig *r, struct reply *reply)
{
	rig_wait(r, reply);
	assert_non_null(reply->error);
	assert_string_equal(reply->error, BAILIFF_ERROR_BUSY);
	reply_done(reply);
}

static void test_shutdown(void **state)
{
	struct rig *r = *state;

	/* told twice, and once more what it waited for at its start */
	shut_down(r, 0);
	shut_down(r, 0);
	rig_until(r, r->n_released > 0);
	broker_serve(&r->broker);
	assert_false(r->broker.ready);
	expect_end(r);
	assert_int_equal(r->n_released, 1);
}

/* The bus says nothing to the name that is given back. */
static void test_shutdown_bus_stuck(void **state)
{
	struct rig *r = *state;

	r->keep_name = true;
	shut_down(r, 0);
	expect_end(r);
}

/* It goes meanwhile. */
static void test_shutdown_bus_gone(void **state)
{
	struct rig *r = *state;

	r->keep_name = true;
	shut_down(r, 0);
	rig_until(r, r->n_released > 0);
	sd_bus_close(r->bus);
	expect_end(r);
}

/* A launch whose descriptors were still to come. */
static void test_shutdown_fd_channel(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	struct reply reply;
	int pair[2];

	answer_something(r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1,
			    "fd-channel", "h", pair[1]) >= 0);
	rig_send(r, m, &reply);
	rig_until(r, r->broker.fd_channels != NULL);
	shut_down(r, 0);
	expect_busy(r, &reply);
	expect_end(r);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Whatever a reload waits for, and a call that the bus had on its way while the name was given back. */
static void test_shutdown_answers(void **state)
{
	struct reply asked, next, at_polkit;
	struct rig *r = *state;

	r->polkit = PLAY_SLOW;
	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &asked);
	(void)expect_reload(r);
	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &next);
	rig_send(r, rig_call(r, ALICE, 0, "Reload"), &at_polkit);
	rig_until(r, r->n_polkit == 1);
	r->early = rig_call(r, ROOT, 0, "Reload");
	shut_down(r, 0);
	expect_busy(r, &asked);
	expect_busy(r, &next);
	expect_busy(r, &at_polkit);
	expect_busy(r, &r->early_reply);
	expect_end(r);
}

/* What came before the keeper's word, and was not read. */
static void test_shutdown_reads(void **state)
{
	struct reply replies[32];
	struct rig *r = *state;

	answer_something(r);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++)
		rig_send(r, rig_call(r, i % 2 ? ALICE : BOB, 0, "ListSandboxes"), &replies[i]);
	shut_down(r, 0);
	for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
		rig_wait(r, &replies[i]);
		reply_done(&replies[i]);
	}
	expect_end(r);
}

/* One that is asked to go stays for the outcome of a reload, and not for that of another's. */
static void test_shutdown_after_reload(void **state)
{
	struct reply first, second;
	struct rig *r = *state;
	uint32_t serial;

	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &first);
	serial = expect_reload(r);
	rig_send(r, rig_call(r, ROOT, 0, "Reload"), &second);
	rig_settle(r);
	tell(r, WIRE_CATALOG, 0, 2, 0, 0);
	shut_down(r, 1);
	rig_settle(r);
	tell(r, WIRE_CATALOG, serial, 3, 0, 0);
	shut_down(r, 1); /* the second is the keeper's by then */
	check_reload(r, &first, 3, 0);
	serial = expect_reload(r);
	tell(r, WIRE_RELOAD_FAILED, serial, 3, 1, 0);
	check_reload(r, &second, 3, 1);
	shut_down(r, 1);
	expect_end(r);
}

static void test_keeper_gone(void **state)
{
	struct rig *r = *state;
	int status = 0;

	r->keeper = fd_close(r->keeper);
	rig_until(r, rig_broker_ended(r, &status));
	assert_int_not_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_profiles),
		TEST(test_reload),
		TEST(test_reload_behind_a_signal),
		TEST(test_reload_in_parts),
		TEST(test_username),
		TEST(test_user_paths),
		TEST(test_is_sanitized),
		TEST(test_log_level),
		TEST(test_properties),
		TEST(test_shutdown),
		TEST(test_shutdown_bus_stuck),
		TEST(test_shutdown_bus_gone),
		TEST(test_shutdown_fd_channel),
		TEST(test_shutdown_answers),
		TEST(test_shutdown_reads),
		TEST(test_shutdown_after_reload),
		TEST(test_keeper_gone),
	};

	return cmocka_run_group_tests_name("bus manager", tests, NULL, NULL);
}
