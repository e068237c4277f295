/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a profile, and behind a line "#drop-in" as its drop-in. Whatever they are: what is said about
 * them can be shown, and a text about which nothing is said is valid.
 */

#include "base/error.h"
#include "base/utf8.h"
#include "profile/profile.h"

#include <stdlib.h>
#include <string.h>

#define SEPARATOR "\n#drop-in\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_lines(const struct diagnostics *d)
{
	STRV_FOREACH (l, d->lines) {
		require(utf8_valid_prefix(*l, strlen(*l)) == strlen(*l));
		for (const char *c = *l; *c; c++)
			require((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
}

/* Lists that a valid profile has are within their bounds, and paths are what path_is_normalized() takes. */
static void check_profile(const struct profile *p)
{
	require(strv_length(p->executables) <= SETTING_LIST_MAX);
	require(strv_length(p->environment) <= SETTING_LIST_MAX);
	require(p->n_mounts <= SETTING_LIST_MAX);
	STRV_FOREACH (e, p->executables)
		require(**e == '/');
	for (size_t i = 0; i < p->n_mounts; i++) {
		require(p->mounts[i].target[0] == '/' && p->mounts[i].target[1] != '\0');
		require(p->mounts[i].tmpfs == !p->mounts[i].source);
	}
	for (size_t i = 0; i < p->n_slots; i++)
		require(p->slots[i].kinds != 0 && p->slots[i].access != 0);
	require((p->ambient & ~p->bounding) == 0 || !p->states[KEY_AMBIENT_CAPABILITIES].set);
}

static void apply(
	const char *text, size_t size, struct profile *p, struct diagnostics *d, struct source **ret)
{
	int r = source_parse("fuzz", text, size, d, ret);

	require(r == 0 || r == -EBADMSG);
	r = settings_apply(&profile_keys, *ret, p, p->states, d);
	require(r == 0 || r == -EBADMSG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *own = size > 0 ? memmem(text, size, SEPARATOR, strlen(SEPARATOR)) : NULL;
	_cleanup_(source_freep) struct source *first = NULL, *second = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	size_t n = own ? (size_t)(own - text) : size;
	int r;

	apply(text, n, &p, &d, &first);
	if (own)
		apply(own + strlen(SEPARATOR), size - n - strlen(SEPARATOR), &p, &d, &second);
	r = profile_check(&p, &d);
	require(r == 0 || d.n > 0);
	check_lines(&d);
	if (d.n == 0)
		check_profile(&p);
	return 0;
}
