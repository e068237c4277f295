/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/seccomp.h"

#include "base/bounds.h"
#include "base/error.h"
#include "seccomp/emit.h"
#include "seccomp/lint.h"
#include "seccomp/loaded.h"
#include "seccomp/parser.h"

#include <string.h>

_Static_assert(EMIT_COUNT_MAX > BPF_MAXINSNS_PER_FILTER, "an excess must be countable");

void loaded_policy_free(struct loaded_policy *l)
{
	if (!l)
		return;
	policy_done(&l->policy);
	source_set_done(&l->sources);
	free(l);
}

DEFINE_CLEANUP(struct loaded_policy *, loaded_policy_free);

void seccomp_result_done(struct seccomp_result *r)
{
	struct diagnostics d = { .list = r->diagnostics, .n = r->n_diagnostics };

	free(r->filter);
	diagnose_done(&d);
	loaded_policy_free(r->loaded);
	*r = (struct seccomp_result){};
}

/* The program is too long: says by how much, and which rules to shorten first. */
static int explain_size(struct diagnostics *d, const struct source *source, const struct emit_size *size)
{
	const char *more = size->instructions >= EMIT_COUNT_MAX ? "more than " : "";
	int r = diagnose_file(d, source->display, "program-too-large",
		"the program needs %s%zu instructions, the kernel takes at most %d", more, size->instructions,
		BPF_MAXINSNS_PER_FILTER);

	if (r != -EBADMSG || !size->largest)
		return r;
	return diagnose_note(d, size->largest->rules[0]->at, "%zu of them are for the rules that begin here",
		size->largest_instructions);
}

/* Not even a comment: more likely a file that was cut off than a policy under which every call kills. */
static bool is_blank(const struct source *source)
{
	return strspn(source->text, " \t\r\n") == source->size;
}

static int compile(struct loaded_policy *l, const struct source *first, const struct seccomp_options *options,
	struct diagnostics *d, struct seccomp_result *ret)
{
	const struct architecture *a = options->architecture ? options->architecture : architecture_native();
	struct emit_size size;
	int r;

	if (!a) {
		(void)diagnose_file(d, first->display, "no-architecture",
			"there are no tables for the architecture that this program was built for");
		return -EOPNOTSUPP;
	}
	policy_init(&l->policy, a);
	if (is_blank(first))
		return diagnose_file(d, first->display, "empty-policy",
			"the policy is empty; one that allows nothing says so: `@default kill-process`");
	r = policy_parse(&l->sources, first, d, options->flags, &l->policy);
	if (r == 0)
		r = policy_emit(&l->policy, &ret->filter, &ret->n_filter, &size);
	if (r == -E2BIG)
		r = explain_size(d, first, &size);
	if (r == 0 && d->warnings)
		r = lint_policy(d, &l->policy);
	if (r < 0) {
		free(steal_ptr(ret->filter));
		ret->n_filter = 0;
	}
	return r;
}

static int explain_source_error(struct diagnostics *d, const char *display, int error, const char *reason)
{
	_cleanup_free_ char *text = source_error_text(error, reason);

	return text ? diagnose_file(d, display, "unreadable", "the file %s", text) : -ENOMEM;
}

/* What both ways in share. */
struct compilation {
	const struct seccomp_options *options;
	struct loaded_policy *loaded;
	const struct source *first;
	const char *display;
	const char *reason; /* why the first source was not read */
};

static int compilation_begin(struct compilation *c, const struct seccomp_options *options,
	const char *display, struct seccomp_result *ret)
{
	static const struct seccomp_options defaults = {};

	*ret = (struct seccomp_result){};
	*c = (struct compilation){ .options = options ? options : &defaults, .display = display };
	c->loaded = calloc(1, sizeof(*c->loaded));
	if (!c->loaded)
		return -ENOMEM;
	c->loaded->sources = (struct source_set)SOURCE_SET_INIT;
	c->loaded->sources.untrusted = (c->options->flags & SECCOMP_UNTRUSTED) != 0;
	c->loaded->sources.anywhere = (c->options->flags & SECCOMP_ANYWHERE) != 0;
	c->loaded->sources.root = c->options->root;
	return 0;
}

/* @r: the result of reading the first source. */
static int compilation_finish(struct compilation *c, int r, struct seccomp_result *ret)
{
	_cleanup_(loaded_policy_freep) struct loaded_policy *loaded = steal_ptr(c->loaded);
	struct diagnostics d = {
		.warnings = (c->options->flags & SECCOMP_WARNINGS) != 0,
		.kernel = c->options->kernel,
	};

	if (r == 0)
		r = compile(loaded, c->first, c->options, &d, ret);
	else if (explain_source_error(&d, c->display, r, c->reason) == -ENOMEM)
		r = -ENOMEM;
	ret->diagnostics = d.list;
	ret->n_diagnostics = d.n;
	if (r == 0 && (c->options->flags & SECCOMP_KEEP))
		ret->loaded = steal_ptr(loaded);
	return r;
}

int seccomp_compile_file(int dir_fd, const char *name, const char *display_path,
	const struct seccomp_options *options, struct seccomp_result *ret)
{
	struct compilation c;
	int r = compilation_begin(&c, options, display_path, ret);

	if (r < 0)
		return r;
	r = source_add_file(&c.loaded->sources, dir_fd, name, display_path, &c.first, &c.reason);
	return compilation_finish(&c, r, ret);
}

int seccomp_compile_text(const char *text, size_t size, int dir_fd, const char *display_path,
	const struct seccomp_options *options, struct seccomp_result *ret)
{
	struct compilation c;
	int r = compilation_begin(&c, options, display_path, ret);

	if (r < 0)
		return r;
	r = source_add_text(&c.loaded->sources, text, size, dir_fd, display_path, &c.first);
	return compilation_finish(&c, r, ret);
}
