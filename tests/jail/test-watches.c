/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is watched of mounts made ahead: no more than is needed, at any time, for all templates; and where the
 * kernel does not tell everything, or more than is read, launches look. Rows J4, J28 and Q1 of the threat
 * model. */

#include "base/fd.h"
#include "base/parse.h"
#include "jail/steps.h"
#include "jail/template.h"
#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000
#define RACES         60

/* Of two in the same directory one goes, with what it alone has watched. */
static void test_shared(void **state)
{
	struct rig *r = *state;
	size_t one, base;

	sources_begin(r);
	r->spec.n_mounts--;
	sources_template(r);
	base = sources_watches();
	sources_drop(r);
	assert_int_equal(sources_watches(), 0);
	r->spec.n_mounts++;
	sources_template(r);
	one = sources_watches();
	assert_true(one > base);
	/* more names, not more directories */
	rig_file(r, "above/file", "", 0444);
	rig_bind(r, sources_path(r, "above/file"), "/file", MOUNT_READ_ONLY);
	sources_template(r);
	assert_int_equal(sources_watches(), one);
	/* none has used the first one since */
	jail_templates_reload(&r->context);
	assert_int_equal(rig_looks(r), 0);
	jail_templates_reload(&r->context);
	r->spec.n_mounts--;
	assert_false(rig_has_template(r));
	r->spec.n_mounts++;
	assert_int_equal(sources_watches(), one);
	assert_int_equal(rig_looks(r), 0);
	sources_move(r, "above/data", "aside");
	sources_refused(r, -ENOENT, "/data");
	sources_drop(r);
	assert_int_equal(sources_watches(), 0);
}

/* What happens while one launch reads it is told to those of other templates. */
static void test_told_to_all(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	rig_file(r, "more", "", 0444);
	rig_bind(r, sources_path(r, "more"), "/more", MOUNT_READ_ONLY);
	sources_template(r);
	sources_move(r, "above", "aside");
	sources_move(r, "other", "above");
	assert_true(rig_looks(r) > 0);
	r->spec.n_mounts--;
	sources_expect(r, "new\n");
}

/* Of one that is not wanted any more when it is ready nothing is watched. */
static void test_abandoned(void **state)
{
	struct rig *r = *state;
	struct pollfd p = { .events = POLLIN };

	sources_begin(r);
	assert_false(rig_has_template(r));
	p.fd = jail_templates_make(&r->context);
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	sources_drop(r);
	assert_true(sources_watches() > 0);
	jail_templates_event(&r->context);
	assert_false(templates_busy(&r->context));
	assert_int_equal(sources_watches(), 0);
	assert_false(rig_has_template(r));
	p.fd = jail_templates_make(&r->context);
	assert_int_equal(poll(&p, 1, PATIENCE_MSEC), 1);
	jail_templates_abandon(&r->context);
	rig_await_lingering(r);
	assert_int_equal(sources_watches(), 0);
	sources_template(r);
}

/* What is found is watched, and nothing else. */
static void expect_watched(struct rig *r)
{
	if (!rig_has_template(r) || rig_looks(r) > 0)
		return;
	sources_move(r, "above/data", "above/aside");
	sources_move(r, "above/aside", "above/data");
	assert_true(rig_looks(r) > 0);
}

/* At any time while it is made: what it is made of must not be taken for what is there. */
static void test_exchanged_meanwhile(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	for (int i = 0; i < RACES; i++) {
		sources_drop(r);
		assert_false(rig_has_template(r));
		assert_true(jail_templates_make(&r->context) >= 0);
		(void)usleep((useconds_t)i * 2500 / RACES);
		sources_exchange(r);
		sources_silence(r);
		sources_expect(r, i % 2 == 0 ? "new\n" : "old\n");
		expect_watched(r);
	}
}

/* The same, and a launch that has another template hears of it first. */
static void test_told_meanwhile(void **state)
{
	struct rig *r = *state;
	struct compiled_mount *mount, own, another;

	sources_begin(r);
	mount = &r->mounts[r->spec.n_mounts - 1];
	own = another = *mount;
	another.source = (char *)(uintptr_t)sources_path(r, "other/data");
	for (int i = 0; i < RACES; i++) {
		sources_drop(r);
		*mount = another;
		sources_template(r);
		*mount = own;
		assert_false(rig_has_template(r));
		assert_true(jail_templates_make(&r->context) >= 0);
		(void)usleep((useconds_t)i * 2500 / RACES);
		sources_exchange(r);
		*mount = another;
		assert_true(rig_looks(r) > 0);
		*mount = own;
		sources_silence(r);
		sources_expect(r, i % 2 == 0 ? "new\n" : "old\n");
	}
}

/* Nobody has looked since. */
static void test_exchanged_before_watched_anew(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	sources_exchange(r);
	(void)usleep(ANEW_USEC);
	assert_true(rig_looks(r) > 0);
	sources_silence(r);
	sources_expect(r, "new\n");
}

static void flood(struct rig *r, int n)
{
	for (int i = 0; i < n; i++) {
		const char *path = rig_format(r, "%s/above/flood-%d", r->directory, i);

		assert_int_equal(sources_make_file(path), 0);
		assert_int_equal(unlink(path), 0);
	}
}

/* What does not fit into one read: launches look, until all has been read. */
static void test_many_strangers(void **state)
{
	struct rig *r = *state;
	int n = 1;

	sources_begin(r);
	sources_template(r);
	flood(r, 400);
	assert_true(rig_looks(r) > 0);
	while (rig_looks(r) > 0)
		assert_true(n++ < 10);
	assert_int_equal(jail_templates_wait(&r->context), -1);
	/* behind as many */
	flood(r, 400);
	sources_move(r, "above", "aside");
	sources_move(r, "other", "above");
	sources_expect(r, "new\n");
}

/* How many events the kernel keeps. */
static int events_kept(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/fs/inotify/max_queued_events", O_RDONLY | O_CLOEXEC), n = 0;

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	text[strcspn(text, "\n")] = '\0';
	assert_int_equal(parse_int(text, 1, INT_MAX, &n), 0);
	return n;
}

/* More than that: what it has dropped may have been anything. */
static void test_overflow(void **state)
{
	struct rig *r = *state;
	const int kept = events_kept();

	sources_begin(r);
	sources_template(r);
	flood(r, kept);
	sources_exchange(r);
	/* as many launches of another profile */
	for (int i = 0; i < kept / 100; i++)
		(void)rig_looks(r);
	assert_true(rig_looks(r) > 0);
	sources_expect(r, "new\n");
	sources_template(r);
	flood(r, kept);
	for (int i = 0; i < kept / 100; i++)
		(void)rig_looks(r);
	sources_settle(r);
}

/* Nothing is told of what is on other file systems, and launches look there, alone. */
static void test_other_file_systems(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	rig_bind(r, "/proc/sys/kernel", "/kernel", MOUNT_READ_ONLY);
	assert_true(rig_make_template(r));
	assert_int_equal(rig_looks(r), 1);
	sources_renew_output(r);
	RUN(r, "cat", "/data/file");
	assert_int_equal(rig_looks(r), 1);
	sources_move(r, "above", "aside");
	sources_move(r, "other", "above");
	sources_expect(r, "new\n");
}

/* More names on the way than there is room for: launches look. */
static void test_deep(void **state)
{
	struct rig *r = *state;
	char path[4 * TEMPLATE_WATCHES_MAX] = "deep";

	sources_begin(r);
	rig_mkdir(r, path, 0755);
	for (size_t i = 0; i < TEMPLATE_WATCHES_MAX; i++) {
		(void)memcpy(path + strlen(path), "/d", sizeof("/d"));
		rig_mkdir(r, path, 0755);
	}
	rig_bind(r, sources_path(r, path), "/deep", MOUNT_READ_ONLY);
	assert_true(rig_make_template(r));
	assert_true(rig_looks(r) > 0);
	assert_true(sources_watches() <= TEMPLATE_WATCHES_MAX);
	sources_expect(r, "old\n");
}

static void test_overlay(void **state)
{
	struct rig *r = *state;
	const char *merged = rig_mkdir(r, "merged", 0755), *layers = rig_mkdir(r, "layers", 0755);

	sources_begin(r);
	assert_int_equal(mount("tmpfs", layers, "tmpfs", 0, NULL), 0);
	rig_mkdir(r, "layers/work", 0755);
	rig_mkdir(r, "layers/upper", 0755);
	if (mount("overlay", merged, "overlay", 0,
		    rig_format(r, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", sources_path(r, "above"),
			    layers, layers)) < 0) {
		assert_int_equal(errno, ENODEV);
		assert_int_equal(umount(layers), 0);
		skip();
	}
	r->spec.n_mounts--;
	rig_bind(r, sources_path(r, "merged/data"), "/data", MOUNT_READ_ONLY);
	assert_true(rig_make_template(r));
	assert_int_equal(rig_looks(r), 1);
	/* the mount point itself, too: who knows what becomes of it */
	r->spec.n_mounts--;
	rig_bind(r, merged, "/data", MOUNT_READ_ONLY);
	assert_true(rig_make_template(r));
	assert_int_equal(rig_looks(r), 1);
	assert_int_equal(umount(merged), 0);
	assert_int_equal(umount(layers), 0);
}

/* What fails from one launch to the other, in another way each time; and where nothing can be watched. */
static void test_without(void **state)
{
	struct rig *r = *state;
	const int others[] = { r->context.null_fd, r->context.proc_fd };
	int fd = sources_inotify(), own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	sources_begin(r);
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		sources_drop(r);
		assert_int_equal(dup3(own, fd, O_CLOEXEC), fd);
		sources_template(r);
		assert_int_equal(dup3(others[i], fd, O_CLOEXEC), fd);
		assert_true(rig_looks(r) > 0);
		sources_exchange(r);
		sources_expect(r, i % 2 == 0 ? "new\n" : "old\n");
		assert_true(rig_make_template(r));
		assert_true(rig_looks(r) > 0);
		sources_expect(r, i % 2 == 0 ? "new\n" : "old\n");
		sources_exchange(r);
		sources_expect(r, i % 2 == 0 ? "old\n" : "new\n");
		sources_exchange(r);
	}
	(void)close(own);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shared),
		TEST(test_told_to_all),
		TEST(test_abandoned),
		TEST(test_exchanged_meanwhile),
		TEST(test_told_meanwhile),
		TEST(test_exchanged_before_watched_anew),
		TEST(test_many_strangers),
		TEST(test_overflow),
		TEST(test_other_file_systems),
		TEST(test_deep),
		TEST(test_overlay),
		TEST(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
