/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/settings.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"
#include "cli/text.h"

#include <string.h>

static bool is_wanted(const bailiff_setting *s, const char *only)
{
	return !only || strcmp(s->name, only) == 0;
}

static void print_value(const char *name, const char *value)
{
	_cleanup_free_ char *safe_name = text_escape(name), *safe = text_escape(value);

	(void)printf("%s=%s\n", safe_name ? safe_name : "", safe ? safe : "");
}

/* The interface says "no limit" with the largest number there is. */
static bool is_endless(const bailiff_setting *s, const char *value)
{
	uint64_t number;

	return s->type == 'n' && parse_u64(value, &number) == 0 && number == UINT64_MAX;
}

unsigned settings_print(const bailiff_setting *list, const char *only)
{
	unsigned n = 0;

	for (const bailiff_setting *s = list; s; s = s->next) {
		if (!is_wanted(s, only))
			continue;
		n++;
		if (!s->values[0])
			print_value(s->name, "");
		for (size_t i = 0; s->values[i]; i++)
			print_value(s->name, is_endless(s, s->values[i]) ? "infinity" : s->values[i]);
	}
	return n;
}

static void put_value(struct json *j, const bailiff_setting *s)
{
	uint64_t number;

	if (s->type == 'a')
		json_strv(j, s->values);
	else if (s->type == 'b')
		json_bool(j, strcmp(s->values[0], "yes") == 0);
	else if (s->type == 'n' && parse_u64(s->values[0], &number) == 0)
		json_unsigned(j, number);
	else if (s->type == 'n') /* a fraction, or below zero: written by the library, so it is JSON's, too */
		json_decimal(j, strtod(s->values[0], NULL));
	else
		json_string(j, s->values[0]);
}

void settings_json(struct json *j, const bailiff_setting *list, const char *only)
{
	for (const bailiff_setting *s = list; s; s = s->next)
		if (is_wanted(s, only)) {
			json_key(j, s->name);
			put_value(j, s);
		}
}

int settings_number(const bailiff_setting *list, const char *name, uint64_t *ret)
{
	for (const bailiff_setting *s = list; s; s = s->next)
		if (strcmp(s->name, name) == 0 && s->type == 'n')
			return parse_u64(s->values[0], ret);
	return -ENOENT;
}
