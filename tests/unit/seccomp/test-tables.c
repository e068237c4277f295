/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The tables of system calls, constants and groups: in order, found from both sides, and of the numbers that
 * the kernel has. compare-tables.py sets them beside more of what others know.
 */

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "seccomp/constants.h"
#include "seccomp/groups.h"
#include "seccomp/syscalls.h"
#include "seccomp/tables.h"

#include <inttypes.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KERNEL_VERSION_OF(major, minor, patch) ((uint32_t)(major) << 16 | (minor) << 8 | (patch))

static const struct architecture *find_architecture(const char *name)
{
	const struct architecture *a = architecture_find(name, strlen(name));

	assert_non_null(a);
	return a;
}

static void test_syscalls_are_in_order(void **state)
{
	(void)state;
	assert_true(n_syscall_rows > 450);
	for (size_t i = 0; i < n_syscall_rows; i++) {
		const struct syscall_row *row = &syscall_rows[i];

		assert_true(strlen(row->name) <= SUGGEST_NAME_MAX);
		if (i > 0)
			assert_true(strcmp(row[-1].name, row->name) < 0);
		for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
			if (row->numbers[a] != SYSCALL_NONE)
				assert_true(architecture_has_number(&architectures[a], row->numbers[a]));
	}
	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
		for (size_t i = 1; i < syscall_orders[a].n; i++)
			assert_true(syscall_rows[syscall_orders[a].rows[i - 1]].numbers[a] <
				    syscall_rows[syscall_orders[a].rows[i]].numbers[a]);
}

static void test_constants_are_in_order(void **state)
{
	(void)state;
	assert_true(constant_count() > 10000);
	for (size_t i = 0; i < constant_count(); i++) {
		const char *name = constant_at(i);
		uint64_t value;

		assert_true(strlen(name) <= SUGGEST_NAME_MAX);
		if (i > 0)
			assert_true(strcmp(constant_at(i - 1), name) < 0);
		/* A name with a number after it in the string of names would be cut. */
		assert_int_equal(name[-(i > 0)], i > 0 ? '\0' : name[0]);
		assert_true(constant_rows[i].architectures != 0);
		for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
			assert_int_equal(constant_lookup(&architectures[a], name, strlen(name), &value),
				constant_rows[i].architectures & 1U << a ? 0 : -EOPNOTSUPP);
	}
}

static void test_syscalls_come_back(void **state)
{
	(void)state;
	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++)
		for (size_t i = 0; i < n_syscall_rows; i++) {
			const char *name = syscall_rows[i].name, *other;
			uint32_t number, again;
			int r = syscall_lookup(&architectures[a], name, strlen(name), &number);

			if (syscall_rows[i].numbers[a] == SYSCALL_NONE) {
				assert_int_equal(r, -EOPNOTSUPP);
				continue;
			}
			assert_int_equal(r, 0);
			/* A number may have two names; what it comes back as means the same. */
			other = syscall_name(&architectures[a], number);
			assert_non_null(other);
			assert_int_equal(syscall_lookup(&architectures[a], other, strlen(other), &again), 0);
			assert_int_equal(again, number);
		}
	assert_null(syscall_name(find_architecture("x32"), 0));
	assert_null(syscall_name(find_architecture("x86_64"), 4095));
	assert_null(syscall_name(find_architecture("arm"), UINT32_MAX));
}

static void test_part_of_a_name_is_none(void **state)
{
	static const char *const unknown[] = { "", "o", "ope", "openatt", "zzz", "_", "OPENAT", "AF_UNI",
		"AF_UNIXX", "af_unix" };
	const struct architecture *a = find_architecture("x86_64");
	uint64_t value;
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(unknown); i++) {
		assert_int_equal(syscall_lookup(a, unknown[i], strlen(unknown[i]), &number), -ENOENT);
		assert_int_equal(constant_lookup(a, unknown[i], strlen(unknown[i]), &value), -ENOENT);
	}
	/* What follows in the text of the policy does not count. */
	assert_int_equal(syscall_lookup(a, "openat2", strlen("openat"), &number), 0);
	assert_int_equal(number, 257);
	assert_int_equal(constant_lookup(a, "AF_INET6", strlen("AF_INET"), &value), 0);
	assert_int_equal(value, 2);
}

struct number {
	const char *architecture, *name;
	uint32_t number;
};

/* From arch/.../syscall*.tbl and include/uapi/asm-generic/unistd.h of the kernel. */
static const struct number numbers[] = {
	{ "x86_64", "read", 0 },
	{ "x86_64", "execve", 59 },
	{ "x86_64", "mseal", 462 },
	{ "i386", "socketcall", 102 },
	{ "i386", "mmap2", 192 },
	{ "i386", "socket", 359 },
	{ "i386", "clock_gettime64", 403 },
	{ "x32", "read", 0x40000000 },
	{ "x32", "execve", 0x40000000 + 520 },
	{ "x32", "ioctl", 0x40000000 + 514 },
	{ "arm64", "read", 63 },
	{ "arm64", "openat", 56 },
	{ "arm64", "mseal", 462 },
	{ "arm", "read", 3 },
	{ "arm", "breakpoint", 0x0f0001 },
	{ "arm", "cacheflush", 0x0f0002 },
	{ "arm", "usr26", 0x0f0003 },
	{ "arm", "usr32", 0x0f0004 },
	{ "arm", "set_tls", 0x0f0005 },
	{ "arm", "get_tls", 0x0f0006 },
	{ "arm", "arm_fadvise64_64", 270 },
	{ "riscv64", "riscv_flush_icache", 259 },
	{ "riscv64", "riscv_hwprobe", 258 },
	{ "riscv64", "openat", 56 },
};

static void test_numbers_of_system_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		uint32_t number;

		assert_int_equal(syscall_lookup(find_architecture(numbers[i].architecture), numbers[i].name,
					 strlen(numbers[i].name), &number),
			0);
		if (number != numbers[i].number)
			fail_msg("%s is %" PRIu32 " on %s", numbers[i].name, number, numbers[i].architecture);
	}
}

static void test_versions(void **state)
{
	static const struct {
		const char *name;
		uint32_t since;
	} versions[] = {
		{ "read", KERNEL_VERSION_OF(1, 0, 0) },
		{ "openat", KERNEL_VERSION_OF(2, 6, 16) },
		{ "getrandom", KERNEL_VERSION_OF(3, 17, 0) },
		{ "statx", KERNEL_VERSION_OF(4, 11, 0) },
		{ "openat2", KERNEL_VERSION_OF(5, 6, 0) },
		{ "mseal", KERNEL_VERSION_OF(6, 10, 0) },
		{ "file_setattr", KERNEL_VERSION_OF(6, 17, 0) },
		{ "tuxcall", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(versions); i++) {
		const struct syscall_row *row = syscall_find(versions[i].name, strlen(versions[i].name));

		assert_non_null(row);
		assert_int_equal(row->since, versions[i].since);
	}
}

struct value {
	const char *architecture, *name;
	uint64_t value;
};

/*
 * Where architectures differ. From arch/.../include/uapi/asm/fcntl.h, mman.h, ioctls.h, and from the size of
 * the structures that a request carries.
 */
static const struct value values[] = {
	{ "x86_64", "O_DIRECTORY", 0200000 },
	{ "i386", "O_DIRECTORY", 0200000 },
	{ "riscv64", "O_DIRECTORY", 0200000 },
	{ "arm64", "O_DIRECTORY", 040000 },
	{ "arm", "O_DIRECTORY", 040000 },
	{ "x86_64", "O_DIRECT", 040000 },
	{ "arm", "O_DIRECT", 0200000 },
	{ "x86_64", "O_LARGEFILE", 0100000 },
	{ "arm64", "O_LARGEFILE", 0400000 },
	{ "x86_64", "F_GETLK64", 5 },
	{ "x32", "F_GETLK64", 5 },
	{ "i386", "F_GETLK64", 12 },
	{ "arm", "F_GETLK64", 12 },
	{ "x86_64", "MAP_32BIT", 0x40 },
	{ "arm64", "PROT_BTI", 0x10 },
	{ "x86_64", "AT_FDCWD", (uint64_t)-100 },
	{ "i386", "AT_FDCWD", (uint64_t)-100 },
	{ "x86_64", "ARCH_SET_FS", 0x1002 },
	{ "x86_64", "EDEADLOCK", 35 },
	{ "x86_64", "RLIM_INFINITY", UINT64_MAX },
	{ "i386", "RLIM_INFINITY", UINT32_MAX },
	{ "x86_64", "TCGETS", 0x5401 },
	{ "riscv64", "TCGETS", 0x5401 },
	{ "x86_64", "TCGETS2", 0x802c542a },
	{ "x86_64", "FS_IOC_GETFLAGS", 0x80086601 },
	{ "i386", "FS_IOC_GETFLAGS", 0x80046601 },
	{ "x32", "FS_IOC_GETFLAGS", 0x80046601 },
	{ "arm", "FS_IOC_GETFLAGS", 0x80046601 },
	{ "x86_64", "TUNSETIFF", 0x400454ca },
	{ "x86_64", "KVM_RUN", 0xae80 },
	{ "x86_64", "DRM_IOCTL_VERSION", 0xc0406400 },
	{ "i386", "DRM_IOCTL_VERSION", 0xc0246400 },
	{ "x86_64", "SNDRV_PCM_IOCTL_HW_PARAMS", 0xc2604111 },
};

static void test_values_of_constants(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(values); i++) {
		uint64_t value;

		if (constant_lookup(find_architecture(values[i].architecture), values[i].name,
			    strlen(values[i].name), &value) < 0)
			fail_msg("%s has no %s", values[i].architecture, values[i].name);
		if (value != values[i].value)
			fail_msg("%s is %#" PRIx64 " on %s", values[i].name, value, values[i].architecture);
	}
}

static void test_other_architectures_constants(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(constant_lookup(find_architecture("arm64"), "MAP_32BIT", 9, &value), -EOPNOTSUPP);
	assert_int_equal(constant_lookup(find_architecture("x86_64"), "PROT_BTI", 8, &value), -EOPNOTSUPP);
	assert_int_equal(constant_lookup(find_architecture("arm"), "KVM_RUN", 7, &value), -EOPNOTSUPP);
}

static void test_errors(void **state)
{
	uint64_t value;

	(void)state;
	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++) {
		assert_int_equal(constant_lookup_errno(&architectures[a], "ENOENT", 6, &value), 0);
		assert_int_equal(value, ENOENT);
		assert_int_equal(constant_lookup_errno(&architectures[a], "ENOTSUP", 7, &value), 0);
		assert_int_equal(
			constant_lookup_errno(&architectures[a], "EFD_CLOEXEC", 11, &value), -ENOENT);
		assert_int_equal(constant_lookup_errno(&architectures[a], "O_RDONLY", 8, &value), -ENOENT);
	}
	for (size_t i = 0; i < constant_count(); i++)
		if (constant_rows[i].is_error) {
			assert_int_equal(constant_at(i)[0], 'E');
			assert_true(constant_rows[i].variant == 0 && constant_rows[i].value <= 4095);
		}
}

static void test_suggestions(void **state)
{
	const struct architecture *a = find_architecture("x86_64");
	struct suggestion s = suggestion_for("fstafs", 6);

	(void)state;
	syscall_suggest(a, &s);
	assert_string_equal(suggestion_get(&s), "fstatfs");
	s = suggestion_for("AF_UNX", 6);
	constant_suggest(a, false, &s);
	assert_string_equal(suggestion_get(&s), "AF_UNIX");
	s = suggestion_for("ENOSYZ", 6);
	constant_suggest(a, true, &s);
	assert_string_equal(suggestion_get(&s), "ENOSYS");
	s = suggestion_for("@system-servce", 14);
	syscall_group_suggest(&s);
	assert_string_equal(suggestion_get(&s), "@system-service");
}

static void assert_format(
	const char *call, unsigned argument, const char *architecture, uint64_t value, const char *expected)
{
	const struct constant_family *f = constant_family_of(call, argument);
	_cleanup_free_ char *text = NULL;

	assert_non_null(f);
	assert_ptr_equal(f, constant_family_find(f->name));
	assert_int_equal(constant_family_format(f, find_architecture(architecture), value, &text), 0);
	assert_string_equal(text, expected);
}

static void test_names_of_values(void **state)
{
	(void)state;
	assert_format("mmap", 2, "x86_64", 3, "PROT_READ|PROT_WRITE");
	assert_format("mmap", 2, "x86_64", 0, "PROT_NONE");
	assert_format("mprotect", 2, "arm64", 0x15, "PROT_READ|PROT_EXEC|PROT_BTI");
	assert_format("mprotect", 2, "x86_64", 0x15, "PROT_READ|PROT_EXEC|0x10");
	assert_format("mmap", 3, "x86_64", 0x22, "MAP_PRIVATE|MAP_ANONYMOUS");
	assert_format("openat", 2, "x86_64", 0, "O_RDONLY");
	assert_format("openat", 0, "x86_64", (uint64_t)-100, "AT_FDCWD");
	assert_format("openat", 2, "x86_64", 0x90800, "O_NONBLOCK|O_DIRECTORY|O_CLOEXEC");
	assert_format("openat", 2, "x86_64", 0x101241, "O_WRONLY|O_SYNC|O_CREAT|O_TRUNC");
	assert_format("openat", 2, "arm64", 0x84800, "O_NONBLOCK|O_DIRECTORY|O_CLOEXEC");
	assert_format("socket", 0, "x86_64", 1, "AF_UNIX");
	assert_format("socket", 0, "x86_64", 16, "AF_NETLINK");
	assert_format("socket", 0, "x86_64", 99, "0x63");
	assert_format("socket", 1, "x86_64", 0x80005, "SOCK_SEQPACKET|SOCK_CLOEXEC");
	assert_format("ioctl", 1, "x86_64", 0x5401, "TCGETS");
	assert_format("ioctl", 1, "x86_64", 0x541b, "FIONREAD");
	assert_format("ioctl", 1, "x86_64", 0x5413, "TIOCGWINSZ");
	assert_format("ioctl", 1, "i386", 0xc0246400, "DRM_IOCTL_VERSION");
	assert_format("prctl", 0, "x86_64", 15, "PR_SET_NAME");
	assert_format("prctl", 0, "x86_64", 53, "PR_SET_SPECULATION_CTRL");
	assert_format("fcntl", 1, "x86_64", 5, "F_GETLK");
	assert_format(
		"futex", 1, "x86_64", 0x189, "FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME|FUTEX_WAIT_BITSET");
	assert_format("clone", 0, "x86_64", 0x3d0f00,
		"CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|"
		"CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID");
	assert_format("madvise", 2, "x86_64", 4, "MADV_DONTNEED");
	assert_format("kill", 1, "x86_64", 15, "SIGTERM");
	assert_null(constant_family_of("read", 0));
	assert_null(constant_family_of("mmap", 0));
	assert_null(constant_family_find("nothing"));
	assert_string_equal(constant_name_of(find_architecture("arm"), "SOCK_", 2), "SOCK_DGRAM");
	assert_null(constant_name_of(find_architecture("arm"), "SOCK_", 77));
	assert_null(constant_name_of(find_architecture("arm"), "ZZZ", 0));
}

/* Every family that is a choice among values names each of them so that the name means the value again. */
static void test_families_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_constant_families; i++)
		for (size_t m = 0; m < constant_families[i].n_members; m++)
			for (size_t a = 0; a < _ARCHITECTURE_MAX; a++) {
				const char *name = constant_at(constant_families[i].members[m]), *shown;
				uint64_t value, again;

				if (constant_lookup(&architectures[a], name, strlen(name), &value) < 0)
					continue;
				shown = constant_family_name(&constant_families[i], &architectures[a], value);
				assert_non_null(shown);
				assert_int_equal(
					constant_lookup(&architectures[a], shown, strlen(shown), &again), 0);
				assert_int_equal(again, value);
			}
}

static void test_groups(void **state)
{
	(void)state;
	assert_true(n_syscall_groups >= 29);
	for (size_t i = 0; i < n_syscall_groups; i++) {
		const struct syscall_group *g = &syscall_groups[i];

		if (i > 0)
			assert_true(strcmp(g[-1].name, g->name) < 0);
		assert_ptr_equal(syscall_group_find(g->name, strlen(g->name)), g);
		assert_true(g->n_members > 0 && g->description[0] != '\0');
		for (size_t m = 1; m < g->n_members; m++)
			assert_true(strcmp(syscall_group_member(g, m - 1), syscall_group_member(g, m)) < 0);
	}
	assert_null(syscall_group_find("system-servic", 13));
	assert_null(syscall_group_find("", 0));
	assert_non_null(syscall_group_find("system-service", 14));
}

/* libseccomp's numbers of those architectures, where it has the name; it may be older or newer. */
static void test_libseccomp_agrees(void **state)
{
	static const uint32_t theirs[_ARCHITECTURE_MAX] = {
		[ARCHITECTURE_X86_64] = SCMP_ARCH_X86_64,
		[ARCHITECTURE_I386] = SCMP_ARCH_X86,
		[ARCHITECTURE_X32] = SCMP_ARCH_X32,
		[ARCHITECTURE_ARM64] = SCMP_ARCH_AARCH64,
		[ARCHITECTURE_ARM] = SCMP_ARCH_ARM,
		[ARCHITECTURE_RISCV64] = SCMP_ARCH_RISCV64,
	};

	(void)state;
	for (size_t a = 0; a < _ARCHITECTURE_MAX; a++) {
		size_t same = 0, lacks = 0, more = 0;

		for (size_t i = 0; i < n_syscall_rows; i++) {
			int number = seccomp_syscall_resolve_name_arch(theirs[a], syscall_rows[i].name);

			if (syscall_rows[i].numbers[a] == SYSCALL_NONE)
				continue;
			if (number < 0)
				lacks++;
			else if ((uint32_t)number != syscall_rows[i].numbers[a])
				fail_msg("%s on %s is %d in libseccomp", syscall_rows[i].name,
					architectures[a].name, number);
			else
				same++;
		}
		for (uint32_t n = 0; n < 1024; n++) {
			uint32_t number = architectures[a].first_number + n;
			_cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(theirs[a], (int)number);

			if (name && !syscall_find(name, strlen(name))) {
				print_message("not in the tables: %s (%" PRIu32 ") of %s\n", name, number,
					architectures[a].name);
				more++;
			}
		}
		print_message("%s: %zu calls as in libseccomp, which lacks %zu and has %zu more\n",
			architectures[a].name, same, lacks, more);
		assert_true(same > 250);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syscalls_are_in_order),
		cmocka_unit_test(test_constants_are_in_order),
		cmocka_unit_test(test_syscalls_come_back),
		cmocka_unit_test(test_part_of_a_name_is_none),
		cmocka_unit_test(test_numbers_of_system_calls),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_values_of_constants),
		cmocka_unit_test(test_other_architectures_constants),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_names_of_values),
		cmocka_unit_test(test_families_come_back),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_libseccomp_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
