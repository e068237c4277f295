/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a payload looks at in the launcher's memory until its exec, see cloner.c: it stays until the launcher
 * has seen the exec or the end. */

#include "jail/cloner.h"
#include "jail/template.h"

#include <string.h>

static void free_shared(struct jail_shared *k)
{
	jail_spec_done(&k->spec);
	free(k->working_directory);
	free(k->caller_gids);
	free(k);
}

/* What a spec borrows from whoever asks for the launch, and not from a catalog. */
static bool copy_borrowed(struct jail_shared *k)
{
	struct jail_spec *spec = &k->spec;
	const size_t size = spec->n_caller_gids * sizeof(*spec->caller_gids);

	k->working_directory = strdup(spec->working_directory);
	k->caller_gids = malloc(size + 1);
	if (!k->working_directory || !k->caller_gids)
		return false;
	if (size > 0)
		memcpy(k->caller_gids, spec->caller_gids, size);
	spec->working_directory = k->working_directory;
	spec->caller_gids = k->caller_gids;
	return true;
}

/* What a template has of memory lives as long as its descriptors have users. */
static void keep_template(struct jail_shared *k)
{
	struct mount_plan *m = &k->setup.mounts;

	if (!m->template)
		return;
	k->template = *m->template;
	(void)template_fds_ref(k->template.fds);
	m->template = &k->template;
}

struct jail_shared *shared_make(const struct jail_setup *s)
{
	struct jail_shared *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->spec = *s->spec;
	k->spec.lent = true;
	if (!copy_borrowed(k)) {
		free_shared(k);
		return NULL;
	}
	k->setup = *s;
	k->setup.spec = k->setup.mounts.spec = &k->spec;
	keep_template(k);
	return k;
}

void shared_release(struct jail *j)
{
	struct jail_shared *k = steal_ptr(j->shared);

	if (!k)
		return;
	if (k->setup.mounts.template)
		(void)template_fds_unref(k->template.fds);
	mount_plan_done(&k->setup.mounts);
	filter_plan_done(&k->setup.filter);
	free_shared(k);
}

void jail_keep_spec(struct jail *j, struct jail_spec *spec)
{
	if (!j->shared || spec->lent)
		return;
	j->shared->spec.lent = false;
	spec->lent = true;
}
