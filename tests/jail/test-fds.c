/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Descriptors as they arrive in a real payload. Rows F3 to F9 and J1 of the threat model; the plan by itself
 * is tested with 10,000 random maps in tests/unit/jail. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define FILES 5

/* Distinguishable objects with neighbouring numbers. */
static void open_files(int fds[FILES])
{
	for (int i = 0; i < FILES; i++) {
		fds[i] = memfd_create("test", MFD_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
}

static const char *fd_line(struct rig *r, uint32_t target, int source)
{
	struct stat st;

	assert_int_equal(fstat(source, &st), 0);
	return rig_format(r, "fd %u %ju:%ju %o %d 0", target, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		st.st_mode & S_IFMT, fcntl(source, F_GETFL) & O_ACCMODE);
}

/* The output pipe's own lines are left to the count. */
static void check_map(struct rig *r, const int *sources, const uint32_t *targets, size_t n)
{
	RUN(r, "see");
	for (size_t i = 0; i < n; i++)
		assert_line(r, fd_line(r, targets[i], sources[i]));
	assert_int_equal(rig_count(r, "fd"), 3 + n);
}

static void test_cycle(void **state)
{
	struct rig *r = *state;
	int fds[FILES];
	uint32_t targets[FILES];

	open_files(fds);
	for (int i = 0; i < FILES; i++) {
		targets[i] = (uint32_t)fds[(i + 1) % FILES];
		rig_fd(r, fds[i], targets[i]);
	}
	check_map(r, fds, targets, FILES);
	fd_close_many(fds, FILES);
}

/* The next in lexical order; after the last one, the first. */
static void next_permutation(uint32_t *v, size_t n)
{
	size_t i = n - 1, j = n - 1;

	while (i > 0 && v[i - 1] >= v[i])
		i--;
	for (; i > 0 && v[j] <= v[i - 1]; j--)
		;
	if (i > 0) {
		uint32_t t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
	for (j = n - 1; i < j; i++, j--) {
		uint32_t t = v[i];

		v[i] = v[j];
		v[j] = t;
	}
}

static void run_again(struct rig *r)
{
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fd_close(r->output_fd);
	r->output_fd = out[0];
	r->output_end = out[1];
	free(r->output);
	r->output = NULL;
	r->spec.id += 100000;
	r->spec.fds[1].source = r->spec.fds[2].source = r->output_end;
}

static void test_all_permutations(void **state)
{
	struct rig *r = *state;
	int fds[FILES];
	uint32_t targets[FILES];

	open_files(fds);
	for (int i = 0; i < FILES; i++) {
		targets[i] = (uint32_t)fds[i];
		rig_fd(r, fds[i], targets[i]);
	}
	for (int round = 0; round < 120; round++) {
		for (int i = 0; i < FILES; i++)
			r->spec.fds[3 + i].target = targets[i];
		check_map(r, fds, targets, FILES);
		next_permutation(targets, FILES);
		run_again(r);
	}
	/* back at the first one */
	for (int i = 0; i < FILES; i++)
		assert_int_equal(targets[i], fds[i]);
	fd_close_many(fds, FILES);
}

/* Every low number is a target, so those of our pipes, of the context and of the executable are among them.
 */
static void test_over_our_own(void **state)
{
	struct rig *r = *state;
	int fds[FILES];
	char text[8] = "";

	open_files(fds);
	for (uint32_t t = 3; t < 3 + FDS_MAX; t++)
		rig_fd(r, fds[t % FILES], t);
	RUN(r, "see");
	for (uint32_t t = 3; t < 3 + FDS_MAX; t++)
		assert_line(r, fd_line(r, t, fds[t % FILES]));
	assert_int_equal(rig_count(r, "fd"), 3 + FDS_MAX);
	/* and ours are still ours */
	assert_int_equal(write(fds[0], "hello", 5), 5);
	assert_int_equal(pread(fds[0], text, sizeof(text), 0), 5);
	fd_close_many(fds, FILES);
}

static void test_same_source_twice(void **state)
{
	struct rig *r = *state;
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct stat st;

	rig_fd(r, fd, 7);
	rig_fd(r, fd, 9);
	RUN(r, "print", "7", "one", "--", "print", "9", "two");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 8);
	fd_close(fd);
}

static void test_highest(void **state)
{
	struct rig *r = *state;
	int fd = memfd_create("test", MFD_CLOEXEC);

	rig_fd(r, fd, FD_TARGET_MAX);
	RUN(r, "see");
	assert_line(r, fd_line(r, FD_TARGET_MAX, fd));
	fd_close(fd);
}

/* A limit below the highest fd does not close it. */
static void test_below_limit(void **state)
{
	struct rig *r = *state;
	int fd = memfd_create("test", MFD_CLOEXEC);

	rig_fd(r, fd, 500);
	rig_limit(r, RLIMIT_NOFILE, 4, 4);
	RUN(r, "see");
	assert_line(r, fd_line(r, 500, fd));
	assert_value(r, "limit_NOFILE", "4 4");
	fd_close(fd);
}

static void test_path_fd(void **state)
{
	struct rig *r = *state;
	int fd = open("/usr", O_PATH | O_CLOEXEC);

	rig_fd(r, fd, 3);
	RUN(r, "see");
	assert_int_equal(rig_count(r, "fd"), 4);
	fd_close(fd);
}

static void test_target_too_high(void **state)
{
	struct rig *r = *state;

	rig_fd(r, r->context.null_fd, FD_TARGET_MAX + 1);
	rig_fail(r, STAGE_FDS, -EINVAL, "1024");
}

static void test_target_twice(void **state)
{
	struct rig *r = *state;

	rig_fd(r, r->context.null_fd, 5);
	rig_fd(r, r->context.null_fd, 5);
	rig_fail(r, STAGE_FDS, -EINVAL, "5");
}

static void test_closed_source(void **state)
{
	struct rig *r = *state;
	int fd = memfd_create("test", MFD_CLOEXEC);

	rig_fd(r, fd, 6);
	fd_close(fd);
	rig_fail(r, STAGE_FDS, -EBADF, "6");
}

static void test_no_standard_error(void **state)
{
	struct rig *r = *state;

	r->spec.n_fds = 2;
	rig_fail(r, STAGE_FDS, -EINVAL, "2");
}

static void test_too_many(void **state)
{
	struct rig *r = *state;

	for (uint32_t t = 3; t < 4 + FDS_MAX; t++)
		rig_fd(r, r->context.null_fd, t);
	rig_fail(r, STAGE_FDS, -EINVAL, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cycle),
		TEST(test_all_permutations),
		TEST(test_over_our_own),
		TEST(test_same_source_twice),
		TEST(test_highest),
		TEST(test_below_limit),
		TEST(test_path_fd),
		TEST(test_target_too_high),
		TEST(test_target_twice),
		TEST(test_closed_source),
		TEST(test_no_standard_error),
		TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
