/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Real directories: who may change what (R2), names (R1), templates and sizes (R3, R4, R9), files replaced
 * while they are read (R5), masks and drop-ins of three places. Ownership can only be tested by root.
 */

#include "base/error.h"
#include "profile/store.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEN_EACH 200U    /* loads of each version before the rename test ends */
#define LOADS_MAX 500000U /* and where it gives up: a second or ten */

#define GOOD "[Profile]\nDescription=good\n"

/* Loads from the tree's root, or if it has them, from its etc, run and lib. */
static struct profile_set *load(const struct tree *t)
{
	char paths[3][128];
	const char *const one[] = { t->root, NULL }, *const three[] = { paths[0], paths[1], paths[2], NULL };
	struct profile_set *set = NULL;
	struct places places;

	(void)snprintf(paths[0], sizeof(paths[0]), "%s/etc", t->root);
	(void)snprintf(paths[1], sizeof(paths[1]), "%s/run", t->root);
	(void)snprintf(paths[2], sizeof(paths[2]), "%s/lib", t->root);
	assert_int_equal(places_open(access(paths[2], F_OK) == 0 ? three : one, false, &places), 0);
	assert_int_equal(profile_set_load(&places, NULL, &set), 0);
	places_close(&places);
	return set;
}

static const struct profile *find(const struct profile_set *set, const char *name)
{
	size_t position;

	return profile_set_find(set, name, &position) == 0 ? &set->profiles[position] : NULL;
}

/* The profile is there, and its only error is this one, where %s stands for the tree's root. */
static void expect_error(const struct tree *t, const char *name, const char *error)
{
	struct profile_set *set = load(t);
	const struct profile *p = find(set, name), *good = find(set, "good");
	char *expected = NULL;
	const char *hole = strstr(error, "%s");

	assert_non_null(hole);
	assert_true(asprintf(&expected, "%.*s%s%s", (int)(hole - error), error, t->root, hole + 2) >= 0);
	assert_non_null(p);
	assert_int_equal(strv_length(p->errors), 1);
	assert_string_equal(p->errors[0], expected);
	/* the others load */
	if (good && strcmp(name, "good") != 0)
		assert_null(good->errors);
	free(expected);
	profile_set_free(set);
}

static void test_good(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, "profiles/README", "not a profile");
	tree_write(t, "profiles/.hidden.profile", "not looked at");
	tree_write(t, "profiles/good.profile.dpkg-old", "not looked at");
	tree_write(t, "profiles/orphan.profile.d/x.conf", "of a profile that does not exist");
	set = load(t);
	assert_int_equal(set->n, 1);
	assert_null(set->errors);
	assert_non_null(find(set, "good"));
	assert_null(find(set, "good")->errors);
	assert_string_equal(find(set, "good")->description, "good");
	profile_set_free(set);
}

/* R1: exact names only; nothing that differs in case, nothing with dots. */
static void test_names(void **state)
{
	static const char *const wrong[] = { "Good.profile", "a b.profile", "a.b.profile", "_a.profile",
		"-a.profile", "caf\xc3\xa9.profile", "good\n.profile" };
	struct tree *t = *state;
	struct profile_set *set;
	char longest[96], longer[96];

	tree_need_root();
	(void)snprintf(longest, sizeof(longest), "profiles/%064d.profile", 0);
	(void)snprintf(longer, sizeof(longer), "profiles/%065d.profile", 0);
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, longest, GOOD);
	tree_write(t, longer, GOOD);
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "profiles/%s", wrong[i]);
		tree_write(t, name, GOOD);
	}
	set = load(t);
	assert_int_equal(set->n, 2);
	assert_int_equal(strv_length(set->errors), ELEMENTS(wrong) + 1);
	STRV_FOREACH (e, set->errors) {
		assert_non_null(strstr(*e, "not the name of a profile"));
		assert_null(strchr(*e, '\n'));
	}
	assert_null(find(set, "Good"));
	assert_null(find(set, "../profiles/good"));
	assert_null(find(set, ""));
	profile_set_free(set);
}

/* R2: files. */
static void test_file_trust(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, "profiles/bad.profile", GOOD);
	assert_int_equal(chmod(tree_path(t, "profiles/bad.profile"), 0664), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: writable by group or others; chmod go-w it");
	assert_int_equal(chmod(tree_path(t, "profiles/bad.profile"), 0646), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: writable by group or others; chmod go-w it");
	assert_int_equal(chmod(tree_path(t, "profiles/bad.profile"), 0644), 0);
	assert_int_equal(chown(tree_path(t, "profiles/bad.profile"), 1000, 0), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: not owned by root; chown it");
	assert_int_equal(chown(tree_path(t, "profiles/bad.profile"), 0, 1000), 0);
	assert_int_equal(link(tree_path(t, "profiles/bad.profile"), tree_path(t, "elsewhere")), 0);
	expect_error(t, "bad",
		"%s/profiles/bad.profile: error: has several hard links; copy the file, so that no other "
		"name leads to it");
}

/* R2: what is not a file. None of these may be opened in a way that blocks or acts. */
static void test_file_types(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct tree *t = *state;
	int fd;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_link(t, "profiles/bad.profile", "good.profile");
	expect_error(t, "bad",
		"%s/profiles/bad.profile: error: a symbolic link; only a link to /dev/null, which masks the "
		"file, may be here");
	assert_int_equal(unlink(tree_path(t, "profiles/bad.profile")), 0);
	tree_link(t, "profiles/bad.profile", "/dev/nullx");
	expect_error(t, "bad",
		"%s/profiles/bad.profile: error: a symbolic link; only a link to /dev/null, which masks the "
		"file, may be here");
	assert_int_equal(unlink(tree_path(t, "profiles/bad.profile")), 0);
	assert_int_equal(mkfifo(tree_path(t, "profiles/bad.profile"), 0644), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: a FIFO, not a regular file");
	assert_int_equal(unlink(tree_path(t, "profiles/bad.profile")), 0);
	tree_mkdir(t, "profiles/bad.profile", 0755);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: a directory, not a regular file");
	assert_int_equal(rmdir(tree_path(t, "profiles/bad.profile")), 0);
	if (mknod(tree_path(t, "profiles/bad.profile"), S_IFCHR | 0644, makedev(1, 5)) == 0) {
		expect_error(t, "bad", "%s/profiles/bad.profile: error: a device, not a regular file");
		assert_int_equal(unlink(tree_path(t, "profiles/bad.profile")), 0);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/profiles/bad.profile", t->root);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(close(fd), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: a socket, not a regular file");
}

/* R2: directories, from the configuration directory down. */
static void test_directory_trust(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/bad.profile", GOOD);
	assert_int_equal(chmod(tree_path(t, "profiles"), 0775), 0);
	expect_error(t, "bad", "%s/profiles: error: writable by group or others; nothing in it is used");
	assert_int_equal(chmod(tree_path(t, "profiles"), 01777), 0);
	expect_error(t, "bad", "%s/profiles: error: writable by group or others; nothing in it is used");
	assert_int_equal(chmod(tree_path(t, "profiles"), 0755), 0);
	assert_int_equal(chown(tree_path(t, "profiles"), 1000, 1000), 0);
	expect_error(t, "bad", "%s/profiles: error: not owned by root; nothing in it is used");
	assert_int_equal(chown(tree_path(t, "profiles"), 0, 0), 0);
	assert_int_equal(chmod(t->root, 0777), 0);
	expect_error(t, "bad",
		"%s/profiles: error: in a directory that others than root can change; nothing in it is used");
	assert_int_equal(chmod(t->root, 0755), 0);
	tree_mkdir(t, "profiles/bad.profile.d", 0777);
	expect_error(t, "bad",
		"%s/profiles/bad.profile.d: error: writable by group or others; nothing in it is used");
}

static void test_directory_links(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, "profiles/bad.profile", GOOD);
	tree_write(t, "aside/x.conf", "");
	tree_link(t, "profiles/bad.profile.d", "../aside");
	expect_error(t, "bad", "%s/profiles/bad.profile.d: error: a symbolic link; nothing in it is used");
	assert_int_equal(rename(tree_path(t, "profiles"), tree_path(t, "real")), 0);
	tree_link(t, "profiles", "real");
	set = load(t);
	assert_int_equal(set->n, 0);
	assert_int_equal(strv_length(set->errors), 1);
	assert_non_null(strstr(set->errors[0], "profiles: error: a symbolic link"));
	profile_set_free(set);
}

/* A place that can't be trusted does not let the vendor's profile through. */
static void test_untrusted_place_hides(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	tree_write(t, "lib/profiles/bad.profile", GOOD);
	tree_write(t, "lib/profiles/good.profile", GOOD);
	tree_write(t, "etc/profiles/bad.profile", "[Access]\nAllowUser=x\n");
	assert_int_equal(chmod(tree_path(t, "etc/profiles"), 0775), 0);
	expect_error(t, "bad", "%s/etc/profiles: error: writable by group or others; nothing in it is used");
	/* not even a place that can't be looked into */
	assert_int_equal(chmod(tree_path(t, "etc/profiles"), 0755), 0);
	assert_int_equal(rename(tree_path(t, "etc/profiles"), tree_path(t, "aside")), 0);
	tree_link(t, "etc/profiles", "../aside");
	set = load(t);
	assert_int_equal(set->n, 2);
	assert_non_null(find(set, "good")->errors);
	assert_non_null(find(set, "bad")->errors);
	profile_set_free(set);
}

static void test_places(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	tree_write(t, "lib/profiles/a.profile", "[Profile]\nDescription=lib\n");
	tree_write(t, "run/profiles/a.profile", "[Profile]\nDescription=run\n");
	tree_write(t, "lib/profiles/b.profile", "[Profile]\nDescription=lib\n");
	tree_write(t, "etc/profiles/b.profile", "[Profile]\nDescription=etc\n");
	tree_write(t, "lib/profiles/masked.profile", GOOD);
	tree_link(t, "etc/profiles/masked.profile", "/dev/null");
	set = load(t);
	assert_int_equal(set->n, 2);
	assert_null(set->errors);
	assert_string_equal(find(set, "a")->description, "run");
	assert_string_equal(find(set, "b")->description, "etc");
	assert_null(find(set, "masked"));
	profile_set_free(set);
}

static void test_drop_ins(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;
	const struct profile *p;

	tree_need_root();
	tree_write(t, "lib/profiles/a.profile",
		"[Exec]\nExecutable=/a\nEnvironment=A=0\n[Access]\nMaxPerUser=1\n");
	tree_write(
		t, "lib/profiles/a.profile.d/20.conf", "[Exec]\nExecutable=/lib20\nEnvironment=A=20 B=1\n");
	tree_write(
		t, "etc/profiles/a.profile.d/10.conf", "[Exec]\nExecutable=/etc10\n[Access]\nMaxPerUser=\n");
	tree_write(t, "run/profiles/a.profile.d/30.conf", "[Exec]\nExecutable=/run30\n");
	tree_write(t, "lib/profiles/a.profile.d/30.conf", "[Exec]\nExecutable=/hidden\n");
	tree_write(t, "lib/profiles/a.profile.d/40.conf", "[Exec]\nExecutable=/masked\n");
	tree_link(t, "etc/profiles/a.profile.d/40.conf", "/dev/null");
	tree_write(t, "etc/profiles/a.profile.d/50.txt", "not looked at");
	tree_write(t, "etc/profiles/a.profile.d/.60.conf", "not looked at");
	set = load(t);
	p = find(set, "a");
	assert_non_null(p);
	assert_null(p->errors);
	assert_int_equal(p->n_files, 4);
	assert_int_equal(strv_length(p->executables), 4);
	assert_string_equal(p->executables[0], "/a");
	assert_string_equal(p->executables[1], "/etc10");
	assert_string_equal(p->executables[2], "/lib20");
	assert_string_equal(p->executables[3], "/run30");
	assert_int_equal(strv_length(p->environment), 2);
	assert_string_equal(p->environment[0], "A=20");
	assert_false(p->states[KEY_MAX_PER_USER].set);
	profile_set_free(set);
}

static void test_templates(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;
	const struct profile *p;

	tree_need_root();
	tree_write(t, "profiles/base.profile",
		"[Profile]\nDescription=base\n[Exec]\nExecutable=/base\nUMask=0022\n");
	tree_write(t, "profiles/base.profile.d/x.conf", "[Exec]\nExecutable=/drop\n");
	tree_write(t, "profiles/mid.profile", "[Profile]\nTemplate=base.profile\n[Exec]\nExecutable=/mid\n");
	tree_write(t, "profiles/a.profile", "[Profile]\nTemplate=mid.profile\n[Exec]\nUMask=0027\n");
	tree_write(t, "profiles/b.profile",
		"[Profile]\nTemplate=mid.profile\nTemplate=\n[Exec]\nExecutable=\nExecutable=/b\n");
	set = load(t);
	p = find(set, "a");
	assert_null(p->errors);
	assert_int_equal(p->n_files, 4);
	assert_int_equal(p->first_own, 3);
	assert_int_equal(strv_length(p->executables), 3);
	assert_string_equal(p->executables[2], "/mid");
	assert_int_equal(p->umask, 0027);
	/* a template describes itself, not what is made from it */
	assert_false(p->states[KEY_DESCRIPTION].set);
	p = find(set, "b");
	assert_null(p->errors);
	assert_int_equal(strv_length(p->executables), 1);
	profile_set_free(set);
}

/* R3: templates that are not there, in a circle, too deep, wrong in themselves. */
static void test_bad_templates(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, "profiles/a.profile", "[Profile]\nTemplate=nowhere.profile\n");
	expect_error(t, "a",
		"%s/profiles/a.profile:2:10: error: Template=nowhere.profile: there is no such profile, or "
		"it is masked");
	tree_link(t, "profiles/nowhere.profile", "/dev/null");
	expect_error(t, "a",
		"%s/profiles/a.profile:2:10: error: Template=nowhere.profile: there is no such profile, or "
		"it is masked");
	tree_write(t, "profiles/a.profile", "[Profile]\nTemplate=a.profile\n");
	expect_error(
		t, "a", "%s/profiles/a.profile:2:10: error: Template=a.profile: the templates form a circle");
	tree_write(t, "profiles/a.profile", "[Profile]\nTemplate=b.profile\n");
	tree_write(t, "profiles/b.profile", "[Profile]\nTemplate=a.profile\n");
	expect_error(
		t, "a", "%s/profiles/b.profile:2:10: error: Template=a.profile: the templates form a circle");
	tree_write(t, "profiles/b.profile", "[Exec]\nUMask=9\n");
	expect_error(t, "a", "%s/profiles/b.profile:2:7: error: UMask=9: expected an octal number");
	tree_write(t, "profiles/b.profile", GOOD);
	assert_int_equal(chmod(tree_path(t, "profiles/b.profile"), 0666), 0);
	expect_error(t, "a", "%s/profiles/b.profile: error: writable by group or others; chmod go-w it");
	set = load(t);
	assert_null(find(set, "good")->errors);
	profile_set_free(set);
}

static void test_template_depth(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	for (unsigned i = 0; i <= PROFILE_TEMPLATE_DEPTH + 1; i++) {
		char name[64], text[64] = "";

		(void)snprintf(name, sizeof(name), "profiles/p%02u.profile", i);
		if (i > 0)
			(void)snprintf(text, sizeof(text), "[Profile]\nTemplate=p%02u.profile\n", i - 1);
		tree_write(t, name, text);
	}
	set = load(t);
	assert_null(find(set, "p15")->errors);
	assert_null(find(set, "p16")->errors);
	assert_int_equal(find(set, "p16")->n_files, 17);
	assert_int_equal(strv_length(find(set, "p17")->errors), 1);
	assert_non_null(strstr(
		find(set, "p17")->errors[0], "Template=p00.profile: more than 16 templates of templates"));
	profile_set_free(set);
}

/* R4: a gigabyte is not read. */
static void test_huge(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/good.profile", GOOD);
	tree_write(t, "profiles/bad.profile", GOOD);
	assert_int_equal(truncate(tree_path(t, "profiles/bad.profile"), 1L << 30), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: file of more than 256 KiB");
	assert_int_equal(truncate(tree_path(t, "profiles/bad.profile"), SOURCE_BYTES_MAX + 1), 0);
	expect_error(t, "bad", "%s/profiles/bad.profile: error: file of more than 256 KiB");
}

static void test_empty(void **state)
{
	struct tree *t = *state;
	struct profile_set *set;

	tree_need_root();
	set = load(t);
	assert_int_equal(set->n, 0);
	profile_set_free(set);
	tree_write(t, "profiles/a.profile", "");
	set = load(t);
	assert_int_equal(set->n, 1);
	assert_null(find(set, "a")->errors);
	profile_set_free(set);
}

static void test_too_many_drop_ins(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/a.profile", GOOD);
	for (unsigned i = 0; i < 65; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "profiles/a.profile.d/%03u.conf", i);
		tree_write(t, name, "");
	}
	expect_error(t, "a", "%s/profiles/a.profile.d: error: more than 64 drop-ins");
}

/* Swaps two versions of a profile until it is killed. */
static pid_t start_swapping(const struct tree *t)
{
	char one[128], two[128], target[128];
	pid_t pid;

	(void)snprintf(one, sizeof(one), "%s/one", t->root);
	(void)snprintf(two, sizeof(two), "%s/two", t->root);
	(void)snprintf(target, sizeof(target), "%s/profiles/a.profile", t->root);
	pid = fork();
	if (pid != 0)
		return pid;
	for (;;) {
		if (renameat2(AT_FDCWD, one, AT_FDCWD, target, RENAME_EXCHANGE) < 0 ||
			renameat2(AT_FDCWD, two, AT_FDCWD, target, RENAME_EXCHANGE) < 0)
			_exit(1);
	}
}

/* R5: each load sees one whole version, or says that the file changes. */
static void test_replaced_while_read(void **state)
{
	struct tree *t = *state;
	char first[5000], second[5000];
	unsigned seen[2] = { 0 };
	pid_t swapper;

	tree_need_root();
	(void)snprintf(
		first, sizeof(first), "[Profile]\nDescription=1\n#%04000d\n[Access]\nMaxPerUser=1\n", 0);
	(void)snprintf(
		second, sizeof(second), "[Profile]\nDescription=2\n#%03000d\n[Access]\nMaxPerUser=2\n", 0);
	tree_write(t, "profiles/a.profile", first);
	tree_write(t, "one", second);
	tree_write(t, "two", first);
	swapper = start_swapping(t);
	assert_true(swapper > 0);
	for (unsigned i = 0; i < LOADS_MAX && (seen[0] < SEEN_EACH || seen[1] < SEEN_EACH); i++) {
		struct profile_set *set = load(t);
		const struct profile *p = find(set, "a");

		assert_non_null(p);
		assert_null(p->errors);
		assert_true(p->max_per_user == 1 || p->max_per_user == 2);
		assert_int_equal(p->description[0], '0' + (char)p->max_per_user);
		seen[p->max_per_user - 1]++;
		profile_set_free(set);
	}
	assert_int_equal(kill(swapper, SIGKILL), 0);
	assert_int_equal(waitpid(swapper, NULL, 0), swapper);
	assert_true(seen[0] >= SEEN_EACH && seen[1] >= SEEN_EACH);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_good),
		STORE_TEST(test_names),
		STORE_TEST(test_file_trust),
		STORE_TEST(test_file_types),
		STORE_TEST(test_directory_trust),
		STORE_TEST(test_directory_links),
		STORE_TEST(test_untrusted_place_hides),
		STORE_TEST(test_places),
		STORE_TEST(test_drop_ins),
		STORE_TEST(test_templates),
		STORE_TEST(test_bad_templates),
		STORE_TEST(test_template_depth),
		STORE_TEST(test_huge),
		STORE_TEST(test_empty),
		STORE_TEST(test_too_many_drop_ins),
		STORE_TEST(test_replaced_while_read),
	};

	return cmocka_run_group_tests_name("profile-store", tests, NULL, NULL);
}
