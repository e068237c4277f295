/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/registry.h"
#include "base/error.h"
#include "base/fd.h"

static struct sandbox_bucket *bucket(struct registry *r, uint64_t id)
{
	return &r->buckets[id & (REGISTRY_BUCKETS - 1)];
}

void registry_init(struct registry *r, uint64_t first_id)
{
	*r = (struct registry){ .next_id = first_id };
	TAILQ_INIT(&r->by_age);
	TAILQ_INIT(&r->retained);
}

size_t registry_live(const struct registry *r)
{
	return r->n - r->n_retained;
}

int registry_add(struct registry *r, size_t max_live, struct sandbox **ret)
{
	struct sandbox *s;

	if (registry_live(r) >= max_live || registry_live(r) >= SANDBOXES_MAX)
		return -EUSERS;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	if (r->n >= SANDBOXES_MAX)
		registry_remove(r, TAILQ_FIRST(&r->retained));
	*s = (struct sandbox){
		.id = r->next_id++,
		.state = SANDBOX_STARTING,
		.jail = JAIL_NULL,
		.process = SOURCE_NULL,
		.report = SOURCE_NULL,
		.listener = SOURCE_NULL,
		.notify = SOURCE_NULL,
		.runtime_deadline = USEC_INFINITY,
	};
	for (size_t i = 0; i < LIFELINES_MAX; i++)
		s->lifelines[i] = (struct lifeline){ .source = SOURCE_NULL, .sandbox = s };
	TAILQ_INSERT_TAIL(&r->by_age, s, by_age);
	LIST_INSERT_HEAD(bucket(r, s->id), s, by_id);
	r->n++;
	*ret = s;
	return 0;
}

struct sandbox *registry_find(const struct registry *r, uint64_t id)
{
	struct sandbox *s;

	LIST_FOREACH(s, &r->buckets[id & (REGISTRY_BUCKETS - 1)], by_id)
	{
		if (s->id == id)
			return s;
	}
	return NULL;
}

struct sandbox *registry_find_from(const struct registry *r, uint64_t id)
{
	struct sandbox *s = registry_find(r, id);

	if (s)
		return s;
	TAILQ_FOREACH(s, &r->by_age, by_age)
	{
		if (s->id >= id)
			return s;
	}
	return NULL;
}

void registry_retain(struct registry *r, struct sandbox *s)
{
	TAILQ_INSERT_TAIL(&r->retained, s, by_end);
	s->state = SANDBOX_EXITED;
	r->n_retained++;
}

void registry_remove(struct registry *r, struct sandbox *s)
{
	if (s->state == SANDBOX_EXITED) {
		TAILQ_REMOVE(&r->retained, s, by_end);
		r->n_retained--;
	}
	TAILQ_REMOVE(&r->by_age, s, by_age);
	LIST_REMOVE(s, by_id);
	r->n--;
	(void)generation_unref(s->generation);
	free(s->profile);
	free(s->tag);
	free(s->cgroup);
	free(s->note);
	free(s->violations);
	free(s);
}
