/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of keys: no name twice, and each in bailiff.profile(5). */

#include "base/io.h"
#include "profile/profile.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANUAL_MAX (1024 * 1024)

static char *read_manual(void)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	char path[4096], *text = NULL;
	size_t size;
	int fd;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/docs/man/bailiff.profile.5", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, MANUAL_MAX, &text, &size), 0);
	assert_int_equal(close(fd), 0);
	return text;
}

/* The key with its "=" stands as a word of its own. */
static bool documented(const char *manual, const char *name)
{
	char word[64];
	const char *at;

	(void)snprintf(word, sizeof(word), "%s=", name);
	for (at = strstr(manual, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ')
			return true;
	return false;
}

static void test_documented(void **state)
{
	char *manual = read_manual();
	const char *later = strstr(manual, "KEYS OF LATER VERSIONS");

	(void)state;
	assert_non_null(later);
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *k = &profile_keys.keys[i];

		if (!documented(k->set ? manual : later, k->name))
			fail_msg("%s= of [%s] is not in bailiff.profile(5)", k->name, k->section);
	}
	free(manual);
}

static void test_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *k = &profile_keys.keys[i];

		assert_true(k->id <= PROFILE_KEY_LATER);
		assert_int_equal(k->id == PROFILE_KEY_LATER, k->set == NULL);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(profile_keys.keys[j].name, k->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_unique),
	};

	return cmocka_run_group_tests_name("profile-keys", tests, NULL, NULL);
}
