/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sandbox.h"
#include "base/error.h"
#include "base/fd.h"

#include <stdlib.h>
#include <string.h>

struct sandbox *sandbox_new(struct broker *b, const struct launched *l, const char *profile, const char *tag,
	const char *owner_name)
{
	_cleanup_(sandbox_freep) struct sandbox *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->broker = b;
	s->id = l->id;
	s->uid = l->uid;
	s->pid = l->host_pid > 0 ? (uint32_t)l->host_pid : 0;
	s->layers = l->layers;
	s->lacking = l->lacking;
	s->has_pty = l->has_pty;
	s->started_realtime_usec = l->started_realtime_usec;
	s->state = SANDBOX_RUNNING;
	s->pidfd = -1;
	s->setup_usec = l->setup_usec;
	memcpy(s->stage_usec, l->stage_usec, sizeof(s->stage_usec));
	s->profile = strdup(profile);
	s->tag = strdup(tag ? tag : "");
	s->cgroup = strdup(l->cgroup ? l->cgroup : "");
	s->owner_name = owner_name ? strdup(owner_name) : NULL;
	if (!s->profile || !s->tag || !s->cgroup || (owner_name && !s->owner_name))
		return NULL;
	return steal_ptr(s);
}

struct sandbox *sandbox_free(struct sandbox *s)
{
	if (s) {
		deferred_list_clear(&s->waiters);
		(void)sd_event_source_disable_unref(s->notices_pause);
		(void)fd_close(s->pidfd);
		free(s->profile);
		free(s->tag);
		free(s->cgroup);
		free(s->owner_name);
		free(s);
	}
	return NULL;
}

bool sandbox_is_live(const struct sandbox *s)
{
	return s->state != SANDBOX_EXITED;
}

void sandbox_set_pidfd(struct sandbox *s, int pidfd)
{
	s->pidfd = pidfd;
	if (fd_process(pidfd, &s->process) < 0)
		s->process = 0;
}

void sandboxes_done(struct sandboxes *all)
{
	for (size_t i = 0; i < all->n; i++)
		all->v[i] = sandbox_free(all->v[i]);
	free(all->v);
	*all = (struct sandboxes){ 0 };
}

static size_t position(const struct sandboxes *all, uint64_t id, bool *ret_there)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->v[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = low < all->n && all->v[low]->id == id;
	return low;
}

int sandboxes_add(struct sandboxes *all, struct sandbox *s)
{
	bool there;
	size_t i;

	if (all->n == all->allocated) {
		size_t n = all->allocated > 0 ? 2 * all->allocated : 16;
		struct sandbox **grown = reallocarray(all->v, n, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		all->v = grown;
		all->allocated = n;
	}
	i = position(all, s->id, &there);
	if (there)
		return -EEXIST;
	memmove(&all->v[i + 1], &all->v[i], (all->n++ - i) * sizeof(struct sandbox *));
	all->v[i] = s;
	return 0;
}

struct sandbox *sandboxes_find(const struct sandboxes *all, uint64_t id)
{
	bool there;
	size_t i = position(all, id, &there);

	return there ? all->v[i] : NULL;
}

struct sandbox *sandboxes_find_token(const struct sandboxes *all, uid_t owner, const char *token)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i]->owner == owner && strcmp(all->v[i]->token.name, token) == 0)
			return all->v[i];
	return NULL;
}

void sandboxes_remove(struct sandboxes *all, struct sandbox *s)
{
	bool there;
	size_t i = position(all, s->id, &there);

	assert(there && all->v[i] == s);
	memmove(&all->v[i], &all->v[i + 1], (--all->n - i) * sizeof(struct sandbox *));
	(void)sandbox_free(s);
}

struct sandbox *sandboxes_oldest_retained(const struct sandboxes *all, uid_t uid)
{
	struct sandbox *oldest = NULL;

	for (size_t i = 0; i < all->n; i++) {
		struct sandbox *s = all->v[i];

		if (sandbox_is_live(s) || (uid != (uid_t)-1 && s->owner != uid))
			continue;
		if (!oldest || s->exit.exited_realtime_usec < oldest->exit.exited_realtime_usec)
			oldest = s;
	}
	return oldest;
}

uint32_t sandboxes_count_live(const struct sandboxes *all, uid_t uid, const char *profile)
{
	uint32_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (sandbox_is_live(all->v[i]) && all->v[i]->owner == uid &&
			strcmp(all->v[i]->profile, profile) == 0)
			n++;
	return n;
}
