/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/registry.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/private.h"
#include "wire/table.h"

#include <string.h>

#define PRIVATE_SIZE (SANDBOXES_MAX * (size_t)2048) /* what is kept of each has some 1,800 bytes */

static struct sandbox_bucket *bucket(struct registry *r, uint64_t id)
{
	return &r->buckets[id & (REGISTRY_BUCKETS - 1)];
}

void registry_init(struct registry *r, uint64_t first_id)
{
	*r = (struct registry){ .next_id = first_id, .table_fd = -1 };
	TAILQ_INIT(&r->by_age);
	TAILQ_INIT(&r->retained);
	private_open(PRIVATE_SIZE);
}

size_t registry_live(const struct registry *r)
{
	return r->n - r->n_retained;
}

bool registry_is_settling(const struct registry *r)
{
	const struct sandbox *s;

	TAILQ_FOREACH(s, &r->by_age, by_age)
	{
		if (s->state == SANDBOX_STARTING && s->forsaken && s->adoptable)
			return true;
	}
	return false;
}

/* At the end, but for an id that was reserved before others were given out. */
static void insert_by_id(struct registry *r, struct sandbox *s)
{
	struct sandbox *before = TAILQ_LAST(&r->by_age, sandbox_list);

	while (before && before->id > s->id)
		before = TAILQ_PREV(before, sandbox_list, by_age);
	if (before)
		TAILQ_INSERT_AFTER(&r->by_age, before, s, by_age);
	else
		TAILQ_INSERT_HEAD(&r->by_age, s, by_age);
}

int registry_take_in(struct registry *r, uint64_t id, uint32_t slot, struct sandbox **ret)
{
	struct sandbox *s = private_calloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct sandbox){
		.id = id,
		.slot = slot,
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
	insert_by_id(r, s);
	LIST_INSERT_HEAD(bucket(r, s->id), s, by_id);
	r->taken[slot] = true;
	r->n++;
	if (r->next_id <= id)
		r->next_id = id + 1;
	*ret = s;
	return 0;
}

/* The first: its memory is the likeliest to be there. There is one, as slots are as many as sandboxes may be.
 */
static uint32_t free_slot(struct registry *r)
{
	const bool *first = memchr(r->taken, 0, sizeof(r->taken));

	return (uint32_t)(first - r->taken);
}

int sandbox_set_words(
	struct sandbox *s, const char *profile, const char *tag, const void *note, size_t n_note)
{
	s->profile = private_strdup(profile);
	s->tag = private_strdup(tag ? tag : "");
	s->note = private_calloc(n_note + 1);
	if (!s->profile || !s->tag || !s->note)
		return -ENOMEM;
	memcpy(s->note, note, n_note);
	s->n_note = n_note;
	return 0;
}

uint64_t registry_reserve_id(struct registry *r)
{
	return r->next_id++;
}

int registry_add(struct registry *r, size_t max_live, uint64_t id, struct sandbox **ret)
{
	if (registry_live(r) >= max_live || registry_live(r) >= SANDBOXES_MAX)
		return -EUSERS;
	if (r->n >= SANDBOXES_MAX)
		registry_remove(r, TAILQ_FIRST(&r->retained));
	return registry_take_in(r, id ? id : registry_reserve_id(r), free_slot(r), ret);
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

struct sandbox *registry_find_starting(const struct registry *r, uint32_t serial)
{
	struct sandbox *s;

	TAILQ_FOREACH(s, &r->by_age, by_age)
	{
		if (s->state == SANDBOX_STARTING && !s->forsaken && s->serial == serial)
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
	r->taken[s->slot] = false;
	if (r->table_fd >= 0 && s->sequence != 0)
		(void)table_forget(r->table_fd, s->slot, s->sequence);
	(void)generation_unref(s->generation);
	private_free(s->profile);
	private_free(s->tag);
	private_free(s->cgroup);
	private_free(s->note);
	free(s->violations);
	private_free(s);
}
