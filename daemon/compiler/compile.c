/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/compile.h"
#include "base/error.h"
#include "base/strv.h"
#include "compiler/assess.h"
#include "compiler/context.h"
#include "compiler/daemon-config.h"
#include "compiler/effective.h"
#include "compiler/translate.h"
#include "compiler/users.h"
#include "config.h"

#include <string.h>

#define ERRORS_MAX 10000U /* lines of a whole catalog; the rest is counted by the profiles marked invalid */

int compile_open_places(const struct compile_options *options, struct places *ret)
{
	const char *const system[] = { BAILIFF_CONFIGDIR, BAILIFF_RUNTIMEDIR, BAILIFF_VENDORDIR, NULL };
	const char *const given[] = { options->config_dir, NULL };
	int r = places_open(options->config_dir ? given : system, options->lenient, ret);

	if (r < 0)
		return r;
	if (options->config_dir && ret->n == 0)
		return -ENOENT;
	return 0;
}

int compile_context_open(const struct compile_options *options, struct compile_context *ret)
{
	_cleanup_(user_record_done) struct user_record broker = { 0 };
	struct compile_context *c = ret;
	int r;

	*c = (struct compile_context){ .config_error = 0 };
	compiled_config_init(&c->config);
	r = compile_open_places(options, &c->places);
	if (r < 0)
		return r;
	r = places_open_below(&c->places, "policies", &c->policies);
	if (r < 0)
		return r;
	compiled_config_done(&c->config);
	c->config_error = config_load(&c->places, NULL, &c->config_diagnostics, &c->config);
	if (c->config_error == -ENOMEM)
		return c->config_error;
	c->translation = (struct translation){
		.policies = &c->policies,
		.config = &c->config,
		.filters = &c->filters,
		.user = &c->user,
		.resolve_users = options->resolve_users,
		.lenient = options->lenient,
	};
	if (options->resolve_users && users_find(BAILIFF_USER, &broker) == 0) {
		c->translation.has_broker_user = true;
		c->translation.broker_uid = broker.uid;
		c->translation.broker_gid = broker.gid;
	}
	return 0;
}

void compile_context_close(struct compile_context *c)
{
	places_close(&c->places);
	places_close(&c->policies);
	compiled_config_done(&c->config);
	diagnostics_done(&c->config_diagnostics);
	shared_filters_done(&c->filters);
	known_user_done(&c->user);
}

/* Whether the line belongs to the one before: an excerpt of a policy, or what else is to be said of it. */
static bool continues(const char *line)
{
	return line[0] == ' ' || strstr(line, ": note: ");
}

/* A template's error comes with every profile that uses it, a folder's with every file: once is enough. */
int compile_merge_lines(char ***to, size_t *count, char *const *from)
{
	bool known = false;

	STRV_FOREACH (line, from) {
		int r;

		if (!continues(*line))
			known = strv_contains(*to, *line);
		if (known || *count > ERRORS_MAX)
			continue;
		r = strv_extend(
			to, (*count)++ == ERRORS_MAX ? "more errors follow; they are not shown" : *line);
		if (r < 0)
			return r;
	}
	return 0;
}

static int describe(const struct profile *p, const struct unit *u, struct compiled_profile *ret)
{
	ret->name = strdup(p->name);
	ret->source_path = strdup(u->path);
	if (!ret->name || !ret->source_path)
		return -ENOMEM;
	for (size_t i = p->first_own; i < p->n_files; i++) {
		int r = 0;

		if (strcmp(p->files[i]->path, u->path) != 0)
			r = strv_extend(&ret->drop_ins, p->files[i]->path);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Nothing of an invalid profile is used but its name and what is wrong. */
static int mark_invalid(
	const struct profile *p, const struct unit *u, const char *error, struct compiled_profile *c)
{
	compiled_profile_done(c);
	compiled_profile_init(c);
	c->invalid = true;
	c->error = strdup(error);
	return c->error ? describe(p, u, c) : -ENOMEM;
}

int compile_profile(const struct compile_context *c, const struct profile *p, const struct unit *u,
	struct diagnostics *d, struct compiled_profile *ret)
{
	char reason[NETWORK_REASON_MAX], own_ipc[IPC_REASON_MAX];
	struct score score;
	int r;

	compiled_profile_init(ret);
	STRV_FOREACH (l, p->errors) {
		r = strv_extend(&d->lines, *l);
		if (r < 0)
			return r;
	}
	r = describe(p, u, ret);
	if (r == 0)
		r = translate_profile(&c->translation, p, d, ret);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (d->lines)
		return mark_invalid(p, u, d->lines[0], ret);
	if (c->config_error < 0)
		return mark_invalid(p, u, c->config_diagnostics.lines[0], ret);
	assess_profile(p, ret, c->translation.filters, &score);
	ret->exposure = score_total(&score);
	ret->intersection = assess_intersection(ret);
	ret->shares_network = network_may_be_shared(ret, c->translation.filters, reason);
	ret->reuses_network = network_may_be_reused(ret, c->translation.filters);
	ret->shares_ipc = ipc_may_be_shared(ret, c->translation.filters, own_ipc);
	return effective_settings(&profile_keys, p, ret);
}
