/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/launch-options.h"
#include "base/capability-names.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "base/tighter.h"
#include "dbus/names.h"

#include <fcntl.h>
#include <string.h>

#define FD_NUMBER_MAX     1023
#define QUOTA_PERCENT_MAX 819200 /* 8192 processors */

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
#define LIMIT(n, r) { (n), (int)(r) },
	BAILIFF_RLIMIT_NAMES(LIMIT)
#undef LIMIT
};

int set_fd(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;
	const char *colon = strchr(value, ':');
	_cleanup_free_ char *child = strndup(value, colon ? (size_t)(colon - value) : strlen(value));
	struct launch_fd fd;

	if (!child)
		return -ENOMEM;
	if (parse_int(child, 0, FD_NUMBER_MAX, &fd.child) < 0 ||
		parse_int(colon ? colon + 1 : child, 0, INT32_MAX, &fd.ours) < 0)
		return option_refuse(reterr_why, "must be CHILD or CHILD:OURS, e.g. 3 or 3:7");
	if (fcntl(fd.ours, F_GETFD) < 0)
		return option_refuse(reterr_why, "descriptor %d is not open here", fd.ours);
	for (size_t i = 0; i < o->n_fds; i++)
		if (o->fds[i].child == fd.child)
			return option_refuse(reterr_why, "number %d is taken by an earlier --fd=", fd.child);
	if (o->n_fds == ELEMENTSOF(o->fds))
		return option_refuse(
			reterr_why, "one launch carries at most %d descriptors", BAILIFF_FDS_MAX);
	o->fds[o->n_fds++] = fd;
	return 0;
}

/* Opens PATH for what it takes: a file that can't be written to is opened for reading, and bound so. */
static int open_bound(const char *path, bool read_only)
{
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && !read_only &&
		(errno == EISDIR || errno == EACCES || errno == EROFS || errno == ETXTBSY))
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? errno_or_eio() : fd;
}

int set_bind(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;
	const char *equals = strchr(value, '=');
	size_t n = equals ? strlen(equals + 1) : 0;
	bool read_only = n > 3 && strcmp(equals + 1 + n - 3, ":ro") == 0;
	_cleanup_free_ char *slot = equals ? strndup(value, (size_t)(equals - value)) : NULL;
	_cleanup_free_ char *path = equals ? strndup(equals + 1, read_only ? n - 3 : n) : NULL;
	_cleanup_close_ int fd = -1;

	if (!equals || equals == value || n == 0)
		return option_refuse(reterr_why, "must be SLOT=PATH or SLOT=PATH:ro");
	if (!slot || !path)
		return -ENOMEM;
	if (!profile_name_valid(slot))
		return option_refuse(reterr_why, "%s is no name of a mount slot", slot);
	for (size_t i = 0; i < o->n_binds; i++)
		if (strcmp(o->binds[i].slot, slot) == 0)
			return option_refuse(reterr_why, "slot %s is filled by an earlier --bind=", slot);
	if (o->n_binds == ELEMENTSOF(o->binds))
		return option_refuse(reterr_why, "one launch fills at most %d mount slots", MOUNT_SLOTS_MAX);
	fd = open_bound(path, read_only);
	if (fd < 0)
		return option_refuse(reterr_why, "%s: %s", path, strerror(-fd));
	o->binds[o->n_binds++] =
		(struct launch_bind){ .slot = steal_ptr(slot), .fd = steal_fd(fd), .read_only = read_only };
	return 0;
}

int set_env(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;
	const char *equals = strchr(value, '='), *inherited;

	if (!env_name_valid(value, equals ? (size_t)(equals - value) : strlen(value)))
		return option_refuse(reterr_why, "must be NAME=VALUE or NAME");
	if (equals)
		return strv_extend(&o->env, value);
	inherited = getenv(value);
	if (!inherited)
		return option_refuse(reterr_why, "is not set here");
	return strv_extendf(&o->env, "%s=%s", value, inherited);
}

int set_unset_env(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (!env_name_valid(value, strlen(value)))
		return option_refuse(reterr_why, "is no name of a variable");
	return strv_extend(&o->unset_env, value);
}

int set_cwd(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (*value != '/')
		return option_refuse(reterr_why, "must be an absolute path");
	o->cwd = value;
	return 0;
}

int set_tag(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->tag = value;
	return 0;
}

int set_ready(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->notify = strcmp(value, BAILIFF_READY_NAME_NOTIFY) == 0;
	return o->notify || strcmp(value, BAILIFF_READY_NAME_EXEC) == 0
		       ? 0
		       : option_refuse(reterr_why, "must be exec or notify");
}

static int find_resource(const char *name, int *ret, char **reterr_why)
{
	struct suggestion near = suggestion_for(name, strlen(name));

	for (size_t i = 0; i < ELEMENTSOF(rlimits); i++) {
		if (strcasecmp(name, rlimits[i].name) == 0) {
			*ret = rlimits[i].resource;
			return 0;
		}
		suggestion_offer(&near, rlimits[i].name);
	}
	if (suggestion_get(&near))
		return option_refuse(reterr_why, "unknown resource; did you mean %s?", suggestion_get(&near));
	return option_refuse(
		reterr_why, "unknown resource; those of setrlimit(2) are known, without RLIMIT_");
}

int set_rlimit(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;
	_cleanup_(strv_freep) char **parts = NULL;
	struct launch_limit limit = { 0 };
	int r;

	r = strv_split(value, "=:", &parts);
	if (r < 0)
		return r;
	if (strv_length(parts) < 2 || strv_length(parts) > 3 || !strchr(value, '='))
		return option_refuse(reterr_why, "must be NAME=SOFT or NAME=SOFT:HARD");
	r = find_resource(parts[0], &limit.resource, reterr_why);
	if (r < 0)
		return r;
	if (parse_size(parts[1], &limit.soft) < 0 ||
		parse_size(parts[2] ? parts[2] : parts[1], &limit.hard) < 0)
		return option_refuse(
			reterr_why, "a limit is a number, which may end in K, M, G or T, or infinity");
	if (limit.soft > limit.hard)
		return option_refuse(reterr_why, "the soft limit is above the hard one");
	if (o->n_limits == ELEMENTSOF(o->limits))
		return option_refuse(reterr_why, "too many limits");
	o->limits[o->n_limits++] = limit;
	return 0;
}

static int set_time(uint64_t *dest, const char *value, char **reterr_why)
{
	int r = parse_span(value, dest, reterr_why);

	if (r == 0 && *dest == 0)
		return option_refuse(reterr_why, "must be more than nothing");
	return r;
}

int set_runtime_max(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	return set_time(&o->runtime_max, value, reterr_why);
}

int set_stop_timeout(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	return set_time(&o->stop_timeout, value, reterr_why);
}

int set_stop_signal(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (parse_signal(value, &o->stop_signal) < 0)
		return option_refuse(reterr_why, "is no signal; write TERM, SIGTERM or 15");
	return 0;
}

static int set_amount(uint64_t *dest, const char *value, char **reterr_why)
{
	if (parse_size(value, dest) < 0 || *dest == 0)
		return option_refuse(
			reterr_why, "must be a number above 0, which may end in K, M, G or T, or infinity");
	return 0;
}

int set_memory_max(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	return set_amount(&o->memory_max, value, reterr_why);
}

int set_tasks_max(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	return set_amount(&o->tasks_max, value, reterr_why);
}

int set_cpu_quota(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;
	size_t n = strlen(value);
	_cleanup_free_ char *number = strndup(value, n > 0 && value[n - 1] == '%' ? n - 1 : n);
	int percent;

	if (!number)
		return -ENOMEM;
	if (parse_int(number, 1, QUOTA_PERCENT_MAX, &percent) < 0)
		return option_refuse(
			reterr_why, "must be percent of one processor, 1 to %d", QUOTA_PERCENT_MAX);
	o->cpu_quota = (unsigned)percent;
	return 0;
}

int set_nice_value(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (parse_int(value, NICE_LOW, NICE_HIGH, &o->nice) < 0)
		return option_refuse(reterr_why, "must be a number, -20 to 19");
	o->has_nice = true;
	return 0;
}

int set_oom_score_adj(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (parse_int(value, OOM_SCORE_LOW, OOM_SCORE_HIGH, &o->oom_score_adj) < 0)
		return option_refuse(reterr_why, "must be a number, -1000 to 1000");
	o->has_oom_score_adj = true;
	return 0;
}

int set_drop_capability(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	if (capability_from_string(value) < 0)
		return option_refuse(reterr_why, "is no capability; they are written as CAP_NET_RAW is");
	return strv_extend(&o->drop_capabilities, value);
}

int set_no_network(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->no_network = true;
	return 0;
}

void launch_options_done(void *state)
{
	struct launch_options *o = state;

	o->env = strv_free(o->env);
	o->unset_env = strv_free(o->unset_env);
	o->drop_capabilities = strv_free(o->drop_capabilities);
	for (size_t i = 0; i < o->n_binds; i++) {
		free(o->binds[i].slot);
		(void)fd_close(o->binds[i].fd);
	}
	o->n_binds = 0;
}

static int apply_environment(bailiff_request *request, const struct launch_options *o)
{
	int r = 0;

	for (size_t i = 0; r == 0 && o->env && o->env[i]; i++) {
		const char *equals = strchr(o->env[i], '=');
		_cleanup_free_ char *name = strndup(o->env[i], (size_t)(equals - o->env[i]));

		r = name ? bailiff_request_set_env(request, name, equals + 1) : -ENOMEM;
	}
	for (size_t i = 0; r == 0 && o->unset_env && o->unset_env[i]; i++)
		r = bailiff_request_unset_env(request, o->unset_env[i]);
	return r;
}

static int apply_bounds(bailiff_request *request, const struct launch_options *o)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->n_limits; i++)
		r = bailiff_request_set_rlimit(
			request, o->limits[i].resource, o->limits[i].soft, o->limits[i].hard);
	if (r == 0 && o->runtime_max > 0)
		r = bailiff_request_set_runtime_max(request, o->runtime_max);
	if (r == 0 && o->stop_timeout > 0)
		r = bailiff_request_set_stop_timeout(request, o->stop_timeout);
	if (r == 0 && o->stop_signal > 0)
		r = bailiff_request_set_stop_signal(request, o->stop_signal);
	return r;
}

static int apply_tightened(bailiff_request *request, const struct launch_options *o)
{
	int r = 0;

	if (o->memory_max > 0)
		r = bailiff_request_set_memory_max(request, o->memory_max);
	if (r == 0 && o->tasks_max > 0)
		r = bailiff_request_set_tasks_max(request, o->tasks_max);
	if (r == 0 && o->cpu_quota > 0)
		r = bailiff_request_set_cpu_quota(request, o->cpu_quota);
	if (r == 0 && o->has_nice)
		r = bailiff_request_set_nice(request, o->nice);
	if (r == 0 && o->has_oom_score_adj)
		r = bailiff_request_set_oom_score_adj(request, o->oom_score_adj);
	for (size_t i = 0; r == 0 && o->drop_capabilities && o->drop_capabilities[i]; i++)
		r = bailiff_request_drop_capability(request, o->drop_capabilities[i]);
	if (r == 0 && o->no_network)
		r = bailiff_request_set_no_network(request, 1);
	return r;
}

static int apply_words(bailiff_request *request, const struct launch_options *o, char **argv)
{
	int r = bailiff_request_set_argv(request, (const char *const *)argv);

	if (r == 0 && o->cwd)
		r = bailiff_request_set_cwd(request, o->cwd);
	if (r == 0 && o->tag)
		r = bailiff_request_set_tag(request, o->tag);
	if (r == 0 && o->detach)
		r = bailiff_request_set_detach(request, 1);
	if (r == 0 && o->notify)
		r = bailiff_request_set_ready(request, BAILIFF_READY_NOTIFY);
	return r;
}

int launch_request_make(const struct launch_options *o, char **args, bailiff_request **ret)
{
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	/* PROFILE -- PROGRAM: this "--" is not the program's. */
	char **argv = args + (args[1] && strcmp(args[1], "--") == 0 ? 2 : 1);
	int r;

	if (!argv[0]) {
		report("%s: which program of the profile? bailiffctl cat %s shows its Executable=", args[0],
			args[0]);
		return -EINVAL;
	}
	if (argv == args + 1 && argv[0][0] == '-') {
		report("%s: %s: options stand before the profile; a program of that name behind --", args[0],
			argv[0]);
		return -EINVAL;
	}
	r = bailiff_request_new(&request, args[0]);
	if (r == -EINVAL) {
		report("%s: not a name that a profile can have; bailiffctl profiles lists them", args[0]);
		return r;
	}
	if (r == 0)
		r = apply_words(request, o, argv);
	if (r == 0)
		r = apply_environment(request, o);
	if (r == 0)
		r = apply_bounds(request, o);
	if (r == 0)
		r = apply_tightened(request, o);
	for (size_t i = 0; r == 0 && i < o->n_fds; i++)
		r = bailiff_request_map_fd(request, o->fds[i].child, o->fds[i].ours);
	for (size_t i = 0; r == 0 && i < o->n_binds; i++)
		r = bailiff_request_bind_fd(request, o->binds[i].slot, o->binds[i].fd, o->binds[i].read_only);
	if (r == -E2BIG)
		report("%s: too many: one launch carries at most %d descriptors, and 15 that are bound",
			args[0], BAILIFF_FDS_MAX);
	else if (r == -EILSEQ)
		report("%s: the working directory and the tag must be UTF-8", args[0]);
	else if (r < 0)
		report("%s: the request can not be made: %s", args[0], strerror(-r));
	if (r < 0)
		return r;
	*ret = steal_ptr(request);
	return 0;
}

int launch_failed(bailiff_connection *c, int error, const char *profile)
{
	int status;

	if (error == -E2BIG) {
		report("%s: more arguments and variables than fit into one message", profile);
		return EXIT_REFUSED;
	}
	status = launch_status(bailiff_last_error_name(c), bailiff_last_error_message(c));
	report_profile_failure(c, error, profile);
	return status;
}
