/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The salt's file: found, made, refused; never replaced. Needs root, whose files it must be. */

#include "base/salt.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/bailiff-test-salt.XXXXXX";
static char one[64], two[64];

static int start(void **state)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/bailiff-test-salt.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(one, sizeof(one), "%s/one", dir);
	(void)snprintf(two, sizeof(two), "%s/two", dir);
	return 0;
}

static int stop(void **state)
{
	(void)unlink(one);
	(void)unlink(two);
	(void)chmod(dir, 0700);
	return rmdir(dir); /* fails when anything else was left there */
}

static void write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int load(uint8_t salt[SALT_MAX], size_t *size)
{
	char *paths[] = { one, two, NULL };
	const char *path = NULL, *reason = NULL;
	int r;

	r = salt_load(paths, salt, size, &path, &reason);
	if (r < 0)
		assert_non_null(reason);
	return r;
}

static void salt_first_existing_counts(void **state)
{
	uint8_t salt[SALT_MAX];
	size_t size;

	write_file(two, "pepper", 6, 0644);
	assert_int_equal(load(salt, &size), 0);
	assert_int_equal(size, 6);
	assert_memory_equal(salt, "pepper", 6);
	assert_int_equal(access(one, F_OK), -1);
	write_file(one, "salt", 4, 0600);
	assert_int_equal(load(salt, &size), 0);
	assert_memory_equal(salt, "salt", 4);
}

static void salt_is_made_once(void **state)
{
	uint8_t first[SALT_MAX], second[SALT_MAX];
	struct stat st;
	size_t size;

	assert_int_equal(load(first, &size), 0);
	assert_int_equal(size, SALT_NEW_BYTES);
	assert_int_equal(stat(one, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, SALT_NEW_BYTES);
	assert_int_equal(load(second, &size), 0);
	assert_memory_equal(first, second, SALT_NEW_BYTES);
	assert_int_equal(unlink(one), 0);
	assert_int_equal(load(second, &size), 0);
	assert_memory_not_equal(first, second, SALT_NEW_BYTES);
}

static void assert_refused_and_untouched(int error)
{
	uint8_t salt[SALT_MAX];
	struct stat before, after;
	size_t size = 0;

	write_file(two, "pepper", 6, 0600);
	assert_int_equal(lstat(one, &before), 0);
	assert_int_equal(load(salt, &size), error);
	assert_int_equal(lstat(one, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
}

static void salt_empty(void **state)
{
	write_file(one, "", 0, 0600);
	assert_refused_and_untouched(-EBADMSG);
}

static void salt_too_large(void **state)
{
	static const uint8_t data[SALT_MAX + 1];
	uint8_t salt[SALT_MAX];
	size_t size;

	write_file(one, data, SALT_MAX, 0600);
	assert_int_equal(load(salt, &size), 0);
	assert_int_equal(size, SALT_MAX);
	write_file(one, data, sizeof(data), 0600);
	assert_refused_and_untouched(-EBADMSG);
}

static void salt_others_may_write(void **state)
{
	write_file(one, "salt", 4, 0622);
	assert_refused_and_untouched(-EPERM);
}

static void salt_of_another_user(void **state)
{
	write_file(one, "salt", 4, 0600);
	assert_int_equal(chown(one, 65534, 65534), 0);
	assert_refused_and_untouched(-EPERM);
}

static void salt_symlink(void **state)
{
	assert_int_equal(symlink("/etc/hostname", one), 0);
	assert_refused_and_untouched(-ELOOP);
}

static void salt_fifo(void **state)
{
	assert_int_equal(mkfifo(one, 0600), 0);
	assert_refused_and_untouched(-EINVAL);
}

static void salt_directory(void **state)
{
	assert_int_equal(mkdir(one, 0700), 0);
	assert_refused_and_untouched(-EINVAL);
	assert_int_equal(rmdir(one), 0);
}

static void salt_open_directory_takes_no_new_file(void **state)
{
	uint8_t salt[SALT_MAX];
	size_t size;

	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(load(salt, &size), -EPERM);
	assert_int_equal(access(one, F_OK), -1);
}

static void salt_nowhere(void **state)
{
	char missing[] = "/no-such-place/salt", *paths[] = { missing, NULL }, *none[] = { NULL };
	const char *path, *reason;
	uint8_t salt[SALT_MAX];
	size_t size;

	assert_int_equal(salt_load(paths, salt, &size, &path, &reason), -ENOENT);
	assert_ptr_equal(path, missing);
	assert_int_equal(salt_load(none, salt, &size, &path, &reason), -ENOENT);
	assert_int_equal(salt_load(NULL, salt, &size, &path, &reason), -ENOENT);
}

#define SALT_TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SALT_TEST(salt_first_existing_counts),
		SALT_TEST(salt_is_made_once),
		SALT_TEST(salt_empty),
		SALT_TEST(salt_too_large),
		SALT_TEST(salt_others_may_write),
		SALT_TEST(salt_of_another_user),
		SALT_TEST(salt_symlink),
		SALT_TEST(salt_fifo),
		SALT_TEST(salt_directory),
		SALT_TEST(salt_open_directory_takes_no_new_file),
		SALT_TEST(salt_nowhere),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
