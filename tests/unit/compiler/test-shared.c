/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Programs that profiles share: whatever makes a program another one makes it another key; a catalog whose
 * profiles share has the same in it as one that has each alone; and what is wrong is told of each profile.
 */

#include "base/error.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "compiler/shared.h"
#include "seccomp/syscalls.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All bytes of it but padding, each changed by itself. */
static const struct {
	size_t at, size;
} members[] = {
#define MEMBER(m)                                                                                            \
	{                                                                                                    \
		offsetof(struct seccomp_layers, m), sizeof(((struct seccomp_layers *)0)->m)                  \
	}
	MEMBER(filter.kind),
	MEMBER(filter.otherwise),
	MEMBER(log.kind),
	MEMBER(log.otherwise),
	MEMBER(families.kind),
	MEMBER(families.families),
	MEMBER(namespaces_denied),
	MEMBER(namespaces_none),
	MEMBER(deny_write_execute),
	MEMBER(lock_personality),
	MEMBER(restrict_realtime),
	MEMBER(restrict_suid_sgid),
	MEMBER(protect_hostname),
	MEMBER(protect_clock),
	MEMBER(protect_modules),
	MEMBER(protect_logs),
#undef MEMBER
};

static void expect_other(const struct buf *first, const struct seccomp_layers *l, const char *policy,
	const bool wanted[_ARCHITECTURE_MAX])
{
	_cleanup_(buf_done) struct buf key = BUF_INIT(0);

	assert_int_equal(shared_filter_key(l, policy, wanted, &key), 0);
	assert_true(first->size != key.size || memcmp(first->data, key.data, key.size) != 0);
}

static void test_each_member_counts(void **state)
{
	bool wanted[_ARCHITECTURE_MAX] = { true };
	struct seccomp_layers l = { 0 };
	_cleanup_(buf_done) struct buf first = BUF_INIT(0), again = BUF_INIT(0);

	assert_int_equal(shared_filter_key(&l, "a.policy", wanted, &first), 0);
	assert_int_equal(shared_filter_key(&l, "a.policy", wanted, &again), 0);
	assert_int_equal(first.size, again.size);
	assert_memory_equal(first.data, again.data, first.size);
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		*((uint8_t *)&l + members[i].at) = 1;
		expect_other(&first, &l, "a.policy", wanted);
		l = (struct seccomp_layers){ 0 };
	}
	expect_other(&first, &l, "b.policy", wanted);
	expect_other(&first, &l, "", wanted);
	expect_other(&first, &l, NULL, wanted);
	wanted[_ARCHITECTURE_MAX - 1] = true;
	expect_other(&first, &l, "a.policy", wanted);
}

static void test_each_mark_counts(void **state)
{
	const bool wanted[_ARCHITECTURE_MAX] = { true };
	struct call_mark *marks = calloc(n_syscall_rows, sizeof(*marks));
	struct seccomp_layers l = { .filter = { .kind = LIST_ALLOW, .marks = marks } };
	_cleanup_(buf_done) struct buf first = BUF_INIT(0);

	assert_non_null(marks);
	assert_int_equal(shared_filter_key(&l, NULL, wanted, &first), 0);
	for (size_t i = 0; i < n_syscall_rows; i += n_syscall_rows - 1) {
		marks[i].listed = true;
		expect_other(&first, &l, NULL, wanted);
		marks[i] = (struct call_mark){ .answered = true };
		expect_other(&first, &l, NULL, wanted);
		marks[i] = (struct call_mark){ .action = 1 };
		expect_other(&first, &l, NULL, wanted);
		marks[i] = (struct call_mark){ 0 };
	}
	free(marks);
}

#define BEGINNING "[Access]\nAllowUser=root\n[Exec]\nExecutable=/bin/true\n"

static struct catalog *compile(const struct tree *t)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;

	assert_int_equal(compile_directories(&options, &c), 0);
	return c;
}

static const struct compiled_profile *find(const struct catalog *c, const char *name)
{
	int i = catalog_index(c, name);

	assert_true(i >= 0);
	return &c->profiles[i];
}

static bool same_filter(const struct compiled_profile *a, const struct compiled_profile *b)
{
	return a->n_filter == b->n_filter &&
	       memcmp(a->filter, b->filter, a->n_filter * sizeof(*a->filter)) == 0;
}

static void write_profile(const struct tree *t, const char *name, const char *more)
{
	char *path = NULL, *text = NULL;

	assert_true(asprintf(&path, "profiles/%s.profile", name) > 0);
	assert_true(asprintf(&text, BEGINNING "%s", more) > 0);
	tree_write(t, path, text);
	free(path);
	free(text);
}

/* "alone" is compiled beside those that it could share with, and by itself. */
static void test_shared_is_as_alone(void **state)
{
	static const char *const others[] = { "[Seccomp]\nPolicy=p.policy\n",
		"[Seccomp]\nPolicy=p.policy\nLockPersonality=yes\n", "[Seccomp]\nPolicy=q.policy\n",
		"[Seccomp]\nPolicy=p.policy\nMemoryDenyWriteExecute=yes\n", "" };
	struct catalog *beside, *by_itself;
	char name[] = "a0";
	struct tree *t = *state;

	tree_need_root();
	tree_write(t, "policies/p.policy", "read: allow\npersonality: allow\nmmap: allow\n");
	tree_write(t, "policies/q.policy", "read: allow\nwrite: allow\n");
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		name[1] = (char)('0' + i);
		write_profile(t, name, others[i]);
	}
	write_profile(t, "z", others[0]);
	beside = compile(t);
	assert_true(same_filter(find(beside, "a0"), find(beside, "z")));
	assert_string_equal(find(beside, "a0")->policy_path, find(beside, "z")->policy_path);
	assert_int_equal(find(beside, "a0")->exposure, find(beside, "z")->exposure);
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		name[1] = (char)('0' + i);
		assert_int_equal(same_filter(find(beside, name), find(beside, "z")), i == 0);
		for (size_t k = 0; k < ELEMENTSOF(others); k++) {
			const char other[] = { 'a', (char)('0' + k), '\0' };
			char *path = NULL;

			assert_true(asprintf(&path, "profiles/%s.profile", other) > 0);
			if (k == i)
				write_profile(t, other, others[k]);
			else
				(void)unlink(tree_path(t, path));
			free(path);
		}
		(void)unlink(tree_path(t, "profiles/z.profile"));
		by_itself = compile(t);
		assert_int_equal(by_itself->n_profiles, 1);
		assert_false(by_itself->profiles[0].invalid);
		assert_true(same_filter(&by_itself->profiles[0], find(beside, name)));
		assert_int_equal(by_itself->profiles[0].exposure, find(beside, name)->exposure);
		catalog_free(by_itself);
	}
	catalog_free(beside);
}

/* Nothing that failed is shared: each says where it names the policy. */
static void test_errors_are_of_each(void **state)
{
	struct tree *t = *state;
	struct catalog *c;
	size_t n = 0;

	tree_need_root();
	tree_write(t, "policies/p.policy", "no-such-call: allow\n");
	write_profile(t, "a", "[Seccomp]\nPolicy=p.policy\n");
	write_profile(t, "b", "[Seccomp]\nPolicy=p.policy\n");
	c = compile(t);
	assert_true(find(c, "a")->invalid && find(c, "b")->invalid);
	assert_non_null(strstr(find(c, "a")->error, "/profiles/a.profile:6:"));
	assert_non_null(strstr(find(c, "b")->error, "/profiles/b.profile:6:"));
	STRV_FOREACH (line, c->errors)
		n += strstr(*line, "does not compile") != NULL;
	assert_int_equal(n, 2);
	catalog_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_member_counts),
		cmocka_unit_test(test_each_mark_counts),
		cmocka_unit_test_setup_teardown(test_shared_is_as_alone, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_errors_are_of_each, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
