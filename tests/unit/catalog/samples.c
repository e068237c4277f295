/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Catalogs whose every field differs from its default. Out of memory is the end of a test program. */

#include "tests/unit/catalog/samples.h"
#include "base/strv.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/resource.h>

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		abort();
	return c;
}

static char **list(const char *one, const char *two)
{
	char **v = NULL;

	if (strv_extend(&v, one) < 0 || (two && strv_extend(&v, two) < 0))
		abort();
	return v;
}

static void *copy_array(const void *array, size_t size)
{
	void *c = malloc(size);

	if (!c)
		abort();
	memcpy(c, array, size);
	return c;
}

static void fill_access(struct compiled_profile *p)
{
	const struct access_rule rules[] = {
		{ ACCESS_USER, 1000, copy("alice"), copy("decoder.profile:4") },
		{ ACCESS_GROUP, 44, copy("video"), copy("site.conf:2") },
		{ ACCESS_SELINUX_DOMAIN, 0, copy("chrome_t"), copy("site.conf:3") },
		{ ACCESS_UNIT, 0, copy("user@*.service/chrome@*.service"), copy("site.conf:4") },
		{ ACCESS_POLKIT, 0, copy("org.bailiff.Broker1.launch"), copy("site.conf:5") },
	};

	p->access = copy_array(rules, sizeof(rules));
	p->n_access = ELEMENTSOF(rules);
	p->allow_detach = true;
	p->max_per_user = 64;
	p->launches_per_minute = 600;
}

static void fill_exec(struct compiled_profile *p)
{
	const struct fd_slot slots[] = {
		{ 3, 1U << FD_KIND_SOCKET, FD_ACCESS_READ | FD_ACCESS_WRITE, true },
		{ FD_TARGET_MAX, 1U << FD_KIND_REGULAR | 1U << FD_KIND_MEMFD, FD_ACCESS_READ, false },
	};

	p->executables = list("/usr/bin/xz", "/usr/lib/decoder/decoder");
	p->arguments = list("-dc", "--fd=[0-9]+");
	p->environment = list("LANG=C.UTF-8", "EMPTY=");
	p->pass_environment = list("TZ", "DECODER_*");
	p->slots = copy_array(slots, sizeof(slots));
	p->n_slots = ELEMENTSOF(slots);
	p->max_fds = 16;
	p->stdio[0] = STDIO_NULL;
	p->stdio[1] = STDIO_JOURNAL;
	p->stdio[2] = STDIO_SOCKET;
	p->working_directory = copy("/usr/share");
	p->umask = 0022;
}

static void fill_privileges(struct compiled_profile *p)
{
	const gid_t groups[] = { 44, 4294967294U };

	p->dynamic_user = false;
	p->uid = 500;
	p->gid = 501;
	p->groups = copy_array(groups, sizeof(groups));
	p->n_groups = ELEMENTSOF(groups);
	p->bounding = UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_BLOCK_SUSPEND;
	p->ambient = UINT64_C(1) << CAP_NET_RAW;
	p->secure_bits = SECBIT_NOROOT;
	p->namespaces = JAIL_NS_MOUNT | JAIL_NS_PID;
	p->run_as_init = true;
	p->network_namespace_path = copy("/run/netns/test");
	p->selinux_context = copy("system_u:system_r:decoder_t:s0");
}

static void fill_filesystem(struct compiled_profile *p)
{
	const struct compiled_mount mounts[] = {
		{ MOUNT_BIND, MOUNT_READ_ONLY | MOUNT_OPTIONAL, copy("/usr"), copy("/usr"), 0, 0, 0 },
		{ MOUNT_TMPFS, MOUNT_NO_EXEC, copy(""), copy("/tmp/scratch"), 1 << 20, 01777, 4096 },
	};
	const struct mount_slot slots[] = {
		{ copy("input"), copy("/input"), MOUNT_READ_ONLY },
		{ copy("out"), copy("/srv/out"), MOUNT_IDMAP },
	};
	const struct compiled_restriction restrictions[] = {
		{ RESTRICTION_READ_ONLY, true, copy("/") },
		{ RESTRICTION_READ_ONLY, false, copy("/var") },
		{ RESTRICTION_NO_EXEC, false, copy("/") },
		{ RESTRICTION_INACCESSIBLE, true, copy("/usr/lib/modules") },
	};

	p->minimal_root = p->private_tmp = p->private_devices = false;
	p->mount_proc = true;
	p->mounts = copy_array(mounts, sizeof(mounts));
	p->n_mounts = ELEMENTSOF(mounts);
	p->propagation = PROPAGATION_SHARED;
	p->daemon_stores = list("session_manager", "cached.data");
	p->mount_slots = copy_array(slots, sizeof(slots));
	p->n_mount_slots = ELEMENTSOF(slots);
	p->restrictions = copy_array(restrictions, sizeof(restrictions));
	p->n_restrictions = ELEMENTSOF(restrictions);
	p->root_directory = copy("/srv/root");
	p->proc_hiding = PROC_PTRACEABLE;
	p->proc_subset = p->protect_kernel_tunables = p->protect_kernel_modules = p->protect_kernel_logs =
		p->protect_control_groups = p->protect_clock = false;
}

static void fill_landlock(struct compiled_landlock *l)
{
	const struct landlock_rule rules[] = {
		{ PATH_READ_EXECUTE, true, copy("/usr") },
		{ PATH_ADVANCED_READ_WRITE, false, copy("/") },
	};
	const struct landlock_port ports[] = { { 80, true, false }, { 65535, true, true } };

	l->restricts = _RESTRICT_ALL;
	l->rules = copy_array(rules, sizeof(rules));
	l->n_rules = ELEMENTSOF(rules);
	l->ports = copy_array(ports, sizeof(ports));
	l->n_ports = ELEMENTSOF(ports);
}

static void fill_tuning(struct compiled_tuning *t)
{
	*t = (struct compiled_tuning){ .set = _TUNE_ALL,
		.nice = -20,
		.oom_score_adjust = 999,
		.io_class = IO_CLASS_REALTIME,
		.io_priority = 7,
		.timer_slack_nsec = UINT64_C(1) << 32 };
	t->cpus[0] = 5;
	t->cpus[CPU_WORDS - 1] = UINT64_C(1) << 63;
}

static void fill_group(struct group_value group[_GROUP_LIMIT_MAX])
{
	const struct group_value values[_GROUP_LIMIT_MAX] = {
		[GROUP_MEMORY_MAX] = { GROUP_ABSOLUTE, GROUP_INFINITY },
		[GROUP_MEMORY_HIGH] = { GROUP_PERMYRIAD, GROUP_WHOLE },
		[GROUP_TASKS_MAX] = { GROUP_ABSOLUTE, 1 },
		[GROUP_CPU_QUOTA] = { GROUP_PERMYRIAD, GROUP_QUOTA_MAX },
		[GROUP_CPU_WEIGHT] = { GROUP_ABSOLUTE, 0 },
		[GROUP_IO_WEIGHT] = { GROUP_ABSOLUTE, GROUP_WEIGHT_MAX },
	};

	memcpy(group, values, sizeof(values));
}

static void fill_filter(struct compiled_profile *p)
{
	const struct sock_filter filter[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0), BPF_STMT(BPF_RET | BPF_K, 0x80000000),
		BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };

	p->filter = copy_array(filter, sizeof(filter));
	p->n_filter = ELEMENTSOF(filter);
}

static void fill_rest(struct compiled_profile *p)
{
	const struct compiled_limit limits[] = { { RLIMIT_NOFILE, 64, 128 }, { RLIMIT_CORE, 0, UINT64_MAX } };

	p->policy_path = copy("/etc/bailiff/policies/decoder.policy");
	fill_filter(p);
	p->deny_write_execute = true;
	p->violations = VIOLATIONS_TOLD;
	p->limits = copy_array(limits, sizeof(limits));
	p->n_limits = ELEMENTSOF(limits);
	p->runtime_max_usec = 60000000;
	p->timeout_stop_usec = 0;
	p->kill_signal = 2;
	p->warm = 4;
	p->max_warm = 16;
}

/* What is shown of a profile: one setting of each type. */
static void fill_shown(struct compiled_profile *p)
{
	const struct compiled_setting settings[] = {
		{ copy("PrivateTime"), SETTING_NO, NULL },
		{ copy("PrivateMounts"), SETTING_YES, NULL },
		{ copy("Description"), SETTING_TEXT, list("Decodes untrusted images", NULL) },
		{ copy("Executable"), SETTING_LIST, list("/usr/bin/decoder", "/usr/bin/convert") },
	};

	p->settings = copy_array(settings, sizeof(settings));
	p->n_settings = ELEMENTSOF(settings);
	p->exposure = 17;
	p->intersection = INTERSECTION_UNCONFINED;
}

static void fill_groups(struct catalog *c)
{
	const struct group_members groups[] = { { 44, NULL, 0 }, { 1000, NULL, 0 } };
	const uint32_t uids[] = { 0, 1000, 4294967294U };

	c->groups = copy_array(groups, sizeof(groups));
	c->n_groups = ELEMENTSOF(groups);
	c->groups[1].uids = copy_array(uids, sizeof(uids));
	c->groups[1].n_uids = ELEMENTSOF(uids);
}

struct catalog *empty_catalog(void)
{
	struct catalog *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	compiled_config_init(&c->config);
	return c;
}

struct catalog *sample_catalog(void)
{
	struct catalog *c = empty_catalog();
	struct compiled_profile *p;

	c->config.salt_paths = list("/var/lib/bailiff/salt", "/home/.shadow/salt");
	c->config.max_sandboxes_per_user = 3;
	c->config.dynamic_quarantine_usec = 7000001;
	c->config.max_spare_jails = 5;
	c->profiles = calloc(3, sizeof(*c->profiles));
	if (!c->profiles)
		abort();
	c->n_profiles = 3;

	p = &c->profiles[0];
	compiled_profile_init(p);
	p->name = copy("base");
	p->devices = list("/dev/tty", "/dev/dri/card0");
	p->pool = copy("base-pool");
	p->stdio[2] = STDIO_PTY;
	fill_filter(p);

	p = &c->profiles[1];
	compiled_profile_init(p);
	p->name = copy("broken");
	p->source_path = copy("/etc/bailiff/profiles/broken.profile");
	p->invalid = true;
	p->error = copy("broken.profile:3: unknown key \"Excutable\"");

	p = &c->profiles[2];
	compiled_profile_init(p);
	p->name = copy("decoder");
	p->description = copy("Decodes untrusted images");
	p->source_path = copy("/usr/lib/bailiff/profiles/decoder.profile");
	p->drop_ins = list("/etc/bailiff/profiles/decoder.profile.d/site.conf", NULL);
	memset(p->sha256, 0x5a, sizeof(p->sha256));
	fill_access(p);
	fill_exec(p);
	fill_privileges(p);
	fill_filesystem(p);
	fill_landlock(&p->landlock);
	p->optional = OPTIONAL_LANDLOCK;
	fill_tuning(&p->tuning);
	fill_group(p->group);
	fill_rest(p);
	fill_shown(p);
	fill_groups(c);
	c->errors = list("broken.profile:3: unknown key \"Excutable\"", NULL);
	return c;
}
