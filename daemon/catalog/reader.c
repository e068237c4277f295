/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Bytes → catalog. Trusts neither counts nor values: counts are bounded by the bytes that are left, values by
 * compiled_profile_check(), and names must ascend, so that each profile has exactly one place.
 */

#include "base/bounds.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "catalog/catalog.h"
#include "catalog/format.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* What a byte of the encoding can become at most: an empty string in a list is four bytes there, and a
 * pointer and eight more here. Lists of structures take less, all but the profiles, which are counted apart.
 */
#define MEMORY_PER_BYTE 8U
#define PART_BYTES      (128U * 1024) /* are read in 0.2 ms */
#define PAUSE_USEC      UINT64_C(1000)
#define POLITE_USEC     UINT64_C(100000) /* some 10 MB */

/* Room for the elements of a list whose every element takes at least min_size bytes; NULL for none, or
 * failed. */
static void *get_list(struct cursor *c, size_t max, size_t min_size, size_t element_size, size_t *ret_n)
{
	size_t n = cursor_get_count(c, max, min_size);
	void *list;

	if (n == 0)
		return NULL;
	list = cursor_take(c, n, element_size);
	if (list)
		*ret_n = n;
	return list;
}

static void get_access(struct cursor *c, struct compiled_profile *p)
{
	p->access = get_list(c, LIST_MAX, 16, sizeof(*p->access), &p->n_access);
	for (size_t i = 0; i < p->n_access; i++) {
		p->access[i].type = (enum access_type)cursor_get_u32_max(c, _ACCESS_TYPE_MAX - 1);
		p->access[i].id = cursor_get_u32(c);
		p->access[i].name = cursor_get_str(c, TEXT_MAX);
		p->access[i].origin = cursor_get_str(c, TEXT_MAX);
	}
	p->allow_detach = cursor_get_bool(c);
	p->max_per_user = cursor_get_u32(c);
	p->launches_per_minute = cursor_get_u32_max(c, LAUNCHES_PER_MINUTE_MAX);
}

static void get_exec(struct cursor *c, struct compiled_profile *p)
{
	p->executables = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	p->arguments = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	p->environment = cursor_get_strv(c, ENV_MAX, TEXT_MAX);
	p->pass_environment = cursor_get_strv(c, ENV_MAX, TEXT_MAX);
	p->slots = get_list(c, FDS_MAX, 13, sizeof(*p->slots), &p->n_slots);
	for (size_t i = 0; i < p->n_slots; i++) {
		p->slots[i].number = cursor_get_u32(c);
		p->slots[i].kinds = cursor_get_u32(c);
		p->slots[i].access = cursor_get_u32(c);
		p->slots[i].required = cursor_get_bool(c);
	}
	p->max_fds = cursor_get_u32(c);
	for (size_t i = 0; i < ELEMENTSOF(p->stdio); i++)
		p->stdio[i] = (enum stdio_mode)cursor_get_u32_max(c, _STDIO_MODE_MAX - 1);
	p->working_directory = cursor_get_str(c, TEXT_MAX);
	p->umask = cursor_get_u32(c);
}

static void get_privileges(struct cursor *c, struct compiled_profile *p)
{
	p->dynamic_user = cursor_get_bool(c);
	p->uid = cursor_get_u32(c);
	p->gid = cursor_get_u32(c);
	p->groups = get_list(c, GROUPS_MAX, sizeof(uint32_t), sizeof(*p->groups), &p->n_groups);
	for (size_t i = 0; i < p->n_groups; i++)
		p->groups[i] = cursor_get_u32(c);
	p->bounding = cursor_get_u64(c);
	p->ambient = cursor_get_u64(c);
	p->secure_bits = cursor_get_u32(c);
	p->namespaces = cursor_get_u32(c);
	p->run_as_init = cursor_get_bool(c);
	p->network_namespace_path = cursor_get_str(c, TEXT_MAX);
	p->shares_network = cursor_get_bool(c);
	p->reuses_network = cursor_get_bool(c);
	p->shares_ipc = cursor_get_bool(c);
	p->pool = cursor_get_str(c, POOL_NAME_MAX);
}

static void get_restrictions(struct cursor *c, struct compiled_profile *p)
{
	p->restrictions = get_list(c, LIST_MAX, 9, sizeof(*p->restrictions), &p->n_restrictions);
	for (size_t i = 0; i < p->n_restrictions; i++) {
		p->restrictions[i].type =
			(enum restriction_type)cursor_get_u32_max(c, _RESTRICTION_TYPE_MAX - 1);
		p->restrictions[i].optional = cursor_get_bool(c);
		p->restrictions[i].path = cursor_get_str(c, TEXT_MAX);
	}
	p->proc_hiding = (enum proc_hiding)cursor_get_u32_max(c, _PROC_HIDING_MAX - 1);
	p->proc_subset = cursor_get_bool(c);
	p->protect_kernel_tunables = cursor_get_bool(c);
	p->protect_kernel_modules = cursor_get_bool(c);
	p->protect_kernel_logs = cursor_get_bool(c);
	p->protect_control_groups = cursor_get_bool(c);
	p->protect_clock = cursor_get_bool(c);
}

static void get_mount_slots(struct cursor *c, struct compiled_profile *p)
{
	p->mount_slots = get_list(c, MOUNT_SLOTS_MAX, 12, sizeof(*p->mount_slots), &p->n_mount_slots);
	for (size_t i = 0; i < p->n_mount_slots; i++) {
		p->mount_slots[i].name = cursor_get_str(c, PROFILE_NAME_MAX);
		p->mount_slots[i].target = cursor_get_str(c, TEXT_MAX);
		p->mount_slots[i].flags = cursor_get_u32(c);
	}
}

static void get_filesystem(struct cursor *c, struct compiled_profile *p)
{
	p->minimal_root = cursor_get_bool(c);
	p->private_tmp = cursor_get_bool(c);
	p->private_devices = cursor_get_bool(c);
	p->mount_proc = cursor_get_bool(c);
	p->mounts = get_list(c, LIST_MAX, 36, sizeof(*p->mounts), &p->n_mounts);
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct compiled_mount *m = &p->mounts[i];

		m->type = (enum mount_type)cursor_get_u32_max(c, _MOUNT_TYPE_MAX - 1);
		m->flags = cursor_get_u32(c);
		m->source = cursor_get_str(c, TEXT_MAX);
		m->target = cursor_get_str(c, TEXT_MAX);
		m->size = cursor_get_u64(c);
		m->mode = cursor_get_u32(c);
		m->inodes = cursor_get_u64(c);
	}
	p->root_directory = cursor_get_str(c, TEXT_MAX);
	p->devices = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	p->propagation = (enum mount_propagation)cursor_get_u32_max(c, _PROPAGATION_MAX - 1);
	p->daemon_stores = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	get_mount_slots(c, p);
	get_restrictions(c, p);
}

static void get_landlock(struct cursor *c, struct compiled_landlock *l)
{
	l->restricts = cursor_get_u32(c);
	l->rules = get_list(c, LIST_MAX, 9, sizeof(*l->rules), &l->n_rules);
	for (size_t i = 0; i < l->n_rules; i++) {
		l->rules[i].access = (enum path_access)cursor_get_u32_max(c, _PATH_ACCESS_MAX - 1);
		l->rules[i].optional = cursor_get_bool(c);
		l->rules[i].path = cursor_get_str(c, TEXT_MAX);
	}
	l->ports = get_list(c, LIST_MAX, 6, sizeof(*l->ports), &l->n_ports);
	for (size_t i = 0; i < l->n_ports; i++) {
		l->ports[i].port = (uint16_t)cursor_get_u32_max(c, UINT16_MAX);
		l->ports[i].bind = cursor_get_bool(c);
		l->ports[i].connect = cursor_get_bool(c);
	}
}

static void get_filter(struct cursor *c, struct compiled_profile *p)
{
	p->policy_path = cursor_get_str(c, TEXT_MAX);
	p->filter = get_list(c, BPF_MAXINSNS_PER_FILTER, 10, sizeof(*p->filter), &p->n_filter);
	for (size_t i = 0; i < p->n_filter; i++) {
		p->filter[i].code = (uint16_t)cursor_get_u32_max(c, UINT16_MAX);
		p->filter[i].jt = cursor_get_u8(c);
		p->filter[i].jf = cursor_get_u8(c);
		p->filter[i].k = cursor_get_u32(c);
	}
	p->deny_write_execute = cursor_get_bool(c);
	p->violations = cursor_get_u32_max(c, _VIOLATIONS_MAX - 1);
}

static void get_resources(struct cursor *c, struct compiled_profile *p)
{
	p->limits = get_list(c, RLIM_NLIMITS, 20, sizeof(*p->limits), &p->n_limits);
	for (size_t i = 0; i < p->n_limits; i++) {
		p->limits[i].resource = cursor_get_u32(c);
		p->limits[i].soft = cursor_get_u64(c);
		p->limits[i].hard = cursor_get_u64(c);
	}
	p->runtime_max_usec = cursor_get_u64(c);
	p->timeout_start_usec = cursor_get_u64(c);
	p->timeout_stop_usec = cursor_get_u64(c);
	p->kill_signal = cursor_get_i32(c);
	p->warm = cursor_get_u32_max(c, WARM_MAX);
	p->max_warm = cursor_get_u32_max(c, WARM_MAX);
}

static void get_tuning(struct cursor *c, struct compiled_tuning *t)
{
	t->set = cursor_get_u32(c);
	t->nice = cursor_get_i32(c);
	t->oom_score_adjust = cursor_get_i32(c);
	t->io_class = (enum io_class)cursor_get_u32_max(c, _IO_CLASS_MAX - 1);
	t->io_priority = cursor_get_u32(c);
	t->timer_slack_nsec = cursor_get_u64(c);
	for (size_t i = 0; i < CPU_WORDS; i++)
		t->cpus[i] = cursor_get_u64(c);
}

static void get_shown(struct cursor *c, struct compiled_profile *p)
{
	p->settings = get_list(c, LIST_MAX, 12, sizeof(*p->settings), &p->n_settings);
	for (size_t i = 0; i < p->n_settings; i++) {
		p->settings[i].key = cursor_get_str(c, TEXT_MAX);
		p->settings[i].type = (enum setting_type)cursor_get_u32_max(c, _SETTING_TYPE_MAX - 1);
		p->settings[i].values = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	}
	p->exposure = cursor_get_u32_max(c, EXPOSURE_MAX);
	p->intersection = cursor_get_u32_max(c, _INTERSECTION_ALL);
}

static void get_body(struct cursor *c, struct compiled_profile *p)
{
	const void *hash;

	p->description = cursor_get_str(c, TEXT_MAX);
	p->drop_ins = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	hash = cursor_get(c, sizeof(p->sha256));
	if (hash)
		memcpy(p->sha256, hash, sizeof(p->sha256));
	p->optional = cursor_get_u32(c);
	get_access(c, p);
	get_exec(c, p);
	get_privileges(c, p);
	get_filesystem(c, p);
	get_landlock(c, &p->landlock);
	p->selinux_context = cursor_get_str(c, SELINUX_CONTEXT_MAX);
	get_filter(c, p);
	get_resources(c, p);
	get_tuning(c, &p->tuning);
	for (size_t i = 0; i < _GROUP_LIMIT_MAX; i++) {
		p->group[i].unit = (enum group_unit)cursor_get_u32_max(c, _GROUP_UNIT_MAX - 1);
		p->group[i].value = cursor_get_u64(c);
	}
	get_shown(c, p);
}

static void get_profile(struct cursor *c, struct compiled_profile *p)
{
	const char *reason;

	compiled_profile_init(p);
	p->name = cursor_get_str(c, PROFILE_NAME_MAX);
	p->source_path = cursor_get_str(c, TEXT_MAX);
	p->invalid = cursor_get_bool(c);
	p->error = cursor_get_str(c, TEXT_MAX);
	if (c->error == 0 && !p->invalid)
		get_body(c, p);
	if (c->error == 0 && compiled_profile_check(p, &reason) < 0)
		cursor_fail(c, -EBADMSG);
}

static void get_config(struct cursor *c, struct compiled_config *config)
{
	const char *reason;

	config->dynamic_uid_min = cursor_get_u32(c);
	config->dynamic_uid_max = cursor_get_u32(c);
	config->dynamic_quarantine_usec = cursor_get_u64(c);
	config->salt_paths = cursor_get_strv(c, LIST_MAX, TEXT_MAX);
	config->max_sandboxes = cursor_get_u32(c);
	config->max_sandboxes_per_user = cursor_get_u32(c);
	config->max_calls_per_user = cursor_get_u32(c);
	config->max_retained_per_user = cursor_get_u32(c);
	config->max_bytes_per_user = cursor_get_u32(c);
	config->max_fds_per_user = cursor_get_u32(c);
	config->launches_per_minute_per_user = cursor_get_u32(c);
	config->audit_command_line = cursor_get_bool(c);
	config->kernel_audit = cursor_get_bool(c);
	config->setup_timeout_usec = cursor_get_u64(c);
	config->max_spare_jails = cursor_get_u32(c);
	if (c->error == 0 && compiled_config_check(config, &reason) < 0)
		cursor_fail(c, -EBADMSG);
}

static void get_head(struct cursor *c)
{
	const void *magic = cursor_get(c, CATALOG_MAGIC_SIZE);
	uint32_t version = cursor_get_u32(c);
	uint64_t size = cursor_get_u64(c);

	if (!magic || memcmp(magic, CATALOG_MAGIC, CATALOG_MAGIC_SIZE) != 0 || version != CATALOG_VERSION ||
		size != c->size)
		cursor_fail(c, -EBADMSG);
}

/* n_profiles follows what was read: catalog_free() must not meet a profile that was never begun. */
static void get_next_profile(struct cursor *c, struct catalog *catalog)
{
	struct compiled_profile *p = &catalog->profiles[catalog->n_profiles++];

	get_profile(c, p);
	if (c->error == 0 && catalog->n_profiles > 1 && strcmp(p[-1].name, p->name) >= 0)
		cursor_fail(c, -EBADMSG);
}

/* Members ascend, and so do groups: each question has one answer. */
static void get_members(struct cursor *c, struct group_members *g)
{
	g->gid = cursor_get_u32(c);
	g->uids = get_list(c, MEMBERS_MAX, sizeof(*g->uids), sizeof(*g->uids), &g->n_uids);
	for (size_t i = 0; i < g->n_uids; i++) {
		g->uids[i] = cursor_get_u32(c);
		if (i > 0 && g->uids[i] <= g->uids[i - 1])
			cursor_fail(c, -EBADMSG);
	}
}

static void get_groups(struct cursor *c, struct catalog *catalog)
{
	catalog->groups = get_list(c, GROUPS_MAX, 8, sizeof(*catalog->groups), &catalog->n_groups);
	for (size_t i = 0; i < catalog->n_groups && c->error == 0; i++) {
		get_members(c, &catalog->groups[i]);
		if (i > 0 && catalog->groups[i].gid <= catalog->groups[i - 1].gid)
			cursor_fail(c, -EBADMSG);
	}
}

/* All that comes before the first profile. How many of these follow. */
static size_t begin(struct cursor *c, struct catalog *catalog)
{
	size_t n = 0;

	get_head(c);
	get_config(c, &catalog->config);
	catalog->profiles = get_list(c, CATALOG_MAX_PROFILES, PROFILE_BYTES, sizeof(*catalog->profiles), &n);
	return n;
}

/* All that comes after the last one. */
static int finish(struct cursor *c, struct catalog *catalog)
{
	int r;

	get_groups(c, catalog);
	catalog->errors = cursor_get_strv(c, ERRORS_MAX, TEXT_MAX);
	r = cursor_end(c);
	return r < 0 || !catalog->arena.data ? r : arena_seal(&catalog->arena);
}

static int open_arena(size_t size, bool shared, struct arena *ret)
{
	const size_t room = MEMORY_PER_BYTE * size + CATALOG_MAX_PROFILES * sizeof(struct compiled_profile);

	return shared ? arena_open_shared("bailiff-catalog", room, ret) : arena_open(room, ret);
}

int catalog_decode(const void *data, size_t size, struct catalog **ret)
{
	_cleanup_(catalog_freep) struct catalog *catalog = calloc(1, sizeof(*catalog));
	struct cursor c = CURSOR_INIT(data, size);
	size_t n;
	int r;

	if (!catalog)
		return -ENOMEM;
	if (size > CATALOG_MAX_BYTES)
		return -EBADMSG;
	n = begin(&c, catalog);
	while (catalog->n_profiles < n && c.error == 0)
		get_next_profile(&c, catalog);
	r = finish(&c, catalog);
	if (r < 0)
		return r;
	*ret = steal_ptr(catalog);
	return 0;
}

static int open_reader(struct catalog_reader *reader, int fd, bool shared)
{
	const void *data;
	size_t size;
	int r = memfd_map_sealed(fd, CATALOG_MAX_BYTES, &data, &size);

	if (r < 0)
		return r;
	fd_learn_memfds(fd); /* nothing else can be sealed so */
	reader->cursor = (struct cursor)CURSOR_INIT(data, size);
	reader->catalog = calloc(1, sizeof(*reader->catalog));
	if (!reader->catalog)
		return -ENOMEM;
	r = open_arena(size, shared, &reader->catalog->arena);
	if (r < 0)
		return r;
	reader->cursor.arena = &reader->catalog->arena;
	reader->n_profiles = begin(&reader->cursor, reader->catalog);
	return 0;
}

void catalog_reader_open(struct catalog_reader *reader, int fd, bool shared)
{
	int r;

	*reader = CATALOG_READER_NULL;
	reader->due_usec = now_boottime_usec();
	reader->polite_until = reader->due_usec + POLITE_USEC;
	r = open_reader(reader, fd, shared);
	if (r < 0) {
		catalog_reader_close(reader);
		reader->cursor.error = r;
	}
}

int catalog_reader_next(struct catalog_reader *reader, struct catalog **ret)
{
	struct catalog *catalog = reader->catalog;
	struct cursor *c = &reader->cursor;
	const size_t until = c->at + PART_BYTES;
	uint64_t now;
	int r;

	if (!catalog)
		return c->error < 0 ? c->error : -EBADMSG;
	while (catalog->n_profiles < reader->n_profiles && c->error == 0 && c->at < until)
		get_next_profile(c, catalog);
	if (catalog->n_profiles < reader->n_profiles && c->error == 0) {
		now = now_boottime_usec();
		reader->due_usec = now < reader->polite_until ? now + PAUSE_USEC : now;
		return 0;
	}
	r = finish(c, catalog);
	if (r >= 0)
		*ret = steal_ptr(reader->catalog);
	catalog_reader_close(reader);
	return r < 0 ? r : 1;
}

void catalog_reader_close(struct catalog_reader *reader)
{
	union {
		const void *in;
		void *out;
	} map = { reader->cursor.data };

	if (map.in)
		(void)munmap(map.out, reader->cursor.size);
	(void)catalog_free(reader->catalog);
	*reader = CATALOG_READER_NULL;
}

int catalog_from_memfd(int fd, bool shared, struct catalog **ret)
{
	struct catalog_reader reader;
	int r;

	catalog_reader_open(&reader, fd, shared);
	do
		r = catalog_reader_next(&reader, ret);
	while (r == 0);
	return r < 0 ? r : 0;
}
