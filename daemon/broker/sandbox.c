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
	for (size_t i = 0; i < all->n_crowds; i++)
		free(all->crowds[i].profile);
	free(all->crowds);
	free(all->tokens);
	free(all->v);
	*all = (struct sandboxes){ 0 };
}

static struct crowd *find_crowd(const struct sandboxes *all, uid_t owner, const char *profile)
{
	for (size_t i = 0; i < all->n_crowds; i++)
		if (all->crowds[i].owner == owner && strcmp(all->crowds[i].profile, profile) == 0)
			return &all->crowds[i];
	return NULL;
}

static int join_crowd(struct sandboxes *all, const struct sandbox *s)
{
	struct crowd *c = find_crowd(all, s->owner, s->profile);
	char *profile;

	if (c) {
		c->n++;
		return 0;
	}
	if (all->n_crowds == all->allocated_crowds) {
		size_t n = all->allocated_crowds > 0 ? 2 * all->allocated_crowds : 8;
		struct crowd *grown = reallocarray(all->crowds, n, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		all->crowds = grown;
		all->allocated_crowds = n;
	}
	profile = strdup(s->profile);
	if (!profile)
		return -ENOMEM;
	all->crowds[all->n_crowds++] = (struct crowd){ .owner = s->owner, .profile = profile, .n = 1 };
	return 0;
}

static void leave_crowd(struct sandboxes *all, const struct sandbox *s)
{
	struct crowd *c = find_crowd(all, s->owner, s->profile);

	assert(c && c->n > 0);
	if (--c->n > 0)
		return;
	free(c->profile);
	*c = all->crowds[--all->n_crowds];
}

/* They come as they end, but for those that are taken over, and for a clock that was set. */
static void retain(struct sandboxes *all, struct sandbox *s)
{
	struct sandbox *before = all->newest;

	while (before && before->exit.exited_realtime_usec > s->exit.exited_realtime_usec)
		before = before->older;
	s->older = before;
	s->newer = before ? before->newer : all->oldest;
	*(s->older ? &s->older->newer : &all->oldest) = s;
	*(s->newer ? &s->newer->older : &all->newest) = s;
}

static void release(struct sandboxes *all, struct sandbox *s)
{
	*(s->older ? &s->older->newer : &all->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &all->newest) = s->older;
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

static int compare_token(const struct sandbox *s, uid_t owner, const char *token)
{
	if (s->owner != owner)
		return s->owner < owner ? -1 : 1;
	return strcmp(s->token.name, token);
}

/* The first one that is not before it. */
static size_t token_position(const struct sandboxes *all, uid_t owner, const char *token)
{
	size_t low = 0, high = all->n_tokens;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_token(all->tokens[middle], owner, token) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct sandbox **v, size_t *n, size_t i, struct sandbox *s)
{
	memmove(&v[i + 1], &v[i], (*n - i) * sizeof(struct sandbox *));
	v[i] = s;
	(*n)++;
}

static void take_out(struct sandbox **v, size_t *n, size_t i)
{
	(*n)--;
	memmove(&v[i], &v[i + 1], (*n - i) * sizeof(struct sandbox *));
}

static int grow(struct sandbox ***v, size_t n)
{
	struct sandbox **grown = reallocarray(*v, n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*v = grown;
	return 0;
}

static int reserve(struct sandboxes *all)
{
	size_t n = all->allocated > 0 ? 2 * all->allocated : 16;
	int r;

	if (all->n < all->allocated)
		return 0;
	r = grow(&all->v, n);
	if (r >= 0)
		r = grow(&all->tokens, n);
	if (r >= 0)
		all->allocated = n;
	return r;
}

int sandboxes_add(struct sandboxes *all, struct sandbox *s)
{
	bool there;
	size_t i;
	int r;

	r = reserve(all);
	if (r < 0)
		return r;
	i = position(all, s->id, &there);
	if (there)
		return -EEXIST;
	r = sandbox_is_live(s) ? join_crowd(all, s) : 0;
	if (r < 0)
		return r;
	if (!sandbox_is_live(s))
		retain(all, s);
	insert(all->v, &all->n, i, s);
	if (s->token.name[0] != '\0')
		insert(all->tokens, &all->n_tokens, token_position(all, s->owner, s->token.name), s);
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
	size_t i = token_position(all, owner, token);

	return i < all->n_tokens && compare_token(all->tokens[i], owner, token) == 0 ? all->tokens[i] : NULL;
}

void sandboxes_ended(struct sandboxes *all, struct sandbox *s)
{
	leave_crowd(all, s);
	s->state = SANDBOX_EXITED;
	retain(all, s);
}

void sandboxes_remove(struct sandboxes *all, struct sandbox *s)
{
	bool there;
	size_t i;

	if (s->token.name[0] != '\0') {
		i = token_position(all, s->owner, s->token.name);
		while (all->tokens[i] != s)
			i++;
		take_out(all->tokens, &all->n_tokens, i);
	}
	if (sandbox_is_live(s))
		leave_crowd(all, s);
	else
		release(all, s);
	i = position(all, s->id, &there);
	assert(there && all->v[i] == s);
	take_out(all->v, &all->n, i);
	(void)sandbox_free(s);
}

struct sandbox *sandboxes_oldest_retained(const struct sandboxes *all, uid_t uid)
{
	struct sandbox *s = all->oldest;

	while (s && uid != (uid_t)-1 && s->owner != uid)
		s = s->newer;
	return s;
}

uint32_t sandboxes_count_live(const struct sandboxes *all, uid_t uid, const char *profile)
{
	const struct crowd *c = find_crowd(all, uid, profile);

	return c ? c->n : 0;
}
