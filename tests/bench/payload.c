/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the benchmark launches: notes the time of its first instruction in the page that its standard output
 * is (or, where that can not be mapped, descriptor 3), and ends. With an argument ("stay") it stays. On
 * x86-64 it is the whole program: no C library, so that nothing comes before that instruction and little
 * after it.
 */

#include "ticks.h"

#ifdef __x86_64__
#include <stdnoreturn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OTHER_FD 3

static long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = 0;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static long map(int fd)
{
	return call(SYS_mmap, 0, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

/* Called by what follows it. */
noreturn void payload_main(uint64_t first, const long *stack);

noreturn void payload_main(uint64_t first, const long *stack)
{
	long page = map(STDOUT_FILENO);

	if (page < 0)
		page = map(OTHER_FD);
	if (page < 0)
		(void)call(SYS_exit_group, 1, 0, 0, 0, 0);
	__atomic_store_n((uint64_t *)page, first, __ATOMIC_RELEASE);
	while (stack[0] > 1)
		(void)call(SYS_poll, 0, 0, -1, 0, 0);
	for (;;)
		(void)call(SYS_exit_group, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	rdtsc\n"
	"	shl $32, %rdx\n"
	"	or %rdx, %rax\n"
	"	mov %rax, %rdi\n"
	"	mov %rsp, %rsi\n"
	"	and $-16, %rsp\n"
	"	call payload_main\n");
#else
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	uint64_t first = ticks_now();
	void *page = mmap(NULL, sizeof(first), PROT_READ | PROT_WRITE, MAP_SHARED, STDOUT_FILENO, 0);

	if (page == MAP_FAILED)
		return 1;
	__atomic_store_n((uint64_t *)page, first, __ATOMIC_RELEASE);
	while (argc > 1)
		(void)poll(NULL, 0, -1);
	return 0;
}
#endif
