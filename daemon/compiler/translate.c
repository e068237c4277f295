/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/translate.h"
#include "base/error.h"
#include "base/strv.h"

#include <string.h>
#include <sys/resource.h>

static int copy_list(char ***to, char *const *from)
{
	if (!from)
		return 0;
	*to = strv_copy(from);
	return *to ? 0 : -ENOMEM;
}

static int copy_string(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -ENOMEM;
}

static bool is_set(const struct profile *p, enum profile_key key)
{
	return p->states[key].set;
}

static int copy_slots(const struct profile *p, struct compiled_profile *ret)
{
	ret->slots = calloc(p->n_slots + 1, sizeof(*ret->slots));
	if (!ret->slots)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_slots; i++)
		ret->slots[ret->n_slots++] = (struct fd_slot){
			.number = p->slots[i].number,
			.kinds = p->slots[i].kinds,
			.access = p->slots[i].access,
			.required = p->slots[i].required,
		};
	return 0;
}

static enum stdio_mode stdio_mode(unsigned mode)
{
	switch ((enum profile_stdio)mode) {
	case PROFILE_STDIO_NULL:
		return STDIO_NULL;
	case PROFILE_STDIO_PIPE:
		return STDIO_PIPE;
	case PROFILE_STDIO_FD:
		return STDIO_FD;
	case PROFILE_STDIO_INHERIT:
		return STDIO_INHERIT;
	case PROFILE_STDIO_SOCKET:
		return STDIO_SOCKET;
	case PROFILE_STDIO_PTY:
		return STDIO_PTY;
	case PROFILE_STDIO_JOURNAL:
		return STDIO_JOURNAL;
	}
	return STDIO_NULL;
}

static int translate_exec(const struct profile *p, struct compiled_profile *ret)
{
	int r;

	r = copy_string(&ret->description, is_set(p, KEY_DESCRIPTION) ? p->description : NULL);
	if (r == 0)
		r = copy_list(&ret->executables, p->executables);
	if (r == 0)
		r = copy_list(&ret->arguments, p->arguments);
	if (r == 0)
		r = copy_list(&ret->environment, p->environment);
	if (r == 0)
		r = copy_list(&ret->pass_environment, p->pass_environment);
	if (r == 0)
		r = copy_slots(p, ret);
	if (r == 0)
		r = copy_string(&ret->working_directory,
			is_set(p, KEY_WORKING_DIRECTORY) ? p->working_directory : "/");
	if (r < 0)
		return r;
	if (is_set(p, KEY_MAX_FILE_DESCRIPTORS))
		ret->max_fds = p->max_fds;
	if (is_set(p, KEY_UMASK))
		ret->umask = p->umask;
	for (unsigned i = 0; i < ELEMENTSOF(ret->stdio); i++)
		if (is_set(p, KEY_STANDARD_INPUT + i))
			ret->stdio[i] = stdio_mode(p->stdio[i]);
	return 0;
}

static void translate_privileges(const struct profile *p, struct compiled_profile *ret)
{
	if (is_set(p, KEY_CAPABILITY_BOUNDING_SET))
		ret->bounding = p->bounding;
	if (is_set(p, KEY_AMBIENT_CAPABILITIES))
		ret->ambient = p->ambient;
	if (is_set(p, KEY_SECURE_BITS))
		ret->secure_bits = p->secure_bits;
}

static int translate_namespaces(const struct profile *p, struct compiled_profile *ret)
{
	const struct {
		enum profile_key key;
		bool value;
		uint32_t bit;
	} table[] = {
		{ KEY_PRIVATE_MOUNTS, p->private_mounts, JAIL_NS_MOUNT },
		{ KEY_PRIVATE_PIDS, p->private_pids, JAIL_NS_PID },
		{ KEY_PRIVATE_NETWORK, p->private_network, JAIL_NS_NET },
		{ KEY_PRIVATE_IPC, p->private_ipc, JAIL_NS_IPC },
		{ KEY_PRIVATE_UTS, p->private_uts, JAIL_NS_UTS },
		{ KEY_PRIVATE_CGROUP, p->private_cgroup, JAIL_NS_CGROUP },
	};

	ret->namespaces = 0;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (profile_yes(p, table[i].key, table[i].value))
			ret->namespaces |= table[i].bit;
	if (is_set(p, KEY_PRIVATE_TIME) && p->private_time)
		ret->namespaces |= JAIL_NS_TIME;
	if (profile_asks(p, KEY_PRIVATE_USERS, p->private_users))
		ret->namespaces |= JAIL_NS_USER;
	if (is_set(p, KEY_RUN_AS_INIT))
		ret->run_as_init = p->run_as_init;
	if (is_set(p, KEY_JOINS_POOL))
		return copy_string(&ret->pool, p->pool);
	if (!is_set(p, KEY_NETWORK_NAMESPACE_PATH))
		return 0;
	ret->namespaces &= ~JAIL_NS_NET;
	return copy_string(&ret->network_namespace_path, p->network_namespace_path);
}

static int compare_mounts(const void *a, const void *b)
{
	return strcmp(((const struct compiled_mount *)a)->target, ((const struct compiled_mount *)b)->target);
}

static int copy_mount(const struct profile_mount *m, struct compiled_mount *ret)
{
	*ret = (struct compiled_mount){
		.type = m->tmpfs ? MOUNT_TMPFS : MOUNT_BIND,
		.flags = (m->read_only ? MOUNT_READ_ONLY : 0) | (m->no_exec ? MOUNT_NO_EXEC : 0) |
			 (m->optional ? MOUNT_OPTIONAL : 0) | (m->non_recursive ? MOUNT_NON_RECURSIVE : 0) |
			 (m->percent ? MOUNT_PERCENT : 0) | (m->idmap ? MOUNT_IDMAP : 0),
		.source = strdup(m->source ? m->source : ""),
		.target = strdup(m->target),
		.size = m->size,
		.mode = m->mode,
		.inodes = m->inodes,
	};
	return ret->source && ret->target ? 0 : -ENOMEM;
}

static int translate_filesystem(const struct profile *p, struct compiled_profile *ret)
{
	int r;

	ret->minimal_root = profile_minimal_root(p);
	ret->private_tmp = profile_yes(p, KEY_PRIVATE_TMP, p->private_tmp);
	ret->private_devices = profile_yes(p, KEY_PRIVATE_DEVICES, p->private_devices);
	/* a /proc of the jail's own: needed for its processes to be the only ones seen */
	ret->mount_proc = (ret->namespaces & JAIL_NS_MOUNT) != 0 && (ret->namespaces & JAIL_NS_PID) != 0;
	ret->mounts = calloc(p->n_mounts + count_home_mounts(p) + 2, sizeof(*ret->mounts));
	if (!ret->mounts)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_mounts; i++) {
		r = copy_mount(&p->mounts[i], &ret->mounts[ret->n_mounts++]);
		if (r < 0)
			return r;
	}
	if (is_set(p, KEY_ROOT_DIRECTORY)) {
		r = copy_string(&ret->root_directory, p->root_directory);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n_devices; i++) {
		r = strv_contains(ret->devices, p->devices[i].path)
			    ? 0
			    : strv_extend(&ret->devices, p->devices[i].path);
		if (r < 0)
			return r;
	}
	r = translate_home_mounts(p, ret);
	if (r == 0)
		r = translate_stores(p, ret);
	if (r == 0)
		r = translate_mount_slots(p, ret);
	if (r < 0)
		return r;
	/* a directory comes before what is below it, so that no mount hides an earlier one */
	if (ret->n_mounts > 1)
		qsort(ret->mounts, ret->n_mounts, sizeof(*ret->mounts), compare_mounts);
	return 0;
}

static void translate_optional(const struct profile *p, struct compiled_profile *ret)
{
	static const struct {
		uint32_t word, layer;
	} table[] = {
		{ PROFILE_OPTIONAL_LANDLOCK, OPTIONAL_LANDLOCK },
		{ PROFILE_OPTIONAL_CORE_SCHEDULING, OPTIONAL_CORE_SCHEDULING },
		{ PROFILE_OPTIONAL_CGROUP, OPTIONAL_CGROUP },
		{ PROFILE_OPTIONAL_SELINUX, OPTIONAL_SELINUX },
	};

	for (size_t i = 0; is_set(p, KEY_OPTIONAL) && i < ELEMENTSOF(table); i++)
		if (p->optional & table[i].word)
			ret->optional |= table[i].layer;
	if (is_set(p, KEY_SELINUX_CONTEXT) && p->selinux_optional)
		ret->optional |= OPTIONAL_SELINUX;
}

static int translate_resources(const struct profile *p, struct compiled_profile *ret)
{
	ret->limits = calloc(PROFILE_LIMITS, sizeof(*ret->limits));
	if (!ret->limits)
		return -ENOMEM;
	for (uint32_t i = 0; i < PROFILE_LIMITS; i++) {
		if (p->limits[i].set)
			ret->limits[ret->n_limits++] =
				(struct compiled_limit){ i, p->limits[i].soft, p->limits[i].hard };
		else if (i == RLIMIT_CORE)
			/* a core would carry what the jail keeps in to a place outside; how none is had, see
			 * jail/limit.c */
			ret->limits[ret->n_limits++] = (struct compiled_limit){ RLIMIT_CORE, 0, 0 };
	}
	if (is_set(p, KEY_RUNTIME_MAX_SEC))
		ret->runtime_max_usec = p->runtime_max_usec;
	if (is_set(p, KEY_TIMEOUT_START_SEC))
		ret->timeout_start_usec = p->timeout_start_usec;
	if (is_set(p, KEY_TIMEOUT_STOP_SEC))
		ret->timeout_stop_usec = p->timeout_stop_usec;
	if (is_set(p, KEY_KILL_SIGNAL))
		ret->kill_signal = p->kill_signal;
	if (is_set(p, KEY_WARM))
		ret->warm = p->warm;
	ret->max_warm = is_set(p, KEY_MAX_WARM) ? p->max_warm : ret->warm;
	return 0;
}

int translate_profile(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	static int (*const parts[])(const struct translation *t, const struct profile *p,
		struct diagnostics *d,
		struct compiled_profile *ret) = { translate_access, translate_user, translate_filter };
	struct place whole = { p->first_own < p->n_files ? p->files[p->first_own]->path : p->name, 0, 0 };
	const char *reason = NULL;
	bool failed = false;
	int r;

	r = translate_exec(p, ret);
	if (r < 0)
		return r;
	translate_privileges(p, ret);
	r = translate_namespaces(p, ret);
	if (r < 0)
		return r;
	translate_optional(p, ret);
	translate_tuning(p, ret);
	r = copy_string(&ret->selinux_context, is_set(p, KEY_SELINUX_CONTEXT) ? p->selinux_context : NULL);
	if (r == 0)
		r = translate_filesystem(p, ret);
	if (r == 0)
		r = translate_resources(p, ret);
	if (r == 0)
		r = translate_restrictions(p, ret);
	if (r == 0)
		r = translate_landlock(p, ret);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		r = parts[i](t, p, d, ret);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	/* a value that is missing because it was wrong would only be complained about twice */
	if (failed || d->lines)
		return -EBADMSG;
	if (compiled_profile_check(ret, &reason) < 0)
		return diagnostics_add(d, &whole, "%s", reason);
	return 0;
}
