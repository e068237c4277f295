/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The machine around the tests; see machine.h. */

#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FTW_FDS      16
#define TIMEOUT_MSEC 20000

static void put_file(FILE *out, const char *path)
{
	FILE *f = fopen(path, "re");
	char line[4096];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		(void)fputs(line, out);
	(void)fclose(f);
}

static void put_fds(FILE *out)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		char text[256];
		ssize_t n = readlinkat(dirfd(d), e->d_name, text, sizeof(text) - 1);

		/* without the one by which we look */
		if (n > 0 && strtol(e->d_name, NULL, 10) != dirfd(d))
			(void)fprintf(out, "fd %s %.*s\n", e->d_name, (int)n, text);
	}
	(void)closedir(d);
}

static void put_children(FILE *out)
{
	siginfo_t si = { 0 };

	if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == 0)
		(void)fprintf(out, "child %d\n", si.si_pid);
}

/* The mount point of cgroup v2, from mountinfo; "" if there is none. */
static void find_cgroup2(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	path[0] = '\0';
	assert_non_null(f);
	while (!path[0] && fgets(line, sizeof(line), f)) {
		char point[1024];

		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %1023s", point) == 1)
			(void)snprintf(path, size, "%s", point);
	}
	(void)fclose(f);
}

char *machine_make_cgroup(int *ret_fd)
{
	char top[1024], *path;

	*ret_fd = -1;
	find_cgroup2(top, sizeof(top));
	if (!top[0])
		return NULL;
	assert_true(asprintf(&path, "%s/bailiff-test-%d", top, getpid()) > 0);
	assert_int_equal(mkdir(path, 0755), 0);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(*ret_fd >= 0);
	return path;
}

void machine_remove_cgroup(const char *path)
{
	if (path && rmdir(path) < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void machine_remove_tree(const char *path)
{
	if (nftw(path, remove_one, FTW_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

char *machine_state(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	put_file(out, "/proc/self/mountinfo");
	put_fds(out);
	put_children(out);
	(void)fclose(out);
	return text;
}

static bool has_line(const char *text, const char *line, size_t n)
{
	for (const char *l = text; *l; l += strcspn(l, "\n") + 1)
		if (strcspn(l, "\n") == n && memcmp(l, line, n) == 0)
			return true;
	return false;
}

static bool show_missing(const char *text, const char *other, const char *mark)
{
	bool complete = true;

	for (const char *l = text; *l; l += strcspn(l, "\n") + 1) {
		size_t n = strcspn(l, "\n");

		if (has_line(other, l, n))
			continue;
		print_error("%s %.*s\n", mark, (int)n, l);
		complete = false;
	}
	return complete;
}

bool machine_compare(const char *before, const char *after)
{
	bool lost = !show_missing(before, after, "gone:"),
	     left = !show_missing(after, before, "left behind:");

	return !lost && !left;
}

void machine_reap_killed(unsigned most)
{
	for (int waited = 0; most > 0 && waited < TIMEOUT_MSEC; waited++) {
		siginfo_t si = { .si_pid = 0 };

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
			return;
		if (si.si_pid == 0)
			(void)usleep(1000);
		else if (si.si_code != CLD_KILLED || si.si_status != SIGKILL ||
			 waitpid(si.si_pid, NULL, 0) != si.si_pid)
			return;
		else
			most--;
	}
}
