/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Replays verdicts that another compiler of the same language gave for real policies: every one must come out
 * the same. The corpus lies beside the project's sources and is not part of it; without it there is nothing
 * to replay.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct seccomp_options untrusted = { .flags = SECCOMP_UNTRUSTED };

#define LINE_NUMBERS   8 /* of a vector: number, six arguments, verdict */
#define FOREIGN_PREFIX "/usr/share/policy/crosvm/"
#define FOREIGN_DIR    "google+crosvm/jail/seccomp/x86_64"

struct replay {
	int corpus_fd;
	char *scratch; /* directory with the policies whose includes had to be rewritten */
	unsigned policies, vectors, mismatches, unsupported, refused, accepted;
};

static char *read_below(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, POLICY_BYTES_MAX, &text, &size), 0);
	return text;
}

/* Writes the text to the scratch directory, with includes of the installed place made relative. */
static void write_rewritten(const struct replay *t, const char *name, const char *text)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_(fclosep) FILE *f = NULL;
	const char *hit;

	assert_true(asprintf(&path, "%s/%s", t->scratch, name) > 0);
	f = fopen(path, "we");
	assert_non_null(f);
	while ((hit = strstr(text, FOREIGN_PREFIX))) {
		fprintf(f, "%.*s./", (int)(hit - text), text);
		text = hit + strlen(FOREIGN_PREFIX);
	}
	fputs(text, f);
}

static void prepare_scratch(const struct replay *t)
{
	int fd = openat(t->corpus_fd, FOREIGN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir)
		return;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		_cleanup_free_ char *text = NULL;

		if (entry->d_name[0] == '.')
			continue;
		text = read_below(dirfd(dir), entry->d_name);
		write_rewritten(t, entry->d_name, text);
	}
	closedir(dir);
}

static void remove_scratch(const struct replay *t)
{
	DIR *dir = opendir(t->scratch);

	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(t->scratch);
}

static int compile(const struct replay *t, const char *policy, struct seccomp_result *ret)
{
	_cleanup_free_ char *text = read_below(t->corpus_fd, policy);
	_cleanup_close_ int fd = -1;

	if (!strstr(text, FOREIGN_PREFIX))
		return seccomp_compile_file(t->corpus_fd, policy, policy, &untrusted, ret);
	write_rewritten(t, "replayed", text);
	fd = open(t->scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return seccomp_compile_file(fd, "replayed", policy, &untrusted, ret);
}

static bool is_unsupported(const struct seccomp_result *result)
{
	for (size_t i = 0; i < result->n_diagnostics; i++)
		if (strstr(result->diagnostics[i].text, "not supported yet"))
			return true;
	return false;
}

static void replay_vectors(
	struct replay *t, const char *policy, const struct seccomp_result *result, const char *json)
{
	uint64_t numbers[LINE_NUMBERS];
	size_t n = 0;

	for (const char *p = json; *p && *p != '}';) {
		char *end;

		if (*p < '0' || *p > '9') {
			p++;
			continue;
		}
		numbers[n++] = strtoull(p, &end, 10);
		p = end;
		if (n < LINE_NUMBERS)
			continue;
		struct seccomp_data data = { .nr = (int)numbers[0], .arch = AUDIT_ARCH_X86_64 };
		uint32_t action = 0;

		memcpy(data.args, numbers + 1, sizeof(data.args));
		n = 0;
		t->vectors++;
		if (filter_simulate(result->filter, result->n_filter, &data, &action) == 0 &&
			action == numbers[7])
			continue;
		t->mismatches++;
		print_error("%s: system call %d: 0x%x instead of 0x%llx\n", policy, data.nr, action,
			(unsigned long long)numbers[7]);
	}
	assert_int_equal(n, 0);
}

/* One line: an object with "policy", "arch" and either "error" or "vectors". */
static void replay_line(struct replay *t, char *line)
{
	static const char policy_key[] = "\"policy\": \"", vectors_key[] = "\"vectors\": [";
	char *policy = strstr(line, policy_key), *vectors = strstr(line, vectors_key), *end;
	struct seccomp_result result;
	bool native = strstr(line, "\"arch\": \"x86_64\"") != NULL;
	int r;

	assert_non_null(policy);
	if (!native)
		return;
	policy += strlen(policy_key);
	end = strchr(policy, '"');
	assert_non_null(end);
	*end = '\0';
	r = compile(t, policy, &result);
	if (r == -EBADMSG && is_unsupported(&result)) {
		t->unsupported++;
	} else if (!vectors && r < 0) {
		t->refused++;
	} else if (!vectors) {
		print_message("accepted, although the other compiler refused: %s\n", policy);
		t->accepted++;
	} else if (r < 0) {
		print_error("%s\n", result.diagnostics ? result.diagnostics[0].rendered : policy);
		t->mismatches++;
	} else {
		t->policies++;
		replay_vectors(t, policy, &result, vectors + strlen(vectors_key));
	}
	seccomp_result_done(&result);
}

static void test_golden(void **state)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_(fclosep) FILE *golden = NULL;
	_cleanup_close_ int corpus_fd = -1;
	char scratch[] = "/tmp/bailiff-golden-XXXXXX";
	struct replay t = {};
	size_t allocated = 0;

	assert_true(asprintf(&path, "%s/../shared/corpus", root ? root : ".") > 0);
	corpus_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (corpus_fd >= 0) {
		int fd = openat(corpus_fd, "golden.jsonl", O_RDONLY | O_CLOEXEC);

		golden = fd >= 0 ? fdopen(fd, "re") : NULL;
	}
#if !defined(__x86_64__)
	skip();
#endif
	if (!golden)
		skip();
	t.corpus_fd = corpus_fd;
	t.scratch = mkdtemp(scratch);
	assert_non_null(t.scratch);
	prepare_scratch(&t);
	while (getline(&line, &allocated, golden) > 0)
		replay_line(&t, line);
	remove_scratch(&t);
	print_message("golden: %u vectors matched, %u policies skipped as not supported yet\n",
		t.vectors - t.mismatches, t.unsupported);
	print_message(
		"golden: %u policies replayed, %u refused as by the other compiler, %u accepted unlike it\n",
		t.policies, t.refused, t.accepted);
	assert_int_equal(t.mismatches, 0);
	assert_true(t.vectors > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests_name("seccomp golden", tests, NULL, NULL);
}
