/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Dictionaries whose keys the caller need not know in advance, as lists of names with their values as text.
 * Bounded by what the message holds; nothing here is recursive.
 */

#include "lib/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

EXPORT bailiff_setting *bailiff_setting_free(bailiff_setting *list)
{
	while (list) {
		bailiff_setting *next = list->next;

		free(list->name);
		(void)bailiff_strv_free(list->values);
		free(list);
		list = next;
	}
	return NULL;
}

union basic {
	uint8_t y;
	int b;
	int16_t n;
	uint16_t q;
	int32_t i;
	uint32_t u;
	int64_t x;
	uint64_t t;
	double d;
	const char *s;
};

static bool is_string(char type)
{
	return type == 's' || type == 'o' || type == 'g';
}

static int64_t signed_value(char type, const union basic *v)
{
	return type == 'n' ? v->n : type == 'i' ? v->i : v->x;
}

static uint64_t unsigned_value(char type, const union basic *v)
{
	switch (type) {
	case 'y':
		return v->y;
	case 'q':
		return v->q;
	case 'u':
		return v->u;
	default:
		return v->t;
	}
}

/* A basic value as a fresh string. */
static int read_basic(sd_bus_message *m, char type, char **ret)
{
	union basic v = { 0 };
	int r;

	if (!strchr("ybnqiuxtdsog", type) || sd_bus_message_read_basic(m, type, &v) <= 0)
		return -EBADMSG;
	if (is_string(type))
		r = (*ret = strdup(v.s)) ? 0 : -1;
	else if (type == 'b')
		r = (*ret = strdup(v.b ? "yes" : "no")) ? 0 : -1;
	else if (type == 'd')
		r = asprintf(ret, "%.1f", v.d);
	else if (strchr("nix", type))
		r = asprintf(ret, "%" PRId64, signed_value(type, &v));
	else
		r = asprintf(ret, "%" PRIu64, unsigned_value(type, &v));
	if (r < 0)
		*ret = NULL;
	return r < 0 ? -ENOMEM : 0;
}

/* The basic values of one element, structures in it laid flat. */
static int read_words(sd_bus_message *m, char ***words)
{
	unsigned depth = 0;

	do {
		_cleanup_(freep) char *word = NULL;
		const char *contents;
		char type;
		int r = depth > 0 ? sd_bus_message_at_end(m, 0) : 0;

		if (r > 0) {
			depth--;
			r = sd_bus_message_exit_container(m);
		} else if (r == 0 && sd_bus_message_peek_type(m, &type, &contents) > 0) {
			if (type == 'r' || type == 'e') {
				depth++;
				r = sd_bus_message_enter_container(m, type, contents);
			} else {
				r = read_basic(m, type, &word);
				if (r == 0)
					r = append_to_strv(words, word);
			}
		} else
			r = -EBADMSG;
		if (r < 0)
			return r == -ENOMEM ? r : -EBADMSG;
	} while (depth > 0);
	return 0;
}

static int join(char *const *words, char **ret)
{
	size_t size = 1;
	char *to;

	for (size_t i = 0; words && words[i]; i++)
		size += strlen(words[i]) + 1;
	*ret = to = malloc(size);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; words && words[i]; i++) {
		if (i > 0)
			*to++ = ' ';
		size = strlen(words[i]);
		memcpy(to, words[i], size);
		to += size;
	}
	*to = '\0';
	return 0;
}

static int read_array(sd_bus_message *m, const char *contents, char ***values)
{
	int r = sd_bus_message_enter_container(m, 'a', contents);

	if (r < 0)
		return -EBADMSG;
	while ((r = sd_bus_message_at_end(m, 0)) == 0) {
		_cleanup_(bailiff_strv_freep) char **words = NULL;
		_cleanup_(freep) char *line = NULL;

		r = read_words(m, &words);
		if (r == 0)
			r = join(words, &line);
		if (r == 0)
			r = append_to_strv(values, line);
		if (r < 0)
			return r;
	}
	return r < 0 || sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static int read_value(sd_bus_message *m, bailiff_setting *s)
{
	const char *contents;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0)
		return -EBADMSG;
	if (type == 'a' || type == 'r') {
		s->type = 'a';
		return type == 'a' ? read_array(m, contents, &s->values) : read_words(m, &s->values);
	}
	s->type = type == 'b' ? 'b' : is_string(type) ? 's' : 'n';
	return read_words(m, &s->values);
}

/* One {s?} or {sv}, the reader being inside. */
static int read_entry(sd_bus_message *m, bool variant, bailiff_setting *s)
{
	const char *name, *contents;
	char type;
	int r;

	if (sd_bus_message_read_basic(m, 's', &name) <= 0)
		return -EBADMSG;
	if (replace_str(&s->name, name) < 0 || copy_strv(NULL, &s->values) < 0)
		return -ENOMEM;
	if (!variant)
		return read_value(m, s);
	if (sd_bus_message_peek_type(m, &type, &contents) <= 0 || type != 'v' ||
		sd_bus_message_enter_container(m, 'v', contents) <= 0)
		return -EBADMSG;
	r = read_value(m, s);
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

int settings_read(sd_bus_message *m, const char *value_type, bailiff_setting **ret)
{
	_cleanup_(bailiff_setting_freep) bailiff_setting *list = NULL;
	bailiff_setting **tail = &list;
	const char *contents;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0 || type != 'a' ||
		strncmp(contents, "{s", 2) != 0 ||
		strncmp(contents + 2, value_type, strlen(value_type)) != 0 ||
		sd_bus_message_enter_container(m, 'a', contents) < 0)
		return -EBADMSG;
	while (sd_bus_message_peek_type(m, &type, &contents) > 0) {
		int r;

		*tail = calloc(1, sizeof(**tail));
		if (!*tail)
			return -ENOMEM;
		if (type != 'e' || sd_bus_message_enter_container(m, 'e', contents) <= 0)
			return -EBADMSG;
		r = read_entry(m, *value_type == 'v', *tail);
		if (r < 0)
			return r;
		if (sd_bus_message_exit_container(m) < 0)
			return -EBADMSG;
		tail = &(*tail)->next;
	}
	if (sd_bus_message_exit_container(m) < 0)
		return -EBADMSG;
	*ret = steal_ptr(list);
	return 0;
}

int settings_ask(
	bailiff_connection *c, const struct call *call, const char *value_type, bailiff_setting **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = call_broker(c, call, &reply);

	if (r < 0)
		return r;
	r = settings_read(reply, value_type, ret);
	return r == -EBADMSG ? reply_malformed(c, call->member) : r;
}
