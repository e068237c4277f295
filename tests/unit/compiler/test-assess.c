/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each key does to the score, and what of a profile is shown as in force. Needs root, as test-compile.c.
 */

#include "base/error.h"
#include "base/strv.h"
#include "compiler/assess.h"
#include "compiler/context.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN                                                                                                \
	"[Exec]\nExecutable=/usr/bin/true\n[Seccomp]\nSystemCallFilter=@default\n"                           \
	"SystemCallErrorNumber=EPERM\n[Resources]\nLimitAS=1G\nLimitNPROC=4\n"

struct look {
	struct compiled_profile compiled;
	struct score score;
};

static void look_done(struct look *l)
{
	compiled_profile_done(&l->compiled);
}

/* Profile "a" of the tree. */
static void look_at(const struct tree *t, struct look *ret)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct compile_context context;
	struct diagnostics d = { 0 };
	struct profile_set *set;
	size_t at;

	tree_need_root();
	assert_int_equal(compile_context_open(&options, &context), 0);
	assert_int_equal(profile_set_load(&context.places, NULL, &set), 0);
	assert_int_equal(profile_set_find(set, "a", &at), 0);
	assert_int_equal(
		compile_profile(&context, &set->profiles[at], &set->units[at], &d, &ret->compiled), 0);
	if (ret->compiled.invalid)
		fail_msg("%s", ret->compiled.error);
	assess_profile(&set->profiles[at], &ret->compiled, NULL, &ret->score);
	assert_int_equal(score_total(&ret->score), ret->compiled.exposure);
	(void)profile_set_free(set);
	diagnostics_done(&d);
	compile_context_close(&context);
}

static const struct {
	const char *text;
	enum score_item item;
	uint32_t badness;
} rows[] = {
	{ "", SCORE_USER, 0 },
	{ "", SCORE_PRIVATE_USERS, 1 },
	{ "[User]\nPrivateUsers=yes\n", SCORE_PRIVATE_USERS, 0 },
	{ "[User]\nUser=daemon\n", SCORE_USER, 0 },
	{ "[User]\nUser=nobody\n", SCORE_USER, 9 },
	{ "[User]\nSupplementaryGroups=video\n", SCORE_GROUPS, 1 },
	{ "", SCORE_GROUPS, 0 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW\n", SCORE_CAP_NETWORK, 1 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW\n", SCORE_AMBIENT, 0 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW\nAmbientCapabilities=CAP_NET_RAW\n",
		SCORE_AMBIENT, 1 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_SYS_NICE\n", SCORE_CAP_RESOURCES, 1 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_LEASE\n", SCORE_CAP_OTHERS, 1 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_DAC_OVERRIDE\n", SCORE_CAP_FILE_CHECKS, 1 },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_CHOWN\n", SCORE_CAP_FILE_OWNERS, 1 },
	{ "[Capabilities]\nSecureBits=keep-caps\n", SCORE_SECURE_BITS, 1 },
	{ "", SCORE_SECURE_BITS, 0 },
	{ "[Namespaces]\nPrivatePIDs=no\n", SCORE_PRIVATE_PIDS, 1 },
	{ "[Namespaces]\nPrivatePIDs=no\n", SCORE_LANDLOCK_SCOPE, 1 },
	{ "[Namespaces]\nPrivatePIDs=no\n[Landlock]\nScope=signal\n", SCORE_LANDLOCK_SCOPE, 0 },
	{ "[Namespaces]\nPrivateNetwork=no\n", SCORE_PRIVATE_NETWORK, 1 },
	{ "[Namespaces]\nPrivateNetwork=no\n", SCORE_PORTS, 10 },
	{ "[Namespaces]\nPrivateNetwork=no\n[Landlock]\nNetBindTcp=none\nNetConnectTcp=443\n", SCORE_PORTS,
		5 },
	{ "[Namespaces]\nPrivateIPC=no\n", SCORE_PRIVATE_IPC, 1 },
	{ "[Namespaces]\nPrivateCgroup=no\n", SCORE_PRIVATE_CGROUP, 1 },
	{ "[Filesystem]\nMinimalRoot=no\n", SCORE_ROOT, 1 },
	{ "[Filesystem]\nMinimalRoot=no\n", SCORE_PROTECT_SYSTEM, 0 },
	{ "[Filesystem]\nMinimalRoot=no\nProtectSystem=full\n", SCORE_PROTECT_SYSTEM, 1 },
	{ "[Filesystem]\nMinimalRoot=no\nProtectSystem=yes\n", SCORE_PROTECT_SYSTEM, 5 },
	{ "[Filesystem]\nMinimalRoot=no\nProtectSystem=no\n", SCORE_PROTECT_SYSTEM, 10 },
	{ "[Filesystem]\nMinimalRoot=no\nProtectHome=read-only\n", SCORE_PROTECT_HOME, 5 },
	{ "[Filesystem]\nMinimalRoot=no\nProtectHome=no\n", SCORE_PROTECT_HOME, 10 },
	{ "[Filesystem]\nProtectSystem=no\nProtectHome=no\n", SCORE_PROTECT_HOME, 0 },
	{ "[Filesystem]\nBindPaths=/srv\n", SCORE_WRITABLE, 5 },
	{ "[Filesystem]\nBindReadOnlyPaths=/srv\n", SCORE_WRITABLE, 0 },
	{ "[Filesystem]\nPrivateTmp=no\n", SCORE_PRIVATE_TMP, 1 },
	{ "[Filesystem]\nDeviceAllow=/dev/dri/renderD128\n", SCORE_DEVICES, 5 },
	{ "[Filesystem]\nProtectKernelTunables=no\n", SCORE_PROTECT_TUNABLES, 1 },
	{ "[Filesystem]\nProtectKernelModules=no\n", SCORE_PROTECT_MODULES, 1 },
	{ "[Filesystem]\nProtectKernelLogs=no\n", SCORE_PROTECT_LOGS, 1 },
	{ "[Filesystem]\nProtectControlGroups=no\n", SCORE_PROTECT_CGROUPS, 1 },
	{ "[Filesystem]\nProtectClock=no\n", SCORE_PROTECT_CLOCK, 1 },
	{ "[Filesystem]\nProtectProc=default\n", SCORE_PROTECT_PROC, 1 },
	{ "[Filesystem]\nProcSubset=all\n", SCORE_PROC_SUBSET, 1 },
	{ "[Filesystem]\nMountPropagation=slave\n", SCORE_PROPAGATION, 1 },
	{ "[Landlock]\nFsPathReadOnly=/usr\n", SCORE_LANDLOCK_FILES, 0 },
	{ "", SCORE_LANDLOCK_FILES, 1 },
	{ "[Exec]\nUMask=0022\n", SCORE_UMASK, 5 },
	{ "[Exec]\nUMask=0\n", SCORE_UMASK, 10 },
	{ "[Exec]\nUMask=0037\n", SCORE_UMASK, 1 },
	{ "[Exec]\nUMask=0007\n", SCORE_UMASK, 2 },
	{ "[Exec]\nFileDescriptor=3 directory\n", SCORE_DESCRIPTORS, 5 },
	{ "[Exec]\nFileDescriptor=3 regular,pipe\n", SCORE_DESCRIPTORS, 0 },
	{ "[Resources]\nLimitAS=infinity\n", SCORE_MEMORY, 1 },
	{ "[Resources]\nLimitAS=infinity\nMemoryMax=1G\n", SCORE_MEMORY, 0 },
	{ "[Resources]\nLimitNPROC=infinity\n", SCORE_TASKS, 1 },
	{ "[Resources]\nCoreScheduling=yes\n", SCORE_CORE_SCHEDULING, 0 },
	{ "", SCORE_CORE_SCHEDULING, 1 },
	{ "", SCORE_FAMILY_INET, 0 },
	{ "[Seccomp]\nSystemCallFilter=socket\n", SCORE_FAMILY_INET, 1 },
	{ "[Seccomp]\nSystemCallFilter=socket\n", SCORE_FAMILY_OTHERS, 1 },
	{ "[Seccomp]\nSystemCallFilter=socket\nRestrictAddressFamilies=AF_UNIX\n", SCORE_FAMILY_INET, 0 },
	{ "[Seccomp]\nSystemCallFilter=socket\nRestrictAddressFamilies=AF_UNIX\n", SCORE_FAMILY_UNIX, 1 },
	{ "[Seccomp]\nSystemCallFilter=socket\nRestrictAddressFamilies=AF_PACKET\n", SCORE_FAMILY_PACKET, 1 },
	{ "[Seccomp]\nSystemCallFilter=socket\nRestrictAddressFamilies=~AF_NETLINK\n", SCORE_FAMILY_NETLINK,
		0 },
	{ "[Seccomp]\nSystemCallFilter=@mount\n", SCORE_CALLS_MOUNT, 10 },
	{ "[Seccomp]\nSystemCallFilter=@system-service\n", SCORE_CALLS_MOUNT, 0 },
	{ "[Seccomp]\nSystemCallFilter=setpriority\n", SCORE_CALLS_RESOURCES, 10 },
	{ "[Seccomp]\nSystemCallFilter=unshare\n", SCORE_NAMESPACE_USER, 1 },
	{ "[Seccomp]\nSystemCallFilter=unshare\n[Namespaces]\nRestrictNamespaces=net\n", SCORE_NAMESPACE_USER,
		0 },
	{ "[Seccomp]\nSystemCallFilter=unshare\n[Namespaces]\nRestrictNamespaces=net\n", SCORE_NAMESPACE_NET,
		1 },
	{ "[Seccomp]\nSystemCallFilter=clone3\n", SCORE_NAMESPACE_CGROUP, 1 },
	{ "[Seccomp]\nSystemCallFilter=mmap mprotect\n", SCORE_WRITE_EXECUTE, 1 },
	{ "[Seccomp]\nSystemCallFilter=mmap mprotect\nMemoryDenyWriteExecute=yes\n", SCORE_WRITE_EXECUTE, 0 },
	{ "[Seccomp]\nSystemCallFilter=personality\n", SCORE_PERSONALITY, 1 },
	{ "[Seccomp]\nSystemCallFilter=personality\nLockPersonality=yes\n", SCORE_PERSONALITY, 0 },
	{ "[Seccomp]\nSystemCallFilter=sched_setscheduler\n", SCORE_REALTIME, 1 },
	{ "[Seccomp]\nSystemCallFilter=sched_setscheduler\nRestrictRealtime=yes\n", SCORE_REALTIME, 0 },
	{ "[User]\nUser=daemon\n[Seccomp]\nSystemCallFilter=fchmod\nRestrictSUIDSGID=no\n", SCORE_SUID_SGID,
		1 },
	{ "[Seccomp]\nSystemCallFilter=fchmod\nRestrictSUIDSGID=yes\n", SCORE_SUID_SGID, 0 },
	{ "[Seccomp]\nSystemCallFilter=sethostname\n[Namespaces]\nProtectHostname=no\n", SCORE_HOSTNAME, 1 },
	{ "[Seccomp]\nSystemCallFilter=sethostname\n[Namespaces]\nProtectHostname=yes\n", SCORE_HOSTNAME, 0 },
#ifdef __x86_64__
	{ "[Seccomp]\nSystemCallArchitectures=native x86\n", SCORE_ARCHITECTURES, 10 },
#endif
	{ "[Seccomp]\nSystemCallArchitectures=native\n", SCORE_ARCHITECTURES, 0 },
};

static void test_items(void **state)
{
	struct tree *t = *state;
	char text[1024];

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct look l = { .score = { .badness = { 0 } } };

		(void)snprintf(text, sizeof(text), PLAIN "%s", rows[i].text);
		tree_write(t, "profiles/a.profile", text);
		look_at(t, &l);
		if (l.score.badness[rows[i].item] != rows[i].badness)
			fail_msg("%s: %s is %u, expected %u", rows[i].text,
				score_weights[rows[i].item].setting, l.score.badness[rows[i].item],
				rows[i].badness);
		look_done(&l);
	}
}

static void expect_legs(const struct tree *t, const char *text, uint32_t legs)
{
	struct look l = { .score = { .badness = { 0 } } };
	char whole[1024];

	(void)snprintf(whole, sizeof(whole), PLAIN "%s", text);
	tree_write(t, "profiles/a.profile", whole);
	look_at(t, &l);
	assert_int_equal(l.compiled.intersection, legs);
	look_done(&l);
}

static void test_intersection(void **state)
{
	struct tree *t = *state;

	expect_legs(t, "", INTERSECTION_UNCONFINED);
	expect_legs(t, "[Landlock]\nFsPathReadOnly=/usr\n", 0);
	expect_legs(t, "[Landlock]\nFsPathReadOnly=/usr\n[Profile]\nOptional=Landlock\n",
		INTERSECTION_UNCONFINED);
	expect_legs(t, "[SELinux]\nSELinuxContext=system_u:system_r:decoder_t:s0\n", 0);
	expect_legs(
		t, "[SELinux]\nSELinuxContext=-system_u:system_r:decoder_t:s0\n", INTERSECTION_UNCONFINED);
	expect_legs(t, "[Namespaces]\nPrivatePIDs=no\n",
		INTERSECTION_UNCONFINED | INTERSECTION_INITIAL_NAMESPACES);
}

static const struct compiled_setting *find(const struct compiled_profile *c, const char *key)
{
	const struct compiled_setting *found = NULL;

	for (size_t i = 0; i < c->n_settings; i++)
		if (strcmp(c->settings[i].key, key) == 0) {
			assert_null(found);
			found = &c->settings[i];
		}
	if (!found)
		fail_msg("%s= is not shown", key);
	return found;
}

/* Keys that are no list, and that may have no value at all. A new key belongs here, into the defaults of
 * compiler/effective.c, or into its flags. */
static bool may_be_empty(const char *key)
{
	static const char *const keys[] = { "Description", "Template", "MaxPerUser", "User", "Group",
		"RootDirectory", "NetworkNamespacePath", "Policy", "SystemCallErrorNumber", "MemoryMax",
		"MemoryHigh", "TasksMax", "CPUQuota", "CPUWeight", "IOWeight", "Nice", "OOMScoreAdjust",
		"IOSchedulingClass", "IOSchedulingPriority", "TimerSlackNSec", "Personality",
		"SELinuxContext", "Polkit", "LaunchesPerMinute", "JoinsPool", "MaxWarm" };

	for (size_t i = 0; i < ELEMENTS(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return strncmp(key, "Limit", strlen("Limit")) == 0;
}

static void test_every_key_is_shown(void **state)
{
	struct look l = { .score = { .badness = { 0 } } };
	struct tree *t = *state;
	size_t n = 0;

	tree_write(t, "profiles/a.profile", PLAIN);
	look_at(t, &l);
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *key = &profile_keys.keys[i];
		const struct compiled_setting *s;

		if (!key->set)
			continue;
		s = find(&l.compiled, key->name);
		n++;
		if (key->set == set_bool || key->set == set_always_yes)
			assert_true(s->type == SETTING_YES || s->type == SETTING_NO);
		if (s->type == SETTING_TEXT && !s->values && !may_be_empty(key->name))
			fail_msg("%s= has no default: add it to compiler/effective.c", key->name);
		if (s->type == SETTING_TEXT)
			assert_true(strv_length(s->values) <= 1);
	}
	assert_int_equal(n, l.compiled.n_settings);
	look_done(&l);
}

static void expect(
	const struct compiled_profile *c, const char *key, enum setting_type type, const char *values)
{
	const struct compiled_setting *s = find(c, key);
	char joined[512] = "";
	int n = 0;

	STRV_FOREACH (v, s->values)
		n += snprintf(joined + n, sizeof(joined) - (size_t)n, "%s%s", n > 0 ? "|" : "", *v);
	assert_string_equal(joined, values);
	assert_int_equal(s->type, type);
}

static void write_family(const struct tree *t)
{
	tree_write(t, "profiles/top.profile",
		PLAIN "[Exec]\nArgument=-[a-z]\nUMask=0027\n[Filesystem]\nBindPaths=/srv\n"
		      "[Resources]\nLimitNOFILE=64\nRuntimeMaxSec=1h\n");
	tree_write(t, "profiles/a.profile",
		"[Profile]\nTemplate=top.profile\n[Exec]\nArgument=x%%y\n[Capabilities]\n"
		"CapabilityBoundingSet=CAP_KILL CAP_NET_RAW\n[Filesystem]\nBindReadOnlyPaths=\n"
		"BindReadOnlyPaths=%t/x:/x\n[Namespaces]\nPrivateUTS=off\n");
	tree_write(t, "profiles/a.profile.d/10-site.conf",
		"[Exec]\nUMask=\n[Capabilities]\nCapabilityBoundingSet=~CAP_KILL\n[Resources]\n"
		"LimitNOFILE=32:64\nKillSignal=INT\n[Namespaces]\nPrivatePIDs=yes\n");
}

static void test_effective(void **state)
{
	struct look l = { .score = { .badness = { 0 } } };
	const struct compiled_profile *c = &l.compiled;
	struct tree *t = *state;

	write_family(t);
	look_at(t, &l);
	expect(c, "Argument", SETTING_LIST, "-[a-z]|x%y");
	expect(c, "UMask", SETTING_TEXT, "0077");
	expect(c, "BindPaths", SETTING_LIST, "");
	expect(c, "BindReadOnlyPaths", SETTING_LIST, "/run/x:/x");
	expect(c, "LimitNOFILE", SETTING_TEXT, "32:64");
	expect(c, "RuntimeMaxSec", SETTING_TEXT, "1h");
	expect(c, "KillSignal", SETTING_TEXT, "INT");
	expect(c, "TimeoutStopSec", SETTING_TEXT, "10s");
	expect(c, "CapabilityBoundingSet", SETTING_LIST, "CAP_NET_RAW");
	expect(c, "AmbientCapabilities", SETTING_LIST, "");
	expect(c, "PrivateUTS", SETTING_NO, "");
	expect(c, "ProtectHostname", SETTING_NO, "");
	expect(c, "PrivatePIDs", SETTING_YES, "");
	expect(c, "NoNewPrivileges", SETTING_YES, "");
	expect(c, "ProtectSystem", SETTING_TEXT, "strict");
	expect(c, "Template", SETTING_TEXT, "top.profile");
	expect(c, "Executable", SETTING_LIST, "/usr/bin/true");
	expect(c, "MemoryMax", SETTING_TEXT, "");
	look_done(&l);
}

static void test_members(void **state)
{
	const struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile", PLAIN "[Access]\nAllowGroup=root\nAllowGroup=lp\nAllowGroup=0\n");
	assert_int_equal(compile_directories(&options, &c), 0);
	assert_int_equal(c->n_groups, 2);
	assert_int_equal(c->groups[0].gid, 0);
	/* by the user's own entry: nobody lists root in its group */
	assert_true(catalog_is_member(c, 0, 0));
	assert_true(catalog_is_member(c, 7, 7));
	assert_false(catalog_is_member(c, 7, 0) || catalog_is_member(c, 6, 6));
	(void)catalog_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_items, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_intersection, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_every_key_is_shown, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_effective, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_members, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
