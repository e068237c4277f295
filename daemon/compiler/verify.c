/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One file looked at as if it lay in its place, and files as they lie. */

#include "base/error.h"
#include "base/io.h"
#include "base/strv.h"
#include "compiler/context.h"
#include "compiler/daemon-config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file to verify. */
struct subject {
	const char *path, *base; /* base: its last component */
	char *folder;            /* the last component of the directory that it really lies in */
	struct stat directory;
	char *data;
	size_t size;
};

static void subject_done(struct subject *f)
{
	free(f->folder);
	free(f->data);
}

static int find_folder(struct subject *f)
{
	const char *slash = strrchr(f->path, '/'), *last;
	_cleanup_free_ char *directory = NULL, *real = NULL;

	f->base = slash ? slash + 1 : f->path;
	directory = slash ? strndup(f->path, (size_t)(f->base - f->path)) : strdup(".");
	if (!directory)
		return -ENOMEM;
	real = realpath(directory, NULL);
	if (!real || stat(real, &f->directory) < 0)
		return errno_or_eio();
	last = strrchr(real, '/');
	f->folder = strdup(last ? last + 1 : real);
	return f->folder ? 0 : -ENOMEM;
}

static int read_subject(const char *path, struct subject *f)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return errno_or_eio();
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return read_fd_to_end(fd, SOURCE_BYTES_MAX, &f->data, &f->size);
}

static int refuse(struct diagnostics *d, const char *path, const char *text)
{
	struct place at = { path, 0, 0 };
	int r = diagnostics_add(d, &at, "%s", text);

	return r == -EBADMSG ? 0 : r;
}

static int refuse_unreadable(struct diagnostics *d, const char *path, int error)
{
	switch (error) {
	case -ENOMEM:
		return error;
	case -EINVAL:
	case -EISDIR:
		return refuse(d, path, "not a regular file");
	case -EFBIG:
		return refuse(d, path, "file of more than 256 KiB");
	default:
		return refuse(d, path, strerrordesc_np(-error));
	}
}

static bool ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcmp(s + n - m, suffix) == 0;
}

/* A file that lies in its place already is also held to what the daemon asks of its owner and mode. */
static int check_owner(const struct places *places, const struct subject *f, struct diagnostics *d)
{
	for (size_t i = 0; i < places->n; i++) {
		_cleanup_(trusted_file_done) struct trusted_file file = { 0 };
		struct stat st;
		int r;

		if (places->dirs[i].fd < 0 || fstat(places->dirs[i].fd, &st) < 0 ||
			st.st_dev != f->directory.st_dev || st.st_ino != f->directory.st_ino)
			continue;
		r = trusted_file_read(&places->dirs[i], f->base, SOURCE_BYTES_MAX, d, &file);
		if (r < 0 && r != -EBADMSG && r != -ENOENT)
			return r;
	}
	return 0;
}

/* The folders of this name, or the folders of drop-ins in them, are where the file may lie. */
static int check_place(const struct places *parents, const char *folder, const struct subject *f,
	const struct draft *draft, struct diagnostics *d)
{
	_cleanup_(places_close) struct places folders = { .n = 0 }, below = { .n = 0 };
	int r;

	r = folder ? places_open_below(parents, folder, &folders) : 0;
	if (r < 0)
		return r;
	if (folder)
		parents = &folders;
	if (!draft->drop_in)
		return check_owner(parents, f, d);
	r = places_open_below(parents, f->folder, &below);
	return r < 0 ? r : check_owner(&below, f, d);
}

/* A drop-in of a profile that is not there can be right or wrong key by key. */
static int verify_keys(const struct draft *draft, struct diagnostics *d)
{
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	int r;

	r = source_parse(draft->path, draft->data, draft->size, d, &source);
	if (!source)
		return r;
	r = settings_apply(&profile_keys, source, &p, p.states, d);
	return r == -EBADMSG ? 0 : r;
}

static int verify_profile(struct compile_context *context, const struct subject *f, const struct draft *draft,
	struct verify_verdict *verdict, struct diagnostics *d)
{
	_cleanup_(compiled_profile_done) struct compiled_profile compiled = { 0 };
	_cleanup_(profile_set_freep) struct profile_set *set = NULL;
	_cleanup_free_ char *name = strndup(draft->unit, profile_file_stem(draft->unit));
	size_t position;
	int r;

	if (!name)
		return -ENOMEM;
	/* a broken bailiffd.conf is not this file's error */
	context->config_error = 0;
	r = check_place(&context->places, "profiles", f, draft, d);
	if (r == 0)
		r = profile_set_load(&context->places, draft, &set);
	if (r < 0)
		return r;
	if (profile_set_find(set, name, &position) < 0)
		return verify_keys(draft, d);
	r = compile_profile(context, &set->profiles[position], &set->units[position], d, &compiled);
	if (r < 0 || compiled.invalid)
		return r;
	*verdict = (struct verify_verdict){ .is_profile = true,
		.exposure = compiled.exposure,
		.level = exposure_level(compiled.exposure),
		.intersection = compiled.intersection,
		.private_network = compiled.namespaces & JAIL_NS_NET,
		.shares_network = compiled.shares_network,
		.private_ipc = compiled.namespaces & JAIL_NS_IPC,
		.shares_ipc = compiled.shares_ipc };
	(void)network_may_be_shared(&compiled, NULL, verdict->own_network);
	(void)ipc_may_be_shared(&compiled, NULL, verdict->own_ipc);
	return 0;
}

static int verify_config(const struct compile_context *context, const struct subject *f,
	const struct draft *draft, struct diagnostics *d)
{
	_cleanup_(compiled_config_done) struct compiled_config config = { 0 };
	int r;

	r = check_place(&context->places, NULL, f, draft, d);
	if (r == 0)
		r = config_load(&context->places, draft, d, &config);
	return r == -EBADMSG ? 0 : r;
}

/* What the file would be by its name, and by its folder's: "NAME.profile.d/10-site.conf". */
static int verify_as(const struct compile_options *options, const struct subject *f,
	struct verify_verdict *verdict, struct diagnostics *d)
{
	_cleanup_(compile_context_close) struct compile_context context = { 0 };
	_cleanup_free_ char *unit = NULL;
	struct draft draft = { .unit = f->base, .path = f->path, .data = f->data, .size = f->size };
	int r;

	if (ends_in(f->base, ".conf") && ends_in(f->folder, ".d")) {
		unit = strndup(f->folder, strlen(f->folder) - strlen(".d"));
		if (!unit)
			return -ENOMEM;
		draft.unit = unit;
		draft.drop_in = f->base;
	}
	if (profile_file_stem(draft.unit) == 0 && strcmp(draft.unit, CONFIG_FILE) != 0)
		return refuse(d, f->path,
			"neither a profile (NAME.profile), a drop-in (NAME.profile.d/*.conf) nor "
			"bailiffd.conf, by its name");
	r = compile_context_open(options, &context);
	if (r == -ENOENT && options->config_dir)
		return refuse(d, options->config_dir, "there is no such configuration directory");
	if (r < 0)
		return r;
	if (profile_file_stem(draft.unit) > 0)
		return verify_profile(&context, f, &draft, verdict, d);
	return verify_config(&context, f, &draft, d);
}

int compile_verify_file(const char *path, const struct compile_options *options,
	struct verify_verdict *ret_verdict, char ***ret_errors)
{
	struct verify_verdict verdict = { .is_profile = false };
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	_cleanup_(subject_done) struct subject f = { .path = path };
	_cleanup_(strv_freep) char **lines = NULL;
	size_t count = 0;
	int r;

	r = read_subject(path, &f);
	if (r == 0)
		r = find_folder(&f);
	if (r < 0)
		r = refuse_unreadable(&d, path, r);
	else
		r = verify_as(options, &f, &verdict, &d);
	if (r == 0)
		r = compile_merge_lines(&lines, &count, d.lines);
	if (r < 0)
		return r;
	if (ret_verdict)
		*ret_verdict = verdict;
	if (!lines)
		return 0;
	*ret_errors = steal_ptr(lines);
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
		r = unit_load(folders.dirs, folders.n, file_name, NULL, &u);
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
