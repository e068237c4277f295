/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mount slots in the decision: which fd may stand in which slot, and how it is bound. */

#include "base/error.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"

#include <string.h>

#define RD FD_ACCESS_READ
#define WR FD_ACCESS_WRITE
#define RW (FD_ACCESS_READ | FD_ACCESS_WRITE)

static char s_name[] = "viewer", s_program[] = "/usr/bin/view", s_input[] = "input", s_output[] = "output",
	    s_in[] = "/input", s_out[] = "/srv/out";
static char *executables[] = { s_program, NULL };
static struct mount_slot slots[] = { { s_input, s_in, MOUNT_READ_ONLY }, { s_output, s_out, MOUNT_IDMAP } };

static const struct row {
	const char *name;
	struct plan_bind binds[3];
	size_t n;
	int expected;
	const char *says; /* part of the message */
	/* what comes out, by slot: position of the bind, and is it read-only */
	int sources[2];
	bool read_only[2];
	bool without; /* the profile has no slot */
} rows[] = {
	{ "nothing", .sources = { -1, -1 }, .read_only = { true, false } },
	{ "a file, read-only by the profile", { { "input", FD_KIND_REGULAR, RW, false } }, 1, 0, NULL,
		{ 0, -1 }, { true, false } },
	{ "a directory", { { "output", FD_KIND_DIRECTORY, RD, false } }, 1, 0, NULL, { -1, 0 },
		{ true, false } },
	{ "read-only by the caller", { { "output", FD_KIND_DIRECTORY, RD, true } }, 1, 0, NULL, { -1, 0 },
		{ true, true } },
	{ "read-only by the fd", { { "output", FD_KIND_REGULAR, RD, false } }, 1, 0, NULL, { -1, 0 },
		{ true, true } },
	{ "a file for both", { { "output", FD_KIND_REGULAR, RW, false } }, 1, 0, NULL, { -1, 0 },
		{ true, false } },
	{ "both, in another order",
		{ { "output", FD_KIND_DIRECTORY, RD, false }, { "input", FD_KIND_REGULAR, RD, true } }, 2, 0,
		NULL, { 1, 0 }, { true, false } },
	{ "twice", { { "input", FD_KIND_REGULAR, RD, false }, { "input", FD_KIND_REGULAR, RD, false } }, 2,
		-EINVAL, "mount slot input is given twice" },
	{ "an unknown one", { { "in", FD_KIND_REGULAR, RD, false } }, 1, -EACCES,
		"profile viewer has no mount slot in; it has: input, output" },
	{ "none at all", { { "in", FD_KIND_REGULAR, RD, false } }, 1, -EACCES,
		"profile viewer has no mount slot; leave in out", .without = true },
	{ "O_PATH", { { "input", FD_KIND_PATH, 0, true } }, 1, -EACCES, "opened with O_PATH; open it for" },
	{ "for writing only", { { "output", FD_KIND_REGULAR, WR, false } }, 1, -EACCES,
		"open for writing only" },
	{ "a pipe", { { "input", FD_KIND_PIPE, RD, true } }, 1, -EACCES, "is of kind pipe; a regular file" },
	{ "a socket", { { "input", FD_KIND_SOCKET, RW, true } }, 1, -EACCES, "is of kind socket" },
	{ "a memfd", { { "input", FD_KIND_MEMFD, RW, true } }, 1, -EACCES, "is of kind memfd" },
	{ "a terminal", { { "input", FD_KIND_TTY, RW, true } }, 1, -EACCES, "is of kind tty" },
	{ "a device", { { "input", FD_KIND_CHARDEV, RW, true } }, 1, -EACCES, "is of kind chardev" },
	{ "procfs, sysfs and the like", { { "input", FD_KIND_OTHER, RD, true } }, 1, -EACCES,
		"is of kind other" },
	{ "a kind without a name", { { "input", _FD_KIND_MAX, RD, true } }, 1, -EACCES,
		"is of kind unknown" },
};

static void check_refused(const struct row *row, const struct plan_result *result)
{
	assert_int_equal(result->refusal, REFUSAL_INVALID_FD);
	assert_string_equal(result->rule, "viewer.profile MountSlot=");
	if (!strstr(result->message, row->says))
		fail_msg("%s: message \"%s\" lacks \"%s\"", row->name, result->message, row->says);
}

static void check_row(const struct row *row)
{
	const gid_t gids[] = { 1000, 27 };
	const struct plan_caller caller = { .uid = 0, .gids = gids, .n_gids = 2, .administrator = true };
	char *argv[] = { s_program, NULL };
	const struct plan_request request = { .argv = argv,
		.binds = row->binds,
		.n_binds = row->n,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET },
		.dynamic_uid = 1900000001 };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;
	int r;

	compiled_profile_init(&p);
	p.name = s_name;
	p.executables = executables;
	p.mount_slots = slots;
	p.n_mount_slots = row->without ? 0 : ELEMENTS(slots);
	r = plan_make(&p, &caller, &request, &spec, &effective, &result);
	if (r != row->expected)
		fail_msg("%s: %d, %s", row->name, r, result.message);
	if (r < 0) {
		check_refused(row, &result);
		return;
	}
	assert_int_equal(spec.n_slots, ELEMENTS(slots));
	for (size_t i = 0; i < ELEMENTS(slots); i++) {
		assert_ptr_equal(spec.slots[i].slot, &slots[i]);
		assert_int_equal(spec.slots[i].source, row->sources[i]);
		assert_int_equal(spec.slots[i].read_only, row->read_only[i]);
	}
	assert_ptr_equal(spec.caller_gids, gids);
	assert_int_equal(spec.n_caller_gids, 2);
	jail_spec_done(&spec);
}

static void test_slots(void **state)
{
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		check_row(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_slots) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
