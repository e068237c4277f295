/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/launch-args.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "broker/errors.h"
#include "broker/options.h"
#include "dbus/names.h"

#include <stdlib.h>
#include <string.h>

void launch_args_init(struct launch_args *a)
{
	*a = (struct launch_args){ .lifeline = -1, .channel = -1 };
	for (size_t i = 0; i < ELEMENTSOF(a->stdio); i++)
		a->stdio[i] = PLAN_STDIO_UNSET;
}

static void words_done(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
}

void launch_args_done(struct launch_args *a)
{
	words_done(&a->argv);
	words_done(&a->env);
	words_done(&a->unset_env);
	free(a->cwd);
	for (size_t i = 0; i < a->n_binds; i++)
		free(a->bind_slots[i]);
	(void)strv_free(a->optional);
	(void)strv_free(a->unknown);
	launch_args_init(a);
}

/* Makes room for one more and the NULL behind it. */
static int words_reserve(struct words *w)
{
	if (w->n + 2 > w->allocated) {
		size_t n = w->allocated > 0 ? 2 * w->allocated : 16;
		char **grown = reallocarray(w->v, n, sizeof(char *));

		if (!grown)
			return -ENOMEM;
		w->v = grown;
		w->allocated = n;
	}
	return 0;
}

static int words_push(struct launch_args *a, struct words *w, size_t max, char *s, size_t size)
{
	if (w->n >= max || size >= ARG_BYTES_MAX - a->bytes) {
		free(s);
		return -EDQUOT;
	}
	w->v[w->n++] = s;
	w->v[w->n] = NULL;
	a->bytes += size + 1;
	return 0;
}

int launch_args_add(struct launch_args *a, struct words *w, size_t max, const char *data, size_t size)
{
	char *s;
	int r;

	/* Before the copy: a message may be a thousand times larger than what we take. */
	if (w->n >= max || size >= ARG_BYTES_MAX - a->bytes)
		return -EDQUOT;
	r = words_reserve(w);
	if (r < 0)
		return r;
	s = malloc(size + 1);
	if (!s)
		return -ENOMEM;
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	return words_push(a, w, max, s, size);
}

int launch_args_too_many(sd_bus_error *error)
{
	return sd_bus_error_setf(error, BAILIFF_ERROR_QUOTA_EXCEEDED,
		"Too much to hand over: at most %d arguments, %d variables, %d bytes together", ARGV_MAX,
		ENV_MAX, ARG_BYTES_MAX);
}

int launch_args_add_env(struct launch_args *a, const char *name, size_t name_size, const char *value,
	size_t value_size, sd_bus_error *error)
{
	const size_t size = name_size + 1 + value_size;
	char *s;
	int r;

	if (!env_name_valid(name, name_size))
		return sd_bus_error_set(error, BAILIFF_ERROR_ENV_DENIED,
			"The name of a variable may have letters, digits and underscores only, and no digit "
			"first");
	if (a->env.n >= ENV_MAX || name_size >= ARG_BYTES_MAX || value_size >= ARG_BYTES_MAX ||
		size >= ARG_BYTES_MAX - a->bytes)
		return launch_args_too_many(error);
	r = words_reserve(&a->env);
	if (r < 0)
		return r;
	s = malloc(size + 1);
	if (!s)
		return -ENOMEM;
	memcpy(s, name, name_size);
	s[name_size] = '=';
	if (value_size > 0)
		memcpy(s + name_size + 1, value, value_size);
	s[size] = '\0';
	return words_push(a, &a->env, ENV_MAX, s, size);
}

static int read_argv(struct launch_args *a, struct reader *m, sd_bus_error *error)
{
	const char *s;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = reader_basic(m, SD_BUS_TYPE_STRING, &s)) > 0)
		r = launch_args_add(a, &a->argv, ARGV_MAX, s, strlen(s));
	if (r >= 0)
		r = reader_exit(m);
	if (r == -EDQUOT)
		return launch_args_too_many(error);
	return r < 0 ? error_unreadable(error, r, "argv") : 0;
}

static int read_env(struct launch_args *a, struct reader *m, sd_bus_error *error)
{
	const char *name, *value;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "{ss}");
	while (r >= 0 && (r = reader_tuple(m, SD_BUS_TYPE_DICT_ENTRY, "ss", &name, &value)) > 0)
		r = launch_args_add_env(a, name, strlen(name), value, strlen(value), error);
	if (r >= 0)
		r = reader_exit(m);
	if (r < 0 && !sd_bus_error_is_set(error))
		return error_unreadable(error, r, "env");
	return r;
}

int launch_args_add_fd(struct launch_args *a, uint32_t target, int fd, int proc_fd, sd_bus_error *error)
{
	struct plan_fd *slot;
	int r;

	if (a->n_fds >= FDS_MAX)
		return sd_bus_error_setf(
			error, BAILIFF_ERROR_INVALID_FD, "More than %d descriptors", FDS_MAX);
	if (target > FD_TARGET_MAX)
		return sd_bus_error_setf(error, BAILIFF_ERROR_INVALID_FD, "Descriptor number %u is above %d",
			target, FD_TARGET_MAX);
	for (size_t i = 0; i < a->n_fds; i++)
		if (a->fds[i].target == target)
			return sd_bus_error_setf(error, BAILIFF_ERROR_INVALID_FD,
				"Descriptor number %u is given twice", target);
	slot = &a->fds[a->n_fds];
	slot->target = target;
	r = fd_classify(fd, proc_fd, &slot->kind, &slot->access);
	if (r < 0)
		return sd_bus_error_setf(error, BAILIFF_ERROR_INVALID_FD, "Descriptor for number %u: %s",
			target, strerror(-r));
	a->sources[a->n_fds++] = fd;
	return 0;
}

static int read_fds(struct launch_args *a, struct reader *m, int proc_fd, sd_bus_error *error)
{
	uint32_t target;
	int fd, r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "{uh}");
	while (r >= 0 && (r = reader_tuple(m, SD_BUS_TYPE_DICT_ENTRY, "uh", &target, &fd)) > 0)
		r = launch_args_add_fd(a, target, fd, proc_fd, error);
	if (r >= 0)
		r = reader_exit(m);
	if (r < 0 && !sd_bus_error_is_set(error))
		return error_unreadable(error, r, "fds");
	return r;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	size_t n = strcspn(*x, "="), k = strcspn(*y, "=");
	int order = memcmp(*x, *y, n < k ? n : k);

	if (order != 0)
		return order;
	return n < k ? -1 : n > k;
}

/* Each variable once, over env and env-bytes: which of two values would count is nobody's guess to make. */
static int check_env(const struct launch_args *a, sd_bus_error *error)
{
	_cleanup_free_ char **sorted = NULL;

	if (a->env.n < 2)
		return 0;
	sorted = reallocarray(NULL, a->env.n, sizeof(char *));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, a->env.v, a->env.n * sizeof(char *));
	qsort(sorted, a->env.n, sizeof(char *), compare_names);
	for (size_t i = 1; i < a->env.n; i++)
		if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
			return sd_bus_error_setf(error, BAILIFF_ERROR_ENV_DENIED,
				"Variable %.*s is given twice", (int)strcspn(sorted[i], "="), sorted[i]);
	return 0;
}

static int check_whole(const struct launch_args *a, sd_bus_error *error)
{
	if (a->argv.n == 0)
		return error_invalid_args(error, "argv is empty: its first element names the program");
	if (a->argv.v[0][0] == '\0')
		return error_invalid_args(error, "argv[0] is empty: it names the program");
	for (size_t i = 0; i < a->n_fds; i++)
		if (a->fds[i].target < ELEMENTSOF(a->stdio) && a->stdio[a->fds[i].target] != PLAN_STDIO_UNSET)
			return sd_bus_error_setf(error, BAILIFF_ERROR_INVALID_FD,
				"Descriptor number %u is in fds and in the option stdio: give one",
				a->fds[i].target);
	return check_env(a, error);
}

/* sd-bus has looked whether a message is longer than its signature says. */
static int check_end(const struct reader *m)
{
	return m->bytes ? cursor_end(m->bytes) : 0;
}

int launch_args_read(struct launch_args *a, struct reader *m, int proc_fd, sd_bus_error *error)
{
	int r;

	r = read_argv(a, m, error);
	if (r < 0)
		return r;
	r = read_env(a, m, error);
	if (r < 0)
		return r;
	r = read_fds(a, m, proc_fd, error);
	if (r < 0)
		return r;
	r = options_read(a, m, proc_fd, error);
	if (r >= 0)
		r = check_end(m);
	return r < 0 ? r : check_whole(a, error);
}

int launch_args_read_question(struct launch_args *a, struct reader *m, sd_bus_error *error)
{
	int r;

	a->question = true;
	r = read_argv(a, m, error);
	if (r >= 0)
		r = read_env(a, m, error);
	if (r >= 0)
		r = options_read(a, m, -1, error);
	if (r >= 0)
		r = check_end(m);
	return r < 0 ? r : check_whole(a, error);
}

void launch_args_for_plan(const struct launch_args *a, uid_t dynamic_uid, struct plan_request *ret)
{
	*ret = (struct plan_request){
		.argv = a->argv.v,
		.env = a->env.v,
		.unset_env = a->unset_env.v,
		.fds = a->fds,
		.n_fds = a->n_fds,
		.binds = a->binds,
		.n_binds = a->n_binds,
		.stdio = { a->stdio[0], a->stdio[1], a->stdio[2] },
		.has_pty_size = a->has_pty_size,
		.pty_rows = a->pty_rows,
		.pty_columns = a->pty_columns,
		.cwd = a->cwd,
		.detach = a->detach,
		.notify = a->notify,
		.limits = a->limits,
		.n_limits = a->n_limits,
		.runtime_max_usec = a->runtime_max_usec,
		.timeout_stop_usec = a->timeout_stop_usec,
		.stop_signal = a->stop_signal,
		.tighter = a->tighter,
		.dynamic_uid = dynamic_uid,
	};
}
