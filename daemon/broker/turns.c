/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/turns.h"
#include "base/error.h"

#include <stdlib.h>

struct line {
	struct line *next;
	uid_t uid;
	struct seat *first;
	size_t n, bytes, fds;
	uint64_t until; /* it waits for */
};

static struct line *find(const struct turns *t, uid_t uid)
{
	for (struct line *l = t->lines; l; l = l->next)
		if (l->uid == uid)
			return l;
	return NULL;
}

static int find_or_add(struct turns *t, uid_t uid, struct line **ret)
{
	struct line **end = &t->lines, *l;

	*ret = find(t, uid);
	if (*ret)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->uid = uid;
	while (*end)
		end = &(*end)->next;
	*end = *ret = l;
	return 0;
}

void turns_done(struct turns *t)
{
	for (struct line *l = t->lines, *next; l; l = next) {
		next = l->next;
		free(l);
	}
	*t = (struct turns){ 0 };
}

bool turns_fits(const struct turns *t, uid_t uid, const struct seat *s)
{
	const struct line *l = find(t, uid);

	return !l || l->n == 0 ||
	       (l->n < TURNS_SEATS_MAX && l->bytes + s->bytes <= TURNS_BYTES_MAX &&
		       l->fds + s->fds <= TURNS_FDS_MAX);
}

bool turns_waits(const struct turns *t, uid_t uid)
{
	const struct line *l = find(t, uid);

	return l && l->n > 0;
}

int turns_add(struct turns *t, uid_t uid, struct seat *s)
{
	struct seat **end;
	struct line *l;
	int r;

	r = find_or_add(t, uid, &l);
	if (r < 0)
		return r;
	for (end = &l->first; *end; end = &(*end)->next)
		;
	*end = s;
	s->next = NULL;
	s->line = l;
	l->n++;
	l->bytes += s->bytes;
	l->fds += s->fds;
	t->n++;
	return 0;
}

void turns_remove(struct turns *t, struct seat *s)
{
	struct line *l = s->line;
	struct seat **at;

	for (at = &l->first; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	l->n--;
	l->bytes -= s->bytes;
	l->fds -= s->fds;
	t->n--;
	s->line = NULL;
	s->next = NULL;
}

/* Takes a line out of the list; one that somebody waits in, or that has to wait, goes to its end. */
static void rotate(struct turns *t, struct line **at, uint64_t now)
{
	struct line *l = *at, **end;

	*at = l->next;
	l->next = NULL;
	if (l->n == 0 && l->until <= now) {
		free(l);
		return;
	}
	for (end = &t->lines; *end; end = &(*end)->next)
		;
	*end = l;
}

struct seat *turns_next(struct turns *t, uint64_t now, uint64_t *ret_until)
{
	struct line **at = &t->lines, *l;
	struct seat *s;

	*ret_until = UINT64_MAX;
	while ((l = *at)) {
		if (l->n == 0 && l->until <= now) {
			*at = l->next;
			free(l);
			continue;
		}
		s = l->first;
		if (s && l->until <= now) {
			turns_remove(t, s);
			rotate(t, at, now);
			return s;
		}
		if (s && l->until < *ret_until)
			*ret_until = l->until;
		at = &l->next;
	}
	return NULL;
}

int turns_pause(struct turns *t, uid_t uid, uint64_t until)
{
	struct line *l;
	int r;

	r = find_or_add(t, uid, &l);
	if (r >= 0)
		l->until = until;
	return r;
}
