/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Seccomp] but Policy=, and of RestrictNamespaces=. What system calls, address families
 * and architectures there are, the compiler knows: here are their words, in order. */

#include "base/array.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <linux/sched.h>
#include <string.h>

static void words_clear(struct profile_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i].text);
	w->n = 0;
	w->kind = PROFILE_WORDS_NONE;
}

void profile_words_done(struct profile_words *w)
{
	words_clear(w);
	free(w->v);
}

/* Appends a word; takes it over. */
static int add_word(
	const struct setting *s, struct profile_words *w, char *text, bool inverted, size_t offset)
{
	_cleanup_free_ char *owned = text;

	if (w->n >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u elements", s->key->name, SETTING_LIST_MAX);
	if (array_reserve(&w->v, &w->allocated, w->n + 1, sizeof(*w->v)) < 0)
		return -ENOMEM;
	w->v[w->n++] = (struct profile_word){ steal_ptr(owned), inverted, setting_place(s, offset) };
	return 0;
}

/* The first assignment decides what kind of list it is, whatever follows. */
static void words_begin(struct profile_words *w, bool inverted)
{
	if (w->kind == PROFILE_WORDS_NONE)
		w->kind = inverted ? PROFILE_WORDS_DENY : PROFILE_WORDS_ALLOW;
}

/* Words, of which those from a "~" on are inverted. */
int set_call_words(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);
	bool inverted = false;
	size_t at = 0, offset;
	char *word;
	int r;

	if (s->value[0] == '\0')
		words_clear(w);
	for (;;) {
		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r;
		if (word[0] == '~') {
			inverted = true;
			memmove(word, word + 1, strlen(word));
			offset++;
		}
		words_begin(w, inverted);
		if (word[0] == '\0') {
			free(word);
			continue;
		}
		r = add_word(s, w, word, inverted, offset);
		if (r < 0)
			return r;
	}
}

int set_address_families(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);

	if (strcmp(s->value, "none") != 0)
		return set_call_words(s, target);
	words_clear(w);
	w->kind = PROFILE_WORDS_ALLOW;
	return 0;
}

int set_architectures(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);
	size_t at = 0, offset;
	char *word;
	int r;

	if (s->value[0] == '\0')
		words_clear(w);
	for (;;) {
		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r;
		r = add_word(s, w, word, false, offset);
		if (r < 0)
			return r;
	}
}

int set_error_number(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);
	char *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	words_clear(w);
	return add_word(s, w, text, false, 0);
}

static const struct {
	const char *name;
	uint32_t flag;
} namespaces[] = {
	{ "cgroup", CLONE_NEWCGROUP },
	{ "ipc", CLONE_NEWIPC },
	{ "mnt", CLONE_NEWNS },
	{ "net", CLONE_NEWNET },
	{ "pid", CLONE_NEWPID },
	{ "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },
	{ "uts", CLONE_NEWUTS },
};

uint32_t profile_namespaces_all(void)
{
	uint32_t all = 0;

	for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
		all |= namespaces[i].flag;
	return all;
}

static int read_namespaces(const struct setting *s, size_t at, uint32_t *ret)
{
	uint32_t flags = 0, flag;
	size_t offset;
	int r;

	for (;;) {
		_cleanup_free_ char *word = NULL;

		r = setting_word(s, &at, false, &word, &offset);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		flag = 0;
		for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
			if (strcmp(namespaces[i].name, word) == 0)
				flag = namespaces[i].flag;
		if (flag == 0)
			return setting_error(s, offset,
				"%s=%s: expected yes, no, or words out of cgroup, ipc, mnt, net, pid, time, "
				"user, uts",
				s->key->name, word);
		flags |= flag;
	}
	*ret = flags;
	return 0;
}

int set_restrict_namespaces(const struct setting *s, void *target)
{
	struct profile_namespaces *n = setting_slot(s, target);
	bool inverted = s->value[0] == '~', yes;
	uint32_t flags, all = profile_namespaces_all();
	int r;

	if (s->value[0] == '\0') {
		*n = (struct profile_namespaces){ 0 };
		return 0;
	}
	if (parse_bool(s->value, &yes) == 0) {
		*n = (struct profile_namespaces){ .given = true, .allowed = yes ? 0 : all };
		return 0;
	}
	r = read_namespaces(s, inverted ? 1 : 0, &flags);
	if (r < 0)
		return r;
	if (!n->given)
		n->allowed = inverted ? all : 0;
	n->given = true;
	n->allowed = inverted ? n->allowed & ~flags : n->allowed | flags;
	return 0;
}
