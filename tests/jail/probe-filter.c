/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Attempts that system call filters are about: any call with any arguments, by each of the machine's
 * interfaces, and the ways to memory that is written and then run. */

#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE     4096
#define ARGS_MAX 6

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

static void read_arguments(int argc, char **argv, unsigned long ret[ARGS_MAX])
{
	memset(ret, 0, ARGS_MAX * sizeof(*ret));
	for (int i = 2; i < argc && i < 2 + ARGS_MAX; i++)
		ret[i - 2] = strtoul(argv[i], NULL, 0);
}

static long try_call(int argc, char **argv)
{
	unsigned long a[ARGS_MAX];
	long r;

	read_arguments(argc, argv, a);
	r = syscall(strtol(argv[1], NULL, 0), a[0], a[1], a[2], a[3], a[4], a[5]);
	return r < 0 ? -errno : 0;
}

static void *call_in_thread(void *number)
{
	(void)syscall(*(const long *)number);
	return NULL;
}

static void ignore(int sig)
{
	(void)sig;
}

/* While signals come that end every wait. */
static void call_interrupted(long number)
{
	const struct sigaction action = { .sa_handler = ignore };
	const struct itimerval often = { { .tv_usec = 20000 }, { .tv_usec = 20000 } };

	if (sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0)
		for (;;)
			(void)syscall(number);
}

/* In a process of its own, by its first thread or another one; the signal that it was ended by. */
static long call_in_child(int argc, char **argv)
{
	long call = strtol(argv[1], NULL, 0);
	pid_t pid = fork();
	pthread_t thread;
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (argc == 2)
			(void)syscall(call);
		else if (strcmp(argv[2], "interrupted") == 0)
			call_interrupted(call);
		else if (pthread_create(&thread, NULL, call_in_thread, &call) == 0)
			(void)pthread_join(thread, NULL);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The same through the 32-bit interface; arguments that are no pointers. */
static long try_int80(int argc, char **argv)
{
	unsigned long a[ARGS_MAX];
	long r = -ENOSYS;

	read_arguments(argc, argv, a);
#ifdef __x86_64__
	__asm__ volatile(
		"int $0x80"
		: "=a"(r)
		: "a"(strtol(argv[1], NULL, 0)), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
		: "memory", "r8", "r9", "r10", "r11");
#endif
	return r < 0 ? r : 0;
}

static long mapped(const void *address)
{
	return address == MAP_FAILED ? -errno : 0;
}

static long change_protection(long number)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	return syscall(number, page, PAGE, PROT_READ | PROT_EXEC, -1) < 0 ? -errno : 0;
}

static long map_memfd(void)
{
	int fd = memfd_create("probe", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, PAGE) < 0)
		return -errno;
	return mapped(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
}

/* By the file of its memory a process is written to like by a debugger, whatever its pages permit. */
static long write_own(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0)
		return -errno;
	if (page == MAP_FAILED)
		return -errno;
	return pwrite(fd, "probe", 5, (off_t)(uintptr_t)page) < 0 ? -errno : 0;
}

static long attach_shared(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0700);
	const void *address;
	long r;

	if (id < 0)
		return -errno;
	address = shmat(id, NULL, SHM_EXEC);
	r = address == (const void *)-1 ? -errno : 0;
	(void)shmctl(id, IPC_RMID, NULL);
	return r;
}

static long try_memory(int argc, char **argv)
{
	const char *way = argv[1];

	if (strcmp(way, "mmap") == 0)
		return mapped(mmap(NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (strcmp(way, "data") == 0)
		return mapped(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (strcmp(way, "code") == 0)
		return mapped(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (strcmp(way, "mprotect") == 0)
		return change_protection(SYS_mprotect);
	if (strcmp(way, "pkey") == 0)
		return change_protection(SYS_pkey_mprotect);
	if (strcmp(way, "shm") == 0)
		return attach_shared();
	if (strcmp(way, "memfd") == 0)
		return map_memfd();
	if (strcmp(way, "proc") == 0)
		return write_own();
	if (strcmp(way, "rule") == 0)
		return prctl(PR_GET_MDWE, 0, 0, 0, 0) < 0 ? -errno : prctl(PR_GET_MDWE, 0, 0, 0, 0);
	return -EINVAL;
}

const struct probe_command filter_commands[] = {
	{ "call", 1, 7, "NUMBER [ARGUMENT…]", try_call },
	{ "in-child", 1, 2, "NUMBER [thread|interrupted]", call_in_child },
	{ "int80", 1, 6, "NUMBER [ARGUMENT…]", try_int80 },
	{ "memory", 1, 1, "mmap|data|code|mprotect|pkey|shm|memfd|proc|rule", try_memory },
	{ 0 },
};
