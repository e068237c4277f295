/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/cgroup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX    16 /* ours are one level deep; a payload with a cgroup of its own may have made more */
#define REMOVE_TRIES 200
#define REMOVE_PAUSE                                                                                         \
	10 /* milliseconds: killed processes leave their cgroup when they are dead, not at once */
#define OWN_LINES_MAX   65536
#define CONTROLLERS_MAX 4096

/* The path behind "0::" in /proc/self/cgroup. */
static int own_path(char **ret)
{
	_cleanup_close_ int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	char *path;
	size_t size;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, OWN_LINES_MAX, &text, &size);
	if (r < 0)
		return r;
	path = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!path)
		return -ENOENT;
	path = strchr(path, '/');
	if (!path)
		return -ENOENT;
	path[strcspn(path, "\n")] = '\0';
	*ret = strdup(path);
	return *ret ? 0 : -ENOMEM;
}

static void endmntentp(FILE **f)
{
	if (*f)
		(void)endmntent(*f);
}

/* Where cgroup v2 is mounted: alone (/sys/fs/cgroup) or beside version 1 (…/unified). */
static int find_mount(char **ret)
{
	_cleanup_(endmntentp) FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent m;
	char line[2 * PATH_MAX];

	if (!f)
		return errno_or_eio();
	while (getmntent_r(f, &m, line, sizeof(line)))
		if (strcmp(m.mnt_type, "cgroup2") == 0) {
			*ret = strdup(m.mnt_dir);
			return *ret ? 0 : -ENOMEM;
		}
	return -ENOENT;
}

int cgroup_open_own(void)
{
	_cleanup_free_ char *mount_point = NULL, *own = NULL, *path = NULL;
	_cleanup_close_ int fd = -1;
	struct statfs fs;
	int r;

	r = find_mount(&mount_point);
	if (r < 0)
		return r;
	r = own_path(&own);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s%s", mount_point, own) < 0)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	if (fstatfs(fd, &fs) < 0)
		return errno_or_eio();
	return fs.f_type == CGROUP2_SUPER_MAGIC ? steal_fd(fd) : -ENOENT;
}

static int open_children(int dir_fd, DIR **ret)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno_or_eio();
	*ret = fdopendir(fd);
	if (*ret)
		return 0;
	(void)fd_close(fd);
	return -ENOMEM;
}

/* The next directory that is not spared; NULL: there are no more. */
static const char *next_child(DIR *d, cgroup_spare spare, const void *userdata)
{
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!spare || !spare(e->d_name, userdata))
			return e->d_name;
	}
	return NULL;
}

/* -ENOENT when there is none. */
static int first_child(int dir_fd, cgroup_spare spare, const void *userdata, char name[NAME_MAX + 1])
{
	_cleanup_(closedirp) DIR *d = NULL;
	const char *child;
	int r = open_children(dir_fd, &d);

	if (r < 0)
		return r;
	child = next_child(d, spare, userdata);
	if (!child)
		return -ENOENT;
	(void)snprintf(name, NAME_MAX + 1, "%s", child);
	return 0;
}

/* The kernel does it, in dir and below, since Linux 5.14. */
static void cgroup_kill(int dir_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)write_full(fd, "1", 1);
}

/* All of them before any is removed: what can not be removed keeps no other alive. */
static int kill_children(int dir_fd, cgroup_spare spare, const void *userdata)
{
	_cleanup_(closedirp) DIR *d = NULL;
	int r = open_children(dir_fd, &d);

	if (r < 0)
		return r;
	for (const char *name = next_child(d, spare, userdata); name; name = next_child(d, spare, userdata)) {
		_cleanup_close_ int fd =
			openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			cgroup_kill(fd);
	}
	return 0;
}

static int remove_patiently(int dir_fd, const char *name)
{
	const struct timespec pause = { .tv_nsec = REMOVE_PAUSE * 1000000L };

	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return errno_or_eio();
		(void)nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

/* Removes the cgroup name in dir with all below it, the deepest first. */
static int remove_tree(int dir_fd, const char *name)
{
	int fds[DEPTH_MAX], r = 0;
	char names[DEPTH_MAX][NAME_MAX + 1];
	size_t n = 0;

	(void)snprintf(names[0], sizeof(names[0]), "%s", name);
	for (;;) {
		int parent = n > 0 ? fds[n - 1] : dir_fd;
		int fd = openat(parent, names[n], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0) {
			r = errno_or_eio();
			break;
		}
		r = n + 1 < DEPTH_MAX ? first_child(fd, NULL, NULL, names[n + 1]) : -ELOOP;
		if (r == 0) {
			fds[n++] = fd;
			continue;
		}
		(void)fd_close(fd);
		if (r == -ENOENT)
			r = remove_patiently(parent, names[n]);
		if (r < 0 || n == 0)
			break;
		/* again from the one above: it may have more children */
		(void)fd_close(fds[--n]);
	}
	fd_close_many(fds, n);
	return r;
}

int cgroup_clear(int dir_fd, cgroup_spare spare, const void *userdata)
{
	char name[NAME_MAX + 1];
	int r = kill_children(dir_fd, spare, userdata);

	while (r >= 0) {
		r = first_child(dir_fd, spare, userdata, name);
		if (r == -ENOENT)
			return 0;
		if (r >= 0)
			r = remove_tree(dir_fd, name);
	}
	return r;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; *p; p += strcspn(p, " \n"), p += *p != '\0')
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || p[n] == '\n' || p[n] == '\0'))
			return true;
	return false;
}

static int write_file(int dir_fd, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno_or_eio() : write_full(fd, text, strlen(text));
}

/* All of them that are there, at once: the kernel enables all or none. */
static int enable_controllers(int dir_fd)
{
	static const char *const wanted[] = { "cpu", "io", "memory", "pids" };
	_cleanup_close_ int fd = openat(dir_fd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *there = NULL;
	char text[64] = "";
	size_t size, n = 0;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, CONTROLLERS_MAX, &there, &size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
		if (has_word(there, wanted[i]))
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%s+%s", n > 0 ? " " : "", wanted[i]);
	return n > 0 ? write_file(dir_fd, "cgroup.subtree_control", text) : 0;
}

/* A cgroup that hands controllers down has no processes of its own: cgroups(7), "no internal processes". The
 * leaf stays when we end, since the stub is in it until the last; who gave us the cgroup above takes both
 * away. */
static int move_to_leaf(int own_fd, const char *leaf)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(own_fd, leaf, 0755) < 0 && errno != EEXIST)
		return errno_or_eio();
	fd = openat(own_fd, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? errno_or_eio() : write_file(fd, "cgroup.procs", "0");
}

/* Somebody else's process is in the way as well: then this cgroup is not ours to divide. */
static void move_back(int own_fd, const char *leaf)
{
	if (write_file(own_fd, "cgroup.procs", "0") == 0)
		(void)unlinkat(own_fd, leaf, AT_REMOVEDIR);
}

int cgroup_delegate(int own_fd, int dir_fd, const char *leaf)
{
	int r;

	r = enable_controllers(own_fd);
	if (r == -EBUSY) {
		r = move_to_leaf(own_fd, leaf);
		if (r < 0)
			return r;
		r = enable_controllers(own_fd);
		if (r < 0)
			move_back(own_fd, leaf);
	}
	return r < 0 ? r : enable_controllers(dir_fd);
}
