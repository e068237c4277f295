/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Warnings: each is given for what it is about, at the right place, and not for the form that is good. */

#include "../unit.h"
#include "base/error.h"
#include "seccomp/lint-arguments.h"
#include "seccomp/lint.h"
#include "seccomp/seccomp.h"
#include "seccomp/syscalls.h"

#include <linux/version.h>
#include <stdio.h>
#include <string.h>

#define SEEN_MAX 1024

struct sample {
	const char *text;
	const char *expected; /* "code line:column …" for each warning; "": none */
};

static void compile(const char *text, enum architecture_id id, unsigned flags, struct seccomp_result *ret)
{
	const struct seccomp_options options = {
		.architecture = &architectures[id],
		.flags = flags,
		.kernel = KERNEL_VERSION(6, 1, 0),
	};
	int r = seccomp_compile_text(text, strlen(text), -1, "t", &options, ret);

	for (size_t i = 0; r < 0 && i < ret->n_diagnostics; i++)
		print_error("%s\n", ret->diagnostics[i].rendered);
	assert_int_equal(r, 0);
}

static void check_on(const struct sample *s, enum architecture_id id, unsigned flags)
{
	_cleanup_(seccomp_result_done) struct seccomp_result result = {}, plain = {};
	char seen[SEEN_MAX] = "";
	size_t n = 0;

	compile(s->text, id, flags | SECCOMP_WARNINGS, &result);
	for (size_t i = 0; i < result.n_diagnostics; i++) {
		const struct seccomp_diagnostic *d = &result.diagnostics[i];

		assert_int_equal(d->severity, SECCOMP_WARNING);
		n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%s%s %zu:%zu", n > 0 ? " " : "", d->code,
			d->place.line, d->place.column);
		assert_true(n < sizeof(seen));
	}
	if (strcmp(seen, s->expected) != 0)
		print_error("%s:\n%s\n", architectures[id].name, s->text);
	assert_string_equal(seen, s->expected);
	/* the program is the same, and the daemon hears nothing */
	compile(s->text, id, flags, &plain);
	assert_int_equal(plain.n_diagnostics, 0);
	assert_int_equal(plain.n_filter, result.n_filter);
	assert_memory_equal(plain.filter, result.filter, plain.n_filter * sizeof(*plain.filter));
}

static void check_all(const struct sample *samples, size_t n, enum architecture_id id)
{
	for (size_t i = 0; i < n; i++)
		check_on(&samples[i], id, 0);
}

static void test_values(void **state)
{
	static const struct sample samples[] = {
		{ "openat: arg2 & O_RDWR|O_CREAT", "any-bits 1:16" },
		{ "openat: arg2 & (O_RDWR|O_CREAT) || arg2 == 0", "any-bits 1:16" },
		{ "openat: arg2 in O_RDWR|O_CREAT", "" }, { "openat: arg2 & O_CREAT", "" },
		{ "openat: arg2 & O_RDWR|O_CREAT && arg2 in O_RDWR|O_CREAT|O_EXCL", "" },
		{ "openat: arg2 in O_RDWR|O_CREAT|O_EXCL && arg2 & O_RDWR|O_CREAT", "" },
		{ "openat: arg2 in O_RDWR || arg2 & O_WRONLY|O_CREAT", "any-bits 1:34" },
		{ "openat: { arg2 & O_RDWR|O_CREAT; return EPERM, allow }", "" },
		{ "lseek: arg1 < -1", "unsigned-order 1:15" },
		{ "lseek: arg1 >= 0x8000000000000000", "unsigned-order 1:16" },
		{ "lseek: arg1 <= 0x7fffffffffffffff", "" }, { "lseek: arg1 == -1", "" },
		{ "read: arg1 == 0x1000", "pointer-compared 1:15" }, { "read: arg1 != 0", "" },
		{ "futex: arg3 == 0", "" }, { "futex: arg3 >= 0x1000", "pointer-compared 1:16" },
		{ "900: arg1 == 0x1000", "" }, { "openat: arg0 == AT_FDCWD", "negative-int 1:17" },
		{ "openat: arg0 == AT_FDCWD || arg0 == 0xffffff9c", "" },
		{ "openat: arg0 == 0xffffff9c || arg0 == AT_FDCWD", "" },
		{ "mmap: arg2 in 1 && arg4 == -1", "" }, /* a whole word for the kernel */
		{ "futex: trace", "unanswered 1:8" },
		{ "futex: { arg1 == 1; user-notify, arg1 == 2 }", "unanswered 1:10" },
		{ "futex: kill-thread", "kill-thread 1:8" },
		{ "futex: kill-process\nread: log\nwrite: trap\nclose: return EPERM", "" },
		{ "{read, write}: arg1 == 5", "pointer-compared 1:24" }, /* once */
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
}

static void test_reach(void **state)
{
	static const struct sample samples[] = {
		{ "lseek: arg1 >= 0 && arg2 == 1", "always-true 1:16" },
		{ "lseek: arg1 in ~0", "always-true 1:16" },
		{ "lseek: arg1 >= 1", "" },
		{ "lseek: arg1 < 0", "never-true 1:15" },
		{ "lseek: arg1 & 0", "never-true 1:15" },
		{ "lseek: arg1 == 1 && arg1 == 2", "never-true 1:16" },
		{ "lseek: arg1 & 4 && arg1 in 3 || arg1 == 9", "never-true 1:15" },
		{ "lseek: arg1 > 4 && arg1 < 6 && arg1 != 5", "never-true 1:15" },
		{ "lseek: arg1 > 4 && arg1 < 7 && arg1 != 5", "" },
		{ "lseek: arg1 == 1 || arg1 == 1", "unreachable 1:29" },
		{ "lseek: { arg1 in 3, arg1 == 2; return EPERM }", "unreachable 1:29" },
		{ "lseek: { arg1 < 5, arg1 >= 5; return EPERM, return EACCES }", "unreachable 1:45" },
		{ "lseek: arg1 == 1\nlseek: arg1 == 1; return EPERM", "unreachable 2:16" },
		{ "lseek: { arg1 == 1 && arg0 == 2, arg1 == 1; return EPERM, allow }", "" },
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
}

static void test_memory(void **state)
{
	static const struct sample samples[] = {
		{ "mmap: allow", "writable-executable 1:7" },
		{ "mmap: log", "writable-executable 1:7" },
		{ "{mmap, mprotect, pkey_mprotect}: 1", "writable-executable 1:34" },
		{ "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "" },
		{ "mprotect: arg2 in PROT_READ|PROT_WRITE || arg2 in PROT_READ|PROT_EXEC", "" },
		{ "mprotect: arg2 in PROT_READ|PROT_WRITE|PROT_EXEC", "writable-executable 1:19" },
		{ "mprotect: { arg2 & PROT_EXEC; return EPERM, allow }", "" },
		{ "mprotect: { arg2 & PROT_EXEC && arg2 & PROT_WRITE; kill, allow }", "" },
		{ "mprotect: { arg2 & PROT_EXEC && arg0 == 7; return EPERM, allow }",
			"writable-executable 1:58" },
		{ "mprotect: arg2 & PROT_EXEC; return EPERM\nmprotect: allow", "" },
		{ "mprotect: arg2 == PROT_READ || arg2 == 6", "writable-executable 1:40" },
		{ "mprotect: return EPERM\nmmap: arg3 == 2", "writable-executable 2:15" },
		{ "mmap: arg0 == 0 && arg2 == PROT_READ", "" },
	};
	static const struct sample narrow = { "mmap2: arg3 == MAP_PRIVATE", "writable-executable 1:16" };
	static const struct sample old = { "mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE",
		"writable-executable 1:15" };

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
	check_on(&narrow, ARCHITECTURE_I386, 0);
	check_on(&narrow, ARCHITECTURE_ARM, 0);
	check_on(&old, ARCHITECTURE_I386, 0);
}

static void test_families(void **state)
{
	static const struct sample samples[] = {
		{ "socket: allow", "socket-family 1:9" },
		{ "socketpair: arg1 == SOCK_STREAM", "socket-family 1:21" },
		{ "socket: arg0 == AF_UNIX", "" },
		{ "socket: arg0 <= AF_INET", "" },
		{ "socket: arg0 == AF_UNIX || arg1 == SOCK_STREAM", "socket-family 1:36" },
		{ "socket: { arg0 == AF_UNIX, return EAFNOSUPPORT }", "" },
		{ "socket: { arg0 in 0xffffffff && arg0 != AF_NETLINK, return EPERM }",
			"socket-family 1:19" },
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
	check_all(samples, ELEMENTS(samples), ARCHITECTURE_RISCV64);
}

static void test_high_bits(void **state)
{
	static const struct sample wide[] = {
		{ "ioctl: arg1 == TIOCSTI; return EPERM\nioctl: allow # why", "high-bits 1:16" },
		{ "ioctl: { arg1 == TIOCSTI && arg0 == 3; return EPERM, allow } # why",
			"high-bits 1:18 high-bits 1:37" },
		{ "ioctl: arg1 == TIOCSTI; return EPERM\nioctl: arg1 in 0xffffffff", "" },
		{ "ioctl: arg1 == TIOCSTI; return EPERM\nioctl: arg1 == TCGETS", "" },
		{ "ioctl: { arg1 in 0xffffffff && arg1 != TIOCSTI, return EPERM }", "" },
		{ "ioctl: arg1 != TIOCSTI", "high-bits 1:16" },
		{ "ioctl: arg1 > 5", "high-bits 1:15" },
		{ "ioctl: arg1 < 5", "" },
		{ "ioctl: arg1 == 5", "" },
		{ "openat: arg2 in ~O_CREAT", "" },
		{ "openat: arg2 & O_CREAT", "" },
		{ "openat: { arg2 & O_CREAT; return EPERM, allow }", "" },
		{ "fcntl: { arg2 == 5; return EPERM, allow }", "" }, /* a whole word */
		{ "write: arg1 != 0", "" },
	};
	static const struct sample narrow = { "ioctl: { arg1 == TIOCSTI; return EPERM, allow } # why", "" };
	static const struct sample denied = { "@denylist\nioctl: arg1 == TIOCSTI; return EPERM",
		"high-bits 2:16" };

	check_all(wide, ELEMENTS(wide), ARCHITECTURE_X86_64);
	check_all(wide, ELEMENTS(wide), ARCHITECTURE_ARM64);
	check_all(wide, ELEMENTS(wide), ARCHITECTURE_X32);
	check_on(&narrow, ARCHITECTURE_I386, 0);
	check_on(&denied, ARCHITECTURE_X86_64, SECCOMP_DENYLIST);
}

static void test_dangerous(void **state)
{
	static const struct sample samples[] = {
		{ "mount: allow", "dangerous-uncommented 1:8" },
		{ "mount: allow # for the tests", "" },
		{ "# for the tests\nmount: allow", "" },
		{ "# for the tests\n\nmount: allow", "dangerous-uncommented 3:8" },
		{ "read: allow # it reads\nmount: allow", "dangerous-uncommented 2:8" },
		{ "{mount, \\\n# for the tests\\\numount2}: \\\nallow", "" },
		{ "mount: return EPERM", "" },
		{ "mount: arg3 == 0", "dangerous-uncommented 1:8" },
		{ "ioctl: allow", "dangerous-uncommented 1:8" },
		{ "ioctl: arg1 == TCGETS", "" },
		{ "ioctl: { arg1 == TCGETS; return EPERM, allow }\n",
			"high-bits 1:18 dangerous-uncommented 1:40" },
		{ "{read, kill, bpf, write}: allow", "dangerous-uncommented 1:27" },
		{ "@mount: allow", "dangerous-uncommented 1:9" },
		{ "@mount: return EPERM\nclone: allow", "dangerous-uncommented 2:8" },
		{ "@process: allow # what it is for\nclone: allow", "dangerous-uncommented 2:8" },
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
	check_all(samples, ELEMENTS(samples), ARCHITECTURE_ARM64);
}

static void test_bypass(void **state)
{
	static const struct sample samples[] = {
		{ "openat: arg2 == 0\nopenat2: allow", "bypass 2:10" },
		{ "openat: { arg2 == 0, return EPERM }\nopenat2: allow", "bypass 2:10" },
		{ "openat: allow\nopenat2: allow", "" },
		{ "openat: arg2 == 0\nopenat2: return ENOSYS", "" },
		{ "kill: arg1 == 0\ntkill: arg1 == 0", "" },
		{ "kill: arg1 == 0\ntkill: allow # why", "bypass 2:8" },
		{ "openat: return ENOSYS\nopen: allow", "" },
	};
	static const struct sample narrow = { "socket: arg0 == AF_UNIX\nsocketcall: allow # why",
		"bypass 2:13" };

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
	check_on(&narrow, ARCHITECTURE_I386, 0);
}

/* The tests compile for Linux 6.1. */
static void test_new(void **state)
{
	static const struct sample samples[] = {
		{ "mseal: allow", "new-syscall 1:1" },
		{ "{read, cachestat, mseal}: allow", "new-syscall 1:8 new-syscall 1:19" },
		{ "openat2: allow", "" },
		{ "mseal: return EPERM", "" },
		{ "mseal: { arg1 == 1; return EPERM, arg1 == 2 }", "new-syscall 1:1" },
		{ "462: allow", "" }, /* who knows the number knows more */
		{ "@memlock: allow", "" },
		{ "memlock@systemd: allow", "" },
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
	check_all(samples, ELEMENTS(samples), ARCHITECTURE_ARM);
}

static void test_comments_allow(void **state)
{
	static const struct sample samples[] = {
		{ "openat: arg2 & 3 # lint: allow any-bits", "" },
		{ "# lint: allow any-bits\nopenat: arg2 & 3", "" },
		{ "# lint: allow any-bits\n\nopenat: arg2 & 3", "any-bits 3:16" },
		{ "read: allow # lint: allow any-bits\nopenat: arg2 & 3", "any-bits 2:16" },
		{ "openat: arg2 & 3 # lint: allow high-bits", "any-bits 1:16" },
		{ "openat: arg2 & 3 # a reason. lint: allow high-bits, any-bits", "" },
		{ "openat: \\\n  arg2 & 3 || \\\n  arg2 == 0 # lint: allow any-bits", "" },
		{ "openat: arg2 & 3 # lint: allow any-bit", "any-bits 1:16 unknown-lint 1:32" },
		{ "mmap: allow # lint: allow writable-executable", "" },
		{ "clone: arg0 == 1\nclone3: allow # lint: allow bypass", "" },
	};

	check_all(samples, ELEMENTS(samples), ARCHITECTURE_X86_64);
}

/* What is right everywhere must not be warned of where words are short, and nothing is computed forever. */
static void test_bounds(void **state)
{
	static const struct sample portable = {
		"ioctl: { arg1 in 0xffffffff && arg1 != TIOCSTI, return EPERM }", ""
	};
	_cleanup_(seccomp_result_done) struct seccomp_result result = {};
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	check_on(&portable, ARCHITECTURE_ARM, 0);
	assert_non_null(f);
	fprintf(f, "futex: arg0 == 0");
	for (unsigned i = 1; i < 2000; i++)
		fprintf(f, " || arg%u & 0x%x && arg%u & 0x%x", i % 6, 3U << i % 20, (i + 1) % 6,
			5U << i % 17);
	fprintf(f, "\n");
	for (unsigned i = 0; i < 200; i++)
		fprintf(f, "%u: { arg0 & 3 && arg0 & 5; kill-thread, arg1 & 3; trace, arg0 == 5 }\n",
			600 + i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(seccomp_compile_text(text, size, -1, "t",
				 &(struct seccomp_options){
					 .architecture = &architectures[ARCHITECTURE_X86_64],
					 .flags = SECCOMP_WARNINGS,
				 },
				 &result),
		-EBADMSG); /* too large a program */
	assert_in_range(result.n_diagnostics, 2, 2 * 100 + 2);
}

static void test_in_order(void **state)
{
	static const struct sample sample = {
		"mmap: allow\nlseek: arg1 < -1\nmount: allow\nsocket: allow\nlseek: arg1 & 3",
		"writable-executable 1:7 unsigned-order 2:15 dangerous-uncommented 3:8 socket-family 4:9 "
		"any-bits 5:15"
	};

	check_on(&sample, ARCHITECTURE_X86_64, 0);
}

static void test_codes(void **state)
{
	for (size_t i = 0; lint_codes[i] && lint_codes[i + 1]; i++)
		assert_true(strcmp(lint_codes[i], lint_codes[i + 1]) < 0);
}

static void test_arguments(void **state)
{
	const struct architecture *wide = &architectures[ARCHITECTURE_ARM64];
	const struct architecture *narrow = &architectures[ARCHITECTURE_ARM];
	size_t known = 0;

	assert_int_equal(argument_kind(wide, "openat", 0), ARGUMENT_INT);
	assert_int_equal(argument_kind(wide, "openat", 1), ARGUMENT_POINTER);
	assert_int_equal(argument_kind(wide, "openat", 4), ARGUMENT_UNKNOWN);
	assert_int_equal(argument_kind(wide, "write", 2), ARGUMENT_WORD);
	assert_int_equal(argument_kind(wide, "none", 0), ARGUMENT_UNKNOWN);
	assert_int_equal(argument_kind(wide, NULL, 0), ARGUMENT_UNKNOWN);
	/* the mask takes two registers on arm, so that the name is elsewhere */
	assert_int_equal(argument_kind(wide, "fanotify_mark", 4), ARGUMENT_POINTER);
	assert_int_equal(argument_kind(narrow, "fanotify_mark", 4), ARGUMENT_UNKNOWN);
	/* the order of the table decides what is found in it */
	for (size_t i = 0; i < n_syscall_rows; i++)
		known += argument_kind(wide, syscall_rows[i].name, 0) != ARGUMENT_UNKNOWN;
	assert_int_equal(known, 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_high_bits),
		cmocka_unit_test(test_dangerous),
		cmocka_unit_test(test_bypass),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_comments_allow),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
