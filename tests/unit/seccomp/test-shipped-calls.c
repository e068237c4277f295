/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the installed policies permit and refuse, on every architecture: each file must compile without an
 * error or a warning, and a table says what must become of single calls under each policy. The programs are
 * simulated; on the machine's own architecture test-shipped-kernel.c asks the kernel as well.
 */

#include "base/cleanup.h"
#include "seccomp/constants.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"
#include "shipped-calls.h"
#include "shipped.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

/* In the order of the table's columns. */
static const char *const names[] = { "base", "decoder", "renderer", "gpu", "network-service", "file-viewer",
	"log-collector", "ping", "traceroute", "packet-capture", "shell" };

#define N_POLICIES ELEMENTS(names)

static struct seccomp_result policies[N_POLICIES][_ARCHITECTURE_MAX];

static int setup(void **state)
{
	for (size_t i = 0; i < N_POLICIES; i++)
		for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
			shipped_compile(names[i], &architectures[a], &policies[i][a]);
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < N_POLICIES; i++)
		for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
			seccomp_result_done(&policies[i][a]);
	return 0;
}

/* Every file there is, those that are only included among them. */
static void test_each_file_compiles(void **state)
{
	static const char *const patterns[] = { "policies/seccomp/*.policy",
		"policies/seccomp/parts/*.policy" };
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	size_t n = 0, skip = strlen(root ? root : ".") + 1;

	for (size_t i = 0; i < ELEMENTS(patterns); i++) {
		_cleanup_free_ char *pattern = NULL;
		glob_t found;

		assert_true(asprintf(&pattern, "%s/%s", root ? root : ".", patterns[i]) > 0);
		assert_int_equal(glob(pattern, 0, NULL, &found), 0);
		for (size_t k = 0; k < found.gl_pathc; k++)
			for (size_t a = 0; a < _ARCHITECTURE_MAX; a++, n++) {
				struct seccomp_result result;

				shipped_compile_file(
					found.gl_pathv[k] + skip, &architectures[a], true, &result);
				assert_int_equal(result.n_diagnostics, 0);
				seccomp_result_done(&result);
			}
		globfree(&found);
	}
	assert_true(n >= _ARCHITECTURE_MAX * N_POLICIES);
	print_message("%zu compilations without a warning\n", n);
}

/* "TIOCSTI|0x100000000" */
static uint64_t read_value(const struct architecture *a, const char *text, size_t length)
{
	uint64_t value = 0;

	for (size_t at = 0; at < length;) {
		size_t size = strcspn(text + at, "|");
		uint64_t one;
		char *end;

		if (size > length - at)
			size = length - at;
		one = strtoull(text + at, &end, 0);
		if (end != text + at + size && constant_lookup(a, text + at, size, &one) < 0)
			fail_msg("unknown on %s: %.*s", a->name, (int)size, text + at);
		value |= one;
		at += size + 1;
	}
	return value;
}

/* "ioctl(0, TIOCSTI)". Returns false when the architecture has no such call. */
static bool read_call(const struct architecture *a, const char *text, struct seccomp_data *ret)
{
	size_t length = strcspn(text, "(");
	uint32_t number;
	int r = syscall_lookup(a, text, length, &number);
	unsigned n = 0;

	if (r == -EOPNOTSUPP)
		return false;
	if (r < 0)
		fail_msg("unknown call: %s", text);
	*ret = (struct seccomp_data){ .nr = (int)number, .arch = a->audit };
	for (const char *at = text + length + 1; *at != ')' && *at != '\0'; n++) {
		size_t size = strcspn(at, ",)");

		assert_true(n < ELEMENTS(ret->args));
		ret->args[n] = read_value(a, at, size);
		at += size;
		at += strspn(at, ", ");
	}
	return true;
}

static char verdict_of(const struct seccomp_result *policy, const struct seccomp_data *data)
{
	uint32_t action;

	assert_int_equal(filter_simulate(policy->filter, policy->n_filter, data, &action), 0);
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return 'a';
	case SECCOMP_RET_KILL_PROCESS:
		return 'k';
	case SECCOMP_RET_ERRNO:
		return (action & SECCOMP_RET_DATA) != 0 ? 'e' : '?';
	default:
		return '?';
	}
}

static bool is_for(const struct architecture *a, const char *only)
{
	_cleanup_free_ char *padded = NULL, *name = NULL;

	if (!only)
		return true;
	assert_true(asprintf(&padded, " %s ", only) > 0 && asprintf(&name, " %s ", a->name) > 0);
	return strstr(padded, name);
}

/* Returns on how many architectures the call was looked at. */
static unsigned check_row(const struct shipped_call *row, unsigned *failures)
{
	unsigned looked = 0;

	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++) {
		char got[N_POLICIES + 1] = "", expected[N_POLICIES + 1] = "";
		struct seccomp_data data;
		size_t n = 0;

		if (!is_for(&architectures[a], row->only) || !read_call(&architectures[a], row->call, &data))
			continue;
		for (const char *c = row->verdicts; *c != '\0'; c++)
			if (*c != ' ' && n < N_POLICIES)
				expected[n++] = *c;
		assert_int_equal(n, N_POLICIES);
		for (size_t i = 0; i < N_POLICIES; i++)
			got[i] = verdict_of(&policies[i][a], &data);
		looked++;
		if (strcmp(got, expected) == 0)
			continue;
		print_error("%s: %s: %s, not %s\n", architectures[a].name, row->call, got, expected);
		(*failures)++;
	}
	if (looked == 0)
		fail_msg("no architecture has %s", row->call);
	return looked;
}

static void test_calls(void **state)
{
	unsigned looked = 0, failures = 0;

	for (size_t i = 0; i < n_shipped_calls; i++)
		looked += check_row(&shipped_calls[i], &failures);
	assert_int_equal(failures, 0);
	print_message("%zu calls under %zu policies: %zu verdicts\n", n_shipped_calls, N_POLICIES,
		looked * N_POLICIES);
}

/* Which requests of the graphics drivers gpu.policy means to permit, said in another way. */
static bool drm_permitted(unsigned number)
{
	return number <= 0x03 || number == 0x09 || number == 0x0c || number == 0x0d ||
	       (number >= 0x2c && number <= 0x2f) || (number >= 0x40 && number <= 0x9f) ||
	       (number >= 0xbf && number <= 0xc5) || (number >= 0xca && number <= 0xcd) || number == 0xcf;
}

/* All requests of 16 bits, with what sizes, directions and a sign extension put above them. */
static void check_requests(const struct architecture *a, uint64_t above)
{
	const struct seccomp_result *policy = &policies[3][a->id];
	struct seccomp_data data = { .arch = a->audit };
	uint32_t number;

	assert_string_equal(names[3], "gpu");
	assert_int_equal(syscall_lookup(a, "ioctl", 5, &number), 0);
	data.nr = (int)number;
	for (unsigned request = 0; request < 0x10000; request++) {
		unsigned type = request >> 8, nr = request & 0xff;
		bool device = (type == 'd' && drm_permitted(nr)) ||
			      (type == 'b' && (nr == 0 || nr == 2 || nr == 3)) ||
			      (type == '>' && (nr == 3 || nr == 4));
		bool terminal = (uint32_t)(above | request) == above + request && type == 'T' && above == 0 &&
				(nr == 0x01 || nr == 0x13);

		data.args[1] = above | request;
		if (verdict_of(policy, &data) == (device || terminal ? 'a' : 'e'))
			continue;
		/* TCGETS2, the one request of base.policy with something above. */
		if (type == 'T' && nr == 0x2a && (uint32_t)above == 0x802c0000)
			continue;
		fail_msg("%s: request 0x%llx", a->name, (unsigned long long)data.args[1]);
	}
}

static void test_requests_of_graphics(void **state)
{
	static const uint64_t above[] = { 0, 0xc0100000, 0x80080000, 0xffffffffc0100000, 0x1c0100000 };

	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
		for (size_t i = 0; i < ELEMENTS(above); i++)
			check_requests(&architectures[a], above[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_file_compiles),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_requests_of_graphics),
	};

	return cmocka_run_group_tests_name("seccomp shipped calls", tests, setup, teardown);
}
