/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/seccomp.h"

#include "base/bounds.h"
#include "base/error.h"
#include "base/strv.h"
#include "seccomp/emit.h"
#include "seccomp/parser.h"

_Static_assert(EMIT_COUNT_MAX > BPF_MAXINSNS_PER_FILTER, "an excess must be countable");

void seccomp_result_done(struct seccomp_result *r)
{
	free(r->filter);
	strv_free(r->diagnostics);
	*r = (struct seccomp_result){};
}

/* The program is too long: says by how much, and which rules to shorten first. */
static int explain_size(struct diagnostics *d, const struct source *source, const struct emit_size *size)
{
	const char *more = size->instructions >= EMIT_COUNT_MAX ? "more than " : "";
	int r = diagnose_file(d, source->display,
		"the program needs %s%zu instructions, the kernel takes at most %d", more, size->instructions,
		BPF_MAXINSNS_PER_FILTER);

	if (r != -EBADMSG || !size->largest)
		return r;
	return diagnose_note(d, size->largest->rules[0]->at, "%zu of them are for the rules that begin here",
		size->largest_instructions);
}

static int compile(struct source_set *sources, const struct source *first, struct diagnostics *d,
	struct seccomp_result *ret)
{
	struct policy policy;
	struct emit_size size;
	int r = policy_init(&policy);

	if (r < 0) {
		(void)diagnose_file(d, first->display, "policies are not supported on this architecture");
		return r;
	}
	r = policy_parse(sources, first, d, &policy);
	if (r == 0)
		r = policy_emit(&policy, &ret->filter, &ret->n_filter, &size);
	if (r == -E2BIG)
		r = explain_size(d, first, &size);
	policy_done(&policy);
	return r;
}

static int explain_source_error(struct diagnostics *d, const char *display, int error, const char *reason)
{
	_cleanup_free_ char *text = source_error_text(error, reason);

	return text ? diagnose_file(d, display, "the file %s", text) : -ENOMEM;
}

/* @r: the result of reading the first source. */
static int compile_source(struct source_set *sources, int r, const struct source *first, const char *display,
	const char *reason, struct seccomp_result *ret)
{
	struct diagnostics d = {};

	if (r == 0)
		r = compile(sources, first, &d, ret);
	else if (explain_source_error(&d, display, r, reason) == -ENOMEM)
		r = -ENOMEM;
	ret->diagnostics = d.list;
	source_set_done(sources);
	return r;
}

int seccomp_compile_file(
	int dir_fd, const char *name, const char *display_path, unsigned flags, struct seccomp_result *ret)
{
	struct source_set sources = SOURCE_SET_INIT;
	const struct source *first = NULL;
	const char *reason = NULL;
	int r;

	*ret = (struct seccomp_result){};
	sources.untrusted = (flags & SECCOMP_UNTRUSTED) != 0;
	r = source_add_file(&sources, dir_fd, name, display_path, &first, &reason);
	return compile_source(&sources, r, first, display_path, reason, ret);
}

int seccomp_compile_text(const char *text, size_t size, int dir_fd, const char *display_path, unsigned flags,
	struct seccomp_result *ret)
{
	struct source_set sources = SOURCE_SET_INIT;
	const struct source *first = NULL;
	int r;

	*ret = (struct seccomp_result){};
	sources.untrusted = (flags & SECCOMP_UNTRUSTED) != 0;
	r = source_add_text(&sources, text, size, dir_fd, display_path, &first);
	return compile_source(&sources, r, first, display_path, NULL, ret);
}
