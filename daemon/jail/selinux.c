/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The SELinux context that the payload's exec gives it. The kernel alone decides whether Bailiff may ask for
 * it and whether the exec may go there; here it is seen to that nothing else passes for the kernel. The file
 * that is written to is opened in a procfs that is one, below its root, with nothing mounted over any part of
 * the path: what containers have been led astray with is a file of the same name elsewhere. And what was
 * written is read back.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define KEY           "SELinuxContext="
#define PROC_ROOT_INO 1

static int fail(struct jail_error *reterr, int error, const char *what, const char *object)
{
	return jail_fail(reterr, STAGE_SELINUX, error, what, object);
}

/* Its own file system, which is there when SELinux is on, and only then. Returns its fd. */
static int open_selinuxfs(const char *path)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? -EOPNOTSUPP : errno_or_eio();
	if (fstatfs(fd, &fs) < 0)
		return errno_or_eio();
	return fs.f_type == SELINUX_MAGIC ? steal_fd(fd) : -EOPNOTSUPP;
}

/* One character: 1 when the policy is enforced. */
static bool is_permissive(int selinuxfs_fd)
{
	_cleanup_close_ int fd = openat(selinuxfs_fd, "enforce", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char c;

	return fd < 0 || read(fd, &c, 1) != 1 || c != '1';
}

int prepare_label(const struct jail_spec *spec, const char *selinuxfs, struct label_plan *ret,
	uint32_t *ret_lacking, struct jail_error *reterr)
{
	_cleanup_close_ int fd = -1;

	*ret = LABEL_PLAN_NULL;
	if (!spec->selinux_context || !spec->selinux_context[0])
		return 0;
	fd = open_selinuxfs(selinuxfs);
	if (fd == -EOPNOTSUPP && (spec->optional & OPTIONAL_SELINUX)) {
		*ret_lacking |= 1U << LACK_SELINUX;
		return 0;
	}
	if (fd == -EOPNOTSUPP)
		return fail(reterr, fd, KEY " SELinux is not on here: there is no selinuxfs at", selinuxfs);
	if (fd < 0)
		return fail(reterr, fd, KEY, selinuxfs);
	if (is_permissive(fd))
		*ret_lacking |= 1U << LACK_SELINUX_ENFORCE;
	ret->context = spec->selinux_context;
	return 0;
}

static int check_procfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return errno_or_eio();
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : -EBADF;
}

int label_open(int proc_fd)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = check_procfs(proc_fd);
	if (r < 0)
		return r;
	if (fstat(proc_fd, &st) < 0)
		return errno_or_eio();
	if (st.st_ino != PROC_ROOT_INO)
		return -EBADF;
	fd = path_open_at(
		proc_fd, "self/attr/exec", O_RDWR, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	if (fd < 0)
		return fd == -EXDEV ? -EBADF : fd;
	r = check_procfs(fd);
	return r < 0 ? r : steal_fd(fd);
}

int open_label(struct label_plan *p, int proc_fd, struct jail_error *reterr)
{
	if (!p->context)
		return 0;
	p->fd = label_open(proc_fd);
	if (p->fd == -EBADF)
		return fail(
			reterr, p->fd, KEY " attr/exec is not procfs' own, something is mounted over it", "");
	return p->fd < 0 ? fail(reterr, p->fd, KEY " attr/exec", "") : 0;
}

int label_write(int fd, const char *context)
{
	size_t n = strlen(context);
	char text[SELINUX_CONTEXT_MAX + 2];
	ssize_t got;

	if (n == 0 || n > SELINUX_CONTEXT_MAX)
		return -EINVAL;
	got = pwrite(fd, context, n, 0);
	if (got != (ssize_t)n)
		return got < 0 ? errno_or_eio() : -EIO;
	got = pread(fd, text, sizeof(text), 0);
	if (got < 0)
		return errno_or_eio();
	/* the kernel shows it with a NUL at its end */
	while (got > 0 && (text[got - 1] == '\0' || text[got - 1] == '\n'))
		got--;
	return (size_t)got == n && memcmp(text, context, n) == 0 ? 0 : -EBADMSG;
}

int apply_label(const struct label_plan *p, int fd, int exe_fd, struct jail_error *reterr)
{
	int r;

	if (!p->context)
		return 0;
	if (syscall(SYS_faccessat2, exe_fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
		return jail_fail(
			reterr, STAGE_EXEC, errno_or_eio(), "its user may not execute the program", "");
	r = label_write(fd, p->context);
	(void)fd_close(fd);
	if (r == -EINVAL)
		return fail(reterr, r, KEY " the policy of this machine has no context", p->context);
	if (r == -EACCES || r == -EPERM)
		return fail(reterr, r, KEY " the policy must allow Bailiff process setexec, for", p->context);
	if (r == -EBADMSG)
		return fail(reterr, r, KEY " the kernel understands another context than", p->context);
	return r < 0 ? fail(reterr, r, KEY, p->context) : 0;
}
