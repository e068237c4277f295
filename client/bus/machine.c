/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The system bus of a container that systemd-machined knows: a process of ours goes there and connects the
 * socket, so that the bus sees one of its own users. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"
#include "base/unix.h"
#include "bus/bus.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MACHINES   "/run/systemd/machines"
#define FILE_MAX   65536
#define SYSTEM_BUS "/run/dbus/system_bus_socket"

enum place {
	PLACE_PID,
	PLACE_MOUNT,
	PLACE_USER,
	PLACE_ROOT,
	_PLACE_MAX,
};

/* The value of a line "KEY=value" of a file that machined wrote; NULL: there is none. */
static char *find_value(char *text, const char *key)
{
	const size_t n = strlen(key);

	for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text))
		if (strncmp(line, key, n) == 0 && line[n] == '=')
			return line + n + 1;
	return NULL;
}

/* The container's first process. */
static int find_leader(const char *name, int *ret)
{
	_cleanup_free_ char *path = NULL, *text = NULL, *copy = NULL;
	_cleanup_close_ int fd = -1;
	const char *class, *leader;
	size_t size;
	int r;

	if (strcmp(name, ".host") == 0) {
		*ret = 1;
		return 0;
	}
	if (strchr(name, '/') || *name == '.')
		return -EINVAL;
	if (asprintf(&path, MACHINES "/%s", name) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EHOSTDOWN : errno_or_eio();
	r = read_fd_to_end(fd, FILE_MAX, &text, &size);
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	class = find_value(copy, "CLASS");
	leader = find_value(text, "LEADER");
	if (!class || strcmp(class, "container") != 0 || !leader)
		return -EIO;
	return parse_int(leader, 1, INT32_MAX, ret);
}

static int open_places(int pid, int fds[_PLACE_MAX])
{
	static const char *const names[] = { "ns/pid", "ns/mnt", "ns/user", "root" };
	struct stat ours, its;
	char path[64];

	for (int i = 0; i < _PLACE_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC | (i == PLACE_ROOT ? O_DIRECTORY : 0));
		if (fds[i] < 0)
			return errno_or_eio();
	}
	/* nobody can enter the user namespace that he is in */
	if (stat("/proc/self/ns/user", &ours) < 0 || fstat(fds[PLACE_USER], &its) < 0)
		return errno_or_eio();
	if (ours.st_dev == its.st_dev && ours.st_ino == its.st_ino)
		fds[PLACE_USER] = fd_close(fds[PLACE_USER]);
	return 0;
}

static int enter(const int fds[_PLACE_MAX])
{
	if (setns(fds[PLACE_PID], CLONE_NEWPID) < 0 || setns(fds[PLACE_MOUNT], CLONE_NEWNS) < 0 ||
		(fds[PLACE_USER] >= 0 && setns(fds[PLACE_USER], CLONE_NEWUSER) < 0) ||
		fchdir(fds[PLACE_ROOT]) < 0 || chroot(".") < 0)
		return errno_or_eio();
	if (fds[PLACE_USER] >= 0 && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return errno_or_eio();
	return 0;
}

/* Ends with the error as its status. */
__attribute__((noreturn)) static void connect_there(const int fds[_PLACE_MAX], int fd, bool inside)
{
	static const struct sockaddr_un bus = { .sun_family = AF_UNIX, .sun_path = SYSTEM_BUS };
	int r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? errno_or_eio() : inside ? 0 : enter(fds);

	if (r == 0 && inside)
		r = connect(fd, (const struct sockaddr *)&bus, sizeof(bus)) < 0 ? errno_or_eio() : 0;
	else if (r == 0)
		r = machine_fork(fds, fd, true);
	_exit(-r);
}

int machine_fork(const int fds[], int fd, bool inside)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno_or_eio();
	if (pid == 0)
		connect_there(fds, fd, inside);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno_or_eio();
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int machine_connect(const char *name)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int fds[_PLACE_MAX] = { -1, -1, -1, -1 }, leader, r;

	if (fd < 0)
		return errno_or_eio();
	r = find_leader(name, &leader);
	if (r == 0)
		r = open_places(leader, fds);
	/* a process is in another PID namespace from its birth on: so there are two, one after the other */
	if (r == 0)
		r = machine_fork(fds, fd, false);
	fd_close_many(fds, _PLACE_MAX);
	return r < 0 ? r : steal_fd(fd);
}
