/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources.h"
#include "base/fd.h"
#include "base/parse.h"
#include "jail/steps.h"
#include "jail/template.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000

const char *sources_path(struct rig *r, const char *name)
{
	return rig_format(r, "%s/%s", r->directory, name);
}

void sources_move(struct rig *r, const char *from, const char *to)
{
	assert_int_equal(rename(sources_path(r, from), sources_path(r, to)), 0);
}

void sources_exchange(struct rig *r)
{
	assert_int_equal(renameat2(AT_FDCWD, sources_path(r, "other"), AT_FDCWD, sources_path(r, "above"),
				 RENAME_EXCHANGE),
		0);
}

void sources_template(struct rig *r)
{
	assert_true(rig_make_template(r));
	assert_int_equal(rig_looks(r), 0);
}

/* Twice, as none has used it in between. */
void sources_drop(struct rig *r)
{
	jail_templates_reload(&r->context);
	jail_templates_reload(&r->context);
}

void sources_silence(struct rig *r)
{
	struct pollfd p = { .fd = jail_templates_make(&r->context), .events = POLLIN };

	assert_true(p.fd >= 0);
	while (templates_busy(&r->context)) {
		assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
		jail_templates_event(&r->context);
	}
}

void sources_settle(struct rig *r)
{
	assert_true(rig_looks(r) > 0);
	(void)usleep(ANEW_USEC);
	assert_true(rig_looks(r) > 0);
	assert_true(jail_templates_wait(&r->context) >= 0);
	sources_silence(r);
	assert_int_equal(rig_looks(r), 0);
	assert_int_equal(jail_templates_wait(&r->context), -1);
}

int sources_inotify(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	int found = -1;

	assert_non_null(d);
	while (found < 0 && (e = readdir(d))) {
		char text[64] = "";
		int fd;

		if (readlinkat(dirfd(d), e->d_name, text, sizeof(text) - 1) > 0 &&
			strcmp(text, "anon_inode:inotify") == 0 && parse_int(e->d_name, 0, INT_MAX, &fd) >= 0)
			found = fd;
	}
	(void)closedir(d);
	return found;
}

size_t sources_watches(void)
{
	char name[64], line[256];
	size_t n = 0;
	FILE *f;

	assert_true(snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", sources_inotify()) > 0);
	f = fopen(name, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strncmp(line, "inotify wd:", strlen("inotify wd:")) == 0;
	(void)fclose(f);
	return n;
}

bool sources_can_watch(void)
{
	struct statfs fs;

	assert_int_equal(statfs("/", &fs), 0);
	return fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

void sources_begin(struct rig *r)
{
	if (!sources_can_watch())
		skip();
	rig_mkdir(r, "above", 0755);
	rig_mkdir(r, "above/data", 0755);
	rig_file(r, "above/data/file", "old\n", 0444);
	rig_mkdir(r, "other", 0755);
	rig_mkdir(r, "other/data", 0755);
	rig_file(r, "other/data/file", "new\n", 0444);
	rig_bind(r, sources_path(r, "above/data"), "/data", MOUNT_READ_ONLY);
}

void sources_renew_output(struct rig *r)
{
	int out[2];

	if (r->output_end >= 0)
		return;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	(void)fd_close(r->output_fd);
	r->output_fd = out[0];
	r->output_end = out[1];
	for (size_t i = 0; i < r->spec.n_fds; i++)
		if (r->spec.fds[i].target == STDOUT_FILENO || r->spec.fds[i].target == STDERR_FILENO)
			r->spec.fds[i].source = out[1];
	free(r->output);
	r->output = NULL;
}

void sources_refused(struct rig *r, int error, const char *object)
{
	sources_renew_output(r);
	rig_fail(r, STAGE_MOUNTS, error, object);
}

void sources_expect(struct rig *r, const char *line)
{
	sources_renew_output(r);
	RUN(r, "cat", "/data/file");
	assert_string_equal(r->output, rig_format(r, "%scat ok\n", line));
}

int sources_make_file(const char *path)
{
	return fd_close(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)) == -1 ? 0 : -1;
}
