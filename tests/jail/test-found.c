/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a template knows beforehand of a profile's paths (daemon/jail/found.c), and what each launch mounts
 * for itself in its copy (daemon/jail/fresh.c): each of these jails is built, and made from a template, and
 * both are alike. Rows J4 and J12 of the threat model.
 */

#include "base/cleanup.h"
#include "base/fd.h"
#include "harness.h"
#include "jail/template.h"
#include "sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINES_MAX 128

/* Another launch, whose output is its own. */
static void anew(struct rig *r)
{
	int out[2];

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	(void)fd_close(r->output_fd);
	(void)fd_close(r->output_end);
	r->output_fd = out[0];
	r->output_end = out[1];
	r->spec.fds[1].source = r->spec.fds[2].source = r->output_end;
	if (r->output)
		r->output[0] = '\0';
	r->spec.id += 1000;
}

static void print(struct rig *r, const char *const *argv, const char *expected)
{
	anew(r);
	rig_run(r, argv);
	assert_string_equal(r->output, expected);
}

static void refuse(struct rig *r, enum jail_stage stage, const char *object)
{
	anew(r);
	rig_fail(r, stage, -ENOENT, object);
}

static void make_template(struct rig *r)
{
	assert_true(rig_make_template(r));
	assert_true(rig_has_template(r));
}

struct known {
	const char *path;
	enum found_kind kind;
	const char *leads_to;
	enum found_kind watched; /* where the kernel tells of changes */
};

static void expect_known(struct rig *r, const struct known *known, size_t n)
{
	struct namespace_plan namespaces = { 0 };
	struct mount_plan plan;

	assert_int_equal(prepare_mounts(&r->context, &r->spec, &plan, &r->error), 0);
	template_choose(&r->context, &r->spec, &namespaces, &plan);
	assert_int_equal(plan.rules.n, n);
	assert_int_equal(plan.restricted.n, n);
	for (size_t i = 0; i < n; i++) {
		const struct found_path *f = &plan.rules.paths[i];
		bool watched = sources_can_watch() && known[i].watched != FOUND_UNKNOWN;

		assert_int_equal(f->watched, watched);
		if (f->kind != (watched ? known[i].watched : known[i].kind) ||
			plan.restricted.paths[i].kind != f->kind)
			fail_msg("%s: %d, %d", f->path, (int)f->kind, (int)plan.restricted.paths[i].kind);
		assert_string_equal(f->path, known[i].path);
		assert_int_equal(f->fd >= 0, f->kind == FOUND_FILE || f->kind == FOUND_DIRECTORY);
		assert_int_equal(plan.restricted.paths[i].fd, -1);
		if (f->kind != FOUND_UNKNOWN)
			assert_string_equal(f->leads_to, known[i].leads_to);
	}
	mount_plan_done(&plan);
}

/* What there is to be known: without it launches are the same, and take longer. */
static void test_known(void **state)
{
	static const struct known known[] = {
		{ "/", FOUND_DIRECTORY, "/" },
		{ "/nowhere", FOUND_ABSENT, "/nowhere" },
		{ "/deep/nowhere/else", FOUND_ABSENT, "/deep/nowhere/else" },
		{ "/deep", FOUND_DIRECTORY, "/deep" },
		{ "/deep/data", FOUND_DIRECTORY, "/deep/data" },
		{ "/deep/data/in", FOUND_BY, "/deep/data/in", FOUND_DIRECTORY },
		{ "/deep/data/link", FOUND_BY, "/deep/data/link" },
		{ "/deep/data/link/in", FOUND_BY, "/deep/data/link/in" },
		{ "/deep/data/in/nowhere/else", FOUND_BY, "/deep/data/in/nowhere/else", FOUND_ABSENT },
		{ RIG_PROBE, FOUND_FILE, RIG_PROBE },
		{ "/dev/null", FOUND_FILE, "/dev/null" },
		{ "/bin/env", FOUND_BY, "/usr/bin/env", FOUND_FILE },
		{ "/lib", FOUND_BY, "/usr/lib", FOUND_DIRECTORY },
		{ "/dev/fd", FOUND_BY, "/proc/self/fd" },
		{ "/tmp", FOUND_BY, "/tmp" },
		{ "/proc/version", FOUND_BY, "/proc/version" },
		{ "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/0123456789/0123456789/012345",
			FOUND_UNKNOWN, "" },
		{ "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
		  "0123456789/0123456789/0123456789/01234",
			FOUND_ABSENT,
			"/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
			"0123456789/0123456789/0123456789/0123456789/01234" },
	};
	struct landlock_rule rules[ELEMENTSOF(known)] = { 0 };
	struct compiled_restriction restrictions[ELEMENTSOF(known)] = { 0 };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(known)
	};
	struct rig *r = *state;

	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		rules[i].path = restrictions[i].path = (char *)(uintptr_t)known[i].path;
		restrictions[i].type = RESTRICTION_INACCESSIBLE;
	}
	rig_bind(r, rig_mkdir(r, "data", 0755), "/deep/data", MOUNT_READ_ONLY);
	rig_mkdir(r, "data/in", 0755);
	assert_int_equal(symlink("in", rig_format(r, "%s/data/link", r->directory)), 0);
	r->spec.landlock = &landlock;
	r->spec.restrictions = restrictions;
	r->spec.n_restrictions = ELEMENTSOF(known);
	make_template(r);
	expect_known(r, known, ELEMENTSOF(known));
}

/* What is told of a path that is watched has launches look for it, and the template made anew if it leads
 * elsewhere. */
static void test_told(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/data/in/deep" } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	const char *const *argv = ARGS("open", "/data/in/deep/file", "--", "open", "/data/out/deep/file");
	struct rig *r = *state;

	if (!sources_can_watch())
		skip();
	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_mkdir(r, "data/in", 0755);
	rig_mkdir(r, "data/in/deep", 0755);
	rig_file(r, "data/in/deep/file", "", 0444);
	rig_mkdir(r, "data/other", 0755);
	rig_mkdir(r, "data/other/deep", 0755);
	rig_file(r, "data/other/deep/file", "", 0444);
	r->spec.landlock = &landlock;
	make_template(r);
	print(r, argv, "open ok\nopen ENOENT\n");
	sources_move(r, "data/in", "data/out");
	sources_move(r, "data/other", "data/in");
	print(r, argv, "open ok\nopen EACCES\n");
	assert_true(rig_looks(r) > 0);
	(void)usleep(ANEW_USEC);
	assert_true(rig_looks(r) > 0);
	sources_silence(r);
	assert_false(rig_has_template(r));
	make_template(r);
	assert_int_equal(rig_looks(r), 0);
	print(r, argv, "open ok\nopen EACCES\n");
}

/* What something else is told of is watched anew, and known as before. */
static void test_told_of_others(void **state)
{
	struct rig *r = *state;

	if (!sources_can_watch())
		skip();
	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/later", true);
	make_template(r);
	assert_int_equal(chmod(rig_format(r, "%s/data", r->directory), 0711), 0);
	sources_settle(r);
	print(r, ARGS("open", "/data/later"), "open ENOENT\n");
	/* for long, and not only at first */
	rig_file(r, "data/later", "", 0444);
	print(r, ARGS("open", "/data/later"), "open EACCES\n");
	assert_true(rig_looks(r) > 0);
}

/* A link has come to where nothing was: no other is told of, and what it leads to is each launch's to find.
 */
static void test_told_of_link(void **state)
{
	struct rig *r = *state;

	if (!sources_can_watch())
		skip();
	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_file(r, "data/file", "", 0444);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/later", true);
	make_template(r);
	assert_int_equal(symlink("file", rig_format(r, "%s/data/later", r->directory)), 0);
	assert_true(rig_looks(r) > 0);
	(void)usleep(ANEW_USEC);
	assert_true(rig_looks(r) > 0);
	sources_silence(r);
	assert_false(rig_has_template(r));
	make_template(r);
	print(r, ARGS("open", "/data/file"), "open EACCES\n");
}

/* Says the same without and with a template. */
static void same(struct rig *r, const char *const *argv, const char *expected)
{
	assert_false(rig_has_template(r));
	print(r, argv, expected);
	make_template(r);
	print(r, argv, expected);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A line of mountinfo from the mount's root on: before that are numbers. NULL: it is none. */
static char *without_numbers(char *line)
{
	for (int i = 0; line && i < 3; i++) {
		line = strchr(line, ' ');
		line += line != NULL;
	}
	return line;
}

/* In the order of their text, as one string. */
static char *mounts_of(struct rig *r)
{
	char *lines[LINES_MAX], *all = NULL;
	char *rest, *line;
	size_t n = 0, size;
	FILE *f = open_memstream(&all, &size);

	assert_non_null(f);
	anew(r);
	RUN(r, "cat", "/proc/self/mountinfo");
	rest = r->output;
	while ((line = strsep(&rest, "\n")) && n < LINES_MAX)
		if (without_numbers(line))
			lines[n++] = without_numbers(line);
	assert_true(n > 10);
	qsort(lines, n, sizeof(*lines), compare);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, "%s\n", lines[i]);
	(void)fclose(f);
	return all;
}

static void expect_same_mounts(struct rig *r)
{
	_cleanup_free_ char *built = mounts_of(r), *from_template = NULL;

	make_template(r);
	from_template = mounts_of(r);
	assert_string_equal(from_template, built);
}

/* Flags, options, types and sources of all of them. */
static void test_mounts(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/scratch", 0, 65536, 01777);
	r->mounts[r->spec.n_mounts - 1].inodes = 99;
	rig_tmpfs(r, "/fixed/small", MOUNT_NO_EXEC, 7, 0700);
	r->mounts[r->spec.n_mounts - 1].flags |= MOUNT_PERCENT;
	rig_tmpfs(r, "/unbounded", 0, 0, 0755);
	rig_tmpfs(r, "/sealed", MOUNT_READ_ONLY, 4096, 0755);
	expect_same_mounts(r);
}

static void test_proc(void **state)
{
	struct rig *r = *state;

	for (enum proc_hiding hiding = 0; hiding < _PROC_HIDING_MAX; hiding++) {
		r->spec.proc_hiding = hiding;
		r->spec.proc_subset = hiding % 2 == 0;
		rig_tmpfs(r, rig_format(r, "/scratch-%d", (int)hiding), 0, 0, 0755);
		expect_same_mounts(r);
	}
}

/* Of what is not in the template's own file systems nothing is known. */
static void test_comes_later(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/later", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/nowhere", true);
	same(r, ARGS("list", "/data"), "list ok\n");
	rig_file(r, "data/later", "secret\n", 0444);
	print(r, ARGS("open", "/data/later"), "open EACCES\n");
	assert_true(rig_has_template(r));
}

/* What is not there in any launch, and must be. */
static void test_must_be_there(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/nowhere/deep", false);
	refuse(r, STAGE_MOUNTS, "InaccessiblePaths= /nowhere/deep");
	make_template(r);
	refuse(r, STAGE_MOUNTS, "InaccessiblePaths= /nowhere/deep");
}

/* By a link of the root's, which is known, to a directory of the host's. */
static void test_link(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/bin/env", false);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/lib/nowhere", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/usr/lib/nowhere", true);
	same(r, ARGS("open", "/usr/bin/env", "--", "open", "/bin/env", "--", "open", "/usr/bin/id"),
		"open EACCES\nopen EACCES\nopen ok\n");
}

/* Two names of one that is: each is about it. */
static void test_two_names(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_READ_ONLY, "/bin/env", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/usr/bin/env", true);
	same(r, ARGS("open", "/bin/env"), "open EACCES\n");
}

/* Two names of what is not there: that one is optional says nothing of the other. */
static void test_missing_twice(void **state)
{
	struct rig *r = *state;

	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/lib/nowhere", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/usr/lib/nowhere", false);
	refuse(r, STAGE_MOUNTS, "InaccessiblePaths= /usr/lib/nowhere");
	make_template(r);
	refuse(r, STAGE_MOUNTS, "InaccessiblePaths= /usr/lib/nowhere");
}

/* Where something inaccessible lies over a path, or over a link on the way, it leads elsewhere than before.
 */
static void test_covered(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/fixed", MOUNT_READ_ONLY, 0, 0755);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/dev", false);
	/* a link into procfs, which would be refused */
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/dev/fd", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/fixed", false);
	same(r, ARGS("open", "/dev", "--", "open", "/dev/null", "--", "open", "/fixed"),
		"open EACCES\nopen EACCES\nopen EACCES\n");
}

/* More than are remembered. */
static void test_covered_often(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/own-9/file" } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/own-0/file" }, .optional = true } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;
	const char *file = rig_file(r, "file", "", 0444);

	for (int i = 0; i <= COVERED_MAX + 1; i++) {
		rig_bind(r, file, rig_format(r, "/own-%d/file", i), MOUNT_READ_ONLY);
		rig_restrict(r, RESTRICTION_INACCESSIBLE, rig_format(r, "/own-%d", i), false);
	}
	r->spec.n_restrictions -= 1;
	r->spec.landlock = &landlock;
	same(r, ARGS("open", "/own-9/file", "--", "open", "/own-8/file", "--", "open", "/own-0/file"),
		"open ok\nopen EACCES\nopen EACCES\n");
	/* one that must be there is not, behind as many as are remembered, and behind one more */
	for (int i = 0; i <= COVERED_MAX; i += COVERED_MAX) {
		(void)snprintf(rules[2].path, sizeof("/own-0/file"), "/own-%d/file", i);
		rules[2].optional = false;
		make_template(r);
		refuse(r, STAGE_LANDLOCK, rules[2].path);
	}
}

/* What lies over a directory is over what a rule is about, too; not over what has its name in front. */
static void test_rules_below(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/own/one" }, .optional = true },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/own-two" } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/other/one" } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;
	const char *one = rig_mkdir(r, "one", 0755);

	rig_file(r, "one/file", "", 0444);
	rig_bind(r, one, "/own/one", MOUNT_READ_ONLY);
	rig_bind(r, one, "/own-two", MOUNT_READ_ONLY);
	rig_mkdir(r, "three", 0755);
	rig_file(r, "three/file", "", 0444);
	rig_bind(r, rig_format(r, "%s/three", r->directory), "/other/one", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/own", false);
	r->spec.landlock = &landlock;
	same(r,
		ARGS("list", "/own-two", "--", "open", "/own-two/file", "--", "list", "/other/one", "--",
			"open", "/own/one/file", "--", "open", "/dev/null"),
		"entry file\nlist ok\nopen ok\nentry file\nlist ok\nopen EACCES\nopen EACCES\n");
}

/* The same object elsewhere is no part of a rule about what is covered. */
static void test_rule_of_covered(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/own/one" }, .optional = true } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;
	const char *one = rig_mkdir(r, "one", 0755);

	rig_file(r, "one/file", "", 0444);
	rig_bind(r, one, "/own/one", MOUNT_READ_ONLY);
	rig_bind(r, one, "/same", MOUNT_READ_ONLY);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/own", false);
	r->spec.landlock = &landlock;
	same(r, ARGS("open", "/same/file"), "open EACCES\n");
}

/* By way of the root's link, too. */
static void test_rule_of_covered_by_link(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/lib" } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;

	rig_bind(r, "/usr/lib", "/same", MOUNT_READ_ONLY);
	r->spec.landlock = &landlock;
	same(r, ARGS("open", "/same/os-release"), "open ok\n");
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/usr/lib", false);
	make_template(r);
	print(r, ARGS("open", "/same/os-release"), "open EACCES\n");
}

/* Nobody knows beforehand where a link of the host's leads to. */
static void test_covered_by_link(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/other" } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;
	const char *one = rig_mkdir(r, "one", 0755);

	rig_file(r, "one/file", "", 0444);
	rig_bind(r, one, "/other", MOUNT_READ_ONLY);
	rig_bind(r, one, "/same", MOUNT_READ_ONLY);
	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	assert_int_equal(symlink("/other", rig_format(r, "%s/data/link", r->directory)), 0);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/link", false);
	r->spec.landlock = &landlock;
	same(r, ARGS("open", "/same/file", "--", "open", "/other"), "open EACCES\nopen EACCES\n");
}

/* In file systems of each launch's own nothing is known either. */
static void test_fresh(void **state)
{
	struct rig *r = *state;

	r->spec.proc_subset = false;
	rig_restrict(r, RESTRICTION_READ_ONLY, "/proc/sys", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/proc/version", true);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/tmp", false);
	same(r, ARGS("open", "/proc/version", "--", "open", "/proc/stat", "--", "mkdir", "/tmp/new"),
		"open EACCES\nopen ok\nmkdir EACCES\n");
}

/* Rules by a link of the root's, about what is not there, and about single files and devices. */
static void test_rules(void **state)
{
	struct landlock_rule rules[] = { { .access = PATH_READ_EXECUTE, .path = (char[]){ RIG_PROBE } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/bin" } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/nowhere" }, .optional = true },
		{ .access = PATH_READ_WRITE, .path = (char[]){ "/dev/null" } },
		{ .access = PATH_ADVANCED_READ_WRITE, .path = (char[]){ "/data" } },
		{ .access = PATH_READ_WRITE, .path = (char[]){ "/tmp" } },
		{ .access = PATH_READ_ONLY, .path = (char[]){ "/deep" } } };
	const struct compiled_landlock landlock = {
		.restricts = RESTRICT_FILES, .rules = rules, .n_rules = ELEMENTSOF(rules)
	};
	struct rig *r = *state;
	const char *data = rig_mkdir(r, "data", 0755);

	assert_int_equal(chmod(data, 01777), 0);
	rig_bind(r, data, "/data", 0);
	rig_bind(r, rig_mkdir(r, "down", 0755), "/deep/down", MOUNT_READ_ONLY);
	r->spec.landlock = &landlock;
	same(r,
		ARGS("open", "/usr/bin/env", "--", "open", "/usr/lib/os-release", "--", "open", "/dev/null",
			"rw", "--", "open", "/dev/zero", "--", "list", "/data", "--", "mkdir", "/tmp/new",
			"--", "list", "/deep"),
		"open ok\nopen EACCES\nopen ok\nopen EACCES\nlist ok\nmkdir ok\nentry down\nlist ok\n");
	print(r, ARGS("mkdir", "/data/new"), "mkdir ok\n");
	rules[2].optional = false;
	refuse(r, STAGE_LANDLOCK, "/nowhere");
}

/* Another profile with the same mounts has restrictions of its own. */
static void test_of_each_profile(void **state)
{
	struct rig *r = *state;

	rig_bind(r, rig_mkdir(r, "data", 0755), "/data", MOUNT_READ_ONLY);
	rig_file(r, "data/secret", "", 0444);
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/nowhere", true);
	same(r, ARGS("open", "/data/secret"), "open ok\n");
	r->restrictions[0].path = (char[]){ "/data/secret" };
	assert_true(rig_has_template(r));
	print(r, ARGS("open", "/data/secret"), "open EACCES\n");
	r->restrictions[0].path = (char[]){ "/nowhere" };
	rig_restrict(r, RESTRICTION_INACCESSIBLE, "/data/secret", false);
	print(r, ARGS("open", "/data/secret"), "open EACCES\n");
}

/* What a launch has mounted for itself keeps its flags where a path above it becomes read-only. */
static void test_set_aside(void **state)
{
	struct rig *r = *state;

	rig_tmpfs(r, "/own/scratch", 0, 0, 01777);
	rig_restrict(r, RESTRICTION_READ_ONLY, "/own", false);
	same(r, ARGS("mkdir", "/own/scratch/new", "--", "mkdir", "/own/new"), "mkdir ok\nmkdir EROFS\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_known),
		TEST(test_told),
		TEST(test_told_of_others),
		TEST(test_told_of_link),
		TEST(test_mounts),
		TEST(test_proc),
		TEST(test_comes_later),
		TEST(test_must_be_there),
		TEST(test_link),
		TEST(test_two_names),
		TEST(test_missing_twice),
		TEST(test_covered),
		TEST(test_covered_often),
		TEST(test_rules_below),
		TEST(test_rule_of_covered),
		TEST(test_rule_of_covered_by_link),
		TEST(test_covered_by_link),
		TEST(test_fresh),
		TEST(test_rules),
		TEST(test_of_each_profile),
		TEST(test_set_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
