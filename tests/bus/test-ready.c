/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What Explain says of a launch that it allows is put together from what is ready for the profile. Of each
 * profile that is shipped, of those that the fuzzer begins with, and of a catalog with something in every
 * field: it is the same as what is written anew, byte for byte.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"
#include "broker/explain-call.h"
#include "compiler/compile.h"
#include "rig.h"
#include "tests/unit/catalog/samples.h"
#include "tests/unit/profile/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES (1024 * 1024)
#define VALUE      "a value that is nobody's business"

/* Who may launch everything; the rule's length moves what is behind it. */
static struct callers callers;
static const struct caller root = { .callers = &callers, .known = true };

struct question {
	const char *profile, *program;
	const char *argument; /* or NULL */
	char *const *names;   /* of variables, or NULL */
};

static void put_body(const struct question *q, struct buf *ret)
{
	struct writer w = { .bytes = ret };

	writer_text(&w, q->profile);
	writer_open(&w, 'a', "s");
	writer_text(&w, q->program);
	if (q->argument)
		writer_text(&w, q->argument);
	writer_close(&w);
	writer_open(&w, 'a', "{ss}");
	STRV_FOREACH (name, q->names) {
		/* a pattern is no name */
		if (strchr(*name, '*'))
			continue;
		writer_open(&w, 'e', "ss");
		writer_text(&w, *name);
		writer_text(&w, VALUE);
		writer_close(&w);
	}
	writer_close(&w);
	writer_open(&w, 'a', "{sv}");
	writer_close(&w);
	assert_int_equal(writer_error(&w), 0);
}

static void ask(struct broker *b, const struct question *q, struct buf *ret)
{
	_cleanup_(buf_done) struct buf body = BUF_INIT(0);
	struct writer w = { .bytes = ret };
	struct cursor c;

	*ret = BUF_INIT(0);
	put_body(q, &body);
	c = CURSOR_INIT(body.data, body.size);
	assert_int_equal(explain_quickly(b, &root, &c, &w), 1);
	assert_int_equal(writer_error(&w), 0);
}

static bool is_allowed(const struct buf *answer)
{
	uint32_t allowed;

	memcpy(&allowed, answer->data, sizeof(allowed));
	return allowed == 1;
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* To its end. */
static bool contains(const struct buf *answer, const char *text)
{
	return memmem(answer->data, answer->size, text, strlen(text) + 1) != NULL;
}

static size_t count_ready(const struct broker *b)
{
	size_t n = 0;

	for (size_t i = 0; i < READY_MAX; i++)
		n += b->ready_answers.v[i].profile != NULL;
	return n;
}

/* It is what the answer is made of: a change there comes out. */
static void require_used(struct broker *b, const struct question *q, const struct buf *anew)
{
	_cleanup_(buf_done) struct buf changed = BUF_INIT(0);
	struct ready_answer *ready = NULL;

	for (size_t i = 0; i < READY_MAX; i++)
		if (b->ready_answers.v[i].profile)
			ready = &b->ready_answers.v[i];
	assert_non_null(ready);
	ready->data[ready->size - 1] ^= 1;
	ask(b, q, &changed);
	assert_false(is_same(anew, &changed));
	ready->data[ready->size - 1] ^= 1;
}

/* The same with what another question left ready. Returns whether it is allowed. */
static bool compare(struct broker *b, const struct question *q, const struct question *before)
{
	_cleanup_(buf_done) struct buf anew = BUF_INIT(0), first = BUF_INIT(0), ready = BUF_INIT(0);
	bool left;

	ready_forget(&b->ready_answers);
	ask(b, q, &anew);
	assert_int_equal(count_ready(b), is_allowed(&anew));
	ready_forget(&b->ready_answers);
	ask(b, before, &first);
	left = count_ready(b) == 1;
	assert_int_equal(left, is_allowed(&first));
	ask(b, q, &ready);
	if (!is_same(&anew, &ready))
		fail_msg("%s of %s is something else after %s", q->program, q->profile, before->program);
	assert_false(contains(&ready, VALUE));
	if (left && is_allowed(&anew) && strcmp(q->program, before->program) == 0)
		require_used(b, q, &anew);
	return is_allowed(&anew);
}

static unsigned compare_program(
	struct broker *b, const struct compiled_profile *p, const char *program, const char *other)
{
	char lang[] = "LANG", never[] = "LD_PRELOAD";
	char *const one[] = { lang, NULL }, *const bad[] = { never, NULL };
	char *const *const names[] = { NULL, p->pass_environment, one, bad };
	const struct question plain = { .profile = p->name, .program = program };
	const struct question before = { .profile = p->name, .program = other };
	unsigned n = 0;

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		struct question q = plain;

		q.names = names[i];
		n += compare(b, &q, &plain);
		n += compare(b, &q, &before);
		q.argument = "--argument";
		n += compare(b, &q, &plain);
	}
	return n;
}

static unsigned compare_catalog(struct catalog *c)
{
	struct broker b = BROKER_NULL;
	unsigned n = 0;

	b.catalog = c;
	b.generation = 77;
	for (size_t i = 0; i < c->n_profiles; i++) {
		struct compiled_profile *p = &c->profiles[i];
		char *const *programs = p->executables;

		if (plan_needs_unit(p))
			continue;
		STRV_FOREACH (e, programs)
			n += compare_program(&b, p, *e, programs[0]);
		(void)compare_program(
			&b, p, "/no/such/program", strv_length(programs) > 0 ? programs[0] : "x");
	}
	ready_forget(&b.ready_answers);
	return n;
}

static void copy_folder(const struct tree *t, const char *from, const char *prefix, const char *to)
{
	const char *source = getenv("BAILIFF_SOURCE_ROOT");
	char path[512], name[512];
	DIR *dir;

	assert_non_null(source);
	(void)snprintf(path, sizeof(path), "%s/%s", source, from);
	dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		_cleanup_free_ char *data = NULL;
		_cleanup_close_ int fd = -1;
		size_t size;

		if (e->d_name[0] == '.' || e->d_type == DT_DIR ||
			strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		assert_int_equal(read_fd_to_end(fd, FILE_BYTES, &data, &size), 0);
		(void)snprintf(name, sizeof(name), "%s/%.200s", to, e->d_name);
		tree_write(t, name, data);
	}
	assert_int_equal(closedir(dir), 0);
}

static struct catalog *compile(const struct tree *t)
{
	const struct compile_options options = {
		.config_dir = t->root, .resolve_users = true, .lenient = true
	};
	struct catalog *c = NULL;

	copy_folder(t, "policies/seccomp", "", "policies");
	copy_folder(t, "policies/seccomp/parts", "", "policies/parts");
	assert_int_equal(compile_directories(&options, &c), 0);
	return c;
}

static unsigned count_valid(const struct catalog *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n_profiles; i++)
		n += !c->profiles[i].invalid;
	return n;
}

static void test_shipped(void **state)
{
	const struct tree *t = *state;
	struct catalog *c;

	copy_folder(t, "policies/profiles", "", "profiles");
	c = compile(t);
	assert_int_equal(count_valid(c), c->n_profiles);
	assert_true(compare_catalog(c) > 50);
	catalog_free(c);
}

static bool is_valid(const struct catalog *c, const char *name)
{
	const struct compiled_profile *p = catalog_find(c, name);

	return p && !p->invalid;
}

/* Profiles that say more: good-everything has arguments, slots, variables, limits and a user of its own. */
static void test_written(void **state)
{
	const struct tree *t = *state;
	struct catalog *c;

	copy_folder(t, "tests/fuzz/profile/corpus", "good-", "profiles");
	tree_write(t, "profiles/base.profile", "");
	tree_write(t, "policies/p.policy", "@include base.policy\n");
	tree_write(t, "profiles/shares.profile",
		"[Exec]\nExecutable=/bin/true /bin/false\nPassEnvironment=A LANG\nEnvironment=A=1 B=2\n"
		"StandardInput=fd\nFileDescriptor=5 pipe,required\n"
		"[Resources]\nMemoryMax=64M\nTasksMax=7\nCPUQuota=33%\nNice=3\nOOMScoreAdjust=500\n"
		"LimitCPU=infinity\n");
	c = compile(t);
	assert_true(is_valid(c, "good-everything") && is_valid(c, "shares"));
	assert_true(compare_catalog(c) > 20);
	catalog_free(c);
}

/* Something in every field. */
static void test_full(void **state)
{
	struct catalog *c = sample_catalog();

	for (size_t i = 0; i < c->n_profiles; i++)
		for (size_t k = 0; k < c->profiles[i].n_access; k++)
			if (c->profiles[i].access[k].type == ACCESS_UNIT)
				c->profiles[i].access[k].type = ACCESS_USER;
	assert_true(compare_catalog(c) > 0);
	catalog_free(c);
}

/* More profiles than there is room for: none gets what is another's. */
static void test_room(void **state)
{
	const struct tree *t = *state;
	struct broker b = BROKER_NULL;
	char name[64], text[128];

	for (unsigned i = 0; i < READY_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "profiles/p%02u.profile", i);
		(void)snprintf(text, sizeof(text), "[Exec]\nExecutable=/bin/true\nWorkingDirectory=/%u\n", i);
		tree_write(t, name, text);
	}
	b.catalog = compile(t);
	assert_int_equal(count_valid(b.catalog), READY_MAX + 3);
	for (unsigned i = 0; i < 2 * b.catalog->n_profiles; i++) {
		const struct compiled_profile *p = &b.catalog->profiles[i % b.catalog->n_profiles];
		const struct question q = { .profile = p->name, .program = "/bin/true" };
		_cleanup_(buf_done) struct buf answer = BUF_INIT(0);

		ask(&b, &q, &answer);
		assert_true(is_allowed(&answer) && contains(&answer, p->working_directory));
	}
	assert_int_equal(count_ready(&b), READY_MAX);
	ready_forget(&b.ready_answers);
	b.catalog = catalog_free(b.catalog);
}

/* What is ready is of the catalog in force. */
static void test_reload(void **state)
{
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = 2 };
	const struct question q = { .profile = "decoder", .program = "/bin/true" };
	_cleanup_(buf_done) struct buf before = BUF_INIT(0), after = BUF_INIT(0), anew = BUF_INIT(0);
	struct rig *r;
	int fd;

	assert_int_equal(rig_setup(state), 0);
	r = *state;
	ask(&r->broker, &q, &before);
	assert_int_equal(count_ready(&r->broker), 1);
	fd = rig_catalog_memfd(0);
	assert_int_equal(keeper_send(r->keeper, &m, &fd, 1), 0);
	(void)fd_close(fd);
	rig_until(r, r->broker.generation == 2);
	assert_int_equal(count_ready(&r->broker), 0);
	ask(&r->broker, &q, &after);
	/* the generation is in it */
	assert_false(is_same(&before, &after));
	ask(&r->broker, &q, &anew);
	assert_true(is_same(&after, &anew));
	broker_stop(&r->broker);
	assert_int_equal(count_ready(&r->broker), 0);
	assert_int_equal(rig_teardown(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_written, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(test_room, tree_setup, tree_teardown),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
