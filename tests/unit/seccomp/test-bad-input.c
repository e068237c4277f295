/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Input that nobody means well: too much of everything, files that are none, bytes of every kind. Each ends
 * in a clear error, or in a program, within bounded time and memory. Every case runs in a process of its own,
 * which the kernel ends when it takes more than it may.
 */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SEC      60                    /* against what hangs; a case takes less than one */
#define DOUBTFUL_SEC  8                     /* against what grows with the square; it takes the same */
#define SOME_ERROR    ""                    /* whichever */
#define CASE_MEMORY   (512UL * 1024 * 1024) /* address space, of which the program itself has some */
#define CASE_RESIDENT (256L * 1024)         /* KiB */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

/* A directory with what the case needs. */
struct fixture {
	char path[32];
	int fd;
	unsigned flags;   /* of the compiler, for the next case */
	long most_memory; /* KiB, of all cases */
	double slowest;   /* seconds */
	const char *slowest_case;
};

static int setup(void **state)
{
	static struct fixture t;

	memcpy(t.path, "/tmp/bailiff-bad-input-XXXXXX", sizeof("/tmp/bailiff-bad-input-XXXXXX"));
	if (!mkdtemp(t.path))
		return -1;
	t.fd = open(t.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = &t;
	return t.fd < 0 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	print_message("bad input: at most %ld MiB of memory and %.2f s (%s)\n", t->most_memory / 1024,
		t->slowest, t->slowest_case);
	(void)nftw(t->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	(void)fd_close(t->fd);
	return 0;
}

static void put(const struct fixture *t, const char *name, const char *text, size_t size)
{
	_cleanup_close_ int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, text, size), 0);
}

static void put_text(const struct fixture *t, const char *name, const char *text)
{
	put(t, name, text, strlen(text));
}

/* @count times the same. */
static void put_many(const struct fixture *t, const char *name, const char *text, size_t size, size_t count)
{
	_cleanup_free_ char *all = malloc(size * count);

	assert_non_null(all);
	for (size_t i = 0; i < count; i++)
		memcpy(all + i * size, text, size);
	put(t, name, all, size * count);
}

static bool as_expected(const struct seccomp_result *result, int r, const char *code)
{
	size_t errors = 0;

	for (size_t i = 0; i < result->n_diagnostics; i++)
		errors += result->diagnostics[i].severity == SECCOMP_ERROR;
	if (!code)
		return r == 0 && result->filter && errors == 0;
	if (r >= 0 || r == -ENOMEM || result->filter || errors == 0)
		return false;
	return strcmp(code, SOME_ERROR) == 0 || strcmp(code, result->diagnostics[0].code) == 0;
}

/* In the process of the case. @code: of the first error; NULL: there is none. Returns the exit status. */
static int judge(const struct fixture *t, const char *code)
{
	struct seccomp_options options = {
		.architecture = &architectures[ARCHITECTURE_X86_64],
		.flags = SECCOMP_UNTRUSTED | t->flags,
	};
	struct seccomp_result result;
	int r = seccomp_compile_file(t->fd, "policy", "policy", &options, &result);

	if (as_expected(&result, r, code))
		return 0;
	fprintf(stderr, "result %d, expected: %s\n", r, code ? code : "a program");
	if (result.n_diagnostics > 0)
		fprintf(stderr, "%s: %s\n", result.diagnostics[0].code, result.diagnostics[0].rendered);
	return 1;
}

static void note_time(struct fixture *t, const struct rusage *usage, const char *what)
{
	double taken = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
		       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;

	if (taken <= t->slowest)
		return;
	t->slowest = taken;
	t->slowest_case = what;
}

static void expect(struct fixture *t, const char *code, const char *what)
{
	const struct rlimit memory = { .rlim_cur = CASE_MEMORY, .rlim_max = CASE_MEMORY };
	struct rusage usage;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)alarm(t->flags != 0 && !SANITIZED ? DOUBTFUL_SEC : CASE_SEC);
		/* A sanitizer's shadow alone has more addresses. */
		if (!SANITIZED && setrlimit(RLIMIT_AS, &memory) < 0)
			_exit(2);
		_exit(judge(t, code));
	}
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (WIFSIGNALED(status))
		fail_msg("%s: ended by signal %d", what, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		fail_msg("%s: not what was expected", what);
	if (!SANITIZED && usage.ru_maxrss > CASE_RESIDENT)
		fail_msg("%s: took %ld KiB", what, usage.ru_maxrss);
	if (usage.ru_maxrss > t->most_memory)
		t->most_memory = usage.ru_maxrss;
	note_time(t, &usage, what);
}

/* A text made of one that is repeated. "$" in it stands for 1, 2, 3, ... */
struct repeated {
	const char *name;
	const char *begin, *repeat, *end;
	unsigned count;
	const char *code;
};

static const struct repeated repeated[] = {
	/* too long for a program; no two values are neighbours, which could be tested together */
	{ "10,000 atoms", "901: arg0 == 0", " || arg0 == $3", "\n", 10000, "program-too-large" },
	{ "10,000 atoms of two arguments", "901: arg0 == 0", " || arg0 == $3 && arg1 == $7", "\n", 10000,
		"program-too-large" },
	{ "10,000 ranges", "901: arg0 == 0", " || arg0 > $0 && arg0 < $5", "\n", 10000, "program-too-large" },
	{ "10,000 masks", "901: arg0 == 0", " || arg0 & $3 && arg1 in $7", "\n", 10000, "program-too-large" },
	{ "10,000 atoms, all of which must hold", "901: arg0 != 0", " && arg0 != $3", "\n", 10000,
		"program-too-large" },
	{ "4,095 calls with an answer each", "", "$: return $\n", "", 4095, "program-too-large" },
	{ "10,000 rules in a block", "901: { arg0 == 0", ", arg0 == $; return EPERM", " }\n", 10000,
		"too-many-rules" },
	{ "10,000 statements for a call", "", "901: arg0 == $\n", "", 10000, "too-many-rules" },
	/* long, and nothing else */
	{ "10,000 constants", "901: arg0 == 0", " | $", "\n", 10000, NULL },
	{ "every number in braces", "{ 0", ", $", " }: allow\n", 4095, NULL },
	{ "a comment of 1 MiB", "#", "#", "\n", 1000000, NULL },
	{ "500,000 continued lines", "read: ", "\\\n", "allow\n", 500000, NULL },
	{ "1,000,000 empty lines", "", "\n", "", 1000000, "empty-policy" },
	/* long, and wrong */
	{ "100,000 times the same name", "{ read", ", read", " }: allow\n", 100000, SOME_ERROR },
	{ "a name of 1 MiB", "r", "r", ": allow\n", 1000000, "unknown-syscall" },
	{ "a constant of 1 MiB", "read: arg0 == P", "R", "\n", 1000000, "unknown-constant" },
	{ "a number of 1 MiB", "read: arg0 == 1", "1", "\n", 1000000, "number-range" },
	{ "an argument of 1 MiB", "read: arg1", "1", " == 1\n", 1000000, "argument-number" },
	{ "a path of 1 MiB", "@include ./x", "x", "\n", 1000000, "include-failed" },
	{ "1,000,000 open parentheses", "read: arg0 == ", "(", "\n", 1000000, "too-deep" },
	{ "1,000,000 complements", "read: arg0 == ", "~", "1\n", 1000000, "double-complement" },
	{ "1,000,000 open braces", "", "{", "\n", 1000000, SOME_ERROR },
	{ "100,000 architectures", "read[arch=x86_64", ",x86_64", "]: allow\n", 100000,
		"second-architecture" },
	{ "100,000 misspelt names", "", "reed: 1\n", "", 100000, "unknown-syscall" },
	{ "100,000 misspelt names in braces", "{ reed", ", reed", " }: allow\n", 100000, "unknown-syscall" },
	{ "40,000 misspelt constants", "", "read: arg0 == PROT_EXE\n", "", 40000, "unknown-constant" },
	{ "100,000 misspelt constants in a value", "read: arg0 == 1", "|O_CREA", "\n", 100000,
		"unknown-constant" },
	{ "50,000 misspelt errors", "", "read: return EPREM\n", "", 50000, "unknown-errno" },
	{ "80,000 misspelt actions", "", "read: alow\n", "", 80000, "unknown-action" },
	{ "80,000 misspelt groups", "", "@swpa: allow\n", "", 80000, SOME_ERROR },
	{ "50,000 misspelt architectures", "", "read[arch=x86_46]: 1\n", "", 50000, SOME_ERROR },
	{ "80,000 missing files", "", "@include x\n", "", 80000, "include-failed" },
	{ "70,000 defaults", "", "@default kill\n", "", 70000, "second-default" },
	{ "80,000 contradictions", "", "read: allow\n", "", 80000, "second-unconditional" },
};

static void put_repeated(const struct fixture *t, const char *name, const struct repeated *r)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	fputs(r->begin, f);
	for (unsigned i = 1; i <= r->count; i++)
		for (const char *c = r->repeat; *c; c++)
			if (*c == '$')
				fprintf(f, "%u", i);
			else
				fputc(*c, f);
	fputs(r->end, f);
	assert_int_equal(fclose(f), 0);
	put(t, name, text, size);
}

static void test_repeated(void **state)
{
	for (size_t i = 0; i < ELEMENTS(repeated); i++) {
		put_repeated(*state, "policy", &repeated[i]);
		expect(*state, repeated[i].code, repeated[i].name);
	}
}

/* What warnings are looked for in, and kept away from by a comment, which is no reason to look forever. */
static const struct repeated doubtful[] = {
	{ "60,000 doubtful masks, all of them allowed", "# lint: allow any-bits\n901: arg0 == 0",
		" || arg0 & $3", "\n", 60000, "program-too-large" },
	{ "50,000 negative numbers for a group", "# lint: allow negative-int\n@system-service: arg0 == 0",
		" || arg0 == -$3", "\n", 50000, SOME_ERROR },
	{ "50,000 masks of one condition", "close: arg0 & 3", " && arg0 & $3", "\n", 50000, SOME_ERROR },
	{ "3,000 exceptions for a group",
		"# lint: allow pointer-compared, high-bits\n@system-service: arg0 != 0", " && arg0 != $3",
		"\n", 3000, NULL },
	{ "500 impossible rules for a group",
		"# lint: allow never-true\n@system-service: { arg0 < 0; return 1", ", arg0 < 0; return $",
		" }\n", 500, NULL },
	{ "4,002 dangerous rules", "mount: { arg0 == 0", ", arg1 == $", ", arg0 == 1 }\n", 4000, NULL },
};

static void test_doubtful(void **state)
{
	struct fixture *t = *state;

	t->flags = SECCOMP_WARNINGS;
	for (size_t i = 0; i < ELEMENTS(doubtful); i++) {
		put_repeated(t, "policy", &doubtful[i]);
		expect(t, doubtful[i].code, doubtful[i].name);
	}
	t->flags = 0;
}

static void test_large_files(void **state)
{
	static const char comment[] = "# 16 characters\n";

	put_text(*state, "policy", "");
	expect(*state, "empty-policy", "an empty file");
	put_many(*state, "policy", comment, 16, POLICY_BYTES_MAX / 16);
	expect(*state, NULL, "1 MiB");
	put_many(*state, "policy", comment, 16, POLICY_BYTES_MAX / 16 + 1);
	expect(*state, "unreadable", "more than 1 MiB");
	put_many(*state, "policy", "901: arg0 == 1\n", 15, 10 * 1024 * 1024 / 15);
	expect(*state, "unreadable", "10 MiB");
	put_many(*state, "policy", "", 1, 10 * 1024 * 1024);
	expect(*state, "unreadable", "10 MiB of NUL");
}

/* 1 MiB of each byte. */
static void test_every_byte(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		char c = (char)byte, name[32];

		snprintf(name, sizeof(name), "1 MiB of byte 0x%02x", byte);
		put_many(*state, "policy", &c, 1, POLICY_BYTES_MAX);
		expect(*state, c == '#' ? NULL : SOME_ERROR, name);
	}
}

/* Statements for every call, with as many rules as a call may have. */
static void test_names_times_rules(void **state)
{
	static const struct repeated names = { NULL, "{ 0", ", $", " }: { arg0 == 0", 4095, NULL },
				     rules = { NULL, "", ", arg0 == $3", " }\n", 4000, NULL };
	const struct fixture *t = *state;
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *tail = NULL;
	size_t size;

	put_repeated(t, "tail", &rules);
	fd = openat(t->fd, "tail", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read_fd_to_end(fd, POLICY_BYTES_MAX, &tail, &size), 0);
	put_repeated(t, "policy", &names);
	fd_close(fd);
	fd = openat(t->fd, "policy", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write_full(fd, tail, size), 0);
	expect(*state, SOME_ERROR, "4,096 names times 4,001 rules");
}

static void test_many_counts(void **state)
{
	const struct fixture *t = *state;

	put_many(t, "counts", "@system-service: 1\n", 19, 50000);
	put_text(t, "policy", "@frequency counts\nread: allow\n");
	expect(*state, "too-many-rules", "50,000 counts of a group");
}

static void make_odd_files(const struct fixture *t)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(mkfifoat(t->fd, "fifo", 0644), 0);
	assert_int_equal(mkdirat(t->fd, "directory", 0755), 0);
	assert_int_equal(symlinkat("directory", t->fd, "link"), 0);
	assert_int_equal(symlinkat("nowhere", t->fd, "dangling"), 0);
	assert_int_equal(symlinkat("/dev/zero", t->fd, "zero"), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", t->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

/* Each as an included file, as frequencies, and as the policy itself. */
static void test_odd_files(void **state)
{
	static const char *const files[] = { "fifo", "directory", "link", "dangling", "zero", "socket",
		"/dev/zero", "/dev/null", "/dev/full", "/dev", "/proc/self/mem", "/proc/self/fd/0", "/" };
	const struct fixture *t = *state;

	make_odd_files(t);
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *include = NULL, *frequency = NULL;

		assert_true(asprintf(&include, "@include %s\n", files[i]) > 0);
		assert_true(asprintf(&frequency, "@frequency %s\n", files[i]) > 0);
		put_text(t, "policy", include);
		expect(*state, "include-failed", files[i]);
		put_text(t, "policy", frequency);
		expect(*state, SOME_ERROR, files[i]);
		if (files[i][0] == '/')
			continue;
		assert_int_equal(unlinkat(t->fd, "policy", 0), 0);
		assert_int_equal(renameat(t->fd, files[i], t->fd, "policy"), 0);
		expect(*state, "unreadable", files[i]);
		assert_int_equal(renameat(t->fd, "policy", t->fd, files[i]), 0);
	}
}

static void test_include_fans(void **state)
{
	const struct fixture *t = *state;

	put_text(t, "policy", "@include policy\n");
	expect(*state, "include-failed", "a file that includes itself");
	/* The policy itself is one of the 256. */
	put_text(t, "part", "901: arg0 == 1\n");
	put_many(t, "policy", "@include part\n", 14, POLICY_FILES_MAX - 1);
	expect(*state, NULL, "as many files as may be");
	put_many(t, "policy", "@include part\n", 14, POLICY_FILES_MAX);
	expect(*state, "include-failed", "one file too many");
	put_many(t, "policy", "@include part\n", 14, 70000);
	expect(*state, "include-failed", "70,000 files");
	/* Each includes the next ten times. */
	for (int i = 1; i < 9; i++) {
		char name[8], line[32];

		snprintf(name, sizeof(name), "part-%d", i);
		snprintf(line, sizeof(line), "@include part-%d\n", i + 1);
		put_many(t, name, line, strlen(line), 10);
	}
	put_text(t, "part-9", "901: arg0 == 1\n");
	put_text(t, "policy", "@include part-1\n");
	expect(*state, "include-failed", "a thousand million files");
	put_many(t, "part", "# 16 characters\n", 16, POLICY_BYTES_MAX / 16);
	put_many(t, "policy", "@include part\n", 14, 100);
	expect(*state, "include-failed", "100 MiB of includes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_files),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_doubtful),
		cmocka_unit_test(test_names_times_rules),
		cmocka_unit_test(test_many_counts),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_include_fans),
	};

	return cmocka_run_group_tests_name("seccomp bad input", tests, setup, teardown);
}
