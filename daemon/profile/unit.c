/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/unit.h"
#include "base/error.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DROP_IN_SUFFIX ".conf"
#define DROP_INS_MAX   64U /* of one unit; real ones have one or two */

void unit_done(struct unit *u)
{
	for (size_t i = 0; i < u->n_sources; i++)
		(void)source_free(u->sources[i]);
	free(u->sources);
	free(u->path);
	diagnostics_done(&u->diagnostics);
	*u = (struct unit){ 0 };
}

static int add_source(struct unit *u, const char *path, const char *data, size_t size)
{
	struct source **sources = reallocarray(u->sources, u->n_sources + 1, sizeof(struct source *));
	struct source *source = NULL;
	int r;

	if (!sources)
		return -ENOMEM;
	u->sources = sources;
	r = source_parse(path, data, size, &u->diagnostics, &source);
	if (source)
		u->sources[u->n_sources++] = source;
	return r == -EBADMSG ? 0 : r;
}

/* The file itself, from the first directory that has it. A wrong one does not let a later directory's
 * through. */
static int load_main(const struct trusted_dir *dirs, size_t n_dirs, const char *name, struct unit *u)
{
	for (size_t i = 0; i < n_dirs; i++) {
		_cleanup_(trusted_file_done) struct trusted_file f = { 0 };
		int r = trusted_file_read(&dirs[i], name, SOURCE_BYTES_MAX, &u->diagnostics, &f);

		if (r == -ENOENT)
			continue;
		if (r < 0 && r != -EBADMSG)
			return r;
		if (asprintf(&u->path, "%s/%s", dirs[i].path, name) < 0) {
			u->path = NULL;
			return -ENOMEM;
		}
		u->masked = r == 0 && f.masked;
		return r == 0 && !f.masked ? add_source(u, f.path, f.data, f.size) : 0;
	}
	return 0;
}

static int load_draft(const struct draft *draft, struct unit *u)
{
	u->path = strdup(draft->path);
	return u->path ? add_source(u, draft->path, draft->data, draft->size) : -ENOMEM;
}

/* A drop-in: its name, and the directory that it comes from; NULL for the draft. */
struct drop_in {
	char *name;
	const struct trusted_dir *dir;
};

struct drop_ins {
	struct drop_in v[DROP_INS_MAX];
	size_t n;
};

static void drop_ins_done(struct drop_ins *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].name);
}

/* Puts a name in its place in the order, unless an earlier directory has it. */
static int add_drop_in(struct unit *u, struct drop_ins *d, const struct trusted_dir *dir, const char *name)
{
	size_t i = 0;

	while (i < d->n && strcmp(d->v[i].name, name) < 0)
		i++;
	if (i < d->n && strcmp(d->v[i].name, name) == 0)
		return 0;
	if (d->n == DROP_INS_MAX) {
		struct place at = { dir->path, 0, 0 };
		int r = diagnostics_add(&u->diagnostics, &at, "more than %u drop-ins", DROP_INS_MAX);

		return r == -EBADMSG ? 0 : r;
	}
	memmove(&d->v[i + 1], &d->v[i], (d->n - i) * sizeof(d->v[0]));
	d->n++;
	d->v[i] = (struct drop_in){ strdup(name), dir };
	return d->v[i].name ? 0 : -ENOMEM;
}

static int list_drop_ins(struct unit *u, struct drop_ins *d, const struct trusted_dir *dir)
{
	_cleanup_(strv_freep) char **names = NULL;
	struct place at = { dir->path, 0, 0 };
	int r;

	if (dir->fault) {
		r = diagnostics_add(&u->diagnostics, &at, "%s; nothing in it is used", dir->fault);
		return r == -EBADMSG ? 0 : r;
	}
	r = trusted_dir_list(dir, DROP_IN_SUFFIX, &names);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		r = diagnostics_add(&u->diagnostics, &at, "cannot be listed: %s", strerrordesc_np(-r));
		return r == -EBADMSG ? 0 : r;
	}
	STRV_FOREACH (name, names) {
		r = add_drop_in(u, d, dir, *name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_drop_in(struct unit *u, const struct drop_in *d)
{
	_cleanup_(trusted_file_done) struct trusted_file f = { 0 };
	int r = trusted_file_read(d->dir, d->name, SOURCE_BYTES_MAX, &u->diagnostics, &f);

	if (r == 0 && !f.masked)
		r = add_source(u, f.path, f.data, f.size);
	return r == -EBADMSG || r == -ENOENT ? 0 : r;
}

static int read_drop_ins(struct unit *u, const struct drop_ins *d, const struct draft *draft)
{
	for (size_t i = 0; i < d->n; i++) {
		int r = d->v[i].dir ? read_drop_in(u, &d->v[i])
				    : add_source(u, draft->path, draft->data, draft->size);

		if (r < 0)
			return r;
	}
	return 0;
}

static void dirs_done(struct trusted_dir **dirs)
{
	for (struct trusted_dir *d = *dirs; d && d->path; d++)
		trusted_dir_done(d);
	free(*dirs);
}

static int load_drop_ins(const struct trusted_dir *dirs, size_t n_dirs, const char *name,
	const struct draft *draft, struct unit *u)
{
	_cleanup_(dirs_done) struct trusted_dir *below = calloc(n_dirs + 1, sizeof(*below));
	_cleanup_(drop_ins_done) struct drop_ins found = { 0 };
	char folder[NAME_MAX + 1];
	size_t n = 0;
	int r = 0;

	if (!below)
		return -ENOMEM;
	if (draft && draft->drop_in)
		r = add_drop_in(u, &found, NULL, draft->drop_in);
	if (r < 0)
		return r;
	if ((size_t)snprintf(folder, sizeof(folder), "%s.d", name) >= sizeof(folder))
		return 0;
	for (size_t i = 0; i < n_dirs; i++) {
		r = trusted_dir_open_below(&dirs[i], folder, &below[n]);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		r = list_drop_ins(u, &found, &below[n++]);
		if (r < 0)
			return r;
	}
	return read_drop_ins(u, &found, draft);
}

int unit_load(const struct trusted_dir *dirs, size_t n_dirs, const char *name, const struct draft *draft,
	struct unit *ret)
{
	const struct draft *own = draft && strcmp(draft->unit, name) == 0 ? draft : NULL;
	_cleanup_(unit_done) struct unit u = { 0 };
	int r;

	r = own && !own->drop_in ? load_draft(own, &u) : load_main(dirs, n_dirs, name, &u);
	if (r < 0)
		return r;
	if (!u.masked) {
		r = load_drop_ins(dirs, n_dirs, name, own, &u);
		if (r < 0)
			return r;
	}
	*ret = u;
	u = (struct unit){ 0 };
	return 0;
}
