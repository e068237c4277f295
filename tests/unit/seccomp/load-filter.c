/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Loads a filter that somebody else compiled and becomes another program under it, as a sandbox does: for
 * filters of another architecture than the test's own. The filter is fd 3, the program is a path.
 */

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static struct sock_filter filter[BPF_MAXINSNS];
	ssize_t size = read(3, filter, sizeof(filter));
	struct sock_fprog program = { .filter = filter };
	int fd;

	if (argc < 2 || size <= 0 || size % (ssize_t)sizeof(filter[0]) != 0)
		return 2;
	program.len = (unsigned short)((size_t)size / sizeof(filter[0]));
	(void)close(3);
	/* What the program is to have as 3 comes as 4. */
	(void)dup2(4, 3);
	(void)close(4);
	fd = open(argv[1], O_PATH | O_CLOEXEC);
	if (fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return 3;
	(void)syscall(SYS_execveat, fd, "", argv + 1, (char *[]){ NULL }, AT_EMPTY_PATH);
	return 4;
}
