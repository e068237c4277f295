/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Mount namespaces made ahead: what is in them is what building would come to now, or they are not used; what
 * is written to is each jail's own; and jails for which there can be none are built. Rows J4, J12, J27 and
 * J28 of the threat model. */

#include "base/fd.h"
#include "harness.h"
#include "jail/template.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC  30000
#define IMPATIENT_USEC 51000 /* after that a template is made without a silence */

static void have_template(struct rig *r)
{
	assert_false(rig_has_template(r));
	assert_true(rig_make_template(r));
	assert_true(rig_has_template(r));
}

static void replace(struct rig *r, const char *name, const char *by)
{
	assert_int_equal(
		rename(rig_format(r, "%s/%s", r->directory, by), rig_format(r, "%s/%s", r->directory, name)),
		0);
}

static void test_used(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/deep/down/data", MOUNT_READ_ONLY);
	rig_file(r, "data/file", "content\n", 0444);
	have_template(r);
	RUN(r, "cat", "/deep/down/data/file", "--", "mkdir", "/new", "--", "mkdir", "/dev/new", "--", "mkdir",
		"/tmp/new", "--", "remount", "/deep/down/data", "--", "list", "/proc/self/task");
	assert_line(r, "content");
	assert_int_equal(rig_count(r, "mkdir"), 3);
	assert_line(r, "mkdir EROFS");
	assert_line(r, "mkdir ok");
	assert_value(r, "remount", "EPERM");
	assert_value(r, "entry", "2");
	assert_true(rig_has_template(r));
}

/* Of another profile with the same sources and places, what may be done there is its own. */
static void test_attributes_of_each_profile(void **state)
{
	struct rig *r = *state;
	const char *data = rig_mkdir(r, "data", 0755);

	assert_int_equal(chmod(data, 0777), 0);
	rig_bind(r, data, "/data", 0);
	have_template(r);
	r->mounts[r->spec.n_mounts - 1].flags = MOUNT_READ_ONLY;
	RUN(r, "mkdir", "/data/new");
	assert_value(r, "mkdir", "EROFS");
}

/* The launcher's umask is its own. */
static void test_modes(void **state)
{
	struct rig *r = *state;
	const mode_t old = umask(0777);

	rig_bind(r, rig_file(r, "file", "content\n", 0), "/deep/down/file", MOUNT_READ_ONLY);
	assert_int_equal(chmod(rig_format(r, "%s/file", r->directory), 0444), 0);
	have_template(r);
	(void)umask(old);
	RUN(r, "cat", "/deep/down/file", "--", "list", "/", "--", "list", "/deep", "--", "open", "/dev/null");
	assert_line(r, "content");
	assert_line(r, "entry deep");
	assert_line(r, "entry down");
	assert_value(r, "open", "ok");
}

/* What one has written no other sees. */
static void test_fresh_for_each(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/scratch", 0, 0, 01777);
	have_template(r);
	rig_launch(r,
		ARGS("mkdir", "/tmp/left", "--", "mkdir", "/dev/shm/left", "--", "mkdir", "/scratch/left"));
	rig_finish(r);
	assert_true(rig_has_template(r));
	RUN(r, "list", "/tmp", "--", "list", "/dev/shm", "--", "list", "/scratch");
	assert_int_equal(rig_count(r, "mkdir"), 3);
	assert_value(r, "mkdir", "ok");
	assert_int_equal(rig_count(r, "entry"), 0);
}

/* Of two that live at a time, too, and neither is in the template itself. */
static void test_two_at_a_time(void **state)
{
	struct rig *r = *state;
	struct jail first;

	have_template(r);
	rig_launch(r, ARGS("mkdir", "/tmp/left", "--", "sleep", "100"));
	first = r->jail;
	r->jail = JAIL_NULL;
	r->spec.id += 1000;
	rig_read(r, "mkdir ok");
	r->output_end = -1;
	assert_true(rig_has_template(r));
	jail_done(&r->context, &first);
}

static void test_source_exchanged(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_mkdir(r, "other", 0755);
	rig_file(r, "other/new", "", 0444);
	have_template(r);
	replace(r, "data", "other");
	RUN(r, "list", "/data");
	assert_value(r, "entry", "new");
	/* the launch has told, and the next one has it made anew: after a silence, or where there is none */
	assert_false(rig_has_template(r));
	assert_in_range(jail_templates_wait(&r->context), 0, 3);
	(void)usleep(IMPATIENT_USEC);
	assert_int_equal(jail_templates_wait(&r->context), 0);
}

static void test_file_exchanged(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "file", "old\n", 0444), "/etc/config", MOUNT_READ_ONLY);
	rig_file(r, "other", "new\n", 0444);
	have_template(r);
	replace(r, "file", "other");
	RUN(r, "cat", "/etc/config");
	assert_line(r, "new");
	assert_false(rig_has_line(r, "old"));
}

/* The content is not the template's. */
static void test_content_changed(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_file(r, "file", "old\n", 0444), "/etc/config", MOUNT_READ_ONLY);
	have_template(r);
	rig_file(r, "file", "new\n", 0444);
	RUN(r, "cat", "/etc/config");
	assert_line(r, "new");
	assert_true(rig_has_template(r));
}

static void test_appeared(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_format(r, "%s/data", r->directory), "/data", MOUNT_READ_ONLY | MOUNT_OPTIONAL);
	have_template(r);
	rig_mkdir(r, "data", 0755);
	rig_file(r, "data/new", "", 0444);
	RUN(r, "list", "/data");
	assert_value(r, "entry", "new");
}

static void test_vanished(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755);

	rig_bind(r, directory, "/data", MOUNT_READ_ONLY | MOUNT_OPTIONAL);
	have_template(r);
	assert_int_equal(rmdir(directory), 0);
	RUN(r, "list", "/data", "--", "list", "/tmp");
	assert_value(r, "list", "ENOENT");
}

static void test_must_be_there(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755);

	rig_bind(r, directory, "/data", MOUNT_READ_ONLY);
	have_template(r);
	assert_int_equal(rmdir(directory), 0);
	rig_fail(r, STAGE_MOUNTS, -ENOENT, "/data");
}

/* The same object, by way of a link that is not root's: refused, as without a template. */
static void test_link_on_the_way(void **state)
{
	struct rig *r = *state;
	const char *above = rig_mkdir(r, "above", 0755), *data = rig_mkdir(r, "above/data", 0755);

	rig_bind(r, data, "/data", MOUNT_READ_ONLY);
	have_template(r);
	assert_int_equal(rename(above, rig_format(r, "%s/moved", r->directory)), 0);
	assert_int_equal(symlink("moved", above), 0);
	assert_int_equal(lchown(above, RIG_UID, RIG_GID), 0);
	rig_fail(r, STAGE_MOUNTS, -ELOOP, "/data");
}

/* All that is mounted has all of them made anew: here over a source, which is the same directory still. */
static void test_mounted_over(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755);

	rig_bind(r, directory, "/data", MOUNT_READ_ONLY);
	have_template(r);
	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, NULL), 0);
	assert_false(rig_has_template(r));
	rig_file(r, "data/above", "", 0444);
	RUN(r, "list", "/data");
	assert_value(r, "entry", "above");
	assert_int_equal(umount(directory), 0);
}

static void test_mounted_below(void **state)
{
	struct rig *r = *state;
	const char *below;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	below = rig_mkdir(r, "data/below", 0755);
	have_template(r);
	assert_int_equal(mount("tmpfs", below, "tmpfs", 0, NULL), 0);
	rig_file(r, "data/below/above", "", 0444);
	RUN(r, "list", "/data/below");
	assert_value(r, "entry", "above");
	assert_int_equal(umount(below), 0);
}

static void test_mounted_otherwise(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 01777);

	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, NULL), 0);
	rig_bind(r, directory, "/data", 0);
	have_template(r);
	assert_int_equal(mount(NULL, directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	RUN(r, "mkdir", "/data/new");
	assert_value(r, "mkdir", "EROFS");
	assert_int_equal(umount(directory), 0);
}

/* Without a launch in between. */
static void test_unmounted(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };
	const char *directory = rig_mkdir(r, "data", 0755);

	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, NULL), 0);
	rig_bind(r, directory, "/data", MOUNT_READ_ONLY);
	have_template(r);
	p.fd = jail_templates_make(&r->context); /* nothing more to make */
	assert_true(p.fd >= 0);
	assert_int_equal(umount(directory), 0);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	jail_templates_event(&r->context);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(jail_templates_wait(&r->context), -1);
	assert_false(rig_has_template(r));
}

/* Who made one while the mounts changed made it of mounts that are gone. */
static void test_changed_meanwhile(void **state)
{
	struct rig *r = *state;
	const char *directory = rig_mkdir(r, "data", 0755);
	struct pollfd p = { .events = POLLIN };

	rig_bind(r, directory, "/data", MOUNT_READ_ONLY);
	assert_false(rig_has_template(r));
	p.fd = jail_templates_make(&r->context);
	assert_true(p.fd >= 0);
	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, NULL), 0);
	while (templates_busy(&r->context)) {
		assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
		jail_templates_event(&r->context);
	}
	assert_false(rig_has_template(r));
	assert_int_equal(umount(directory), 0);
}

/* One that launches use outlives reloads, for them; one that none has used since the one before goes. */
static void test_reloads(void **state)
{
	struct rig *r = *state;

	have_template(r);
	for (int i = 0; i < 3; i++) {
		jail_templates_reload(&r->context);
		assert_true(rig_has_template(r));
	}
	jail_templates_reload(&r->context);
	jail_templates_reload(&r->context);
	assert_false(rig_has_template(r));
	/* which asks for another: that is made although there is a reload before */
	jail_templates_reload(&r->context);
	assert_true(jail_templates_wait(&r->context) >= 0);
	assert_true(rig_make_template(r));
	RUN(r, "list", "/tmp");
}

/* One that is being made at a reload. */
static void test_reload_meanwhile(void **state)
{
	struct pollfd p = { .events = POLLIN };
	struct rig *r = *state;

	assert_false(rig_has_template(r));
	p.fd = jail_templates_make(&r->context);
	assert_true(p.fd >= 0);
	jail_templates_reload(&r->context);
	while (templates_busy(&r->context)) {
		assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
		jail_templates_event(&r->context);
	}
	assert_true(rig_has_template(r));
	RUN(r, "list", "/tmp");
}

/* Whatever a reload changes in the mounts of a profile, they are others then. */
static void test_changed_mounts(void **state)
{
	struct rig *r = *state;
	const struct compiled_mount before = { .source = (char *)(uintptr_t)rig_mkdir(r, "one", 0755),
		.target = (char[]){ "/data" },
		.mode = 0755 };
	const struct compiled_mount changes[] = {
		{ .source = (char *)(uintptr_t)rig_mkdir(r, "two", 0755),
			.target = before.target,
			.mode = 0755 },
		{ .source = before.source, .target = (char[]){ "/elsewhere" }, .mode = 0755 },
		{ .source = before.source, .target = before.target, .mode = 0755, .flags = MOUNT_READ_ONLY },
		{ .source = before.source, .target = before.target, .mode = 0755, .flags = MOUNT_NO_EXEC },
		{ .source = before.source, .target = before.target, .mode = 0755, .flags = MOUNT_OPTIONAL },
		{ .source = before.source,
			.target = before.target,
			.mode = 0755,
			.flags = MOUNT_NON_RECURSIVE },
		{ .source = (char[]){ "" }, .target = before.target, .mode = 0755, .type = MOUNT_TMPFS },
		{ .source = (char[]){ "" }, .target = before.target, .mode = 0700, .type = MOUNT_TMPFS },
		{ .source = (char[]){ "" },
			.target = before.target,
			.mode = 0700,
			.type = MOUNT_TMPFS,
			.size = 65536 },
		{ .source = (char[]){ "" },
			.target = before.target,
			.mode = 0700,
			.type = MOUNT_TMPFS,
			.inodes = 10 },
	};
	struct compiled_mount *mount;

	rig_bind(r, before.source, before.target, 0);
	mount = &r->mounts[r->spec.n_mounts - 1];
	have_template(r);
	for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
		*mount = changes[i];
		assert_false(rig_has_template(r));
	}
	r->spec.n_mounts--;
	assert_false(rig_has_template(r));
	r->spec.n_mounts++;
	*mount = before;
	assert_true(rig_has_template(r));
}

/* One that was killed and does not end at once stays nobody's zombie. */
static void test_abandoned(void **state)
{
	struct rig *r = *state;
	siginfo_t si = { 0 };
	pid_t tracer;
	int fd, status;

	assert_false(rig_has_template(r));
	tracer = rig_begin_trace(&fd);
	assert_true(jail_templates_make(&r->context) >= 0);
	jail_templates_abandon(&r->context);
	assert_true(templates_busy(&r->context));
	assert_true(jail_collect(&r->context));
	assert_int_equal(jail_templates_wait(&r->context), -1);
	(void)close(fd);
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_int_equal(status, 0);
	rig_await_lingering(r);
	assert_false(templates_busy(&r->context));
	assert_int_equal(waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT), -1);
	assert_int_equal(errno, ECHILD);
	have_template(r);
}

/* With the capability for mounts a payload could write to what others see. */
static void test_capability(void **state)
{
	struct rig *r = *state;

	r->spec.bounding = UINT64_C(1) << CAP_SYS_ADMIN;
	assert_false(rig_make_template(r));
	r->spec.ambient = r->spec.bounding;
	assert_false(rig_make_template(r));
	r->spec.ambient = r->spec.bounding = UINT64_C(1) << CAP_SYS_CHROOT;
	assert_true(rig_make_template(r));
}

static void test_of_each_launch(void **state)
{
	struct rig *r = *state;
	struct jail_spec spec = r->spec;

	r->spec.pty.wanted = true;
	assert_false(rig_make_template(r));
	r->spec = spec;
	r->spec.notify = true;
	assert_false(rig_make_template(r));
	r->spec = spec;
	r->spec.minimal_root = false;
	assert_false(rig_make_template(r));
	r->spec = spec;
	r->spec.propagation = PROPAGATION_SLAVE;
	assert_false(rig_make_template(r));
	r->spec = spec;
	assert_int_equal(jail_templates_wait(&r->context), -1);
	rig_bind(r, rig_mkdir(r, "mapped", 0755), "/mapped", MOUNT_IDMAP);
	assert_false(rig_make_template(r));
}

/* What lies in a file system of each launch's own, or would have to be moved. */
static void test_in_the_way(void **state)
{
	struct rig *r = *state;
	size_t n = r->spec.n_mounts;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/tmp/data", MOUNT_READ_ONLY);
	assert_false(rig_make_template(r));
	r->spec.n_mounts = n;
	assert_true(rig_make_template(r));
	rig_restrict(r, RESTRICTION_READ_ONLY, "/", false);
	assert_false(rig_make_template(r));
	r->restrictions[0].type = RESTRICTION_NO_EXEC;
	assert_true(rig_make_template(r));
}

/* A mount point that is somebody else's could be taken away with the mount. That is remembered. */
static void test_foreign_mount_point(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_mkdir(r, "data/point", 0755);
	rig_bind(r, rig_mkdir(r, "over", 0755), "/data/point", MOUNT_READ_ONLY);
	rig_file(r, "over/file", "", 0444);
	assert_false(rig_make_template(r));
	assert_int_equal(jail_templates_wait(&r->context), -1);
	RUN(r, "list", "/data/point");
	assert_value(r, "entry", "file");
	/* until a reload, which whoever has mended it asks for */
	jail_templates_reload(&r->context);
	assert_false(rig_has_template(r));
	assert_true(jail_templates_wait(&r->context) >= 0);
}

static void test_restrictions(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 01777), "/data", 0);
	rig_file(r, "data/secret", "secret\n", 0444);
	rig_mkdir(r, "data/fixed", 01777);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/data/fixed", false);
	rig_restrict(r, RESTRICTION_NO_EXEC, "/data", false);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/secret", false);
	have_template(r);
	RUN(r, "mkdir", "/data/fixed/new", "--", "open", "/data/secret", "--", "mkdir", "/data/new");
	assert_int_equal(rig_count(r, "mkdir"), 2);
	assert_line(r, "mkdir EROFS");
	assert_line(r, "mkdir ok");
	assert_value(r, "open", "EACCES");
	/* they were not put into what others get */
	r->spec.n_restrictions = 0;
	assert_true(rig_has_template(r));
}

static struct landlock_rule rule(enum path_access access, const char *path)
{
	return (struct landlock_rule){ .access = access, .path = (char *)(uintptr_t)path };
}

/* What a rule's path leads to is what it leads to when the jail is made, not the template. */
static void test_rules_of_each_launch(void **state)
{
	struct rig *r = *state;
	struct landlock_rule rules[] = { rule(PATH_READ_EXECUTE, RIG_PROBE), rule(PATH_READ_ONLY, "/data/in"),
		rule(PATH_READ_ONLY, "/deep/other"), rule(PATH_READ_WRITE, "/tmp") };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_mkdir(r, "data/in", 0755);
	rig_file(r, "data/in/file", "", 0444);
	rig_mkdir(r, "data/later", 0755);
	rig_file(r, "data/later/file", "", 0444);
	rig_bind(r, rig_mkdir(r, "other", 0755), "/deep/other", MOUNT_READ_ONLY);
	rig_file(r, "other/file", "", 0444);
	r->spec.landlock = &landlock;
	have_template(r);
	replace(r, "data/out", "data/in");
	replace(r, "data/in", "data/later");
	RUN(r, "open", "/data/in/file", "--", "open", "/data/out/file", "--", "open", "/deep/other/file",
		"--", "mkdir", "/tmp/new", "--", "open", "/dev/null");
	assert_string_equal(r->output, "open ok\nopen EACCES\nopen ok\nmkdir ok\nopen EACCES\n");
	assert_true(rig_has_template(r));
}

/* Of another profile with the same mounts, the rules are its own. */
static void test_rules_of_each_profile(void **state)
{
	struct rig *r = *state;
	struct landlock_rule rules[] = { rule(PATH_READ_EXECUTE, RIG_PROBE), rule(PATH_READ_ONLY, "/one") };
	struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};

	rig_bind(r, rig_mkdir(r, "one", 0755), "/one", MOUNT_READ_ONLY);
	rig_file(r, "one/file", "", 0444);
	rig_bind(r, rig_mkdir(r, "two", 0755), "/two", MOUNT_READ_ONLY);
	rig_file(r, "two/file", "", 0444);
	r->spec.landlock = &landlock;
	have_template(r);
	rules[1] = rule(PATH_READ_ONLY, "/two");
	RUN(r, "open", "/one/file", "--", "open", "/two/file");
	assert_string_equal(r->output, "open EACCES\nopen ok\n");
	assert_true(rig_has_template(r));
}

/* A path that is made inaccessible leads to nothing, and a rule for it lets nobody to what was there. */
static void test_rule_of_inaccessible(void **state)
{
	struct rig *r = *state;
	struct landlock_rule rules[] = { rule(PATH_READ_EXECUTE, RIG_PROBE), rule(PATH_READ_ONLY, "/data") };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	const char *source = rig_mkdir(r, "data", 0755);

	rig_file(r, "data/file", "", 0444);
	rig_bind(r, source, "/data", MOUNT_READ_ONLY);
	rig_bind(r, source, "/same", MOUNT_READ_ONLY);
	r->spec.landlock = &landlock;
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data", false);
	have_template(r);
	RUN(r, "open", "/same/file");
	assert_string_equal(r->output, "open EACCES\n");
}

/* There is a bound, and the one that was used longest ago makes room. */
static void test_many(void **state)
{
	struct rig *r = *state;
	size_t n = r->spec.n_mounts;
	const char *first, *target;

	first = target = rig_format(r, "/mount-0");
	for (int i = 0; i <= JAIL_TEMPLATES_MAX; i++) {
		r->spec.n_mounts = n;
		rig_tmpfs(r, target, 0, 0, 0755);
		assert_true(rig_make_template(r));
		target = rig_format(r, "/mount-%d", i + 1);
	}
	assert_true(rig_has_template(r));
	r->spec.n_mounts = n;
	rig_tmpfs(r, first, 0, 0, 0755);
	assert_false(rig_has_template(r));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_used),
		TEST(test_attributes_of_each_profile),
		TEST(test_modes),
		TEST(test_fresh_for_each),
		TEST(test_two_at_a_time),
		TEST(test_source_exchanged),
		TEST(test_file_exchanged),
		TEST(test_content_changed),
		TEST(test_appeared),
		TEST(test_vanished),
		TEST(test_must_be_there),
		TEST(test_link_on_the_way),
		TEST(test_mounted_over),
		TEST(test_mounted_below),
		TEST(test_mounted_otherwise),
		TEST(test_unmounted),
		TEST(test_changed_meanwhile),
		TEST(test_reloads),
		TEST(test_reload_meanwhile),
		TEST(test_changed_mounts),
		TEST(test_abandoned),
		TEST(test_capability),
		TEST(test_of_each_launch),
		TEST(test_in_the_way),
		TEST(test_foreign_mount_point),
		TEST(test_restrictions),
		TEST(test_rules_of_each_launch),
		TEST(test_rules_of_each_profile),
		TEST(test_rule_of_inaccessible),
		TEST(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
