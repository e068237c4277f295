/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Options that are the program's command line, environment and directory. */

#include "base/error.h"
#include "base/path.h"
#include "broker/options-read.h"

#include <string.h>

int option_argv_bytes(struct reading *o, struct reader *m)
{
	const char *data;
	size_t size;
	int r;

	if (o->args->argv.n > 0)
		return option_bad(o, "argv has elements as well: leave it empty");
	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "ay");
	while (r >= 0 && (r = reader_bytes(m, &data, &size)) > 0) {
		if (size > 0 && memchr(data, '\0', size))
			return option_bad(o, "an argument has a NUL inside");
		r = option_added(o, launch_args_add(o->args, &o->args->argv, ARGV_MAX, data, size));
	}
	return r < 0 ? r : reader_exit(m);
}

int option_env_bytes(struct reading *o, struct reader *m)
{
	const char *name, *value;
	size_t name_size, value_size;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "(ayay)");
	while (r >= 0 && (r = reader_enter(m, SD_BUS_TYPE_STRUCT, "ayay")) > 0) {
		r = reader_bytes(m, &name, &name_size);
		if (r >= 0)
			r = reader_bytes(m, &value, &value_size);
		if (r < 0)
			return r;
		if (value_size > 0 && memchr(value, '\0', value_size))
			return option_bad(o, "a value has a NUL inside");
		r = launch_args_add_env(o->args, name, name_size, value, value_size, o->error);
		if (r >= 0)
			r = reader_exit(m);
	}
	return r < 0 ? r : reader_exit(m);
}

int option_unset_env(struct reading *o, struct reader *m)
{
	const char *s;
	int r;

	r = reader_enter(m, SD_BUS_TYPE_ARRAY, "s");
	while (r >= 0 && (r = reader_basic(m, SD_BUS_TYPE_STRING, &s)) > 0)
		r = option_added(o, launch_args_add(o->args, &o->args->unset_env, ENV_MAX, s, strlen(s)));
	return r < 0 ? r : reader_exit(m);
}

int option_cwd(struct reading *o, struct reader *m)
{
	const char *s;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &s);
	if (r < 0)
		return r;
	if (!path_is_normalized(s))
		return option_bad(o, "not an absolute path without \"//\", \".\" and \"..\"");
	o->args->cwd = strdup(s);
	return o->args->cwd ? 0 : -ENOMEM;
}
