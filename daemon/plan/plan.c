/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The whole decision, in the order in which a caller should hear of it: whether at all, then what, then with
 * what. A spec comes into being only after every part has agreed.
 */

#include "base/error.h"
#include "base/strv.h"
#include "plan/parts.h"

/* Below are the system's own ids. The launcher reserves from the configured range, which begins at or above
 * it. */
#define DYNAMIC_UID_LOW 1000U
#define ID_INVALID      UINT32_MAX

/* What the parts made; the spec takes it over. */
struct pieces {
	const char *executable, *directory;
	char **argv, **envp;
	struct compiled_limit *limits;
	size_t n_limits;
	struct jail_slot *slots;
	struct jail_tightened *tightened;
};

static void pieces_done(struct pieces *m)
{
	strv_free(m->argv);
	strv_free(m->envp);
	free(m->limits);
	free(m->slots);
	free(m->tightened);
}

int plan_command(const struct compiled_profile *p, const struct plan_request *r, const char **ret_executable,
	char ***ret_env, struct plan_result *ret_result)
{
	int q;

	q = plan_arguments(p, r, ret_executable, ret_result);
	return q < 0 ? q : plan_environment(p, r, ret_env, ret_result);
}

static int make_pieces(const struct compiled_profile *p, const struct plan_request *r, struct pieces *m,
	struct plan_effective *effective, struct plan_result *result)
{
	int q;

	q = plan_command(p, r, &m->executable, &m->envp, result);
	if (q < 0)
		return q;
	q = plan_descriptors(p, r, effective->stdio, result);
	if (q < 0)
		return q;
	q = plan_slots(p, r, &m->slots, result);
	if (q < 0)
		return q;
	q = plan_detach(p, r, result);
	if (q < 0)
		return q;
	q = plan_notify(p, r, result);
	if (q < 0)
		return q;
	q = plan_directory(p, r, &m->directory, result);
	if (q < 0)
		return q;
	q = plan_limits(p, r, &m->limits, &m->n_limits, result);
	if (q < 0)
		return q;
	q = plan_times(p, r, effective, result);
	if (q < 0)
		return q;
	q = plan_tighten(p, r, &m->tightened, result);
	if (q < 0)
		return q;
	m->argv = strv_copy(r->argv);
	return m->argv ? 0 : -ENOMEM;
}

static struct jail_pty pty_of(const struct plan_request *r, const struct plan_effective *effective)
{
	struct jail_pty pty = { 0 };

	for (size_t i = 0; i < ELEMENTSOF(effective->stdio); i++)
		pty.wanted |= effective->stdio[i] == STDIO_PTY;
	if (pty.wanted && r->has_pty_size) {
		pty.rows = r->pty_rows;
		pty.columns = r->pty_columns;
	}
	return pty;
}

/* Hands the pieces to a spec, with all that comes from the profile unchanged. */
static void fill_spec(const struct compiled_profile *p, const struct plan_caller *c, struct pieces *m,
	struct jail_spec *spec)
{
	*spec = (struct jail_spec){
		.executable = m->executable,
		.argv = steal_ptr(m->argv),
		.envp = steal_ptr(m->envp),
		.working_directory = m->directory,
		.umask = p->umask,
		.uid = p->uid,
		.gid = p->gid,
		.groups = p->groups,
		.n_groups = p->n_groups,
		.bounding = p->bounding,
		.ambient = p->ambient,
		.secure_bits = p->secure_bits,
		.namespaces = p->namespaces,
		.run_as_init = p->run_as_init,
		.network_namespace_path = p->network_namespace_path,
		.shares_network = p->shares_network,
		.reuses_network = p->reuses_network,
		.shares_ipc = p->shares_ipc,
		.hostname = (p->namespaces & JAIL_NS_UTS) != 0 ? p->name : NULL,
		.minimal_root = p->minimal_root,
		.private_tmp = p->private_tmp,
		.private_devices = p->private_devices,
		.mount_proc = p->mount_proc,
		.mounts = p->mounts,
		.n_mounts = p->n_mounts,
		.root_directory = p->root_directory && p->root_directory[0] ? p->root_directory : NULL,
		.devices = p->devices,
		.propagation = p->propagation,
		.daemon_stores = p->daemon_stores,
		.slots = steal_ptr(m->slots),
		.n_slots = p->n_mount_slots,
		.caller_uid = c->uid,
		.caller_gids = c->gids,
		.n_caller_gids = c->n_gids,
		.restrictions = p->restrictions,
		.n_restrictions = p->n_restrictions,
		.proc_hiding = p->proc_hiding,
		.proc_subset = p->proc_subset,
		.selinux_context = p->selinux_context && p->selinux_context[0] ? p->selinux_context : NULL,
		.landlock = p->landlock.restricts != 0 ? &p->landlock : NULL,
		.optional = p->optional,
		.filter = p->filter,
		.n_filter = p->n_filter,
		.deny_write_execute = p->deny_write_execute,
		.violations = p->violations,
		.limits = steal_ptr(m->limits),
		.n_limits = m->n_limits,
		.tuning = &p->tuning,
		.group = p->group,
	};
}

/* Puts what options ask for in the place of what the profile has. */
static void fill_tightened(const struct plan_request *r, struct pieces *m, struct jail_spec *spec)
{
	spec->tightened = steal_ptr(m->tightened);
	if (spec->tightened) {
		spec->tuning = &spec->tightened->tuning;
		spec->group = spec->tightened->group;
	}
	spec->bounding &= ~r->tighter.drop_capabilities;
	spec->ambient &= ~r->tighter.drop_capabilities;
	if (r->tighter.no_network) {
		spec->namespaces |= JAIL_NS_NET;
		spec->network_namespace_path = NULL;
		spec->no_network = true;
	}
}

int plan_make(const struct compiled_profile *p, const struct plan_caller *c, const struct plan_request *r,
	struct jail_spec *ret_spec, struct plan_effective *ret_effective, struct plan_result *ret_result)
{
	_cleanup_(pieces_done) struct pieces m = { 0 };
	struct plan_effective effective = { 0 };
	int q;

	q = plan_access(p, c, ret_result);
	if (q < 0)
		return q;
	if (p->dynamic_user && (r->dynamic_uid < DYNAMIC_UID_LOW || r->dynamic_uid == ID_INVALID))
		return refuse(ret_result, p, "DynamicUser=", REFUSAL_QUOTA_EXCEEDED, -EINVAL,
			"no user id is free for profile %s (DynamicUser=yes); try again when sandboxes have "
			"ended",
			p->name);
	q = make_pieces(p, r, &m, &effective, ret_result);
	if (q < 0)
		return q;
	fill_spec(p, c, &m, ret_spec);
	fill_tightened(r, &m, ret_spec);
	ret_spec->pty = pty_of(r, &effective);
	ret_spec->notify = r->notify;
	if (p->dynamic_user)
		ret_spec->uid = ret_spec->gid = r->dynamic_uid;
	*ret_effective = effective;
	return 0;
}

int plan_park(const struct compiled_profile *p, uid_t dynamic_uid, struct jail_spec *ret)
{
	_cleanup_(pieces_done) struct pieces m = { 0 };
	const struct plan_caller nobody = { 0 };
	const struct plan_request request = { 0 };
	struct plan_result unused;
	int q;

	if (strv_length(p->executables) == 0)
		return -ENOENT;
	m.executable = p->executables[0];
	q = plan_slots(p, &request, &m.slots, &unused);
	if (q >= 0)
		q = plan_directory(p, &request, &m.directory, &unused);
	if (q >= 0)
		q = plan_limits(p, &request, &m.limits, &m.n_limits, &unused);
	if (q < 0)
		return q;
	m.argv = calloc(1, sizeof(*m.argv));
	m.envp = calloc(1, sizeof(*m.envp));
	if (!m.argv || !m.envp)
		return -ENOMEM;
	fill_spec(p, &nobody, &m, ret);
	if (p->dynamic_user)
		ret->uid = ret->gid = dynamic_uid;
	ret->park = true;
	return 0;
}
