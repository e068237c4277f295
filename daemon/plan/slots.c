/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mount slots: what a caller opened is bound where the profile says, and never with more than the fd allows.
 * Whether the caller could open it itself, the jail engine asks the kernel.
 */

#include "base/error.h"
#include "plan/parts.h"

#include <string.h>

#define KEY "MountSlot="

static const struct mount_slot *find_slot(const struct compiled_profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_mount_slots; i++)
		if (strcmp(p->mount_slots[i].name, name) == 0)
			return &p->mount_slots[i];
	return NULL;
}

static int refuse_unknown(const struct compiled_profile *p, const char *name, struct plan_result *result)
{
	char text[SHOWN_MAX];

	if (p->n_mount_slots == 0)
		return refuse(result, p, KEY, REFUSAL_INVALID_FD, -EACCES,
			"profile %s has no mount slot; leave %s out, or have an administrator add MountSlot=",
			p->name, shown(text, name));
	(void)refuse(result, p, KEY, REFUSAL_INVALID_FD, -EACCES,
		"profile %s has no mount slot %s; it has:", p->name, shown(text, name));
	for (size_t i = 0; i < p->n_mount_slots; i++)
		refuse_more(result, "%s %s", i > 0 ? "," : "", p->mount_slots[i].name);
	return -EACCES;
}

/* Opened for reading, the fd proves that its holder might; with O_PATH it would prove nothing. */
static int check_bind(
	const struct compiled_profile *p, const struct plan_bind *bind, struct plan_result *result)
{
	const char *kind = fd_kind_to_string(bind->kind);

	if (bind->kind == FD_KIND_PATH)
		return refuse(result, p, KEY, REFUSAL_INVALID_FD, -EACCES,
			"the fd for mount slot %s is opened with O_PATH; open it for reading", bind->slot);
	if (bind->kind != FD_KIND_REGULAR && bind->kind != FD_KIND_DIRECTORY)
		return refuse(result, p, KEY, REFUSAL_INVALID_FD, -EACCES,
			"the fd for mount slot %s is of kind %s; a regular file or a directory of an "
			"ordinary "
			"file system can be bound, anything else has to be mapped (FileDescriptor=)",
			bind->slot, kind ? kind : "unknown");
	if (!(bind->access & FD_ACCESS_READ))
		return refuse(result, p, KEY, REFUSAL_INVALID_FD, -EACCES,
			"the fd for mount slot %s is open for writing only; open it for reading, or for both",
			bind->slot);
	return 0;
}

static int fill(struct jail_slot *slots, const struct compiled_profile *p, const struct plan_request *r,
	struct plan_result *result)
{
	for (size_t i = 0; i < r->n_binds; i++) {
		const struct plan_bind *bind = &r->binds[i];
		const struct mount_slot *slot = find_slot(p, bind->slot);
		struct jail_slot *to;
		int q;

		if (!slot)
			return refuse_unknown(p, bind->slot, result);
		to = &slots[slot - p->mount_slots];
		if (to->source >= 0)
			return refuse(result, p, KEY, REFUSAL_INVALID_FD, -EINVAL,
				"mount slot %s is given twice; one slot holds one file or directory",
				slot->name);
		q = check_bind(p, bind, result);
		if (q < 0)
			return q;
		to->source = (int)i;
		to->read_only = to->read_only || bind->read_only ||
				(bind->kind == FD_KIND_REGULAR && !(bind->access & FD_ACCESS_WRITE));
	}
	return 0;
}

int plan_slots(const struct compiled_profile *p, const struct plan_request *r, struct jail_slot **ret_slots,
	struct plan_result *result)
{
	struct jail_slot *slots = calloc(p->n_mount_slots + 1, sizeof(*slots));
	int q;

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_mount_slots; i++)
		slots[i] = (struct jail_slot){
			.slot = &p->mount_slots[i],
			.source = -1,
			.read_only = p->mount_slots[i].flags & MOUNT_READ_ONLY,
		};
	q = fill(slots, p, r, result);
	if (q < 0)
		free(slots);
	else
		*ret_slots = slots;
	return q;
}
