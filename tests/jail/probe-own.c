/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process can do with what is its own: memory, programs, children, limits, its terminal, other ways
 * into the kernel. */

#include "probe.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#ifndef __x86_64__
#include <sys/sendfile.h>
#endif
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE      4096
#define MIB       (1024UL * 1024)
#define CROWD_MAX 2048
#define KEPT_FD   9
#define N_GSM0710 21 /* a line discipline that few need and many have used to break in */
#define IOPRIO_RT (1 << 13)

/* Page 0, where the kernel's null pointers point. */
static long map_null(int argc, char **argv)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

#ifdef __x86_64__
#define X32          0x40000000L
#define LOAD_ADDRESS 0x400000

/* The smallest program that answers: it writes "fd ok" to 1 and ends. Jails that show no file, or let none be
 * sent to another, are asked with it, too. */
static int write_program(int to)
{
	static const unsigned char code[] = {
		0xb8, SYS_write, 0, 0, 0, 0xbf, 1, 0, 0, 0, /* eax: write; edi: 1 */
		0x48, 0x8d, 0x35, 16, 0, 0, 0, 0xba, 6, 0, 0, 0, 0x0f,
		0x05,                                            /* rsi: the text; edx: its size */
		0xb8, SYS_exit, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, /* eax: exit; edi: 0 */
		'f', 'd', ' ', 'o', 'k', '\n' /* 16 bytes behind the instruction that points here */
	};
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment;
		unsigned char code[sizeof(code)];
	} program = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = LOAD_ADDRESS + offsetof(typeof(program), code),
			.e_phoff = offsetof(typeof(program), segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = LOAD_ADDRESS,
			.p_filesz = sizeof(program),
			.p_memsz = sizeof(program),
			.p_align = PAGE },
	};

	memcpy(program.code, code, sizeof(code));
	return write(to, &program, sizeof(program)) < 0 ? -errno : 0;
}
#else
static int write_program(int to)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return -errno;
	if (sendfile(to, from, NULL, 64 * MIB) <= 0)
		return -errno;
	return 0;
}
#endif

/* A program that nobody but the jail wrote; it answers "fd ok". */
static long exec_fd(int fd)
{
	static const char *const args[] = { "probe", "fd", "1", NULL };

	fflush(stdout);
	return result(syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH));
}

static long exec_memfd(int argc, char **argv)
{
	int fd = memfd_create("probe", 0), r;

	if (fd < 0)
		return -errno;
	r = write_program(fd);
	return r < 0 ? r : exec_fd(fd);
}

static long exec_copy(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0755), r;

	if (fd < 0)
		return -errno;
	r = write_program(fd);
	close(fd);
	if (r < 0)
		return r;
	fd = open(argv[1], O_RDONLY);
	return fd < 0 ? -errno : exec_fd(fd);
}

/* The file of the program that runs, for writing: by its name in /proc, and by a descriptor of it. */
static long overwrite(int argc, char **argv)
{
	char path[64];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), own = -1;

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 0; own < 0 && i < number(argv[1]); i++)
		own = open(i % 2 ? path : "/proc/self/exe", O_WRONLY);
	return result(own);
}

/* Another program takes over, with this one's file as its descriptor 9. */
static long exec_with_self(int argc, char **argv)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, KEPT_FD) < 0)
		return -errno;
	fflush(stdout);
	return result(execv(argv[1], argv + 1));
}

/* So many children at once? They are ended here, whatever happens. */
static long crowd(int argc, char **argv)
{
	pid_t children[CROWD_MAX];
	int wanted = number(argv[1]), made = 0, error = 0;

	if (wanted > CROWD_MAX)
		return -E2BIG;
	for (; made < wanted; made++) {
		children[made] = fork();
		if (children[made] < 0) {
			error = errno;
			break;
		}
		if (children[made] == 0)
			for (;;)
				pause();
	}
	for (int i = 0; i < made; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	return -error;
}

static long reserve(int argc, char **argv)
{
	size_t size = (size_t)number(argv[1]) * MIB;
	void *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static long lock_memory(int argc, char **argv)
{
	size_t size = (size_t)number(argv[1]) * MIB;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : result(mlock(p, size));
}

static long many_fds(int argc, char **argv)
{
	/* the one way to a descriptor that every policy leaves */
	for (int i = 0; i < number(argv[1]); i++)
		if (open("/", O_PATH | O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

static long large_file(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	long r;

	if (fd < 0)
		return -errno;
	/* nothing is allocated, but the limits are asked, and answer rather than kill */
	(void)signal(SIGXFSZ, SIG_IGN);
	r = result(ftruncate(fd, (off_t)number(argv[2]) * (off_t)MIB));
	unlink(argv[1]);
	return r;
}

static long core_file(int argc, char **argv)
{
	struct rlimit l;

	if (syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &l) < 0)
		return -errno;
	/* 1 byte is none, see core(5) */
	return l.rlim_max > 1 ? 0 : -EPERM;
}

static long real_time(int argc, char **argv)
{
	struct sched_param p = { .sched_priority = 1 };

	return result(sched_setscheduler(0, SCHED_FIFO, &p));
}

static long real_time_io(int argc, char **argv)
{
	return result(syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, IOPRIO_RT));
}

static long line_discipline(int argc, char **argv)
{
	int discipline = N_GSM0710;

	return result(ioctl(0, TIOCSETD, &discipline));
}

static long own_keyring(int argc, char **argv)
{
	return result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0));
}

/* The way of most kernel exploits of late: all capabilities, over a namespace of one's own. */
static long mount_in_user_namespace(int argc, char **argv)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	return result(mount("tmpfs", argv[1], "tmpfs", 0, NULL));
}

static long call_x32(int argc, char **argv)
{
#ifdef __x86_64__
	return result(syscall(X32 | SYS_getpid));
#else
	return -ENOSYS;
#endif
}

const struct probe_command own_commands[] = {
	{ "map-null", 0, 0, "", map_null },
	{ "exec-memfd", 0, 0, "", exec_memfd },
	{ "exec-copy", 1, 1, "PATH", exec_copy },
	{ "overwrite", 1, 1, "COUNT", overwrite },
	{ "exec-with-self", 1, 100, "PATH [ARGUMENT…]", exec_with_self },
	{ "crowd", 1, 1, "COUNT", crowd },
	{ "reserve", 1, 1, "MIB", reserve },
	{ "mlock", 1, 1, "MIB", lock_memory },
	{ "many-fds", 1, 1, "COUNT", many_fds },
	{ "large-file", 2, 2, "PATH MIB", large_file },
	{ "core-file", 0, 0, "", core_file },
	{ "real-time", 0, 0, "", real_time },
	{ "real-time-io", 0, 0, "", real_time_io },
	{ "line-discipline", 0, 0, "", line_discipline },
	{ "own-keyring", 0, 0, "", own_keyring },
	{ "mount-in-user-namespace", 1, 1, "PATH", mount_in_user_namespace },
	{ "call-x32", 0, 0, "", call_x32 },
	{ 0 },
};
