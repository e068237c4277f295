/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Warm= and MaxWarm=: jails that are built before anybody asks for one can hold nothing of who will. */

#include "base/error.h"
#include "profile/check.h"

#include <inttypes.h>

static enum profile_key warm_key(const struct profile *p)
{
	return p->states[KEY_WARM].set && p->warm > 0 ? KEY_WARM : KEY_MAX_WARM;
}

static int contradicts(const struct check *c, enum profile_key key, const char *what, const char *why)
{
	const struct profile *p = c->profile;
	enum profile_key warm = warm_key(p);
	_cleanup_free_ char *other = NULL;
	int r = check_where(c, key, &other);

	if (r < 0)
		return r;
	return diagnostics_add(c->diagnostics, &p->states[warm].place,
		"%s=%" PRIu32
		" contradicts %s (%s): %s, and no jail can be ready before it; remove one of them",
		warm == KEY_WARM ? "Warm" : "MaxWarm", warm == KEY_WARM ? p->warm : p->max_warm, what, other,
		why);
}

/* Each would go to the ordinary way. */
static int check_parkable(const struct check *c)
{
	static const struct {
		enum profile_key key;
		const char *what;
	} streams[] = {
		{ KEY_STANDARD_INPUT, "StandardInput=pty" },
		{ KEY_STANDARD_OUTPUT, "StandardOutput=pty" },
		{ KEY_STANDARD_ERROR, "StandardError=pty" },
	};
	const struct profile *p = c->profile;

	if (p->states[KEY_JOINS_POOL].set)
		return contradicts(c, KEY_JOINS_POOL,
			"JoinsPool=", "whose namespaces it shares is known when somebody launches it");
	for (size_t i = 0; i < ELEMENTSOF(streams); i++)
		if (p->states[streams[i].key].set && p->stdio[i] == PROFILE_STDIO_PTY)
			return contradicts(
				c, streams[i].key, streams[i].what, "a terminal is made for one launch");
	return 0;
}

int check_warm(const struct check *c)
{
	const struct profile *p = c->profile;
	uint32_t warm = p->states[KEY_WARM].set ? p->warm : 0;
	bool limited = p->states[KEY_MAX_WARM].set;
	_cleanup_free_ char *other = NULL;
	int r;

	if (limited && p->max_warm < warm) {
		r = check_where(c, KEY_WARM, &other);
		if (r < 0)
			return r;
		return diagnostics_add(c->diagnostics, &p->states[KEY_MAX_WARM].place,
			"MaxWarm=%" PRIu32 " is less than Warm=%" PRIu32
			" (%s); raise it, or lower the other",
			p->max_warm, warm, other);
	}
	return warm > 0 || (limited && p->max_warm > 0) ? check_parkable(c) : 0;
}
