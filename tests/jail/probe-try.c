/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Attempts on files, mounts, devices, the kernel: each one system call, whose result is the answer. */

#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static long try_open(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[2] : "r";
	int flags = strcmp(mode, "r") == 0 ? O_RDONLY : strcmp(mode, "w") == 0 ? O_WRONLY : O_RDWR;

	return result(open(argv[1], flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
}

static long try_write(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	const char *text = argc > 2 ? argv[2] : "probe\n";
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

static long try_mkdir(int argc, char **argv)
{
	return result(mkdir(argv[1], 0777));
}

static long try_unlink(int argc, char **argv)
{
	return result(unlink(argv[1]));
}

static long try_symlink(int argc, char **argv)
{
	return result(symlink(argv[1], argv[2]));
}

static long try_chmod(int argc, char **argv)
{
	return result(chmod(argv[1], (mode_t)strtoul(argv[2], NULL, 8)));
}

/* A copy of /dev/mem, the most useful node there is. */
static long try_mknod(int argc, char **argv)
{
	return result(mknod(argv[1], S_IFCHR | 0666, makedev(1, 1)));
}

static long try_socket(int argc, char **argv)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} kinds[] = { { "inet", AF_INET, SOCK_STREAM }, { "inet6", AF_INET6, SOCK_STREAM },
		{ "unix", AF_UNIX, SOCK_STREAM }, { "netlink", AF_NETLINK, SOCK_RAW },
		{ "packet", AF_PACKET, SOCK_RAW }, { "raw", AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ "vsock", AF_VSOCK, SOCK_STREAM }, { "alg", AF_ALG, SOCK_SEQPACKET },
		{ "bluetooth", AF_BLUETOOTH, SOCK_RAW }, { "can", AF_CAN, SOCK_RAW },
		{ "kcm", AF_KCM, SOCK_DGRAM }, { "rds", AF_RDS, SOCK_SEQPACKET },
		{ "smc", AF_SMC, SOCK_STREAM }, { "tipc", AF_TIPC, SOCK_STREAM },
		{ "xdp", AF_XDP, SOCK_RAW } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			return result(
				socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, kinds[i].protocol));
	return -EINVAL;
}

/* "@NAME" is an abstract socket. */
static long try_connect(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(argv[1]);

	if (fd < 0)
		return -errno;
	if (n >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, argv[1], n);
	if (a.sun_path[0] == '@')
		a.sun_path[0] = '\0';
	return result(
		connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
}

/* To the loopback address, which answers differently from Landlock even when nobody listens, or it is down.
 */
static long tcp(const char *port, bool connecting)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(port)),
		.sin_addr.s_addr = htonl(connecting ? INADDR_LOOPBACK : INADDR_ANY) };
	const struct sockaddr *to = (const struct sockaddr *)&a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	return result(connecting ? connect(fd, to, sizeof(a)) : bind(fd, to, sizeof(a)));
}

static long try_bind_tcp(int argc, char **argv)
{
	return tcp(argv[1], false);
}

static long try_connect_tcp(int argc, char **argv)
{
	return tcp(argv[1], true);
}

static long try_truncate(int argc, char **argv)
{
	return result(truncate(argv[1], 0));
}

static long try_rename(int argc, char **argv)
{
	return result(rename(argv[1], argv[2]));
}

static long try_mount(int argc, char **argv)
{
	return result(mount("tmpfs", argc > 1 ? argv[1] : "/tmp", "tmpfs", 0, NULL));
}

static long try_umount(int argc, char **argv)
{
	return result(umount2(argv[1], MNT_DETACH));
}

static long try_remount(int argc, char **argv)
{
	return result(mount(NULL, argv[1], NULL, MS_REMOUNT | MS_BIND, NULL));
}

static long try_chroot(int argc, char **argv)
{
	return result(chroot(argv[1]));
}

static long try_pivot(int argc, char **argv)
{
	return result(syscall(SYS_pivot_root, ".", "."));
}

static long try_unshare(int argc, char **argv)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = { { "mnt", CLONE_NEWNS }, { "pid", CLONE_NEWPID }, { "net", CLONE_NEWNET },
		{ "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS }, { "cgroup", CLONE_NEWCGROUP },
		{ "user", CLONE_NEWUSER }, { "time", CLONE_NEWTIME } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			return result(unshare(kinds[i].flag));
	return -EINVAL;
}

/* A child that is alone in a user namespace, and ends at once. */
static long finish_clone(long pid)
{
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static long try_clone_user(int argc, char **argv)
{
	return finish_clone(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
}

static long try_clone3_user(int argc, char **argv)
{
	struct clone_args a = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };

	return finish_clone(syscall(SYS_clone3, &a, sizeof(a)));
}

static long try_tiocsti(int argc, char **argv)
{
	/* with "high" as argument, bits are set that the kernel ignores and a careless filter does not */
	unsigned long request = argc > 1 ? TIOCSTI | 1UL << 32 : TIOCSTI;
	char c = '\n';

	return result(syscall(SYS_ioctl, 0, request, &c));
}

static long try_tioclinux(int argc, char **argv)
{
	char paste = 3;

	return result(ioctl(0, TIOCLINUX, &paste));
}

static long try_tiocsctty(int argc, char **argv)
{
	return result(ioctl(0, TIOCSCTTY, 1));
}

static long try_keyctl(int argc, char **argv)
{
	long r = syscall(SYS_add_key, "user", argc > 1 ? argv[1] : "probe", "x", 1, KEY_SPEC_SESSION_KEYRING);

	return r < 0 ? -errno : 0;
}

/* Is there a key of this name in what the process can reach? */
static long try_find_key(int argc, char **argv)
{
	return result(syscall(SYS_request_key, "user", argv[1], NULL, 0));
}

static long try_bpf(int argc, char **argv)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return result(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}

static long try_io_uring(int argc, char **argv)
{
	struct io_uring_params p = { 0 };

	return result(syscall(SYS_io_uring_setup, 4, &p));
}

static long try_perf(int argc, char **argv)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a) };

	return result(syscall(SYS_perf_event_open, &a, -1, 0, -1, 0));
}

static long try_personality(int argc, char **argv)
{
	return result(personality(ADDR_NO_RANDOMIZE));
}

static long try_sethostname(int argc, char **argv)
{
	return result(sethostname("probe", 5));
}

static long try_chdir(int argc, char **argv)
{
	return result(chdir(argv[1]));
}

static long try_fchdir(int argc, char **argv)
{
	return result(fchdir(number(argv[1])));
}

static long try_settimeofday(int argc, char **argv)
{
	return result(syscall(SYS_adjtimex, NULL) < 0 && errno == EFAULT
			      ? syscall(SYS_settimeofday, NULL, NULL)
			      : -1);
}

static long try_setrlimit(int argc, char **argv)
{
	struct rlimit l = { .rlim_cur = strtoul(argv[2], NULL, 10), .rlim_max = strtoul(argv[2], NULL, 10) };

	return result(syscall(SYS_prlimit64, 0, number(argv[1]), &l, NULL));
}

static long try_stat(int argc, char **argv)
{
	struct stat st;

	if (stat(argv[1], &st) < 0)
		return -errno;
	printf("stat_owner %u %u\nstat_mode %o\nstat_inode %ju\n", st.st_uid, st.st_gid, st.st_mode,
		(uintmax_t)st.st_ino);
	return 0;
}

/* Number by number; arguments are zeros. Only for filters that are known to answer. */
static long try_syscall(int argc, char **argv)
{
	return result(syscall(strtol(argv[1], NULL, 0), 0, 0, 0, 0, 0, 0));
}

const struct probe_command try_commands[] = {
	{ "open", 1, 2, "PATH [r|w|rw]", try_open },
	{ "write", 1, 2, "PATH [TEXT]", try_write },
	{ "mkdir", 1, 1, "PATH", try_mkdir },
	{ "unlink", 1, 1, "PATH", try_unlink },
	{ "symlink", 2, 2, "TEXT PATH", try_symlink },
	{ "chmod", 2, 2, "PATH MODE", try_chmod },
	{ "mknod", 1, 1, "PATH", try_mknod },
	{ "stat", 1, 1, "PATH", try_stat },
	{ "socket", 1, 1, "inet|inet6|unix|netlink|packet|raw|vsock|alg|bluetooth|can|kcm|rds|smc|tipc|xdp",
		try_socket },
	{ "connect", 1, 1, "PATH|@NAME", try_connect },
	{ "bind-tcp", 1, 1, "PORT", try_bind_tcp },
	{ "connect-tcp", 1, 1, "PORT", try_connect_tcp },
	{ "truncate", 1, 1, "PATH", try_truncate },
	{ "rename", 2, 2, "FROM TO", try_rename },
	{ "mount", 0, 1, "[PATH]", try_mount },
	{ "umount", 1, 1, "PATH", try_umount },
	{ "remount", 1, 1, "PATH", try_remount },
	{ "chroot", 1, 1, "PATH", try_chroot },
	{ "pivot_root", 0, 0, "", try_pivot },
	{ "unshare", 1, 1, "mnt|pid|net|ipc|uts|cgroup|user|time", try_unshare },
	{ "clone-user", 0, 0, "", try_clone_user },
	{ "clone3-user", 0, 0, "", try_clone3_user },
	{ "tiocsti", 0, 1, "[high]", try_tiocsti },
	{ "tioclinux", 0, 0, "", try_tioclinux },
	{ "tiocsctty", 0, 0, "", try_tiocsctty },
	{ "keyctl", 0, 1, "[NAME]", try_keyctl },
	{ "find-key", 1, 1, "NAME", try_find_key },
	{ "bpf", 0, 0, "", try_bpf },
	{ "io_uring", 0, 0, "", try_io_uring },
	{ "perf", 0, 0, "", try_perf },
	{ "personality", 0, 0, "", try_personality },
	{ "sethostname", 0, 0, "", try_sethostname },
	{ "chdir", 1, 1, "PATH", try_chdir },
	{ "fchdir", 1, 1, "FD", try_fchdir },
	{ "settimeofday", 0, 0, "", try_settimeofday },
	{ "setrlimit", 2, 2, "RESOURCE VALUE", try_setrlimit },
	{ "syscall", 1, 1, "NUMBER", try_syscall },
	{ 0 },
};
