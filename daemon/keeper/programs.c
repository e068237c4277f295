/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/programs.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "keeper/keeper.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(PROGRAM_OWN == HELPER_PROGRAMS, "bailiffd comes after its helpers");

static int check(int fd, const char *path)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "program %s", path);
	if (S_ISREG(st.st_mode) && !(st.st_mode & (S_IWGRP | S_IWOTH)) && (st.st_mode & S_IXOTH))
		return 0;
	log_error("program %s must be a regular file that all may execute and others than its owner can not "
		  "write",
		path);
	return -EPERM;
}

int programs_open(const char *libexec_dir, const char *own, struct programs *ret)
{
	struct programs p = PROGRAMS_NULL;
	int r = 0;

	for (int i = 0; r >= 0 && i < PROGRAMS; i++) {
		_cleanup_free_ char *path = NULL;

		if (i != PROGRAM_OWN && asprintf(&path, "%s/%s", libexec_dir, helper_names[i]) < 0)
			r = -ENOMEM;
		if (r < 0)
			break;
		p.fds[i] = open(i == PROGRAM_OWN ? own : path, O_PATH | O_CLOEXEC);
		r = check(p.fds[i], i == PROGRAM_OWN ? own : path);
	}
	if (r < 0)
		programs_close(&p);
	else
		*ret = p;
	return r;
}

void programs_close(struct programs *p)
{
	fd_close_many(p->fds, PROGRAMS);
}

bool programs_equal(const struct programs *a, const struct programs *b)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		struct stat x, y;

		if (fstat(a->fds[i], &x) < 0 || fstat(b->fds[i], &y) < 0 || x.st_dev != y.st_dev ||
			x.st_ino != y.st_ino || x.st_mtim.tv_sec != y.st_mtim.tv_sec ||
			x.st_mtim.tv_nsec != y.st_mtim.tv_nsec)
			return false;
	}
	return true;
}
