/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a parked jail's process has of the launcher's memory while it waits: nothing of the heap, and nothing
 * else that was mapped; and whatever the order brings, and however it ends, it has what that takes.
 */

#include "base/error.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define TEXT_MAX 65536
#define MARKED   65536

/* With it the filter is loaded before the order; munmap(2) is not permitted whatever its arguments are. */
static const struct filter_rule rules[] = { { SYS_munmap, FILTER_FAIL(EXDEV), 1, FILTER_WHOLE_ARG, 12345 },
	{ SYS_sethostname, FILTER_KILL, 0, 0, 0 } };

static bool sheds(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return false;
#else
	return true;
#endif
}

static void use_filter(struct rig *r, struct sock_filter **ret)
{
	assert_int_equal(filter_build(rules, ELEMENTSOF(rules), FILTER_PERMIT, ret, &r->spec.n_filter), 0);
	r->spec.filter = *ret;
	r->spec.violations = VIOLATIONS_TOLD;
}

/* /proc/PID/maps once the process waits for its order: then it sleeps, in recvmsg(2). */
static const char *maps_of(pid_t pid)
{
	static char text[TEXT_MAX];
	const char *call = NULL;
	char path[64], line[32], waits[16];
	size_t n;
	FILE *f;

	(void)snprintf(waits, sizeof(waits), "%d ", SYS_recvmsg);
	for (int i = 0; !call && i < 20000; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
		f = fopen(path, "re");
		assert_non_null(f);
		call = fgets(line, sizeof(line), f);
		assert_int_equal(fclose(f), 0);
		if (!call || strncmp(line, waits, strlen(waits)) != 0)
			call = NULL;
		(void)usleep(1000);
	}
	assert_non_null(call);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_true(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	assert_int_equal(fclose(f), 0);
	return text;
}

static bool has(const char *maps, const void *address)
{
	unsigned long from, to, wanted = (unsigned long)(uintptr_t)address;

	for (const char *line = maps; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
		if (from <= wanted && wanted < to)
			return true;
	}
	return false;
}

static void test_memory(void **state)
{
	static int of_the_program;
	struct rig *r = *state;
	void *heap = malloc(1), *mapped = mmap(NULL, MARKED, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct sock_filter *policy;
	const char *maps;

	assert_ptr_not_equal(mapped, MAP_FAILED);
	use_filter(r, &policy);
	assert_int_equal(rig_park(r), 0);
	maps = maps_of(r->jail.pid);
	assert_true(has(maps, &of_the_program));
	assert_true(has(maps, r->jail.last_word));
	if (sheds()) {
		assert_false(has(maps, heap));
		assert_false(has(maps, mapped));
		assert_false(has(maps, r->spec.filter));
		assert_false(has(maps, r));
	}
	rig_limit(r, RLIMIT_NOFILE, 40, 50);
	r->spec.working_directory = "/tmp";
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_value(r, "cwd", "/tmp");
	assert_value(r, "limit_NOFILE", "40 50");
	assert_int_equal(munmap(mapped, MARKED), 0);
	free(heap);
	free(policy);
}

/* Without a filter there is nothing that could not be done when the order comes, and nothing is given back.
 */
static void test_no_filter(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_park(r), 0);
	assert_true(has(maps_of(r->jail.pid), r));
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), 1);
	rig_read(r, NULL);
	rig_finish(r);
	assert_int_equal(rig_count(r, "fd"), 3);
}

/* What failed is still named. */
static void test_exec_fails(void **state)
{
	struct rig *r = *state;
	const char *copy = rig_copy(r, r->probe, "program", 0755);
	struct sock_filter *policy;

	use_filter(r, &policy);
	rig_bind(r, copy, "/program", 0);
	r->spec.executable = "/program";
	assert_int_equal(rig_park(r), 0);
	(void)maps_of(r->jail.pid);
	assert_int_equal(chmod(copy, 0600), 0);
	rig_arguments(r, ARGS("see"));
	assert_int_equal(jail_go(&r->jail, &r->spec), 0);
	assert_int_equal(rig_report(r), -EACCES);
	assert_int_equal(r->error.stage, STAGE_EXEC);
	assert_string_equal(r->error.object, "/program");
	jail_done(&r->context, &r->jail);
	free(policy);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory),
		TEST(test_no_filter),
		TEST(test_exec_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
