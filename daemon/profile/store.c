/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/store.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/check.h"

#include <string.h>

#define FOLDER "profiles"

void places_close(struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		trusted_dir_done(&p->dirs[i]);
	p->n = 0;
}

int places_open(const char *const *paths, bool lenient, struct places *ret)
{
	_cleanup_(places_close) struct places p = { .n = 0 };

	for (; *paths; paths++) {
		int r;

		if (p.n == PLACES_MAX)
			return -E2BIG;
		r = trusted_dir_open(*paths, lenient, &p.dirs[p.n]);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		p.n++;
	}
	*ret = p;
	p.n = 0;
	return 0;
}

int places_open_below(const struct places *p, const char *name, struct places *ret)
{
	_cleanup_(places_close) struct places below = { .n = 0 };

	for (size_t i = 0; i < p->n; i++) {
		int r = trusted_dir_open_below(&p->dirs[i], name, &below.dirs[below.n]);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		below.n++;
	}
	*ret = below;
	below.n = 0;
	return 0;
}

struct profile_set *profile_set_free(struct profile_set *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++) {
		profile_done(&s->profiles[i]);
		unit_done(&s->units[i]);
	}
	free(s->profiles);
	free(s->units);
	strv_free(s->errors);
	free(s);
	return NULL;
}

int profile_set_find(const struct profile_set *s, const char *name, size_t *ret)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(s->profiles[middle].name, name);

		if (c == 0) {
			*ret = middle;
			return 0;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -ENOENT;
}

static int general_error(struct profile_set *s, const char *path, const char *text)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	struct place at = { path, 0, 0 };
	int r = diagnostics_add(&d, &at, "%s", text);

	if (r != -EBADMSG)
		return r;
	return strv_extend(&s->errors, d.lines[0]);
}

/* Keeps a name of the listing if it can be a profile's. */
static int take_name(
	struct profile_set *s, const struct trusted_dir *dir, const char *file_name, char ***names)
{
	_cleanup_free_ char *path = NULL;
	size_t n = profile_file_stem(file_name);

	if (n > 0)
		return strv_consume(names, strndup(file_name, n));
	if (asprintf(&path, "%s/%s", dir->path, file_name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return general_error(s, path,
		"not the name of a profile: up to 64 lower-case letters, digits, '-' and '_', beginning with "
		"a letter or digit");
}

static int list_names(struct profile_set *s, const struct trusted_dir *dir, char ***names)
{
	_cleanup_(strv_freep) char **files = NULL;
	int r;

	if (dir->fd < 0)
		return general_error(s, dir->path, dir->fault);
	r = trusted_dir_list(dir, PROFILE_SUFFIX, &files);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return general_error(s, dir->path,
			r == -E2BIG ? "more than 8192 profiles; nothing in it is used" : strerrordesc_np(-r));
	STRV_FOREACH (f, files) {
		r = take_name(s, dir, *f, names);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every name once, sorted. */
static int all_names(
	struct profile_set *s, const struct places *folders, const struct draft *draft, char ***ret)
{
	_cleanup_(strv_freep) char **names = calloc(1, sizeof(*names));
	size_t n, kept = 0;
	int r = 0;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < folders->n; i++)
		r = list_names(s, &folders->dirs[i], &names);
	if (r == 0 && draft && !draft->drop_in)
		r = strv_consume(&names, strndup(draft->unit, profile_file_stem(draft->unit)));
	if (r < 0)
		return r;
	n = strv_length(names);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		if (kept > 0 && strcmp(names[kept - 1], names[i]) == 0)
			free(names[i]);
		else
			names[kept++] = names[i];
	names[kept] = NULL;
	*ret = steal_ptr(names);
	return 0;
}

static int load_unit(
	struct profile_set *s, const struct places *folders, const struct draft *draft, const char *name)
{
	_cleanup_(unit_done) struct unit u = { 0 };
	_cleanup_free_ char *file_name = NULL;
	int r;

	if (asprintf(&file_name, "%s" PROFILE_SUFFIX, name) < 0) {
		file_name = NULL;
		return -ENOMEM;
	}
	r = unit_load(folders->dirs, folders->n, file_name, draft, &u);
	/* a file may vanish between listing and reading */
	if (r < 0 || u.masked || !u.path)
		return r;
	s->profiles[s->n] = (struct profile){ .name = strdup(name) };
	if (!s->profiles[s->n].name)
		return -ENOMEM;
	s->units[s->n++] = u;
	u = (struct unit){ 0 };
	return 0;
}

static int load_units(struct profile_set *s, const struct places *folders, const struct draft *draft)
{
	_cleanup_(strv_freep) char **names = NULL;
	size_t n;
	int r;

	r = all_names(s, folders, draft, &names);
	if (r < 0)
		return r;
	n = strv_length(names);
	if (n > PROFILES_PER_SET_MAX) {
		n = PROFILES_PER_SET_MAX;
		r = general_error(s, folders->dirs[0].path,
			"more than 4096 profiles; the last in the alphabet are left out");
		if (r < 0)
			return r;
	}
	s->profiles = calloc(n + 1, sizeof(*s->profiles));
	s->units = calloc(n + 1, sizeof(*s->units));
	if (!s->profiles || !s->units)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = load_unit(s, folders, draft, names[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The last Template= of a unit, if it names a file; wrong ones are said when the setters run. */
static const struct item *find_template(const struct unit *u, const struct source **ret_source)
{
	const struct item *found = NULL;

	for (size_t i = 0; i < u->n_sources; i++)
		for (size_t j = 0; j < u->sources[i]->n_items; j++) {
			const struct item *item = &u->sources[i]->items[j];

			if (!item->key || strcmp(item->section, "Profile") != 0 ||
				strcmp(item->key, "Template") != 0)
				continue;
			found = item;
			*ret_source = u->sources[i];
		}
	return found && profile_file_stem(found->value) > 0 ? found : NULL;
}

/* Positions in the set: the profile itself first, then its template, and so on. */
struct chain {
	size_t v[PROFILE_TEMPLATE_DEPTH + 1];
	size_t n;
};

static bool in_chain(const struct chain *c, size_t position)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i] == position)
			return true;
	return false;
}

/* Adds the template of the chain's last link. 1: there was one. 0: none. */
static int extend_chain(const struct profile_set *s, struct chain *c, struct diagnostics *d)
{
	char name[PROFILE_NAME_MAX + 1] = "";
	const struct source *source = NULL;
	const struct item *template = find_template(&s->units[c->v[c->n - 1]], &source);
	struct place at;
	size_t next;

	if (!template)
		return 0;
	at = item_value_place(source, template, 0);
	memcpy(name, template->value, profile_file_stem(template->value));
	if (profile_set_find(s, name, &next) < 0)
		return diagnostics_add(
			d, &at, "Template=%s: there is no such profile, or it is masked", template->value);
	if (in_chain(c, next))
		return diagnostics_add(d, &at, "Template=%s: the templates form a circle", template->value);
	if (c->n > PROFILE_TEMPLATE_DEPTH)
		return diagnostics_add(d, &at, "Template=%s: more than %u templates of templates",
			template->value, PROFILE_TEMPLATE_DEPTH);
	c->v[c->n++] = next;
	return 1;
}

/* What a profile does not take over from its templates. */
static void forget_template(struct profile *p)
{
	p->states[KEY_DESCRIPTION] = (struct setting_state){ 0 };
	p->states[KEY_TEMPLATE] = (struct setting_state){ 0 };
}

/* Errors of reading, then the assignments, of one link. */
static int apply_unit(const struct unit *u, struct profile *p, struct diagnostics *d)
{
	int r;

	for (size_t i = 0; i < u->n_sources; i++) {
		const struct source **files = reallocarray(p->files, p->n_files + 1, sizeof(*files));

		if (!files)
			return -ENOMEM;
		p->files = files;
		files[p->n_files++] = u->sources[i];
		r = settings_apply(&profile_keys, u->sources[i], p, p->states, d);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}

static int take_errors(struct profile *p, char *const *lines)
{
	STRV_FOREACH (l, lines) {
		int r = strv_extend(&p->errors, *l);

		if (r < 0)
			return r;
	}
	return 0;
}

static int build_profile(struct profile_set *s, size_t position)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	struct profile *p = &s->profiles[position];
	struct chain chain = { .v = { position }, .n = 1 };
	int r;

	do
		r = extend_chain(s, &chain, &d);
	while (r > 0);
	if (r < 0 && r != -EBADMSG)
		return r;
	while (chain.n > 0) {
		const struct unit *u = &s->units[chain.v[--chain.n]];

		if (chain.n == 0) {
			forget_template(p);
			p->first_own = p->n_files;
		}
		r = take_errors(p, u->diagnostics.lines);
		if (r == 0)
			r = apply_unit(u, p, &d);
		if (r < 0)
			return r;
	}
	r = profile_check(p, &d);
	if (r < 0 && r != -EBADMSG)
		return r;
	return take_errors(p, d.lines);
}

int profile_set_load(const struct places *places, const struct draft *draft, struct profile_set **ret)
{
	_cleanup_(profile_set_freep) struct profile_set *s = calloc(1, sizeof(*s));
	_cleanup_(places_close) struct places folders = { .n = 0 };
	int r;

	if (!s)
		return -ENOMEM;
	r = places_open_below(places, FOLDER, &folders);
	if (r < 0)
		return r;
	r = load_units(s, &folders, draft);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n; i++) {
		r = build_profile(s, i);
		if (r < 0)
			return r;
	}
	r = profiles_check_pools(s->profiles, s->n);
	if (r < 0)
		return r;
	*ret = steal_ptr(s);
	return 0;
}
