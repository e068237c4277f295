/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Policy=: the file of that name in the first folder that has it, compiled for one architecture. */

#include "base/error.h"
#include "base/strv.h"
#include "compiler/translate.h"
#include "seccomp/seccomp.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder with the policy. One that can't be trusted does not let a later one's through. */
static int find_folder(const struct translation *t, const struct profile *p, struct diagnostics *d,
	const struct trusted_dir **ret)
{
	const struct place *at = &p->states[KEY_POLICY].place;
	struct stat st;

	for (size_t i = 0; i < t->policies->n; i++) {
		const struct trusted_dir *dir = &t->policies->dirs[i];

		if (dir->fd < 0)
			return diagnostics_add(d, at, "Policy=%s: %s: %s", p->policy, dir->path, dir->fault);
		if (fstatat(dir->fd, p->policy, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			return diagnostics_add(d, at, "Policy=%s: %s: cannot be examined: %s", p->policy,
				dir->path, strerrordesc_np(errno));
		}
		if (dir->fault)
			return diagnostics_add(d, at, "Policy=%s: %s: %s; nothing in it is used", p->policy,
				dir->path, dir->fault);
		*ret = dir;
		return 0;
	}
	return diagnostics_add(
		d, at, "Policy=%s: no policies folder of the configuration has this file", p->policy);
}

/* A diagnostic has several lines: each becomes one of ours, so that nobody shows half of it. Before them all
 * stands ours, with the first, for those who show one line only. */
static int take_diagnostics(
	const struct profile *p, struct diagnostics *d, const struct seccomp_result *result)
{
	const char *first = result->n_diagnostics > 0 ? result->diagnostics[0].rendered : "";
	int r = diagnostics_add(d, &p->states[KEY_POLICY].place, "Policy=%s does not compile: %.*s",
		p->policy, (int)strcspn(first, "\n"), first);

	if (r != -EBADMSG)
		return r;
	for (size_t i = 0; i < result->n_diagnostics; i++) {
		_cleanup_(strv_freep) char **lines = NULL;

		r = strv_split(result->diagnostics[i].rendered, "\n", &lines);
		if (r < 0)
			return r;
		STRV_FOREACH (line, lines) {
			r = strv_extend(&d->lines, *line);
			if (r < 0)
				return r;
		}
	}
	return -EBADMSG;
}

int load_policy(const struct translation *t, const struct profile *p, const struct architecture *a,
	struct diagnostics *d, struct seccomp_result *ret, char **ret_path)
{
	const struct seccomp_options options = { .architecture = a,
		.flags = SECCOMP_KEEP | (t->lenient ? SECCOMP_UNTRUSTED : 0) };
	_cleanup_free_ char *path = NULL;
	const struct trusted_dir *dir = NULL;
	int r;

	r = find_folder(t, p, d, &dir);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/%s", dir->path, p->policy) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = seccomp_compile_file(dir->fd, p->policy, path, &options, ret);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return take_diagnostics(p, d, ret);
	free(*ret_path);
	*ret_path = steal_ptr(path);
	return 0;
}
