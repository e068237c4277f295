/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Answers that the real broker never gives, to every call of the library that has one: of other types, with
 * descriptors that are not there or too many, half ones, none. A server on a socket of its own stands where
 * the broker's is; what is told well is told by the real one, in tests/integration.
 */

#include "false-broker.h"

#include "lib/internal.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES 100000

enum fault {
	NO_FAULT,
	EMPTY, /* these are well-formed messages */
	NUMBER,
	STRINGS,
	STRUCTS,
	VARIANTS,
	LAST_TYPE = VARIANTS,
	HALF, /* these end the connection */
	HUGE_CLAIM,
	NOISE,
	HANG_UP,
	LAST_FAULT = HANG_UP,
	LARGE /* nothing is wrong with it */
};

/* Shared with the server. */
struct orders {
	volatile enum fault fault;
	char member[64]; /* of the call that gets it */
};

struct server {
	struct false_broker broker;
	struct orders *orders;
};

static int reply_wrong(sd_bus_message *m, enum fault fault)
{
	switch (fault) {
	case EMPTY:
		return sd_bus_reply_method_return(m, NULL);
	case NUMBER:
		return sd_bus_reply_method_return(m, "x", INT64_MIN);
	case STRINGS:
		return sd_bus_reply_method_return(m, "as", 2, "what", "is this");
	case STRUCTS:
		return sd_bus_reply_method_return(m, "a(iiii)", 1, 1, 2, 3, 4);
	default:
		return sd_bus_reply_method_return(m, "v", "a{sv}", 1, "one", "v", "h", STDERR_FILENO);
	}
}

/* A header of our byte order, a reply, with a body of this size. */
static void write_header(int fd, uint32_t body)
{
	uint8_t header[16] = { 'l', 2, 0, 1 };

	memcpy(header + 4, &body, sizeof(body));
	header[8] = 1;
	(void)send(fd, header, sizeof(header), MSG_NOSIGNAL);
}

static void break_off(sd_bus_message *m, enum fault fault)
{
	int fd = sd_bus_get_fd(sd_bus_message_get_bus(m));
	char noise[4096];

	memset(noise, 0xa5, sizeof(noise));
	if (fault == HALF)
		write_header(fd, 100);
	else if (fault == HUGE_CLAIM)
		write_header(fd, UINT32_MAX);
	else if (fault == NOISE)
		(void)send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
	if (fault != HUGE_CLAIM && fault != NOISE)
		hang_up(m);
}

static int reply_large(sd_bus_message *m)
{
	sd_bus_message *reply = NULL;

	(void)sd_bus_message_new_method_return(m, &reply);
	(void)sd_bus_message_open_container(reply, 'a', "(ssbd)");
	for (int i = 0; i < ENTRIES; i++)
		(void)sd_bus_message_append(reply, "(ssbd)", "name", "description", i % 2, 1.0);
	(void)sd_bus_message_close_container(reply);
	(void)sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr_error)
{
	const struct orders *o = userdata;

	(void)reterr_error;
	if (o->fault == NO_FAULT || !sd_bus_message_is_method_call(m, NULL, o->member))
		return reply_right(m);
	if (o->fault == LARGE)
		return reply_large(m);
	if (o->fault <= LAST_TYPE)
		return reply_wrong(m, o->fault);
	break_off(m, o->fault);
	return 1;
}

static int set_up(void **state)
{
	static struct server server;
	int r = false_broker_start(&server.broker, sizeof(*server.orders), on_call);

	server.orders = server.broker.orders;
	*state = &server;
	return r;
}

static int tear_down(void **state)
{
	struct server *s = *state;

	false_broker_stop(&s->broker);
	return 0;
}

struct client {
	bailiff_connection *c;
	bailiff_sandbox *s;
	bailiff_request *r;
};

/* Each returns what the library says; a result would be lost, and LeakSanitizer would find it. */
#define ASK(name, type, expression)                                                                          \
	static int name(struct client *x)                                                                    \
	{                                                                                                    \
		type ret = NULL;                                                                             \
		int r = expression;                                                                          \
                                                                                                             \
		assert_true(r == 0 || !ret);                                                                 \
		return r;                                                                                    \
	}
ASK(ask_launch, bailiff_sandbox *, bailiff_launch(x->c, x->r, &ret))
ASK(ask_open, bailiff_sandbox *, bailiff_sandbox_open(x->c, 7, &ret))
ASK(ask_open_pidfd, bailiff_sandbox *, bailiff_sandbox_open_pidfd(x->c, 2, &ret))
ASK(ask_sandboxes, bailiff_sandbox_info *, bailiff_list_sandboxes(x->c, &ret))
ASK(ask_profiles, bailiff_profile_info *, bailiff_list_profiles(x->c, &ret))
ASK(ask_explain, bailiff_explanation *, bailiff_explain(x->c, x->r, BAILIFF_UID_CALLER, &ret))
ASK(ask_explain_for, bailiff_explanation *, bailiff_explain(x->c, x->r, 6, &ret))
ASK(ask_profile, bailiff_setting *, bailiff_get_profile_settings(x->c, "p", &ret))
ASK(ask_quota, bailiff_setting *, bailiff_get_quota(x->c, &ret))
ASK(ask_usage, bailiff_setting *, bailiff_sandbox_get_usage(x->s, &ret))
ASK(ask_properties, bailiff_setting *, bailiff_sandbox_get_properties(x->s, &ret))
ASK(ask_status, bailiff_sandbox_status *, bailiff_sandbox_get_status(x->s, &ret))
ASK(ask_violations, bailiff_violation *, bailiff_sandbox_get_violations(x->s, &ret))
ASK(ask_broker, bailiff_broker_status *, bailiff_get_broker_status(x->c, &ret))
ASK(ask_reload, char **, bailiff_reload(x->c, NULL, &ret))
ASK(ask_name, char *, bailiff_sanitize_username(x->c, "n", &ret))
ASK(ask_path, char *, bailiff_get_user_path(x->c, "n", "user", &ret))
ASK(ask_store, char *, bailiff_get_daemon_store_path(x->c, "d", "n", &ret))

static int ask_is_name(struct client *x)
{
	return bailiff_is_sanitized_username(x->c, "n");
}

static int ask_kill(struct client *x)
{
	return bailiff_kill_all(x->c, "p", SIGTERM, NULL);
}

static int ask_end(struct client *x)
{
	return bailiff_sandbox_wait(x->s, 1000000, NULL);
}

static const struct {
	const char *member;
	int (*ask)(struct client *x);
} calls[] = {
	{ "LaunchSandboxed", ask_launch },
	{ "GetSandbox", ask_open },
	{ "GetPidfd", ask_open },
	{ "GetAll", ask_open },
	{ "GetSandboxByPidfd", ask_open_pidfd },
	{ "ListSandboxes", ask_sandboxes },
	{ "ListProfiles", ask_profiles },
	{ "Explain", ask_explain },
	{ "ExplainFor", ask_explain_for },
	{ "GetProfile", ask_profile },
	{ "Dump", ask_profile },
	{ "GetQuota", ask_quota },
	{ "GetUsage", ask_usage },
	{ "GetAll", ask_properties },
	{ "GetAll", ask_status },
	{ "GetViolations", ask_violations },
	{ "GetAll", ask_broker },
	{ "Reload", ask_reload },
	{ "GetSanitizedUsername", ask_name },
	{ "GetUserPaths", ask_path },
	{ "GetDaemonStorePath", ask_store },
	{ "IsSanitizedUsername", ask_is_name },
	{ "KillAll", ask_kill },
	{ "Wait", ask_end },
};

static void begin(struct server *s, struct client *x)
{
	s->orders->fault = NO_FAULT;
	assert_int_equal(bailiff_connect_address(s->broker.address, &x->c), 0);
	assert_int_equal(bailiff_sandbox_open(x->c, 7, &x->s), 0);
	assert_int_equal(bailiff_request_new(&x->r, "p"), 0);
	/* what it has for a pidfd is none, and would be polled */
	close_fd(bailiff_sandbox_steal_pidfd(x->s));
	x->s->watch = close_fd(x->s->watch);
}

static void end(struct client *x)
{
	bailiff_sandbox_free(x->s);
	bailiff_request_free(x->r);
	bailiff_connection_free(x->c);
}

static void order(struct server *s, const char *member, enum fault fault)
{
	(void)snprintf(s->orders->member, sizeof(s->orders->member), "%s", member);
	s->orders->fault = fault;
}

/* Another type is told, and the connection serves on. */
static void test_other_types(void **state)
{
	struct server *s = *state;
	struct client x = { 0 };

	begin(s, &x);
	for (size_t i = 0; i < ELEMENTSOF(calls); i++)
		for (enum fault fault = EMPTY; fault <= LAST_TYPE; fault++) {
			int r;

			order(s, calls[i].member, fault);
			r = calls[i].ask(&x);
			if (r != -EBADMSG)
				fail_msg("%s, fault %d: %d", calls[i].member, (int)fault, r);
			assert_non_null(strstr(bailiff_last_error_message(x.c), calls[i].member));
		}
	end(&x);
}

/* What ends the connection is an error, and the next call opens it again. */
static void test_broken_connections(void **state)
{
	struct server *s = *state;
	struct client x = { 0 };

	begin(s, &x);
	for (size_t i = 0; i < ELEMENTSOF(calls); i++)
		for (enum fault fault = HALF; fault <= LAST_FAULT; fault++) {
			int r;

			/* one that waits for an end looks for the broker again and again; a launch does so
			 * for half a minute, which one fault is enough for */
			if (calls[i].ask == ask_end || (calls[i].ask == ask_launch && fault != HALF))
				continue;
			order(s, calls[i].member, fault);
			r = calls[i].ask(&x);
			if (r != -ECONNRESET)
				fail_msg("%s, fault %d: %d", calls[i].member, (int)fault, r);
			s->orders->fault = NO_FAULT;
			assert_int_equal(bailiff_sandbox_stop(x.s, 0), 0);
		}
	end(&x);
}

static void on_end(int error, const bailiff_exit *e, void *userdata)
{
	int *told = userdata;

	assert_null(e);
	*told = error;
}

/* The same for those who do not wait for the answer. */
static void test_broken_answers_later(void **state)
{
	static const struct {
		enum fault fault;
		int error;
	} faults[] = { { NUMBER, -EBADMSG }, { HANG_UP, -ECONNRESET } };
	struct server *s = *state;

	for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
		struct client x = { 0 };
		int told = 0;

		begin(s, &x);
		order(s, "Wait", faults[i].fault);
		assert_int_equal(bailiff_sandbox_wait_async(x.s, on_end, &told), 0);
		while (told == 0 && bailiff_connection_wait(x.c, 20000000) >= 0)
			while (bailiff_connection_process(x.c) > 0)
				continue;
		assert_int_equal(told, faults[i].error);
		/* where no signal comes it is asked for, too */
		told = 0;
		order(s, "Wait", NUMBER);
		assert_int_equal(bailiff_sandbox_on_exit(x.s, on_end, &told), 0);
		while (told == 0 && bailiff_connection_wait(x.c, 20000000) >= 0)
			while (bailiff_connection_process(x.c) > 0)
				continue;
		assert_int_equal(told, -EBADMSG);
		end(&x);
	}
}

static void test_large_answer(void **state)
{
	struct server *s = *state;
	bailiff_profile_info *list = NULL;
	struct client x = { 0 };
	size_t n = 0;

	begin(s, &x);
	order(s, "ListProfiles", LARGE);
	assert_int_equal(bailiff_list_profiles(x.c, &list), 0);
	for (const bailiff_profile_info *i = list; i; i = i->next)
		n++;
	assert_int_equal(n, ENTRIES);
	bailiff_profile_info_free(list);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_other_types),
		cmocka_unit_test(test_broken_connections),
		cmocka_unit_test(test_broken_answers_later),
		cmocka_unit_test(test_large_answer),
	};

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
