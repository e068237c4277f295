/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * All profiles, for a catalog. The daemon's part alone, as is the library that the hashes are made with: a
 * program that links this one's archive and compiles no catalog is not loaded with it.
 */

#include "base/error.h"
#include "compiler/compile.h"
#include "compiler/context.h"
#include "compiler/members.h"

#include <nettle/sha2.h>
#include <stdlib.h>

_Static_assert(SHA256_DIGEST_SIZE == sizeof(((struct compiled_profile *)0)->sha256), "a hash fits");

static void hash_files(const struct profile *p, uint8_t ret[static SHA256_DIGEST_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	for (size_t i = 0; i < p->n_files; i++)
		sha256_update(&ctx, p->files[i]->size, (const uint8_t *)p->files[i]->data);
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
}

static int compile_set(
	const struct compile_context *context, const struct profile_set *set, struct catalog *c)
{
	size_t count = 0;
	int r;

	c->profiles = calloc(set->n + 1, sizeof(*c->profiles));
	if (!c->profiles)
		return -ENOMEM;
	r = compile_merge_lines(&c->errors, &count, context->config_diagnostics.lines);
	if (r == 0)
		r = compile_merge_lines(&c->errors, &count, set->errors);
	for (size_t i = 0; r == 0 && i < set->n; i++) {
		_cleanup_(diagnostics_done) struct diagnostics d = { 0 };

		r = compile_profile(context, &set->profiles[i], &set->units[i], &d, &c->profiles[i]);
		c->n_profiles++;
		if (r == 0) {
			hash_files(&set->profiles[i], c->profiles[i].sha256);
			r = compile_merge_lines(&c->errors, &count, d.lines);
		}
	}
	return r;
}

int compile_directories(const struct compile_options *options, struct catalog **ret)
{
	_cleanup_(compile_context_close) struct compile_context context = { 0 };
	_cleanup_(profile_set_freep) struct profile_set *set = NULL;
	_cleanup_(catalog_freep) struct catalog *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = compile_context_open(options, &context);
	if (r < 0)
		return r;
	r = profile_set_load(&context.places, NULL, &set);
	if (r == 0)
		r = compile_set(&context, set, c);
	if (r == 0 && options->resolve_users)
		r = members_collect(c);
	if (r < 0)
		return r;
	c->config = context.config;
	compiled_config_init(&context.config);
	*ret = steal_ptr(c);
	return 0;
}
