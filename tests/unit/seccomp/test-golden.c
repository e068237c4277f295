/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Replays verdicts that another compiler of the same language gave for real policies of three architectures:
 * every one must come out the same. What that compiler refused must be refused here, too, unless it did so
 * because its table of system calls was older than ours.
 */

#include "../unit.h"
#include "base/error.h"
#include "base/fd.h"
#include "collection.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"

#include <fcntl.h>
#include <string.h>

#define VECTOR_NUMBERS 8 /* of a vector: the call's number, six arguments, the verdict */

struct replay {
	const struct collection *collection;
	const struct architecture *architecture;
	unsigned policies, vectors, matched;
	unsigned refused, accepted; /* of what the other compiler refused */
	unsigned failures;
};

/* Cuts out the string that follows a key, and goes past it. NULL when there is no such key. */
static char *take_string(char *line, const char *key)
{
	char *at = strstr(line, key), *end;

	if (!at)
		return NULL;
	at += strlen(key);
	end = strchr(at, '"');
	assert_non_null(end);
	*end = '\0';
	return at;
}

static void replay_vector(struct replay *t, const char *policy, const struct seccomp_result *result,
	const uint64_t numbers[VECTOR_NUMBERS])
{
	struct seccomp_data data = { .nr = (int)numbers[0], .arch = t->architecture->audit };
	uint32_t action = 0;

	memcpy(data.args, numbers + 1, sizeof(data.args));
	t->vectors++;
	if (filter_simulate(result->filter, result->n_filter, &data, &action) == 0 && action == numbers[7]) {
		t->matched++;
		return;
	}
	print_error("%s, for %s: system call %d: 0x%x instead of 0x%llx\n", policy, t->architecture->name,
		data.nr, action, (unsigned long long)numbers[7]);
}

/* [[nr, [arguments], verdict], …]: the brackets are the same everywhere, so that the numbers are enough. */
static void replay_vectors(
	struct replay *t, const char *policy, const struct seccomp_result *result, const char *json)
{
	uint64_t numbers[VECTOR_NUMBERS];
	size_t n = 0;

	while (*json && *json != '}') {
		char *end;

		if (*json < '0' || *json > '9') {
			json++;
			continue;
		}
		numbers[n++] = strtoull(json, &end, 10);
		json = end;
		if (n < VECTOR_NUMBERS)
			continue;
		replay_vector(t, policy, result, numbers);
		n = 0;
	}
	assert_int_equal(n, 0);
}

static void replay_policy(struct replay *t, const char *policy, const char *vectors)
{
	struct seccomp_result result;

	t->policies++;
	if (collection_compile(t->collection, policy, t->architecture, 0, &result) == 0) {
		replay_vectors(t, policy, &result, vectors);
	} else {
		t->failures++;
		for (size_t i = 0; i < result.n_diagnostics; i++)
			print_error("%s\n", result.diagnostics[i].rendered);
	}
	seccomp_result_done(&result);
}

/* The byte that "file(line:column): text" points to, in the file's text; NULL when there is none. */
static const char *find_place(const char *text, const char *place)
{
	size_t line, column;

	if (sscanf(place, "(%zu:%zu): ", &line, &column) != 2)
		return NULL;
	for (; line > 1; line--) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return column >= 1 && column <= strlen(text) ? text + column - 1 : NULL;
}

/* Whether the other compiler stumbled over a system call that exists: its table is older than it. */
static bool is_old_table(const struct replay *t, const char *policy, const char *error)
{
	_cleanup_free_ char *file = strndup(error, strcspn(error, "(")), *text = NULL;
	const char *name;
	uint32_t number;
	size_t length;

	if (!strstr(error, "): nonexistent syscall"))
		return false;
	text = collection_read(t->collection, file);
	name = find_place(text, error + strlen(file));
	assert_non_null(name);
	length = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
	if (syscall_lookup(t->architecture, name, length, &number) < 0)
		return false;
	print_message("accepted, for %s has %.*s: %s\n", t->architecture->name, (int)length, name, policy);
	return true;
}

static void replay_refusal(struct replay *t, const char *policy, const char *error)
{
	struct seccomp_result result;
	int r = collection_compile(t->collection, policy, t->architecture, 0, &result);

	seccomp_result_done(&result);
	if (r == -EBADMSG) {
		t->refused++;
	} else if (r == 0 && is_old_table(t, policy, error)) {
		t->accepted++;
	} else {
		print_error("%s, for %s: result %d; the other compiler: %s\n", policy, t->architecture->name,
			r, error);
		t->failures++;
	}
}

/* One line: an object with "policy", "arch" and either "error" or "vectors". */
static void replay_line(struct replay *t, char *line)
{
	/* From the last to the first, for each is cut off. */
	char *vectors = strstr(line, "\"vectors\": ["), *error = take_string(line, "\"error\": \""),
	     *architecture = take_string(line, "\"arch\": \""), *policy = take_string(line, "\"policy\": \"");

	assert_non_null(policy);
	assert_non_null(architecture);
	t->architecture = architecture_find(architecture, strlen(architecture));
	assert_non_null(t->architecture);
	if (error)
		replay_refusal(t, policy, error);
	else
		replay_policy(t, policy, vectors);
}

static void test_golden(void **state)
{
	struct replay t = { .collection = *state };
	_cleanup_free_ char *line = NULL;
	_cleanup_(fclosep) FILE *golden = NULL;
	size_t allocated = 0;
	int fd;

	if (!collection_there(t.collection))
		return;
	fd = openat(t.collection->fd, "golden.jsonl", O_RDONLY | O_CLOEXEC);
	golden = fd >= 0 ? fdopen(fd, "re") : NULL;
	assert_non_null(golden);
	while (getline(&line, &allocated, golden) > 0)
		replay_line(&t, line);
	print_message("golden: %u vectors matched of %u, in %u policies\n", t.matched, t.vectors, t.policies);
	print_message("golden: %u refused as by the other compiler, %u accepted because its table was old\n",
		t.refused, t.accepted);
	assert_int_equal(t.matched, t.vectors);
	assert_int_equal(t.failures, 0);
	assert_true(t.vectors > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests_name("seccomp golden", tests, collection_setup, collection_teardown);
}
