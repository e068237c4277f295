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

/* The words from offset on as a mask. @give: they are to be had; else they are taken away. */
static int read_capabilities(const struct setting *s, size_t at, bool give, uint64_t *ret)
{
	uint64_t mask = 0;
	size_t offset;
	int r, number;

	for (;;) {
		_cleanup_free_ char *word = NULL;

		r = setting_word(s, &at, false, &word, &offset);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		number = capability_from_string(word);
		if (number < 0)
			return unknown_capability(s, word, offset);
		r = give ? check_grantable(s, (unsigned)number, offset) : 0;
		if (r < 0)
			return r;
		mask |= UINT64_C(1) << number;
	}
	*ret = mask;
	return 0;
}

/*
 * key->max is what a set holds before its first assignment, for the purpose of merging: everything that a
 * profile can give for the bounding set, so that a first "~CAP_X" means "all of that but X". A set at that
 * value is replaced, any other is merged.
 */
int set_capabilities(const struct setting *s, void *target)
{
	bool invert = s->value[0] == '~';
	uint64_t *set = setting_slot(s, target), mask = 0, current;
	struct profile *p = target;
	int r;

	r = read_capabilities(s, invert ? 1 : 0, !invert, &mask);
	if (r < 0)
		return r;
	current = p->states[s->key->id].assigned ? *set : s->key->max;
	if (mask == 0 || current == s->key->max)
		*set = invert ? PRIVILEGES_PROFILES & ~mask : mask;
	else
		*set = invert ? current & ~mask : current | mask;
	return 0;
}

static const struct {
	const char *name;
	uint32_t bit;
} secure_bits[] = {
	{ "keep-caps", 1U << SECURE_KEEP_CAPS },
	{ "keep-caps-locked", 1U << SECURE_KEEP_CAPS_LOCKED },
	{ "no-setuid-fixup", 1U << SECURE_NO_SETUID_FIXUP },
	{ "no-setuid-fixup-locked", 1U << SECURE_NO_SETUID_FIXUP_LOCKED },
	{ "noroot", 1U << SECURE_NOROOT },
	{ "noroot-locked", 1U << SECURE_NOROOT_LOCKED },
};

static uint32_t secure_bit(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(secure_bits); i++)
		if (strcmp(secure_bits[i].name, name) == 0)
			return secure_bits[i].bit;
	return 0;
}

int set_secure_bits(const struct setting *s, void *target)
{
	uint32_t *bits = setting_slot(s, target), bit;
	size_t at = 0, offset;
	int r;

	if (s->value[0] == '\0')
		*bits = 0;
	for (;;) {
		_cleanup_free_ char *word = NULL;

		r = setting_word(s, &at, false, &word, &offset);
		if (r <= 0)
			return r;
		bit = secure_bit(word);
		if (!bit)
			return setting_error(s, offset,
				"SecureBits=: '%s' is none of keep-caps, no-setuid-fixup, noroot, nor one of "
				"these "
				"with -locked",
				word);
		*bits |= bit;
	}
}
