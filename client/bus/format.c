/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Several values at once, by their types, which are the program's own: appended, or read into pointers. */

#include "base/error.h"
#include "bus/bus.h"

#include <string.h>

#define FORMATS_MAX 8 /* in one another */

/* Types that are being worked off: all of them once, or that of an array's elements n times. */
struct format {
	const char *at, *end;
	unsigned n;
	bool array;
};

struct formats {
	size_t depth;
	struct format of[FORMATS_MAX];
};

/* What is next among them: basic, or a container with what it contains. */
struct item {
	char type; /* as containers are called; 0: these types have come to their end */
	const char *contents;
	size_t size;
};

static void formats_begin(struct formats *f, const char *types)
{
	f->depth = 0;
	f->of[0] = (struct format){ .at = types, .end = types + strlen(types) };
}

static int formats_enter(struct formats *f, const struct item *i, unsigned n)
{
	if (f->depth + 1 == FORMATS_MAX)
		return -EINVAL;
	f->of[++f->depth] = (struct format){
		.at = i->contents, .end = i->contents + i->size, .n = n, .array = i->type == 'a'
	};
	return 0;
}

static int formats_next(struct formats *f, struct item *ret)
{
	struct format *t = &f->of[f->depth];
	const char *at = t->at;
	size_t size;

	*ret = (struct item){ 0 };
	if (t->array ? t->n == 0 : at == t->end)
		return 0;
	size = type_length(at, t->end);
	if (size == 0)
		return -EINVAL;
	if (t->array)
		t->n--;
	else
		t->at += size;
	*ret = (struct item){ *at, at + 1, size - 1 };
	if (*at == '(' || *at == '{') {
		ret->type = *at == '(' ? 'r' : 'e';
		ret->size--;
	}
	return 0;
}

static int append_basic(sd_bus_message *m, char type, struct arguments *a)
{
	switch (type) {
	case 'n':
	case 'q':
		return sd_bus_message_append_basic(m, type, &(uint16_t){ (uint16_t)va_arg(a->list, int) });
	case 'b':
	case 'i':
	case 'u':
	case 'h':
		return sd_bus_message_append_basic(m, type, &(uint32_t){ va_arg(a->list, uint32_t) });
	case 't':
		return sd_bus_message_append_basic(m, type, &(uint64_t){ va_arg(a->list, uint64_t) });
	case 's':
		return sd_bus_message_append_basic(m, type, va_arg(a->list, const char *));
	default: /* nobody here appends others */
		return -EINVAL;
	}
}

static int append_item(sd_bus_message *m, struct formats *f, struct item *i, struct arguments *a)
{
	unsigned n = 0;
	int r;

	if (i->type == 'a')
		n = va_arg(a->list, unsigned);
	else if (i->type == 'v') {
		i->contents = va_arg(a->list, const char *);
		i->size = strlen(i->contents);
	} else if (i->type != 'r' && i->type != 'e')
		return append_basic(m, i->type, a);
	r = message_open_container(m, i->type, i->contents, i->size);
	return r < 0 ? r : formats_enter(f, i, n);
}

int message_append(sd_bus_message *m, const char *types, struct arguments *a)
{
	struct formats f;
	struct item i;
	int r;

	formats_begin(&f, types);
	for (;;) {
		r = formats_next(&f, &i);
		if (r < 0)
			return r;
		if (i.type != '\0')
			r = append_item(m, &f, &i, a);
		else if (f.depth == 0)
			return 0;
		else {
			f.depth--;
			r = sd_bus_message_close_container(m);
		}
		if (r < 0)
			return r;
	}
}

int sd_bus_message_append(sd_bus_message *m, const char *types, ...)
{
	struct arguments a;
	int r;

	va_start(a.list, types);
	r = message_append(m, types, &a);
	va_end(a.list);
	return r;
}

/* 0: there is none any more. */
static int read_item(sd_bus_message *m, struct formats *f, struct item *i, struct arguments *a)
{
	int r;

	if (i->type == 'v') {
		i->contents = va_arg(a->list, const char *);
		i->size = strlen(i->contents);
	} else if (i->type != 'r' && i->type != 'e') /* arrays are read one by one */
		return sd_bus_message_read_basic(m, i->type, va_arg(a->list, void *));
	r = message_enter_container(m, i->type, i->contents, i->size);
	if (r <= 0)
		return r;
	r = formats_enter(f, i, 0);
	return r < 0 ? r : 1;
}

static int message_read(sd_bus_message *m, const char *types, struct arguments *a)
{
	bool first = true;
	struct formats f;
	struct item i;
	int r;

	formats_begin(&f, types);
	for (;; first = false) {
		r = formats_next(&f, &i);
		if (r < 0)
			return r;
		if (i.type != '\0')
			r = read_item(m, &f, &i, a);
		else if (f.depth == 0)
			return 1;
		else {
			f.depth--;
			r = sd_bus_message_exit_container(m);
		}
		if (r <= 0) /* an array ends between its elements */
			return r == 0 && !first ? -ENXIO : r;
	}
}

int sd_bus_message_read(sd_bus_message *m, const char *types, ...)
{
	struct arguments a;
	int r;

	va_start(a.list, types);
	r = message_read(m, types, &a);
	va_end(a.list);
	return r;
}
