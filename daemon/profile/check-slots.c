/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Contradictions about mount slots: places from which programs are run or configured, places that another key
 * fills or hides, and users that would leave files to whoever gets their id next. */

#include "base/error.h"
#include "base/path.h"
#include "profile/check.h"

#include <string.h>

/* What a caller puts there would decide what programs do, or hide the kernel's file systems. */
static const char *const system_places[] = { "/bin", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32",
	"/proc", "/sbin", "/sys", "/usr" };

static bool overlap(const char *a, const char *b)
{
	return path_is_below(a, b) || path_is_below(b, a);
}

static int check_place(const struct check *c, const struct profile_mount_slot *slot)
{
	for (size_t i = 0; i < sizeof(system_places) / sizeof(system_places[0]); i++)
		if (overlap(slot->target, system_places[i]))
			return diagnostics_add(c->diagnostics, &slot->place,
				"MountSlot=%s: %s belongs to the system, and a caller would supply it; "
				"choose "
				"another place, for instance /%s",
				slot->name, slot->target, slot->name);
	STRV_FOREACH (e, c->profile->executables)
		if (path_is_below(*e, slot->target))
			return diagnostics_add(c->diagnostics, &slot->place,
				"MountSlot=%s contradicts Executable=%s (%s:%u), which lies in it: nothing "
				"in a "
				"slot is executed; choose another place",
				slot->name, *e, c->profile->states[KEY_EXECUTABLE].place.file,
				c->profile->states[KEY_EXECUTABLE].place.line);
	return 0;
}

static int check_mounts(const struct check *c, const struct profile_mount_slot *slot)
{
	const struct profile *p = c->profile;

	for (size_t i = 0; i < p->n_mounts; i++)
		if (path_is_below(p->mounts[i].target, slot->target))
			return diagnostics_add(c->diagnostics, &p->mounts[i].place,
				"a mount on %s contradicts MountSlot=%s %s (%s:%u), which lies over it; move "
				"one of them",
				p->mounts[i].target, slot->name, slot->target, slot->place.file,
				slot->place.line);
	for (size_t i = 0; i < p->n_restrictions; i++)
		if (p->restrictions[i].key == KEY_INACCESSIBLE_PATHS &&
			overlap(slot->target, p->restrictions[i].path))
			return diagnostics_add(c->diagnostics, &p->restrictions[i].place,
				"InaccessiblePaths=%s contradicts MountSlot=%s %s (%s:%u): one hides the "
				"other, "
				"or what a caller has there; move one of them",
				p->restrictions[i].path, slot->name, slot->target, slot->place.file,
				slot->place.line);
	for (size_t i = 0; p->daemon_stores.n > 0 && i < PROFILE_STORE_ROOTS; i++)
		if (overlap(slot->target, profile_store_roots[i]))
			return diagnostics_add(c->diagnostics, &slot->place,
				"MountSlot=%s: %s is where the stores of DaemonStore= are (%s:%u); choose "
				"another "
				"place",
				slot->name, slot->target, p->daemon_stores.v[0].place.file,
				p->daemon_stores.v[0].place.line);
	return 0;
}

static int check_twins(const struct check *c, size_t n)
{
	const struct profile_mount_slot *slot = &c->profile->mount_slots[n];

	for (size_t i = 0; i < n; i++) {
		const struct profile_mount_slot *other = &c->profile->mount_slots[i];

		if (strcmp(other->name, slot->name) == 0)
			return diagnostics_add(c->diagnostics, &slot->place,
				"MountSlot=%s is there already (%s:%u); give another name, or remove one",
				slot->name, other->place.file, other->place.line);
		if (overlap(other->target, slot->target))
			return diagnostics_add(c->diagnostics, &slot->place,
				"MountSlot=%s %s contradicts MountSlot=%s %s (%s:%u): slots do not lie in "
				"one "
				"another; choose another place",
				slot->name, slot->target, other->name, other->target, other->place.file,
				other->place.line);
	}
	return 0;
}

static int check_owner(const struct check *c, const struct profile_mount_slot *slot)
{
	const struct profile *p = c->profile;
	const struct place *mounts = &p->states[KEY_PRIVATE_MOUNTS].place;
	_cleanup_free_ char *place = NULL;
	int r;

	if (!profile_yes(p, KEY_PRIVATE_MOUNTS, p->private_mounts))
		return diagnostics_add(c->diagnostics, &slot->place,
			"MountSlot=%s contradicts PrivateMounts=no (%s:%u): it would be mounted for all; "
			"remove one of them",
			slot->name, mounts->file, mounts->line);
	if (slot->read_only || slot->idmap || !profile_has_dynamic_user(p))
		return 0;
	r = check_where(c, KEY_DYNAMIC_USER, &place);
	return r < 0 ? r
		     : diagnostics_add(c->diagnostics, &slot->place,
			       "MountSlot=%s can be written to, which contradicts DynamicUser=yes (%s): "
			       "files "
			       "would be left to the id's next user; add ro or idmap, or set User=",
			       slot->name, place);
}

int check_mount_slots(const struct check *c)
{
	const struct profile *p = c->profile;
	bool failed = false;

	for (size_t i = 0; i < p->n_mount_slots; i++) {
		const struct profile_mount_slot *slot = &p->mount_slots[i];
		int r = check_place(c, slot);

		if (r == 0)
			r = check_mounts(c, slot);
		if (r == 0)
			r = check_twins(c, i);
		if (r == 0)
			r = check_owner(c, slot);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}
