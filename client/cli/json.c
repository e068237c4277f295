/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json.h"
#include "lib/utf8.h"

#include <assert.h>
#include <inttypes.h>

static void put_newline(struct json *j)
{
	if (!j->pretty)
		return;
	(void)fputc('\n', j->f);
	for (unsigned i = 0; i < j->depth; i++)
		(void)fputc('\t', j->f);
}

/* Before every key, and every value that has no key. */
static void begin_element(struct json *j)
{
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->filled[j->depth - 1])
		(void)fputc(',', j->f);
	j->filled[j->depth - 1] = true;
	put_newline(j);
}

static void open_level(struct json *j, char opener, char closer)
{
	begin_element(j);
	assert(j->depth < JSON_DEPTH_MAX);
	(void)fputc(opener, j->f);
	j->filled[j->depth] = false;
	j->closer[j->depth++] = closer;
}

void json_array(struct json *j)
{
	open_level(j, '[', ']');
}

void json_object(struct json *j)
{
	open_level(j, '{', '}');
}

void json_end(struct json *j)
{
	assert(j->depth > 0 && !j->after_key);
	j->depth--;
	if (j->filled[j->depth])
		put_newline(j);
	(void)fputc(j->closer[j->depth], j->f);
	if (j->depth == 0)
		(void)fputc('\n', j->f);
}

static void put_ascii(FILE *f, char c)
{
	if (c == '"' || c == '\\')
		(void)fprintf(f, "\\%c", c);
	else if (c == '\n')
		(void)fputs("\\n", f);
	else if (c == '\t')
		(void)fputs("\\t", f);
	else if ((unsigned char)c < 0x20 || c == 0x7f)
		(void)fprintf(f, "\\u%04x", (unsigned)c);
	else
		(void)fputc(c, f);
}

static void put_string(FILE *f, const char *s)
{
	(void)fputc('"', f);
	while (*s) {
		size_t n = utf8_sequence(s);

		if (n == 0)
			(void)fputs("\\ufffd", f);
		else if (n == 1)
			put_ascii(f, *s);
		else
			(void)fwrite(s, 1, n, f);
		s += n > 0 ? n : 1;
	}
	(void)fputc('"', f);
}

void json_key(struct json *j, const char *key)
{
	assert(j->depth > 0 && j->closer[j->depth - 1] == '}' && !j->after_key);
	begin_element(j);
	put_string(j->f, key);
	(void)fputs(j->pretty ? ": " : ":", j->f);
	j->after_key = true;
}

void json_string(struct json *j, const char *s)
{
	begin_element(j);
	put_string(j->f, s);
}

void json_unsigned(struct json *j, uint64_t v)
{
	begin_element(j);
	(void)fprintf(j->f, "%" PRIu64, v);
}

void json_signed(struct json *j, int64_t v)
{
	begin_element(j);
	(void)fprintf(j->f, "%" PRId64, v);
}

void json_bool(struct json *j, bool v)
{
	begin_element(j);
	(void)fputs(v ? "true" : "false", j->f);
}

void json_decimal(struct json *j, double v)
{
	begin_element(j);
	(void)fprintf(j->f, "%.1f", v);
}

void json_null(struct json *j)
{
	begin_element(j);
	(void)fputs("null", j->f);
}

void json_strv(struct json *j, char *const *v)
{
	json_array(j);
	for (size_t i = 0; v && v[i]; i++)
		json_string(j, v[i]);
	json_end(j);
}
