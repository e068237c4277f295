/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Daemon stores through the whole daemon: what is mounted outside must pass the keeper's namespace, which the
 * launcher shares, to get into a sandbox that runs already. The test is the outside: it has a mount namespace
 * of its own, shared in itself as systemd makes that of a host, with file systems of its own for /etc and
 * /run.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER  "0123456789abcdef0123456789abcdef01234567"
#define STORE "/run/daemon-store/"

static const char stores_profile[] = "[Access]\nAllowUser=man\n"
				     "[Exec]\nExecutable=/usr/bin/dash\nStandardInput=pipe\n"
				     "StandardOutput=pipe\n"
				     "[User]\nUser=man\n"
				     "[Filesystem]\nDaemonStore=%s\n"
				     "[Resources]\nTimeoutStopSec=1s\n";

/* Waits for a word before each look at the user's data. */
#define SCRIPT(store)                                                                                        \
	"while read -r word; do if read -r data < " STORE store "/" USER "/file; then echo \"$data\"; "      \
	"else echo nothing; fi; done"

static void reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL), errors = NULL;

	errors = g_variant_get_child_value(v, 1);
	assert_int_equal(g_variant_n_children(errors), 0);
	rig_disconnect(rig, root);
}

static void write_profile(struct rig *rig, const char *stores)
{
	g_autofree char *text = g_strdup_printf(stores_profile, stores);

	rig_write(rig, "profiles/stores.profile", text);
	reload(rig);
}

static void remove_profile(struct rig *rig)
{
	rig_remove(rig, "profiles/stores.profile");
	reload(rig);
}

/* As an administrator's unit does it: the template, and a shared mount of root's. */
static void make_store(const char *name)
{
	g_autofree char *template = g_strdup_printf("/etc/daemon-store/%s", name);
	g_autofree char *store = g_strdup_printf(STORE "%s", name);

	assert_return_code(mkdir(template, 0700), errno);
	assert_return_code(chown(template, RIG_ALICE, RIG_ALICE), errno);
	assert_return_code(mkdir(store, 0755), errno);
	assert_return_code(mount(store, store, NULL, MS_BIND, NULL), errno);
	assert_return_code(mount(NULL, store, NULL, MS_SHARED, NULL), errno);
}

static void remove_store(const char *name)
{
	g_autofree char *template = g_strdup_printf("/etc/daemon-store/%s", name);
	g_autofree char *store = g_strdup_printf(STORE "%s", name);

	assert_return_code(umount2(store, 0), errno);
	assert_return_code(rmdir(store), errno);
	assert_return_code(rmdir(template), errno);
}

/* As who knows the user's password does it. */
static void mount_data(const char *store)
{
	g_autofree char *point = g_strdup_printf(STORE "%s/" USER, store);
	g_autofree char *file = g_strdup_printf("%s/file", point);

	assert_return_code(mkdir(point, 0755), errno);
	assert_return_code(mount("tmpfs", point, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700"), errno);
	assert_return_code(chown(point, RIG_ALICE, RIG_ALICE), errno);
	assert_true(g_file_set_contents(file, "secret\n", -1, NULL));
	assert_return_code(chown(file, RIG_ALICE, RIG_ALICE), errno);
}

static void unmount_data(const char *store)
{
	g_autofree char *point = g_strdup_printf(STORE "%s/" USER, store);

	assert_return_code(umount2(point, 0), errno);
	assert_return_code(rmdir(point), errno);
}

/* What a sandbox sees of the data now. */
static void assert_sees(const struct rig_sandbox *s, const char *expected)
{
	char line[64];
	size_t n = 0;

	assert_int_equal(write(s->stream[0], "look\n", 5), 5);
	do {
		assert_true(n < sizeof(line) - 1);
		assert_int_equal(read(s->stream[1], &line[n], 1), 1);
	} while (line[n++] != '\n');
	line[n - 1] = '\0';
	assert_string_equal(line, expected);
}

static void launch(struct rig *rig, const char *const *argv, GDBusConnection **ret_c, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = "stores", .argv = argv };

	*ret_c = rig_connect(rig, RIG_ALICE);
	rig_launch(*ret_c, &l, ret);
	assert_true(ret->stream[0] >= 0 && ret->stream[1] >= 0);
}

static void end(struct rig *rig, GDBusConnection *c, struct rig_sandbox *s)
{
	(void)close(s->stream[0]);
	s->stream[0] = -1;
	rig_finish(c, s);
	rig_disconnect(rig, c);
}

/* The line of a mount in the mount table that a process has, or NULL. Free. */
static char *find_mount(pid_t pid, const char *point)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/mountinfo", pid);
	g_autofree char *text = NULL, *wanted = g_strdup_printf(" %s ", point);
	g_auto(GStrv) lines = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", 0);
	for (char **line = lines; *line; line++)
		if (strstr(*line, wanted))
			return g_strdup(*line);
	return NULL;
}

static void assert_slave(pid_t pid, const char *point)
{
	g_autofree char *line = find_mount(pid, point);

	assert_non_null(line);
	assert_non_null(strstr(line, " master:"));
	assert_null(strstr(line, " shared:"));
}

static const char *const script[] = { "/usr/bin/dash", "-c", SCRIPT("app"), NULL };
static const char *const late_script[] = { "/usr/bin/dash", "-c", SCRIPT("late"), NULL };

/* In and out, through keeper and launcher, for all sandboxes at once. */
static void test_data_comes_and_goes(void **state)
{
	struct rig *rig = *state;
	struct rig_sandbox s[2];
	GDBusConnection *c[2];

	write_profile(rig, "app");
	for (size_t i = 0; i < 2; i++) {
		launch(rig, script, &c[i], &s[i]);
		assert_sees(&s[i], "nothing");
		assert_slave(s[i].pid, STORE "app");
	}
	assert_slave(rig_pid(rig, RIG_KEEPER), STORE "app");
	assert_slave(rig_pid(rig, RIG_LAUNCHER), STORE "app");
	mount_data("app");
	assert_slave(s[0].pid, STORE "app/" USER);
	for (size_t i = 0; i < 2; i++)
		assert_sees(&s[i], "secret");
	unmount_data("app");
	for (size_t i = 0; i < 2; i++) {
		assert_sees(&s[i], "nothing");
		end(rig, c[i], &s[i]);
	}
	remove_profile(rig);
}

/* A store that was made after the daemon started, where /run is shared. */
static void test_late_store(void **state)
{
	struct rig *rig = *state;
	struct rig_launch l = { .profile = "stores", .argv = late_script };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;

	write_profile(rig, "late");
	rig_launch_fails(c, &l, RIG_ERROR("Setup.Mounts"), "no such directory in /etc/daemon-store: late");
	rig_wait_jailed(rig, 0);
	rig_disconnect(rig, c);
	make_store("late");
	launch(rig, late_script, &c, &s);
	mount_data("late");
	assert_sees(&s, "secret");
	end(rig, c, &s);
	unmount_data("late");
	remove_store("late");
	remove_profile(rig);
}

/* In the sandbox's own mount namespace, with all rights. */
static void mount_inside(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/mnt", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	pid_t child;

	assert_return_code(fd, errno);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		if (setns(fd, CLONE_NEWNS) < 0)
			_exit(errno);
		/* the sandbox's root is a directory of the namespace's */
		_exit(mount("tmpfs", "/root" STORE "app/" USER, "tmpfs", 0, NULL) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(fd);
}

static void test_nothing_goes_out(void **state)
{
	static const char point[] = STORE "app/" USER;
	struct rig *rig = *state;
	g_autofree char *inside = NULL;
	struct rig_sandbox s;
	GDBusConnection *c;

	write_profile(rig, "app\nMountPropagation=shared");
	assert_return_code(mkdir(point, 0755), errno);
	launch(rig, script, &c, &s);
	mount_inside(s.pid);
	inside = find_mount(s.pid, point);
	assert_non_null(inside);
	assert_null(find_mount(getpid(), point));
	assert_null(find_mount(rig_pid(rig, RIG_KEEPER), point));
	assert_null(find_mount(rig_pid(rig, RIG_LAUNCHER), point));
	end(rig, c, &s);
	assert_return_code(rmdir(point), errno);
	remove_profile(rig);
}

/* A copy of /etc that may have a directory more, and an empty /run. */
static int make_host(void)
{
	char dir[] = "/tmp/bailiff-etc-XXXXXX";
	const char *argv[] = { "cp", "-a", "/etc/.", dir, NULL };
	int status;

	if (!rig_own_mounts() || !mkdtemp(dir))
		return -1;
	if (mount("tmpfs", dir, "tmpfs", 0, "mode=0755") < 0 ||
		!g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
			NULL, &status, NULL) ||
		status != 0 || mount(dir, "/etc", NULL, MS_MOVE, NULL) < 0 || rmdir(dir) < 0)
		return -1;
	if (mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		return -1;
	return mkdir("/etc/daemon-store", 0755) < 0 ? -1 : mkdir("/run/daemon-store", 0755);
}

static int setup(void **state)
{
	make_store("app");
	return rig_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_data_comes_and_goes),
		rig_test(test_late_store),
		rig_test(test_nothing_goes_out),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (make_host() < 0) {
		perror("making a host to test on");
		return 1;
	}
	return cmocka_run_group_tests(tests, setup, rig_teardown);
}
