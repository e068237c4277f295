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

static int add_path(const struct setting *s, void *data, char **text, size_t offset)
{
	struct profile *p = data;
	struct profile_landlock_path *paths;
	char *word = *text;
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
		.path = steal_ptr(*text),
	};
	return 0;
}

int set_landlock_paths(const struct setting *s, void *target)
{
	if (s->value[0] == '\0')
		clear_paths(target, (enum profile_key)s->key->id);
	return setting_words(s, 0, false, add_path, target);
}

static int add_port(const struct setting *s, void *data, char **text, size_t offset)
{
	struct profile_ports *ports = data;
	const char *word = *text;
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

	if (s->value[0] == '\0')
		ports->n = 0;
	return setting_words(s, 0, false, add_port, ports);
}

int set_scope(const struct setting *s, void *target)
{
	static const struct setting_flag flags[] = {
		{ "abstract-unix-socket", PROFILE_SCOPE_ABSTRACT_UNIX },
		{ "signal", PROFILE_SCOPE_SIGNAL },
	};

	return setting_flags(s, target, flags, ELEMENTSOF(flags), "abstract-unix-socket or signal");
}
