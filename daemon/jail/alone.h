/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For code that has pages of its own and calls nothing outside of them: room.c, init-room.c. On machines
 * whose calls are not written down here they are the C library's, and the library stays. */

#include "base/error.h"

#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ROOM_STANDS_ALONE true
#else
#define ROOM_STANDS_ALONE false
#endif

#define HERE static inline __attribute__((always_inline))

/* The kernel's answer, with an errno as a negative number. */
#if ROOM_STANDS_ALONE
HERE long call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	unsigned long e, unsigned long f)
{
	register unsigned long fourth __asm__("r10") = d;
	register unsigned long fifth __asm__("r8") = e;
	register unsigned long sixth __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return r;
}
#else
HERE long call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
	unsigned long e, unsigned long f)
{
	return RET_ERRNO(syscall(number, a, b, c, d, e, f));
}
#endif
