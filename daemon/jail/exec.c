/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The program: opened once by path, in the jail's view, and from then on meant by its fd. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * Is it a script? The kernel would say ENOENT for one that is run from a close-on-exec fd, and no more. An
 * O_PATH fd can't be read, so the path is opened again, and what is another file by now is not read: the exec
 * will tell, as where opening is refused. A device or a pipe that came there meanwhile is not waited for.
 */
static bool is_script(const char *path, const struct stat *found)
{
	_cleanup_close_ int fd =
		path_open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, RESOLVE_NO_MAGICLINKS);
	struct stat st;
	char head[2];

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == found->st_dev && st.st_ino == found->st_ino &&
	       read_full(fd, head, sizeof(head)) == (ssize_t)sizeof(head) && head[0] == '#' && head[1] == '!';
}

int open_executable(const char *path, struct jail_error *reterr)
{
	_cleanup_close_ int fd = path_open_at(AT_FDCWD, path, O_PATH, RESOLVE_NO_MAGICLINKS);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return jail_fail(reterr, STAGE_EXEC, fd, path, "");
	if (fstat(fd, &st) < 0)
		return jail_fail(reterr, STAGE_EXEC, errno_or_eio(), path, "");
	if (!S_ISREG(st.st_mode))
		return jail_fail(reterr, STAGE_EXEC, -EACCES, "not a regular file:", path);
	if (fstatfs(fd, &fs) < 0)
		return jail_fail(reterr, STAGE_EXEC, errno_or_eio(), path, "");
	if (fs.f_flags & ST_NOEXEC)
		return jail_fail(reterr, STAGE_EXEC, -EACCES,
			"nothing there may be executed (NoExecPaths=, noexec):", path);
	if (is_script(path, &st))
		return jail_fail(reterr, STAGE_EXEC, -ENOEXEC,
			"a script: make its interpreter the executable, and the script an argument:", path);
	return steal_fd(fd);
}

int apply_directory(const char *path, struct jail_error *reterr)
{
	char cwd[PATH_MAX];
	long n = keyed_call(SYS_chdir, (uintptr_t)path, 0, 0, 0);

	/* The system call, not glibc's function: that one would hide what it looks for, a directory outside.
	 */
	if (n >= 0)
		n = keyed_call(SYS_getcwd, (uintptr_t)cwd, sizeof(cwd), 0, 0);
	if (n < 0)
		return jail_fail(reterr, STAGE_EXEC, (int)n, "working directory", path);
	if (n == 0 || cwd[0] != '/')
		return jail_fail(reterr, STAGE_EXEC, -EXDEV, "working directory outside of the jail:", path);
	return 0;
}

int exec_failed(const struct jail_spec *spec, bool labelled, int r, struct jail_error *reterr)
{
	if (r == -ENOENT) /* the file itself is open */
		return jail_fail(reterr, STAGE_EXEC, r,
			"the program's loader is missing inside of the jail:", spec->executable);
	if (labelled && r == -EPERM)
		return jail_fail(reterr, STAGE_SELINUX, r,
			"SELinuxContext=: with no_new_privs the policy must allow process2 nnp_transition to",
			spec->selinux_context);
	if (labelled && r == -EACCES)
		return jail_fail(reterr, STAGE_SELINUX, r,
			spec->landlock && (spec->landlock->restricts & RESTRICT_FILES)
				? "SELinuxContext=: no FsPathReadExecute= covers the program, or it may not "
				  "be run as"
				: "SELinuxContext=: the policy does not let Bailiff run this program as",
			spec->selinux_context);
	if (r == -EACCES && spec->landlock && (spec->landlock->restricts & RESTRICT_FILES))
		return jail_fail(reterr, STAGE_EXEC, r,
			"it, or its loader, may not be executed, or no FsPathReadExecute= covers",
			spec->executable);
	return jail_fail(reterr, STAGE_EXEC, r, spec->executable, "");
}

int apply_exec(const struct jail_spec *spec, bool labelled, int exe_fd, struct jail_error *reterr)
{
	int r = (int)RET_ERRNO(syscall(SYS_execveat, exe_fd, "", spec->argv, spec->envp, AT_EMPTY_PATH));

	return exec_failed(spec, labelled, r, reterr);
}
