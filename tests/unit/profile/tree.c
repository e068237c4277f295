/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_make(struct tree *t)
{
	(void)umask(022);
	(void)snprintf(t->root, sizeof(t->root), "/tmp/bailiff-tree-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	assert_int_equal(chmod(t->root, 0755), 0);
}

void tree_remove(struct tree *t)
{
	char *roots[] = { t->root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	assert_non_null(fts);
	for (FTSENT *e = fts_read(fts); e; e = fts_read(fts))
		if (e->fts_info != FTS_D)
			assert_int_equal(remove(e->fts_accpath), 0);
	assert_int_equal(fts_close(fts), 0);
}

const char *tree_path(const struct tree *t, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, PATH_MAX, "%s/%s", t->root, name);
	return path;
}

static void make_parents(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
}

void tree_mkdir(const struct tree *t, const char *name, mode_t mode)
{
	char *path = strdup(tree_path(t, name));

	assert_non_null(path);
	make_parents(path);
	(void)mkdir(path, 0755);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

void tree_write(const struct tree *t, const char *name, const char *text)
{
	char *path = strdup(tree_path(t, name));
	size_t n = strlen(text);
	int fd;

	assert_non_null(path);
	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), (ssize_t)n);
	assert_int_equal(close(fd), 0);
	free(path);
}

void tree_link(const struct tree *t, const char *name, const char *target)
{
	char *path = strdup(tree_path(t, name));

	assert_non_null(path);
	make_parents(path);
	assert_int_equal(symlink(target, path), 0);
	free(path);
}

int tree_setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -1;
	tree_make(t);
	*state = t;
	return 0;
}

int tree_teardown(void **state)
{
	tree_remove(*state);
	free(*state);
	return 0;
}

void tree_need_root(void)
{
	if (geteuid() != 0)
		skip();
}
