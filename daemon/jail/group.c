/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a sandbox as a whole may take: limits in the files of its own cgroup, version 2, written by the
 * launcher before anything runs in there. A file that is missing is a controller that this machine has not
 * got, or that was not handed down to us: that fails the launch, unless the profile calls the layer optional.
 * cgroups(7).
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/machine.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define QUOTA_PERIOD_USEC 100000U /* systemd's, and the kernel's default */
#define QUOTA_USEC_MIN    1000U   /* the kernel takes no less */

static const struct {
	const char *key, *controller, *file;
} limits[_GROUP_LIMIT_MAX] = {
	[GROUP_MEMORY_MAX] = { "MemoryMax=", "memory", "memory.max" },
	[GROUP_MEMORY_HIGH] = { "MemoryHigh=", "memory", "memory.high" },
	[GROUP_TASKS_MAX] = { "TasksMax=", "pids", "pids.max" },
	[GROUP_CPU_QUOTA] = { "CPUQuota=", "cpu", "cpu.max" },
	[GROUP_CPU_WEIGHT] = { "CPUWeight=", "cpu", "cpu.weight" },
	[GROUP_IO_WEIGHT] = { "IOWeight=", "io", "io.weight" },
};

#define IDLE_FILE "cpu.idle"

static int fail(struct jail_error *reterr, int error, size_t which, const char *what, const char *object)
{
	char text[JAIL_OBJECT_MAX];

	(void)snprintf(text, sizeof(text), "%s %s", limits[which].key, what);
	return jail_fail(reterr, STAGE_CGROUP, error, text, object);
}

static void format_quota(const struct group_value *v, char text[GROUP_TEXT_MAX])
{
	uint64_t usec = machine_share(QUOTA_PERIOD_USEC, v->value);

	if (v->value == GROUP_INFINITY)
		(void)snprintf(text, GROUP_TEXT_MAX, "max %u", QUOTA_PERIOD_USEC);
	else
		(void)snprintf(text, GROUP_TEXT_MAX, "%" PRIu64 " %u",
			usec > QUOTA_USEC_MIN ? usec : QUOTA_USEC_MIN, QUOTA_PERIOD_USEC);
}

static int format_amount(size_t which, const struct group_value *v, int proc_fd, char text[GROUP_TEXT_MAX])
{
	uint64_t value = v->value;
	struct machine m;
	int r;

	if (v->unit == GROUP_PERMYRIAD) {
		r = machine_measure(proc_fd, &m);
		if (r < 0)
			return r;
		value = machine_share(which == GROUP_TASKS_MAX ? m.tasks : m.memory, v->value);
	}
	if (v->unit == GROUP_ABSOLUTE && value == GROUP_INFINITY)
		(void)snprintf(text, GROUP_TEXT_MAX, "max");
	else
		(void)snprintf(text, GROUP_TEXT_MAX, "%" PRIu64, value);
	return 0;
}

static int format_value(size_t which, const struct group_value *v, int proc_fd, struct group_plan *p)
{
	char *text = p->text[which];

	switch ((enum group_limit)which) {
	case GROUP_CPU_QUOTA:
		format_quota(v, text);
		return 0;
	case GROUP_CPU_WEIGHT:
		p->idle = v->value == 0;
		(void)snprintf(text, GROUP_TEXT_MAX, "%" PRIu64, p->idle ? 1 : v->value);
		return 0;
	case GROUP_IO_WEIGHT:
		(void)snprintf(text, GROUP_TEXT_MAX, "default %" PRIu64, v->value);
		return 0;
	default:
		return format_amount(which, v, proc_fd, text);
	}
}

int prepare_group(
	const struct jail_spec *spec, int proc_fd, struct group_plan *ret, struct jail_error *reterr)
{
	*ret = (struct group_plan){ .optional = (spec->optional & OPTIONAL_CGROUP) != 0 };
	for (size_t i = 0; spec->group && i < _GROUP_LIMIT_MAX; i++) {
		int r = spec->group[i].unit == GROUP_UNSET ? 0
							   : format_value(i, &spec->group[i], proc_fd, ret);

		if (r < 0)
			return fail(reterr, r, i, "size of the machine", "");
	}
	return 0;
}

/* -EOPNOTSUPP: no such controller. */
static int open_limit(const struct group_plan *p, size_t i, int cgroup_fd)
{
	bool idle = i == GROUP_CPU_WEIGHT && p->idle;
	int fd;

	if (cgroup_fd < 0)
		return -EOPNOTSUPP;
	/* Nonblocking: below what is in use, a limit comes into force with what is taken next, instead of the
	 * launcher waiting for memory to be freed (Linux 6.16). */
	fd = openat(
		cgroup_fd, idle ? IDLE_FILE : limits[i].file, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? fd : errno == ENOENT ? -EOPNOTSUPP : errno_or_eio();
}

/* Before anything is written: is everything there? What is missing and may be is taken out of the plan. */
static int check_controllers(
	struct group_plan *p, int cgroup_fd, uint32_t *ret_lacking, struct jail_error *reterr)
{
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++) {
		_cleanup_close_ int fd = p->text[i][0] != '\0' ? open_limit(p, i, cgroup_fd) : -1;

		if (fd != -EOPNOTSUPP)
			continue;
		if (!p->optional)
			return fail(reterr, -EOPNOTSUPP, i, "there is no cgroup v2 controller",
				limits[i].controller);
		*ret_lacking |= 1U << (LACK_MEMORY_MAX + i);
		p->text[i][0] = '\0';
	}
	return 0;
}

int apply_group(struct group_plan *p, int cgroup_fd, uint32_t *ret_lacking, struct jail_error *reterr)
{
	int r;

	r = check_controllers(p, cgroup_fd, ret_lacking, reterr);
	for (size_t i = 0; r >= 0 && i < _GROUP_LIMIT_MAX; i++) {
		_cleanup_close_ int fd = -1;

		if (p->text[i][0] == '\0')
			continue;
		fd = open_limit(p, i, cgroup_fd);
		r = fd < 0 ? fd : write_full(fd, p->text[i], strlen(p->text[i]));
		if (r < 0)
			return fail(reterr, r, i, limits[i].file, p->text[i]);
	}
	return r;
}
