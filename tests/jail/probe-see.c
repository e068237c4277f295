/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process can see of itself, by system calls where there is one, else through /proc if there is one.
 */

#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define FDS_LOOKED_AT 4096

static void see_ids(void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs, groups[256];
	int n;

	if (getresuid(&r, &e, &s) == 0)
		printf("uid %u %u %u %d\n", r, e, s, setfsuid((uid_t)-1));
	if (getresgid(&gr, &ge, &gs) == 0)
		printf("gid %u %u %u %d\n", gr, ge, gs, setfsgid((gid_t)-1));
	n = getgroups(256, groups);
	printf("groups");
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	printf("\n");
}

static void see_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };
	uint64_t bounding = 0, ambient = 0;

	syscall(SYS_capget, &head, d);
	for (int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient |= UINT64_C(1) << i;
	}
	printf("cap_permitted %08x%08x\n", d[1].permitted, d[0].permitted);
	printf("cap_effective %08x%08x\n", d[1].effective, d[0].effective);
	printf("cap_inheritable %08x%08x\n", d[1].inheritable, d[0].inheritable);
	printf("cap_bounding %016" PRIx64 "\n", bounding);
	printf("cap_ambient %016" PRIx64 "\n", ambient);
	printf("securebits %d\n", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
	printf("no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("seccomp %d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	printf("keepcaps %d\n", prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
}

static void see_file(const char *key, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[4096];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		printf("%s %s\n", key, line);
	}
	fclose(f);
}

static void see_namespaces(void)
{
	static const char *const names[] = { "mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time" };
	struct utsname u;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64], text[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, text, sizeof(text) - 1);
		if (n > 0)
			printf("ns_%s %.*s\n", names[i], (int)n, text);
	}
	if (uname(&u) == 0)
		printf("hostname %s\ndomainname %s\n", u.nodename, u.domainname);
}

static void see_fds(void)
{
	for (int fd = 0; fd < FDS_LOOKED_AT; fd++) {
		int flags = fcntl(fd, F_GETFD), status = fcntl(fd, F_GETFL);
		struct stat st;

		if (flags < 0 || fstat(fd, &st) < 0)
			continue;
		printf("fd %d %ju:%ju %o %o %d\n", fd, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
			st.st_mode & S_IFMT, (unsigned)status & O_ACCMODE, flags & FD_CLOEXEC);
	}
}

static void see_signals(void)
{
	uint64_t ignored = 0, handled = 0, blocked = 0;
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} action;

	for (int i = 1; i <= 64; i++) {
		/* not glibc's: it hides two of them */
		if (syscall(SYS_rt_sigaction, i, NULL, &action, sizeof(uint64_t)) < 0)
			continue;
		if (action.handler == (void *)1)
			ignored |= UINT64_C(1) << (i - 1);
		else if (action.handler)
			handled |= UINT64_C(1) << (i - 1);
	}
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &blocked, sizeof(blocked));
	printf("sig_ignored %016" PRIx64 "\nsig_handled %016" PRIx64 "\nsig_blocked %016" PRIx64 "\n",
		ignored, handled, blocked);
}

static void see_cpus(void)
{
	cpu_set_t set;

	printf("cpus");
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		for (size_t i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &set))
				printf(" %zu", i);
	printf("\n");
}

static void see_process(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), death = -1;
	mode_t mask = umask(0);

	umask(mask);
	printf("pid %d\nppid %d\npgid %d\nsid %d\n", getpid(), getppid(), getpgrp(), getsid(0));
	printf("tty %s\n", fd < 0 ? strerrorname_np(errno) : "open");
	if (fd >= 0)
		close(fd);
	printf("umask %04o\n", mask);
	printf("personality %x\n", (unsigned)personality(0xffffffff));
	printf("timerslack %d\n", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
	printf("pdeathsig %d\n", death);
	errno = 0;
	printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
	printf("ioprio %ld\n", syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0));
	printf("scheduler %d\n", sched_getscheduler(0));
	see_cpus();
	printf("session_keyring %ld\n", syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0, 0, 0));
}

static void see_limits(void)
{
	static const char *const names[] = { "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC",
		"NOFILE", "MEMLOCK", "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME" };

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		struct rlimit l;

		if (syscall(SYS_prlimit64, 0, i, NULL, &l) == 0)
			printf("limit_%s %ju %ju\n", names[i], (uintmax_t)l.rlim_cur, (uintmax_t)l.rlim_max);
	}
}

static void see_directory(const char *key, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			printf("%s %s\n", key, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static long see(int argc, char **argv)
{
	char cwd[4096];
	long n;

	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	see_fds();
	see_ids();
	see_caps();
	see_namespaces();
	see_signals();
	see_process();
	see_limits();
	n = syscall(SYS_getcwd, cwd, sizeof(cwd));
	printf("cwd %s\n", n < 0 ? strerrorname_np(errno) : cwd);
	see_file("mount", "/proc/self/mountinfo");
	see_file("cgroup", "/proc/self/cgroup");
	see_file("oom_score_adj", "/proc/self/oom_score_adj");
	see_file("uid_map", "/proc/self/uid_map");
	see_directory("root", "/");
	see_directory("dev", "/dev");
	see_directory("proc", "/proc");
	return 0;
}

static long see_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("arg %s\n", argv[i]);
	return 0;
}

static long list_directory(int argc, char **argv)
{
	see_directory("entry", argv[1]);
	return access(argv[1], F_OK) < 0 ? -errno : 0;
}

static long cat_file(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	char data[4096];
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, data, sizeof(data))) > 0)
		fwrite(data, 1, (size_t)n, stdout);
	close(fd);
	return n < 0 ? -errno : 0;
}

static bool is_reverse(const char *p, const char *reversed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != reversed[n - 1 - i])
			return false;
	return true;
}

/* Looks for a text in all readable memory: what the launcher knew must not have come along. The argument is
 * the text in reverse, so that it is not found itself. */
static long scan_memory(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/maps", "re");
	size_t n = strlen(argv[1]);
	char line[512];
	long found = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		char *at, *end;
		unsigned long from = strtoul(line, &at, 16), to = strtoul(at + 1, &end, 16);

		if (end[1] != 'r' || strstr(line, "[vvar") || strstr(line, "[vsyscall"))
			continue;
		for (unsigned long p = from; p + n <= to; p++)
			found += is_reverse((const char *)p, argv[1], n);
	}
	fclose(f);
	return found;
}

const struct probe_command see_commands[] = {
	{ "see", 0, 0, "", see },
	{ "args", 0, 1000, "[ARGUMENT…]", see_args },
	{ "list", 1, 1, "DIRECTORY", list_directory },
	{ "cat", 1, 1, "FILE", cat_file },
	{ "scan", 1, 1, "REVERSED-TEXT", scan_memory },
	{ 0 },
};
