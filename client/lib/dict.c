/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dictionaries of variants, as GetAll() and the launch reply have them. */

#include "lib/internal.h"

#include <string.h>

_Static_assert(sizeof(pid_t) == sizeof(uint32_t) && sizeof(uid_t) == sizeof(uint32_t),
	"'u' is read into a pid_t or uid_t as well");

static const struct dict_field *find_field(const struct dict_field *fields, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

static int store_string(sd_bus_message *m, char **dest)
{
	const char *s;
	int r = sd_bus_message_read_basic(m, 's', &s);

	return r <= 0 ? -EBADMSG : replace_str(dest, s);
}

static int store_strv(sd_bus_message *m, char ***dest)
{
	_cleanup_(bailiff_strv_freep) char **v = NULL;
	int r = sd_bus_message_read_strv(m, &v);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	(void)bailiff_strv_free(*dest);
	*dest = steal_ptr(v);
	return 0;
}

static int store_count(sd_bus_message *m, uint32_t *dest)
{
	uint32_t ignored;
	int r = sd_bus_message_enter_container(m, 'a', "u");

	while (r >= 0 && (r = sd_bus_message_read_basic(m, 'u', &ignored)) > 0)
		(*dest)++;
	return r < 0 || sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static int store(sd_bus_message *m, char type, void *dest)
{
	if (type == 'n')
		return store_count(m, dest);
	if (type == 's')
		return store_string(m, dest);
	if (type == 'a')
		return store_strv(m, dest);
	return sd_bus_message_read_basic(m, type, dest) <= 0 ? -EBADMSG : 0;
}

static int read_entry(sd_bus_message *m, const struct dict_field *fields, size_t n, void *dest)
{
	const struct dict_field *f;
	const char *key, *type;
	int r;

	if (sd_bus_message_read_basic(m, 's', &key) <= 0)
		return -EBADMSG;
	f = find_field(fields, n, key);
	if (!f)
		return sd_bus_message_skip(m, "v") < 0 ? -EBADMSG : 0;
	type = f->type == 'a' ? "as" : f->type == 'n' ? "au" : (const char[]){ f->type, '\0' };
	if (sd_bus_message_enter_container(m, 'v', type) <= 0)
		return -EBADMSG;
	r = store(m, f->type, (uint8_t *)dest + f->offset);
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static int complete(const struct dict_field *fields, size_t n, void *dest)
{
	for (size_t i = 0; i < n; i++) {
		void *at = (uint8_t *)dest + fields[i].offset;
		char **string = at, ***list = at;

		if (fields[i].type == 's' && !*string && replace_str(string, "") < 0)
			return -ENOMEM;
		if (fields[i].type == 'a' && !*list && copy_strv(NULL, list) < 0)
			return -ENOMEM;
	}
	return 0;
}

int dict_read(sd_bus_message *m, const struct dict_field *fields, size_t n, void *dest)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	if (r < 0)
		return -EBADMSG;
	for (;;) {
		r = sd_bus_message_enter_container(m, 'e', "sv");
		if (r == 0)
			break;
		if (r < 0)
			return -EBADMSG;
		r = read_entry(m, fields, n, dest);
		if (r < 0)
			return r;
		if (sd_bus_message_exit_container(m) < 0)
			return -EBADMSG;
	}
	if (sd_bus_message_exit_container(m) < 0)
		return -EBADMSG;
	return complete(fields, n, dest);
}
