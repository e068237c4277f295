/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What verify says to a file, wherever it lies. Needs root, who alone can own configuration. */

#include "base/error.h"
#include "base/strv.h"
#include "compiler/compile.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *verify(const struct tree *t, const char *name, const char *text)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	char **errors = NULL, *first;
	int r;

	tree_write(t, name, text);
	r = compile_verify_file(tree_path(t, name), &options, NULL, &errors);
	assert_true(r == 0 || r == -EBADMSG);
	assert_int_equal(r == 0, errors == NULL);
	first = strdup(r == 0 ? "" : strchr(errors[0] + strlen(t->root) + 1, ':'));
	strv_free(errors);
	return first;
}

static void expect_verify(const struct tree *t, const char *name, const char *text, const char *error)
{
	char *said = verify(t, name, text);

	assert_string_equal(said, error);
	free(said);
}

static void expect_refused(const char *path, const struct compile_options *options, const char *end)
{
	char **errors = NULL;
	size_t n;

	assert_int_equal(compile_verify_file(path, options, NULL, &errors), -EBADMSG);
	n = strlen(errors[0]);
	assert_true(n >= strlen(end));
	assert_string_equal(errors[0] + n - strlen(end), end);
	strv_free(errors);
}

static void test_verify(void **state)
{
	const struct compile_options options = { .config_dir = "/nonexistent/bailiff" };
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/base.profile", "");
	tree_write(t, "profiles/a.profile", "[Exec]\nUMask=9\n");
	expect_verify(t, "draft/a.profile", "[Profile]\nTemplate=base.profile\n", "");
	expect_verify(t, "draft/new.profile", "[Profile]\nTemplate=no.profile\n",
		":2:10: error: Template=no.profile: there is no such profile, or it is masked");
	expect_verify(t, "draft/new.profile", "[User]\nUser=no-such-user\n",
		":2:6: error: User=no-such-user: the user database has no such entry; correct it, or write a "
		"number");
	expect_verify(t, "none.profile.d/x.conf", "[Exec]\nUMask=0022\n", "");
	expect_verify(t, "none.profile.d/x.conf", "[Exec]\nUMaks=0022\n",
		":2:1: error: unknown key 'UMaks' in section [Exec]; did you mean 'UMask'?");
	expect_verify(t, "draft/bailiffd.conf", "[Broker]\nMaxSandboxes=5\n", "");
	expect_verify(t, "bailiffd.conf.d/x.conf", "[Broker]\nMaxSandboxes=x\n",
		":2:14: error: MaxSandboxes=x: expected a decimal number");
	expect_verify(t, "draft/some.conf", "",
		": error: neither a profile (NAME.profile), a drop-in (NAME.profile.d/*.conf) nor "
		"bailiffd.conf, by its "
		"name");
	expect_refused(tree_path(t, "draft/none.profile"), &options, ": error: No such file or directory");
	expect_refused(tree_path(t, "draft"), &options, ": error: not a regular file");
	expect_refused(tree_path(t, "draft/a.profile"), &options,
		"/nonexistent/bailiff: error: there is no such configuration directory");
}

/* A drop-in is tried on its profile, and a profile with its drop-ins. */
static void test_verify_whole(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "profiles/a.profile", "[User]\nUser=daemon\n");
	expect_verify(t, "a.profile.d/x.conf", "[Access]\nAllowUser=no-such-user\n",
		":2:11: error: AllowUser=no-such-user: the user database has no such entry; correct it, or "
		"write a number");
	expect_verify(t, "a.profile.d/x.conf", "[User]\nUser=\n[Seccomp]\nPolicy=no.policy\n",
		":4:1: error: Policy=no.policy: no policies folder of the configuration has this file");
	expect_verify(t, "draft/other.profile.d/x.conf", "[Access]\nAllowUser=no-such-user\n", "");
	tree_write(t, "profiles/a.profile.d/x.conf", "[Exec]\nUMask=9\n");
	expect_verify(t, "draft/a.profile", "", ":2:7: error: UMask=9: expected an octal number");
	/* the draft stands for the drop-in of its name */
	expect_verify(t, "a.profile.d/x.conf", "[Exec]\nUMask=7\n", "");
	expect_verify(t, "a.profile.d/y.conf", "", ":2:7: error: UMask=9: expected an octal number");
	tree_write(t, "bailiffd.conf", "[Broker]\nMaxSandboxes=5\n");
	tree_write(t, "bailiffd.conf.d/x.conf", "[Broker]\nMaxSandboxes=0\n");
	expect_verify(t, "draft/bailiffd.conf", "", ":2:14: error: MaxSandboxes=0: out of range; 1 to 4096");
	expect_verify(t, "draft/bailiffd.conf.d/x.conf", "", "");
}

/* R2: what lies in its place is held to ownership and modes, what lies elsewhere is not. */
static void test_verify_owner(void **state)
{
	static const char *const names[] = { "profiles/a.profile", "profiles/a.profile.d/x.conf",
		"bailiffd.conf", "bailiffd.conf.d/x.conf" };
	struct tree *t = *state;

	tree_need_root();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char draft[64];

		expect_verify(t, names[i], "", "");
		assert_int_equal(chmod(tree_path(t, names[i]), 0666), 0);
		expect_verify(t, names[i], "", ": error: writable by group or others; chmod go-w it");
		assert_int_equal(chmod(tree_path(t, names[i]), 0644), 0);
		(void)snprintf(draft, sizeof(draft), "draft/%s", names[i]);
		tree_write(t, draft, "");
		assert_int_equal(chmod(tree_path(t, draft), 0666), 0);
		expect_verify(t, draft, "", "");
	}
}

#define VERIFY_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(test_verify),
		VERIFY_TEST(test_verify_whole),
		VERIFY_TEST(test_verify_owner),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
