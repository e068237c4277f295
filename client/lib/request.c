/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A launch request: setters that refuse at once what the broker could only refuse later. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

#define PROFILE_NAME_MAX 64
#define TOKEN_MAX        64
#define CHILD_FD_MAX     1023 /* the broker's FD_TARGET_MAX */
#define SIGNAL_MAX       64
#define NICE_LOW         (-20)
#define NICE_HIGH        19
#define OOM_SCORE_HIGH   1000   /* and as far below 0 */
#define PERCENT_MAX      819200 /* 8192 processors */

static bool profile_name_valid(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= PROFILE_NAME_MAX && s[n] == '\0' && *s != '_' && *s != '-';
}

static bool env_name_valid(const char *s)
{
	return *s != '\0' && !strchr(s, '=') && utf8_valid(s);
}

EXPORT int bailiff_request_new(bailiff_request **ret, const char *profile)
{
	_cleanup_(bailiff_request_freep) bailiff_request *r = NULL;

	if (!ret || !profile || !profile_name_valid(profile))
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->lifeline = r->channel = -1;
	for (size_t i = 0; i < ELEMENTSOF(r->stdio); i++)
		r->stdio[i] = STDIO_UNSET;
	r->stop_timeout_usec = BAILIFF_TIMEOUT_INFINITE;
	r->profile = strdup(profile);
	if (!r->profile)
		return -ENOMEM;
	*ret = steal_ptr(r);
	return 0;
}

static void close_fds(const bailiff_request *r)
{
	(void)close_fd(r->lifeline);
	for (size_t i = 0; i < r->n_fds; i++)
		(void)close_fd(r->fds[i].fd);
	for (size_t i = 0; i < r->n_binds; i++)
		(void)close_fd(r->binds[i].fd);
}

EXPORT bailiff_request *bailiff_request_free(bailiff_request *r)
{
	if (!r)
		return NULL;
	free(r->profile);
	(void)bailiff_strv_free(r->argv);
	(void)bailiff_strv_free(r->env_names);
	(void)bailiff_strv_free(r->env_values);
	(void)bailiff_strv_free(r->unset_env);
	free(r->cwd);
	free(r->tag);
	free(r->token);
	(void)bailiff_strv_free(r->drop_capabilities);
	if (r->owns_fds)
		close_fds(r);
	for (size_t i = 0; i < r->n_binds; i++)
		free(r->binds[i].slot);
	free(r);
	return NULL;
}

/* v may be NULL, as what is not set. */
static int copy_list(char **v, char ***ret)
{
	*ret = NULL;
	return v ? copy_strv(v, ret) : 0;
}

static int copy_text(const char *s, char **ret)
{
	*ret = s ? strdup(s) : NULL;
	return s && !*ret ? -ENOMEM : 0;
}

static int copy_texts(const bailiff_request *r, bailiff_request *copy)
{
	int k = copy_text(r->profile, &copy->profile);

	if (k == 0)
		k = copy_list(r->argv, &copy->argv);
	if (k == 0)
		k = copy_list(r->env_names, &copy->env_names);
	if (k == 0)
		k = copy_list(r->env_values, &copy->env_values);
	if (k == 0)
		k = copy_list(r->unset_env, &copy->unset_env);
	if (k == 0)
		k = copy_text(r->cwd, &copy->cwd);
	if (k == 0)
		k = copy_text(r->tag, &copy->tag);
	if (k == 0)
		k = copy_text(r->token, &copy->token);
	return k == 0 ? copy_list(r->drop_capabilities, &copy->drop_capabilities) : k;
}

static int copy_fd(int fd, int *ret)
{
	*ret = fd >= 0 ? dup_fd(fd) : -1;
	return fd >= 0 && *ret < 0 ? *ret : 0;
}

/* What was copied so far is counted, so that it is closed. */
static int copy_fds(const bailiff_request *r, bailiff_request *copy)
{
	int k = copy_fd(r->lifeline, &copy->lifeline);

	for (size_t i = 0; k == 0 && i < r->n_fds; i++) {
		copy->fds[i] = r->fds[i];
		k = copy_fd(r->fds[i].fd, &copy->fds[i].fd);
		copy->n_fds++;
	}
	for (size_t i = 0; k == 0 && i < r->n_binds; i++) {
		copy->binds[i] = r->binds[i];
		k = copy_text(r->binds[i].slot, &copy->binds[i].slot);
		if (k < 0)
			return k;
		k = copy_fd(r->binds[i].fd, &copy->binds[i].fd);
		copy->n_binds++;
	}
	return k;
}

int request_copy(const bailiff_request *r, bailiff_request **ret)
{
	_cleanup_(bailiff_request_freep) bailiff_request *copy = malloc(sizeof(*copy));
	int k;

	if (!copy)
		return -ENOMEM;
	*copy = *r;
	/* what is not the copy's own yet */
	copy->profile = copy->cwd = copy->tag = copy->token = NULL;
	copy->argv = copy->env_names = copy->env_values = NULL;
	copy->unset_env = copy->drop_capabilities = NULL;
	copy->lifeline = copy->channel = -1;
	copy->n_fds = copy->n_binds = 0;
	copy->owns_fds = true;
	k = copy_texts(r, copy);
	if (k == 0)
		k = copy_fds(r, copy);
	if (k < 0)
		return k;
	*ret = steal_ptr(copy);
	return 0;
}

EXPORT int bailiff_request_set_argv(bailiff_request *r, const char *const *argv)
{
	_cleanup_(bailiff_strv_freep) char **copy = NULL;
	int k = 0;

	if (!r || !argv)
		return -EINVAL;
	for (size_t i = 0; argv[i] && k == 0; i++)
		k = append_to_strv(&copy, argv[i]);
	if (k < 0)
		return k;
	(void)bailiff_strv_free(r->argv);
	r->argv = steal_ptr(copy);
	return 0;
}

EXPORT int bailiff_request_set_env(bailiff_request *r, const char *name, const char *value)
{
	size_t n;
	int k;

	if (!r || !name || !value || !env_name_valid(name))
		return -EINVAL;
	n = count_strv(r->env_names);
	for (size_t i = 0; i < n; i++)
		if (strcmp(r->env_names[i], name) == 0)
			return replace_str(&r->env_values[i], value);
	/* Value first: a name without value would be found by the next call. */
	k = append_to_strv(&r->env_values, value);
	if (k == 0)
		k = append_to_strv(&r->env_names, name);
	if (k < 0 && count_strv(r->env_values) > n)
		free(steal_ptr(r->env_values[n]));
	return k;
}

EXPORT int bailiff_request_unset_env(bailiff_request *r, const char *name)
{
	if (!r || !name || !env_name_valid(name))
		return -EINVAL;
	return append_to_strv(&r->unset_env, name);
}

EXPORT int bailiff_request_set_cwd(bailiff_request *r, const char *path)
{
	if (!r || !path || path[0] != '/')
		return -EINVAL;
	return utf8_valid(path) ? replace_str(&r->cwd, path) : -EILSEQ;
}

EXPORT int bailiff_request_set_tag(bailiff_request *r, const char *tag)
{
	if (!r || !tag)
		return -EINVAL;
	return utf8_valid(tag) ? replace_str(&r->tag, tag) : -EILSEQ;
}

/* As the broker has it: a path element that is no id. */
static bool token_valid(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= TOKEN_MAX && s[n] == '\0' && strspn(s, "0123456789") < n;
}

EXPORT int bailiff_request_set_token(bailiff_request *r, const char *token)
{
	return r && token && token_valid(token) ? replace_str(&r->token, token) : -EINVAL;
}

static bool child_is_mapped(const bailiff_request *r, int child)
{
	for (size_t i = 0; i < r->n_fds; i++)
		if (r->fds[i].child == (uint32_t)child)
			return true;
	return false;
}

/* Does a message carry it all? Else the mapped ones go beside it, and the channel itself is one more. */
static bool fits(size_t n_mapped, size_t n_others)
{
	return n_mapped + n_others <= BAILIFF_MESSAGE_FDS_MAX ||
	       (n_mapped <= BAILIFF_FDS_MAX && n_others < BAILIFF_MESSAGE_FDS_MAX);
}

static size_t others(const bailiff_request *r)
{
	return r->n_binds + (r->lifeline >= 0 ? 1 : 0);
}

EXPORT int bailiff_request_map_fd(bailiff_request *r, int child, int fd)
{
	if (!r || child < 0 || child > CHILD_FD_MAX)
		return -EINVAL;
	if (fd < 0)
		return -EBADF;
	if (child_is_mapped(r, child) || (child < 3 && r->stdio[child] != STDIO_UNSET))
		return -EEXIST;
	if (!fits(r->n_fds + 1, others(r)))
		return -E2BIG;
	r->fds[r->n_fds++] = (struct request_fd){ .child = (uint32_t)child, .fd = fd };
	return 0;
}

EXPORT int bailiff_request_bind_fd(bailiff_request *r, const char *slot, int fd, int read_only)
{
	char *copy;

	/* slots have names of the same form as profiles */
	if (!r || !slot || !profile_name_valid(slot))
		return -EINVAL;
	if (fd < 0)
		return -EBADF;
	for (size_t i = 0; i < r->n_binds; i++)
		if (strcmp(r->binds[i].slot, slot) == 0)
			return -EEXIST;
	if (!fits(r->n_fds, others(r) + 1) || r->n_binds >= BINDS_MAX)
		return -E2BIG;
	copy = strdup(slot);
	if (!copy)
		return -ENOMEM;
	r->binds[r->n_binds++] = (struct request_bind){ .slot = copy, .fd = fd, .read_only = read_only != 0 };
	return 0;
}

EXPORT int bailiff_request_set_stdio(bailiff_request *r, int child, enum bailiff_stdio mode)
{
	if (!r || child < 0 || child > 2 || (unsigned)mode > BAILIFF_STDIO_JOURNAL)
		return -EINVAL;
	if (mode == BAILIFF_STDIO_JOURNAL && child == 0)
		return -EINVAL;
	if (child_is_mapped(r, child))
		return -EEXIST;
	r->stdio[child] = (int)mode;
	return 0;
}

EXPORT int bailiff_request_set_pty(bailiff_request *r, uint16_t rows, uint16_t columns)
{
	if (!r)
		return -EINVAL;
	r->has_pty_size = true;
	r->pty_rows = rows;
	r->pty_columns = columns;
	return 0;
}

EXPORT int bailiff_request_set_detach(bailiff_request *r, int detach)
{
	if (!r)
		return -EINVAL;
	r->detach = detach != 0;
	return 0;
}

EXPORT int bailiff_request_set_interactive(bailiff_request *r, int interactive)
{
	if (!r)
		return -EINVAL;
	r->interactive = interactive != 0;
	return 0;
}

EXPORT int bailiff_request_set_ready(bailiff_request *r, enum bailiff_ready when)
{
	if (!r || (unsigned)when > BAILIFF_READY_NOTIFY)
		return -EINVAL;
	r->notify = when == BAILIFF_READY_NOTIFY;
	return 0;
}

EXPORT int bailiff_request_set_lifeline(bailiff_request *r, int fd)
{
	if (!r)
		return -EINVAL;
	if (fd < 0)
		return -EBADF;
	if (r->lifeline < 0 && !fits(r->n_fds, others(r) + 1))
		return -E2BIG;
	r->lifeline = fd;
	return 0;
}

static const char *rlimit_name(int resource)
{
	static const struct {
		int resource;
		const char *name;
	} limits[] = {
#define LIMIT(n, r) { (int)(r), (n) },
		BAILIFF_RLIMIT_NAMES(LIMIT)
#undef LIMIT
	};

	_Static_assert(ELEMENTSOF(limits) == RLIMITS_MAX, "a request has room for one limit of each kind");
	for (size_t i = 0; i < ELEMENTSOF(limits); i++)
		if (limits[i].resource == resource)
			return limits[i].name;
	return NULL;
}

EXPORT int bailiff_request_set_rlimit(bailiff_request *r, int resource, uint64_t soft, uint64_t hard)
{
	const char *name = rlimit_name(resource);
	size_t i = 0;

	if (!r || !name || soft > hard)
		return -EINVAL;
	while (i < r->n_limits && strcmp(r->limits[i].name, name) != 0)
		i++;
	r->limits[i] = (struct request_limit){ .name = name, .soft = soft, .hard = hard };
	if (i == r->n_limits)
		r->n_limits++;
	return 0;
}

EXPORT int bailiff_request_set_runtime_max(bailiff_request *r, uint64_t usec)
{
	if (!r || usec == 0)
		return -EINVAL;
	r->runtime_max_usec = usec;
	return 0;
}

EXPORT int bailiff_request_set_stop_timeout(bailiff_request *r, uint64_t usec)
{
	if (!r || usec == 0)
		return -EINVAL;
	r->stop_timeout_usec = usec;
	return 0;
}

EXPORT int bailiff_request_set_stop_signal(bailiff_request *r, int signal)
{
	if (!r || signal < 1 || signal > SIGNAL_MAX)
		return -EINVAL;
	r->stop_signal = signal;
	return 0;
}

static int set_amount(uint64_t *into, uint64_t amount)
{
	if (amount == 0)
		return -EINVAL;
	*into = amount;
	return 0;
}

EXPORT int bailiff_request_set_memory_max(bailiff_request *r, uint64_t bytes)
{
	return r ? set_amount(&r->memory_max, bytes) : -EINVAL;
}

EXPORT int bailiff_request_set_tasks_max(bailiff_request *r, uint64_t tasks)
{
	return r ? set_amount(&r->tasks_max, tasks) : -EINVAL;
}

EXPORT int bailiff_request_set_cpu_quota(bailiff_request *r, unsigned percent)
{
	if (!r || percent == 0 || percent > PERCENT_MAX)
		return -EINVAL;
	r->cpu_quota = percent;
	return 0;
}

EXPORT int bailiff_request_set_nice(bailiff_request *r, int nice)
{
	if (!r || nice < NICE_LOW || nice > NICE_HIGH)
		return -EINVAL;
	r->has_nice = true;
	r->nice = nice;
	return 0;
}

EXPORT int bailiff_request_set_oom_score_adj(bailiff_request *r, int score)
{
	if (!r || score < -OOM_SCORE_HIGH || score > OOM_SCORE_HIGH)
		return -EINVAL;
	r->has_oom_score_adj = true;
	r->oom_score_adj = score;
	return 0;
}

EXPORT int bailiff_request_drop_capability(bailiff_request *r, const char *name)
{
	if (!r || !name || strncmp(name, "CAP_", 4) != 0 || !utf8_valid(name))
		return -EINVAL;
	return append_to_strv(&r->drop_capabilities, name);
}

EXPORT int bailiff_request_set_no_network(bailiff_request *r, int no_network)
{
	if (!r)
		return -EINVAL;
	r->no_network = no_network != 0;
	return 0;
}
