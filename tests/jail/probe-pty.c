/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Commands about the terminal at standard input: what it is to the process, job control, its signals. */

#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS 30

static long see_terminal(int argc, char **argv)
{
	struct winsize size = { 0 };
	struct stat st;
	char name[128];

	if (!isatty(0))
		return -errno;
	printf("ttyname %s\n", ttyname_r(0, name, sizeof(name)) == 0 ? name : "none");
	if (ioctl(0, TIOCGWINSZ, &size) == 0)
		printf("winsize %u %u\n", size.ws_row, size.ws_col);
	if (fstat(0, &st) == 0)
		printf("ttynode %u %u %04o\n", st.st_uid, st.st_gid, st.st_mode & 07777);
	printf("leader %d\n", getsid(0) == getpid());
	printf("controlling %d\n", tcgetsid(0) == getsid(0));
	printf("foreground %d\n", tcgetpgrp(0) == getpgrp());
	return 0;
}

static long open_terminal(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return close(fd);
}

/* A job of its own in the foreground, and back, as shells do it. */
static long job(int argc, char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (setpgid(0, 0) < 0 || signal(SIGTTOU, SIG_IGN) == SIG_ERR || tcsetpgrp(0, getpid()) < 0)
			_exit(1);
		_exit(tcgetpgrp(0) == getpid() ? 0 : 2);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (signal(SIGTTOU, SIG_IGN) == SIG_ERR || tcsetpgrp(0, getpgrp()) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* As many as can be had, each held until the end. */
static long new_terminals(int argc, char **argv)
{
	int n = 0, fd;

	while ((fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) >= 0) {
		if (grantpt(fd) < 0 || unlockpt(fd) < 0)
			return -errno;
		n++;
	}
	return n > 0 ? n : -errno;
}

/* Says that it waits, then waits. */
static long await_signal(int argc, char **argv)
{
	const struct timespec longest = { .tv_sec = WAIT_SECONDS };
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, number(argv[1]));
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	printf("waiting\n");
	signal = sigtimedwait(&set, NULL, &longest);
	return signal < 0 ? -errno : signal;
}

static long set_discipline(int argc, char **argv)
{
	int discipline = 0;

	return result(ioctl(0, TIOCSETD, &discipline));
}

static long hang(int argc, char **argv)
{
	printf("hanging\n");
	sleep(WAIT_SECONDS);
	return 0;
}

const struct probe_command pty_commands[] = {
	{ "terminal", 0, 0, "", see_terminal },
	{ "open-terminal", 1, 1, "PATH", open_terminal },
	{ "job", 0, 0, "", job },
	{ "new-terminals", 0, 0, "", new_terminals },
	{ "take-signal", 1, 1, "NUMBER", await_signal },
	{ "set-discipline", 0, 0, "", set_discipline },
	{ "hang", 0, 0, "", hang },
	{ 0 },
};
