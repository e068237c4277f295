/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Landlock]. */

#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "profile/profile.h"

#include <string.h>

/* An empty assignment forgets what this key gave, not what the others did. */
static void clear_paths(struct profile *p, enum profile_key key)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_landlock_paths; i++)
		if (p->landlock_paths[i].key == key)
			free(p->landlock_paths[i].path);
		else
			p->landlock_paths[kept++] = p->landlock_paths[i];
	p->n_landlock_paths = kept;
}

/* Adds a path; takes it over. */
static int add_path(const struct setting *s, struct profile *p, char *word, size_t offset)
{
	_cleanup_free_ char *owned = word;
	struct profile_landlock_path *paths;
	bool optional = word[0] == '-';

	if (optional)
		memmove(word, word + 1, strlen(word));
	if (!path_is_normalized(word))
		return setting_error(s, offset,
			"%s=%s: expected an absolute path without '//', '.', '..' or '/' at its end",
			s->key->name, word);
	if (p->n_landlock_paths >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u paths", s->key->name, SETTING_LIST_MAX);
	paths = reallocarray(p->landlock_paths, p->n_landlock_paths + 1, sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	p->landlock_paths = paths;
	paths[p->n_landlock_paths++] = (struct profile_landlock_path){
		.key = (enum profile_key)s->key->id,
		.optional = optional,
		.path = steal_ptr(owned),
	};
	return 0;
}

int set_landlock_paths(const struct setting *s, void *target)
{
	size_t at = 0, offset;
	bool failed = false;
	char *word;
	int r;

	if (s->value[0] == '\0')
		clear_paths(target, (enum profile_key)s->key->id);
	for (;;) {
		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r == 0 && failed ? -EBADMSG : r;
		r = add_path(s, target, word, offset);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
}

static int add_port(const struct setting *s, struct profile_ports *ports, const char *word, size_t offset)
{
	uint32_t port;
	uint16_t *v;

	if (strcmp(word, "none") == 0) /* so that the list can be there and be empty */
		return 0;
	if (parse_u32(word, &port) < 0 || port == 0 || port > UINT16_MAX)
		return setting_error(
			s, offset, "%s=%s: expected ports from 1 to 65535, or none", s->key->name, word);
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i] == port)
			return 0;
	if (ports->n >= SETTING_LIST_MAX)
		return setting_error(s, offset, "%s=: more than %u ports", s->key->name, SETTING_LIST_MAX);
	v = reallocarray(ports->v, ports->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	ports->v = v;
	v[ports->n++] = (uint16_t)port;
	return 0;
}

int set_ports(const struct setting *s, void *target)
{
	struct profile_ports *ports = setting_slot(s, target);
	size_t at = 0, offset;
	bool failed = false;
	int r;

	if (s->value[0] == '\0')
		ports->n = 0;
	for (;;) {
		_cleanup_free_ char *word = NULL;

		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r == 0 && failed ? -EBADMSG : r;
		r = add_port(s, ports, word, offset);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
}

int set_scope(const struct setting *s, void *target)
{
	static const struct setting_flag flags[] = {
		{ "abstract-unix-socket", PROFILE_SCOPE_ABSTRACT_UNIX },
		{ "signal", PROFILE_SCOPE_SIGNAL },
	};

	return setting_flags(s, target, flags, ELEMENTSOF(flags), "abstract-unix-socket or signal");
}
