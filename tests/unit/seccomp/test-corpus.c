/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The project's own corpus of policies, one construct or one mistake each: good ones with the verdicts that
 * they must give, bad ones and doubtful ones with the exact words about them. tests/policies/README.md has
 * the format.
 */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"
#include "vector.h"

#include <fcntl.h>
#include <linux/version.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define OPTIONS_MARK "#:" /* begins a first line that says how to compile the policy */
#define POLICY_END   ".policy"

struct corpus {
	int top_fd; /* tests/policies */
	char *root; /* where its absolute includes start */
	unsigned failures;
};

/* A policy of the corpus and what is asked of it. */
struct sample {
	struct corpus *corpus;
	const char *folder;
	char *name; /* without the ending */
	char *file;
	char *expected;
	int dir_fd;
	struct seccomp_options options;
	struct seccomp_result results[_ARCHITECTURE_MAX]; /* of good ones, as far as compiled */
};

static void sample_done(struct sample *s)
{
	for (size_t i = 0; i < ELEMENTS(s->results); i++)
		seccomp_result_done(&s->results[i]);
	free(s->name);
	free(s->file);
	free(s->expected);
	(void)fd_close(s->dir_fd);
}

/* The file's text, "" when there is none. */
static char *read_text(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	if (fd < 0)
		return strdup("");
	assert_int_equal(read_fd_to_end(fd, POLICY_BYTES_MAX, &text, &size), 0);
	return text;
}

static void read_options(struct sample *s)
{
	_cleanup_free_ char *text = read_text(s->dir_fd, s->file);
	_cleanup_(strv_freep) char **words = NULL;
	unsigned major, minor;

	s->options = (struct seccomp_options){
		.architecture = &architectures[ARCHITECTURE_X86_64],
		.flags = SECCOMP_UNTRUSTED,
		.root = s->corpus->root,
	};
	if (strncmp(text, OPTIONS_MARK, strlen(OPTIONS_MARK)) != 0)
		return;
	text[strcspn(text, "\r\n")] = '\0';
	assert_int_equal(strv_split(text + strlen(OPTIONS_MARK), " ", &words), 0);
	STRV_FOREACH (word, words)
		if (strcmp(*word, "denylist") == 0)
			s->options.flags |= SECCOMP_DENYLIST;
		else if (sscanf(*word, "kernel=%u.%u", &major, &minor) == 2)
			s->options.kernel = KERNEL_VERSION(major, minor, 0);
		else
			s->options.architecture = architecture_find(*word, strlen(*word));
	if (!s->options.architecture)
		fail_msg("%s/%s: no such option in its first line", s->folder, s->file);
}

static struct sample sample_open(struct corpus *corpus, const char *folder, const char *file)
{
	struct sample s = { .corpus = corpus, .folder = folder, .file = strdup(file) };
	_cleanup_free_ char *expectation = NULL;

	s.name = strndup(file, strlen(file) - strlen(POLICY_END));
	s.dir_fd = openat(corpus->top_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.dir_fd >= 0);
	assert_true(asprintf(&expectation, "%s.expect", s.name) > 0);
	s.expected = read_text(s.dir_fd, expectation);
	read_options(&s);
	return s;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The policies that lie directly in a folder; what they include lies below. */
static char **list_policies(struct corpus *corpus, const char *folder)
{
	_cleanup_(closedirp) DIR *dir = fdopendir(openat(corpus->top_fd, folder, O_RDONLY | O_CLOEXEC));
	char **names = NULL;

	assert_non_null(dir);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		const char *end = strrchr(entry->d_name, '.');

		if (end && strcmp(end, POLICY_END) == 0)
			assert_int_equal(strv_extend(&names, entry->d_name), 0);
	}
	assert_non_null(names);
	qsort(names, strv_length(names), sizeof(*names), compare_names);
	return names;
}

/* One failure does not keep the others from being shown. */
static void fail_sample(const struct sample *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail_sample(const struct sample *s, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, format);
	assert_true(vasprintf(&text, format, ap) >= 0);
	va_end(ap);
	print_error("%s/%s: %s\n", s->folder, s->file, text);
	s->corpus->failures++;
}

/* NULL when it can't be compiled. */
static const struct seccomp_result *compiled(struct sample *s, const struct architecture *a)
{
	struct seccomp_options options = s->options;
	struct seccomp_result *result = &s->results[a->id];

	if (result->filter || result->n_diagnostics > 0)
		return result->filter ? result : NULL;
	options.architecture = a;
	options.flags |= SECCOMP_KEEP;
	if (seccomp_compile_file(s->dir_fd, s->file, s->file, &options, result) == 0)
		return result;
	for (size_t i = 0; i < result->n_diagnostics; i++)
		fail_sample(s, "on %s: %s", a->name, result->diagnostics[i].rendered);
	return NULL;
}

static void check_vector(struct sample *s, const struct architecture *a, const char *line)
{
	const struct seccomp_result *result = compiled(s, a);
	uint32_t expected, simulated, evaluated;
	struct seccomp_data data;

	if (!result)
		return;
	vector_resolve(line, a, &data, &expected);
	assert_int_equal(filter_simulate(result->filter, result->n_filter, &data, &simulated), 0);
	evaluated = policy_evaluate(&result->loaded->policy, &data);
	if (simulated != expected || evaluated != expected)
		fail_sample(s, "%s, on %s: the filter says 0x%x, the policy 0x%x", line, a->name, simulated,
			evaluated);
}

static bool same_program(const struct seccomp_result *a, const struct seccomp_result *b)
{
	return a->n_filter == b->n_filter &&
	       memcmp(a->filter, b->filter, a->n_filter * sizeof(*a->filter)) == 0;
}

/* Two spellings of one policy make one program. */
static void check_same(struct sample *s, const char *other)
{
	_cleanup_free_ char *file = NULL;
	const struct seccomp_result *ours = compiled(s, s->options.architecture), *theirs;

	assert_true(asprintf(&file, "%s" POLICY_END, other) > 0);
	_cleanup_(sample_done) struct sample o = sample_open(s->corpus, s->folder, file);
	theirs = compiled(&o, s->options.architecture);
	if (!ours || !theirs)
		return;
	if (!same_program(ours, theirs))
		fail_sample(s, "not the same program as %s", file);
}

/* Returns how many expectations the line held. */
static unsigned check_line(struct sample *s, const char *line)
{
	static const char same[] = "same-as ";
	unsigned wanted, n = 0;

	if (line[0] == '#')
		return 0;
	if (strncmp(line, same, strlen(same)) == 0) {
		check_same(s, line + strlen(same));
		return 1;
	}
	wanted = vector_architectures(line, 1U << s->options.architecture->id);
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (wanted & 1U << i) {
			check_vector(s, &architectures[i], line);
			n++;
		}
	return n;
}

static unsigned steal_failures(struct corpus *corpus)
{
	unsigned n = corpus->failures;

	corpus->failures = 0;
	return n;
}

static void test_good(void **state)
{
	struct corpus *corpus = *state;
	_cleanup_(strv_freep) char **files = list_policies(corpus, "good");
	unsigned verdicts = 0;

	STRV_FOREACH (file, files) {
		_cleanup_(sample_done) struct sample s = sample_open(corpus, "good", *file);
		_cleanup_(strv_freep) char **lines = NULL;
		unsigned n = 0;

		assert_int_equal(strv_split(s.expected, "\n", &lines), 0);
		STRV_FOREACH (line, lines)
			n += check_line(&s, *line);
		if (n == 0)
			fail_sample(&s, "its .expect file expects nothing");
		verdicts += n;
	}
	print_message("corpus: %zu good policies with %u verdicts\n", strv_length(files), verdicts);
	assert_int_equal(steal_failures(corpus), 0);
}

static void print_diagnostic(FILE *f, const struct seccomp_diagnostic *d)
{
	fprintf(f, "-- %s %zu:%zu %zu", d->code, d->place.line, d->place.column, d->place.length);
	if (d->suggestion)
		fprintf(f, " -> %s", d->suggestion);
	fprintf(f, "\n%s\n", d->rendered);
}

static char *print_diagnostics(const struct seccomp_result *result)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < result->n_diagnostics; i++)
		print_diagnostic(f, &result->diagnostics[i]);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* Holds the words to the expected ones, or makes them the expected ones, for somebody to read the difference.
 */
static void check_words(const struct sample *s, const struct seccomp_result *result)
{
	_cleanup_free_ char *words = print_diagnostics(result), *name = NULL;
	_cleanup_close_ int fd = -1;

	if (strcmp(words, s->expected) == 0)
		return;
	if (!getenv("BAILIFF_UPDATE_GOLDEN")) {
		fail_sample(s, "other words than expected:\n%s\ninstead of:\n%s", words, s->expected);
		return;
	}
	assert_true(asprintf(&name, "%s.expect", s->name) > 0);
	fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, words, strlen(words)), 0);
	print_message("written anew: %s/%s\n", s->folder, name);
}

static void test_bad(void **state)
{
	struct corpus *corpus = *state;
	_cleanup_(strv_freep) char **files = list_policies(corpus, "bad");
	size_t errors = 0;

	STRV_FOREACH (file, files) {
		_cleanup_(sample_done) struct sample s = sample_open(corpus, "bad", *file);
		struct seccomp_result *result = &s.results[0];
		int r = seccomp_compile_file(s.dir_fd, s.file, s.file, &s.options, result);

		if (r != -EBADMSG || result->filter || result->n_diagnostics == 0)
			fail_sample(&s, "result %d, %zu messages", r, result->n_diagnostics);
		check_words(&s, result);
		errors += result->n_diagnostics;
	}
	print_message("corpus: %zu bad policies with %zu errors\n", strv_length(files), errors);
	assert_int_equal(steal_failures(corpus), 0);
}

static void test_warn(void **state)
{
	struct corpus *corpus = *state;
	_cleanup_(strv_freep) char **files = list_policies(corpus, "warn");
	size_t warnings = 0;

	STRV_FOREACH (file, files) {
		_cleanup_(sample_done) struct sample s = sample_open(corpus, "warn", *file);
		struct seccomp_result *plain = &s.results[0], *warned = &s.results[1];

		(void)seccomp_compile_file(s.dir_fd, s.file, s.file, &s.options, plain);
		s.options.flags |= SECCOMP_WARNINGS;
		(void)seccomp_compile_file(s.dir_fd, s.file, s.file, &s.options, warned);
		if (!plain->filter || plain->n_diagnostics > 0)
			fail_sample(&s, "not good even without warnings");
		else if (!same_program(plain, warned))
			fail_sample(&s, "the warnings change the program");
		check_words(&s, warned);
		warnings += warned->n_diagnostics;
	}
	print_message("corpus: %zu doubtful policies with %zu warnings\n", strv_length(files), warnings);
	assert_int_equal(steal_failures(corpus), 0);
}

static int setup(void **state)
{
	static struct corpus corpus;
	const char *source = getenv("BAILIFF_SOURCE_ROOT");
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/tests/policies", source ? source : ".") < 0 ||
		asprintf(&corpus.root, "%s/root", path) < 0)
		return -1;
	corpus.top_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = &corpus;
	return corpus.top_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct corpus *corpus = *state;

	free(corpus->root);
	(void)fd_close(corpus->top_fd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_warn),
	};

	return cmocka_run_group_tests_name("seccomp corpus", tests, setup, teardown);
}
