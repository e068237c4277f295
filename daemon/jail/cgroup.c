/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Control groups, version 2: one for each jail, so that all its processes can be found and killed at once.
 * The name is made of the sandbox's number; no text of anybody else's gets near cgroupfs. cgroups(7). */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_FORMAT     "sandbox-%llu"
#define NAME_LENGTH     32
#define LIST_MAX        (1024 * 1024) /* bytes of cgroup.procs: 100,000 processes */
#define CONTROLLERS_MAX 4096
#define BATCH           256 /* pidfds held at a time */

struct member {
	pid_t pid;
	int pidfd;
};

static void cgroup_name(uint64_t id, char name[NAME_LENGTH])
{
	(void)snprintf(name, NAME_LENGTH, NAME_FORMAT, (unsigned long long)id);
}

int cgroup_open(const struct jail_context *c, uint64_t id)
{
	char name[NAME_LENGTH];

	cgroup_name(id, name);
	return RET_ERRNO(openat(c->cgroup_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int cgroup_create(const struct jail_context *c, uint64_t id, int *ret_fd)
{
	char name[NAME_LENGTH];
	int fd;

	*ret_fd = -1;
	if (c->cgroup_fd < 0)
		return 0;
	cgroup_name(id, name);
	/* One that is there already is somebody's: never joined. */
	if (mkdirat(c->cgroup_fd, name, 0755) < 0)
		return errno_or_eio();
	fd = cgroup_open(c, id);
	if (fd < 0) {
		(void)unlinkat(c->cgroup_fd, name, AT_REMOVEDIR);
		return fd;
	}
	*ret_fd = fd_move_high(fd);
	return 0;
}

/* Its files go with it. */
bool cgroup_stands(int cgroup_fd)
{
	return cgroup_fd < 0 || faccessat(cgroup_fd, "cgroup.procs", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int cgroup_kill(int cgroup_fd)
{
	_cleanup_close_ int fd = openat(cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno_or_eio();
	return write_full(fd, "1", 1);
}

int cgroup_remove(const struct jail_context *c, uint64_t id)
{
	char name[NAME_LENGTH];

	if (c->cgroup_fd < 0)
		return 0;
	cgroup_name(id, name);
	if (unlinkat(c->cgroup_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return errno_or_eio();
	return 0;
}

static int read_list(int procs_fd, char **ret)
{
	size_t size;

	if (lseek(procs_fd, 0, SEEK_SET) < 0)
		return errno_or_eio();
	return read_fd_to_end(procs_fd, LIST_MAX, ret, &size);
}

/* The next pid of a list, or 0 at its end. Members that have no pid in our PID namespace are left out. */
static pid_t next_pid(char **list)
{
	int pid = 0;

	while (pid == 0) {
		char *line = strsep(list, "\n");

		if (!line || !line[0])
			return 0;
		if (parse_int(line, 0, INT_MAX, &pid) < 0)
			return 0;
	}
	return pid;
}

static bool list_contains(const char *list, pid_t pid)
{
	char text[NUMBER_TEXT_MAX];
	const char *number = number_text((uint64_t)pid, text);
	size_t n = strlen(number);

	for (const char *p = list; *p; p += strcspn(p, "\n"), p += *p != '\0')
		if (strncmp(p, number, n) == 0 && (p[n] == '\n' || p[n] == '\0'))
			return true;
	return false;
}

/*
 * A pid from a list may be another process' by the time that a pidfd is opened for it. But if it stands in a
 * list that is read after that, then either the pidfd's process is still there, and a member, or it has ended
 * and the signal goes nowhere.
 */
static int signal_batch(int procs_fd, const struct member *members, size_t n, int sig, size_t *signalled)
{
	_cleanup_free_ char *list = NULL;
	int r;

	r = read_list(procs_fd, &list);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (list_contains(list, members[i].pid) && process_signal(members[i].pidfd, sig) >= 0)
			(*signalled)++;
	return 0;
}

/* Has ended since, and the number, if it is anything, is a thread of somebody else. */
static bool is_gone(int error)
{
	return error == -ESRCH || error == -EINVAL || error == -ENOENT;
}

/* Where fds run short, a batch ends early; *pending is then the pid that the next one begins with. */
static int open_batch(char **list, pid_t *pending, struct member *members, size_t *ret_n)
{
	*ret_n = 0;
	while (*ret_n < BATCH) {
		pid_t pid = *pending > 0 ? *pending : next_pid(list);
		int pidfd;

		*pending = 0;
		if (pid == 0)
			return 0;
		pidfd = process_pidfd_open(pid);
		if (pidfd >= 0) {
			members[(*ret_n)++] = (struct member){ pid, pidfd };
		} else if ((pidfd == -EMFILE || pidfd == -ENFILE) && *ret_n > 0) {
			*pending = pid;
			return 0;
		} else if (!is_gone(pidfd)) {
			return pidfd;
		}
	}
	return 0;
}

int cgroup_signal(int cgroup_fd, int sig)
{
	_cleanup_close_ int procs_fd = openat(cgroup_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *list = NULL;
	struct member members[BATCH];
	size_t signalled = 0, n;
	pid_t pending = 0;
	char *rest;
	int r;

	if (procs_fd < 0)
		return errno_or_eio();
	r = read_list(procs_fd, &list);
	if (r < 0)
		return r;
	rest = list;
	do {
		r = open_batch(&rest, &pending, members, &n);
		if (r >= 0 && n > 0)
			r = signal_batch(procs_fd, members, n, sig, &signalled);
		for (size_t i = 0; i < n; i++)
			(void)fd_close(members[i].pidfd);
	} while (r >= 0 && n > 0);
	if (r < 0)
		return r;
	return signalled > 0 ? 0 : -ESRCH;
}

/* Whoever made it has settled that. What can not be read is asked of each jail. */
static void find_controllers(struct jail_context *c)
{
	_cleanup_close_ int fd = openat(c->cgroup_fd, "cgroup.subtree_control", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (fd < 0 || read_fd_to_end(fd, CONTROLLERS_MAX, &text, &size) < 0)
		return;
	c->without_memory = !strstr(text, "memory");
	c->without_tasks = !strstr(text, "pids");
}

/* A directory of cgroups is never renamed. */
int cgroup_find(struct jail_context *c)
{
	char name[64], path[PATH_MAX];
	ssize_t n;

	if (c->cgroup_fd < 0)
		return 0;
	find_controllers(c);
	(void)snprintf(name, sizeof(name), "self/fd/%d", c->cgroup_fd);
	n = readlinkat(c->proc_fd, name, path, sizeof(path));
	if (n <= 0 || (size_t)n >= sizeof(path))
		return 0;
	c->cgroup_path = strndup(path, (size_t)n);
	return c->cgroup_path ? 0 : -ENOMEM;
}

char *jail_cgroup_path(const struct jail_context *c, const struct jail *j)
{
	char path[PATH_MAX + NAME_LENGTH], name[NAME_LENGTH];

	if (j->cgroup_fd < 0 || !c->cgroup_path)
		return private_strdup("");
	cgroup_name(j->id, name);
	(void)snprintf(path, sizeof(path), "%s/%s", c->cgroup_path, name);
	return private_strdup(path);
}
