/* SPDX-License-Identifier: GPL-2.0-or-later */

/* JoinsPool=, PrivateUsers= and SELinuxContext= on their way from text to catalog. Needs root, who alone can
 * own configuration. */

#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct catalog *compile(const struct tree *t)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;

	assert_int_equal(compile_directories(&options, &c), 0);
	return c;
}

/* Profiles of a pool share the same, or the later one, by name, is invalid; both files are named. An error
 * that is there already is not made worse. */
static void test_pools(void **state)
{
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "[Namespaces]\nJoinsPool=p\n");
	tree_write(t, "profiles/b.profile", "[Namespaces]\nPrivateIPC=no\nJoinsPool=p\n");
	tree_write(t, "profiles/c.profile", "[Namespaces]\nJoinsPool=p\n");
	tree_write(t, "profiles/d.profile", "[Namespaces]\nJoinsPool=q\nPrivateNetwork=no\n");
	tree_write(t, "profiles/e.profile",
		"[Profile]\nTemplate=d.profile\n[Namespaces]\nPrivateNetwork=\nPrivateIPC=no\n");
	c = compile(t);
	assert_string_equal(c->profiles[0].pool, "p");
	assert_false(c->profiles[0].invalid || c->profiles[2].invalid || c->profiles[3].invalid);
	assert_true(c->profiles[1].invalid && c->profiles[4].invalid);
	assert_non_null(strstr(c->profiles[1].error, "b.profile:3:1: error: JoinsPool=p: this profile would "
						     "share the network, and profile a ("));
	assert_non_null(strstr(c->profiles[1].error,
		"a.profile:2) network and IPC; set PrivateNetwork= and PrivateIPC= alike, or name another "
		"pool"));
	assert_non_null(strstr(c->profiles[4].error, "this profile would share the network, and profile d"));
	assert_int_equal(strv_length(c->errors), 2);
	catalog_free(c);
}

/* Without "-" the context is required; and PrivateUsers= is one more namespace. */
static void test_users_and_label(void **state)
{
	struct tree *t = *state;
	struct catalog *c;

	tree_need_root();
	tree_write(t, "profiles/a.profile",
		"[User]\nPrivateUsers=yes\n[SELinux]\nSELinuxContext=-a:b:c\nSELinuxContext=u:r:t:s0\n");
	tree_write(t, "profiles/b.profile", "[Profile]\nOptional=SELinux\n[User]\nPrivateUsers=no\n");
	c = compile(t);
	assert_null(c->errors);
	assert_int_equal(c->profiles[0].namespaces, JAIL_NS_DEFAULT | JAIL_NS_USER);
	assert_string_equal(c->profiles[0].selinux_context, "u:r:t:s0");
	assert_int_equal(c->profiles[0].optional, 0);
	assert_int_equal(c->profiles[1].namespaces, JAIL_NS_DEFAULT);
	assert_int_equal(c->profiles[1].optional, OPTIONAL_SELINUX);
	catalog_free(c);
}

#define COMPILE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPILE_TEST(test_pools),
		COMPILE_TEST(test_users_and_label),
	};

	return cmocka_run_group_tests_name("pools", tests, NULL, NULL);
}
