/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A request as the arguments of LaunchSandboxed. What the caller did not set is not sent: the profile's value
 * holds. Bytes that are not UTF-8 travel as byte arrays; a string of them would cost the connection.
 */

#include "lib/internal.h"

#include "dbus/names.h"

#include <string.h>

/* More than any broker takes (its own bound is 128 KiB), and far from where a bus would hang up. */
#define LAUNCH_BYTES_MAX (1024 * 1024)

static size_t bytes_of(char *const *v)
{
	size_t n = 0;

	for (size_t i = 0; v && v[i]; i++)
		n += strlen(v[i]) + 1;
	return n;
}

static bool all_utf8(char *const *v)
{
	for (size_t i = 0; v && v[i]; i++)
		if (!utf8_valid(v[i]))
			return false;
	return true;
}

static int append_argv(sd_bus_message *m, const bailiff_request *r)
{
	if (r->argv && all_utf8(r->argv))
		return sd_bus_message_append_strv(m, r->argv);
	return sd_bus_message_append(m, "as", 0);
}

/* Those whose value is UTF-8; append_env_bytes() has the rest. */
static int append_env(sd_bus_message *m, const bailiff_request *r)
{
	int k = sd_bus_message_open_container(m, 'a', "{ss}");

	for (size_t i = 0; k >= 0 && r->env_names && r->env_names[i]; i++)
		if (utf8_valid(r->env_values[i]))
			k = sd_bus_message_append(m, "{ss}", r->env_names[i], r->env_values[i]);
	return k < 0 ? k : sd_bus_message_close_container(m);
}

static int append_fds(sd_bus_message *m, const bailiff_request *r)
{
	int k = sd_bus_message_open_container(m, 'a', "{uh}");

	for (size_t i = 0; k >= 0 && r->channel < 0 && i < r->n_fds; i++)
		k = sd_bus_message_append(m, "{uh}", r->fds[i].child, r->fds[i].fd);
	return k < 0 ? k : sd_bus_message_close_container(m);
}

/* Opens {sv} up to where the value goes. */
static int open_option(sd_bus_message *m, const char *key, const char *type)
{
	int k = sd_bus_message_open_container(m, 'e', "sv");

	if (k >= 0)
		k = sd_bus_message_append_basic(m, 's', key);
	return k < 0 ? k : sd_bus_message_open_container(m, 'v', type);
}

static int close_option(sd_bus_message *m)
{
	int k = sd_bus_message_close_container(m);

	return k < 0 ? k : sd_bus_message_close_container(m);
}

static int append_argv_bytes(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (all_utf8(r->argv))
		return 0;
	k = open_option(m, BAILIFF_OPTION_ARGV_BYTES, "aay");
	if (k >= 0)
		k = sd_bus_message_open_container(m, 'a', "ay");
	for (size_t i = 0; k >= 0 && r->argv[i]; i++)
		k = sd_bus_message_append_array(m, 'y', r->argv[i], strlen(r->argv[i]));
	if (k >= 0)
		k = sd_bus_message_close_container(m);
	return k < 0 ? k : close_option(m);
}

static int append_env_bytes(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (all_utf8(r->env_values))
		return 0;
	k = open_option(m, BAILIFF_OPTION_ENV_BYTES, "a(ayay)");
	if (k >= 0)
		k = sd_bus_message_open_container(m, 'a', "(ayay)");
	for (size_t i = 0; k >= 0 && r->env_names[i]; i++) {
		if (utf8_valid(r->env_values[i]))
			continue;
		k = sd_bus_message_open_container(m, 'r', "ayay");
		if (k >= 0)
			k = sd_bus_message_append_array(m, 'y', r->env_names[i], strlen(r->env_names[i]));
		if (k >= 0)
			k = sd_bus_message_append_array(m, 'y', r->env_values[i], strlen(r->env_values[i]));
		if (k >= 0)
			k = sd_bus_message_close_container(m);
	}
	if (k >= 0)
		k = sd_bus_message_close_container(m);
	return k < 0 ? k : close_option(m);
}

static int append_unset_env(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (!r->unset_env)
		return 0;
	k = open_option(m, BAILIFF_OPTION_UNSET_ENV, "as");
	if (k >= 0)
		k = sd_bus_message_append_strv(m, r->unset_env);
	return k < 0 ? k : close_option(m);
}

static int append_stdio(sd_bus_message *m, const bailiff_request *r)
{
	static const char *const names[] = {
		[BAILIFF_STDIO_NULL] = BAILIFF_STDIO_NAME_NULL,
		[BAILIFF_STDIO_PIPE] = BAILIFF_STDIO_NAME_PIPE,
		[BAILIFF_STDIO_SOCKET] = BAILIFF_STDIO_NAME_SOCKET,
		[BAILIFF_STDIO_PTY] = BAILIFF_STDIO_NAME_PTY,
		[BAILIFF_STDIO_JOURNAL] = BAILIFF_STDIO_NAME_JOURNAL,
	};
	int k;

	if (r->stdio[0] == STDIO_UNSET && r->stdio[1] == STDIO_UNSET && r->stdio[2] == STDIO_UNSET)
		return 0;
	k = open_option(m, BAILIFF_OPTION_STDIO, "a{us}");
	if (k >= 0)
		k = sd_bus_message_open_container(m, 'a', "{us}");
	for (uint32_t i = 0; k >= 0 && i < 3; i++)
		if (r->stdio[i] != STDIO_UNSET)
			k = sd_bus_message_append(m, "{us}", i, names[r->stdio[i]]);
	if (k >= 0)
		k = sd_bus_message_close_container(m);
	return k < 0 ? k : close_option(m);
}

static int append_rlimits(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (r->n_limits == 0)
		return 0;
	k = open_option(m, BAILIFF_OPTION_RLIMITS, "a{s(tt)}");
	if (k >= 0)
		k = sd_bus_message_open_container(m, 'a', "{s(tt)}");
	for (size_t i = 0; k >= 0 && i < r->n_limits; i++)
		k = sd_bus_message_append(
			m, "{s(tt)}", r->limits[i].name, r->limits[i].soft, r->limits[i].hard);
	if (k >= 0)
		k = sd_bus_message_close_container(m);
	return k < 0 ? k : close_option(m);
}

static int append_binds(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (r->n_binds == 0)
		return 0;
	k = open_option(m, BAILIFF_OPTION_BIND_FDS, "a(hsb)");
	if (k >= 0)
		k = sd_bus_message_open_container(m, 'a', "(hsb)");
	for (size_t i = 0; k >= 0 && i < r->n_binds; i++)
		k = sd_bus_message_append(
			m, "(hsb)", r->binds[i].fd, r->binds[i].slot, (int)r->binds[i].read_only);
	if (k >= 0)
		k = sd_bus_message_close_container(m);
	return k < 0 ? k : close_option(m);
}

static int append_scalars(sd_bus_message *m, const bailiff_request *r)
{
	int k = 0;

	if (r->cwd)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_CWD, "s", r->cwd);
	if (k >= 0 && r->tag)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_TAG, "s", r->tag);
	if (k >= 0 && r->token)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_TOKEN, "s", r->token);
	if (k >= 0 && r->detach)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_DETACH, "b", 1);
	if (k >= 0 && r->interactive)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_INTERACTIVE, "b", 1);
	if (k >= 0 && r->notify)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_READY, "s", BAILIFF_READY_NAME_NOTIFY);
	if (k >= 0 && r->has_pty_size)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_PTY, "(qq)", r->pty_rows, r->pty_columns);
	if (k >= 0 && r->channel >= 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_FD_CHANNEL, "h", r->channel);
	if (k >= 0 && r->lifeline >= 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_LIFELINE, "h", r->lifeline);
	if (k >= 0 && r->runtime_max_usec > 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_RUNTIME_MAX, "t", r->runtime_max_usec);
	if (k >= 0 && r->stop_timeout_usec != BAILIFF_TIMEOUT_INFINITE)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_STOP_TIMEOUT, "t", r->stop_timeout_usec);
	if (k >= 0 && r->stop_signal > 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_STOP_SIGNAL, "i", r->stop_signal);
	return k;
}

static int append_tightened(sd_bus_message *m, const bailiff_request *r)
{
	int k = 0;

	if (r->memory_max > 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_MEMORY_MAX, "t", r->memory_max);
	if (k >= 0 && r->tasks_max > 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_TASKS_MAX, "t", r->tasks_max);
	if (k >= 0 && r->cpu_quota > 0)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_CPU_QUOTA, "u", r->cpu_quota);
	if (k >= 0 && r->has_nice)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_NICE, "i", r->nice);
	if (k >= 0 && r->has_oom_score_adj)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_OOM_SCORE, "i", r->oom_score_adj);
	if (k >= 0 && r->no_network)
		k = sd_bus_message_append(m, "{sv}", BAILIFF_OPTION_NO_NETWORK, "b", 1);
	return k;
}

static int append_capabilities(sd_bus_message *m, const bailiff_request *r)
{
	int k;

	if (!r->drop_capabilities)
		return 0;
	k = open_option(m, BAILIFF_OPTION_DROP_CAPS, "as");
	if (k >= 0)
		k = sd_bus_message_append_strv(m, r->drop_capabilities);
	return k < 0 ? k : close_option(m);
}

static int append_options(sd_bus_message *m, const bailiff_request *r)
{
	static int (*const parts[])(sd_bus_message *, const bailiff_request *) = {
		append_scalars,
		append_argv_bytes,
		append_env_bytes,
		append_unset_env,
		append_stdio,
		append_rlimits,
		append_tightened,
		append_capabilities,
		append_binds,
	};
	int k = sd_bus_message_open_container(m, 'a', "{sv}");

	for (size_t i = 0; k >= 0 && i < ELEMENTSOF(parts); i++)
		k = parts[i](m, r);
	return k < 0 ? k : sd_bus_message_close_container(m);
}

static int marshal(sd_bus_message *m, const bailiff_request *r, bool descriptors)
{
	int k;

	if (bytes_of(r->argv) + bytes_of(r->env_names) + bytes_of(r->env_values) + bytes_of(r->unset_env) >
		LAUNCH_BYTES_MAX)
		return -E2BIG;
	k = sd_bus_message_append_basic(m, 's', r->profile);
	if (k >= 0)
		k = append_argv(m, r);
	if (k >= 0)
		k = append_env(m, r);
	if (k >= 0 && descriptors)
		k = append_fds(m, r);
	return k < 0 ? k : append_options(m, r);
}

int request_marshal(sd_bus_message *m, const void *data)
{
	return marshal(m, data, true);
}

int request_marshal_question(sd_bus_message *m, const bailiff_request *r)
{
	bailiff_request question = *r;

	question.lifeline = -1;
	question.n_binds = 0;
	return marshal(m, &question, false);
}
