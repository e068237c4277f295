/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files of policies: what is found, what is refused, and that nobody but root decides what a filter says. */

#include "../unit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "messages.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/syscalls.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct seccomp_options untrusted = { .flags = SECCOMP_UNTRUSTED };

struct fixture {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	snprintf(t->path, sizeof(t->path), "/tmp/bailiff-source-XXXXXX");
	if (!mkdtemp(t->path))
		return -1;
	t->fd = open(t->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->fd < 0 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	(void)nftw(t->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	(void)fd_close(t->fd);
	free(t);
	return 0;
}

static void put(const struct fixture *t, const char *name, const char *text)
{
	int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_directory(const struct fixture *t, const char *name)
{
	assert_int_equal(mkdirat(t->fd, name, 0755), 0);
}

/* Compiles and holds result and first diagnostic (NULL: none) to what is expected. */
static void expect_flags(
	const struct fixture *t, const char *name, unsigned flags, int wanted, const char *diagnostic)
{
	_cleanup_free_ char *display = NULL;
	const struct seccomp_options options = { .flags = flags };
	struct seccomp_result result;
	int r;

	assert_true(asprintf(&display, "etc/%s", name) > 0);
	r = seccomp_compile_file(t->fd, name, display, &options, &result);
	if (diagnostic && result.diagnostics)
		assert_string_equal(result.diagnostics[0].rendered, diagnostic);
	else if (diagnostic)
		fail_msg("no diagnostic, %d instead of: %s", r, diagnostic);
	else if (result.diagnostics)
		fail_msg("%s", result.diagnostics[0].rendered);
	assert_int_equal(r, wanted);
	assert_true((result.filter != NULL) == (r == 0));
	seccomp_result_done(&result);
}

/* Whoever runs the test owns the files; what others may change has its own test. */
static void expect(const struct fixture *t, const char *name, int wanted, const char *diagnostic)
{
	expect_flags(t, name, SECCOMP_UNTRUSTED, wanted, diagnostic);
}

/* Compiles with the flags, and returns the messages. */
static char *say(const struct fixture *t, const char *name, unsigned flags)
{
	const struct seccomp_options options = { .flags = SECCOMP_UNTRUSTED | flags };
	struct seccomp_result result;
	char *messages;

	(void)seccomp_compile_file(t->fd, name, name, &options, &result);
	messages = messages_of(&result);
	seccomp_result_done(&result);
	return messages;
}

static void expect_words(const struct fixture *t, const char *name, unsigned flags, const char *words)
{
	_cleanup_free_ char *messages = say(t, name, flags);

	assert_string_equal(messages, words);
}

static void test_includes(void **state)
{
	const struct fixture *t = *state;

	put_directory(t, "sub");
	put_directory(t, "sub/deeper");
	put(t, "a", "@include b\n@include ./sub/c # with a comment\nread: 1\n");
	put(t, "b", "write: 1");
	put(t, "sub/c", "@include ../sub/deeper/d\n@include deeper/e\n");
	put(t, "sub/deeper/d", "close: 1\n");
	put(t, "sub/deeper/e", "@include ../../f\n");
	put(t, "f", "openat: 1\n");
	expect(t, "a", 0, NULL);
	expect(t, "./sub//../a", 0, NULL);
	expect(t, "sub/c", 0, NULL);
}

static void test_absolute_include(void **state)
{
	const struct fixture *t = *state;
	char text[200];

	put(t, "b", "write: 1\n@include c\n");
	put(t, "c", "close: 1\n");
	snprintf(text, sizeof(text), "@include %s/b\nread: 1\n", t->path);
	put(t, "a", text);
	expect(t, "a", 0, NULL);
}

static void test_include_chain_is_shown(void **state)
{
	const struct fixture *t = *state;

	put_directory(t, "sub");
	put(t, "a", "read: 1\n  @include sub/b\n");
	put(t, "sub/b", "@include ./c");
	put(t, "sub/c", "close: 1\nraed: 1\n");
	expect(t, "a", -EBADMSG,
		"etc/sub/c(2:1): error: unknown system call `raed`; did you mean `read`?\n"
		"    raed: 1\n"
		"    ^^^^\n"
		"    included from etc/sub/b(1:10)\n"
		"    included from etc/a(2:12)");
}

static void test_conflict_across_files(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "read: 1\n@include b\n");
	put(t, "b", "read: kill\n");
	expect(t, "a", -EBADMSG,
		"etc/b(1:7): error: `read` has an unconditional action already\n"
		"    read: kill\n"
		"          ^^^^\n"
		"    included from etc/a(2:10)\n"
		"etc/a(1:7): note: here it is\n"
		"    read: 1\n"
		"          ^");
}

static void test_cycles(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "@include b");
	put(t, "b", "@include ./a");
	expect(t, "a", -EBADMSG,
		"etc/b(1:10): error: the file includes itself, directly or through others\n"
		"    @include ./a\n"
		"             ^^^\n"
		"    included from etc/a(1:10)");
	put(t, "self", "@include self");
	expect(t, "self", -EBADMSG,
		"etc/self(1:10): error: the file includes itself, directly or through others\n"
		"    @include self\n"
		"             ^^^^");
}

static void put_chain(const struct fixture *t, unsigned n)
{
	char name[16], text[32];

	for (unsigned i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "%u", i);
		snprintf(text, sizeof(text), i < n ? "@include %u" : "read: 1", i + 1);
		put(t, name, text);
	}
}

static void test_depth(void **state)
{
	const struct fixture *t = *state;
	struct seccomp_result result;

	put_chain(t, 10);
	expect(t, "1", 0, NULL);
	put_chain(t, 11);
	assert_int_equal(seccomp_compile_file(t->fd, "1", "1", &untrusted, &result), -EBADMSG);
	assert_ptr_equal(strstr(result.diagnostics[0].rendered,
				 "10(1:10): error: more than 10 files include each other\n"),
		result.diagnostics[0].rendered);
	seccomp_result_done(&result);
}

/* Ten includes of ten includes of …: stopped by the number of files, long before the depth. */
static void test_fan(void **state)
{
	const struct fixture *t = *state;
	struct seccomp_result result;

	put(t, "a", "@include b\n@include b\n@include b\n@include b\n@include b\n@include b\n@include b\n");
	put(t, "b", "@include c\n@include c\n@include c\n@include c\n@include c\n@include c\n@include c\n");
	put(t, "c", "@include d\n@include d\n@include d\n@include d\n@include d\n@include d\n@include d\n");
	put(t, "d", "900: arg0 == 1\n");
	assert_int_equal(seccomp_compile_file(t->fd, "a", "a", &untrusted, &result), -EBADMSG);
	assert_non_null(strstr(result.diagnostics[0].rendered,
		"error: the file is too large, or there are too many files\n"));
	seccomp_result_done(&result);
}

static void test_outside(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "@include ../etc/passwd");
	expect(t, "a", -EBADMSG,
		"etc/a(1:10): error: the file lies outside of the directory of policies\n"
		"    @include ../etc/passwd\n"
		"             ^^^^^^^^^^^^^");
	expect(t, "../a", -EXDEV, "etc/../a: error: the file lies outside of the directory of policies");
	expect(t, "/a", -EXDEV, "etc//a: error: the file lies outside of the directory of policies");
}

/* A user's own tree, where links and ".." mean what they mean to everybody. */
static void test_anywhere(void **state)
{
	const struct fixture *t = *state;

	put_directory(t, "sub");
	put_directory(t, "other");
	put_directory(t, "other/deep");
	put(t, "a", "read: 1\n");
	put(t, "other/a", "write: 1\n@include deep/loop\n");
	assert_int_equal(symlinkat("../../sub/b", t->fd, "other/deep/loop"), 0);
	assert_int_equal(symlinkat("other/deep", t->fd, "way"), 0);
	assert_int_equal(symlinkat("a", t->fd, "link"), 0);
	put(t, "sub/b", "@include ../link\n@include ../way/../a\n");
	put(t, "sub/c", "@include ../../nonexistent\n");
	expect_flags(t, "link", SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE, 0, NULL);
	assert_int_equal(symlinkat("self", t->fd, "self"), 0);
	expect_flags(t, "self", SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE, -ELOOP,
		"etc/self: error: the file is reached through a symbolic link in /proc, or one that leads to "
		"itself");
	/* what "way/.." is, the kernel says: "other", not the directory that "way" is in */
	expect_flags(t, "sub/b", SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE, -EBADMSG,
		"etc/sub/../way/../a(2:10): error: the file includes itself, directly or through others\n"
		"    @include deep/loop\n"
		"             ^^^^^^^^^\n"
		"    included from etc/sub/b(2:10)");
	expect_flags(t, "sub/c", SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE, -EBADMSG,
		"etc/sub/c(1:10): error: the file does not exist\n"
		"    @include ../../nonexistent\n"
		"             ^^^^^^^^^^^^^^^^^");
}

/* What only a user's own tree lets through, a profile could not use. */
static void test_stray(void **state)
{
	const struct seccomp_options options = { .flags = SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE |
							  SECCOMP_WARNINGS };
	const struct fixture *t = *state;
	struct seccomp_result result;

	put(t, "a", "900: 1\n");
	put(t, "b", "901: 1\n");
	put_directory(t, "sub");
	assert_int_equal(symlinkat("a", t->fd, "link"), 0);
	put(t, "c", "@include link\n@include ./sub/../b\n");
	assert_int_equal(seccomp_compile_file(t->fd, "c", "c", &options, &result), 0);
	assert_int_equal(result.n_diagnostics, 1);
	assert_string_equal(result.diagnostics[0].code, "stray-include");
	assert_int_equal(result.diagnostics[0].place.line, 1);
	seccomp_result_done(&result);
	put(t, "c", "@include link # lint: allow stray-include\n");
	assert_int_equal(seccomp_compile_file(t->fd, "c", "c", &options, &result), 0);
	assert_int_equal(result.n_diagnostics, 0);
	seccomp_result_done(&result);
}

static void test_not_found(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "@include b\nraed: 1");
	expect(t, "a", -EBADMSG,
		"etc/a(1:10): error: the file does not exist\n"
		"    @include b\n"
		"             ^");
	expect(t, "b", -ENOENT, "etc/b: error: the file does not exist");
}

static void test_odd_files(void **state)
{
	const struct fixture *t = *state;

	put_directory(t, "sub");
	put(t, "a", "read: 1");
	put(t, "sub/b", "@include link");
	assert_int_equal(symlinkat("a", t->fd, "link"), 0);
	assert_int_equal(symlinkat("../a", t->fd, "sub/link"), 0);
	assert_int_equal(symlinkat("sub", t->fd, "way"), 0);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0644), 0);
	expect(t, "link", -ELOOP, "etc/link: error: the file is, or is reached through, a symbolic link");
	expect(t, "way/b", -ELOOP, "etc/way/b: error: the file is, or is reached through, a symbolic link");
	expect(t, "sub/b", -EBADMSG,
		"etc/sub/b(1:10): error: the file is, or is reached through, a symbolic link\n"
		"    @include link\n"
		"             ^^^^");
	put(t, "zero", "@include /dev/zero\n@include /dev\n@include /\n");
	expect_words(t, "zero", 0,
		"zero(1:10): error: the file is not a regular file|"
		"zero(2:10): error: the file is not a regular file|"
		"zero(3:10): error: the file is not a regular file");
	expect(t, "sub", -EINVAL, "etc/sub: error: the file is not a regular file");
	expect(t, ".", -EISDIR, "etc/.: error: the file is not a regular file");
	expect(t, "", -EISDIR, "etc/: error: the file is not a regular file");
	expect(t, "fifo", -EINVAL, "etc/fifo: error: the file is not a regular file");
	expect(t, "a/b", -ENOTDIR, "etc/a/b: error: the file cannot be read: Not a directory");
}

static void test_large_file(void **state)
{
	const struct fixture *t = *state;
	int fd;

	put(t, "a", "");
	fd = openat(t->fd, "a", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, POLICY_BYTES_MAX + 1), 0);
	(void)fd_close(fd);
	expect(t, "a", -EFBIG, "etc/a: error: the file is too large, or there are too many files");
}

/* Every file of a deny list says that it is one. */
static void test_denylist(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "@denylist\n@include b\n900: return EPERM\n");
	put(t, "b", "# more\n@denylist\n901: return EPERM\n");
	put(t, "c", "902: return EPERM\n903: return EPERM\n");
	put(t, "d", "@denylist\n@include c\n");
	put(t, "e", "900: 1\n@include b\n");
	put(t, "f", "@include b\n@denylist\n");
	put(t, "g", "@denylist\n@include h\n");
	put(t, "h", "@default kill\n");
	expect_words(t, "a", SECCOMP_DENYLIST, "");
	expect_words(t, "d", SECCOMP_DENYLIST,
		"c(1:1): error: this belongs to a deny list, so that its file must begin with `@denylist`, "
		"too");
	expect_words(t, "e", SECCOMP_DENYLIST,
		"b(2:1): error: a deny list can't be included in a list of what is allowed");
	expect_words(t, "f", SECCOMP_DENYLIST,
		"b(2:1): error: a deny list can't be included in a list of what is allowed|"
		"f(2:1): error: `@denylist` must stand before everything else in its file");
	expect_words(t, "g", SECCOMP_DENYLIST,
		"h(1:1): error: a deny list allows what it does not name: it has no other default");
	expect_words(t, "a", 0,
		"a(1:1): error: a deny list would let through every system call that nobody thought of; list "
		"those that are allowed|"
		"b(2:1): error: a deny list would let through every system call that nobody thought of; list "
		"those that are allowed");
}

static uint64_t weight_of(const struct seccomp_result *result, const char *name)
{
	uint32_t number;

	assert_int_equal(syscall_lookup(result->loaded->policy.architecture, name, strlen(name), &number), 0);
	return policy_find(&result->loaded->policy, number)->weight;
}

/* Frequencies are found as includes are, add up, and are kept for those calls that the policy names. */
static void test_frequencies(void **state)
{
	const struct seccomp_options options = { .flags = SECCOMP_UNTRUSTED | SECCOMP_KEEP };
	const struct fixture *t = *state;
	struct seccomp_result with, without;

	put_directory(t, "sub");
	put(t, "a",
		"@frequency ./sub/f # as counted\n@include sub/b\nread: 1\nclose: return EPERM\n@swap: 1\n");
	put(t, "sub/b", "@frequency g\nwrite: arg0 == 1\n");
	put(t, "sub/f",
		"# strace -c\nread: \\\n  10\nread: 5\nlseek: 7\n900: 3\nsysfs[arch=i386]: 4\n"
		"_llseek: 3\n@swap: 100\nswapoff: 0x10\n@cpu-emulation: 2\nclose: 99999999999999\n"
		"close: 18446744073709551615\n");
	put(t, "sub/g", "write: 3\nread: 1");
	put(t, "plain", "@include sub/plain\nread: 1\nclose: return EPERM\n@swap: 1\n");
	put(t, "sub/plain", "write: arg0 == 1\n");
	assert_int_equal(seccomp_compile_file(t->fd, "a", "a", &options, &with), 0);
	assert_int_equal(seccomp_compile_file(t->fd, "plain", "plain", &options, &without), 0);
	assert_int_equal(with.loaded->policy.n_entries, without.loaded->policy.n_entries);
	assert_int_equal(weight_of(&with, "read"), 17);
	assert_int_equal(weight_of(&with, "write"), 4);
	assert_int_equal(weight_of(&with, "swapon"), 101);
	assert_int_equal(weight_of(&with, "swapoff"), 117);
	assert_int_equal(weight_of(&with, "close"), POLICY_WEIGHT_MAX);
	assert_int_equal(weight_of(&without, "read"), 1);
	seccomp_result_done(&with);
	seccomp_result_done(&without);
}

/* A file of frequencies has nothing but counts, and is held to what holds for includes. */
static void test_wrong_frequencies(void **state)
{
	const struct fixture *t = *state;

	put(t, "a", "@frequency f\nraed: 1\n");
	put(t, "f",
		"read\nwrite: often\nclose: -1\nreed: 5\n: 5\nlseek: 5 6\n{dup, dup2}: 1\n"
		"@swpa: 1\n@include a\nread: 1\nread: 18446744073709551616\n");
	expect_words(t, "a", 0,
		"f(1:5): error: expected `:`, but the line ends|"
		"f(2:8): error: expected how often the system call is made, a number, not `often`|"
		"f(3:8): error: expected how often the system call is made, a number, not `-1`|"
		"f(4:1): error: unknown system call `reed`; did you mean `read`?|"
		"f(5:1): error: expected a system call's name, not `:`|"
		"f(6:10): error: expected the end of the line, not `6`|"
		"f(7:1): error: expected a system call's name, not `{`|"
		"f(8:1): error: unknown group of system calls `@swpa`; did you mean `@swap`?|"
		"f(9:1): error: unknown group of system calls `@include`|"
		"f(11:7): error: the number does not fit into 64 bits|"
		"a(2:1): error: unknown system call `raed`; did you mean `read`?");
	put(t, "b", "@frequency b\n");
	expect_words(t, "b", 0, "b(1:12): error: the file includes itself, directly or through others");
	put(t, "c", "@frequency nothing\n@frequency ../x\n@frequency .\n");
	expect_words(t, "c", 0,
		"c(1:12): error: the file does not exist|"
		"c(2:12): error: the file lies outside of the directory of policies|"
		"c(3:12): error: the file is not a regular file");
}

/* Only root may change what a filter says: the file, what it includes, and the directories they lie in. */
static void test_trust(void **state)
{
	static const char
		file[] = "etc/a: error: the file can be changed by others than root",
		below[] = "etc/sub/b: error: the file lies in a directory that others than root may change";
	const struct fixture *t = *state;

	if (geteuid() != 0)
		skip();
	put_directory(t, "sub");
	put(t, "a", "@include sub/b\n");
	put(t, "sub/b", "read: 1\n");
	put(t, "frequent", "@frequency sub/b\n");
	expect_flags(t, "a", 0, 0, NULL);
	expect_flags(t, "frequent", 0, 0, NULL);
	expect_flags(t, "sub/b", 0, 0, NULL);
	assert_int_equal(fchmodat(t->fd, "a", 0664, 0), 0);
	expect_flags(t, "a", 0, -EPERM, file);
	expect_flags(t, "a", SECCOMP_UNTRUSTED, 0, NULL);
	assert_int_equal(fchmodat(t->fd, "a", 0644, 0), 0);
	assert_int_equal(fchownat(t->fd, "a", 1, 0, 0), 0);
	expect_flags(t, "a", 0, -EPERM, file);
	assert_int_equal(fchownat(t->fd, "a", 0, 0, 0), 0);
	assert_int_equal(fchmodat(t->fd, "sub", 0777, 0), 0);
	expect_flags(t, "sub/b", 0, -EPERM, below);
	expect_flags(t, "a", 0, -EBADMSG,
		"etc/a(1:10): error: the file lies in a directory that others than root may change\n"
		"    @include sub/b\n"
		"             ^^^^^");
	expect_flags(t, "frequent", 0, -EBADMSG,
		"etc/frequent(1:12): error: the file lies in a directory that others than root may change\n"
		"    @frequency sub/b\n"
		"               ^^^^^");
	assert_int_equal(fchmodat(t->fd, "sub", 0755, 0), 0);
	assert_int_equal(fchownat(t->fd, "sub/b", 1, 0, 0), 0);
	expect_flags(t, "a", 0, -EBADMSG,
		"etc/a(1:10): error: the file can be changed by others than root\n"
		"    @include sub/b\n"
		"             ^^^^^");
}

/* An absolute include is held to the same: /tmp is for everyone. */
static void test_trust_absolute(void **state)
{
	const struct fixture *t = *state;
	struct seccomp_result result;
	char text[200];

	if (geteuid() != 0)
		skip();
	put(t, "b", "read: 1\n");
	snprintf(text, sizeof(text), "@include %s/b\n", t->path);
	put(t, "a", text);
	assert_int_equal(seccomp_compile_file(t->fd, "a", "a", NULL, &result), -EBADMSG);
	assert_non_null(strstr(
		result.diagnostics[0].rendered, "lies in a directory that others than root may change"));
	seccomp_result_done(&result);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_includes),
		CASE(test_absolute_include),
		CASE(test_include_chain_is_shown),
		CASE(test_conflict_across_files),
		CASE(test_cycles),
		CASE(test_depth),
		CASE(test_fan),
		CASE(test_outside),
		CASE(test_anywhere),
		CASE(test_stray),
		CASE(test_not_found),
		CASE(test_odd_files),
		CASE(test_large_file),
		CASE(test_denylist),
		CASE(test_frequencies),
		CASE(test_wrong_frequencies),
		CASE(test_trust),
		CASE(test_trust_absolute),
	};

	return cmocka_run_group_tests_name("seccomp sources", tests, NULL, NULL);
}
