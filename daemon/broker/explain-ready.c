/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/explain-ready.h"
#include "base/error.h"

#include <stdlib.h>

#define BYTES_MAX 16384 /* as of an answer that is recalled */

const struct ready_answer *ready_find(
	const struct ready_answers *all, size_t index, const struct compiled_profile *p)
{
	const struct ready_answer *ready = &all->v[index % READY_MAX];

	return ready->profile == p ? ready : NULL;
}

static void ready_done(struct ready_answer *ready)
{
	free(ready->data);
	*ready = (struct ready_answer){ 0 };
}

void ready_keep(struct ready_answers *all, size_t index, const struct explanation *e)
{
	struct ready_answer *place = &all->v[index % READY_MAX];
	struct buf bytes = BUF_INIT(BYTES_MAX);
	struct writer w = { .bytes = &bytes };
	size_t before;
	int r;

	ready_done(place);
	r = explain_put_before(&w, e);
	before = bytes.size;
	if (r >= 0)
		r = explain_put_after(&w, e);
	if (r < 0 || writer_error(&w) < 0) {
		buf_done(&bytes);
		return;
	}
	*place = (struct ready_answer){ .profile = e->profile,
		.executable = e->spec.executable,
		.data = bytes.data,
		.before = before,
		.size = bytes.size };
}

int ready_put(struct writer *w, const char *rule, const struct ready_answer *ready, char *const *env)
{
	/* an entry begins at a multiple of eight, here as there */
	const size_t after = (ready->before + 7) & ~(size_t)7;
	int r;

	r = explain_begin_allowed(w, rule);
	writer_entries(w, ready->data, ready->before);
	if (r >= 0)
		r = explain_put_names(w, env);
	writer_entries(w, ready->data + after, ready->size - after);
	writer_close(w);
	return r;
}

void ready_forget(struct ready_answers *all)
{
	for (size_t i = 0; i < READY_MAX; i++)
		ready_done(&all->v[i]);
}
