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
static int append_word(
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

struct call_words {
	struct profile_words *words;
	bool inverted;
};

/* From a "~" on they are inverted. */
static int add_call_word(const struct setting *s, void *data, char **word, size_t offset)
{
	struct call_words *c = data;

	if (*word[0] == '~') {
		c->inverted = true;
		memmove(*word, *word + 1, strlen(*word));
		offset++;
	}
	words_begin(c->words, c->inverted);
	return *word[0] ? append_word(s, c->words, steal_ptr(*word), c->inverted, offset) : 0;
}

int set_call_words(const struct setting *s, void *target)
{
	struct call_words c = { setting_slot(s, target), false };

	if (s->value[0] == '\0')
		words_clear(c.words);
	return setting_words(s, 0, false, add_call_word, &c);
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

static int add_architecture(const struct setting *s, void *data, char **word, size_t offset)
{
	return append_word(s, data, steal_ptr(*word), false, offset);
}

int set_architectures(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);

	if (s->value[0] == '\0')
		words_clear(w);
	return setting_words(s, 0, false, add_architecture, w);
}

int set_error_number(const struct setting *s, void *target)
{
	struct profile_words *w = setting_slot(s, target);
	char *text;
	int r = setting_text(s, &text);

	if (r < 0)
		return r;
	words_clear(w);
	return append_word(s, w, text, false, 0);
}

static const struct setting_flag namespaces[] = {
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
		all |= namespaces[i].bit;
	return all;
}

int set_restrict_namespaces(const struct setting *s, void *target)
{
	struct profile_namespaces *n = setting_slot(s, target);
	bool inverted = s->value[0] == '~', yes;
	uint32_t flags = 0, all = profile_namespaces_all();
	int r;

	if (s->value[0] == '\0') {
		*n = (struct profile_namespaces){ 0 };
		return 0;
	}
	if (parse_bool(s->value, &yes) == 0) {
		*n = (struct profile_namespaces){ .given = true, .allowed = yes ? 0 : all };
		return 0;
	}
	r = setting_flag_words(s, inverted ? 1 : 0, namespaces, ELEMENTSOF(namespaces),
		"yes, no, or words out of cgroup, ipc, mnt, net, pid, time, user, uts", &flags);
	if (r < 0)
		return r;
	if (!n->given)
		n->allowed = inverted ? all : 0;
	n->given = true;
	n->allowed = inverted ? n->allowed & ~flags : n->allowed | flags;
	return 0;
}
