/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What can be done with, and asked about, a jail that runs, by its control group: freeze and thaw, new
 * limits, what it has used. Names of files are fixed and what is written is made of numbers; what is read is
 * the kernel's.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/parse.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <string.h>

#define FILE_MAX 4096 /* cpu.stat has some hundred bytes */

int jail_freeze(struct jail *j, bool freeze, struct jail_error *reterr)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (j->cgroup_fd < 0)
		return jail_fail(
			reterr, STAGE_CGROUP, -EOPNOTSUPP, "no cgroup v2 hierarchy to freeze in", "");
	fd = openat(j->cgroup_fd, "cgroup.freeze", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? errno_or_eio() : write_full(fd, freeze ? "1" : "0", 1);
	if (r < 0)
		return jail_fail(reterr, STAGE_CGROUP, r == -ENOENT ? -EOPNOTSUPP : r, "cgroup.freeze", "");
	j->frozen = freeze;
	return 0;
}

int jail_limit(const struct jail_context *c, const struct jail *j,
	const struct group_value values[_GROUP_LIMIT_MAX], struct jail_error *reterr)
{
	const struct jail_spec spec = { .group = values };
	struct group_plan plan;
	uint32_t lacking = 0;
	int r;

	r = prepare_group(&spec, c->proc_fd, &plan, reterr);
	return r < 0 ? r : apply_group(&plan, j->cgroup_fd, &lacking, reterr);
}

/* The number behind a key at the start of a line; the whole file's with the key "". */
static int read_value(int cgroup_fd, const char *name, const char *key, uint64_t *ret)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	size_t size, n = strlen(key);
	int r;

	if (cgroup_fd < 0)
		return -EOPNOTSUPP;
	fd = openat(cgroup_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, FILE_MAX, &text, &size);
	if (r < 0)
		return r;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (strncmp(line, key, n) == 0)
			return parse_u64(line + n, ret);
	return -ENODATA;
}

void jail_usage(const struct jail *j, bool cpu, struct jail_usage *ret)
{
	uint64_t kills = 0;

	*ret = (struct jail_usage){ 0 };
	ret->has_cpu = cpu && read_value(j->cgroup_fd, "cpu.stat", "usage_usec ", &ret->cpu_usec) >= 0;
	ret->has_memory =
		!j->without_memory && read_value(j->cgroup_fd, "memory.peak", "", &ret->memory_peak) >= 0;
	ret->has_tasks =
		!j->without_tasks && read_value(j->cgroup_fd, "pids.peak", "", &ret->tasks_peak) >= 0;
	ret->out_of_memory = !j->without_memory &&
			     read_value(j->cgroup_fd, "memory.events", "oom_kill ", &kills) >= 0 && kills > 0;
}
