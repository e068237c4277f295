/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/settings.h"
#include "base/error.h"
#include "base/suggest.h"
#include "profile/words.h"

#include <stdarg.h>
#include <string.h>

struct place setting_place(const struct setting *s, size_t offset)
{
	return item_value_place(s->source, s->item, offset);
}

int setting_error(const struct setting *s, size_t offset, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	struct place at = setting_place(s, offset);
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return diagnostics_add(s->diagnostics, &at, "%s", text);
}

void *setting_slot(const struct setting *s, void *target)
{
	return (char *)target + s->key->offset;
}

static int expand(const struct setting *s, const char *text, size_t text_offset, bool exact, char **ret)
{
	struct word_error error = { 0 };
	int r = specifiers_expand(text, ret, &error);

	if (r != -EBADMSG)
		return r;
	return setting_error(
		s, text_offset + (exact ? error.offset : 0), "%s=: %s", s->key->name, error.text);
}

int setting_word(const struct setting *s, size_t *at, bool escapes, char **ret, size_t *ret_offset)
{
	_cleanup_free_ char *word = NULL;
	struct word_error error = { 0 };
	size_t start = *at + strspn(s->value + *at, " \t");
	char end;
	int r;

	r = word_next(s->value, at, 0, escapes ? WORD_ESCAPES : WORD_PLAIN, &word, &end, &error);
	if (r == -EBADMSG)
		return setting_error(s, error.offset, "%s=: %s", s->key->name, error.text);
	if (r <= 0)
		return r;
	r = expand(s, word, start, false, ret);
	if (r < 0)
		return r;
	*ret_offset = start;
	return 1;
}

int setting_words(const struct setting *s, size_t at, bool escapes, setting_take take, void *data)
{
	bool failed = false;
	size_t offset;
	int r;

	for (;;) {
		_cleanup_free_ char *word = NULL;

		r = setting_word(s, &at, escapes, &word, &offset);
		if (r <= 0)
			return r == 0 && failed ? -EBADMSG : r;
		r = take(s, data, &word, offset);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
}

int setting_text(const struct setting *s, char **ret)
{
	return expand(s, s->value, 0, true, ret);
}

int setting_append(const struct setting *s, char ***list, char *text)
{
	if (strv_contains(*list, text)) {
		free(text);
		return 0;
	}
	if (strv_length(*list) >= SETTING_LIST_MAX) {
		free(text);
		return setting_error(s, 0, "%s=: more than %u elements", s->key->name, SETTING_LIST_MAX);
	}
	return strv_consume(list, text);
}

static bool section_known(const struct key_table *t, const char *section)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->keys[i].section, section) == 0)
			return true;
	return false;
}

static int refuse_section(
	const struct key_table *t, const struct source *source, const struct item *i, struct diagnostics *d)
{
	struct suggestion near = suggestion_for(i->section, strlen(i->section));
	struct place at = item_place(source, i);

	for (size_t k = 0; k < t->n; k++)
		suggestion_offer(&near, t->keys[k].section);
	if (suggestion_get(&near))
		return diagnostics_add(d, &at, "unknown section [%s]; did you mean [%s]?", i->section,
			suggestion_get(&near));
	return diagnostics_add(d, &at, "unknown section [%s]", i->section);
}

static const struct key *find_key(const struct key_table *t, const char *section, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->keys[i].name[0] == name[0] && strcmp(t->keys[i].name, name) == 0 &&
			(!section || strcmp(t->keys[i].section, section) == 0))
			return &t->keys[i];
	return NULL;
}

static int refuse_key(
	const struct key_table *t, const struct source *source, const struct item *i, struct diagnostics *d)
{
	const struct key *elsewhere = find_key(t, NULL, i->key);
	struct suggestion near = suggestion_for(i->key, strlen(i->key));
	struct place at = item_place(source, i);

	if (elsewhere)
		return diagnostics_add(d, &at, "key '%s' belongs in section [%s], not in [%s]", i->key,
			elsewhere->section, i->section);
	for (size_t k = 0; k < t->n; k++)
		if (strcmp(t->keys[k].section, i->section) == 0)
			suggestion_offer(&near, t->keys[k].name);
	for (size_t k = 0; k < t->n && !suggestion_get(&near); k++)
		suggestion_offer(&near, t->keys[k].name);
	if (suggestion_get(&near))
		return diagnostics_add(d, &at, "unknown key '%s' in section [%s]; did you mean '%s'?", i->key,
			i->section, suggestion_get(&near));
	return diagnostics_add(d, &at, "unknown key '%s' in section [%s]", i->key, i->section);
}

static int apply_assignment(const struct setting *s, void *target, struct setting_state *states)
{
	struct setting_state *state = &states[s->key->id];
	struct place at = item_place(s->source, s->item);
	bool empty = s->value[0] == '\0';
	int r;

	if (!empty || s->key->list) {
		r = s->key->set(s, target);
		if (r < 0)
			return r;
	}
	*state = (struct setting_state){ .set = !empty, .assigned = true, .place = at };
	return 0;
}

static int apply_item(const struct key_table *t, const struct source *source, const struct item *i,
	void *target, struct setting_state *states, struct diagnostics *d)
{
	struct setting s = { .source = source, .item = i, .value = i->value, .diagnostics = d };

	if (!i->key)
		return section_known(t, i->section) ? 0 : refuse_section(t, source, i, d);
	s.key = find_key(t, i->section, i->key);
	if (s.key)
		return apply_assignment(&s, target, states);
	/* what is wrong with a section is said at its heading */
	return section_known(t, i->section) ? refuse_key(t, source, i, d) : 0;
}

int settings_apply(const struct key_table *table, const struct source *source, void *target,
	struct setting_state *states, struct diagnostics *d)
{
	bool failed = false;
	int r;

	for (size_t i = 0; i < source->n_items; i++) {
		r = apply_item(table, source, &source->items[i], target, states, d);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}
