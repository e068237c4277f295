/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setter of MountSlot=: a name, where it lies inside, and how it is bound. One slot a line. */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "profile/profile.h"

#include <string.h>

static void slot_done(struct profile_mount_slot *slot)
{
	free(slot->name);
	free(slot->target);
}

static void clear_slots(struct profile *p)
{
	for (size_t i = 0; i < p->n_mount_slots; i++)
		slot_done(&p->mount_slots[i]);
	p->n_mount_slots = 0;
}

static int set_target(
	const struct setting *s, struct profile_mount_slot *slot, const char *path, size_t offset)
{
	if (slot->target)
		return setting_error(
			s, offset, "%s=%s: a second place, %s; give one", s->key->name, slot->name, path);
	if (!path_is_normalized(path) || path[1] == '\0')
		return setting_error(s, offset,
			"%s=%s: expected an absolute path below the root, without '//', '.', '..' or '/' at "
			"its end",
			s->key->name, path);
	slot->target = strdup(path);
	return slot->target ? 0 : -ENOMEM;
}

/* What stands behind the name: a place, and options. */
static int set_word(const struct setting *s, struct profile_mount_slot *slot, const char *word, size_t offset)
{
	if (word[0] == '/')
		return set_target(s, slot, word, offset);
	if (strcmp(word, "ro") == 0)
		slot->read_only = true;
	else if (strcmp(word, "idmap") == 0)
		slot->idmap = true;
	else
		return setting_error(s, offset, "%s=%s: '%s' is no path, and none of ro, idmap", s->key->name,
			slot->name, word);
	return 0;
}

/* Takes over what the slot owns. */
static int add_slot(const struct setting *s, struct profile *p, struct profile_mount_slot *slot)
{
	struct profile_mount_slot *v;

	if (p->n_mount_slots >= MOUNT_SLOTS_MAX)
		return setting_error(s, 0, "%s=: more than %d slots", s->key->name, MOUNT_SLOTS_MAX);
	v = reallocarray(p->mount_slots, p->n_mount_slots + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->mount_slots = v;
	v[p->n_mount_slots++] = *slot;
	*slot = (struct profile_mount_slot){ 0 };
	return 0;
}

/* Without a place the slot lies in the root directory, by its name. */
static int default_target(struct profile_mount_slot *slot)
{
	if (slot->target)
		return 0;
	slot->target = malloc(strlen(slot->name) + 2);
	if (!slot->target)
		return -ENOMEM;
	slot->target[0] = '/';
	memcpy(slot->target + 1, slot->name, strlen(slot->name) + 1);
	return 0;
}

static int read_rest(const struct setting *s, size_t *at, struct profile_mount_slot *slot)
{
	for (;;) {
		_cleanup_free_ char *word = NULL;
		size_t offset;
		int r = setting_word(s, at, false, &word, &offset);

		if (r <= 0)
			return r;
		r = set_word(s, slot, word, offset);
		if (r < 0)
			return r;
	}
}

int set_mount_slot(const struct setting *s, void *target)
{
	_cleanup_(slot_done) struct profile_mount_slot slot = { 0 };
	size_t at = 0, offset;
	int r;

	if (s->value[0] == '\0') {
		clear_slots(target);
		return 0;
	}
	r = setting_word(s, &at, false, &slot.name, &offset);
	if (r <= 0)
		return r;
	slot.place = setting_place(s, offset);
	if (!profile_name_valid(slot.name))
		return setting_error(s, offset,
			"%s=%s: expected a name of a-z, 0-9, '_' and '-', a letter or digit first, up to %d "
			"bytes",
			s->key->name, slot.name, PROFILE_NAME_MAX);
	r = read_rest(s, &at, &slot);
	if (r == 0)
		r = default_target(&slot);
	return r < 0 ? r : add_slot(s, target, &slot);
}
