/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What compiled_profile_check() and compiled_config_check() must refuse: one change to a good value at a
 * time. */

#include "base/error.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "catalog/format.h"
#include "tests/unit/catalog/samples.h"
#include "tests/unit/unit.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct change {
	const char *name;
	void (*apply)(struct compiled_profile *p);
};

#define CHANGE(name, statements)                                                                             \
	static void name(struct compiled_profile *p)                                                         \
	{                                                                                                    \
		statements;                                                                                  \
	}                                                                                                    \
	struct change_needs_semicolon_##name

/* No mount namespace, and nothing but stores and propagation that would need one. */
static void drop_mounts(struct compiled_profile *p)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		free(p->mounts[i].source);
		free(p->mounts[i].target);
	}
	for (size_t i = 0; i < p->n_restrictions; i++)
		free(p->restrictions[i].path);
	p->n_mounts = p->n_restrictions = 0;
	p->mount_proc = false;
	p->namespaces &= ~JAIL_NS_MOUNT;
}

CHANGE(bad_type, p->access[0].type = _ACCESS_TYPE_MAX);
CHANGE(bad_rule_id, p->access[1].id = UINT32_MAX);
CHANGE(bad_executable, memcpy(p->executables[0], "usr/bin/x", 10));
CHANGE(dotted_executable, memcpy(p->executables[0], "/bin/../x", 10));
CHANGE(root_executable, p->executables[0][1] = '\0');
CHANGE(same_executable, memcpy(p->executables[1], "/usr/bin/xz", 12));
CHANGE(bad_env, p->environment[0][4] = '+');
CHANGE(bad_env_name, p->environment[0][0] = '1');
CHANGE(same_env, memcpy(p->environment[0], "EMPTY=x", 8));
CHANGE(bad_pass, p->pass_environment[1][3] = '*');
CHANGE(empty_pass, p->pass_environment[0][0] = '\0');
CHANGE(slot_number, p->slots[1].number++);
CHANGE(slot_same, p->slots[1].number = 3);
CHANGE(slot_no_kind, p->slots[0].kinds = 0);
CHANGE(slot_other, p->slots[0].kinds |= 1U << FD_KIND_OTHER);
CHANGE(slot_kind, p->slots[0].kinds |= 1U << _FD_KIND_MAX);
CHANGE(slot_access, p->slots[0].access = 4);
CHANGE(slot_no_access, p->slots[0].access = 0);
CHANGE(fds_max, p->max_fds = FDS_MAX + 1);
CHANGE(bad_stdio, p->stdio[1] = _STDIO_MODE_MAX);
CHANGE(journal_input, p->stdio[0] = STDIO_JOURNAL);
CHANGE(bad_cwd, p->working_directory[4] = '/'; p->working_directory[5] = '/');
CHANGE(bad_umask, p->umask = 01000);
CHANGE(bad_uid, p->uid = UINT32_MAX);
CHANGE(bad_gid, p->gid = UINT32_MAX);
CHANGE(bad_group, p->groups[0] = UINT32_MAX);
CHANGE(dynamic_root, p->dynamic_user = true; p->uid = 0);
CHANGE(dynamic_root_group, p->dynamic_user = true; p->gid = 0);
CHANGE(bad_bounding, p->bounding |= UINT64_C(1) << (CAP_LAST_CAP + 1));
CHANGE(never_bounding, p->bounding |= UINT64_C(1) << CAP_SYS_MODULE);
CHANGE(bad_ambient, p->ambient |= UINT64_C(1) << CAP_CHOWN);
CHANGE(bad_bits, p->secure_bits |= 1U << 20);
CHANGE(bad_namespace, p->namespaces |= _JAIL_NS_ALL + 1);
CHANGE(no_filter, p->n_filter = 0);
CHANGE(no_filter_nor_policy, p->n_filter = 0; p->policy_path[0] = '\0'; p->deny_write_execute = false);
CHANGE(long_filter, p->n_filter = BPF_MAXINSNS_PER_FILTER + 1);
CHANGE(host_mounts, p->namespaces &= ~JAIL_NS_MOUNT);
CHANGE(bad_source, p->mounts[0].source[0] = 'u');
CHANGE(bad_target, p->mounts[1].target[4] = '/'; p->mounts[1].target[5] = '/');
CHANGE(bad_mode, p->mounts[1].mode = 010000);
CHANGE(bad_flags, p->mounts[1].flags = _MOUNT_FLAGS_ALL + 1);
CHANGE(bad_mount, p->mounts[1].type = _MOUNT_TYPE_MAX);
CHANGE(tmpfs_source, p->mounts[0].type = MOUNT_TMPFS);
CHANGE(bad_percent, p->mounts[1].flags |= MOUNT_PERCENT);
CHANGE(percent_of_bind, p->mounts[0].flags |= MOUNT_PERCENT; p->mounts[0].size = 1);
CHANGE(idmap_of_tmpfs, p->mounts[1].flags |= MOUNT_IDMAP);
CHANGE(bad_root, p->root_directory[0] = 's');
CHANGE(hosts_root, p->root_directory[1] = '\0');
CHANGE(two_roots, p->minimal_root = true);
CHANGE(devices_of_host, p->devices = p->executables; p->executables = NULL);
CHANGE(bad_device, p->private_devices = true; p->devices = p->executables; p->executables = NULL);
CHANGE(bad_propagation, p->propagation = _PROPAGATION_MAX);
CHANGE(bad_store, p->daemon_stores[1][0] = '.');
CHANGE(path_of_store, p->daemon_stores[1][2] = '/');
CHANGE(store_of_nobody, p->dynamic_user = true);
CHANGE(store_without_namespace, drop_mounts(p); p->propagation = PROPAGATION_PRIVATE);
CHANGE(propagation_without_namespace, drop_mounts(p); p->daemon_stores = strv_free(p->daemon_stores));
CHANGE(bad_slot_name, p->mount_slots[0].name[0] = '/');
CHANGE(bad_slot_place, p->mount_slots[0].target[0] = 'x');
CHANGE(slot_of_root, p->mount_slots[0].target[1] = '\0');
CHANGE(bad_slot_flag, p->mount_slots[0].flags = MOUNT_OPTIONAL);
CHANGE(twin_slot, memcpy(p->mount_slots[0].name, "out", 4));
CHANGE(slot_in_slot, p->mount_slots[1].target[4] = '\0'; memcpy(p->mount_slots[0].target, "/srv/x", 6));
CHANGE(left_to_next_user, p->daemon_stores = strv_free(p->daemon_stores); p->dynamic_user = true;
	p->mount_slots[1].flags = 0);
CHANGE(bad_restriction, p->restrictions[0].type = _RESTRICTION_TYPE_MAX);
CHANGE(bad_restricted_path, p->restrictions[1].path[0] = 'v');
CHANGE(unordered_restrictions, p->restrictions[3].type = RESTRICTION_READ_ONLY);
CHANGE(inaccessible_root, p->restrictions[3].path[1] = '\0');
CHANGE(bad_hiding, p->proc_hiding = _PROC_HIDING_MAX);
CHANGE(bad_optional, p->optional = _OPTIONAL_ALL + 1);
CHANGE(bad_restricts, p->landlock.restricts = _RESTRICT_ALL + 1);
CHANGE(lone_log, p->landlock.restricts = RESTRICT_LOG);
CHANGE(rules_of_nothing, p->landlock.restricts &= ~RESTRICT_FILES);
CHANGE(bind_of_nothing, p->landlock.restricts &= ~RESTRICT_BIND_TCP);
CHANGE(connect_of_nothing, p->landlock.restricts &= ~RESTRICT_CONNECT_TCP);
CHANGE(bad_rule_access, p->landlock.rules[0].access = _PATH_ACCESS_MAX);
CHANGE(bad_rule_path, p->landlock.rules[0].path[0] = 'u');
CHANGE(bad_resource, p->limits[0].resource = RLIM_NLIMITS);
CHANGE(same_resource, p->limits[0].resource = RLIMIT_CORE);
CHANGE(soft_above_hard, p->limits[0].soft = 129);
CHANGE(no_runtime, p->runtime_max_usec = 0);
CHANGE(long_runtime, p->runtime_max_usec = TIMEOUT_USEC_MAX + 1);
CHANGE(long_start, p->timeout_start_usec = UINT64_MAX - 1);
CHANGE(no_start, p->timeout_start_usec = 0);
CHANGE(long_stop, p->timeout_stop_usec = UINT64_MAX - 1);
CHANGE(no_signal, p->kill_signal = 0);
CHANGE(high_signal, p->kill_signal = 65);
CHANGE(much_warm, p->max_warm = WARM_MAX + 1);
CHANGE(warmer_than_warm, p->warm = p->max_warm + 1);
CHANGE(warm_terminal, p->stdio[1] = STDIO_PTY);
CHANGE(bad_violations, p->violations = _VIOLATIONS_MAX);
CHANGE(bad_tuning, p->tuning.set = _TUNE_ALL + 1);
CHANGE(high_nice, p->tuning.nice = 20);
CHANGE(low_nice, p->tuning.nice = -21);
CHANGE(nice_unset, p->tuning.set &= ~TUNE_NICE);
CHANGE(high_oom_score, p->tuning.oom_score_adjust = 1001);
CHANGE(low_oom_score, p->tuning.oom_score_adjust = -1001);
CHANGE(oom_score_unset, p->tuning.set &= ~TUNE_OOM_SCORE);
CHANGE(cpus_unset, p->tuning.set &= ~TUNE_CPUS);
CHANGE(no_cpus, memset(p->tuning.cpus, 0, sizeof(p->tuning.cpus)));
CHANGE(io_unset, p->tuning.set &= ~TUNE_IO);
CHANGE(bad_io_class, p->tuning.io_class = _IO_CLASS_MAX);
CHANGE(no_io_class, p->tuning.io_class = 0);
CHANGE(idle_level, p->tuning.io_class = IO_CLASS_IDLE);
CHANGE(bad_io_priority, p->tuning.io_priority = 8);
CHANGE(no_slack, p->tuning.timer_slack_nsec = 0);
CHANGE(slack_unset, p->tuning.set &= ~TUNE_TIMER_SLACK);
CHANGE(init_of_host, p->namespaces &= ~JAIL_NS_PID);
CHANGE(two_networks, p->namespaces |= JAIL_NS_NET);
CHANGE(bad_network, p->network_namespace_path[0] = 'u');
CHANGE(shared_of_host, p->shares_network = true);
CHANGE(reused_of_host, p->reuses_network = true);
CHANGE(shared_ipc_of_host, (p->shares_ipc = true, p->namespaces &= ~JAIL_NS_IPC));
CHANGE(root_network, p->network_namespace_path[1] = '\0');
CHANGE(users_with_rights, p->namespaces |= JAIL_NS_USER);
CHANGE(users_of_root, (p->namespaces |= JAIL_NS_USER, p->ambient = 0, p->uid = 0));
static void make_pool(struct compiled_profile *p)
{
	free(p->network_namespace_path);
	p->network_namespace_path = NULL;
	p->namespaces |= JAIL_NS_IPC;
	p->pool = strdup("pool");
}

CHANGE(pool_with_rights, make_pool(p));
CHANGE(pool_of_nothing,
	(make_pool(p), p->bounding = p->ambient = 0, p->namespaces &= ~(JAIL_NS_NET | JAIL_NS_IPC)));
CHANGE(pool_and_named_network,
	(make_pool(p), p->bounding = p->ambient = 0, p->network_namespace_path = strdup("/run/netns/test")));
CHANGE(bad_pool, (make_pool(p), p->bounding = p->ambient = 0, p->pool[0] = '/'));
CHANGE(warm_pool, (make_pool(p), p->bounding = p->ambient = 0));
CHANGE(bad_context, p->selinux_context[0] = ':');
CHANGE(group_unit, p->group[GROUP_IO_WEIGHT].unit = _GROUP_UNIT_MAX);
CHANGE(group_unset, p->group[GROUP_TASKS_MAX].unit = GROUP_UNSET);
CHANGE(memory_zero, p->group[GROUP_MEMORY_MAX].value = 0);
CHANGE(memory_above_all, p->group[GROUP_MEMORY_HIGH].value = GROUP_WHOLE + 1);
CHANGE(quota_in_bytes, p->group[GROUP_CPU_QUOTA].unit = GROUP_ABSOLUTE);
CHANGE(high_quota, p->group[GROUP_CPU_QUOTA].value++);
CHANGE(relative_weight, p->group[GROUP_CPU_WEIGHT].unit = GROUP_PERMYRIAD);
CHANGE(high_weight, p->group[GROUP_IO_WEIGHT].value++);
CHANGE(no_weight, p->group[GROUP_IO_WEIGHT].value = 0);
CHANGE(bad_name, p->name[0] = '_');
CHANGE(upper_name, p->name[0] = 'D');
CHANGE(mute_invalid, p->invalid = true);

#define ROW(f)                                                                                               \
	{                                                                                                    \
#f, f                                                                                        \
	}

static struct change changes[] = {
	ROW(bad_type),
	ROW(bad_rule_id),
	ROW(bad_executable),
	ROW(dotted_executable),
	ROW(root_executable),
	ROW(same_executable),
	ROW(bad_env),
	ROW(bad_env_name),
	ROW(same_env),
	ROW(bad_pass),
	ROW(empty_pass),
	ROW(slot_number),
	ROW(slot_same),
	ROW(slot_no_kind),
	ROW(slot_other),
	ROW(slot_kind),
	ROW(slot_access),
	ROW(slot_no_access),
	ROW(fds_max),
	ROW(bad_stdio),
	ROW(journal_input),
	ROW(bad_cwd),
	ROW(bad_umask),
	ROW(bad_uid),
	ROW(bad_gid),
	ROW(bad_group),
	ROW(dynamic_root),
	ROW(dynamic_root_group),
	ROW(bad_bounding),
	ROW(never_bounding),
	ROW(bad_ambient),
	ROW(bad_bits),
	ROW(bad_namespace),
	ROW(no_filter),
	ROW(no_filter_nor_policy),
	ROW(long_filter),
	ROW(host_mounts),
	ROW(bad_source),
	ROW(bad_target),
	ROW(bad_mode),
	ROW(bad_flags),
	ROW(bad_mount),
	ROW(tmpfs_source),
	ROW(bad_percent),
	ROW(percent_of_bind),
	ROW(idmap_of_tmpfs),
	ROW(bad_root),
	ROW(hosts_root),
	ROW(two_roots),
	ROW(devices_of_host),
	ROW(bad_device),
	ROW(bad_propagation),
	ROW(bad_store),
	ROW(path_of_store),
	ROW(store_of_nobody),
	ROW(store_without_namespace),
	ROW(propagation_without_namespace),
	ROW(bad_slot_name),
	ROW(bad_slot_place),
	ROW(slot_of_root),
	ROW(bad_slot_flag),
	ROW(twin_slot),
	ROW(slot_in_slot),
	ROW(left_to_next_user),
	ROW(bad_restriction),
	ROW(bad_restricted_path),
	ROW(unordered_restrictions),
	ROW(inaccessible_root),
	ROW(bad_hiding),
	ROW(bad_optional),
	ROW(bad_restricts),
	ROW(lone_log),
	ROW(rules_of_nothing),
	ROW(bind_of_nothing),
	ROW(connect_of_nothing),
	ROW(bad_rule_access),
	ROW(bad_rule_path),
	ROW(bad_resource),
	ROW(same_resource),
	ROW(soft_above_hard),
	ROW(no_runtime),
	ROW(long_runtime),
	ROW(long_start),
	ROW(no_start),
	ROW(long_stop),
	ROW(no_signal),
	ROW(high_signal),
	ROW(much_warm),
	ROW(warmer_than_warm),
	ROW(warm_terminal),
	ROW(warm_pool),
	ROW(bad_violations),
	ROW(bad_tuning),
	ROW(high_nice),
	ROW(low_nice),
	ROW(nice_unset),
	ROW(high_oom_score),
	ROW(low_oom_score),
	ROW(oom_score_unset),
	ROW(cpus_unset),
	ROW(no_cpus),
	ROW(io_unset),
	ROW(bad_io_class),
	ROW(no_io_class),
	ROW(idle_level),
	ROW(bad_io_priority),
	ROW(no_slack),
	ROW(slack_unset),
	ROW(init_of_host),
	ROW(two_networks),
	ROW(bad_network),
	ROW(root_network),
	ROW(users_with_rights),
	ROW(users_of_root),
	ROW(pool_with_rights),
	ROW(pool_of_nothing),
	ROW(pool_and_named_network),
	ROW(bad_pool),
	ROW(shared_of_host),
	ROW(reused_of_host),
	ROW(shared_ipc_of_host),
	ROW(bad_context),
	ROW(group_unit),
	ROW(group_unset),
	ROW(memory_zero),
	ROW(memory_above_all),
	ROW(quota_in_bytes),
	ROW(high_quota),
	ROW(relative_weight),
	ROW(high_weight),
	ROW(no_weight),
	ROW(bad_name),
	ROW(upper_name),
	ROW(mute_invalid),
};

static void check_change(void **state)
{
	const struct change *change = *state;
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct compiled_profile *p = &c->profiles[2];
	const char *reason = NULL;

	assert_int_equal(compiled_profile_check(p, &reason), 0);
	change->apply(p);
	assert_int_equal(compiled_profile_check(p, &reason), -EINVAL);
	assert_non_null(reason);
	assert_int_equal(catalog_encode(c, &b), -EINVAL);
	assert_int_equal(b.size, 0);
}

static void test_config(void **state)
{
	static const struct {
		uint32_t min, max, sandboxes, per_user, calls;
		uint64_t timeout;
		int expected;
	} rows[] = {
		{ 1000, 65533, 1, 1, 1, 1, 0 },
		{ 1000, 1000, SANDBOXES_MAX, 1, 1, TIMEOUT_USEC_MAX, 0 },
		{ 65536, UINT32_MAX - 1, 1, 1, 1, 1, 0 },
		{ 999, 65533, 1, 1, 1, 1, -EINVAL },
		{ 0, 65533, 1, 1, 1, 1, -EINVAL },
		{ 2000, 1999, 1, 1, 1, 1, -EINVAL },
		{ 1000, 65534, 1, 1, 1, 1, -EINVAL },
		{ 65535, 70000, 1, 1, 1, 1, -EINVAL },
		{ 65536, UINT32_MAX, 1, 1, 1, 1, -EINVAL },
		{ 65536, 70000, 0, 1, 1, 1, -EINVAL },
		{ 65536, 70000, SANDBOXES_MAX + 1, 1, 1, 1, -EINVAL },
		{ 65536, 70000, 1, 0, 1, 1, -EINVAL },
		{ 65536, 70000, 1, 1, 0, 1, -EINVAL },
		{ 65536, 70000, 1, 1, 1, 0, -EINVAL },
		{ 65536, 70000, 1, 1, 1, TIMEOUT_USEC_MAX + 1, -EINVAL },
	};
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	const char *reason = NULL;

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);

		c->config.dynamic_uid_min = rows[i].min;
		c->config.dynamic_uid_max = rows[i].max;
		c->config.max_sandboxes = rows[i].sandboxes;
		c->config.max_sandboxes_per_user = rows[i].per_user;
		c->config.max_calls_per_user = rows[i].calls;
		c->config.setup_timeout_usec = rows[i].timeout;
		assert_int_equal(compiled_config_check(&c->config, &reason), rows[i].expected);
		assert_int_equal(catalog_encode(c, &b), rows[i].expected);
	}
	compiled_config_done(&c->config);
	compiled_config_init(&c->config);
	c->config.max_spare_jails = SPARE_JAILS_MAX;
	assert_int_equal(compiled_config_check(&c->config, &reason), 0);
	c->config.max_spare_jails++;
	assert_int_equal(compiled_config_check(&c->config, &reason), -EINVAL);
	compiled_config_init(&c->config);
	c->config.salt_paths = calloc(2, sizeof(char *));
	assert_non_null(c->config.salt_paths);
	c->config.salt_paths[0] = strdup("var/lib/salt");
	assert_int_equal(compiled_config_check(&c->config, &reason), -EINVAL);
}

static void be_root(struct compiled_profile *p)
{
	p->dynamic_user = false;
	p->uid = 0;
}

static void be_of_root(struct compiled_profile *p)
{
	p->dynamic_user = false;
	p->gid = 0;
}

static void join_root(struct compiled_profile *p)
{
	p->groups = calloc(2, sizeof(*p->groups));
	assert_non_null(p->groups);
	p->groups[0] = 44;
	p->n_groups = 2;
}

static void take_descriptors(struct compiled_profile *p, uint32_t kinds)
{
	p->slots = calloc(1, sizeof(*p->slots));
	assert_non_null(p->slots);
	p->slots[0] = (struct fd_slot){ 3, kinds, FD_ACCESS_READ, false };
	p->n_slots = 1;
}

CHANGE(change_nothing, (void)p);
CHANGE(take_streams, take_descriptors(p, 1U << FD_KIND_REGULAR | 1U << FD_KIND_SOCKET | 1U << FD_KIND_TTY));
CHANGE(take_directory, take_descriptors(p, 1U << FD_KIND_DIRECTORY));
CHANGE(take_path, take_descriptors(p, 1U << FD_KIND_PATH));
CHANGE(take_device, take_descriptors(p, 1U << FD_KIND_CHARDEV | 1U << FD_KIND_PIPE));
CHANGE(have_pool, p->pool = strdup("pool"));
CHANGE(have_right, p->bounding = UINT64_C(1) << CAP_CHOWN);
CHANGE(have_right_at_hand, p->bounding = p->ambient = UINT64_C(1) << CAP_NET_ADMIN);
CHANGE(have_hosts_devices, p->private_devices = false);
CHANGE(have_hosts_network, p->namespaces &= ~JAIL_NS_NET);
CHANGE(have_hosts_mounts, (p->private_devices = p->private_tmp = p->minimal_root = false,
				  p->namespaces &= ~(JAIL_NS_MOUNT | JAIL_NS_PID)));
static void have_device(struct compiled_profile *p)
{
	p->devices = calloc(2, sizeof(*p->devices));
	assert_non_null(p->devices);
	p->devices[0] = strdup("/dev/net/tun");
}

CHANGE(have_hosts_ipc, p->namespaces &= ~JAIL_NS_IPC);
CHANGE(have_users, p->namespaces |= JAIL_NS_USER);

static void compare_reason(const char *reason, const char *expected)
{
	if (!reason != !expected || (reason && !strstr(reason, expected)))
		fail_msg("%s: %s", expected ? expected : "none", reason ? reason : "none");
}

/* Why such a profile does not share a network, and no IPC namespace. */
static void expect_reason(void (*apply)(struct compiled_profile *p), const char *network, const char *ipc)
{
	struct compiled_profile p;

	compiled_profile_init(&p);
	apply(&p);
	compare_reason(compiled_profile_own_network(&p), network);
	compare_reason(compiled_profile_own_ipc(&p), ipc);
	compiled_profile_done(&p);
}

/* Each reason, and that a catalog that says otherwise is refused for it. */
static void test_own_namespaces(void **state)
{
	static const struct {
		void (*apply)(struct compiled_profile *p);
		const char *reason;
	} rows[] = {
		{ take_streams, NULL },
		{ take_directory, "FileDescriptor=" },
		{ take_path, "FileDescriptor=" },
		{ take_device, "FileDescriptor=" },
		{ be_root, "User=" },
		{ be_of_root, "Group=" },
		{ join_root, "SupplementaryGroups=" },
		{ have_pool, "JoinsPool=" },
		{ have_right, "CapabilityBoundingSet=" },
		{ have_right_at_hand, "CapabilityBoundingSet=" },
		{ have_hosts_devices, "PrivateDevices=" },
		{ have_hosts_mounts, "PrivateDevices=" },
		{ have_device, "DeviceAllow=" },
	};

	expect_reason(change_nothing, NULL, NULL);
	expect_reason(have_hosts_network, "PrivateNetwork=", NULL);
	expect_reason(have_hosts_ipc, NULL, "PrivateIPC=");
	/* the network of one still belongs to the host's */
	expect_reason(have_users, NULL, "PrivateUsers=");
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		expect_reason(rows[i].apply, rows[i].reason, rows[i].reason);
}

/* A valid profile has no error to show. */
static void test_error_of_valid(void **state)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	const char *reason;

	c->profiles[2].error = strdup("oops");
	assert_int_equal(compiled_profile_check(&c->profiles[2], &reason), -EINVAL);
	/* of an invalid one nothing but the name and the error is looked at */
	c->profiles[2].invalid = true;
	c->profiles[2].uid = UINT32_MAX;
	assert_int_equal(compiled_profile_check(&c->profiles[2], &reason), 0);
}

int main(void)
{
	static const struct CMUnitTest singles[] = { cmocka_unit_test(test_config),
		cmocka_unit_test(test_own_namespaces), cmocka_unit_test(test_error_of_valid) };
	struct CMUnitTest tests[ELEMENTS(changes)];
	int failed = _cmocka_run_group_tests("singles", singles, ELEMENTS(singles), NULL, NULL);

	for (size_t i = 0; i < ELEMENTS(changes); i++)
		tests[i] = (struct CMUnitTest){
			.name = changes[i].name, .test_func = check_change, .initial_state = &changes[i]
		};
	return failed + _cmocka_run_group_tests("changes", tests, ELEMENTS(tests), NULL, NULL);
}
