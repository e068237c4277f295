/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Capabilities]. Merging and "~" are as in systemd.exec(5). */

#include "base/capability-names.h"
#include "base/error.h"
#include "base/privileges.h"
#include "base/suggest.h"
#include "profile/profile.h"

#include <linux/securebits.h>
#include <string.h>

static int unknown_capability(const struct setting *s, const char *word, size_t offset)
{
	struct suggestion near = suggestion_for(word, strlen(word));

	for (unsigned i = 0; capability_to_string(i); i++)
		suggestion_offer(&near, capability_to_string(i));
	if (suggestion_get(&near))
		return setting_error(s, offset, "%s=: unknown capability '%s'; did you mean '%s'?",
			s->key->name, word, suggestion_get(&near));
	return setting_error(
		s, offset, "%s=: unknown capability '%s'; capabilities(7) lists them", s->key->name, word);
}

/* Told where it is named, not when the sandbox is launched. */
static int check_grantable(const struct setting *s, unsigned number, size_t offset)
{
	if (PRIVILEGES_PROFILES & CAPABILITY_BIT(number))
		return 0;
	return setting_error(s, offset,
		"%s=: %s is never given to a sandbox, which it would make the master of the host or outlive; "
		"remove it",
		s->key->name, capability_to_string(number));
}

struct capabilities {
	uint64_t mask;
	bool give; /* they are to be had; else they are taken away */
};

static int add_capability(const struct setting *s, void *data, char **word, size_t offset)
{
	struct capabilities *c = data;
	int number = capability_from_string(*word);
	int r;

	if (number < 0)
		return unknown_capability(s, *word, offset);
	r = c->give ? check_grantable(s, (unsigned)number, offset) : 0;
	if (r == 0)
		c->mask |= UINT64_C(1) << number;
	return r;
}

/*
 * key->max is what a set holds before its first assignment, for the purpose of merging: everything that a
 * profile can give for the bounding set, so that a first "~CAP_X" means "all of that but X". A set at that
 * value is replaced, any other is merged.
 */
int set_capabilities(const struct setting *s, void *target)
{
	bool invert = s->value[0] == '~';
	uint64_t *set = setting_slot(s, target), current;
	struct capabilities named = { 0, !invert };
	struct profile *p = target;
	int r;

	r = setting_words(s, invert ? 1 : 0, false, add_capability, &named);
	if (r < 0)
		return r;
	current = p->states[s->key->id].assigned ? *set : s->key->max;
	if (named.mask == 0 || current == s->key->max)
		*set = invert ? PRIVILEGES_PROFILES & ~named.mask : named.mask;
	else
		*set = invert ? current & ~named.mask : current | named.mask;
	return 0;
}

static const struct setting_flag secure_bits[] = {
	{ "keep-caps", 1U << SECURE_KEEP_CAPS },
	{ "keep-caps-locked", 1U << SECURE_KEEP_CAPS_LOCKED },
	{ "no-setuid-fixup", 1U << SECURE_NO_SETUID_FIXUP },
	{ "no-setuid-fixup-locked", 1U << SECURE_NO_SETUID_FIXUP_LOCKED },
	{ "noroot", 1U << SECURE_NOROOT },
	{ "noroot-locked", 1U << SECURE_NOROOT_LOCKED },
};

int set_secure_bits(const struct setting *s, void *target)
{
	return setting_flags(s, target, secure_bits, ELEMENTSOF(secure_bits),
		"keep-caps, no-setuid-fixup, noroot, or one of these with -locked");
}
