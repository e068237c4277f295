/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Exec]: arguments, environment and file descriptors. */

#include "base/bounds.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/pattern.h"
#include "profile/profile.h"

#include <string.h>

/* The whole value is one expression: quotes and backslashes are its own. */
int set_argument(const struct setting *s, void *target)
{
	_cleanup_(pattern_done) struct pattern pattern = PATTERN_NULL;
	char ***list = setting_slot(s, target);
	_cleanup_free_ char *text = NULL;
	const char *reason = NULL;
	int r;

	if (s->value[0] == '\0') {
		*list = strv_free(*list);
		return 0;
	}
	r = setting_text(s, &text);
	if (r < 0)
		return r;
	r = pattern_compile(&pattern, text, &reason);
	if (r == -EINVAL)
		return setting_error(s, 0, "Argument=%s: %s", text, reason);
	return r < 0 ? r : setting_append(s, list, steal_ptr(text));
}

/* NAME=VALUE replaces an earlier one of that name. */
static int add_variable(const struct setting *s, void *data, char **word, size_t offset)
{
	const char *variable = *word, *equals = strchr(variable, '=');
	char ***list = data;
	_cleanup_free_ char *name = NULL;

	if (!equals || !env_name_valid(variable, (size_t)(equals - variable)))
		return setting_error(
			s, offset, "Environment=%s: expected NAME=value; put quotes around blanks", variable);
	if (strv_length(*list) >= SETTING_LIST_MAX)
		return setting_error(s, offset, "Environment=: more than %u variables", SETTING_LIST_MAX);
	name = strndup(variable, (size_t)(equals - variable));
	if (!name)
		return -ENOMEM;
	return strv_env_set(list, name, equals + 1);
}

int set_environment(const struct setting *s, void *target)
{
	char ***list = setting_slot(s, target);

	if (s->value[0] == '\0')
		*list = strv_free(*list);
	return setting_words(s, 0, true, add_variable, list);
}

/* NAME or BEGINNING_*. A lone "*" would say nothing about what the program expects. */
static bool pass_pattern_valid(const char *s)
{
	size_t n = strlen(s);

	if (n > 1 && s[n - 1] == '*')
		n--;
	return env_name_valid(s, n);
}

static int add_pass_pattern(const struct setting *s, void *data, char **word, size_t offset)
{
	const char *pattern = *word, *reason;

	if (!pass_pattern_valid(pattern))
		return setting_error(s, offset,
			"PassEnvironment=%s: expected a variable's name, or its beginning and '*'", pattern);
	reason = env_pattern_never_reason(pattern);
	if (reason)
		return setting_error(s, offset,
			"PassEnvironment=%s: never taken from a caller, because %s; remove it, or set a "
			"value "
			"of your own with Environment=",
			pattern, reason);
	return setting_append(s, data, steal_ptr(*word));
}

int set_pass_environment(const struct setting *s, void *target)
{
	char ***list = setting_slot(s, target);

	if (s->value[0] == '\0')
		*list = strv_free(*list);
	return setting_words(s, 0, false, add_pass_pattern, list);
}

/* One word between the commas of FileDescriptor=. */
static int slot_word(const struct setting *s, struct profile_slot *slot, const char *word, size_t offset)
{
	enum fd_kind kind;

	if (strcmp(word, "read-only") == 0)
		slot->access &= ~(uint32_t)FD_ACCESS_WRITE;
	else if (strcmp(word, "write-only") == 0)
		slot->access &= ~(uint32_t)FD_ACCESS_READ;
	else if (strcmp(word, "required") == 0)
		slot->required = true;
	else if (fd_kind_from_string(word, &kind) == 0 && kind != FD_KIND_OTHER)
		slot->kinds |= 1U << kind;
	else
		return setting_error(s, offset,
			"FileDescriptor=: '%s' is neither a kind (regular, memfd, pipe, socket, null, tty, "
			"directory, "
			"path, listener, chardev, eventfd) nor read-only, write-only or required",
			word);
	return 0;
}

/* The words of "regular,pipe,read-only". */
static int slot_words(const struct setting *s, struct profile_slot *slot, size_t start)
{
	const char *value = s->value;
	size_t at = start;
	int r;

	for (;;) {
		_cleanup_free_ char *word = NULL;
		size_t n, offset;

		at += strspn(value + at, " \t");
		offset = at;
		n = strcspn(value + at, ", \t");
		word = strndup(value + at, n);
		if (!word)
			return -ENOMEM;
		r = slot_word(s, slot, word, offset);
		if (r < 0)
			return r;
		at += n;
		at += strspn(value + at, " \t");
		if (value[at] == '\0')
			return 0;
		if (value[at] != ',')
			return setting_error(s, at, "FileDescriptor=: put commas between the kinds");
		at++;
	}
}

/* A slot of the same number, set before, is replaced: so can drop-ins change one. */
static int put_slot(const struct setting *s, struct profile *p, const struct profile_slot *slot)
{
	struct profile_slot *slots;

	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].number == slot->number) {
			p->slots[i] = *slot;
			return 0;
		}
	if (p->n_slots >= FDS_MAX)
		return setting_error(s, 0, "FileDescriptor=: more than %d slots", FDS_MAX);
	slots = reallocarray(p->slots, p->n_slots + 1, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	p->slots = slots;
	slots[p->n_slots++] = *slot;
	return 0;
}

int set_file_descriptor(const struct setting *s, void *target)
{
	struct profile_slot slot = { .access = FD_ACCESS_READ | FD_ACCESS_WRITE,
		.place = setting_place(s, 0) };
	size_t digits = strcspn(s->value, " \t");
	_cleanup_free_ char *number = NULL;
	struct profile *p = target;
	int r;

	if (s->value[0] == '\0') {
		p->n_slots = 0;
		return 0;
	}
	number = strndup(s->value, digits);
	if (!number)
		return -ENOMEM;
	if (parse_u32(number, &slot.number) < 0 || slot.number > FD_TARGET_MAX)
		return setting_error(s, 0, "FileDescriptor=%s: expected a number from 0 to %d, then kinds",
			number, FD_TARGET_MAX);
	if (s->value[digits] == '\0')
		return setting_error(s, 0,
			"FileDescriptor=%s: say which kinds may be there, such as 'pipe,socket'", number);
	r = slot_words(s, &slot, digits);
	if (r < 0)
		return r;
	if (slot.kinds == 0)
		return setting_error(
			s, 0, "FileDescriptor=%s: no kind is named; add one such as 'pipe'", number);
	if (slot.access == 0)
		return setting_error(
			s, 0, "FileDescriptor=%s: read-only and write-only exclude each other", number);
	return put_slot(s, p, &slot);
}
