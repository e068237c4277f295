/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Filesystem] that make mounts. */

#include "base/error.h"
#include "base/parse.h"
#include "base/path.h"
#include "profile/profile.h"
#include "profile/words.h"

#include <string.h>

#define TMPFS_MODE 0755U /* as systemd's TemporaryFileSystem= */

static void mount_done(struct profile_mount *m)
{
	free(m->source);
	free(m->target);
}

/* Forgets mounts of one type; an empty BindPaths= or BindReadOnlyPaths= resets both, as in systemd. */
static void clear_mounts(struct profile *p, bool tmpfs)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].tmpfs == tmpfs)
			mount_done(&p->mounts[i]);
		else
			p->mounts[kept++] = p->mounts[i];
	p->n_mounts = kept;
}

/* Takes over what m owns. */
static int add_mount(const struct setting *s, struct profile *p, struct profile_mount *m)
{
	struct profile_mount *mounts;

	if (p->n_mounts >= SETTING_LIST_MAX)
		return setting_error(s, 0, "%s=: more than %u mounts", s->key->name, SETTING_LIST_MAX);
	mounts = reallocarray(p->mounts, p->n_mounts + 1, sizeof(*mounts));
	if (!mounts)
		return -ENOMEM;
	p->mounts = mounts;
	mounts[p->n_mounts++] = *m;
	*m = (struct profile_mount){ 0 };
	return 0;
}

/* One path of a tuple, with its specifiers. */
static int mount_path(const struct setting *s, size_t offset, const char *text, char **ret)
{
	_cleanup_free_ char *path = NULL;
	struct word_error error = { 0 };
	int r = specifiers_expand(text, &path, &error);

	if (r == -EBADMSG)
		return setting_error(s, offset, "%s=: %s", s->key->name, error.text);
	if (r < 0)
		return r;
	if (!path_is_normalized(path))
		return setting_error(s, offset,
			"%s=%s: expected an absolute path without '//', '.', '..' or '/' at its end",
			s->key->name, path);
	*ret = steal_ptr(path);
	return 0;
}

/* Part of "source:target:options": its text, where it starts, what ended it. */
struct part {
	char *text;
	size_t offset;
	char end;
};

static void part_done(struct part *p)
{
	free(p->text);
}

static int next_part(const struct setting *s, size_t *at, struct part *ret)
{
	struct word_error error = { 0 };
	size_t offset = *at;
	int r = 1;

	/* behind a colon, a blank or the end is an empty part */
	if (ret->end == ':' && (s->value[*at] == '\0' || strchr(" \t", s->value[*at])))
		return setting_error(s, offset, "%s=: nothing stands behind ':'", s->key->name);
	free(ret->text);
	ret->text = NULL;
	offset += strspn(s->value + offset, " \t");
	r = word_next(s->value, at, ':', WORD_PLAIN, &ret->text, &ret->end, &error);
	if (r == -EBADMSG)
		return setting_error(s, error.offset, "%s=: %s", s->key->name, error.text);
	ret->offset = offset;
	return r;
}

/* "norbind,idmap" */
static int bind_options(const struct setting *s, const struct part *part, struct profile_mount *m)
{
	_cleanup_(strv_freep) char **options = NULL;
	int r = strv_split(part->text, ",", &options);

	if (r < 0)
		return r;
	if (part->end == ':')
		return setting_error(s, part->offset, "%s=: more than source:target:options", s->key->name);
	STRV_FOREACH (o, options) {
		if (strcmp(*o, "rbind") == 0 || strcmp(*o, "norbind") == 0)
			m->non_recursive = **o == 'n';
		else if (strcmp(*o, "idmap") == 0 || strcmp(*o, "noidmap") == 0)
			m->idmap = **o == 'i';
		else
			return setting_error(s, part->offset,
				"%s=: '%s' is none of rbind, norbind, idmap, noidmap", s->key->name, *o);
	}
	return 0;
}

/* What follows the source of a bind mount, if anything does. */
static int bind_rest(const struct setting *s, size_t *at, struct part *part, struct profile_mount *m)
{
	int r;

	if (part->end != ':') {
		m->target = strdup(m->source);
		return m->target ? 0 : -ENOMEM;
	}
	r = next_part(s, at, part);
	if (r < 0)
		return r;
	r = mount_path(s, part->offset, part->text, &m->target);
	if (r < 0 || part->end != ':')
		return r;
	r = next_part(s, at, part);
	return r < 0 ? r : bind_options(s, part, m);
}

/* [-]source[:target[:option,…]]. 1: a mount was added. 0: end of the value. */
static int next_bind(const struct setting *s, struct profile *p, size_t *at)
{
	_cleanup_(mount_done) struct profile_mount m = { 0 };
	_cleanup_(part_done) struct part part = { 0 };
	int r;

	r = next_part(s, at, &part);
	if (r <= 0)
		return r;
	m.optional = part.text[0] == '-';
	m.read_only = s->key->id == KEY_BIND_READ_ONLY_PATHS;
	m.place = setting_place(s, part.offset);
	r = mount_path(s, part.offset, part.text + m.optional, &m.source);
	if (r < 0)
		return r;
	r = bind_rest(s, at, &part, &m);
	if (r < 0)
		return r;
	r = add_mount(s, p, &m);
	return r < 0 ? r : 1;
}

int set_binds(const struct setting *s, void *target)
{
	size_t at = 0;
	int r;

	if (s->value[0] == '\0')
		clear_mounts(target, false);
	do
		r = next_bind(s, target, &at);
	while (r > 0);
	return r;
}

static int tmpfs_size(const char *text, struct profile_mount *m)
{
	_cleanup_free_ char *digits = NULL;
	size_t n = strlen(text);
	uint64_t part;

	if (n < 2 || text[n - 1] != '%') {
		m->percent = false;
		return parse_size(text, &m->size) < 0 || m->size == 0 || m->size == UINT64_MAX ? -EINVAL : 0;
	}
	digits = strndup(text, n - 1);
	if (!digits || parse_u64(digits, &part) < 0 || part < 1 || part > 100)
		return -EINVAL;
	m->size = part;
	m->percent = true;
	return 0;
}

static int tmpfs_value(const struct setting *s, size_t offset, const char *option, struct profile_mount *m)
{
	if (strncmp(option, "mode=", 5) == 0) {
		if (parse_mode(option + 5, &m->mode) < 0)
			return setting_error(s, offset, "%s=: '%s': expected an octal mode up to 07777",
				s->key->name, option);
		return 0;
	}
	if (strncmp(option, "size=", 5) == 0) {
		if (tmpfs_size(option + 5, m) < 0)
			return setting_error(s, offset,
				"%s=: '%s': expected bytes, with K, M, G or T, or 1%% to 100%% of the memory",
				s->key->name, option);
		return 0;
	}
	if (strncmp(option, "nr_inodes=", 10) == 0) {
		if (parse_size(option + 10, &m->inodes) < 0 || m->inodes == 0 || m->inodes == UINT64_MAX)
			return setting_error(s, offset, "%s=: '%s': expected a number from 1, with K, M or G",
				s->key->name, option);
		return 0;
	}
	return setting_error(s, offset,
		"%s=: '%s' is none of ro, rw, noexec, exec, nosuid, nodev, mode=, size=, nr_inodes=",
		s->key->name, option);
}

/* "ro,mode=0700,size=1M". nosuid and nodev are always in force. */
static int tmpfs_options(const struct setting *s, const struct part *part, struct profile_mount *m)
{
	_cleanup_(strv_freep) char **options = NULL;
	int r = strv_split(part->text, ",", &options);

	if (r < 0)
		return r;
	if (part->end == ':')
		return setting_error(s, part->offset, "%s=: put commas between the options", s->key->name);
	STRV_FOREACH (o, options) {
		if (strcmp(*o, "ro") == 0 || strcmp(*o, "rw") == 0)
			m->read_only = **o == 'r' && (*o)[1] == 'o';
		else if (strcmp(*o, "noexec") == 0 || strcmp(*o, "exec") == 0)
			m->no_exec = **o == 'n';
		else if (strcmp(*o, "nosuid") != 0 && strcmp(*o, "nodev") != 0)
			r = tmpfs_value(s, part->offset, *o, m);
		if (r < 0)
			return r;
	}
	return 0;
}

static int next_tmpfs(const struct setting *s, struct profile *p, size_t *at)
{
	_cleanup_(mount_done) struct profile_mount m = { .tmpfs = true, .mode = TMPFS_MODE };
	_cleanup_(part_done) struct part part = { 0 };
	int r;

	r = next_part(s, at, &part);
	if (r <= 0)
		return r;
	m.place = setting_place(s, part.offset);
	r = mount_path(s, part.offset, part.text, &m.target);
	if (r < 0)
		return r;
	if (part.end == ':') {
		r = next_part(s, at, &part);
		if (r < 0)
			return r;
		r = tmpfs_options(s, &part, &m);
		if (r < 0)
			return r;
	}
	r = add_mount(s, p, &m);
	return r < 0 ? r : 1;
}

int set_tmpfs(const struct setting *s, void *target)
{
	size_t at = 0;
	int r;

	if (s->value[0] == '\0')
		clear_mounts(target, true);
	do
		r = next_tmpfs(s, target, &at);
	while (r > 0);
	return r;
}
