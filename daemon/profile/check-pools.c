/* SPDX-License-Identifier: GPL-2.0-or-later */

/* JoinsPool=: what one profile must say so that it has something to share, and does no harm to those it
 * shares with; and that all profiles of a pool share the same. */

#include "base/capability-names.h"
#include "base/error.h"
#include "base/strv.h"
#include "profile/check.h"

#include <linux/capability.h>
#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))

static int contradicts(const struct check *c, const char *what, enum profile_key other_key, const char *why)
{
	const struct profile *p = c->profile;
	_cleanup_free_ char *other = NULL;
	int r = check_where(c, other_key, &other);

	if (r < 0)
		return r;
	return diagnostics_add(c->diagnostics, &p->states[KEY_JOINS_POOL].place,
		"JoinsPool=%s contradicts %s (%s): %s; remove one of them", p->pool, what, other, why);
}

int check_pool(const struct check *c)
{
	/* rights over a network, and over IPC objects, that others live in, too */
	static const uint64_t over_others = BIT(CAP_NET_ADMIN) | BIT(CAP_NET_RAW) | BIT(CAP_IPC_OWNER);
	const struct profile *p = c->profile;
	uint64_t held;

	if (!p->states[KEY_JOINS_POOL].set)
		return 0;
	if (p->states[KEY_NETWORK_NAMESPACE_PATH].set)
		return contradicts(c, "NetworkNamespacePath=", KEY_NETWORK_NAMESPACE_PATH,
			"a named network is shared by all who name it");
	if (!profile_yes(p, KEY_PRIVATE_NETWORK, p->private_network) &&
		!profile_yes(p, KEY_PRIVATE_IPC, p->private_ipc))
		return contradicts(c, "PrivateNetwork=no and PrivateIPC=no", KEY_PRIVATE_NETWORK,
			"there is nothing to share");
	held = p->states[KEY_CAPABILITY_BOUNDING_SET].set ? p->bounding & over_others : 0;
	if (held)
		return contradicts(c, capability_to_string((unsigned)__builtin_ctzll(held)),
			KEY_CAPABILITY_BOUNDING_SET,
			"it is a right over what the other sandboxes of the pool do there");
	return 0;
}

static const char *shared_by(const struct profile *p)
{
	bool network = profile_yes(p, KEY_PRIVATE_NETWORK, p->private_network);

	if (!profile_yes(p, KEY_PRIVATE_IPC, p->private_ipc))
		return "the network";
	return network ? "network and IPC" : "IPC";
}

/* The first sound profile of the same pool that shares something else. */
static const struct profile *find_other(const struct profile *profiles, size_t n, const struct profile *p)
{
	for (size_t i = 0; i < n; i++) {
		const struct profile *other = &profiles[i];

		if (other->states[KEY_JOINS_POOL].set && !other->errors &&
			strcmp(other->pool, p->pool) == 0 && strcmp(shared_by(other), shared_by(p)) != 0)
			return other;
	}
	return NULL;
}

static int check_against(const struct profile *profiles, size_t n, struct profile *p)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	const struct profile *other = find_other(profiles, n, p);
	const struct place *at;
	int r;

	if (!other)
		return 0;
	at = &other->states[KEY_JOINS_POOL].place;
	r = diagnostics_add(&d, &p->states[KEY_JOINS_POOL].place,
		"JoinsPool=%s: this profile would share %s, and profile %s (%s:%u) %s; set PrivateNetwork= "
		"and "
		"PrivateIPC= alike, or name another pool",
		p->pool, shared_by(p), other->name, at->file, at->line, shared_by(other));
	return r != -EBADMSG ? r : strv_extend(&p->errors, d.lines[0]);
}

int profiles_check_pools(struct profile *profiles, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct profile *p = &profiles[i];
		int r = p->states[KEY_JOINS_POOL].set && !p->errors ? check_against(profiles, i, p) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}
