/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Profiles that can not be: what is wrong with them is said when they are loaded if it can be known then,
 * else by the launch, with the stage and the key or path; nothing starts and nothing stays (which every test
 * here is held to). And what a launch says of layers that it was allowed to do without.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROFILE  "profiles/odd.profile"
#define LAUNCHES 60 /* against somebody who exchanges names */

static const char *const print_ok[] = { "/usr/bin/echo", "ok", NULL };

#define HEAD "[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/echo /usr/bin/ls /usr/bin/dash\n"

static void reload(struct rig *rig, const char *text)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autofree char *whole = g_strconcat(HEAD, text, NULL);
	g_autoptr(GVariant) v = NULL;

	rig_write(rig, PROFILE, whole);
	v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL);
	rig_disconnect(rig, root);
}

static void forget(struct rig *rig)
{
	rig_remove(rig, PROFILE);
	rig_reload(rig);
}

static const struct {
	const char *text;     /* line 5 is its first */
	const char *expected; /* of the place and the error */
} known_at_load[] = {
	/* contradictions name both places */
	{ "[User]\nUser=man\nDynamicUser=yes\n",
		"odd.profile:6:1: error: User= contradicts DynamicUser=yes (" },
	{ "[Filesystem]\nRootDirectory=/srv\nMinimalRoot=yes\n",
		"odd.profile:6:1: error: RootDirectory= contradicts MinimalRoot=yes (" },
	{ "[Namespaces]\nPrivatePIDs=no\nRunAsInit=yes\n", "RunAsInit=yes contradicts PrivatePIDs=no (" },
	{ "[Resources]\nMemoryMax=1M\nMemoryHigh=2M\n", "MemoryHigh= contradicts MemoryMax= (" },
	{ "[Resources]\nLimitNOFILE=64\n[Exec]\nFileDescriptor=100 pipe\n",
		"FileDescriptor=100 contradicts LimitNOFILE=64" },
	{ "[Filesystem]\nBindPaths=/srv:/tmp\n", "a mount on /tmp contradicts PrivateTmp=yes (" },
	{ "[Filesystem]\nBindPaths=/srv:/a\nTemporaryFileSystem=/a\n", "/a" },
	{ "[Capabilities]\nAmbientCapabilities=CAP_NET_RAW\n", "odd.profile:6:" },
	/* users and groups */
	{ "[User]\nUser=no-such-user-here\n", "User=no-such-user-here: the user database has no such entry" },
	{ "[User]\nUser=man\nGroup=no-such-group-here\n",
		"Group=no-such-group-here: the user database has no such entry" },
	{ "[User]\nSupplementaryGroups=adm no-such-group-here\n",
		"SupplementaryGroups=no-such-group-here: the user database has no such entry" },
	{ "[Access]\nAllowUser=no-such-user-here\n", "AllowUser=no-such-user-here: the user database" },
	{ "[User]\nUser=root\n", "odd.profile:6:" },
	{ "[User]\nUser=4294967295\n", "odd.profile:6:6" },
	/* files that the compiler reads */
	{ "[Seccomp]\nPolicy=no-such.policy\n", "odd.profile:6:1: error: Policy=no-such.policy" },
	{ "[Profile]\nTemplate=no-such.profile\n",
		"Template=no-such.profile: there is no such profile, or it is masked" },
	/* forms */
	{ "[Filesystem]\nBindPaths=srv\n", "odd.profile:6:11: error: " },
	{ "[Filesystem]\nInaccessiblePaths=/\n", "odd.profile:6:" },
	{ "[Namespaces]\nPrivateTime=perhaps\n", "odd.profile:6:13: error: PrivateTime=perhaps" },
	{ "[Exec]\nUmask=0022\n", "unknown key 'Umask' in section [Exec]; did you mean 'UMask'?" },
};

static void test_known_at_load(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *root = rig_connect(rig, 0);
	struct rig_launch l = { .profile = "odd", .argv = print_ok };

	for (size_t i = 0; i < G_N_ELEMENTS(known_at_load); i++) {
		g_autoptr(GVariant) errors = NULL;
		g_autofree char *text = NULL;

		reload(rig, known_at_load[i].text);
		errors = rig_property(root, RIG_PATH, RIG_MANAGER, "ProfileErrors");
		text = g_variant_print(errors, FALSE);
		if (!strstr(text, "odd.profile:") || !strstr(text, known_at_load[i].expected))
			fail_msg("%s\nsaid: %s\nexpected: %s", known_at_load[i].text, text,
				known_at_load[i].expected);
		/* what was loaded before stays in service, which this was no part of */
		rig_launch_fails(root, &l, RIG_ERROR("ProfileUnknown"), "odd");
	}
	forget(rig);
	rig_disconnect(rig, root);
}

/* %s is a directory of the test's that root owns; below it stands what the rows need. */
static const struct {
	const char *text, *stage, *expected;
} known_at_launch[] = {
	{ "[Filesystem]\nBindPaths=%s/missing\n", "Setup.Mounts", "%s/missing: No such file or directory" },
	{ "[Filesystem]\nBindReadOnlyPaths=%s/file/below\n", "Setup.Mounts", "%s/file/below" },
	{ "[Filesystem]\nBindReadOnlyPaths=%s/file:/usr/no/such/place\n", "Setup.Mounts", "/usr/no" },
	{ "[Filesystem]\nRootDirectory=%s/missing\n", "Setup.Mounts", "%s/missing" },
	{ "[Filesystem]\nRootDirectory=%s/open\n", "Setup.Mounts", "%s/open" },
	{ "[Filesystem]\nReadOnlyPaths=/no/such/path\n", "Setup.Mounts", "ReadOnlyPaths= /no/such/path" },
	{ "[Filesystem]\nInaccessiblePaths=/no/such/path\n", "Setup.Mounts",
		"InaccessiblePaths= /no/such/path" },
	{ "[Filesystem]\nDeviceAllow=/dev/no-such-device\n", "Setup.Mounts", "/dev/no-such-device" },
	{ "[Exec]\nWorkingDirectory=/no/such/path\n", "Setup.Exec", "/no/such/path" },
	{ "[Landlock]\nFsPathReadExecute=/usr\nFsPathReadOnly=/no/such/path\n", "Setup.Landlock",
		"/no/such/path" },
	{ "[Namespaces]\nNetworkNamespacePath=/run/netns/no-such\n", "Setup.Namespaces",
		"NetworkNamespacePath= /run/netns/no-such" },
	{ "[Namespaces]\nNetworkNamespacePath=%s/file\n", "Setup.Namespaces", "NetworkNamespacePath=" },
	/* links of somebody who could point them elsewhere: at the end of a path, in its middle */
	{ "[Filesystem]\nBindReadOnlyPaths=%s/theirs/link:/data\n", "Setup.Mounts", "%s/theirs/link" },
	{ "[Filesystem]\nBindReadOnlyPaths=%s/theirs/link/ssl:/data\n", "Setup.Mounts", "%s/theirs/link" },
	{ "[Filesystem]\nBindPaths=%s/theirs:/data\nReadOnlyPaths=/data/link\n", "Setup.Mounts",
		"ReadOnlyPaths= /data/link" },
	{ "[Filesystem]\nBindPaths=%s/theirs:/data\n[Landlock]\nFsPathReadExecute=/usr\n"
	  "FsPathReadOnly=/data/link\n",
		"Setup.Landlock", "/data/link" },
	{ "[Filesystem]\nRootDirectory=%s/theirs/link\n", "Setup.Mounts", "%s/theirs/link" },
	/* roots that are full: no inode, no block for one more mount point */
	{ "[Filesystem]\nTemporaryFileSystem=/full:nr_inodes=1\nBindReadOnlyPaths=%s/file:/full/file\n",
		"Setup.Mounts", "/full/file" },
	{ "[Filesystem]\nTemporaryFileSystem=/full:nr_inodes=2\nBindReadOnlyPaths=%s/theirs:/full/a/b\n",
		"Setup.Mounts", "/full/a" },
};

/* By name: "theirs" is RIG_ALICE's, with a link to /etc in it; "open" is for everybody to write. */
static char *make_places(struct rig *rig)
{
	char *top = g_build_filename(rig->dir, "places", NULL);
	g_autofree char *theirs = g_build_filename(top, "theirs", NULL),
			*file = g_build_filename(top, "file", NULL),
			*open_to_all = g_build_filename(top, "open", NULL),
			*link = g_build_filename(theirs, "link", NULL);

	assert_return_code(mkdir(top, 0755), errno);
	assert_return_code(mkdir(theirs, 0755), errno);
	assert_return_code(chown(theirs, RIG_ALICE, RIG_ALICE), errno);
	assert_return_code(mkdir(open_to_all, 0755), errno);
	assert_return_code(chmod(open_to_all, 0777), errno);
	assert_true(g_file_set_contents(file, "text", -1, NULL));
	assert_return_code(symlink("/etc", link), errno);
	assert_return_code(lchown(link, RIG_ALICE, RIG_ALICE), errno);
	return top;
}

static void remove_places(const char *top)
{
	const char *argv[] = { "rm", "-rf", "--one-file-system", "--", top, NULL };
	int status;

	assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
		NULL, &status, NULL));
	assert_int_equal(status, 0);
}

static char *fill(const char *format, const char *place)
{
	g_auto(GStrv) parts = g_strsplit(format, "%s", -1);

	return g_strjoinv(place, parts);
}

static void test_known_at_launch(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *top = make_places(rig);
	struct rig_launch l = { .profile = "odd", .argv = print_ok };

	for (size_t i = 0; i < G_N_ELEMENTS(known_at_launch); i++) {
		g_autofree char *text = fill(known_at_launch[i].text, top),
				*expected = fill(known_at_launch[i].expected, top),
				*name = g_strconcat(RIG_ERROR(""), known_at_launch[i].stage, NULL);

		reload(rig, text);
		rig_launch_fails(c, &l, name, expected);
		rig_wait_jailed(rig, 0);
	}
	forget(rig);
	remove_places(top);
	rig_disconnect(rig, c);
}

/* The attacker: owns the directory, and exchanges what stands in it as fast as it can. */
static noreturn void exchange(const char *home)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
		setresgid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0 ||
		setresuid(RIG_ALICE, RIG_ALICE, RIG_ALICE) < 0 || chdir(home) < 0)
		_exit(1);
	for (;;)
		if (renameat2(AT_FDCWD, "data", AT_FDCWD, "link", RENAME_EXCHANGE) < 0)
			_exit(2);
}

/* What is bound is the attacker's own directory, never where the link leads, or there is no launch. */
static bool launch_once(GDBusConnection *c)
{
	static const char *const argv[] = { "/usr/bin/ls", "/data", NULL };
	struct rig_launch l = { .profile = "odd", .argv = argv, .options = rig_options_piped() };
	g_autoptr(GError) error = NULL;
	g_autofree char *out = NULL, *result = NULL;
	struct rig_sandbox s;

	if (!rig_launch_try(c, &l, &s, &error)) {
		if (!strstr(error->message, RIG_ERROR("Setup.Mounts")) ||
			!strstr(error->message, "/theirs/data"))
			fail_msg("%s", error->message);
		return false;
	}
	out = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, NULL, NULL);
	assert_string_equal(out, "mine\n");
	rig_sandbox_done(&s);
	return true;
}

static void test_exchanged_source(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *top = make_places(rig), *home = g_build_filename(top, "theirs", NULL),
			*data = g_build_filename(home, "data", NULL),
			*mine = g_build_filename(data, "mine", NULL),
			*text = fill("[Filesystem]\nBindReadOnlyPaths=%s/theirs/data:/data\n", top);
	unsigned launched = 0;
	pid_t pid;

	assert_return_code(mkdir(data, 0755), errno);
	assert_true(g_file_set_contents(mine, "", 0, NULL));
	assert_return_code(chmod(mine, 0644), errno);
	assert_return_code(chown(data, RIG_ALICE, RIG_ALICE), errno);
	reload(rig, text);
	pid = fork();
	if (pid == 0)
		exchange(home);
	for (unsigned i = 0; i < LAUNCHES; i++)
		launched += launch_once(c);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	print_message("%u of %d launched\n", launched, LAUNCHES);
	forget(rig);
	remove_places(top);
	rig_disconnect(rig, c);
}

static char *launch_skipped(GDBusConnection *c)
{
	struct rig_launch l = { .profile = "odd", .argv = print_ok, .options = rig_options_piped() };
	g_autofree char *out = NULL;
	g_autoptr(GVariant) skipped = NULL, property = NULL;
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	out = rig_read_all(s.stream[1], NULL);
	assert_string_equal(out, "ok\n");
	skipped = g_variant_lookup_value(s.info, "skipped", G_VARIANT_TYPE_STRING_ARRAY);
	assert_non_null(skipped);
	property = rig_property(c, s.path, RIG_SANDBOX, "Skipped");
	assert_true(g_variant_equal(skipped, property));
	rig_finish(c, &s);
	return g_variant_print(skipped, FALSE);
}

/* What fails the launch where it is missing is skipped where the profile permits, and only then; which of it
 * this machine has, the launch without Optional= tells. */
static void test_skipped(void **state)
{
	static const struct {
		const char *layer, *text, *stage, *key;
	} layers[] = {
		{ "Cgroup", "[Resources]\nTasksMax=64\n", "Setup.Cgroup", "TasksMax=" },
		{ "CoreScheduling", "[Resources]\nCoreScheduling=yes\n", "Setup.Rlimits", "CoreScheduling=" },
		{ "Landlock", "[Landlock]\nFsPathReadExecute=/usr\nLogDenials=yes\n", "Setup.Landlock",
			"LogDenials=" },
	};
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_launch l = { .profile = "odd", .argv = print_ok };

	for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
		g_autofree char *optional = g_strdup_printf(
					"[Profile]\nOptional=%s\n%s", layers[i].layer, layers[i].text),
				*name = g_strconcat(RIG_ERROR(""), layers[i].stage, NULL), *skipped = NULL;
		g_autoptr(GError) error = NULL;
		struct rig_sandbox s;
		bool there;

		reload(rig, layers[i].text);
		there = rig_launch_try(c, &l, &s, &error);
		if (there) {
			rig_sandbox_done(&s);
		} else {
			if (!strstr(error->message, name) || !strstr(error->message, layers[i].key))
				fail_msg("%s", error->message);
		}
		reload(rig, optional);
		skipped = launch_skipped(c);
		print_message("%s: %s: %s\n", layers[i].layer, there ? "there" : "lacking", skipped);
		assert_int_equal(strstr(skipped, layers[i].key) != NULL, !there);
	}
	rig_wait_jailed(rig, 0);
	forget(rig);
	rig_disconnect(rig, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_known_at_load),
		rig_test(test_known_at_launch),
		rig_test(test_exchanged_source),
		rig_test(test_skipped),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
