/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reading a body. Whatever a message holds, nothing beyond it is looked at, and nothing here is recursive. */

#include "base/error.h"
#include "base/utf8.h"
#include "bus/bus.h"

#include <string.h>

#define ARRAY_MAX (64U * 1024 * 1024)

static struct level *top(sd_bus_message *m)
{
	return &m->levels[m->depth];
}

static bool types_end(const struct level *l)
{
	return l->next == l->end;
}

static bool elements_end(const sd_bus_message *m)
{
	const struct level *l = &m->levels[m->depth];

	return l->type == 'a' && m->at >= l->stop;
}

/* The next type has been read. */
static void pass(struct level *l, size_t length)
{
	if (l->type != 'a')
		l->next += length;
}

/* What is left out for the alignment must be 0. */
static int take(sd_bus_message *m, size_t alignment, size_t n, const uint8_t **ret)
{
	const size_t start = (m->at + alignment - 1) & ~(alignment - 1);

	if (start > m->size || n > m->size - start)
		return -EBADMSG;
	for (size_t i = m->at; i < start; i++)
		if (m->body[i] != 0)
			return -EBADMSG;
	m->at = start + n;
	*ret = m->body + start;
	return 0;
}

/* A number in the order of this machine. */
static int take_number(sd_bus_message *m, size_t size, void *ret)
{
	static const uint16_t one = 1;
	const bool here_little = *(const uint8_t *)&one == 1;
	uint8_t *to = ret;
	const uint8_t *p;
	int r = take(m, size, size, &p);

	for (size_t i = 0; r == 0 && i < size; i++)
		to[i] = p[m->head.little == here_little ? i : size - 1 - i];
	return r;
}

static int take_text(sd_bus_message *m, char type, const char **ret)
{
	const uint8_t *p;
	const char *text;
	uint32_t size = 0;
	uint8_t small = 0;
	int r;

	r = type == 'g' ? take_number(m, 1, &small) : take_number(m, 4, &size);
	size = type == 'g' ? small : size;
	if (r == 0)
		r = take(m, 1, (size_t)size + 1, &p);
	if (r < 0)
		return r;
	text = (const char *)p;
	if (text[size] != '\0' || strlen(text) != size)
		return -EBADMSG;
	if ((type == 's' && utf8_valid_prefix(text, size) != size) ||
		(type == 'o' && sd_bus_object_path_is_valid(text) <= 0) ||
		(type == 'g' && !message_signature_is_valid(text, size)))
		return -EBADMSG;
	*ret = text;
	return 0;
}

/* Numbers into what holds them: 'b' in an int, 'h' as the descriptor, which stays the message's. */
static int take_value(sd_bus_message *m, char type, void *ret)
{
	union {
		uint8_t bytes[8];
		uint32_t u;
	} v = { 0 };
	int r = take_number(m, type_alignment(type), &v);

	if (r < 0)
		return r;
	if (type == 'b')
		v.u = v.u != 0;
	if (type == 'h' && v.u >= m->n_fds)
		return -EBADMSG;
	if (ret && type == 'h')
		memcpy(ret, &m->fds[v.u], sizeof(int));
	else if (ret)
		memcpy(ret, &v, type_alignment(type));
	return 0;
}

int sd_bus_message_read_basic(sd_bus_message *m, char type, void *p)
{
	struct level *l = top(m);
	const size_t before = m->at;
	const char *text;
	int r;

	if (!type_is_basic(type))
		return -EINVAL;
	if (types_end(l))
		return -ENXIO;
	if (elements_end(m))
		return 0;
	if (*l->next != type)
		return -ENXIO;
	r = type_is_text(type) ? take_text(m, type, &text) : take_value(m, type, p);
	if (r < 0) {
		m->at = before;
		return r;
	}
	if (type_is_text(type) && p)
		memcpy(p, &text, sizeof(text));
	pass(l, 1);
	return 1;
}

int sd_bus_message_at_end(sd_bus_message *m, int complete)
{
	if (complete && m->depth > 0)
		return 0;
	return types_end(top(m)) || elements_end(m);
}

/* What a container of this kind, which is next, contains. */
static int look_into(sd_bus_message *m, const struct level *l, const char **ret, size_t *ret_size)
{
	const size_t length = type_length(l->next, l->end);
	int r;

	switch (*l->next) {
	case 'a':
		*ret = l->next + 1;
		*ret_size = length - 1;
		return 'a';
	case '(':
	case '{':
		*ret = l->next + 1;
		*ret_size = length - 2;
		return *l->next == '(' ? 'r' : 'e';
	case 'v':
		r = take_text(m, 'g', ret);
		if (r < 0)
			return r;
		*ret_size = strlen(*ret);
		return 'v';
	default:
		return -ENXIO;
	}
}

int sd_bus_message_peek_type(sd_bus_message *m, char *type, const char **contents)
{
	const struct level *l = top(m);
	const size_t before = m->at;
	const char *types = NULL;
	size_t size = 0;
	int r;

	*type = '\0';
	*contents = NULL;
	if (types_end(l) || elements_end(m))
		return 0;
	if (type_is_basic(*l->next)) {
		*type = *l->next;
		return 1;
	}
	r = look_into(m, l, &types, &size);
	m->at = before;
	if (r < 0)
		return r;
	memcpy(m->peeked, types, size);
	m->peeked[size] = '\0';
	*type = (char)r;
	*contents = m->peeked;
	return 1;
}

/* Its first element, or where that would be. */
static int begin(sd_bus_message *m, struct level *l)
{
	const uint8_t *p;
	uint32_t size;
	int r = 0;

	if (l->type == 'a') {
		r = take_number(m, sizeof(size), &size);
		if (r == 0 && size > ARRAY_MAX)
			r = -EBADMSG;
		if (r == 0)
			r = take(m, type_alignment(*l->types), 0, &p);
		l->begin = m->at;
		l->stop = r == 0 ? m->at + size : 0;
	} else if (l->type != 'v')
		r = take(m, 8, 0, &p);
	return r;
}

int message_enter_container(sd_bus_message *m, char type, const char *contents, size_t n)
{
	struct level *l = top(m), *inner = l + 1;
	const size_t before = m->at, length = type_length(l->next, l->end);
	size_t size = 0;
	int r;

	if (m->depth >= NESTING_MAX)
		return -EBADMSG;
	if (types_end(l))
		return -ENXIO;
	if (elements_end(m))
		return 0;
	if (type_is_basic(*l->next) || (*l->next == 'v') != (type == 'v'))
		return -ENXIO;
	*inner = (struct level){ .type = type };
	r = look_into(m, l, &inner->types, &size);
	/* a variant may name several types, or none */
	if (r >= 0 && (r != type || n != size || memcmp(contents, inner->types, n) != 0 ||
			      type_length(contents, contents + n) == 0 ||
			      (type == 'v' && type_length(contents, contents + n) != n)))
		r = -ENXIO;
	if (r >= 0)
		r = begin(m, inner);
	if (r < 0) {
		m->at = before;
		return r;
	}
	inner->next = inner->types;
	inner->end = inner->types + size;
	pass(l, length);
	m->depth++;
	return 1;
}

int sd_bus_message_enter_container(sd_bus_message *m, char type, const char *contents)
{
	return message_enter_container(m, type, contents, strlen(contents));
}

int sd_bus_message_exit_container(sd_bus_message *m)
{
	const struct level *l = top(m);

	if (m->depth == 0)
		return -ENXIO;
	if (l->type == 'a' ? m->at != l->stop : !types_end(l))
		return -EBUSY;
	m->depth--;
	return 1;
}

/* One value, whatever it holds. */
static int skip_value(sd_bus_message *m)
{
	const size_t depth = m->depth;
	int r;

	do {
		const char *contents;
		char type;

		r = sd_bus_message_peek_type(m, &type, &contents);
		if (r == 0)
			r = m->depth > depth ? sd_bus_message_exit_container(m) : -ENXIO;
		else if (r > 0 && contents)
			r = sd_bus_message_enter_container(m, type, contents);
		else if (r > 0)
			r = sd_bus_message_read_basic(m, type, NULL);
	} while (r >= 0 && m->depth > depth);
	return r;
}

int sd_bus_message_skip(sd_bus_message *m, const char *types)
{
	const struct level *l = top(m);
	const size_t n = strlen(types);

	if (types_end(l) || elements_end(m))
		return 0;
	/* one complete type at a time is all that is asked for */
	if (type_length(l->next, l->end) != n || memcmp(l->next, types, n) != 0)
		return -ENXIO;
	return skip_value(m);
}

void message_rewind(sd_bus_message *m)
{
	const char *types = m->head.signature ? m->head.signature : "";

	m->at = 0;
	m->depth = 0;
	m->levels[0] = (struct level){ .types = types, .next = types, .end = types + strlen(types) };
}

int sd_bus_message_rewind(sd_bus_message *m, int complete)
{
	if (!complete)
		return -EOPNOTSUPP;
	message_rewind(m);
	return m->levels[0].end > m->levels[0].types;
}

int sd_bus_message_read_strv(sd_bus_message *m, char ***l)
{
	char **v = NULL;
	size_t n = 0;
	const char *contents, *s;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r < 0)
		return r;
	if (type != 'a' || !type_is_text(contents[0]))
		return -ENXIO;
	type = contents[0];
	r = sd_bus_message_enter_container(m, 'a', contents);
	while (r > 0 && (r = sd_bus_message_read_basic(m, type, &s)) > 0) {
		char **grown = reallocarray(v, n + 2, sizeof(*v));

		if (grown) {
			v = grown;
			v[n] = strdup(s);
			v[n + 1] = NULL;
		}
		if (!grown || !v[n++]) {
			r = -ENOMEM;
			break;
		}
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0) {
		for (size_t i = 0; i < n; i++)
			free(v[i]);
		free(v);
		return r;
	}
	*l = v;
	return 1;
}
