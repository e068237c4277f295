/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The scale, the weights, and that docs/EXPOSURE.md has both. */

#include "base/io.h"
#include "profile/score.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_ends(void **state)
{
	struct score s = { .badness = { 0 } };

	assert_int_equal(score_total(&s), 0);
	for (size_t i = 0; i < _SCORE_ITEM_MAX; i++)
		s.badness[i] = score_weights[i].range;
	assert_int_equal(score_total(&s), SCORE_MAX);
}

/* Each item counts, and never for less than the least step; more badness never makes a profile look safer. */
static void test_each_item_counts(void **state)
{
	for (size_t i = 0; i < _SCORE_ITEM_MAX; i++) {
		struct score s = { .badness = { 0 } };
		uint32_t before = 0;

		assert_true(score_weights[i].weight > 0 && score_weights[i].range > 0);
		assert_non_null(score_weights[i].exposed);
		for (s.badness[i] = 1; s.badness[i] <= score_weights[i].range; s.badness[i]++) {
			const uint32_t now = score_total(&s);

			assert_true(now >= 1 && now >= before);
			before = now;
		}
	}
}

/* By hand: 2500 of the sum of all weights. */
static void test_known_answer(void **state)
{
	struct score s = { .badness = { [SCORE_PRIVATE_NETWORK] = 1 } };
	uint32_t whole = 0;

	for (size_t i = 0; i < _SCORE_ITEM_MAX; i++)
		whole += score_weights[i].weight;
	assert_int_equal(whole, 57135);
	assert_int_equal(score_total(&s), 5); /* 4.38 tenths, rounded up */
}

static char *read_document(void)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	char path[4096], *text;
	size_t size;
	int fd;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/docs/EXPOSURE.md", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1 << 20, &text, &size), 0);
	(void)close(fd);
	return text;
}

/* A bar inside of a cell is written with a backslash. */
static void spell(const char *setting, char *to, size_t room)
{
	size_t n = 0;

	for (; *setting && n + 2 < room; setting++) {
		if (*setting == '|')
			to[n++] = '\\';
		to[n++] = *setting;
	}
	to[n] = '\0';
}

static size_t count_rows(const char *text)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, "\n| `")); p++)
		n++;
	return n;
}

static void test_document(void **state)
{
	char *text = read_document(), setting[128], row[256];

	for (size_t i = 0; i < _SCORE_ITEM_MAX; i++) {
		spell(score_weights[i].setting, setting, sizeof(setting));
		(void)snprintf(row, sizeof(row), "\n| `%s` | %u | %u | ", setting, score_weights[i].weight,
			score_weights[i].range);
		if (!strstr(text, row))
			fail_msg("docs/EXPOSURE.md lacks the row:%s", row);
	}
	/* and the three legs */
	assert_int_equal(count_rows(text), _SCORE_ITEM_MAX + 3);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_each_item_counts),
		cmocka_unit_test(test_known_answer),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
