/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Random policies against random calls: what the text was written to say, what the parser read, and what the
 * program does must be one and the same, for every architecture. BAILIFF_TEST_SEED=N begins with the policy
 * of that seed, which a failure names; BAILIFF_TEST_COUNT=N tries as many policies.
 */

#include "random-text.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CALLS_PER_POLICY 300
#ifdef __SANITIZE_ADDRESS__
#define POLICIES 700
#else
#define POLICIES 3600 /* 1,080,000 calls */
#endif

static uint64_t first_seed;
static char folder[] = "/tmp/bailiff-random-XXXXXX";
static int folder_fd = -1;

static int set_up(void **state)
{
	if (random_seed(&first_seed) < 0)
		return -1;
	if (!mkdtemp(folder))
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static void remove_files(void)
{
	for (size_t i = 1; i < TEXT_FILES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "part%zu.policy", i);
		(void)unlinkat(folder_fd, name, 0);
	}
	(void)unlinkat(folder_fd, "counts", 0);
}

static int tear_down(void **state)
{
	remove_files();
	(void)close(folder_fd);
	return rmdir(folder);
}

static void write_file(const struct text_file *file)
{
	int fd = openat(folder_fd, file->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->text, file->size), file->size);
	assert_int_equal(close(fd), 0);
}

static int compile(const char *text, size_t size, const struct architecture *a, struct seccomp_result *ret)
{
	const struct seccomp_options options = {
		.architecture = a,
		.flags = SECCOMP_UNTRUSTED | SECCOMP_DENYLIST | SECCOMP_KEEP,
	};

	return seccomp_compile_text(text, size, folder_fd, "random", &options, ret);
}

static bool program_differs(const struct seccomp_result *r, const struct seccomp_data *data)
{
	uint32_t action;

	return filter_simulate(r->filter, r->n_filter, data, &action) < 0 ||
	       action != policy_evaluate(&r->loaded->policy, data);
}

/* Where the line after the one at @at begins, those that are continued taken together. */
static size_t next_line(const char *text, size_t at)
{
	const char *end = strchr(text + at, '\n');

	while (end && end > text && end[-1] == '\\')
		end = strchr(end + 1, '\n');
	return end ? (size_t)(end - text) + 1 : strlen(text);
}

/* Drops line after line from the first file while the program still differs for this call. */
static void shorten(struct random_text *p, const struct seccomp_data *data)
{
	char *text = p->files[0].text;
	size_t at = 0;

	while (text[at] != '\0') {
		size_t next = next_line(text, at);
		_cleanup_free_ char *shorter = NULL;
		struct seccomp_result r;
		bool still;

		assert_true(asprintf(&shorter, "%.*s%s", (int)at, text, text + next) >= 0);
		still = compile(shorter, strlen(shorter), p->model.architecture, &r) == 0 &&
			program_differs(&r, data);
		seccomp_result_done(&r);
		if (still)
			memcpy(text, shorter, strlen(shorter) + 1);
		else
			at = next;
	}
	for (size_t i = 1; i < p->n_files; i++)
		if (!strstr(text, "@include") && !strstr(text, "@frequency"))
			p->files[i].text[0] = '\0';
}

static void show(
	struct random_text *p, const struct seccomp_result *r, const struct seccomp_data *data, uint64_t seed)
{
	uint32_t action = 0;
	int error = filter_simulate(r->filter, r->n_filter, data, &action);

	fprintf(stderr,
		"BAILIFF_TEST_SEED=0x%" PRIx64
		"\ncall %d of 0x%x (0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx): "
		"0x%x written, 0x%x read, 0x%x (%d) compiled\n",
		seed, data->nr, data->arch, data->args[0], data->args[1], data->args[2], data->args[3],
		data->args[4], data->args[5], policy_evaluate(&p->model, data),
		policy_evaluate(&r->loaded->policy, data), action, error);
	if (program_differs(r, data))
		shorten(p, data);
	random_text_print(p, stderr);
}

static size_t check_calls(
	struct random *r, struct random_text *p, const struct seccomp_result *result, uint64_t seed)
{
	for (size_t i = 0; i < CALLS_PER_POLICY; i++) {
		struct seccomp_data data;

		random_call(r, &p->model, &data);
		random_disturb(r, &p->model, &data);
		if (!program_differs(result, &data) &&
			policy_evaluate(&p->model, &data) == policy_evaluate(&result->loaded->policy, &data))
			continue;
		show(p, result, &data, seed);
		fail();
	}
	return CALLS_PER_POLICY;
}

/* The policy of one seed; returns how many calls were compared, 0 when it was too large for a program. */
static size_t check_policy(uint64_t seed)
{
	static const struct {
		uint32_t first, n;
		size_t statements, rules, atoms;
	} shapes[] = { { 0, 500, 16, 3, 6 }, { 0, 500, 250, 2, 2 }, /* a wide tree with far jumps */
		{ 0, 8, 16, 6, 8 },                                 /* neighbours */
		{ 4000, 96, 5, 2, 120 },   /* long expressions, up to the last number */
		{ 0xf0000, 8, 4, 2, 4 } }; /* arm's private calls; else as the first */
	struct random random = random_from_seed(seed), *r = &random;
	const struct architecture *a = &architectures[random_below(r, _ARCHITECTURE_MAX)];
	size_t n = ELEMENTSOF(shapes) - (a->id == ARCHITECTURE_ARM ? 0 : 1), which = random_below(r, n);
	uint32_t numbers[500];
	const struct text_shape shape = { .architecture = a,
		.numbers = numbers,
		.n_numbers = shapes[which].n,
		.max_statements = shapes[which].statements,
		.max_rules = shapes[which].rules,
		.max_atoms = shapes[which].atoms,
		.files = true,
		.groups = true,
		.denylists = true };
	struct seccomp_result result;
	struct random_text p;
	size_t done = 0;

	for (uint32_t i = 0; i < shapes[which].n; i++)
		numbers[i] = shapes[which].first + i;
	random_text_make(r, &shape, &p);
	for (size_t i = 1; i < p.n_files; i++)
		write_file(&p.files[i]);
	if (compile(p.files[0].text, p.files[0].size, a, &result) == 0) {
		done = check_calls(r, &p, &result, seed);
	} else if (result.n_diagnostics == 0 ||
		   strcmp(result.diagnostics[0].code, "program-too-large") != 0) {
		fprintf(stderr, "BAILIFF_TEST_SEED=0x%" PRIx64 "\n", seed);
		random_text_print(&p, stderr);
		fail_msg("%s", result.n_diagnostics > 0 ? result.diagnostics[0].rendered : "?");
	}
	seccomp_result_done(&result);
	random_text_done(&p);
	return done;
}

static void test_random_policies(void **state)
{
	const char *wanted = getenv("BAILIFF_TEST_COUNT");
	size_t count = wanted ? strtoul(wanted, NULL, 0) : POLICIES, calls = 0, large = 0;

	for (size_t i = 0; i < count; i++) {
		size_t done = check_policy(first_seed + i);

		calls += done;
		large += done == 0;
	}
	print_message("%zu calls of %zu random policies, and %zu that were too large\n", calls, count - large,
		large);
	assert_true(large <= count / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_policies) };

	return cmocka_run_group_tests_name("seccomp random", tests, set_up, tear_down);
}
