/* SPDX-License-Identifier: GPL-2.0-or-later */

/* MountPropagation=, DaemonStore= and MountSlot=. A minimal root is made for each sandbox, and has room for a
 * store's mount point; in the host's tree /run holds the stores and sockets of all, so a file system of its
 * own lies over it. */

#include "base/error.h"
#include "base/strv.h"
#include "compiler/translate.h"

#include <string.h>

#define RUN      "/run"
#define RUN_SIZE 4096U /* names of mount points alone, which take none */
#define RUN_MODE 0755U

static enum mount_propagation propagation_of(const struct profile *p)
{
	if (!p->states[KEY_MOUNT_PROPAGATION].set)
		return PROPAGATION_PRIVATE;
	switch ((enum profile_propagation)p->propagation) {
	case PROFILE_MOUNTS_SLAVE:
		return PROPAGATION_SLAVE;
	case PROFILE_MOUNTS_SHARED:
		return PROPAGATION_SHARED;
	case PROFILE_MOUNTS_PRIVATE:
		break;
	}
	return PROPAGATION_PRIVATE;
}

static bool mounts_run(const struct profile *p)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (strcmp(p->mounts[i].target, RUN) == 0)
			return true;
	return false;
}

static int add_run(struct compiled_profile *ret)
{
	struct compiled_mount *m = &ret->mounts[ret->n_mounts++];

	*m = (struct compiled_mount){
		.type = MOUNT_TMPFS,
		.flags = MOUNT_READ_ONLY | MOUNT_NO_EXEC,
		.source = strdup(""),
		.target = strdup(RUN),
		.size = RUN_SIZE,
		.mode = RUN_MODE,
	};
	return m->source && m->target ? 0 : -ENOMEM;
}

int translate_mount_slots(const struct profile *p, struct compiled_profile *ret)
{
	ret->mount_slots = calloc(p->n_mount_slots + 1, sizeof(*ret->mount_slots));
	if (!ret->mount_slots)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_mount_slots; i++) {
		const struct profile_mount_slot *from = &p->mount_slots[i];
		struct mount_slot *to = &ret->mount_slots[ret->n_mount_slots++];

		*to = (struct mount_slot){
			.name = strdup(from->name),
			.target = strdup(from->target),
			.flags = (from->read_only ? MOUNT_READ_ONLY : 0) | (from->idmap ? MOUNT_IDMAP : 0),
		};
		if (!to->name || !to->target)
			return -ENOMEM;
	}
	return 0;
}

int translate_stores(const struct profile *p, struct compiled_profile *ret)
{
	int r = 0;

	ret->propagation = propagation_of(p);
	for (size_t i = 0; r == 0 && i < p->daemon_stores.n; i++)
		r = strv_extend(&ret->daemon_stores, p->daemon_stores.v[i].name);
	if (r < 0 || p->daemon_stores.n == 0 || ret->minimal_root || mounts_run(p))
		return r;
	return add_run(ret);
}
