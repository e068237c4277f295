/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sources of mounts made ahead that are watched: whatever a look at them by name would notice is told, and
 * what has other names is not taken for them. Rows J4, J27 and J28 of the threat model. */

#include "base/fd.h"
#include "base/io.h"
#include "jail/steps.h"
#include "jail/template.h"
#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_nothing_told(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	sources_expect(r, "old\n");
	assert_int_equal(rig_looks(r), 0);
	/* beside it, in it, below it */
	rig_file(r, "above/stranger", "", 0600);
	sources_move(r, "above/stranger", "above/moved");
	assert_int_equal(chmod(sources_path(r, "above/moved"), 0640), 0);
	assert_int_equal(unlink(sources_path(r, "above/moved")), 0);
	rig_mkdir(r, "above/dat", 0755);
	rig_mkdir(r, "above/data2", 0755);
	sources_move(r, "above/data2", "above/dat");
	rig_file(r, "above/data/file", "newer\n", 0444);
	rig_mkdir(r, "above/data/data", 0755);
	assert_int_equal(rig_looks(r), 0);
	sources_expect(r, "newer\n");
	assert_int_equal(rig_looks(r), 0);
}

/* Whatever happens to a name on the way. The launch has to find it by itself. */
static void test_exchanged(void **state)
{
	static const struct {
		const char *from, *to, *aside;
	} ways[] = {
		{ "other/data", "above/data", "above/aside" },
		{ "other/data", "above/data", "elsewhere" },
		{ "other", "above", "aside" },
	};

	for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
		struct rig *r = *state;

		if (i == 0)
			sources_begin(r);
		sources_template(r);
		sources_move(r, ways[i].to, ways[i].aside);
		sources_move(r, ways[i].from, ways[i].to);
		sources_expect(r, "new\n");
		assert_false(rig_has_template(r));
		sources_move(r, ways[i].to, ways[i].from);
		sources_move(r, ways[i].aside, ways[i].to);
	}
}

static void test_exchanged_at_once(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	sources_exchange(r);
	sources_expect(r, "new\n");
	sources_template(r);
	sources_expect(r, "new\n");
}

/* Each kind of event by itself: nothing else happens that could be told. */
static void test_moved_away(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	sources_move(r, "above/data", "away");
	sources_refused(r, -ENOENT, "/data");
}

static void test_moved_over(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	assert_int_equal(unlink(sources_path(r, "above/data/file")), 0);
	sources_template(r);
	sources_move(r, "other/data", "above/data");
	sources_expect(r, "new\n");
}

static void test_moved_in(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_move(r, "above/data", "away");
	r->mounts[r->spec.n_mounts - 1].flags |= MOUNT_OPTIONAL;
	sources_template(r);
	sources_renew_output(r);
	RUN(r, "list", "/data");
	assert_value(r, "list", "ENOENT");
	sources_move(r, "away", "above/data");
	sources_expect(r, "old\n");
}

static void test_removed(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	assert_int_equal(unlink(sources_path(r, "above/data/file")), 0);
	sources_template(r);
	assert_int_equal(rmdir(sources_path(r, "above/data")), 0);
	sources_refused(r, -ENOENT, "/data");
}

static int make_directory(const char *path)
{
	return mkdir(path, 0755);
}

static int make_node(const char *path)
{
	return mknod(path, S_IFIFO | 0644, 0);
}

static int make_link(const char *path)
{
	return symlink("/usr", path);
}

/* A source, or something above it, that did not exist. */
static void test_made(void **state)
{
	static int (*const makers[])(
		const char *) = { make_directory, sources_make_file, make_node, make_link };
	struct rig *r = *state;

	sources_begin(r);
	rig_bind(r, sources_path(r, "none"), "/none", MOUNT_READ_ONLY | MOUNT_OPTIONAL);
	rig_bind(r, sources_path(r, "no/ne"), "/none2", MOUNT_READ_ONLY | MOUNT_OPTIONAL);
	for (size_t i = 0; i < ELEMENTSOF(makers); i++) {
		sources_drop(r);
		sources_template(r);
		assert_int_equal(makers[i](sources_path(r, "none")), 0);
		assert_true(rig_looks(r) > 0);
		assert_int_equal(remove(sources_path(r, "none")), 0);
	}
	sources_drop(r);
	sources_template(r);
	assert_int_equal(link(sources_path(r, "above/data/file"), sources_path(r, "none")), 0);
	sources_renew_output(r);
	RUN(r, "cat", "/none");
	assert_line(r, "old");
	sources_template(r);
	rig_mkdir(r, "no", 0755);
	assert_true(rig_looks(r) > 0);
	sources_drop(r);
	sources_template(r);
	rig_mkdir(r, "no/ne", 0755);
	rig_file(r, "no/ne/file", "", 0444);
	sources_renew_output(r);
	RUN(r, "list", "/none2");
	assert_value(r, "entry", "file");
}

/* What changes no name is told, too: it may be that somebody else can follow it no more. Nothing has changed
 * for the launch. */
static void test_touched(void **state)
{
	struct rig *r = *state;
	uint64_t made_at = now_boottime_usec();
	int wait;

	sources_begin(r);
	sources_template(r);
	assert_int_equal(chmod(sources_path(r, "above/data"), 0700), 0);
	assert_int_equal(chmod(sources_path(r, "above/data"), 0755), 0);
	assert_true(rig_looks(r) > 0);
	sources_expect(r, "old\n");
	assert_true(rig_has_template(r));
	/* not all the time */
	wait = jail_templates_wait(&r->context);
	if (now_boottime_usec() < made_at + ANEW_USEC - 100000)
		assert_int_equal(wait, -1);
	sources_settle(r);
	assert_int_equal(chmod(sources_path(r, "above"), 0750), 0);
	assert_true(rig_looks(r) > 0);
	sources_drop(r);
	sources_template(r);
	assert_int_equal(chmod(r->directory, 0751), 0);
	assert_true(rig_looks(r) > 0);
}

/* The file is the same, what is above it is not: from then on that is what must be watched. */
static void test_other_way_to_the_same(void **state)
{
	struct rig *r = *state;
	size_t n;

	sources_begin(r);
	r->spec.n_mounts--;
	assert_int_equal(unlink(sources_path(r, "other/data/file")), 0);
	assert_int_equal(link(sources_path(r, "above/data/file"), sources_path(r, "other/data/file")), 0);
	rig_bind(r, sources_path(r, "above/data/file"), "/data/file", MOUNT_READ_ONLY);
	sources_template(r);
	n = sources_watches();
	sources_move(r, "above/data", "above/aside");
	sources_move(r, "other/data", "above/data");
	sources_expect(r, "old\n");
	assert_true(rig_has_template(r));
	sources_settle(r);
	assert_int_equal(sources_watches(), n);
	/* where it was before it is nobody's any more */
	assert_int_equal(unlink(sources_path(r, "above/aside/file")), 0);
	assert_int_equal(rig_looks(r), 0);
	assert_int_equal(unlink(sources_path(r, "above/data/file")), 0);
	sources_refused(r, -ENOENT, "/data/file");
}

static void test_made_again(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unlink(sources_path(r, "above/data/file")), 0);
		assert_int_equal(rmdir(sources_path(r, "above/data")), 0);
		assert_int_equal(rmdir(sources_path(r, "above")), 0);
		rig_mkdir(r, "above", 0755);
		rig_mkdir(r, "above/data", 0755);
		rig_file(r, "above/data/file", "again\n", 0444);
		sources_expect(r, "again\n");
		sources_template(r);
		sources_expect(r, "again\n");
	}
}

/* D/way -> above, which is root's as D is; the source is D/way/data. */
static void begin_with_link(struct rig *r, const char *text)
{
	sources_begin(r);
	r->spec.n_mounts--;
	assert_int_equal(symlink(text, sources_path(r, "way")), 0);
	rig_bind(r, sources_path(r, "way/data"), "/data", MOUNT_READ_ONLY);
	sources_template(r);
	sources_expect(r, "old\n");
	assert_int_equal(rig_looks(r), 0);
}

static void test_links_owner(void **state)
{
	struct rig *r = *state;

	begin_with_link(r, "above");
	assert_int_equal(lchown(sources_path(r, "way"), RIG_UID, RIG_GID), 0);
	sources_refused(r, -ELOOP, "/data");
}

/* By another name of it, in a directory that nobody watches. */
static void test_links_owner_by_another_name(void **state)
{
	struct rig *r = *state;

	begin_with_link(r, "above");
	assert_int_equal(link(sources_path(r, "way"), sources_path(r, "other/name")), 0);
	sources_drop(r);
	sources_template(r);
	assert_int_equal(lchown(sources_path(r, "other/name"), RIG_UID, RIG_GID), 0);
	sources_refused(r, -ELOOP, "/data");
}

/* Who may write to where it lies may exchange it. */
static void test_links_directory(void **state)
{
	struct rig *r = *state;

	begin_with_link(r, "./other/../above/");
	assert_int_equal(chmod(r->directory, 0777), 0);
	sources_refused(r, -ELOOP, "/data");
}

static void test_link_exchanged(void **state)
{
	struct rig *r = *state;

	begin_with_link(r, sources_path(r, "above"));
	assert_int_equal(symlink("other", sources_path(r, "way2")), 0);
	sources_move(r, "way2", "way");
	sources_expect(r, "new\n");
}

/* Of a text that begins at the root the way is that from the root. */
static void test_absolute_link(void **state)
{
	struct rig *r = *state;

	begin_with_link(r, sources_path(r, "above"));
	sources_move(r, "above", "aside");
	sources_move(r, "other", "above");
	sources_expect(r, "new\n");
}

/* Links on the way of a link's text. */
static void test_links_target(void **state)
{
	struct rig *r = *state;

	if (!sources_can_watch())
		skip();
	rig_mkdir(r, "deep", 0755);
	assert_int_equal(symlink("../above", sources_path(r, "deep/way")), 0);
	begin_with_link(r, "deep/way");
	sources_move(r, "above", "aside");
	sources_move(r, "other", "above");
	sources_expect(r, "new\n");
	sources_template(r);
	assert_int_equal(unlink(sources_path(r, "deep/way")), 0);
	assert_int_equal(symlink("../aside", sources_path(r, "deep/way")), 0);
	sources_expect(r, "old\n");
}

/* A directory may know an entry by names that differ in case, or by how they are written. */
static void test_names(void **state)
{
	static const char *const same[][2] = { { "name", "NAME" }, { "Zz-@[`{9", "zZ-@[`{9" },
		{ "\xc3\xa9", "E" }, { "\xe2\x84\xaa", "k" }, { "n\xc2\xad", "n" } };
	static const char *const others[][2] = { { "name", "nam" }, { "name", "names" }, { "@", "`" },
		{ "[", "{" }, { "", "a" }, { "ab", "ba" } };

	for (size_t i = 0; i < ELEMENTSOF(same); i++)
		for (size_t k = 0; k < 2; k++)
			assert_true(template_name(same[i][k]) == template_name(same[i][1 - k]) ||
				    template_name(same[i][0]) == TEMPLATE_NAME_ANY);
	for (size_t i = 0; i < ELEMENTSOF(others); i++)
		assert_int_not_equal(template_name(others[i][0]), template_name(others[i][1]));
}

/* A name that is no ASCII may be another way to write one that is. */
static void test_foreign_name(void **state)
{
	struct rig *r = *state;

	sources_begin(r);
	sources_template(r);
	rig_file(r, "above/\xc3\xa9", "", 0444);
	assert_true(rig_looks(r) > 0);
	sources_settle(r);
	rig_file(r, "above/DATA", "", 0444);
	assert_true(rig_looks(r) > 0);
	r->spec.n_mounts--;
	rig_bind(r, rig_mkdir(r, "\xc3\xa9", 0755), "/data", MOUNT_READ_ONLY);
	sources_template(r);
	rig_file(r, "e", "", 0444);
	assert_true(rig_looks(r) > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_told),
		TEST(test_exchanged),
		TEST(test_exchanged_at_once),
		TEST(test_moved_away),
		TEST(test_moved_over),
		TEST(test_moved_in),
		TEST(test_removed),
		TEST(test_made),
		TEST(test_touched),
		TEST(test_other_way_to_the_same),
		TEST(test_made_again),
		TEST(test_links_owner),
		TEST(test_links_owner_by_another_name),
		TEST(test_links_directory),
		TEST(test_link_exchanged),
		TEST(test_absolute_link),
		TEST(test_links_target),
		TEST(test_names),
		TEST(test_foreign_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
