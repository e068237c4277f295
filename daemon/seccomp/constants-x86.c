/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Named constants: what only x86-64 has. The values are those of the kernel's and
 * the C library's headers at build time, so they are the ones of the architecture built for. In the order of
 * strcmp().
 */

#include "seccomp/constant-table.h"

#include <asm/mman.h>
#include <asm/prctl.h>
#include <asm/ptrace-abi.h>
#include <asm/signal.h>

/* Newer than some supported headers; the numbers are part of the kernel's ABI. */
#ifndef ARCH_SHSTK_ENABLE
#define ARCH_SHSTK_ENABLE 0x5001
#endif
#ifndef ARCH_SHSTK_DISABLE
#define ARCH_SHSTK_DISABLE 0x5002
#endif
#ifndef ARCH_SHSTK_LOCK
#define ARCH_SHSTK_LOCK 0x5003
#endif
#ifndef ARCH_SHSTK_UNLOCK
#define ARCH_SHSTK_UNLOCK 0x5004
#endif
#ifndef ARCH_SHSTK_STATUS
#define ARCH_SHSTK_STATUS 0x5005
#endif

static const struct constant x86_constants[] = {
	K(ARCH_GET_CPUID),
	K(ARCH_GET_FS),
	K(ARCH_GET_GS),
	K(ARCH_GET_XCOMP_PERM),
	K(ARCH_GET_XCOMP_SUPP),
	K(ARCH_REQ_XCOMP_PERM),
	K(ARCH_SET_CPUID),
	K(ARCH_SET_FS),
	K(ARCH_SET_GS),
	K(ARCH_SHSTK_DISABLE),
	K(ARCH_SHSTK_ENABLE),
	K(ARCH_SHSTK_LOCK),
	K(ARCH_SHSTK_STATUS),
	K(ARCH_SHSTK_UNLOCK),
	K(MAP_32BIT),
	K(PTRACE_ARCH_PRCTL),
	K(PTRACE_GETFPREGS),
	K(PTRACE_GETFPXREGS),
	K(PTRACE_GETREGS),
	K(PTRACE_GET_THREAD_AREA),
	K(PTRACE_OLDSETOPTIONS),
	K(PTRACE_SETFPREGS),
	K(PTRACE_SETFPXREGS),
	K(PTRACE_SETREGS),
	K(PTRACE_SET_THREAD_AREA),
	K(PTRACE_SINGLEBLOCK),
	K(PTRACE_SYSEMU),
	K(PTRACE_SYSEMU_SINGLESTEP),
	K(SA_RESTORER),
};

const struct constant_table constants_native = TABLE(x86_constants);
