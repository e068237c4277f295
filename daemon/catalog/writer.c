/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Catalog → bytes, in the order of the structs, without anything that differs from run to run. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "catalog/catalog.h"
#include "catalog/format.h"

#include <string.h>

static void put_access(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u32(b, (uint32_t)p->n_access);
	for (size_t i = 0; i < p->n_access; i++) {
		buf_put_u32(b, p->access[i].type);
		buf_put_u32(b, p->access[i].id);
		buf_put_str(b, p->access[i].name);
		buf_put_str(b, p->access[i].origin);
	}
	buf_put_u8(b, p->allow_detach);
	buf_put_u32(b, p->max_per_user);
	buf_put_u32(b, p->launches_per_minute);
}

static void put_exec(struct buf *b, const struct compiled_profile *p)
{
	buf_put_strv(b, p->executables);
	buf_put_strv(b, p->arguments);
	buf_put_strv(b, p->environment);
	buf_put_strv(b, p->pass_environment);
	buf_put_u32(b, (uint32_t)p->n_slots);
	for (size_t i = 0; i < p->n_slots; i++) {
		buf_put_u32(b, p->slots[i].number);
		buf_put_u32(b, p->slots[i].kinds);
		buf_put_u32(b, p->slots[i].access);
		buf_put_u8(b, p->slots[i].required);
	}
	buf_put_u32(b, p->max_fds);
	for (size_t i = 0; i < ELEMENTSOF(p->stdio); i++)
		buf_put_u32(b, p->stdio[i]);
	buf_put_str(b, p->working_directory ? p->working_directory : "/");
	buf_put_u32(b, p->umask);
}

static void put_privileges(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u8(b, p->dynamic_user);
	buf_put_u32(b, p->uid);
	buf_put_u32(b, p->gid);
	buf_put_u32(b, (uint32_t)p->n_groups);
	for (size_t i = 0; i < p->n_groups; i++)
		buf_put_u32(b, p->groups[i]);
	buf_put_u64(b, p->bounding);
	buf_put_u64(b, p->ambient);
	buf_put_u32(b, p->secure_bits);
	buf_put_u32(b, p->namespaces);
	buf_put_u8(b, p->run_as_init);
	buf_put_str(b, p->network_namespace_path);
	buf_put_u8(b, p->shares_network);
	buf_put_u8(b, p->reuses_network);
	buf_put_u8(b, p->shares_ipc);
	buf_put_str(b, p->pool);
}

static void put_restrictions(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u32(b, (uint32_t)p->n_restrictions);
	for (size_t i = 0; i < p->n_restrictions; i++) {
		buf_put_u32(b, p->restrictions[i].type);
		buf_put_u8(b, p->restrictions[i].optional);
		buf_put_str(b, p->restrictions[i].path);
	}
	buf_put_u32(b, p->proc_hiding);
	buf_put_u8(b, p->proc_subset);
	buf_put_u8(b, p->protect_kernel_tunables);
	buf_put_u8(b, p->protect_kernel_modules);
	buf_put_u8(b, p->protect_kernel_logs);
	buf_put_u8(b, p->protect_control_groups);
	buf_put_u8(b, p->protect_clock);
}

static void put_filesystem(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u8(b, p->minimal_root);
	buf_put_u8(b, p->private_tmp);
	buf_put_u8(b, p->private_devices);
	buf_put_u8(b, p->mount_proc);
	buf_put_u32(b, (uint32_t)p->n_mounts);
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct compiled_mount *m = &p->mounts[i];

		buf_put_u32(b, m->type);
		buf_put_u32(b, m->flags);
		buf_put_str(b, m->source);
		buf_put_str(b, m->target);
		buf_put_u64(b, m->size);
		buf_put_u32(b, m->mode);
		buf_put_u64(b, m->inodes);
	}
	buf_put_str(b, p->root_directory);
	buf_put_strv(b, p->devices);
	buf_put_u32(b, p->propagation);
	buf_put_strv(b, p->daemon_stores);
	buf_put_u32(b, (uint32_t)p->n_mount_slots);
	for (size_t i = 0; i < p->n_mount_slots; i++) {
		buf_put_str(b, p->mount_slots[i].name);
		buf_put_str(b, p->mount_slots[i].target);
		buf_put_u32(b, p->mount_slots[i].flags);
	}
	put_restrictions(b, p);
}

static void put_landlock(struct buf *b, const struct compiled_landlock *l)
{
	buf_put_u32(b, l->restricts);
	buf_put_u32(b, (uint32_t)l->n_rules);
	for (size_t i = 0; i < l->n_rules; i++) {
		buf_put_u32(b, l->rules[i].access);
		buf_put_u8(b, l->rules[i].optional);
		buf_put_str(b, l->rules[i].path);
	}
	buf_put_u32(b, (uint32_t)l->n_ports);
	for (size_t i = 0; i < l->n_ports; i++) {
		buf_put_u32(b, l->ports[i].port);
		buf_put_u8(b, l->ports[i].bind);
		buf_put_u8(b, l->ports[i].connect);
	}
}

static void put_filter(struct buf *b, const struct compiled_profile *p)
{
	buf_put_str(b, p->policy_path);
	buf_put_u32(b, (uint32_t)p->n_filter);
	for (size_t i = 0; i < p->n_filter; i++) {
		buf_put_u32(b, p->filter[i].code);
		buf_put_u8(b, p->filter[i].jt);
		buf_put_u8(b, p->filter[i].jf);
		buf_put_u32(b, p->filter[i].k);
	}
	buf_put_u8(b, p->deny_write_execute);
	buf_put_u32(b, p->violations);
}

static void put_resources(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u32(b, (uint32_t)p->n_limits);
	for (size_t i = 0; i < p->n_limits; i++) {
		buf_put_u32(b, p->limits[i].resource);
		buf_put_u64(b, p->limits[i].soft);
		buf_put_u64(b, p->limits[i].hard);
	}
	buf_put_u64(b, p->runtime_max_usec);
	buf_put_u64(b, p->timeout_start_usec);
	buf_put_u64(b, p->timeout_stop_usec);
	buf_put_i32(b, p->kill_signal);
	buf_put_u32(b, p->warm);
	buf_put_u32(b, p->max_warm);
}

static void put_tuning(struct buf *b, const struct compiled_tuning *t)
{
	buf_put_u32(b, t->set);
	buf_put_i32(b, t->nice);
	buf_put_i32(b, t->oom_score_adjust);
	buf_put_u32(b, t->io_class);
	buf_put_u32(b, t->io_priority);
	buf_put_u64(b, t->timer_slack_nsec);
	for (size_t i = 0; i < CPU_WORDS; i++)
		buf_put_u64(b, t->cpus[i]);
}

static void put_shown(struct buf *b, const struct compiled_profile *p)
{
	buf_put_u32(b, (uint32_t)p->n_settings);
	for (size_t i = 0; i < p->n_settings; i++) {
		buf_put_str(b, p->settings[i].key);
		buf_put_u32(b, p->settings[i].type);
		buf_put_strv(b, p->settings[i].values);
	}
	buf_put_u32(b, p->exposure);
	buf_put_u32(b, p->intersection);
}

/* Of an invalid profile only what says so: the rest may be half made. */
static void put_profile(struct buf *b, const struct compiled_profile *p)
{
	buf_put_str(b, p->name);
	buf_put_str(b, p->source_path);
	buf_put_u8(b, p->invalid);
	buf_put_str(b, p->error);
	if (p->invalid)
		return;
	buf_put_str(b, p->description);
	buf_put_strv(b, p->drop_ins);
	buf_put(b, p->sha256, sizeof(p->sha256));
	buf_put_u32(b, p->optional);
	put_access(b, p);
	put_exec(b, p);
	put_privileges(b, p);
	put_filesystem(b, p);
	put_landlock(b, &p->landlock);
	buf_put_str(b, p->selinux_context);
	put_filter(b, p);
	put_resources(b, p);
	put_tuning(b, &p->tuning);
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++) {
		buf_put_u32(b, p->group[i].unit);
		buf_put_u64(b, p->group[i].value);
	}
	put_shown(b, p);
}

static void put_groups(struct buf *b, const struct catalog *c)
{
	buf_put_u32(b, (uint32_t)c->n_groups);
	for (size_t i = 0; i < c->n_groups; i++) {
		buf_put_u32(b, c->groups[i].gid);
		buf_put_u32(b, (uint32_t)c->groups[i].n_uids);
		for (size_t k = 0; k < c->groups[i].n_uids; k++)
			buf_put_u32(b, c->groups[i].uids[k]);
	}
}

static void put_config(struct buf *b, const struct compiled_config *c)
{
	buf_put_u32(b, c->dynamic_uid_min);
	buf_put_u32(b, c->dynamic_uid_max);
	buf_put_u64(b, c->dynamic_quarantine_usec);
	buf_put_strv(b, c->salt_paths);
	buf_put_u32(b, c->max_sandboxes);
	buf_put_u32(b, c->max_sandboxes_per_user);
	buf_put_u32(b, c->max_calls_per_user);
	buf_put_u32(b, c->max_retained_per_user);
	buf_put_u32(b, c->max_bytes_per_user);
	buf_put_u32(b, c->max_fds_per_user);
	buf_put_u32(b, c->launches_per_minute_per_user);
	buf_put_u8(b, c->audit_command_line);
	buf_put_u8(b, c->kernel_audit);
	buf_put_u64(b, c->setup_timeout_usec);
	buf_put_u32(b, c->max_spare_jails);
}

/* What the reader would refuse is not written: the fault then shows where it was made. */
static int check_all(const struct catalog *c)
{
	const char *reason;
	int r = compiled_config_check(&c->config, &reason);

	if (r < 0)
		return r;
	if (c->n_profiles > CATALOG_MAX_PROFILES)
		return -E2BIG;
	for (size_t i = 0; i < c->n_profiles; i++) {
		r = compiled_profile_check(&c->profiles[i], &reason);
		if (r < 0)
			return r;
		if (i > 0 && strcmp(c->profiles[i - 1].name, c->profiles[i].name) >= 0)
			return -EINVAL;
	}
	return 0;
}

int catalog_encode(const struct catalog *c, struct buf *b)
{
	size_t begin = b->size, size_at;
	uint64_t size;
	int r = check_all(c);

	if (r < 0)
		return r;
	buf_put(b, CATALOG_MAGIC, CATALOG_MAGIC_SIZE);
	buf_put_u32(b, CATALOG_VERSION);
	size_at = b->size;
	buf_put_u64(b, 0); /* the whole catalog's size, known at the end */
	put_config(b, &c->config);
	buf_put_u32(b, (uint32_t)c->n_profiles);
	for (size_t i = 0; i < c->n_profiles; i++)
		put_profile(b, &c->profiles[i]);
	put_groups(b, c);
	buf_put_strv(b, c->errors);
	r = buf_error(b);
	if (r < 0)
		return r;
	size = b->size - begin;
	memcpy(b->data + size_at, &size, sizeof(size));
	return 0;
}

int catalog_to_memfd(const struct catalog *c, int *ret_fd)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(CATALOG_MAX_BYTES);
	int r = catalog_encode(c, &b);

	if (r < 0)
		return r;
	return memfd_sealed("bailiff-catalog", b.data, b.size, ret_fd);
}
