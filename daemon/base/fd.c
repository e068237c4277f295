/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/fd.h"
#include "base/error.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define HIGH 1024 /* above what is there for all sandboxes, and what some launches at a time take */

/* Not in every linux/magic.h that we build against. */
#define MAGIC_NSFS       0x6e736673
#define NFSD_MAGIC       0x6e667364
#define RPC_PIPEFS_MAGIC 0x67596969
#define CONFIGFS_MAGIC   0x62656570
#define FUSECTL_MAGIC    0x65735543
#define APPARMOR_MAGIC   0x5a3c69f0
#define MQUEUE_MAGIC     0x19800202
#define MAGIC_PIDFS      0x50494446
#define MAGIC_SECRET     0x5345434d

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

void fd_close_many(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fds[i] = fd_close(fds[i]);
}

int fd_set_cloexec(int fd, bool on)
{
	return RET_ERRNO(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return errno_or_eio();
	return RET_ERRNO(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int fd_dup_above(int fd, int min)
{
	return RET_ERRNO(fcntl(fd, F_DUPFD_CLOEXEC, min));
}

int fd_move_high(int fd)
{
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);

	if (high < 0)
		return fd;
	(void)fd_close(fd);
	return high;
}

static enum fd_kind classify_chr(int fd, const struct stat *st)
{
	unsigned minor_nr = minor(st->st_rdev);

	/* mem(4): null 3, zero 5, full 7, random 8, urandom 9 */
	if (major(st->st_rdev) == 1 &&
		(minor_nr == 3 || minor_nr == 5 || minor_nr == 7 || minor_nr == 8 || minor_nr == 9))
		return FD_KIND_NULL;
	return isatty(fd) ? FD_KIND_TTY : FD_KIND_CHARDEV;
}

static enum fd_kind classify_socket(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) < 0)
		return FD_KIND_OTHER;
	return listening ? FD_KIND_LISTENER : FD_KIND_SOCKET;
}

/* Reads the /proc link of an fd: the only way to tell a memfd or an eventfd from its neighbours. */
static bool link_begins(int fd, int proc_fd, const char *prefix)
{
	char name[64], target[64];
	ssize_t n;

	if (proc_fd >= 0)
		(void)snprintf(name, sizeof(name), "self/fd/%d", fd);
	else
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlinkat(proc_fd >= 0 ? proc_fd : AT_FDCWD, name, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strncmp(target, prefix, strlen(prefix)) == 0;
}

/* File systems through which the kernel, or a daemon, is steered: what is in them is no data. */
static bool is_kernels(const struct statfs *fs)
{
	switch ((unsigned long)fs->f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case SELINUX_MAGIC:
	case SMACK_MAGIC:
	case BPF_FS_MAGIC:
	case EFIVARFS_MAGIC:
	case PSTOREFS_MAGIC:
	case RDTGROUP_SUPER_MAGIC:
	case BINFMTFS_MAGIC:
	case DEVPTS_SUPER_MAGIC:
	case AUTOFS_SUPER_MAGIC:
	case NFSD_MAGIC:
	case RPC_PIPEFS_MAGIC:
	case CONFIGFS_MAGIC:
	case FUSECTL_MAGIC:
	case APPARMOR_MAGIC:
	case MQUEUE_MAGIC:
	case MAGIC_NSFS:
	case MAGIC_PIDFS:
	case MAGIC_SECRET:
	case ANON_INODE_FS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* The kernel's own mount of tmpfs, which nobody can mount anywhere: what is on it has no other name. */
static dev_t memfds;
static bool knows_memfds;

void fd_learn_memfds(int memfd)
{
	struct stat st;

	knows_memfds = fstat(memfd, &st) == 0;
	memfds = knows_memfds ? st.st_dev : 0;
}

static enum fd_kind classify_regular(int fd, int proc_fd, dev_t device)
{
	struct statfs fs;

	if (knows_memfds && device == memfds)
		return FD_KIND_MEMFD;
	if (fstatfs(fd, &fs) < 0 || is_kernels(&fs))
		return FD_KIND_OTHER;
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != HUGETLBFS_MAGIC)
		return FD_KIND_REGULAR;
	return link_begins(fd, proc_fd, "/memfd:") ? FD_KIND_MEMFD : FD_KIND_REGULAR;
}

static enum fd_kind classify_directory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 || is_kernels(&fs) ? FD_KIND_OTHER : FD_KIND_DIRECTORY;
}

static enum fd_kind classify_mode(int fd, int proc_fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return classify_regular(fd, proc_fd, st->st_dev);
	case S_IFDIR:
		return classify_directory(fd);
	case S_IFIFO:
		return FD_KIND_PIPE;
	case S_IFSOCK:
		return classify_socket(fd);
	case S_IFCHR:
		return classify_chr(fd, st);
	default:
		/* anonymous inodes have no file type */
		return link_begins(fd, proc_fd, "anon_inode:[eventfd]") ? FD_KIND_EVENTFD : FD_KIND_OTHER;
	}
}

int fd_classify(int fd, int proc_fd, enum fd_kind *ret_kind, unsigned *ret_access)
{
	unsigned access = 0;
	struct stat st;
	int flags;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	if (!(flags & O_PATH)) {
		if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR)
			access |= FD_ACCESS_READ;
		if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR)
			access |= FD_ACCESS_WRITE;
	}
	*ret_kind = flags & O_PATH ? FD_KIND_PATH : classify_mode(fd, proc_fd, &st);
	if (ret_access)
		*ret_access = access;
	return 0;
}

bool fd_ends_with_peer(int fd, int proc_fd)
{
	enum fd_kind kind;

	return fd_classify(fd, proc_fd, &kind, NULL) >= 0 && (kind == FD_KIND_PIPE || kind == FD_KIND_SOCKET);
}

static const char *const kind_names[_FD_KIND_MAX] = {
	[FD_KIND_OTHER] = "other",
	[FD_KIND_REGULAR] = "regular",
	[FD_KIND_MEMFD] = "memfd",
	[FD_KIND_PIPE] = "pipe",
	[FD_KIND_SOCKET] = "socket",
	[FD_KIND_NULL] = "null",
	[FD_KIND_TTY] = "tty",
	[FD_KIND_DIRECTORY] = "directory",
	[FD_KIND_PATH] = "path",
	[FD_KIND_LISTENER] = "listener",
	[FD_KIND_CHARDEV] = "chardev",
	[FD_KIND_EVENTFD] = "eventfd",
};

const char *fd_kind_to_string(enum fd_kind kind)
{
	return kind >= 0 && kind < _FD_KIND_MAX ? kind_names[kind] : NULL;
}

int fd_kind_from_string(const char *s, enum fd_kind *ret)
{
	for (int i = FD_KIND_REGULAR; i < _FD_KIND_MAX; i++)
		if (strcmp(s, kind_names[i]) == 0) {
			*ret = (enum fd_kind)i;
			return 0;
		}
	return -EINVAL;
}

int fd_process(int fd, uint64_t *ret)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	if (fs.f_type == ANON_INODE_FS_MAGIC)
		return -EOPNOTSUPP;
	if (fs.f_type != MAGIC_PIDFS || st.st_ino == 0)
		return -EINVAL;
	*ret = st.st_ino;
	return 0;
}
