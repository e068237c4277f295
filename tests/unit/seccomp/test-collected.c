/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Compiles every policy that others have written, for the architecture that its path names. Those that are
 * refused are the ones that docs/POLICY-CORPUS.md lists, each for the reason that it gives, and no others.
 */

#include "../unit.h"
#include "base/error.h"
#include "base/strv.h"
#include "collection.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HANG_SEC 120 /* for all of them; it takes a hundredth of that */

struct run {
	const struct collection *collection;
	char **refused; /* "path code" */
	unsigned compiled;
	double slowest, total; /* milliseconds */
	char *slowest_name;
};

/* What paths call architectures, beside what architecture_find() knows. */
static bool is_foreign(const char *word, size_t length)
{
	return length == 4 && memcmp(word, "mips", 4) == 0;
}

/*
 * The last word of the path that names an architecture decides: "arm/x-arm64.policy" is for arm64. NULL where
 * there is none; *ret_foreign tells whether it is one that we have not.
 */
static const struct architecture *architecture_of(const char *path, bool *ret_foreign)
{
	const struct architecture *found = NULL;

	*ret_foreign = false;
	while (*path) {
		const struct architecture *a;
		size_t length = 0;

		while (isalnum((unsigned char)path[length]) || path[length] == '_')
			length++;
		a = architecture_find(path, length);
		if (a)
			found = a;
		*ret_foreign = is_foreign(path, length) || (*ret_foreign && !a);
		path += length > 0 ? length : 1;
	}
	return found;
}

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note_time(struct run *t, const char *name, double ms)
{
	t->total += ms;
	if (ms <= t->slowest)
		return;
	t->slowest = ms;
	free(t->slowest_name);
	t->slowest_name = strdup(name);
}

static int compile_for(
	struct run *t, const char *name, const struct architecture *a, struct seccomp_result *ret)
{
	double begin = now_ms();
	int r = collection_compile(t->collection, name, a, SECCOMP_DENYLIST, ret);

	note_time(t, name, now_ms() - begin);
	return r;
}

/* Where the path names no architecture the calls do: such policies are for x86-64 or, the older ones, for
 * arm. */
static int compile_unnamed(struct run *t, const char *name, struct seccomp_result *ret)
{
	int r = compile_for(t, name, &architectures[ARCHITECTURE_X86_64], ret);

	if (r == 0)
		return r;
	seccomp_result_done(ret);
	return compile_for(t, name, &architectures[ARCHITECTURE_ARM], ret);
}

static void compile(struct run *t, const char *name)
{
	bool foreign;
	const struct architecture *a = architecture_of(name, &foreign);
	struct seccomp_result result;
	int r;

	if (foreign) {
		assert_int_equal(strv_extendf(&t->refused, "%s other-architecture", name), 0);
		return;
	}
	r = a ? compile_for(t, name, a, &result) : compile_unnamed(t, name, &result);
	if (r == 0) {
		t->compiled++;
	} else {
		assert_true(result.n_diagnostics > 0);
		assert_int_equal(strv_extendf(&t->refused, "%s %s", name, result.diagnostics[0].code), 0);
	}
	seccomp_result_done(&result);
}

/* The rows of the document's tables: | `path` | `code` | reason | */
static char **read_document(void)
{
	const char *source = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_(fclosep) FILE *f = NULL;
	char **rows = NULL;
	size_t allocated = 0;

	assert_true(asprintf(&path, "%s/docs/POLICY-CORPUS.md", source ? source : ".") > 0);
	f = fopen(path, "re");
	assert_non_null(f);
	while (getline(&line, &allocated, f) > 0) {
		_cleanup_(strv_freep) char **parts = NULL;

		if (strncmp(line, "| `", 3) != 0)
			continue;
		assert_int_equal(strv_split(line, "`", &parts), 0);
		assert_true(strv_length(parts) >= 4);
		assert_int_equal(strv_extendf(&rows, "%s %s", parts[1], parts[3]), 0);
	}
	return rows;
}

/* Shows what the first list has and the second lacks. */
static unsigned show_missing(char **first, char **second, const char *what)
{
	unsigned n = 0;

	STRV_FOREACH (row, first)
		if (!strv_contains(second, *row)) {
			print_error("%s: %s\n", what, *row);
			n++;
		}
	return n;
}

static void test_collected(void **state)
{
	_cleanup_(strv_freep) char **names = NULL, **rows = NULL;
	struct run t = { .collection = *state };
	unsigned wrong;

	if (!collection_there(t.collection))
		return;
	(void)alarm(HANG_SEC);
	names = collection_list(t.collection);
	STRV_FOREACH (name, names)
		compile(&t, *name);
	(void)alarm(0);
	print_message("collection: %zu policies, %u compiled, %zu refused; %.0f ms in all, the slowest %.1f "
		      "ms (%s)\n",
		strv_length(names), t.compiled, strv_length(t.refused), t.total, t.slowest, t.slowest_name);
	rows = read_document();
	wrong = show_missing(t.refused, rows, "refused, and not in the document") +
		show_missing(rows, t.refused, "in the document, and not refused for that");
	strv_free(t.refused);
	free(t.slowest_name);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collected),
	};

	return cmocka_run_group_tests_name(
		"seccomp collection", tests, collection_setup, collection_teardown);
}
