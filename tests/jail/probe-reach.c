/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What belongs to others or came along by mistake: is it in reach? Each answers "ok" if so. */

#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#define INTERFACES_MAX 64

static long has_env(int argc, char **argv)
{
	return getenv(argv[1]) ? 0 : -ENOENT;
}

/* At least one byte: container engines put empty files in place of some. */
static long can_read(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char byte;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, &byte, 1);
	return n < 0 ? -errno : n == 0 ? -ENODATA : 0;
}

/* At least one entry. */
static long has_entries(int argc, char **argv)
{
	DIR *d = opendir(argv[1]);
	struct dirent *e;
	long n = 0;

	if (!d)
		return -errno;
	errno = 0;
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (errno)
		n = -errno;
	closedir(d);
	return n ? n : -ENODATA;
}

static long has_fd(int argc, char **argv)
{
	struct stat st;

	return result(fstat(number(argv[1]), &st));
}

static long has_process(int argc, char **argv)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid_argument(argv[1]));
	return result(open(path, O_RDONLY | O_CLOEXEC));
}

static long has_uid(int argc, char **argv)
{
	return (int)getuid() == number(argv[1]) ? 0 : -ENOENT;
}

static long has_hostname(int argc, char **argv)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -errno;
	return strcmp(u.nodename, argv[1]) == 0 ? 0 : -ENOENT;
}

static long has_mount(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	bool found = false;

	if (!f)
		return -errno;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, argv[1]);
	fclose(f);
	return found ? 0 : -ENOENT;
}

/* For those who may make no netlink socket: the numbers from 1 up, asked one by one. */
static long name_interfaces(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long n = 0;

	if (fd < 0)
		fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	for (int i = 1; i <= INTERFACES_MAX; i++) {
		struct ifreq r = { .ifr_ifindex = i };

		n += ioctl(fd, SIOCGIFNAME, &r) == 0 && strcmp(r.ifr_name, "lo") != 0;
	}
	return n ? n : -ENODEV;
}

/* Other than loopback. */
static long has_interfaces(int argc, char **argv)
{
	struct if_nameindex *all = if_nameindex();
	long n = 0;

	if (!all)
		return name_interfaces();
	for (struct if_nameindex *i = all; i->if_index != 0; i++)
		n += strcmp(i->if_name, "lo") != 0;
	if_freenameindex(all);
	return n ? n : -ENODEV;
}

static long has_shm(int argc, char **argv)
{
	return result(shmget(number(argv[1]), 0, 0));
}

static long has_queue(int argc, char **argv)
{
	return result(syscall(SYS_mq_open, argv[1], O_RDONLY | O_CLOEXEC, 0, NULL));
}

static long count_bits(int option, int sub)
{
	long n = 0;

	for (int i = 0; i < 64; i++)
		n += prctl(option, sub < 0 ? i : sub, sub < 0 ? 0 : i, 0, 0) == 1;
	return n;
}

static long has_caps(int argc, char **argv)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };
	const char *set = argv[1];
	long n = 0;

	if (syscall(SYS_capget, &head, d) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		if (strcmp(set, "permitted") == 0)
			n += __builtin_popcount(d[i].permitted);
		else if (strcmp(set, "effective") == 0)
			n += __builtin_popcount(d[i].effective);
		else if (strcmp(set, "inheritable") == 0)
			n += __builtin_popcount(d[i].inheritable);
	}
	if (strcmp(set, "bounding") == 0)
		n = count_bits(PR_CAPBSET_READ, -1);
	else if (strcmp(set, "ambient") == 0)
		n = count_bits(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET);
	return n ? n : -EPERM;
}

/* Root in the making: can the securebits that give root its capabilities be left as they are? */
static long has_root_magic(int argc, char **argv)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0)
		return -errno;
	return bits & 1 /* SECBIT_NOROOT */ ? -EPERM : 0;
}

static long lacks_filter(int argc, char **argv)
{
	int mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	if (mode < 0)
		return -errno;
	return mode ? -EPERM : 0;
}

static long try_pidfd_open(int argc, char **argv)
{
	return result(syscall(SYS_pidfd_open, pid_argument(argv[1]), 0));
}

static long try_pidfd_getfd(int argc, char **argv)
{
	long fd = syscall(SYS_pidfd_open, pid_argument(argv[1]), 0);

	return fd < 0 ? -errno : result(syscall(SYS_pidfd_getfd, fd, number(argv[2]), 0));
}

/* Nothing is written: the other's address is not mapped, which the kernel says only to those who may write.
 */
static long try_vm_write(int argc, char **argv)
{
	struct iovec local = { (char[1]){ 0 }, 1 }, remote = { NULL, 1 };

	if (process_vm_writev(pid_argument(argv[1]), &local, 1, &remote, 1, 0) < 0 && errno != EFAULT)
		return -errno;
	return 0;
}

static long try_priority(int argc, char **argv)
{
	errno = 0;
	(void)getpriority(PRIO_PROCESS, (id_t)pid_argument(argv[1]));
	return -errno;
}

static long try_affinity(int argc, char **argv)
{
	cpu_set_t set;

	return result(sched_getaffinity(pid_argument(argv[1]), sizeof(set), &set));
}

static long try_limits_of(int argc, char **argv)
{
	struct rlimit l;

	return result(syscall(SYS_prlimit64, pid_argument(argv[1]), RLIMIT_NOFILE, NULL, &l));
}

static long try_setns(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(setns(fd, 0));
}

const struct probe_command reach_commands[] = {
	{ "env", 1, 1, "NAME", has_env },
	{ "read", 1, 1, "FILE", can_read },
	{ "entries", 1, 1, "DIRECTORY", has_entries },
	{ "fd", 1, 1, "FD", has_fd },
	{ "process", 1, 1, "PID|parent", has_process },
	{ "uid", 1, 1, "UID", has_uid },
	{ "hostname", 1, 1, "NAME", has_hostname },
	{ "mount-seen", 1, 1, "TEXT", has_mount },
	{ "interfaces", 0, 0, "", has_interfaces },
	{ "shm", 1, 1, "KEY", has_shm },
	{ "queue", 1, 1, "NAME", has_queue },
	{ "caps", 1, 1, "permitted|effective|inheritable|bounding|ambient", has_caps },
	{ "root-magic", 0, 0, "", has_root_magic },
	{ "unfiltered", 0, 0, "", lacks_filter },
	{ "pidfd-open", 1, 1, "PID|parent", try_pidfd_open },
	{ "pidfd-getfd", 2, 2, "PID|parent FD", try_pidfd_getfd },
	{ "vm-write", 1, 1, "PID|parent", try_vm_write },
	{ "priority", 1, 1, "PID|parent", try_priority },
	{ "affinity", 1, 1, "PID|parent", try_affinity },
	{ "limits-of", 1, 1, "PID|parent", try_limits_of },
	{ "setns", 1, 1, "PATH", try_setns },
	{ 0 },
};
