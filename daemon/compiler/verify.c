/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One file looked at as if it lay in its place, and files as they lie. */

#include "base/error.h"
#include "base/io.h"
#include "base/strv.h"
#include "compiler/context.h"
#include "compiler/daemon-config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A file to verify. */
struct draft_file {
	const char *path, *base; /* base: its last component */
	char *data;
	size_t size;
};

static int read_draft(const char *path, struct draft_file *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *slash = strrchr(path, '/');
	enum fd_kind kind;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = fd_classify(fd, -1, &kind, NULL);
	if (r < 0)
		return r;
	if (kind != FD_KIND_REGULAR)
		return kind == FD_KIND_DIRECTORY ? -EISDIR : -EINVAL;
	*ret = (struct draft_file){ .path = path, .base = slash ? slash + 1 : path };
	return read_fd_to_end(fd, SOURCE_BYTES_MAX, &ret->data, &ret->size);
}

/* True when the file's folder has this name: "NAME.profile.d/10-site.conf". */
static bool in_folder(const struct draft_file *f, const char *suffix)
{
	size_t n = (size_t)(f->base - f->path), m = strlen(suffix);

	return n > m + 1 && strncmp(f->base - 1 - m, suffix, m) == 0;
}

static bool ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcmp(s + n - m, suffix) == 0;
}

static int verify_profile(
	const struct compile_options *options, const struct draft_file *f, struct diagnostics *d)
{
	_cleanup_(compile_context_close) struct compile_context context = { 0 };
	_cleanup_(compiled_profile_done) struct compiled_profile compiled = { 0 };
	_cleanup_(profile_set_freep) struct profile_set *set = NULL;
	_cleanup_free_ char *name = strndup(f->base, profile_file_stem(f->base));
	struct draft draft = { name, f->path, f->data, f->size };
	size_t position;
	int r;

	if (!name)
		return -ENOMEM;
	r = compile_context_open(options, &context);
	if (r < 0)
		return r;
	/* a broken bailiffd.conf is not this file's error */
	context.config_error = 0;
	r = profile_set_load(&context.places, &draft, &set);
	if (r == 0)
		r = profile_set_find(set, name, &position);
	if (r < 0)
		return r;
	return compile_profile(&context, &set->profiles[position], &set->units[position], d, &compiled);
}

/* A drop-in alone can be right or wrong key by key; how it goes with the profile shows when that is loaded.
 */
static int verify_drop_in(const struct draft_file *f, struct diagnostics *d)
{
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	int r;

	r = source_parse(f->path, f->data, f->size, d, &source);
	if (!source)
		return r;
	r = settings_apply(&profile_keys, source, &p, p.states, d);
	return r == -EBADMSG ? 0 : r;
}

static int verify_config(const struct draft_file *f, struct diagnostics *d)
{
	_cleanup_(compiled_config_done) struct compiled_config config = { 0 };
	int r = config_parse_text(f->path, f->data, f->size, d, &config);

	return r == -EBADMSG ? 0 : r;
}

static int verify(const struct compile_options *options, const struct draft_file *f, struct diagnostics *d)
{
	struct place at = { f->path, 0, 0 };
	int r;

	if (profile_file_stem(f->base) > 0)
		return verify_profile(options, f, d);
	if (strcmp(f->base, CONFIG_FILE) == 0 ||
		(ends_in(f->base, ".conf") && in_folder(f, CONFIG_FILE ".d")))
		return verify_config(f, d);
	if (ends_in(f->base, ".conf") && in_folder(f, PROFILE_SUFFIX ".d"))
		return verify_drop_in(f, d);
	r = diagnostics_add(d, &at,
		"neither a profile (NAME.profile), a drop-in (NAME.profile.d/*.conf) nor bailiffd.conf, by "
		"its name");
	return r == -EBADMSG ? 0 : r;
}

int compile_verify_file(const char *path, const struct compile_options *options, char ***ret_errors)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	struct draft_file f = { 0 };
	_cleanup_free_ char *data = NULL;
	int r;

	r = read_draft(path, &f);
	data = f.data;
	if (r < 0)
		return r;
	r = verify(options, &f, &d);
	if (r < 0 || !d.lines)
		return r;
	*ret_errors = steal_ptr(d.lines);
	return -EBADMSG;
}

static int print_source(const struct source *s, bool first, FILE *out)
{
	if (fprintf(out, "%s# %s\n", first ? "" : "\n", s->path) < 0 ||
		fwrite(s->data, 1, s->size, out) != s->size)
		return -EIO;
	if (s->size > 0 && s->data[s->size - 1] != '\n' && fputc('\n', out) == EOF)
		return -EIO;
	return 0;
}

int compile_cat(const char *name, const struct compile_options *options, FILE *out)
{
	_cleanup_(places_close) struct places places = { .n = 0 }, folders = { .n = 0 };
	_cleanup_(unit_done) struct unit u = { 0 };
	_cleanup_free_ char *file_name = NULL;
	int r;

	if (asprintf(&file_name, "%s" PROFILE_SUFFIX, name) < 0) {
		file_name = NULL;
		return -ENOMEM;
	}
	if (profile_file_stem(file_name) == 0)
		return -ENOENT;
	r = compile_open_places(options, &places);
	if (r == 0)
		r = places_open_below(&places, "profiles", &folders);
	if (r == 0)
		r = unit_load(folders.dirs, folders.n, file_name, &u);
	if (r < 0)
		return r;
	if (!u.path || u.masked)
		return -ENOENT;
	for (size_t i = 0; i < u.n_sources; i++) {
		r = print_source(u.sources[i], i == 0, out);
		if (r < 0)
			return r;
	}
	return u.diagnostics.n > 0 ? -EBADMSG : 0;
}
