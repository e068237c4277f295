/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decision by tables: one row, one request against one of four profiles, and what must come out. Rows
 * that a design document names carry its label (A, P, F).
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/strv.h"
#include "plan/plan.h"
#include "tests/unit/plan/rows.h"
#include "tests/unit/unit.h"

#include <sys/resource.h>

#include <stdio.h>
#include <string.h>

static char s_name[] = "strict", s_alice[] = "alice", s_origin[] = "strict.profile:3";
static char s_xz[] = "/usr/bin/xz", s_a_tool[] = "/usr/lib/a/tool", s_b_tool[] = "/usr/lib/b/tool";
static char s_help[] = "/usr/bin/--help";
static char s_dc[] = "-?[dc]+", s_level[] = "--level=[0-9]", s_either[] = "left|right", s_dash[] = "--";
static char s_lang[] = "LANG=C.UTF-8", s_path[] = "PATH=/usr/bin", s_empty_value[] = "EMPTY=";
static char s_pass_lang[] = "LANG", s_pass_tz[] = "TZ", s_pass_decoder[] = "DECODER_*",
	    s_pass_preload[] = "LD_PRELOAD", s_pass_malloc[] = "MALLOC_*", s_pass_tmpdir[] = "TMPDIR",
	    s_pass_all[] = "*", s_bad_ere[] = "(";

static struct access_rule allow_alice[] = { { ACCESS_USER, 1000, s_alice, s_origin } };
static char *strict_executables[] = { s_xz, s_a_tool, s_b_tool, s_help, NULL };
static char *strict_arguments[] = { s_dc, s_level, s_either, s_dash, NULL };
static char s_notify[] = "NOTIFY_SOCKET=/run/other";
static char *mountless_environment[] = { s_notify, NULL };
static char *strict_environment[] = { s_lang, s_path, s_empty_value, NULL };
static char *strict_pass[] = { s_pass_lang, s_pass_tz, s_pass_decoder, s_pass_preload, s_pass_malloc,
	s_pass_tmpdir, NULL };
static char *open_pass[] = { s_pass_all, NULL };
static char *bad_arguments[] = { s_bad_ere, NULL };
static struct fd_slot terminal_slots[] = { { 1, 1U << FD_KIND_TTY | 1U << FD_KIND_PIPE,
	FD_ACCESS_READ | FD_ACCESS_WRITE, false } };
static struct fd_slot strict_slots[] = {
	{ 3, 1U << FD_KIND_SOCKET, FD_ACCESS_READ | FD_ACCESS_WRITE, false },
	{ 4, 1U << FD_KIND_REGULAR | 1U << FD_KIND_MEMFD, FD_ACCESS_READ, false },
	{ 5, 1U << FD_KIND_DIRECTORY | 1U << FD_KIND_PATH, FD_ACCESS_READ, false },
	{ 6, 1U << FD_KIND_TTY | 1U << FD_KIND_EVENTFD | 1U << FD_KIND_LISTENER | 1U << FD_KIND_CHARDEV,
		FD_ACCESS_READ | FD_ACCESS_WRITE, false },
	{ 7, 1U << FD_KIND_PIPE, FD_ACCESS_WRITE, false },
	{ 1023, 1U << FD_KIND_PIPE, FD_ACCESS_READ | FD_ACCESS_WRITE, false },
};
static struct fd_slot slots_slots[] = {
	{ 0, 1U << FD_KIND_REGULAR, FD_ACCESS_READ, true },
	{ 1, 1U << FD_KIND_PIPE, FD_ACCESS_WRITE, true },
	{ 2, 1U << FD_KIND_TTY, FD_ACCESS_READ | FD_ACCESS_WRITE, false },
	{ 9, 1U << FD_KIND_SOCKET, FD_ACCESS_READ | FD_ACCESS_WRITE, true },
};
static struct compiled_limit strict_limits[] = {
	{ RLIMIT_NOFILE, 64, 128 },
	{ RLIMIT_CORE, 0, 0 },
	{ RLIMIT_AS, UINT64_MAX, UINT64_MAX },
	{ RLIMIT_CPU, 10, UINT64_MAX },
};

/* Named users, executables, arguments, variables, slots and limits. */
static void profile_strict(struct compiled_profile *p)
{
	compiled_profile_init(p);
	p->name = s_name;
	p->access = allow_alice;
	p->n_access = 1;
	p->executables = strict_executables;
	p->arguments = strict_arguments;
	p->environment = strict_environment;
	p->pass_environment = strict_pass;
	p->slots = strict_slots;
	p->n_slots = ELEMENTS(strict_slots);
	p->limits = strict_limits;
	p->n_limits = ELEMENTS(strict_limits);
	p->runtime_max_usec = 60000000;
	p->timeout_stop_usec = 5000000;
}

/* As open as a profile can be. */
static void profile_open(struct compiled_profile *p)
{
	profile_strict(p);
	p->arguments = NULL;
	p->environment = NULL;
	p->pass_environment = open_pass;
	p->slots = NULL;
	p->n_slots = 0;
	p->max_fds = 4;
	p->n_limits = 0;
	p->allow_detach = true;
	p->dynamic_user = false;
	p->uid = 500;
	p->gid = 501;
	p->runtime_max_usec = USEC_INFINITY;
	p->timeout_stop_usec = USEC_INFINITY;
}

/* Standard streams null, pipe, fd. */
static void profile_streams(struct compiled_profile *p)
{
	profile_strict(p);
	p->stdio[0] = STDIO_NULL;
	p->stdio[1] = STDIO_PIPE;
	p->stdio[2] = STDIO_FD;
}

/* Slots on the standard streams, and required ones. */
static void profile_slots(struct compiled_profile *p)
{
	profile_strict(p);
	p->slots = slots_slots;
	p->n_slots = ELEMENTS(slots_slots);
	p->stdio[0] = p->stdio[1] = p->stdio[2] = STDIO_NULL;
	p->max_fds = 1;
}

/* The streams that the launcher makes. A terminal by its slot, too. */
static void profile_terminal(struct compiled_profile *p)
{
	profile_strict(p);
	p->slots = terminal_slots;
	p->n_slots = ELEMENTS(terminal_slots);
	p->stdio[0] = STDIO_PTY;
	p->stdio[2] = STDIO_JOURNAL;
}

/* Nothing is mounted for it; and it has another manager's socket. */
static void profile_mountless(struct compiled_profile *p)
{
	profile_strict(p);
	p->namespaces &= ~(uint32_t)JAIL_NS_MOUNT;
	p->environment = mountless_environment;
}

static void profile_broken(struct compiled_profile *p)
{
	profile_strict(p);
	p->arguments = bad_arguments;
}

static void (*const profiles[])(struct compiled_profile *) = {
	[STRICT] = profile_strict,
	[OPEN] = profile_open,
	[STREAMS] = profile_streams,
	[SLOTS] = profile_slots,
	[TERMINAL] = profile_terminal,
	[MOUNTLESS] = profile_mountless,
	[BROKEN] = profile_broken,
};

static char **copy_list(const char *const *list, size_t n)
{
	char **v = NULL;

	for (size_t i = 0; i < n && list[i]; i++)
		assert_int_equal(strv_extend(&v, list[i]), 0);
	return v;
}

/* A request and what it points to. */
struct built {
	struct plan_request request;
	char **argv, **env, **unset;
};

static void build(const struct row *row, struct built *b)
{
	b->argv = row->no_argv ? NULL
			       : copy_list(row->argv[0] ? row->argv : (const char *[LIST]){ "xz" }, LIST);
	b->env = copy_list(row->env, LIST);
	b->unset = copy_list(row->unset, LIST);
	b->request = (struct plan_request){
		.argv = b->argv,
		.env = b->env,
		.unset_env = b->unset,
		.fds = row->fds,
		.n_fds = row->n_fds,
		.cwd = row->cwd,
		.detach = row->detach,
		.limits = row->limits,
		.n_limits = row->n_limits,
		.runtime_max_usec = row->runtime,
		.timeout_stop_usec = row->timeout,
		.stop_signal = row->signal,
		.has_pty_size = row->pty_size,
		.pty_rows = 24,
		.notify = row->notify,
		.pty_columns = 80,
		.dynamic_uid = row->no_dynamic_uid ? 0 : 1900000007,
	};
	for (size_t i = 0; i < 3; i++)
		b->request.stdio[i] = row->stdio[i] == 0 ? PLAN_STDIO_UNSET : row->stdio[i] - 1;
}

static void unbuild(struct built *b)
{
	strv_free(b->argv);
	strv_free(b->env);
	strv_free(b->unset);
}

static void check_allowed(const struct row *row, const struct built *b, const struct jail_spec *spec,
	const struct plan_effective *effective)
{
	assert_int_equal(strv_length(spec->argv), strv_length(b->argv));
	for (size_t i = 0; spec->argv[i]; i++)
		assert_string_equal(spec->argv[i], b->argv[i]);
	if (row->runs)
		assert_string_equal(spec->executable, row->runs);
	if (row->environ[0]) {
		for (size_t i = 0; i < LIST && row->environ[i]; i++) {
			assert_non_null(spec->envp[i]);
			assert_string_equal(spec->envp[i], row->environ[i]);
		}
		assert_int_equal(strv_length(spec->envp), row->n_environ);
	}
	for (size_t i = 0; i < 3; i++)
		if (row->streams[i] != 0)
			assert_int_equal(effective->stdio[i], row->streams[i] - 1);
	assert_string_equal(spec->working_directory, row->cwd ? row->cwd : "/");
	assert_null(spec->fds);
	assert_int_equal(spec->n_fds, 0);
	assert_int_equal(spec->pty.wanted, effective->stdio[0] == STDIO_PTY ||
						   effective->stdio[1] == STDIO_PTY ||
						   effective->stdio[2] == STDIO_PTY);
	assert_int_equal(spec->notify, row->notify);
	assert_int_equal(effective->timeout_start_usec, row->notify ? 90000000 : USEC_INFINITY);
	assert_int_equal(spec->pty.rows, row->pty_size ? 24 : 0);
	assert_int_equal(spec->pty.columns, row->pty_size ? 80 : 0);
}

static void check_row(void **state)
{
	const struct row *row = *state;
	const gid_t gids[] = { 100 };
	struct plan_caller caller = { .uid = row->uid ? row->uid : 1000, .gids = gids, .n_gids = 1 };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec = { 0 };
	struct built b;
	int r;

	profiles[row->profile](&p);
	build(row, &b);
	r = plan_make(&p, &caller, &b.request, &spec, &effective, &result);
	if (r != row->expected || result.refusal != row->refusal)
		fail_msg("result %d, refusal %d (%s: %s)", r, result.refusal, result.rule, result.message);
	if (r == 0) {
		check_allowed(row, &b, &spec, &effective);
		assert_string_equal(result.rule, "strict.profile:3 AllowUser=alice");
		assert_string_equal(result.message, "");
	} else {
		assert_int_not_equal(strlen(result.message), 0);
		assert_int_not_equal(strlen(result.rule), 0);
		assert_null(spec.argv);
	}
	if (row->says && !strstr(result.message, row->says))
		fail_msg("message \"%s\" lacks \"%s\"", result.message, row->says);
	for (const char *c = result.message; *c; c++)
		assert_true(*c >= 0x20 && *c < 0x7f);
	jail_spec_done(&spec);
	unbuild(&b);
}

/* Everything of the profile reaches the spec; ids of a dynamic user are the launcher's. */
static void test_spec(void **state)
{
	const struct plan_caller caller = { .uid = 0, .administrator = true };
	char *argv[] = { s_xz, NULL };
	struct plan_request request = { .argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET },
		.dynamic_uid = 1900000001 };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;

	profile_strict(&p);
	p.bounding = 1 << 13;
	p.ambient = 1 << 13;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_int_equal(spec.uid, 1900000001);
	assert_int_equal(spec.gid, 1900000001);
	assert_int_equal(spec.bounding, p.bounding);
	assert_int_equal(spec.ambient, p.ambient);
	assert_int_equal(spec.secure_bits, p.secure_bits);
	assert_int_equal(spec.namespaces, JAIL_NS_DEFAULT);
	assert_false(spec.run_as_init || spec.shares_network || spec.reuses_network || spec.shares_ipc);
	assert_null(spec.selinux_context);
	assert_ptr_equal(spec.tuning, &p.tuning);
	assert_string_equal(spec.hostname, "strict");
	assert_int_equal(spec.umask, 0077);
	assert_true(spec.minimal_root && spec.private_tmp && spec.private_devices && !spec.mount_proc);
	assert_null(spec.root_directory);
	assert_ptr_equal(spec.devices, p.devices);
	assert_ptr_equal(spec.daemon_stores, p.daemon_stores);
	assert_int_equal(spec.propagation, p.propagation);
	assert_ptr_equal(spec.restrictions, p.restrictions);
	assert_int_equal(spec.n_restrictions, p.n_restrictions);
	assert_true(spec.proc_subset && spec.proc_hiding == PROC_INVISIBLE);
	assert_int_equal(spec.n_limits, p.n_limits);
	assert_memory_equal(spec.limits, p.limits, sizeof(*p.limits) * p.n_limits);
	assert_int_equal(effective.runtime_max_usec, 60000000);
	assert_int_equal(effective.timeout_stop_usec, 5000000);
	assert_int_equal(effective.stop_signal, 15);
	jail_spec_done(&spec);

	profile_open(&p);
	p.namespaces &= ~JAIL_NS_UTS;
	p.shares_network = p.reuses_network = p.shares_ipc = true;
	request.runtime_max_usec = 3;
	request.timeout_stop_usec = 4;
	request.stop_signal = 2;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_int_equal(spec.uid, 500);
	assert_int_equal(spec.gid, 501);
	assert_null(spec.hostname);
	assert_true(spec.shares_network && spec.reuses_network && spec.shares_ipc);
	assert_int_equal(effective.runtime_max_usec, 3);
	assert_int_equal(effective.timeout_stop_usec, 4);
	assert_int_equal(effective.stop_signal, 2);
	jail_spec_done(&spec);
}

/* The stricter limit of each pair ends in the spec, in the profile's order. */
static void test_limits(void **state)
{
	const struct compiled_limit asked[] = { { RLIMIT_CPU, 5, 20 }, { RLIMIT_AS, 1 << 20, UINT64_MAX },
		{ RLIMIT_NPROC, 7, 8 } };
	const struct plan_caller caller = { .uid = 1000 };
	char *argv[] = { s_xz, NULL };
	struct plan_request request = { .argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET },
		.limits = asked,
		.n_limits = ELEMENTS(asked),
		.dynamic_uid = 1900000001 };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;

	profile_strict(&p);
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_int_equal(spec.n_limits, 5);
	assert_memory_equal(&spec.limits[0], &strict_limits[0], sizeof(spec.limits[0]));
	assert_int_equal(spec.limits[2].soft, 1 << 20);
	assert_int_equal(spec.limits[2].hard, UINT64_MAX);
	assert_int_equal(spec.limits[3].soft, 5);
	assert_int_equal(spec.limits[3].hard, 20);
	assert_int_equal(spec.limits[4].resource, RLIMIT_NPROC);
	assert_int_equal(spec.limits[4].hard, 8);
	assert_int_equal(strict_limits[3].soft, 10);
	jail_spec_done(&spec);
}

static void make_many(char ***v, size_t n, const char *format, size_t width)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(strv_extendf(v, "%s%0*zu=x", format, (int)width, i), 0);
}

/* P18: as many and as much as is allowed passes, one more does not; P3: and it takes no quadratic time. */
static void test_sizes(void **state)
{
	const struct plan_caller caller = { .uid = 1000 };
	_cleanup_(strv_freep) char **env = NULL, **argv = NULL;
	struct plan_request request = { .stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET } };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;

	profile_open(&p);
	make_many(&env, ENV_MAX, "V", 4);
	assert_int_equal(strv_extend(&argv, "xz"), 0);
	while (strv_length(argv) < ARGV_MAX)
		assert_int_equal(strv_extend(&argv, "a"), 0);
	request.argv = argv;
	request.env = env;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_int_equal(strv_length(spec.envp), ENV_MAX);
	jail_spec_done(&spec);
	assert_int_equal(strv_extend(&env, "ONE_MORE=1"), 0);
	request.env = env;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), -EINVAL);
	assert_int_equal(result.refusal, REFUSAL_QUOTA_EXCEEDED);
	request.env = NULL;
	assert_int_equal(strv_extend(&argv, "a"), 0);
	request.argv = argv;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), -EINVAL);
	assert_int_equal(result.refusal, REFUSAL_QUOTA_EXCEEDED);
}

static void test_bytes(void **state)
{
	const struct plan_caller caller = { .uid = 1000 };
	_cleanup_free_ char *text = malloc(ARG_BYTES_MAX);
	char *argv[] = { s_xz, text, NULL };
	struct plan_request request = { .argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET } };
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;
	size_t n = ARG_BYTES_MAX - sizeof(s_xz) - 1;

	assert_non_null(text);
	profile_open(&p);
	memset(text, 'x', n);
	text[n] = '\0';
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	assert_string_equal(spec.argv[1], text);
	jail_spec_done(&spec);
	text[n] = 'x';
	text[n + 1] = '\0';
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), -EINVAL);
	assert_int_equal(result.refusal, REFUSAL_QUOTA_EXCEEDED);
}

/* F4: one fd more than a launch carries. */
static void test_many_fds(void **state)
{
	const struct plan_caller caller = { .uid = 1000 };
	char *argv[] = { s_xz, NULL };
	struct plan_fd fds[FDS_MAX + 1];
	struct plan_request request = {
		.argv = argv, .fds = fds, .stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET }
	};
	struct compiled_profile p;
	struct plan_effective effective;
	struct plan_result result;
	struct jail_spec spec;

	profile_open(&p);
	p.max_fds = FDS_MAX;
	for (uint32_t i = 0; i < ELEMENTS(fds); i++)
		fds[i] = (struct plan_fd){ 3 + i, FD_KIND_PIPE, FD_ACCESS_READ };
	request.n_fds = FDS_MAX;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), 0);
	jail_spec_done(&spec);
	request.n_fds = FDS_MAX + 1;
	assert_int_equal(plan_make(&p, &caller, &request, &spec, &effective, &result), -EINVAL);
	assert_int_equal(result.refusal, REFUSAL_INVALID_FD);
}

int main(void)
{
	static const struct CMUnitTest singles[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_many_fds),
	};
	_cleanup_free_ struct CMUnitTest *tests = calloc(n_rows, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < n_rows; i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name, .test_func = check_row, .initial_state = &rows[i]
		};
	failed = _cmocka_run_group_tests("singles", singles, ELEMENTS(singles), NULL, NULL);
	failed += _cmocka_run_group_tests("rows", tests, n_rows, NULL, NULL);
	return failed;
}
