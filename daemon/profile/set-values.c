/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters for plain values: what any table of keys may use. */

#include "base/bounds.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "profile/settings.h"

#include <inttypes.h>
#include <string.h>

int set_bool(const struct setting *s, void *target)
{
	bool value;

	if (parse_bool(s->value, &value) < 0)
		return setting_error(s, 0, "%s=%s: expected yes or no", s->key->name, s->value);
	*(bool *)setting_slot(s, target) = value;
	return 0;
}

int set_always_yes(const struct setting *s, void *target)
{
	bool value;

	(void)target;
	if (parse_bool(s->value, &value) < 0)
		return setting_error(s, 0, "%s=%s: expected yes", s->key->name, s->value);
	if (!value)
		return setting_error(
			s, 0, "%s=no: this protection can't be switched off; remove the line", s->key->name);
	return 0;
}

int set_u32(const struct setting *s, void *target)
{
	uint32_t value;
	int r = parse_u32(s->value, &value);

	if (r == -EINVAL)
		return setting_error(s, 0, "%s=%s: expected a decimal number", s->key->name, s->value);
	if (r < 0 || value < s->key->min || value > s->key->max)
		return setting_error(s, 0, "%s=%s: out of range; %" PRIu64 " to %" PRIu64, s->key->name,
			s->value, s->key->min, s->key->max);
	*(uint32_t *)setting_slot(s, target) = value;
	return 0;
}

int set_mode(const struct setting *s, void *target)
{
	mode_t value;
	int r = parse_mode(s->value, &value);

	if (r == -EINVAL)
		return setting_error(s, 0, "%s=%s: expected an octal number", s->key->name, s->value);
	if (r < 0 || value > s->key->max)
		return setting_error(
			s, 0, "%s=%s: out of range; 0 to 0%" PRIo64, s->key->name, s->value, s->key->max);
	*(mode_t *)setting_slot(s, target) = value;
	return 0;
}

int set_usec(const struct setting *s, void *target)
{
	uint64_t value;
	int r = parse_usec(s->value, &value);

	if (r == -EINVAL)
		return setting_error(s, 0, "%s=%s: expected a time span such as 90, 500ms or 1min 30s%s",
			s->key->name, s->value, s->key->max == USEC_INFINITY ? ", or infinity" : "");
	if (r < 0)
		return setting_error(s, 0, "%s=%s: longer than a year", s->key->name, s->value);
	if (value < s->key->min)
		return setting_error(s, 0, "%s=%s: must be more than 0", s->key->name, s->value);
	if (value > s->key->max)
		return setting_error(s, 0, "%s=%s: longer than %" PRIu64 " seconds", s->key->name, s->value,
			s->key->max / 1000000);
	*(uint64_t *)setting_slot(s, target) = value;
	return 0;
}

int set_signal(const struct setting *s, void *target)
{
	int value;

	if (parse_signal(s->value, &value) < 0)
		return setting_error(
			s, 0, "%s=%s: expected a signal such as SIGTERM", s->key->name, s->value);
	*(int *)setting_slot(s, target) = value;
	return 0;
}

/* Names in a row, "a, b, c", for messages. */
static int join_names(const char *const *names, char **ret)
{
	_cleanup_(buf_done) struct buf list = BUF_INIT(0);
	int r;

	for (const char *const *n = names; *n; n++) {
		if (n != names)
			buf_put(&list, ", ", 2);
		buf_put(&list, *n, strlen(*n));
	}
	buf_put_u8(&list, '\0');
	r = buf_error(&list);
	if (r < 0)
		return r;
	*ret = (char *)steal_ptr(list.data);
	return 0;
}

int set_enum(const struct setting *s, void *target)
{
	_cleanup_free_ char *list = NULL;
	int r;

	for (unsigned i = 0; s->key->names[i]; i++)
		if (strcmp(s->key->names[i], s->value) == 0) {
			*(unsigned *)setting_slot(s, target) = i;
			return 0;
		}
	r = join_names(s->key->names, &list);
	if (r < 0)
		return r;
	return setting_error(s, 0, "%s=%s: expected one of %s", s->key->name, s->value, list);
}

/* Puts a fresh string into the target. */
static void replace_string(const struct setting *s, void *target, char *text)
{
	char **slot = setting_slot(s, target);

	free(*slot);
	*slot = text;
}

int set_string(const struct setting *s, void *target)
{
	char *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	if (strlen(text) > s->key->max) {
		free(text);
		return setting_error(s, 0, "%s=: longer than %" PRIu64 " bytes", s->key->name, s->key->max);
	}
	replace_string(s, target, text);
	return 0;
}

static int check_path(const struct setting *s, size_t offset, const char *path)
{
	if (path[0] != '/')
		return setting_error(s, offset, "%s=%s: not an absolute path", s->key->name, path);
	if (!path_is_normalized(path))
		return setting_error(s, offset,
			"%s=%s: write the path without '//', '.', '..' or '/' at its end", s->key->name,
			path);
	return 0;
}

int set_path(const struct setting *s, void *target)
{
	_cleanup_free_ char *text = NULL;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	r = check_path(s, 0, text);
	if (r < 0)
		return r;
	replace_string(s, target, steal_ptr(text));
	return 0;
}

static int add_path(const struct setting *s, void *data, char **word, size_t offset)
{
	int r = check_path(s, offset, *word);

	if (r == 0 && strchr(*word, '*'))
		r = setting_error(s, offset, "%s=%s: no patterns are taken here; name each program",
			s->key->name, *word);
	return r < 0 ? r : setting_append(s, data, steal_ptr(*word));
}

int set_paths(const struct setting *s, void *target)
{
	char ***list = setting_slot(s, target);

	if (s->value[0] == '\0')
		*list = strv_free(*list);
	return setting_words(s, 0, false, add_path, list);
}

struct flags {
	const struct setting_flag *v;
	size_t n;
	const char *expected;
	uint32_t *mask;
};

static int add_flag(const struct setting *s, void *data, char **word, size_t offset)
{
	const struct flags *flags = data;

	for (size_t i = 0; i < flags->n; i++)
		if (strcmp(flags->v[i].word, *word) == 0) {
			*flags->mask |= flags->v[i].bit;
			return 0;
		}
	return setting_error(s, offset, "%s=%s: expected %s", s->key->name, *word, flags->expected);
}

int setting_flag_words(const struct setting *s, size_t at, const struct setting_flag *flags, size_t n,
	const char *expected, uint32_t *mask)
{
	struct flags all = { flags, n, expected, mask };

	return setting_words(s, at, false, add_flag, &all);
}

int setting_flags(const struct setting *s, void *target, const struct setting_flag *flags, size_t n,
	const char *expected)
{
	uint32_t *mask = setting_slot(s, target);

	if (s->value[0] == '\0')
		*mask = 0;
	return setting_flag_words(s, 0, flags, n, expected, mask);
}
