/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Options about descriptors: standard streams, pty, lifeline, what is bound into slots. */

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "broker/fd-channel.h"
#include "broker/options-read.h"
#include "dbus/names.h"

#include <string.h>

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
		return option_bad(o, "only 0, 1 and 2 are standard streams");
	slot = &o->args->stdio[number];
	if (*slot != PLAN_STDIO_UNSET)
		return option_bad(o, "a stream is given twice");
	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (strcmp(mode, modes[i].name) == 0) {
			*slot = modes[i].mode;
			return *slot == STDIO_JOURNAL && number == 0
				       ? option_bad(o, "the journal is only written to: it can be 1 and 2")
				       : 0;
		}
	return option_bad(o, "a mode is none of \"null\", \"pipe\", \"socket\", \"pty\" and \"journal\"");
}

int option_stdio(struct reading *o, struct reader *m)
{
	const char *mode;
	uint32_t number;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "{us}");
	while (r >= 0 && (r = reader_tuple(m, SD_BUS_TYPE_DICT_ENTRY, "us", &number, &mode)) > 0)
		r = set_stdio(o, number, mode);
	return r < 0 ? r : reader_exit(m);
}

int option_pty(struct reading *o, struct reader *m)
{
	int r;

	r = reader_tuple(m, SD_BUS_TYPE_STRUCT, "qq", &o->args->pty_rows, &o->args->pty_columns);
	if (r >= 0)
		o->args->has_pty_size = true;
	return r;
}

int option_lifeline(struct reading *o, struct reader *m)
{
	enum fd_kind kind;
	unsigned access;
	int fd, r;

	r = reader_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
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

int option_fd_channel(struct reading *o, struct reader *m)
{
	int fd, r;

	r = reader_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return r;
	o->args->channel = fd;
	return fd_channel_suits(fd)
		       ? 0
		       : sd_bus_error_setf(o->error, BAILIFF_ERROR_INVALID_FD,
				 "Option %s: no connected AF_UNIX socket of the kind SOCK_SEQPACKET", o->key);
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

int option_bind_fds(struct reading *o, struct reader *m)
{
	const char *slot;
	int fd, read_only, r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "(hsb)");
	while (r >= 0 && (r = reader_tuple(m, SD_BUS_TYPE_STRUCT, "hsb", &fd, &slot, &read_only)) > 0)
		r = add_bind(o, fd, slot, read_only != 0);
	return r < 0 ? r : reader_exit(m);
}

int option_stdio_features(char ***features)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(modes); i++)
		r = strv_extendf(features, "stdio:%s", modes[i].name);
	return r;
}
