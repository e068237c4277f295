/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What contradicts itself among the keys that become filters of system calls. */

#include "base/error.h"
#include "profile/profile.h"

/* A sandbox with somebody else's host name has none of its own to protect. */
static int check_hostname(const struct profile *p, struct diagnostics *d)
{
	const struct place *other = &p->states[KEY_PRIVATE_UTS].place;

	if (!profile_asks(p, KEY_PROTECT_HOSTNAME, p->protect_hostname) ||
		profile_yes(p, KEY_PRIVATE_UTS, p->private_uts))
		return 0;
	return diagnostics_add(d, &p->states[KEY_PROTECT_HOSTNAME].place,
		"ProtectHostname=yes contradicts PrivateUTS=no (%s:%u): it gives a host name of its own; "
		"remove one of "
		"them",
		other->file, other->line);
}

/* What is made there, the source's owner owns: with the bit, anybody outside would run it as that user. */
static int check_foreign(const struct profile *p, struct diagnostics *d)
{
	const struct profile_mount *m = profile_foreign_mount(p);
	const struct profile_mount_slot *slot = profile_foreign_slot(p);

	if (slot)
		return diagnostics_add(d, &p->states[KEY_RESTRICT_SUID_SGID].place,
			"RestrictSUIDSGID=no contradicts MountSlot=%s (%s:%u), which can be written to: "
			"files are made there that are run outside; remove one of them, or write "
			"MountSlot=%s %s ro",
			slot->name, slot->place.file, slot->place.line, slot->name, slot->target);
	if (!m)
		return 0;
	return diagnostics_add(d, &p->states[KEY_RESTRICT_SUID_SGID].place,
		"RestrictSUIDSGID=no contradicts the idmap of the bind on %s (%s:%u), where files are made "
		"that are another user's outside; remove one of them, or write BindReadOnlyPaths=",
		m->target, m->place.file, m->place.line);
}

/* An id that is given to another sandbox next must leave nothing behind that runs under it. */
static int check_suid(const struct profile *p, struct diagnostics *d)
{
	const struct setting_state *other = &p->states[KEY_DYNAMIC_USER];
	const struct place *at = &p->states[KEY_RESTRICT_SUID_SGID].place;
	const char *mend = "whose ids are used again; remove it, or name a user by User=";

	if (!p->states[KEY_RESTRICT_SUID_SGID].set || p->restrict_suid_sgid)
		return 0;
	if (!profile_has_dynamic_user(p))
		return check_foreign(p, d);
	if (!other->set)
		return diagnostics_add(
			d, at, "RestrictSUIDSGID=no contradicts DynamicUser=yes (the default), %s", mend);
	return diagnostics_add(d, at, "RestrictSUIDSGID=no contradicts DynamicUser=yes (%s:%u), %s",
		other->place.file, other->place.line, mend);
}

int profile_check_filter(const struct profile *p, struct diagnostics *d)
{
	int first = check_hostname(p, d), second;

	if (first < 0 && first != -EBADMSG)
		return first;
	second = check_suid(p, d);
	return second < 0 ? second : first;
}
