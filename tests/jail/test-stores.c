/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mounts that are made outside while a jail runs, DaemonStore= and MountPropagation=: what comes in, and that
 * nothing goes out. Row J29 of the threat model. Runs in a mount namespace of its own with file systems of
 * its own for /etc and /run, so that it can make stores.
 */

#include "base/capability.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/io.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEMPLATE "/etc/daemon-store/"
#define STORE    "/run/daemon-store/"
#define CACHE    "/run/daemon-store-cache/"
#define HASH     "0123456789abcdef0123456789abcdef01234567"
#define USERS    STORE "app/" HASH /* where a user's data is mounted */

static void want_stores(struct rig *r, const char *first, const char *second)
{
	static char *names[3];
	union {
		const char *constant;
		char *plain;
	} one = { first }, two = { second };

	names[0] = one.plain;
	names[1] = two.plain;
	names[2] = NULL;
	r->spec.daemon_stores = names;
}

static char *read_text(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1024 * 1024, &data, &size), 0);
	return data;
}

/* The line of mountinfo about a mount point, up to its end. */
static bool has_mount(const char *mountinfo, const char *point)
{
	char text[512];

	assert_true(snprintf(text, sizeof(text), " %s ", point) < (int)sizeof(text));
	return strstr(mountinfo, text) != NULL;
}

static bool mounted_outside(const char *point)
{
	_cleanup_free_ char *text = read_text("/proc/self/mountinfo");

	return has_mount(text, point);
}

static bool mounted_inside(struct rig *r, const char *point)
{
	_cleanup_free_ char *text = read_text(rig_format(r, "/proc/%d/mountinfo", r->jail.pid));

	return has_mount(text, point);
}

/* A user comes: who mounts the data gives it the template's owner and mode. */
static void mount_data(const char *point)
{
	char file[512];
	int fd;

	assert_true(mkdir(point, 0755) == 0 || errno == EEXIST);
	assert_int_equal(mount("tmpfs", point, "tmpfs", 0, "mode=0700"), 0);
	assert_int_equal(chown(point, RIG_UID, RIG_GID), 0);
	assert_true(snprintf(file, sizeof(file), "%s/file", point) < (int)sizeof(file));
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, "users data\n", 11), 0);
	assert_int_equal(close(fd), 0);
}

static void start(struct rig *r, const char *const *argv)
{
	rig_launch(r, argv);
	rig_read(r, "waiting");
}

static void go_on(struct rig *r, const char *until)
{
	assert_int_equal(jail_signal(&r->jail, SIGUSR1, false), 0);
	rig_read(r, until);
}

/* The point of it all: the data comes and goes while the payload runs. */
static void test_data_comes_and_goes(void **state)
{
	struct rig *r = *state;

	want_stores(r, "app", NULL);
	start(r, ARGS("open", USERS "/file", "--", "await-signal", "--", "cat", USERS "/file", "--", "mkdir",
			 USERS "/new", "--", "await-signal", "--", "list", STORE "app/" HASH));
	assert_value(r, "open", "ENOENT");
	mount_data(USERS);
	go_on(r, "mkdir ok\nwaiting");
	assert_line(r, "users data");
	assert_int_equal(access(USERS "/new", F_OK), 0);
	assert_int_equal(umount2(USERS, 0), 0);
	go_on(r, NULL);
	rig_finish(r);
	assert_int_equal(rig_count(r, "entry"), 0);
	assert_int_equal(rmdir(USERS), 0);
}

/* Who is there already comes along, with flags of the jail's. */
static void test_data_is_there(void **state)
{
	struct rig *r = *state;

	want_stores(r, "app", NULL);
	mount_data(USERS);
	RUN(r, "cat", USERS "/file", "--", "see");
	assert_int_equal(umount2(USERS, 0), 0);
	assert_int_equal(rmdir(USERS), 0);
	assert_line(r, "users data");
	for (const char *line = r->output; (line = strstr(line, " " STORE)); line++)
		assert_int_equal(strncmp(strchr(line + 1, ' '), " rw,nosuid,nodev,noexec,", 24), 0);
}

/* Only the stores that the profile names are seen, whatever the root is. */
static void test_others_are_not_seen(void **state)
{
	struct rig *r = *state;

	want_stores(r, "app", NULL);
	RUN(r, "list", "/run/daemon-store", "--", "list", "/run", "--", "mkdir", STORE "app/new");
	assert_string_equal(r->output, "entry app\nlist ok\nentry daemon-store\nlist ok\nmkdir EACCES\n");
}

static void test_without_the_key(void **state)
{
	struct rig *r = *state;

	RUN(r, "open", "/run/daemon-store");
	assert_value(r, "open", "ENOENT");
}

static void test_two_and_a_cache(void **state)
{
	struct rig *r = *state;

	want_stores(r, "app", "cached");
	start(r, ARGS("await-signal", "--", "cat", CACHE "cached/" HASH "/file", "--", "list", "/run"));
	mount_data(CACHE "cached/" HASH);
	go_on(r, "list ok");
	rig_finish(r);
	assert_int_equal(umount2(CACHE "cached/" HASH, 0), 0);
	assert_int_equal(rmdir(CACHE "cached/" HASH), 0);
	assert_line(r, "users data");
	assert_int_equal(rig_count(r, "entry"), 2);
}

/* The host's tree, with what the compiler puts over /run. */
static void hosts_root(struct rig *r)
{
	r->spec.minimal_root = r->spec.private_tmp = false;
	r->spec.n_mounts = 0;
	r->spec.executable = "/usr/bin/env";
	rig_bind(r, r->probe, "/usr/bin/env", MOUNT_READ_ONLY);
}

/* Restrictions of all there is leave a store what it is. */
static void test_hosts_root(void **state)
{
	struct rig *r = *state;

	hosts_root(r);
	rig_tmpfs(r, "/run", MOUNT_READ_ONLY | MOUNT_NO_EXEC, 4096, 0755);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/", false);
	rig_restrict(r, RESTRICTION_NO_EXEC, "/run", false);
	want_stores(r, "app", NULL);
	start(r, ARGS("list", "/run/daemon-store", "--", "await-signal", "--", "cat", USERS "/file", "--",
			 "mkdir", USERS "/new", "--", "mkdir", "/run/new", "--", "await-signal", "--", "open",
			 USERS "/file"));
	assert_value(r, "entry", "app");
	mount_data(USERS);
	go_on(r, "mkdir ok\nmkdir EROFS\nwaiting");
	assert_line(r, "users data");
	assert_int_equal(umount2(USERS, 0), 0);
	go_on(r, "open ENOENT");
	rig_finish(r);
	assert_int_equal(rmdir(USERS), 0);
}

/* A payload that may mount, which the strongest of profiles lets it, does so for itself alone. */
static void mount_inside(struct rig *r, enum mount_propagation propagation)
{
	r->spec.propagation = propagation;
	r->spec.bounding = r->spec.ambient = CAPABILITY_BIT(CAP_SYS_ADMIN);
	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", 0);
	rig_mkdir(r, "data/sub", 0755);
	want_stores(r, "app", NULL);
	assert_int_equal(mkdir(USERS, 0755), 0);
	start(r, ARGS("mount", USERS, "--", "mount", "/data/sub", "--", "await-signal"));
	assert_string_equal(r->output, "mount ok\nmount ok\nwaiting\n");
	assert_true(mounted_inside(r, USERS));
	assert_false(mounted_outside(USERS));
	assert_false(mounted_outside(rig_format(r, "%s/data/sub", r->directory)));
	jail_kill(&r->jail);
	rig_finish(r);
	assert_int_equal(rmdir(USERS), 0);
}

static void test_nothing_goes_out_private(void **state)
{
	mount_inside(*state, PROPAGATION_PRIVATE);
}

static void test_nothing_goes_out_slave(void **state)
{
	mount_inside(*state, PROPAGATION_SLAVE);
}

static void test_nothing_goes_out_shared(void **state)
{
	mount_inside(*state, PROPAGATION_SHARED);
}

static const struct {
	const char *name;
	int error;
	const char *object;
} bad[] = {
	{ "missing", -ENOENT, "no such directory in /etc/daemon-store: missing" },
	{ "file", -ENOTDIR, "no such directory in /etc/daemon-store: file" },
	{ "link", -ELOOP, "no such directory in /etc/daemon-store: link" },
	{ "strange", -EACCES, "owns the directory in /etc/daemon-store: strange" },
	{ "empty", -ENOENT, "DaemonStore=: /run/daemon-store/empty" },
	{ "plain", -EINVAL, "no mount; bind it to itself and make that shared: /run/daemon-store/plain" },
	{ "private", -EINVAL, "not a shared mount outside" },
	{ "open", -EPERM, "only root may be able to write to /run/daemon-store/open" },
	{ "trap", -EPERM, "only root may be able to write to /run/daemon-store/trap" },
};

static void test_bad_stores(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		want_stores(r, "app", bad[i].name);
		/* one that was killed may take longer to end than the launcher waits */
		r->spec.id++;
		assert_int_equal(START(r, "see"), 0);
		(void)jail_go(&r->jail, &r->spec);
		assert_int_equal(rig_report(r), bad[i].error);
		assert_int_equal(r->error.stage, STAGE_MOUNTS);
		if (!strstr(r->error.object, bad[i].object))
			fail_msg("%s: %s", bad[i].name, r->error.object);
		jail_done(&r->context, &r->jail);
	}
}

static void test_templates_of_others(void **state)
{
	struct rig *r = *state;

	want_stores(r, "app", NULL);
	assert_int_equal(chmod("/etc/daemon-store", 0777), 0);
	rig_fail(r, STAGE_MOUNTS, -EPERM, "only root may be able to write to /etc/daemon-store");
	assert_int_equal(chmod("/etc/daemon-store", 0755), 0);
}

/* A group of the profile's is as good as its user. */
static void test_store_of_group(void **state)
{
	static const gid_t group = 4;
	struct rig *r = *state;

	r->spec.groups = &group;
	r->spec.n_groups = 1;
	want_stores(r, "grouped", NULL);
	RUN(r, "list", "/run/daemon-store");
	assert_value(r, "entry", "grouped");
}

/* Below the rig's directory: a shared mount with a directory to mount on, as most systems' are. */
static const char *shared_data(struct rig *r)
{
	const char *data = rig_mkdir(r, "shared", 0755);

	rig_mkdir(r, "shared/sub", 0755);
	assert_int_equal(mount(data, data, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, data, NULL, MS_SHARED, NULL), 0);
	return data;
}

/* Mounts below the shared directory while the jail runs. @inside: where it would be seen. */
static void expect_later(struct rig *r, const char *data, const char *inside, bool seen)
{
	const char *sub = rig_format(r, "%s/sub", data);

	start(r, ARGS("await-signal"));
	assert_int_equal(mount("tmpfs", sub, "tmpfs", 0, NULL), 0);
	assert_int_equal(mounted_inside(r, inside), seen);
	assert_int_equal(umount2(sub, 0), 0);
	assert_false(mounted_inside(r, inside));
	jail_kill(&r->jail);
	rig_finish(r);
	assert_int_equal(umount2(data, MNT_DETACH), 0);
}

static void test_slave_bind(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	r->spec.propagation = PROPAGATION_SLAVE;
	rig_bind(r, data, "/data", 0);
	expect_later(r, data, "/data/sub", true);
}

static void test_shared_bind(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	r->spec.propagation = PROPAGATION_SHARED;
	rig_bind(r, data, "/data", 0);
	expect_later(r, data, "/data/sub", true);
}

static void test_private_bind(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	want_stores(r, "app", NULL); /* which needs the namespace to be a slave's for a while */
	rig_bind(r, data, "/data", 0);
	expect_later(r, data, "/data/sub", false);
}

/* What is mounted later would be writable. */
static void test_read_only_bind(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	r->spec.propagation = PROPAGATION_SLAVE;
	rig_bind(r, data, "/data", MOUNT_READ_ONLY);
	expect_later(r, data, "/data/sub", false);
}

static void test_slave_root(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	hosts_root(r);
	r->spec.propagation = PROPAGATION_SLAVE;
	expect_later(r, data, rig_format(r, "%s/sub", data), true);
}

static void test_private_root(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	hosts_root(r);
	expect_later(r, data, rig_format(r, "%s/sub", data), false);
}

static void test_restricted_root(void **state)
{
	struct rig *r = *state;
	const char *data = shared_data(r);

	hosts_root(r);
	r->spec.propagation = PROPAGATION_SLAVE;
	rig_restrict(r, RESTRICTION_READ_ONLY, "/", false);
	expect_later(r, data, rig_format(r, "%s/sub", data), false);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text++;
	}
	return n;
}

/* What the words come to, for each mount inside. */
static void expect_kinds(struct rig *r, enum mount_propagation propagation, bool shared, bool slave)
{
	_cleanup_free_ char *text = NULL;
	const char *data = shared_data(r);

	r->spec.propagation = propagation;
	rig_bind(r, data, "/data", 0);
	start(r, ARGS("await-signal"));
	text = read_text(rig_format(r, "/proc/%d/mountinfo", r->jail.pid));
	jail_kill(&r->jail);
	rig_finish(r);
	assert_int_equal(umount2(data, MNT_DETACH), 0);
	assert_int_equal(count(text, " shared:"), shared ? count(text, "\n") : 0);
	assert_int_equal(count(text, " master:"), slave);
}

static void test_kinds_private(void **state)
{
	expect_kinds(*state, PROPAGATION_PRIVATE, false, false);
}

static void test_kinds_slave(void **state)
{
	expect_kinds(*state, PROPAGATION_SLAVE, false, true);
}

static void test_kinds_shared(void **state)
{
	expect_kinds(*state, PROPAGATION_SHARED, true, true);
}

static void test_no_namespace(void **state)
{
	struct rig *r = *state;

	r->spec.namespaces &= ~(uint32_t)(JAIL_NS_MOUNT | JAIL_NS_PID);
	r->spec.minimal_root = r->spec.private_tmp = r->spec.private_devices = r->spec.mount_proc = false;
	r->spec.n_mounts = 0;
	if (!r->cgroup)
		skip();
	want_stores(r, "app", NULL);
	rig_fail(r, STAGE_MOUNTS, -EINVAL, "needs a mount namespace: DaemonStore=");
}

/* In a process of its own, since a filter stays. Exits with 0 when the launch failed as it must. */
static noreturn void launch_on_old_kernel(struct rig *r, const struct filter_rule *rule, const char *object)
{
	int result;

	if (filter_apply(rule, 1, FILTER_PERMIT) < 0)
		_exit(2);
	result = START(r, "see");
	if (result >= 0) {
		(void)jail_go(&r->jail, &r->spec);
		result = rig_report(r);
	}
	jail_done(&r->context, &r->jail);
	rig_await_lingering(r);
	/* the jail's init takes some of the same, and may be faster */
	if (result >= 0 ||
		(!strstr(r->error.object, object) && !strstr(r->error.object, "init of the PID namespace"))) {
		(void)fprintf(stderr, "%d, stage %d: %s\n", result, (int)r->error.stage, r->error.object);
		_exit(1);
	}
	_exit(0);
}

/* A kernel that lacks what this takes: no launch without the store, or with one that stays empty. */
static void test_old_kernels(void **state)
{
	static const struct {
		struct filter_rule rule;
		enum mount_propagation propagation;
		bool store;
		const char *object;
	} rows[] = {
		{ FILTER_DENY(statx, ENOSYS), PROPAGATION_PRIVATE, true, "does not tell mounts apart" },
		{ FILTER_DENY(mount_setattr, ENOSYS), PROPAGATION_PRIVATE, true, "private propagation" },
		{ FILTER_DENY(mount_setattr, EINVAL), PROPAGATION_SLAVE, false, "private propagation" },
		{ FILTER_DENY(mount_setattr, ENOSYS), PROPAGATION_SHARED, false, "private propagation" },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int status;
		pid_t pid;

		r->spec.propagation = rows[i].propagation;
		want_stores(r, rows[i].store ? "app" : NULL, NULL);
		r->spec.id += 1000;
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			launch_on_old_kernel(r, &rows[i].rule, rows[i].object);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static int make(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	return mkdir(path, mode) < 0 || chmod(path, mode) < 0 ? -1 : chown(path, uid, gid);
}

static int make_shared(const char *path, unsigned long type)
{
	return make(path, 0755, 0, 0) < 0 || mount(path, path, NULL, MS_BIND, NULL) < 0
		       ? -1
		       : mount(NULL, path, NULL, type, NULL);
}

/* All templates but those that are missing, and stores in every state. */
static int make_stores(void)
{
	static const char *const mine[] = { "app", "cached", "empty", "plain", "private", "open", "trap" };
	char path[256];

	for (size_t i = 0; i < ELEMENTSOF(mine); i++) {
		(void)snprintf(path, sizeof(path), TEMPLATE "%s", mine[i]);
		if (make(path, 0700, RIG_UID, RIG_GID) < 0)
			return -1;
	}
	if (make(TEMPLATE "strange", 0700, 1, 1) < 0 || make(TEMPLATE "grouped", 0770, 0, 4) < 0 ||
		mknod(TEMPLATE "file", S_IFREG | 0600, 0) < 0 || symlink("app", TEMPLATE "link") < 0)
		return -1;
	if (make_shared(STORE "app", MS_SHARED) < 0 || make_shared(STORE "cached", MS_SHARED) < 0 ||
		make_shared(CACHE "cached", MS_SHARED) < 0 || make_shared(STORE "strange", MS_SHARED) < 0 ||
		make_shared(STORE "grouped", MS_SHARED) < 0 || make_shared(STORE "open", MS_SHARED) < 0 ||
		make_shared(STORE "trap", MS_SHARED) < 0 || make_shared(STORE "private", MS_PRIVATE) < 0)
		return -1;
	return make(STORE "plain", 0755, 0, 0) < 0 || chmod(STORE "open", 0777) < 0
		       ? -1
		       : chown(STORE "trap", RIG_UID, RIG_GID);
}

static int make_systems(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/etc", "tmpfs", 0, "mode=0755") < 0 ||
		mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	if (make("/etc/daemon-store", 0755, 0, 0) < 0 || make("/run/daemon-store", 0755, 0, 0) < 0)
		return -1;
	return make("/run/daemon-store-cache", 0755, 0, 0) < 0 ? -1 : make_stores();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_data_comes_and_goes),
		TEST(test_data_is_there),
		TEST(test_others_are_not_seen),
		TEST(test_without_the_key),
		TEST(test_two_and_a_cache),
		TEST(test_hosts_root),
		TEST(test_nothing_goes_out_private),
		TEST(test_nothing_goes_out_slave),
		TEST(test_nothing_goes_out_shared),
		TEST(test_bad_stores),
		TEST(test_templates_of_others),
		TEST(test_store_of_group),
		TEST(test_slave_bind),
		TEST(test_shared_bind),
		TEST(test_private_bind),
		TEST(test_read_only_bind),
		TEST(test_slave_root),
		TEST(test_private_root),
		TEST(test_restricted_root),
		TEST(test_kinds_private),
		TEST(test_kinds_slave),
		TEST(test_kinds_shared),
		TEST(test_no_namespace),
		TEST(test_old_kernels),
	};

	if (make_systems() < 0) {
		perror("making file systems to test with");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
