/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The section DEFAULTS, PEERS AND EXAMPLES of bailiff.profile(5): every key has an entry with all three; each
 * example compiles, and its key has an effect there; each default that is a value is what holds without the
 * key. Needs root, who alone can own configuration.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/io.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "profile/profile.h"
#include "profile/settings.h"
#include "tests/unit/compiler/machine.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_MAX    (1024 * 1024)
#define PROFILE_MAX 4096
#define LINES_MAX   8
#define HEADING     ".Sh DEFAULTS, PEERS AND EXAMPLES\n"
#define PROGRAM     "[Exec]\nExecutable=/usr/bin/true\n"

struct entry {
	char names[128];        /* "A= , B= , C=" */
	char value[64];         /* the default, if it is a value */
	char *lines[LINES_MAX]; /* of the example */
	size_t n_lines;
	bool has_default, has_peer;
};

static char *page;

static int read_page(void **state)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	char path[4096];
	size_t size;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/docs/man/bailiff.profile.5", root ? root : ".");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_fd_to_end(fd, PAGE_MAX, &page, &size) < 0)
		return -1;
	return close(fd);
}

static int free_page(void **state)
{
	free(page);
	return 0;
}

/* Whether a list of names, each with "=", has this one. */
static bool lists(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(names, name); at; at = strstr(at + 1, name))
		if ((at == names || at[-1] == ' ') && at[n] == '=')
			return true;
	return false;
}

static bool assigns(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncmp(line, name, n) == 0 && line[n] == '=';
}

static void read_line(struct entry *e, const char *line)
{
	static const char example[] = ".Dl ", value[] = ".Cm ";

	if (strncmp(line, example, strlen(example)) == 0) {
		assert_true(e->n_lines < LINES_MAX);
		e->lines[e->n_lines++] = strdup(line + strlen(example));
	} else if (strcmp(line, "Peer:") == 0) {
		e->has_peer = true;
	} else if (strncmp(line, "Default:", strlen("Default:")) == 0) {
		e->has_default = true;
	} else if (!e->has_peer && e->has_default && strncmp(line, value, strlen(value)) == 0) {
		(void)snprintf(e->value, sizeof(e->value), "%s", line + strlen(value));
		e->value[strcspn(e->value, " ")] = '\0';
	}
}

/* The entry of a key; its lines are to be freed. */
static struct entry find_entry(const char *name)
{
	static const char item[] = ".It Ic ";
	const char *at = strstr(page, HEADING);
	_cleanup_free_ char *section = NULL;
	struct entry e = { 0 };
	char *rest, *line;
	bool mine = false;

	assert_non_null(at);
	at += strlen(HEADING);
	section = strndup(at, (size_t)(strstr(at, "\n.Sh ") - at));
	assert_non_null(section);
	for (line = strtok_r(section, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, item, strlen(item)) == 0) {
			mine = lists(line + strlen(item), name);
			if (mine && e.names[0])
				fail_msg("%s= has two entries", name);
			if (mine)
				(void)snprintf(e.names, sizeof(e.names), "%s", line + strlen(item));
		} else if (mine) {
			read_line(&e, line);
		}
	}
	return e;
}

static void entry_done(struct entry *e)
{
	for (size_t i = 0; i < e->n_lines; i++)
		free(e->lines[i]);
}

static const char *section_of(const char *line)
{
	for (size_t i = 0; i < profile_keys.n; i++)
		if (assigns(line, profile_keys.keys[i].name))
			return profile_keys.keys[i].section;
	fail_msg("no such key: %s", line);
	return "";
}

static void append(char *profile, const char *line)
{
	size_t n = strlen(profile);

	assert_true(n + strlen(line) + 32 < PROFILE_MAX);
	(void)snprintf(profile + n, PROFILE_MAX - n, "[%s]\n%s\n", section_of(line), line);
}

/* What is only shown says the same in the file's own words: it would tell any two texts apart. */
static void forget_words(struct compiled_profile *p)
{
	memset(p->sha256, 0, sizeof(p->sha256));
	for (size_t i = 0; i < p->n_settings; i++) {
		free(p->settings[i].key);
		strv_free(p->settings[i].values);
	}
	p->n_settings = 0;
}

/* The catalog's bytes for this profile, without the words and the hash of its text. *reterr: why it is
 * invalid. */
static struct buf compile(const struct tree *t, const char *text, char **reterr)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;
	struct buf b = { 0 };

	tree_write(t, "profiles/example.profile", text);
	assert_int_equal(compile_directories(&options, &c), 0);
	*reterr = c->n_profiles > 0 && c->errors && c->errors[0] ? strdup(c->errors[0]) : NULL;
	for (size_t i = 0; i < c->n_profiles; i++)
		forget_words(&c->profiles[i]);
	assert_int_equal(catalog_encode(c, &b), 0);
	catalog_free(c);
	return b;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* What needs no effect: nothing else can be said, or not on this machine. */
static bool is_only_value(const char *name, const struct entry *e)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "%s=%s", name, e->value);
	if (strcmp(name, "Personality") == 0 || (e->n_lines == 1 && strcmp(e->lines[0], line) == 0))
		return true;
#ifdef __x86_64__
	return false;
#else
	return strcmp(name, "SystemCallArchitectures") == 0;
#endif
}

static void check_example(const struct tree *t, const char *name, const struct entry *e)
{
	char with[PROFILE_MAX] = PROGRAM, without[PROFILE_MAX] = PROGRAM;
	_cleanup_free_ char *error = NULL, *ignored = NULL;
	struct buf a, b;
	size_t own = 0;

	for (size_t i = 0; i < e->n_lines; i++) {
		append(with, strcmp(e->lines[i], "Personality=x86-64") == 0 ? "Personality=" MACHINE
									    : e->lines[i]);
		if (assigns(e->lines[i], name))
			own++;
		else
			append(without, e->lines[i]);
	}
	if (own == 0)
		fail_msg("the example of %s= does not have it", name);
	a = compile(t, with, &error);
	if (error)
		fail_msg("the example of %s=:\n%s%s", name, with, error);
	b = compile(t, without, &ignored);
	if (same(&a, &b) && !is_only_value(name, e))
		fail_msg("the example of %s= has no effect:\n%s", name, with);
	buf_done(&a);
	buf_done(&b);
}

static void check_default(const struct tree *t, const char *name, const struct entry *e)
{
	char text[PROFILE_MAX] = PROGRAM, line[128];
	_cleanup_free_ char *error = NULL, *ignored = NULL;
	struct buf with, without;

	(void)snprintf(line, sizeof(line), "%s=%s", name, e->value);
	append(text, line);
	with = compile(t, text, &error);
	if (error)
		fail_msg("the default %s: %s", line, error);
	without = compile(t, PROGRAM, &ignored);
	if (!same(&with, &without))
		fail_msg("%s is not what holds without it", line);
	buf_done(&with);
	buf_done(&without);
}

static void test_every_key(void **state)
{
	struct tree *t = *state;
	size_t n = 0;

	tree_need_root();
	tree_write(t, "profiles/base.profile", "[Exec]\nUMask=0022\n");
	tree_write(t, "policies/example.policy", "execveat: allow\nexit_group: allow\n");
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *k = &profile_keys.keys[i];
		struct entry e;

		if (!k->set)
			continue;
		e = find_entry(k->name);
		if (!e.names[0] || !e.has_default || !e.has_peer || e.n_lines == 0)
			fail_msg("%s= has no entry with default, peer and example", k->name);
		check_example(t, k->name, &e);
		if (e.value[0])
			check_default(t, k->name, &e);
		entry_done(&e);
		n++;
	}
	assert_true(n > 100);
}

/* What has an entry there is a key. */
static void test_no_other_key(void **state)
{
	const char *at = strstr(page, HEADING), *end = strstr(at + strlen(HEADING), "\n.Sh ");

	for (at = strstr(at, "\n.It Ic "); at && at < end; at = strstr(at + 1, "\n.It Ic ")) {
		char name[64];

		assert_int_equal(sscanf(at, "\n.It Ic %63[A-Za-z0-9=]", name), 1);
		(void)section_of(name);
	}
}

/* The examples that are whole profiles, wherever they stand. */
static void test_whole_profiles(void **state)
{
	static const char begin[] = ".Bd -literal -offset indent\n", end[] = ".Ed\n";
	struct tree *t = *state;
	unsigned n = 0;

	tree_need_root();
	tree_write(t, "profiles/base.profile", "");
	tree_write(t, "policies/thumbnailer.policy", "execveat: allow\nexit_group: allow\n");
	for (const char *at = strstr(page, begin); at; at = strstr(at, begin)) {
		_cleanup_free_ char *text = NULL, *error = NULL;
		struct buf b;

		at += strlen(begin);
		text = strndup(at, (size_t)(strstr(at, end) - at));
		if (text[0] != '[')
			continue;
		/* the one name that no machine has */
		if (strstr(text, "AllowUser=gallery"))
			memcpy(strstr(text, "gallery"), "daemon ", strlen("daemon "));
		b = compile(t, text, &error);
		if (error)
			fail_msg("%s\n%s", text, error);
		buf_done(&b);
		n++;
	}
	assert_true(n >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_key, tree_setup, tree_teardown),
		cmocka_unit_test(test_no_other_key),
		cmocka_unit_test_setup_teardown(test_whole_profiles, tree_setup, tree_teardown),
	};

	return cmocka_run_group_tests_name("examples of bailiff.profile(5)", tests, read_page, free_page);
}
