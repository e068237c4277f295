/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is written of each decision, read back by the journal's own framing, and the limits of a user: rows
 * Q1, Q5, D14 and P8 of the threat model.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"
#include "dbus/names.h"
#include "rig.h"
#include "wire/channel.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIELDS_MAX 32

/* One record: names and values as a reader of the journal would see them. */
struct record {
	char data[16384];
	size_t n;
	struct {
		char name[64], value[4200];
	} fields[FIELDS_MAX];
};

static struct record got;
static int journal;

/* A list of names, each between two blanks. */
struct names {
	char text[2048];
	size_t n;
};

/* All fields that any test has seen. */
static struct names seen;

static bool has_name(const struct names *l, const char *name)
{
	char word[80];

	(void)snprintf(word, sizeof(word), " %s ", name);
	return strstr(l->text, word) != NULL;
}

static void add_name(struct names *l, const char *name)
{
	int n;

	if (has_name(l, name))
		return;
	n = snprintf(l->text + l->n, sizeof(l->text) - l->n, " %s ", name);
	assert_true(n > 0 && (size_t)n < sizeof(l->text) - l->n);
	l->n += (size_t)n;
}

static int setup(void **state)
{
	int pair[2], r = rig_setup(state);
	struct rig *rig = *state;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	journal = pair[0];
	rig->broker.audit.fd = pair[1];
	rig->process.cgroup = "0::/system.slice/chrome@1.service\n";
	rig->process.loginuid = "1000";
	return r;
}

static int teardown(void **state)
{
	journal = fd_close(journal);
	return rig_teardown(state);
}

static void add_field(const char *name, size_t n_name, const char *value, size_t n)
{
	assert_true(got.n < FIELDS_MAX && n_name < sizeof(got.fields[0].name));
	assert_true(n < sizeof(got.fields[0].value));
	/* journald drops a record with any other name */
	assert_true(n_name > 0 && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") >= n_name);
	(void)snprintf(got.fields[got.n].name, sizeof(got.fields[0].name), "%.*s", (int)n_name, name);
	add_name(&seen, got.fields[got.n].name);
	memcpy(got.fields[got.n].value, value, n);
	got.fields[got.n++].value[n] = '\0';
}

/* Native framing: NAME=value\n, or NAME\n, 64 bits of length, value, \n. */
static void parse(size_t size)
{
	const char *p = got.data, *end = got.data + size;

	got.n = 0;
	while (p < end) {
		const char *line = memchr(p, '\n', (size_t)(end - p)), *equals;
		uint64_t n;

		assert_non_null(line);
		equals = memchr(p, '=', (size_t)(line - p));
		if (equals) {
			add_field(p, (size_t)(equals - p), equals + 1, (size_t)(line - equals - 1));
			p = line + 1;
			continue;
		}
		assert_true((size_t)(end - line) > sizeof(n));
		memcpy(&n, line + 1, sizeof(n));
		n = le64toh(n);
		assert_true((uint64_t)(end - line) >= 1 + sizeof(n) + n + 1);
		add_field(p, (size_t)(line - p), line + 1 + sizeof(n), n);
		p = line + 1 + sizeof(n) + n;
		assert_int_equal(*p++, '\n');
	}
}

static bool next_record(void)
{
	ssize_t n = recv(journal, got.data, sizeof(got.data), MSG_DONTWAIT);

	if (n > 0)
		parse((size_t)n);
	return n > 0;
}

static const char *field(const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < got.n; i++)
		if (strcmp(got.fields[i].name, name) == 0) {
			assert_null(value);
			value = got.fields[i].value;
		}
	return value;
}

static uint32_t number(const char *name)
{
	uint32_t n;

	assert_non_null(field(name));
	assert_int_equal(parse_u32(field(name), &n), 0);
	return n;
}

static void expect(const char *name, const char *value)
{
	const char *is = field(name);

	if ((is == NULL) != (value == NULL) || (is && strcmp(is, value) != 0))
		fail_msg("%s is %s, expected %s", name, is ? is : "missing", value ? value : "none");
}

static void expect_record(const char *event, const char *outcome)
{
	assert_true(next_record());
	expect("BAILIFF_EVENT", event);
	expect("BAILIFF_OUTCOME", outcome);
	assert_non_null(field("MESSAGE"));
	assert_int_equal(strlen(field("MESSAGE_ID")), 32);
	assert_non_null(field("PRIORITY"));
	expect("SYSLOG_FACILITY", "10");
}

static void test_life(void **state)
{
	struct rig *r = *state;
	struct reply reply;

	rig_person(r, ALICE)->label = "u:r:chrome_t:s0";
	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	expect_record("launched", "done");
	expect("BAILIFF_CALLER_UID", "1000");
	expect("BAILIFF_CALLER_PID", "4711");
	expect("BAILIFF_CALLER_LOGINUID", "1000");
	expect("BAILIFF_CALLER_UNIT", "chrome@1.service");
	expect("BAILIFF_CALLER_LABEL", "u:r:chrome_t:s0");
	expect("BAILIFF_PROFILE", "decoder");
	expect("BAILIFF_GENERATION", "1");
	expect("BAILIFF_SANDBOX_ID", "7");
	expect("BAILIFF_RULE", "test:1 AllowGroup=x");
	expect("BAILIFF_COMMAND_LINE", NULL);
	rig_tell_exited(r, 7, RESULT_SIGNAL, 0, 9);
	rig_settle(r);
	expect_record("ended", "signal");
	expect("BAILIFF_CALLER_UID", "1000");
	expect("BAILIFF_SANDBOX_ID", "7");
	expect("BAILIFF_EXIT_SIGNAL", "9");
	expect("BAILIFF_EXIT_CODE", "0");
	assert_false(next_record());
}

static void test_refusals(void **state)
{
	struct rig *r = *state;
	sd_bus_message *m;

	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	expect_record("refused", "AccessDenied");
	expect("BAILIFF_CALLER_UID", "1001");
	expect("BAILIFF_PROFILE", "decoder");
	expect("BAILIFF_RULE", "decoder.profile [Access] (no rule matches)");
	rig_expect(r, rig_launch(r, BOB, "nothing"), BAILIFF_ERROR_PROFILE_UNKNOWN, NULL);
	expect_record("refused", "ProfileUnknown");
	expect("BAILIFF_PROFILE", NULL);
	m = rig_call(r, ALICE, 0, "LaunchSandboxed");
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/false", 0, 0, 0) >= 0);
	rig_expect(r, m, BAILIFF_ERROR_ARGV_DENIED, NULL);
	expect_record("refused", "ArgvDenied");
	rig_expect(r, rig_call(r, BOB, 0, "Reload"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	expect_record("administration-refused", "AccessDenied");
	expect("BAILIFF_METHOD", "Reload");
	m = rig_call(r, ROOT, 0, "SetLogLevel");
	assert_true(sd_bus_message_append(m, "s", "emerg") >= 0);
	rig_expect(r, m, NULL, NULL);
	expect_record("administered", "done");
	expect("BAILIFF_METHOD", "SetLogLevel");
	expect("BAILIFF_RULE", "administrator (user 0)");
	assert_false(next_record());
}

static void stop_by(struct rig *r, const char *sender)
{
	sd_bus_message *m = rig_call(r, sender, 7, "Stop");
	struct reply reply;
	struct request q;

	assert_true(sd_bus_message_append(m, "t", UINT64_C(0)) >= 0);
	rig_send(r, m, &reply);
	rig_take(r, WIRE_STOP, &q);
	rig_answer_done(r, q.serial, 0);
	request_done(&q);
	rig_wait(r, &reply);
	assert_null(reply.error);
	reply_done(&reply);
}

/* What root does to another user's sandbox is written, until it is forgotten; what its owner does is not. */
static void test_root_controls(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	struct request q;

	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	expect_record("launched", "done");
	stop_by(r, ALICE);
	assert_false(next_record());
	stop_by(r, ROOT);
	expect_record("administered", "done");
	expect("BAILIFF_METHOD", "Stop");
	expect("BAILIFF_CALLER_UID", "0");
	expect("BAILIFF_SANDBOX_ID", "7");
	rig_tell_exited(r, 7, RESULT_KILLED, 0, 9);
	rig_settle(r);
	expect_record("ended", "killed");
	rig_expect(r, rig_call(r, BOB, 7, "Release"), BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	assert_false(next_record());
	rig_expect(r, rig_call(r, ROOT, 7, "Release"), NULL, NULL);
	rig_take(r, WIRE_FORGET, &q);
	request_done(&q);
	expect_record("administered", "done");
	expect("BAILIFF_METHOD", "Release");
	expect("BAILIFF_SANDBOX_ID", "7");
	assert_false(next_record());
}

/* P8: what a caller sends can not become a field or a line of its own. Arguments are there if they are
 * wanted. */
static void test_forgery(void **state)
{
	static const char forged[] = "/bin/true\nBAILIFF_CALLER_UID=0\nMESSAGE=x";
	struct rig *r = *state;

	for (int wanted = 0; wanted < 2; wanted++) {
		sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");

		r->broker.catalog->config.audit_command_line = wanted;
		rig_person(r, ALICE)->label = "a\nBAILIFF_RULE=x";
		assert_true(
			sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, forged, 0, 0, 0) >= 0);
		rig_expect(r, m, BAILIFF_ERROR_ARGV_DENIED, NULL);
		expect_record("refused", "ArgvDenied");
		expect("BAILIFF_CALLER_UID", "1000");
		expect("BAILIFF_CALLER_LABEL", "a\nBAILIFF_RULE=x");
		expect("BAILIFF_COMMAND_LINE",
			wanted ? "/bin/true\\x0aBAILIFF_CALLER_UID=0\\x0aMESSAGE=x" : NULL);
	}
}

static bool record_has(const char *text)
{
	for (size_t i = 0; i < got.n; i++)
		if (strstr(got.fields[i].value, text))
			return true;
	return false;
}

/* What a caller passes to its program is in no field, the sentence included, unless it is wanted: neither
 * when it is refused for that, nor when the launcher refuses it, nor when it is launched. */
static void test_secrets(void **state)
{
	static const struct {
		const char *argv, *name, *value, *error, *outcome;
	} cases[] = {
		{ "/bin/secret", "LANG", "C", BAILIFF_ERROR_ARGV_DENIED, "ArgvDenied" },
		{ "/bin/true", "secret", "secret", BAILIFF_ERROR_ENV_DENIED, "EnvDenied" },
		{ "/bin/true", "LD_PRELOAD", "secret", BAILIFF_ERROR_ENV_DENIED, "EnvDenied" },
		{ "/bin/true", "=secret", "secret", BAILIFF_ERROR_ENV_DENIED, "EnvDenied" },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");

		assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, cases[i].argv, 1,
				    cases[i].name, cases[i].value, 0, 0) >= 0);
		rig_expect(r, m, cases[i].error, NULL);
		expect_record("refused", cases[i].outcome);
		assert_false(record_has("secret"));
		assert_true(record_has(cases[i].outcome));
	}
	assert_false(next_record());
}

/* The sentence where it can be told; the error and the rule where it would quote. */
static void test_reasons(void **state)
{
	char buf[AUDIT_REASON_MAX];

	assert_string_equal(
		audit_reason(buf, "ArgvDenied", "x.profile Argument=", "argument 1, \"pw\"", false),
		"ArgvDenied, by x.profile Argument=");
	assert_string_equal(audit_reason(buf, "ArgvDenied", "", "argument 1, \"pw\"", false), "ArgvDenied");
	assert_string_equal(audit_reason(buf, "Failed", "", "argument 1, \"pw\"", false), "Failed");
	assert_string_equal(
		audit_reason(buf, "ArgvDenied", "", "argument 1, \"pw\"", true), "argument 1, \"pw\"");
	assert_string_equal(audit_reason(buf, "AccessDenied", "", "not you", false), "not you");
	assert_string_equal(audit_reason(buf, "Setup.Exec", "", "no such file", false), "no such file");
}

/* Q5: one user's refusals are counted, not written, past a number; another user's are written. */
static void test_flood(void **state)
{
	struct rig *r = *state;
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	rig_expect(r, rig_launch(r, ALICE, "admin"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	while (next_record() && strcmp(field("BAILIFF_CALLER_UID"), "1001") == 0)
		n++;
	expect("BAILIFF_CALLER_UID", "1000");
	assert_int_equal(n, 30);
	assert_non_null(r->broker.audit.timer);
	audit_flush(&r->broker.audit);
	expect_record("suppressed", "done");
	expect("BAILIFF_CALLER_UID", "1001");
	assert_int_equal(number("BAILIFF_SUPPRESSED"), 70);
	assert_false(next_record());
}

/* More users than are counted apart: nobody is forgotten without a word. */
static void test_many_users(void **state)
{
	const struct audit_record record = { .event = AUDIT_REFUSED };
	struct rig *r = *state;
	unsigned written = 0, counted = 0;

	for (unsigned round = 0; round < 40; round++)
		for (uid_t uid = 0; uid < 100; uid++) {
			struct audit_record one = record;

			one.uid = uid < 50 ? uid : 50 + round * 50 + uid;
			audit_write(&r->broker.audit, r->broker.event, &one, "x");
			while (next_record())
				if (field("BAILIFF_SUPPRESSED"))
					counted += number("BAILIFF_SUPPRESSED");
				else
					written++;
		}
	audit_flush(&r->broker.audit);
	while (next_record())
		counted += number("BAILIFF_SUPPRESSED");
	assert_int_equal(written + counted, 4000);
	assert_true(r->broker.audit.n_windows <= AUDIT_USERS_MAX);
}

/* Q4: a journal that does not read, or goes, makes nobody wait. */
static void test_journal_gone(void **state)
{
	const struct audit_record record = { .event = AUDIT_LAUNCHED, .uid = 1000 };
	struct rig *r = *state;

	while (r->broker.audit.n_lost == 0)
		audit_write(&r->broker.audit, r->broker.event, &record, "x");
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	assert_true(r->broker.audit.n_lost >= 2);
	journal = fd_close(journal);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
}

/* KernelAudit=yes: to the auditor, too; without one, or with one that does not read, nobody waits, and what
 * is lost is counted. */
static void test_auditor(void **state)
{
	struct rig *r = *state;
	struct audit *a = &r->broker.audit;
	struct audit_message m;
	int pair[2];

	assert_int_equal(wire_channel_pair(pair), 0);
	audit_want_kernel(a, true);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	assert_int_equal(a->n_kernel_lost, 1);
	audit_set_kernel(a, pair[0]);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	assert_int_equal(audit_message_receive(pair[1], &m), 1);
	assert_int_equal(m.event, AUDIT_REFUSED);
	assert_int_equal(m.uid, 1001);
	assert_string_equal(m.profile, "decoder");
	assert_string_equal(m.outcome, "AccessDenied");
	while (a->n_kernel_lost == 1)
		audit_write(a, r->broker.event, &(struct audit_record){ .event = AUDIT_LAUNCHED }, "x");
	(void)close(pair[1]);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	assert_int_equal(a->n_kernel_lost, 3);
	audit_flush(a);
	assert_int_equal(a->n_kernel_lost, 0);
	audit_want_kernel(a, false);
	rig_expect(r, rig_launch(r, BOB, "decoder"), BAILIFF_ERROR_ACCESS_DENIED, NULL);
	assert_int_equal(a->n_kernel_lost, 0);
	assert_int_equal(a->kernel_fd, -1);
}

static void read_quota(struct rig *r, const char *sender, const char *wanted, uint64_t *used, uint64_t *limit)
{
	struct reply reply;
	const char *name;
	uint64_t u, l;

	*used = *limit = 0;
	rig_expect(r, rig_call(r, sender, 0, "GetQuota"), NULL, &reply);
	assert_true(sd_bus_message_enter_container(reply.message, 'a', "{s(tt)}") > 0);
	while (sd_bus_message_read(reply.message, "{s(tt)}", &name, &u, &l) > 0)
		if (strcmp(name, wanted) == 0) {
			*used = u;
			*limit = l;
		}
	reply_done(&reply);
}

static void expect_quota(
	struct rig *r, const char *sender, const char *name, uint64_t expected, uint64_t expected_limit)
{
	uint64_t used, limit;

	read_quota(r, sender, name, &used, &limit);
	assert_int_equal(used, expected);
	assert_int_equal(limit, expected_limit);
}

/* Q1: launches a minute, of all profiles and of one; a reply says which limit it was. */
static void test_rates(void **state)
{
	struct rig *r = *state;
	struct compiled_profile *decoder = &r->broker.catalog->profiles[2];
	struct reply reply;

	decoder->launches_per_minute = 2;
	r->broker.catalog->config.launches_per_minute_per_user = 3;
	for (uint64_t id = 1; id <= 2; id++) {
		rig_launch_sandbox(r, ALICE, "decoder", id, &reply);
		reply_done(&reply);
	}
	rig_expect(r, rig_launch(r, ALICE2, "decoder"), BAILIFF_ERROR_QUOTA_EXCEEDED, &reply);
	assert_non_null(strstr(reply.text, "2 launches of this profile by one user a minute "
					   "(LaunchesPerMinute=)"));
	reply_done(&reply);
	expect_quota(r, ALICE, "launches-per-minute", 2, 3);
	expect_quota(r, ALICE, "launches-per-minute:decoder", 2, 2);
	expect_quota(r, ALICE, "sandboxes", 2, 3);
	expect_quota(r, ALICE, "calls", 0, 4);
	expect_quota(r, ALICE, "bytes", 0, 4 << 20);
	expect_quota(r, ALICE, "fds", 0, 1024);
	expect_quota(r, ALICE, "sandboxes:open", 0, 2);
	/* of profiles that are not for the caller there is no word, and of other users neither */
	expect_quota(r, BOB, "sandboxes:open", 0, 0);
	expect_quota(r, BOB, "launches-per-minute", 0, 3);
	rig_launch_sandbox(r, ALICE, "open", 3, &reply);
	reply_done(&reply);
	rig_expect(r, rig_launch(r, ALICE, "open"), BAILIFF_ERROR_QUOTA_EXCEEDED, &reply);
	assert_non_null(strstr(reply.text, "MaxSandboxesPerUser="));
	reply_done(&reply);
	rig_tell_exited(r, 3, RESULT_SUCCESS, 0, 0);
	rig_settle(r);
	rig_expect(r, rig_launch(r, ALICE, "open"), BAILIFF_ERROR_QUOTA_EXCEEDED, &reply);
	assert_non_null(strstr(reply.text, "LaunchesPerMinutePerUser="));
	reply_done(&reply);
	/* administrators have limits, too, and their own */
	rig_launch_sandbox(r, ROOT, "decoder", 9, &reply);
	reply_done(&reply);
}

static sd_bus_message *launch_with_bind(struct rig *r)
{
	_cleanup_close_ int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sd_bus_message *m = rig_call(r, ALICE, 0, "LaunchSandboxed");

	assert_true(directory >= 0);
	assert_true(sd_bus_message_append(m, "sasa{ss}a{uh}a{sv}", "decoder", 1, "/bin/true", 0, 0, 1,
			    "bind-fds", "a(hsb)", 1, directory, "input", 1) >= 0);
	return m;
}

/* Q1, D14: what launches carry is counted until they are answered. */
static void test_amounts(void **state)
{
	struct rig *r = *state;
	struct reply first, second;
	struct request q;

	/* of so few one is not forgotten before it is looked for */
	r->broker.catalog->config.launches_per_minute_per_user = 10;
	r->broker.catalog->config.max_bytes_per_user = 30;
	rig_send(r, rig_launch(r, ALICE, "decoder"), &first);
	rig_take(r, WIRE_LAUNCH, &q);
	expect_quota(r, ALICE, "bytes", sizeof("/bin/true"), 30);
	r->broker.catalog->config.max_bytes_per_user = 15;
	rig_expect(r, rig_launch(r, ALICE, "decoder"), BAILIFF_ERROR_QUOTA_EXCEEDED, &second);
	assert_non_null(strstr(second.text, "MaxBytesPerUser="));
	reply_done(&second);
	r->broker.catalog->config.max_bytes_per_user = 30;
	r->broker.catalog->config.max_fds_per_user = 10;
	rig_expect(r, rig_launch(r, ALICE, "decoder"), BAILIFF_ERROR_QUOTA_EXCEEDED, &second);
	assert_non_null(strstr(second.text, "MaxFileDescriptorsPerUser="));
	reply_done(&second);
	/* room for one more with pipes alone; what is for a mount slot counts as well */
	r->broker.catalog->config.max_fds_per_user = 12;
	rig_expect(r, launch_with_bind(r), BAILIFF_ERROR_QUOTA_EXCEEDED, &second);
	assert_non_null(strstr(second.text, "MaxFileDescriptorsPerUser="));
	reply_done(&second);
	r->broker.catalog->config.max_fds_per_user = 10;
	rig_answer_launched(r, q.serial, 7);
	request_done(&q);
	rig_wait(r, &first);
	reply_done(&first);
	expect_quota(r, ALICE, "bytes", 0, 30);
	expect_quota(r, ALICE, "fds", 0, 10);
	/* refused launches were none: one alone counts */
	expect_quota(r, ALICE, "launches-per-minute", 1, 10);
}

static char *read_page(void)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	char path[4096], *text;
	size_t size;
	int fd;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/docs/man/bailiff.journal-fields.7", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1 << 20, &text, &size), 0);
	(void)close(fd);
	return text;
}

/* Each kind of record with all that there can be in one, and its entry in the page. */
static void write_all(struct rig *r, const char *page)
{
	for (int event = 0; event < _AUDIT_EVENT_MAX; event++) {
		const struct audit_record record = { .event = (enum audit_event)event,
			.uid = 1000,
			.profile = "p",
			.generation = 1,
			.sandbox = 1,
			.rule = "r",
			.method = "m",
			.command_line = "c",
			.suppressed = 1 };
		char entry[128];

		audit_write(&r->broker.audit, r->broker.event, &record, "x");
		assert_true(next_record());
		(void)snprintf(entry, sizeof(entry), ".It Li %s\n", field("BAILIFF_EVENT"));
		if (!strstr(page, entry))
			fail_msg("bailiff.journal-fields(7) has no record %s", field("BAILIFF_EVENT"));
		(void)snprintf(entry, sizeof(entry), "MESSAGE_ID %s, priority %s.", field("MESSAGE_ID"),
			strcmp(field("PRIORITY"), "6") == 0 ? "info" : "notice");
		if (!strstr(page, entry))
			fail_msg("bailiff.journal-fields(7) lacks: %s", entry);
	}
}

/* The page has the fields that are sent, and no other. The tests before this one have seen the caller's. */
static void test_page(void **state)
{
	static struct names known = { .text = " PRIORITY SYSLOG_FACILITY SYSLOG_IDENTIFIER " };
	char *page = read_page(), *line, *lines, *word, *words;
	struct rig *r = *state;

	known.n = strlen(known.text);
	write_all(r, page);
	for (line = strtok_r(page, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		if (strncmp(line, ".It Li ", 7) != 0)
			continue;
		for (word = strtok_r(line + 7, " ,", &words); word; word = strtok_r(NULL, " ,", &words)) {
			if (word[0] < 'A' || word[0] > 'Z')
				continue;
			if (!has_name(&seen, word))
				fail_msg("bailiff.journal-fields(7) has %s, which is never sent", word);
			add_name(&known, word);
		}
	}
	for (word = strtok_r(seen.text, " ", &words); word; word = strtok_r(NULL, " ", &words))
		if (!has_name(&known, word))
			fail_msg("bailiff.journal-fields(7) lacks %s", word);
	free(page);
}

#define AUDIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AUDIT(test_life), AUDIT(test_refusals), AUDIT(test_forgery), AUDIT(test_secrets),
		AUDIT(test_root_controls), cmocka_unit_test(test_reasons), AUDIT(test_flood),
		AUDIT(test_many_users), AUDIT(test_journal_gone), AUDIT(test_auditor), AUDIT(test_rates),
		AUDIT(test_amounts), AUDIT(test_page), /* the last: it asks what the others saw */
	};

	return cmocka_run_group_tests_name("bus audit", tests, NULL, NULL);
}
