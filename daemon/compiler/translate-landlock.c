/* SPDX-License-Identifier: GPL-2.0-or-later */

/* [Landlock]: the default paths spelled out, ports of both lists put together. */

#include "base/error.h"
#include "compiler/translate.h"

#include <string.h>

/* Minijail's fs-default-paths. Not every system has each. */
static const struct {
	enum path_access access;
	const char *path;
} default_paths[] = {
	{ PATH_READ_EXECUTE, "/bin" },
	{ PATH_READ_EXECUTE, "/lib" },
	{ PATH_READ_EXECUTE, "/lib64" },
	{ PATH_READ_EXECUTE, "/sbin" },
	{ PATH_READ_EXECUTE, "/usr/bin" },
	{ PATH_READ_EXECUTE, "/usr/lib" },
	{ PATH_READ_EXECUTE, "/usr/lib64" },
	{ PATH_READ_EXECUTE, "/usr/sbin" },
	{ PATH_READ_ONLY, "/etc/group" },
	{ PATH_READ_ONLY, "/etc/passwd" },
};

static enum path_access access_of(enum profile_key key)
{
	switch (key) {
	case KEY_FS_PATH_READ_EXECUTE:
		return PATH_READ_EXECUTE;
	case KEY_FS_PATH_READ_WRITE:
		return PATH_READ_WRITE;
	case KEY_FS_PATH_ADVANCED_READ_WRITE:
		return PATH_ADVANCED_READ_WRITE;
	default:
		return PATH_READ_ONLY;
	}
}

static int add_rule(struct compiled_landlock *l, enum path_access access, bool optional, const char *path)
{
	struct landlock_rule *rule = &l->rules[l->n_rules];

	*rule = (struct landlock_rule){ .access = access, .optional = optional, .path = strdup(path) };
	if (!rule->path)
		return -ENOMEM;
	l->n_rules++;
	return 0;
}

static int translate_paths(const struct profile *p, struct compiled_landlock *l)
{
	bool defaults = p->states[KEY_FS_DEFAULT_PATHS].set && p->fs_default_paths;
	int r = 0;

	if (!defaults && p->n_landlock_paths == 0)
		return 0;
	l->restricts |= RESTRICT_FILES;
	l->rules = calloc(p->n_landlock_paths + ELEMENTSOF(default_paths), sizeof(*l->rules));
	if (!l->rules)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && defaults && i < ELEMENTSOF(default_paths); i++)
		r = add_rule(l, default_paths[i].access, true, default_paths[i].path);
	for (size_t i = 0; r == 0 && i < p->n_landlock_paths; i++)
		r = add_rule(l, access_of(p->landlock_paths[i].key), p->landlock_paths[i].optional,
			p->landlock_paths[i].path);
	return r;
}

static struct landlock_port *port_of(struct compiled_landlock *l, uint16_t number)
{
	for (size_t i = 0; i < l->n_ports; i++)
		if (l->ports[i].port == number)
			return &l->ports[i];
	l->ports[l->n_ports] = (struct landlock_port){ .port = number };
	return &l->ports[l->n_ports++];
}

static int translate_ports(const struct profile *p, struct compiled_landlock *l)
{
	l->restricts |= p->states[KEY_NET_BIND_TCP].set ? RESTRICT_BIND_TCP : 0;
	l->restricts |= p->states[KEY_NET_CONNECT_TCP].set ? RESTRICT_CONNECT_TCP : 0;
	l->ports = calloc(p->bind_ports.n + p->connect_ports.n + 1, sizeof(*l->ports));
	if (!l->ports)
		return -ENOMEM;
	for (size_t i = 0; i < p->bind_ports.n; i++)
		port_of(l, p->bind_ports.v[i])->bind = true;
	for (size_t i = 0; i < p->connect_ports.n; i++)
		port_of(l, p->connect_ports.v[i])->connect = true;
	return 0;
}

int translate_landlock(const struct profile *p, struct compiled_profile *ret)
{
	struct compiled_landlock *l = &ret->landlock;
	int r;

	r = translate_paths(p, l);
	if (r == 0)
		r = translate_ports(p, l);
	if (r < 0)
		return r;
	if (p->states[KEY_SCOPE].set) {
		l->restricts |= p->scope & PROFILE_SCOPE_ABSTRACT_UNIX ? RESTRICT_ABSTRACT_UNIX : 0;
		l->restricts |= p->scope & PROFILE_SCOPE_SIGNAL ? RESTRICT_SIGNAL : 0;
	}
	if (p->states[KEY_LOG_DENIALS].set && p->log_denials)
		l->restricts |= RESTRICT_LOG;
	return 0;
}
