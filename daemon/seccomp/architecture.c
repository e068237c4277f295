/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/architecture.h"

#include <elf.h>
#include <linux/audit.h>
#include <string.h>

/* Older C libraries do not know it; the number is that of the ELF specification. */
#ifndef EM_RISCV
#define EM_RISCV 243
#endif

#define NUMBERS           4096       /* above every call of a generic table, for now below 500 */
#define X32_FIRST         0x40000000 /* __X32_SYSCALL_BIT */
#define ARM_PRIVATE_FIRST 0x0f0000   /* __ARM_NR_BASE: breakpoint, cacheflush, set_tls and kin */
#define ARM_PRIVATE_END   0x0f0100

const struct architecture architectures[_ARCHITECTURE_MAX] = {
	[ARCHITECTURE_X86_64] = { ARCHITECTURE_X86_64, "x86_64", "amd64", AUDIT_ARCH_X86_64, 0, X32_FIRST - 1,
		64 },
	[ARCHITECTURE_I386] = { ARCHITECTURE_I386, "i386", "x86", AUDIT_ARCH_I386, 0, UINT32_MAX, 32 },
	/* Its registers are those of x86-64, and the kernel takes them whole. */
	[ARCHITECTURE_X32] = { ARCHITECTURE_X32, "x32", NULL, AUDIT_ARCH_X86_64, X32_FIRST, 0x7fffffff, 64 },
	[ARCHITECTURE_ARM64] = { ARCHITECTURE_ARM64, "arm64", "aarch64", AUDIT_ARCH_AARCH64, 0, UINT32_MAX,
		64 },
	[ARCHITECTURE_ARM] = { ARCHITECTURE_ARM, "arm", NULL, AUDIT_ARCH_ARM, 0, UINT32_MAX, 32 },
	[ARCHITECTURE_RISCV64] = { ARCHITECTURE_RISCV64, "riscv64", NULL, AUDIT_ARCH_RISCV64, 0, UINT32_MAX,
		64 },
};

const struct architecture *architecture_native(void)
{
#if defined(__x86_64__) && defined(__ILP32__)
	return &architectures[ARCHITECTURE_X32];
#elif defined(__x86_64__)
	return &architectures[ARCHITECTURE_X86_64];
#elif defined(__i386__)
	return &architectures[ARCHITECTURE_I386];
#elif defined(__aarch64__) && defined(__LP64__)
	return &architectures[ARCHITECTURE_ARM64];
#elif defined(__arm__)
	return &architectures[ARCHITECTURE_ARM];
#elif defined(__riscv) && __riscv_xlen == 64
	return &architectures[ARCHITECTURE_RISCV64];
#else
	return NULL;
#endif
}

static bool name_is(const char *name, const char *text, size_t length)
{
	return name && strlen(name) == length && memcmp(name, text, length) == 0;
}

const struct architecture *architecture_find(const char *name, size_t length)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (name_is(architectures[i].name, name, length) ||
			name_is(architectures[i].alias, name, length))
			return &architectures[i];
	return NULL;
}

bool architecture_has_number(const struct architecture *a, uint32_t number)
{
	if (a->id == ARCHITECTURE_ARM && number >= ARM_PRIVATE_FIRST && number < ARM_PRIVATE_END)
		return true;
	return number >= a->first_number && number - a->first_number < NUMBERS;
}
