/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Text → errors, row by row; and the limits of lines and files. */

#include "base/error.h"
#include "profile/profile.h"
#include "tests/unit/profile/snippets.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

/* What parsing says, all lines joined. */
static char *errors_of(const char *text, size_t size)
{
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	char *joined = strdup("");
	int r = profile_parse_text("p", text, size, &d, &source, &p);

	assert_non_null(joined);
	assert_int_equal(r, d.n > 0 ? -EBADMSG : 0);
	STRV_FOREACH (l, d.lines) {
		char *longer = NULL;

		assert_true(asprintf(&longer, "%s%s%s", joined, *joined ? "\n" : "", *l) >= 0);
		free(joined);
		joined = longer;
	}
	return joined;
}

static void check_rows(const struct snippets *rows)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < rows->n; i++) {
		char *errors = errors_of(rows->v[i].text, strlen(rows->v[i].text));

		if (strcmp(errors, rows->v[i].errors) != 0) {
			print_error("row %zu, text:\n%s\nexpected:\n%s\nsaid:\n%s\n\n", i, rows->v[i].text,
				rows->v[i].errors, errors);
			wrong++;
		}
		free(errors);
	}
	assert_int_equal(wrong, 0);
}

static void test_syntax(void **state)
{
	(void)state;
	check_rows(&snippets_syntax);
}

static void test_values(void **state)
{
	(void)state;
	check_rows(&snippets_values);
}

static void test_checks(void **state)
{
	(void)state;
	check_rows(&snippets_checks);
}

static void expect(const char *text, size_t size, const char *errors)
{
	char *said = errors_of(text, size);

	assert_string_equal(said, errors);
	free(said);
}

static void test_nul(void **state)
{
	static const char text[] = "[Profile]\nDescription=a\0b\n";

	(void)state;
	expect(text, sizeof(text) - 1, "p:2:14: error: NUL byte in a text file");
}

/* A text of one byte repeated, between a beginning and an end. */
static char *repeat(const char *beginning, char byte, size_t n, const char *end, size_t *ret_size)
{
	size_t a = strlen(beginning), b = strlen(end);
	char *text = malloc(a + n + b + 1);

	assert_non_null(text);
	memcpy(text, beginning, a);
	memset(text + a, byte, n);
	memcpy(text + a + n, end, b + 1);
	*ret_size = a + n + b;
	return text;
}

/* A line quotes a value, but not 64 KiB of it; and never half a character. */
static void test_long_values(void **state)
{
	(void)state;
	for (size_t blanks = 0; blanks < 4; blanks++) {
		_cleanup_free_ char *said = NULL;
		char text[4096] = "[Access]\nAllowDetach=";
		size_t n = strlen(text);

		memset(text + n, 'x', blanks);
		for (n += blanks; n < 3000; n += 3)
			memcpy(text + n, "\xe2\x82\xac", 3);
		said = errors_of(text, n);
		assert_in_range(strlen(said), DIAGNOSTIC_LINE_MAX - 3, DIAGNOSTIC_LINE_MAX);
		assert_string_equal(said + strlen(said) - 6, "\xe2\x82\xac...");
	}
}

/* R9: lines of a megabyte, files above the limit, nothing but openings. */
static void test_sizes(void **state)
{
	size_t size;
	char *text;

	(void)state;
	text = repeat("# ", 'x', SOURCE_LINE_MAX - 2, "\n", &size);
	expect(text, size, "");
	free(text);
	text = repeat("# ", 'x', SOURCE_LINE_MAX - 1, "\n", &size);
	expect(text, size, "p:1:4097: error: line of more than 4096 bytes; continue it with '\\'");
	free(text);
	text = repeat("[Profile]\nDescription=", 'x', 200 * 1024, "\nBogus=1\n", &size);
	expect(text, size,
		"p:2:4097: error: line of more than 4096 bytes; continue it with '\\'\n"
		"p:3:1: error: unknown key 'Bogus' in section [Profile]");
	free(text);
	text = repeat("", '\n', SOURCE_BYTES_MAX + 1, "", &size);
	expect(text, size, "p: error: file of more than 256 KiB");
	free(text);
	text = repeat("", '[', 4000, "\n", &size);
	expect(text, size, "p:1:1: error: a section heading ends with ']' and nothing may follow it");
	free(text);
}

/* A line continued until it is too long; what follows is read again. */
static void test_joined_size(void **state)
{
	char *text = NULL, *said;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs("[Access]\nAllowUser=\\\n", f);
	for (int i = 0; i < 40; i++)
		fprintf(f, "%02000d \\\n", 0);
	fputs("\nNope=1\n", f);
	fclose(f);
	said = errors_of(text, size);
	assert_non_null(strstr(said, "p:35:1: error: continued line of more than 64 KiB"));
	assert_non_null(strstr(said, "unknown key 'Nope'"));
	free(said);
	free(text);
}

/* A thousand errors: the first hundred, and that there are more. */
static void test_many_errors(void **state)
{
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	char *text;
	size_t size;

	(void)state;
	text = repeat("", '\n', 0, "", &size);
	free(text);
	text = malloc(3000);
	assert_non_null(text);
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 3 * i, "xy\n", 3);
	assert_int_equal(profile_parse_text("p", text, 3000, &d, &source, &p), -EBADMSG);
	free(text);
	assert_int_equal(d.n, 1000);
	assert_int_equal(strv_length(d.lines), DIAGNOSTICS_MAX + 1);
	assert_string_equal(d.lines[DIAGNOSTICS_MAX], "more errors follow; they are not shown");
}

/* Lists are bounded, so that a file can not make the reader work for long. */
static void test_long_lists(void **state)
{
	char *text = NULL, *said;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs("[Exec]\n", f);
	for (unsigned i = 0; i < SETTING_LIST_MAX + 1; i++)
		fprintf(f, "Argument=%u\n", i);
	fclose(f);
	said = errors_of(text, size);
	assert_string_equal(said, "p:1026:10: error: Argument=: more than 1024 elements");
	free(said);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_joined_size),
		cmocka_unit_test(test_many_errors),
		cmocka_unit_test(test_long_lists),
	};

	return cmocka_run_group_tests_name("profile-text", tests, NULL, NULL);
}
