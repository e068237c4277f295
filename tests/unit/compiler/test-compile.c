/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Directories → catalog: values, names of users, policies, bailiffd.conf; and what cat says. Needs root,
 * who alone can own configuration. */

#include "base/error.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <linux/securebits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct catalog *compile(const struct tree *t)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;

	assert_int_equal(compile_directories(&options, &c), 0);
	return c;
}

/* The only profile is invalid for this reason, with its place; %s is the tree's root. */
static void expect_invalid(const struct tree *t, const char *text, const char *error)
{
	struct catalog *c;
	char *expected = NULL;

	tree_write(t, "profiles/a.profile", text);
	c = compile(t);
	assert_true(asprintf(&expected, "%s/profiles/a.profile:%s", t->root, error) >= 0);
	assert_int_equal(c->n_profiles, 1);
	assert_true(c->profiles[0].invalid);
	assert_string_equal(c->profiles[0].error, expected);
	assert_string_equal(c->errors[0], expected);
	free(expected);
	catalog_free(c);
}

static void check_restrictions(
	const struct compiled_profile *p, const struct compiled_restriction *expected, size_t n)
{
	for (size_t i = 0; i < n && i < p->n_restrictions; i++) {
		assert_string_equal(p->restrictions[i].path, expected[i].path);
		assert_int_equal(p->restrictions[i].type, expected[i].type);
		assert_int_equal(p->restrictions[i].optional, expected[i].optional);
	}
	assert_int_equal(p->n_restrictions, n);
}

static char s_root[] = "/", s_sys[] = "/sys", s_cgroup[] = "/sys/fs/cgroup", s_modules[] = "/usr/lib/modules",
	    s_lib_modules[] = "/lib/modules", s_kmsg[] = "/dev/kmsg", s_usr[] = "/usr", s_etc[] = "/etc",
	    s_boot[] = "/boot", s_efi[] = "/efi", s_home[] = "/home", s_roots[] = "/root",
	    s_run_user[] = "/run/user", s_a[] = "/a", s_b[] = "/b";

static const struct compiled_restriction default_restrictions[] = {
	{ RESTRICTION_READ_ONLY, true, s_sys },
	{ RESTRICTION_READ_ONLY, true, s_cgroup },
	{ RESTRICTION_INACCESSIBLE, true, s_kmsg },
	{ RESTRICTION_INACCESSIBLE, true, s_lib_modules },
	{ RESTRICTION_INACCESSIBLE, true, s_modules },
};

/* A profile that says nothing is as confined as compiled_profile_init() and this program know how. */
static void test_defaults(void **state)
{
	struct compiled_profile init;
	struct tree *t = *state;
	const struct compiled_profile *p;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "");
	c = compile(t);
	compiled_profile_init(&init);
	p = &c->profiles[0];
	assert_false(p->invalid);
	assert_string_equal(p->name, "a");
	assert_int_equal(p->n_access, 0);
	assert_false(p->allow_detach);
	assert_true(p->dynamic_user);
	assert_int_equal(p->uid, init.uid);
	assert_int_equal(p->bounding, 0);
	assert_int_equal(p->ambient, 0);
	assert_int_equal(p->secure_bits, init.secure_bits);
	assert_int_equal(p->namespaces, JAIL_NS_DEFAULT);
	assert_true(p->minimal_root && p->private_tmp && p->private_devices && p->mount_proc);
	assert_int_equal(p->n_mounts, 0);
	assert_int_equal(p->propagation, PROPAGATION_PRIVATE);
	assert_int_equal(strv_length(p->daemon_stores), 0);
	check_restrictions(p, default_restrictions, ELEMENTS(default_restrictions));
	assert_true(p->proc_subset && p->proc_hiding == PROC_INVISIBLE);
	assert_true(p->protect_kernel_tunables && p->protect_kernel_modules && p->protect_kernel_logs &&
		    p->protect_control_groups && p->protect_clock);
	assert_int_equal(p->landlock.restricts | p->optional, 0);
	assert_int_equal(p->max_fds, 0);
	assert_int_equal(p->umask, 0077);
	assert_string_equal(p->working_directory, "/");
	assert_int_equal(p->n_limits, 1);
	assert_int_equal(p->limits[0].resource, RLIMIT_CORE);
	assert_int_equal(p->limits[0].hard, 0);
	assert_int_equal(p->kill_signal, SIGTERM);
	assert_int_equal(p->warm | p->max_warm, 0);
	assert_int_equal(strv_length(c->config.salt_paths), 1);
	assert_string_equal(c->config.salt_paths[0], "/var/lib/bailiff/salt");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(p->stdio[i], STDIO_INHERIT);
	compiled_profile_done(&init);
	catalog_free(c);
}

static const char everything[] =
	"[Profile]\nDescription=all of it\n"
	"[Access]\nAllowUser=daemon 1234\nAllowGroup=daemon\nAllowDetach=yes\nMaxPerUser=7\n"
	"AllowSELinuxDomain=chrome_t\nPolkit=org.example.launch\nAllowUnit=a@*.service b.scope\n"
	"LaunchesPerMinute=60\n"
	"[Exec]\nExecutable=/bin/a /bin/b\nArgument=x+\nEnvironment=A=1 B=2\nPassEnvironment=LANG\n"
	"FileDescriptor=5 pipe,socket,read-only,required\nMaxFileDescriptors=9\nStandardInput=null\n"
	"StandardOutput=pipe\nStandardError=fd\nWorkingDirectory=/usr\nUMask=0022\n"
	"[User]\nUser=daemon\nGroup=games\nSupplementaryGroups=video\n"
	"[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW "
	"CAP_KILL\nAmbientCapabilities=CAP_NET_RAW\nSecureBits=noroot\n"
	"[Namespaces]\nNetworkNamespacePath=/run/netns/"
	"a\nPrivateUTS=no\nPrivateTime=yes\nRunAsInit=yes\n"
	"[Filesystem]\nTemporaryFileSystem=/z:ro,size=1M,mode=1777,noexec\nBindPaths=-/b/c:/a/b:norbind\n"
	"BindReadOnlyPaths=/a\nPrivateTmp=no\n"
	"[Landlock]\nFsPathReadOnly=/e -/f\nFsPathReadWrite=/gone\nFsPathReadWrite=\n"
	"FsPathAdvancedReadWrite=/g\nNetBindTcp=80\nNetConnectTcp=80 443\nScope=signal\n"
	"[Seccomp]\nPolicy=p.policy\n"
	"[Resources]\nLimitNOFILE=16:32\nLimitCORE=1M\nLimitRTTIME=5ms\nRuntimeMaxSec=90\nTimeoutStopSec="
	"2\nKillSignal=INT\nMemoryMax=1G\nMemoryHigh=10%\nTasksMax=infinity\nCPUQuota=150%\nCPUWeight="
	"idle\nNice=-3\nOOMScoreAdjust=500\nCPUAffinity=0 2-3,65\nIOSchedulingPriority=6\n"
	"CoreScheduling=yes\nTimerSlackNSec=1ms\n[SELinux]\nSELinuxContext=-u:r:t\n"
	"[Profile]\nOptional=Landlock CoreScheduling\n"
	"[Pool]\nWarm=3\n";

static void check_landlock(const struct compiled_profile *p)
{
	const struct compiled_landlock *l = &p->landlock;

	assert_int_equal(p->optional, OPTIONAL_LANDLOCK | OPTIONAL_CORE_SCHEDULING | OPTIONAL_SELINUX);
	assert_string_equal(p->selinux_context, "u:r:t");
	assert_int_equal(
		l->restricts, RESTRICT_FILES | RESTRICT_BIND_TCP | RESTRICT_CONNECT_TCP | RESTRICT_SIGNAL);
	assert_int_equal(l->n_rules, 3);
	assert_string_equal(l->rules[1].path, "/f");
	assert_true(l->rules[1].optional && l->rules[1].access == PATH_READ_ONLY);
	assert_string_equal(l->rules[2].path, "/g");
	assert_int_equal(l->rules[2].access, PATH_ADVANCED_READ_WRITE);
	assert_int_equal(l->n_ports, 2);
	assert_true(l->ports[0].port == 80 && l->ports[0].bind && l->ports[0].connect);
	assert_true(l->ports[1].port == 443 && !l->ports[1].bind && l->ports[1].connect);
}

static void check_tuning(const struct compiled_profile *p)
{
	const struct compiled_tuning *t = &p->tuning;

	assert_int_equal(t->set, _TUNE_ALL);
	assert_int_equal(t->nice, -3);
	assert_int_equal(t->oom_score_adjust, 500);
	assert_int_equal(t->cpus[0], 1 << 0 | 1 << 2 | 1 << 3);
	assert_int_equal(t->cpus[1], 1 << 1);
	assert_int_equal(t->io_class, IO_CLASS_BEST_EFFORT);
	assert_int_equal(t->io_priority, 6);
	assert_int_equal(t->timer_slack_nsec, 1000000);
	assert_int_equal(p->group[GROUP_MEMORY_MAX].unit, GROUP_ABSOLUTE);
	assert_int_equal(p->group[GROUP_MEMORY_MAX].value, 1 << 30);
	assert_int_equal(p->group[GROUP_MEMORY_HIGH].unit, GROUP_PERMYRIAD);
	assert_int_equal(p->group[GROUP_MEMORY_HIGH].value, 1000);
	assert_int_equal(p->group[GROUP_TASKS_MAX].value, GROUP_INFINITY);
	assert_int_equal(p->group[GROUP_CPU_QUOTA].value, 15000);
	assert_int_equal(p->group[GROUP_CPU_WEIGHT].unit, GROUP_ABSOLUTE);
	assert_int_equal(p->group[GROUP_CPU_WEIGHT].value, 0);
	assert_int_equal(p->group[GROUP_IO_WEIGHT].unit, GROUP_UNSET);
}

static void check_mounts(const struct compiled_profile *p)
{
	assert_int_equal(p->n_mounts, 3);
	assert_string_equal(p->mounts[0].target, "/a");
	assert_int_equal(p->mounts[0].flags, MOUNT_READ_ONLY);
	assert_string_equal(p->mounts[1].target, "/a/b");
	assert_string_equal(p->mounts[1].source, "/b/c");
	assert_int_equal(p->mounts[1].flags, MOUNT_OPTIONAL | MOUNT_NON_RECURSIVE);
	assert_int_equal(p->mounts[2].type, MOUNT_TMPFS);
	assert_int_equal(p->mounts[2].flags, MOUNT_READ_ONLY | MOUNT_NO_EXEC);
	assert_int_equal(p->mounts[2].size, 1024 * 1024);
	assert_int_equal(p->mounts[2].mode, 01777);
}

static void check_exec(const struct compiled_profile *p)
{
	assert_int_equal(strv_length(p->executables), 2);
	assert_string_equal(p->arguments[0], "x+");
	assert_string_equal(p->environment[1], "B=2");
	assert_string_equal(p->pass_environment[0], "LANG");
	assert_int_equal(p->n_slots, 1);
	assert_int_equal(p->slots[0].number, 5);
	assert_int_equal(p->slots[0].kinds, 1U << FD_KIND_PIPE | 1U << FD_KIND_SOCKET);
	assert_int_equal(p->slots[0].access, FD_ACCESS_READ);
	assert_true(p->slots[0].required);
	assert_int_equal(p->max_fds, 9);
	assert_int_equal(p->stdio[0], STDIO_NULL);
	assert_int_equal(p->stdio[1], STDIO_PIPE);
	assert_int_equal(p->stdio[2], STDIO_FD);
	assert_string_equal(p->working_directory, "/usr");
	assert_int_equal(p->umask, 0022);
}

static void check_identity(const struct compiled_profile *p)
{
	assert_int_equal(p->n_access, 7);
	assert_int_equal(p->access[0].type, ACCESS_USER);
	assert_int_equal(p->access[0].id, 1);
	assert_string_equal(p->access[0].origin, "a.profile:4");
	assert_int_equal(p->access[1].id, 1234);
	assert_int_equal(p->access[2].type, ACCESS_GROUP);
	assert_int_equal(p->access[3].type, ACCESS_SELINUX_DOMAIN);
	assert_string_equal(p->access[3].name, "chrome_t");
	assert_int_equal(p->access[5].type, ACCESS_UNIT);
	assert_string_equal(p->access[5].name, "b.scope");
	assert_string_equal(p->access[5].origin, "a.profile:10");
	/* the last, wherever it stands */
	assert_int_equal(p->access[6].type, ACCESS_POLKIT);
	assert_string_equal(p->access[6].name, "org.example.launch");
	assert_int_equal(p->launches_per_minute, 60);
	assert_true(p->allow_detach);
	assert_int_equal(p->max_per_user, 7);
	assert_false(p->dynamic_user);
	assert_int_equal(p->uid, 1);
	assert_int_equal(p->gid, 60);
	assert_int_equal(p->n_groups, 1);
	assert_int_equal(p->groups[0], 44);
	assert_int_equal(p->bounding, 1U << 13 | 1U << 5);
	assert_int_equal(p->ambient, 1U << 13);
	assert_int_equal(p->secure_bits, SECBIT_NOROOT);
	assert_int_equal(p->namespaces, (JAIL_NS_DEFAULT | JAIL_NS_TIME) & ~(JAIL_NS_NET | JAIL_NS_UTS));
	assert_true(p->run_as_init);
	assert_string_equal(p->network_namespace_path, "/run/netns/a");
}

static void test_everything(void **state)
{
	const struct compiled_profile *p;
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "policies/p.policy", "read: 1\nwrite: return EPERM\n");
	tree_write(t, "profiles/a.profile", everything);
	c = compile(t);
	STRV_FOREACH (e, c->errors)
		print_error("%s\n", *e);
	assert_null(c->errors);
	p = &c->profiles[0];
	assert_string_equal(p->description, "all of it");
	check_identity(p);
	check_exec(p);
	check_mounts(p);
	check_landlock(p);
	check_tuning(p);
	assert_false(p->private_tmp);
	assert_true(p->n_filter > 4);
	assert_string_equal(strrchr(p->policy_path, '/'), "/p.policy");
	assert_int_equal(p->n_limits, 3);
	assert_int_equal(p->limits[1].resource, RLIMIT_NOFILE);
	assert_int_equal(p->limits[1].soft, 16);
	assert_int_equal(p->limits[1].hard, 32);
	assert_int_equal(p->limits[2].soft, 5000);
	assert_int_equal(p->runtime_max_usec, 90 * 1000000);
	assert_int_equal(p->timeout_stop_usec, 2 * 1000000);
	assert_int_equal(p->kill_signal, SIGINT);
	assert_int_equal(p->warm, 3);
	assert_int_equal(p->max_warm, 3);
	catalog_free(c);
}

#define NO_KERNEL                                                                                            \
	"ProtectKernelTunables=no\nProtectKernelModules=no\nProtectKernelLogs=no\nProtectControlGroups=no\n" \
	"ProtectClock=no\n"

static void expect_restrictions(
	struct tree *t, const char *text, const struct compiled_restriction *expected, size_t n)
{
	struct catalog *c;

	tree_write(t, "profiles/a.profile", text);
	c = compile(t);
	assert_null(c->errors);
	check_restrictions(&c->profiles[0], expected, n);
	catalog_free(c);
}

/* What the words of Protect…= come to, alone and with lists of paths. */
static void test_restrictions(void **state)
{
	static const struct compiled_restriction full[] = { { RESTRICTION_READ_ONLY, true, s_boot },
		{ RESTRICTION_READ_ONLY, true, s_efi }, { RESTRICTION_READ_ONLY, true, s_etc },
		{ RESTRICTION_READ_ONLY, true, s_usr } },
						 strict[] = { { RESTRICTION_READ_ONLY, true, s_root } },
						 homes[] = { { RESTRICTION_INACCESSIBLE, true, s_home },
							 { RESTRICTION_INACCESSIBLE, true, s_roots },
							 { RESTRICTION_INACCESSIBLE, true, s_run_user } },
						 lists[] = { { RESTRICTION_READ_ONLY, false, s_b },
							 { RESTRICTION_NO_EXEC, true, s_a },
							 { RESTRICTION_INACCESSIBLE, false, s_a } };
	struct tree *t = *state;

	tree_need_root();
	expect_restrictions(t, "[Filesystem]\n" NO_KERNEL, NULL, 0);
	expect_restrictions(t, "[Filesystem]\nProtectSystem=strict\n" NO_KERNEL, NULL, 0);
	expect_restrictions(t, "[Filesystem]\nProtectSystem=full\n" NO_KERNEL, full, 4);
	expect_restrictions(t, "[Filesystem]\nProtectSystem=full\nMinimalRoot=no\n" NO_KERNEL, full, 4);
	expect_restrictions(t, "[Filesystem]\nMinimalRoot=no\n" NO_KERNEL, strict, 1);
	expect_restrictions(t, "[Filesystem]\nMinimalRoot=no\nProtectSystem=no\n" NO_KERNEL, NULL, 0);
	expect_restrictions(t, "[Filesystem]\nProtectHome=yes\n" NO_KERNEL, homes, 3);
	expect_restrictions(t,
		"[Filesystem]\nInaccessiblePaths=/a\nNoExecPaths=-/a\nReadOnlyPaths=/c\nReadOnlyPaths=\n"
		"ReadOnlyPaths=/b\n" NO_KERNEL,
		lists, 3);
}

static size_t count_paths(const struct compiled_profile *p, const char *beginning)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_restrictions; i++)
		n += strncmp(p->restrictions[i].path, beginning, strlen(beginning)) == 0;
	return n;
}

/* The homes' empty file systems, and what depends on other keys. */
static void test_protections(void **state)
{
	const struct compiled_profile *p;
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile",
		"[Capabilities]\nCapabilityBoundingSet=CAP_WAKE_ALARM CAP_KILL\n"
		"[Filesystem]\nMinimalRoot=no\nPrivateDevices=no\nProcSubset=all\nProtectProc=noaccess\n"
		"BindPaths=/srv:/root /srv:/home/alice\n");
	c = compile(t);
	assert_null(c->errors);
	p = &c->profiles[0];
	assert_int_equal(p->bounding, UINT64_C(1) << 5);
	assert_false(p->proc_subset);
	assert_int_equal(p->proc_hiding, PROC_NO_ACCESS);
	assert_int_equal(count_paths(p, "/dev/rtc"), 16);
	assert_int_equal(count_paths(p, "/proc/"), 10);
	assert_int_equal(p->n_mounts, 4);
	assert_string_equal(p->mounts[0].target, "/home");
	assert_int_equal(p->mounts[0].type, MOUNT_TMPFS);
	assert_int_equal(p->mounts[0].flags, MOUNT_READ_ONLY | MOUNT_NO_EXEC | MOUNT_OPTIONAL);
	assert_string_equal(p->mounts[1].target, "/home/alice");
	assert_int_equal(p->mounts[2].type, MOUNT_BIND);
	assert_string_equal(p->mounts[3].target, "/run/user");
	catalog_free(c);
	tree_write(t, "profiles/a.profile",
		"[Namespaces]\nPrivateMounts=no\nPrivatePIDs=no\n"
		"[Filesystem]\nMinimalRoot=no\nPrivateDevices=no\nPrivateTmp=no\n");
	c = compile(t);
	assert_null(c->errors);
	assert_int_equal(c->profiles[0].n_mounts + c->profiles[0].n_restrictions, 0);
	catalog_free(c);
}

/* A root of the profile's own, devices, and sizes. */
static void test_root(void **state)
{
	const struct compiled_profile *p;
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile",
		"[Filesystem]\nRootDirectory=/srv/root\nDeviceAllow=/dev/tty rw\nDeviceAllow=/dev/fuse\n"
		"DeviceAllow=/dev/tty\nTemporaryFileSystem=/a:size=10%,nr_inodes=2K\n"
		"BindReadOnlyPaths=/srv:/b:idmap\n" NO_KERNEL);
	c = compile(t);
	assert_null(c->errors);
	p = &c->profiles[0];
	assert_string_equal(p->root_directory, "/srv/root");
	assert_false(p->minimal_root);
	assert_int_equal(strv_length(p->devices), 2);
	assert_string_equal(p->devices[1], "/dev/fuse");
	assert_int_equal(p->n_restrictions, 0);
	assert_int_equal(p->n_mounts, 5);
	assert_int_equal(p->mounts[1].flags, MOUNT_READ_ONLY | MOUNT_IDMAP);
	assert_string_equal(p->mounts[0].target, "/a");
	assert_int_equal(p->mounts[0].flags, MOUNT_PERCENT);
	assert_int_equal(p->mounts[0].size, 10);
	assert_int_equal(p->mounts[0].inodes, 2048);
	assert_string_equal(p->mounts[2].target, "/home");
	catalog_free(c);
}

/* One that is named again is not looked up again; another one is. */
static void test_users_in_a_row(void **state)
{
	static const unsigned uids[] = { 1, 1, 2, 1, 1, 4321, 4321 }, gids[] = { 1, 2, 2, 1, 1, 1, 2 };
	struct catalog *c;

	tree_need_root();
	for (unsigned i = 0; i < ELEMENTS(uids); i++) {
		char name[64], text[64];

		(void)snprintf(name, sizeof(name), "profiles/p%u.profile", i);
		(void)snprintf(text, sizeof(text), "[User]\nUser=%u\nGroup=%u\n", uids[i], gids[i]);
		tree_write(*state, name, text);
	}
	c = compile(*state);
	for (unsigned i = 0; i < ELEMENTS(uids); i++)
		assert_true(c->profiles[i].uid == uids[i] && c->profiles[i].gid == gids[i]);
	catalog_free(c);
}

static void test_users(void **state)
{
	struct passwd *bailiff = getpwnam("bailiff");
	struct tree *t = *state;

	tree_need_root();
	expect_invalid(t, "[Access]\nAllowUser=daemon no-such-user-here\n",
		"2:18: error: AllowUser=no-such-user-here: the user database has no such entry; correct it, "
		"or write a number");
	expect_invalid(t, "[Access]\nAllowGroup=no-such-group-here\n",
		"2:12: error: AllowGroup=no-such-group-here: the user database has no such entry; correct "
		"it, or write a number");
	expect_invalid(t, "[User]\nUser=root\n",
		"2:6: error: User=root: that is root; a payload never runs as root, with PrivateUsers=yes "
		"neither");
	expect_invalid(t, "[User]\nUser=0\n",
		"2:6: error: User=0: that is root; a payload never runs as root, with PrivateUsers=yes "
		"neither");
	expect_invalid(t, "[User]\nUser=daemon\nGroup=root\n",
		"3:7: error: root (group 0): that is root's group; a payload is never in it");
	expect_invalid(t, "[User]\nSupplementaryGroups=video 0\n",
		"2:27: error: SupplementaryGroups=0 (group 0): that is root's group; a payload is never in "
		"it");
	expect_invalid(t, "[User]\nUser=1900000001\nGroup=daemon\n",
		"2:6: error: User=1900000001: that id lies in DynamicUserRange= of bailiffd.conf; name "
		"another");
	expect_invalid(t, "[User]\nUser=543210\n",
		"2:6: error: User=543210: the user database has no entry for this id; add Group=");
	if (!bailiff)
		skip();
	expect_invalid(t, "[User]\nUser=bailiff\n",
		"2:6: error: User=bailiff: that is the broker's own user; name another");
}

/* Several profiles, of which some are wrong: each by itself. */
static void test_mixed(void **state)
{
	struct tree *t = *state;
	struct catalog *c, *again = NULL;
	int fd = -1;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "[Profile]\nDescription=a\n");
	tree_write(t, "profiles/b.profile", "[Profile]\nTemplate=broken.profile\n");
	tree_write(t, "profiles/broken.profile", "[Exec]\nUMask=9\n");
	tree_write(t, "profiles/c.profile", "[Profile]\nTemplate=broken.profile\n");
	c = compile(t);
	assert_int_equal(c->n_profiles, 4);
	assert_false(c->profiles[0].invalid);
	assert_true(c->profiles[1].invalid && c->profiles[2].invalid && c->profiles[3].invalid);
	/* one mistake, said once */
	assert_int_equal(strv_length(c->errors), 1);
	assert_int_equal(catalog_to_memfd(c, &fd), 0);
	assert_int_equal(catalog_from_memfd(fd, false, &again), 0);
	assert_int_equal(again->n_profiles, 4);
	assert_string_equal(again->profiles[3].error, c->errors[0]);
	assert_int_equal(close(fd), 0);
	catalog_free(again);
	catalog_free(c);
}

static void test_policies(void **state)
{
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	expect_invalid(t, "[Seccomp]\nPolicy=none.policy\n",
		"2:1: error: Policy=none.policy: no policies folder of the configuration has this file");
	tree_write(t, "policies/bad.policy", "read: 1\nraed: 1\n");
	tree_write(t, "profiles/a.profile", "[Seccomp]\nPolicy=bad.policy\n");
	c = compile(t);
	assert_true(c->profiles[0].invalid);
	assert_non_null(strstr(c->profiles[0].error, "Policy=bad.policy does not compile: "));
	assert_non_null(strstr(c->profiles[0].error, "policies/bad.policy(2:1): error: unknown system call"));
	assert_non_null(strstr(c->errors[1], "policies/bad.policy(2:1): error: "));
	catalog_free(c);
	/* excerpts that look alike stay with their errors; an error that two profiles share comes once */
	tree_write(t, "policies/bad.policy", "raed: 1\nraed: 1\n");
	tree_write(t, "profiles/b.profile", "[Seccomp]\nPolicy=bad.policy\n");
	c = compile(t);
	assert_int_equal(strv_length(c->errors), 1 + 3 + 3 + 1);
	assert_string_equal(c->errors[3], c->errors[6]);
	assert_non_null(strstr(c->errors[7], "b.profile:2:1: error: "));
	catalog_free(c);
	assert_int_equal(unlink(tree_path(t, "profiles/b.profile")), 0);
	tree_write(t, "policies/bad.policy", "read: 1\n");
	assert_int_equal(chmod(tree_path(t, "policies/bad.policy"), 0666), 0);
	c = compile(t);
	assert_true(c->profiles[0].invalid);
	catalog_free(c);
	assert_int_equal(chmod(tree_path(t, "policies/bad.policy"), 0644), 0);
	assert_int_equal(chmod(tree_path(t, "policies"), 0777), 0);
	c = compile(t);
	assert_true(c->profiles[0].invalid);
	assert_non_null(strstr(c->profiles[0].error, "writable by group or others; nothing in it is used"));
	catalog_free(c);
}

static void test_config(void **state)
{
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "bailiffd.conf",
		"[Broker]\nDynamicUserRange=20000-20099\nSaltPath=/a "
		"/b\nMaxSandboxes=10\nMaxSandboxesPerUser=5\n"
		"MaxCallsPerUser=6\nMaxRetainedPerUser=0\nSetupTimeoutSec=3s\nDynamicUserQuarantineSec=0\n"
		"MaxBytesPerUser=1M\nMaxFileDescriptorsPerUser=200\nLaunchesPerMinutePerUser="
		"60\nAuditCommandLine=yes\nKernelAudit=yes\nMaxSpareJails=0\n");
	tree_write(t, "bailiffd.conf.d/10.conf", "[Broker]\nMaxSandboxes=11\nMaxCallsPerUser=\n");
	c = compile(t);
	assert_null(c->errors);
	assert_int_equal(c->config.dynamic_uid_min, 20000);
	assert_int_equal(c->config.dynamic_uid_max, 20099);
	assert_int_equal(strv_length(c->config.salt_paths), 2);
	assert_int_equal(c->config.max_sandboxes, 11);
	assert_int_equal(c->config.max_sandboxes_per_user, 5);
	assert_int_equal(c->config.max_calls_per_user, 64);
	assert_int_equal(c->config.max_retained_per_user, 0);
	assert_int_equal(c->config.max_bytes_per_user, 1 << 20);
	assert_int_equal(c->config.max_fds_per_user, 200);
	assert_int_equal(c->config.launches_per_minute_per_user, 60);
	assert_true(c->config.audit_command_line);
	assert_true(c->config.kernel_audit);
	assert_int_equal(c->config.setup_timeout_usec, 3 * 1000000);
	assert_int_equal(c->config.dynamic_quarantine_usec, 0);
	assert_int_equal(c->config.max_spare_jails, 0);
	catalog_free(c);
}

static void expect_config_error(const struct tree *t, const char *error)
{
	struct catalog *c = compile(t);

	assert_int_equal(strv_length(c->errors), 1);
	assert_non_null(strstr(c->errors[0], error));
	assert_true(c->profiles[0].invalid);
	catalog_free(c);
}

/* With a wrong configuration nothing runs: its limits are not what somebody wanted. */
static void test_bad_config(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "[Broker]\nMaxSandboxes=0\n", ":2:14: error: MaxSandboxes=0: out of range; 1 to 4096" },
		{ "[Broker]\nMaxSpareJails=17\n", ":2:15: error: MaxSpareJails=17: out of range; 0 to 16" },
		{ "[Broker]\nMaxSandbox=1\n", ":2:1: error: unknown key 'MaxSandbox' in section [Broker]; "
					      "did you mean 'MaxSandboxes'?" },
		{ "[Broker]\nDynamicUserRange=5\n",
			":2:18: error: DynamicUserRange=5: expected two user ids, first-last" },
		{ "[Broker]\nDynamicUserRange=2000-1000\n",
			":2:18: error: DynamicUserRange=2000-1000: the range ends before it begins" },
		{ "[Broker]\nDynamicUserQuarantineSec=2d\n",
			":2:26: error: DynamicUserQuarantineSec=2d: longer than 86400 seconds" },
		{ "[Broker]\nSetupTimeoutSec=1h\n",
			":2:17: error: SetupTimeoutSec=1h: longer than 600 seconds" },
		{ "[Broker]\nSaltPath=salt\n", ":2:10: error: SaltPath=salt: not an absolute path" },
		{ "[Profile]\n", ":1:1: error: unknown section [Profile]" },
		{ "x\n", ":1:1: error: expected 'Key=value', '[Section]' or a comment" },
	};
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "");
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct catalog *c;

		tree_write(t, "bailiffd.conf", rows[i].text);
		c = compile(t);
		assert_int_equal(strv_length(c->errors), 1);
		assert_string_equal(strstr(c->errors[0], ".conf") + strlen(".conf"), rows[i].error);
		assert_true(c->profiles[0].invalid);
		assert_string_equal(c->profiles[0].error, c->errors[0]);
		catalog_free(c);
	}
	tree_write(t, "bailiffd.conf", "[Broker]\nDynamicUserRange=500-600\n");
	expect_config_error(t,
		"/bailiffd.conf:2:1: error: DynamicUserRange= is empty, begins below 1000 or ends at the "
		"invalid id");
	tree_write(t, "bailiffd.conf", "");
	assert_int_equal(chmod(tree_path(t, "bailiffd.conf"), 0666), 0);
	expect_config_error(t, "/bailiffd.conf: error: writable by group or others; chmod go-w it");
}

static void test_cat(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root };
	char *text = NULL, *expected = NULL;
	size_t size;
	FILE *f;

	tree_need_root();
	tree_write(t, "profiles/base.profile", "not shown\n");
	tree_write(t, "profiles/a.profile", "[Profile]\nTemplate=base.profile\n");
	tree_write(t, "profiles/a.profile.d/x.conf", "# no newline");
	f = open_memstream(&text, &size);
	assert_int_equal(compile_cat("a", &options, f), 0);
	assert_int_equal(compile_cat("b", &options, f), -ENOENT);
	assert_int_equal(compile_cat("../a", &options, f), -ENOENT);
	assert_int_equal(compile_cat("", &options, f), -ENOENT);
	assert_int_equal(fclose(f), 0);
	assert_true(asprintf(&expected,
			    "# %s/profiles/a.profile\n[Profile]\nTemplate=base.profile\n\n"
			    "# %s/profiles/a.profile.d/x.conf\n# no newline\n",
			    t->root, t->root) >= 0);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

/* The hash changes with any byte of any file. */
static void test_hash(void **state)
{
	/* sha256sum of "[Profile]\nDescription=a\n" and of that followed by "# drop-in\n" */
	struct tree *t = *state;
	struct catalog *one, *two;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "[Profile]\nDescription=a\n");
	one = compile(t);
	tree_write(t, "profiles/a.profile.d/x.conf", "# drop-in\n");
	two = compile(t);
	assert_int_equal(strv_length(one->profiles[0].drop_ins), 0);
	assert_int_equal(strv_length(two->profiles[0].drop_ins), 1);
	assert_memory_not_equal(one->profiles[0].sha256, two->profiles[0].sha256, 32);
	catalog_free(one);
	one = compile(t);
	assert_memory_equal(one->profiles[0].sha256, two->profiles[0].sha256, 32);
	catalog_free(one);
	catalog_free(two);
}

static void test_no_directory(void **state)
{
	const struct compile_options options = { .config_dir = "/nonexistent/bailiff" };
	struct catalog *c = NULL;

	(void)state;
	assert_int_equal(compile_directories(&options, &c), -ENOENT);
	assert_null(c);
}

#define COMPILE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPILE_TEST(test_defaults),
		COMPILE_TEST(test_everything),
		COMPILE_TEST(test_restrictions),
		COMPILE_TEST(test_protections),
		COMPILE_TEST(test_root),
		COMPILE_TEST(test_users),
		COMPILE_TEST(test_users_in_a_row),
		COMPILE_TEST(test_mixed),
		COMPILE_TEST(test_policies),
		COMPILE_TEST(test_config),
		COMPILE_TEST(test_bad_config),
		COMPILE_TEST(test_cat),
		COMPILE_TEST(test_hash),
		COMPILE_TEST(test_no_directory),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
