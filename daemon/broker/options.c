/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/options.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/strv.h"
#include "broker/errors.h"
#include "broker/fd-channel.h"
#include "broker/options-tighten.h"
#include "broker/token.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 64 /* entries of the dictionary; twice what the interface knows */

struct reading {
	struct launch_args *args;
	int proc_fd;
	const char *key;
	sd_bus_error *error;
};

typedef int (*option_reader)(struct reading *o, sd_bus_message *m);
typedef int (*tightener)(sd_bus_message *m, struct tighter *t, const char **reterr_why);

static int bad(struct reading *o, const char *why)
{
	return error_invalid_args(o->error, "Option %s: %s", o->key, why);
}

/* What launch_args_add() returned, as a handler's result. */
static int added(struct reading *o, int r)
{
	return r == -EDQUOT ? launch_args_too_many(o->error) : r;
}

static int read_bytes(sd_bus_message *m, const char **ret, size_t *ret_size)
{
	const void *data;
	int r;

	r = sd_bus_message_read_array(m, SD_BUS_TYPE_BYTE, &data, ret_size);
	*ret = data;
	return r;
}

static int read_argv_bytes(struct reading *o, sd_bus_message *m)
{
	const char *data;
	size_t size;
	int r;

	if (o->args->argv.n > 0)
		return bad(o, "argv has elements as well: leave it empty");
	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "ay");
	while (r >= 0 && (r = read_bytes(m, &data, &size)) > 0) {
		if (size > 0 && memchr(data, '\0', size))
			return bad(o, "an argument has a NUL inside");
		r = added(o, launch_args_add(o->args, &o->args->argv, ARGV_MAX, data, size));
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_env_bytes(struct reading *o, sd_bus_message *m)
{
	const char *name, *value;
	size_t name_size, value_size;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ayay)");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_STRUCT, "ayay")) > 0) {
		r = read_bytes(m, &name, &name_size);
		if (r >= 0)
			r = read_bytes(m, &value, &value_size);
		if (r < 0)
			return r;
		if (value_size > 0 && memchr(value, '\0', value_size))
			return bad(o, "a value has a NUL inside");
		r = launch_args_add_env(o->args, name, name_size, value, value_size, o->error);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_unset_env(struct reading *o, sd_bus_message *m)
{
	const char *s;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s)) > 0)
		r = added(o, launch_args_add(o->args, &o->args->unset_env, ENV_MAX, s, strlen(s)));
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_cwd(struct reading *o, sd_bus_message *m)
{
	const char *s;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (!path_is_normalized(s))
		return bad(o, "not an absolute path without \"//\", \".\" and \"..\"");
	o->args->cwd = strdup(s);
	return o->args->cwd ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	enum stdio_mode mode;
} modes[] = {
	{ BAILIFF_STDIO_NAME_NULL, STDIO_NULL },
	{ BAILIFF_STDIO_NAME_PIPE, STDIO_PIPE },
	{ BAILIFF_STDIO_NAME_SOCKET, STDIO_SOCKET },
	{ BAILIFF_STDIO_NAME_PTY, STDIO_PTY },
	{ BAILIFF_STDIO_NAME_JOURNAL, STDIO_JOURNAL },
};

static int set_stdio(struct reading *o, uint32_t number, const char *mode)
{
	uint32_t *slot;

	if (number >= ELEMENTSOF(o->args->stdio))
		return bad(o, "only 0, 1 and 2 are standard streams");
	slot = &o->args->stdio[number];
	if (*slot != PLAN_STDIO_UNSET)
		return bad(o, "a stream is given twice");
	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (strcmp(mode, modes[i].name) == 0) {
			*slot = modes[i].mode;
			return *slot == STDIO_JOURNAL && number == 0
				       ? bad(o, "the journal is only written to: it can be 1 and 2")
				       : 0;
		}
	return bad(o, "a mode is none of \"null\", \"pipe\", \"socket\", \"pty\" and \"journal\"");
}

static int read_pty(struct reading *o, sd_bus_message *m)
{
	int r;

	r = sd_bus_message_read(m, "(qq)", &o->args->pty_rows, &o->args->pty_columns);
	if (r >= 0)
		o->args->has_pty_size = true;
	return r;
}

static int read_stdio(struct reading *o, sd_bus_message *m)
{
	const char *mode;
	uint32_t number;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{us}");
	while (r >= 0 && (r = sd_bus_message_read(m, "{us}", &number, &mode)) > 0)
		r = set_stdio(o, number, mode);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_lifeline(struct reading *o, sd_bus_message *m)
{
	enum fd_kind kind;
	unsigned access;
	int fd, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return r;
	r = fd_classify(fd, o->proc_fd, &kind, &access);
	if (r < 0)
		return r;
	/* With a write end of its own the broker would keep the pipe open for ever. */
	if (kind != FD_KIND_SOCKET && (kind != FD_KIND_PIPE || access != FD_ACCESS_READ))
		return sd_bus_error_set(o->error, BAILIFF_ERROR_INVALID_FD,
			"Option lifeline: neither the read end of a pipe nor a socket");
	o->args->lifeline = fd;
	return 0;
}

static int read_fd_channel(struct reading *o, sd_bus_message *m)
{
	int fd, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return r;
	o->args->channel = fd;
	return fd_channel_suits(fd)
		       ? 0
		       : sd_bus_error_setf(o->error, BAILIFF_ERROR_INVALID_FD,
				 "Option %s: no connected AF_UNIX socket of the kind SOCK_SEQPACKET", o->key);
}

static int read_detach(struct reading *o, sd_bus_message *m)
{
	int detach, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_BOOLEAN, &detach);
	if (r >= 0)
		o->args->detach = detach != 0;
	return r;
}

static int read_ready(struct reading *o, sd_bus_message *m)
{
	const char *s;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	o->args->notify = strcmp(s, BAILIFF_READY_NAME_NOTIFY) == 0;
	return o->args->notify || strcmp(s, BAILIFF_READY_NAME_EXEC) == 0
		       ? 0
		       : bad(o, "neither \"exec\" nor \"notify\"");
}

static int read_interactive(struct reading *o, sd_bus_message *m)
{
	int interactive, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_BOOLEAN, &interactive);
	if (r >= 0)
		o->args->interactive = interactive != 0;
	return r;
}

static int read_stop_signal(struct reading *o, sd_bus_message *m)
{
	int32_t signal;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_INT32, &signal);
	if (r < 0)
		return r;
	if (signal < 1 || signal > 64)
		return bad(o, "not a signal, 1 to 64");
	o->args->stop_signal = signal;
	return 0;
}

static int read_time(struct reading *o, sd_bus_message *m, uint64_t *ret)
{
	uint64_t usec;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT64, &usec);
	if (r < 0)
		return r;
	if (usec == 0)
		return bad(o, "0 is no time: leave the option out for the profile's");
	if (usec != USEC_INFINITY && usec > TIMEOUT_USEC_MAX)
		return bad(o, "more than a year");
	*ret = usec;
	return 0;
}

static int read_stop_timeout(struct reading *o, sd_bus_message *m)
{
	return read_time(o, m, &o->args->timeout_stop_usec);
}

static int read_runtime_max(struct reading *o, sd_bus_message *m)
{
	return read_time(o, m, &o->args->runtime_max_usec);
}

static int resource_from_name(const char *name, uint32_t *ret)
{
	static const struct {
		const char *name;
		uint32_t resource;
	} resources[] = {
#define RESOURCE(n, r) { n, (uint32_t)(r) },
		BAILIFF_RLIMIT_NAMES(RESOURCE)
#undef RESOURCE
	};

	for (size_t i = 0; i < ELEMENTSOF(resources); i++)
		if (strcmp(resources[i].name, name) == 0) {
			*ret = resources[i].resource;
			return 0;
		}
	return -EINVAL;
}

static int add_limit(struct reading *o, const char *name, uint64_t soft, uint64_t hard)
{
	struct launch_args *a = o->args;
	uint32_t resource;

	if (resource_from_name(name, &resource) < 0)
		return bad(o, "a name is none of those after Limit in a profile, as NOFILE");
	if (soft > hard)
		return bad(o, "a soft limit is above its hard limit");
	for (size_t i = 0; i < a->n_limits; i++)
		if (a->limits[i].resource == resource)
			return bad(o, "a limit is given twice");
	if (a->n_limits >= ELEMENTSOF(a->limits))
		return bad(o, "too many limits");
	a->limits[a->n_limits++] =
		(struct compiled_limit){ .resource = resource, .soft = soft, .hard = hard };
	return 0;
}

static int read_rlimits(struct reading *o, sd_bus_message *m)
{
	uint64_t soft, hard;
	const char *name;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{s(tt)}");
	while (r >= 0 && (r = sd_bus_message_read(m, "{s(tt)}", &name, &soft, &hard)) > 0)
		r = add_limit(o, name, soft, hard);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int add_bind(struct reading *o, int fd, const char *slot, bool read_only)
{
	struct launch_args *a = o->args;
	struct plan_bind *bind;
	int r;

	if (a->n_binds >= MOUNT_SLOTS_MAX)
		return sd_bus_error_setf(o->error, BAILIFF_ERROR_INVALID_FD,
			"Option %s: more than %d entries", o->key, MOUNT_SLOTS_MAX);
	if (!profile_name_valid(slot))
		return sd_bus_error_setf(o->error, BAILIFF_ERROR_INVALID_FD,
			"Option %s: no name of a mount slot: 1 to %d of a-z, 0-9, \"_\" and \"-\", a letter "
			"or "
			"digit first",
			o->key, PROFILE_NAME_MAX);
	a->bind_slots[a->n_binds] = strdup(slot);
	if (!a->bind_slots[a->n_binds])
		return -ENOMEM;
	bind = &a->binds[a->n_binds];
	*bind = (struct plan_bind){ .slot = a->bind_slots[a->n_binds], .read_only = read_only };
	a->bind_sources[a->n_binds++] = fd;
	r = fd_classify(fd, o->proc_fd, &bind->kind, &bind->access);
	if (r < 0)
		return sd_bus_error_setf(o->error, BAILIFF_ERROR_INVALID_FD,
			"Option %s: descriptor for slot %s: %s", o->key, slot, strerror(-r));
	return 0;
}

static int read_bind_fds(struct reading *o, sd_bus_message *m)
{
	const char *slot;
	int fd, read_only, r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(hsb)");
	while (r >= 0 && (r = sd_bus_message_read(m, "(hsb)", &fd, &slot, &read_only)) > 0)
		r = add_bind(o, fd, slot, read_only != 0);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_tag(struct reading *o, sd_bus_message *m)
{
	const char *s;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (strlen(s) > TAG_MAX)
		return bad(o, "more than 64 bytes");
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return bad(o, "a control character is no part of a tag");
	o->args->tag = s;
	return 0;
}

static int read_token(struct reading *o, sd_bus_message *m)
{
	const char *s;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (!token_is_valid(s))
		return bad(o, "not 1 to 64 of A-Z, a-z, 0-9 and \"_\", or digits alone, which are ids");
	o->args->token = s;
	return 0;
}

static int read_optional(struct reading *o, sd_bus_message *m)
{
	size_t n = 0;
	const char *s;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &s)) > 0) {
		if (++n > OPTIONS_MAX)
			return bad(o, "too many keys");
		r = strv_extend(&o->args->optional, s);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* One of the two reads it. */
static const struct {
	const char *key, *type;
	option_reader read;
	tightener tighten;
} known[] = {
	{ BAILIFF_OPTION_ARGV_BYTES, "aay", read_argv_bytes },
	{ BAILIFF_OPTION_ENV_BYTES, "a(ayay)", read_env_bytes },
	{ BAILIFF_OPTION_UNSET_ENV, "as", read_unset_env },
	{ BAILIFF_OPTION_CWD, "s", read_cwd },
	{ BAILIFF_OPTION_STDIO, "a{us}", read_stdio },
	{ BAILIFF_OPTION_PTY, "(qq)", read_pty },
	{ BAILIFF_OPTION_LIFELINE, "h", read_lifeline },
	{ BAILIFF_OPTION_FD_CHANNEL, "h", read_fd_channel },
	{ BAILIFF_OPTION_DETACH, "b", read_detach },
	{ BAILIFF_OPTION_READY, "s", read_ready },
	{ BAILIFF_OPTION_STOP_SIGNAL, "i", read_stop_signal },
	{ BAILIFF_OPTION_STOP_TIMEOUT, "t", read_stop_timeout },
	{ BAILIFF_OPTION_RUNTIME_MAX, "t", read_runtime_max },
	{ BAILIFF_OPTION_RLIMITS, "a{s(tt)}", read_rlimits },
	{ BAILIFF_OPTION_BIND_FDS, "a(hsb)", read_bind_fds },
	{ BAILIFF_OPTION_TAG, "s", read_tag },
	{ BAILIFF_OPTION_TOKEN, "s", read_token },
	{ BAILIFF_OPTION_OPTIONAL, "as", read_optional },
	{ BAILIFF_OPTION_INTERACTIVE, "b", read_interactive },
	{ BAILIFF_OPTION_MEMORY_MAX, "t", .tighten = tighten_memory_max },
	{ BAILIFF_OPTION_TASKS_MAX, "t", .tighten = tighten_tasks_max },
	{ BAILIFF_OPTION_CPU_QUOTA, "u", .tighten = tighten_cpu_quota },
	{ BAILIFF_OPTION_OOM_SCORE, "i", .tighten = tighten_oom_score },
	{ BAILIFF_OPTION_NICE, "i", .tighten = tighten_nice },
	{ BAILIFF_OPTION_DROP_CAPS, "as", .tighten = tighten_capabilities },
	{ BAILIFF_OPTION_NO_NETWORK, "b", .tighten = tighten_network },
};

static int read_value(struct reading *o, sd_bus_message *m, size_t i)
{
	const char *why = NULL;
	int r;

	if (known[i].read)
		return known[i].read(o, m);
	r = known[i].tighten(m, &o->args->tighter, &why);
	return r < 0 && why ? bad(o, why) : r;
}

static int read_known(struct reading *o, sd_bus_message *m, size_t i)
{
	const char *contents;
	char type;
	int r;

	if (o->args->seen & (UINT64_C(1) << i))
		return bad(o, "given twice");
	o->args->seen |= UINT64_C(1) << i;
	r = sd_bus_message_peek_type(m, &type, &contents);
	if (r < 0)
		return r;
	if (strcmp(contents, known[i].type) != 0)
		return error_invalid_args(
			o->error, "Option %s has type %s: give %s", o->key, contents, known[i].type);
	if (o->args->question && strchr(known[i].type, SD_BUS_TYPE_UNIX_FD))
		return error_invalid_args(
			o->error, "Option %s: no descriptor is taken here, leave it out", o->key);
	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, known[i].type);
	if (r >= 0)
		r = read_value(o, m, i);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_unknown(struct reading *o, sd_bus_message *m)
{
	int r;

	if (strv_contains(o->args->unknown, o->key))
		return bad(o, "given twice");
	r = strv_extend(&o->args->unknown, o->key);
	return r < 0 ? r : sd_bus_message_skip(m, "v");
}

static int read_entry(struct reading *o, sd_bus_message *m)
{
	size_t i = 0;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &o->key);
	if (r < 0)
		return r;
	while (i < ELEMENTSOF(known) && strcmp(known[i].key, o->key) != 0)
		i++;
	r = i < ELEMENTSOF(known) ? read_known(o, m, i) : read_unknown(o, m);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int check_unknown(const struct launch_args *a, sd_bus_error *error)
{
	char message[PLAN_MESSAGE_MAX];

	STRV_FOREACH (key, a->unknown) {
		if (strv_contains(a->optional, *key))
			continue;
		(void)snprintf(message, sizeof(message),
			"There is no option %s: the property Features lists those", *key);
		return error_refusal(error, REFUSAL_UNKNOWN_OPTION, NULL, message);
	}
	return 0;
}

int options_read(struct launch_args *a, sd_bus_message *m, int proc_fd, sd_bus_error *error)
{
	struct reading o = { .args = a, .proc_fd = proc_fd, .error = error };
	size_t n = 0;
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		if (++n > OPTIONS_MAX)
			return error_invalid_args(error, "More than %d options", OPTIONS_MAX);
		r = read_entry(&o, m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0 && !sd_bus_error_is_set(error))
		return error_unreadable(error, r, "options");
	return r < 0 ? r : check_unknown(a, error);
}

int options_features(char ***features)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(known); i++)
		r = strv_extendf(features, "option:%s", known[i].key);
	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(modes); i++)
		r = strv_extendf(features, "stdio:%s", modes[i].name);
	return r;
}
