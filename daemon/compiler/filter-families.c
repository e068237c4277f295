/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RestrictAddressFamilies=: names of families put together as systemd does. */

#include "base/error.h"
#include "base/suggest.h"
#include "compiler/filter.h"
#include "seccomp/constants.h"

#include <string.h>

#define PREFIX "AF_"

/* AF_UNSPEC and AF_MAX are no families. */
static bool family_find(const char *name, unsigned *ret)
{
	const struct architecture *a = architecture_native();
	uint64_t value;

	if (!a || strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strcmp(name, PREFIX "MAX") == 0 ||
		constant_lookup(a, name, strlen(name), &value) < 0)
		return false;
	*ret = (unsigned)value;
	return value > 0 && value < LAYERS_FAMILIES_MAX;
}

static int refuse_name(const struct profile_word *word, struct diagnostics *d)
{
	struct suggestion near = suggestion_for(word->text, strlen(word->text));
	unsigned family;

	for (size_t i = 0; i < constant_count(); i++)
		if (family_find(constant_at(i), &family))
			suggestion_offer(&near, constant_at(i));
	if (suggestion_get(&near))
		return diagnostics_add(d, &word->place,
			"RestrictAddressFamilies=%s: no such address family; did you mean '%s'?", word->text,
			suggestion_get(&near));
	return diagnostics_add(d, &word->place,
		"RestrictAddressFamilies=%s: expected names such as AF_UNIX or AF_INET6, or none alone",
		word->text);
}

int family_list_make(const struct profile *p, struct diagnostics *d, struct family_list *ret)
{
	const struct profile_words *words = &p->address_families;
	bool failed = false;

	*ret = (struct family_list){ .kind = list_kind(words) };
	for (size_t i = 0; i < words->n; i++) {
		const struct profile_word *word = &words->v[i];
		unsigned family;
		int r;

		if (!family_find(word->text, &family)) {
			r = refuse_name(word, d);
			if (r != -EBADMSG)
				return r;
			failed = true;
		} else if ((words->kind == PROFILE_WORDS_ALLOW) != word->inverted) {
			ret->families |= 1ULL << family;
		} else {
			ret->families &= ~(1ULL << family);
		}
	}
	return failed ? -EBADMSG : 0;
}
