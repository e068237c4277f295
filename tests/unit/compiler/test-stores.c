/* SPDX-License-Identifier: GPL-2.0-or-later */

/* DaemonStore= and MountPropagation= on their way from text to catalog. Needs root, who alone can own
 * configuration. */

#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static struct catalog *compile(const struct tree *t)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;

	assert_int_equal(compile_directories(&options, &c), 0);
	return c;
}

/* The words of MountPropagation=, and what lies over /run where a store is shown in the host's tree. */
static void test_stores(void **state)
{
	static const struct {
		const char *text;
		enum mount_propagation propagation;
		size_t stores, mounts;
	} rows[] = {
		{ "MountPropagation=private\n", PROPAGATION_PRIVATE, 0, 0 },
		{ "MountPropagation=slave\n", PROPAGATION_SLAVE, 0, 0 },
		{ "MountPropagation=shared\n", PROPAGATION_SHARED, 0, 0 },
		{ "MountPropagation=shared\nMountPropagation=\n", PROPAGATION_PRIVATE, 0, 0 },
		{ "DaemonStore=one two one\nDaemonStore=three\n", PROPAGATION_PRIVATE, 3, 0 },
		{ "DaemonStore=one\nMinimalRoot=no\nProtectHome=no\n", PROPAGATION_PRIVATE, 1, 1 },
		{ "DaemonStore=\nMinimalRoot=no\nProtectHome=no\n", PROPAGATION_PRIVATE, 0, 0 },
		/* over the homes' three */
		{ "DaemonStore=one\nMinimalRoot=no\n", PROPAGATION_PRIVATE, 1, 4 },
	};
	struct tree *t = *state;

	tree_need_root();
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		char text[256];
		struct catalog *c;

		(void)snprintf(text, sizeof(text), "[User]\nUser=daemon\n[Filesystem]\n%s", rows[i].text);
		tree_write(t, "profiles/a.profile", text);
		c = compile(t);
		assert_null(c->errors);
		assert_int_equal(c->profiles[0].propagation, rows[i].propagation);
		assert_int_equal(strv_length(c->profiles[0].daemon_stores), rows[i].stores);
		assert_int_equal(c->profiles[0].n_mounts, rows[i].mounts);
		catalog_free(c);
	}
}

static void test_run_of_stores(void **state)
{
	const struct compiled_mount *m;
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile",
		"[User]\nUser=daemon\n[Filesystem]\nDaemonStore=one\nMinimalRoot=no\nProtectHome=no\n"
		"BindPaths=/run/dbus /opt\n");
	c = compile(t);
	m = c->profiles[0].mounts;
	assert_int_equal(c->profiles[0].n_mounts, 3);
	assert_string_equal(m[1].target, "/run");
	assert_int_equal(m[1].type, MOUNT_TMPFS);
	assert_int_equal(m[1].flags, MOUNT_READ_ONLY | MOUNT_NO_EXEC);
	assert_int_equal(m[1].mode, 0755);
	assert_string_equal(m[2].target, "/run/dbus");
	catalog_free(c);
	/* unless the profile mounts there itself */
	tree_write(t, "profiles/a.profile",
		"[User]\nUser=daemon\n[Filesystem]\nDaemonStore=one\nMinimalRoot=no\nProtectHome=no\n"
		"TemporaryFileSystem=/run:size=1M\n");
	c = compile(t);
	assert_int_equal(c->profiles[0].n_mounts, 1);
	assert_int_equal(c->profiles[0].mounts[0].flags, 0);
	catalog_free(c);
}

#define COMPILE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPILE_TEST(test_stores),
		COMPILE_TEST(test_run_of_stores),
	};

	return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
