/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the kernel tells of the sources of templates (inotify(7)), in place of a look at each by each launch.
 * Each change is told before the call that makes it returns: what was over before a launch was asked for is
 * seen by it. Only who makes a template watches (template-watch.c); here is read what was told since, once a
 * launch and as much as fits, and nothing waits for it. So nobody wakes the launcher by it.
 *
 * Events are compared by name, as most directories hold more than a source. One that may be about a source
 * leaves its template in doubt: launches look by name, until it has been watched anew. So do launches that
 * can not read all in one go, and all templates are in doubt when the kernel has dropped events, or a watch.
 * Nothing here has to tell what has happened, or whether it matters: the look by name does.
 *
 * There is one instance for all. To close one takes the kernel some milliseconds.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/template.h"

#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENT_MAX (sizeof(struct inotify_event) + NAME_MAX + 1)

/*
 * 32 bits of a name: two names may have the same, which costs a look. Of a directory in which case does not
 * matter, the event may have the name in another way than we have it. So case does not matter here either;
 * and names that are not ASCII, of which a kernel may take even an ASCII one to be another way, are all the
 * same, and any other.
 */
uint32_t template_name(const char *name)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (; *name; name++) {
		uint32_t c = (unsigned char)*name;

		if (c >= 0x80)
			return TEMPLATE_NAME_ANY;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		hash = (hash ^ c) * 16777619;
	}
	return hash;
}

static bool is_about(const struct template *t, const struct inotify_event *e, uint32_t name)
{
	if (e->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < t->n_watches; i++) {
		const struct template_watch *w = &t->watches[i];

		if (w->wd == e->wd &&
			(name == TEMPLATE_NAME_ANY || w->name == TEMPLATE_NAME_ANY || w->name == name))
			return true;
	}
	return false;
}

static void take(struct template *all, const struct inotify_event *e)
{
	/* without a name: the directory or link itself, or its watch, which is gone */
	uint32_t name = e->len > 0 ? template_name(e->name) : TEMPLATE_NAME_ANY;

	for (size_t i = 0; i < JAIL_TEMPLATES_MAX; i++)
		if (all[i].n_watches > 0 && !all[i].doubtful)
			all[i].doubtful = is_about(&all[i], e, name);
}

bool template_events_read(struct template_events *events, struct template *all)
{
	ssize_t n = read(events->fd, events->buffer, sizeof(events->buffer));
	size_t at = 0;

	if (n < 0)
		return errno == EAGAIN;
	events->some = true;
	while (at + sizeof(struct inotify_event) <= (size_t)n) {
		const struct inotify_event *e = (const void *)(events->buffer + at);

		take(all, e);
		at += sizeof(*e) + e->len;
	}
	/* the next one would have found room */
	return at > 0 && at + EVENT_MAX <= sizeof(events->buffer);
}

static bool has(const struct template_watch *watches, size_t n, int wd)
{
	for (size_t i = 0; i < n; i++)
		if (watches[i].wd == wd)
			return true;
	return false;
}

void template_events_drop(const struct template_events *events, const struct template *all,
	const struct template_watch *watches, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool wanted = has(watches, i, watches[i].wd); /* gone already */

		for (size_t k = 0; k < JAIL_TEMPLATES_MAX && !wanted; k++)
			wanted = has(all[k].watches, all[k].n_watches, watches[i].wd);
		if (!wanted)
			(void)inotify_rm_watch(events->fd, watches[i].wd);
	}
}

void template_events_forget(
	const struct template_events *events, const struct template *all, struct template *t)
{
	struct template_watch *watches = steal_ptr(t->watches);
	size_t n = t->n_watches;

	t->n_watches = 0;
	template_events_drop(events, all, watches, n);
	free(watches);
}

void template_events_take(const struct template_events *events, const struct template *all,
	struct template *t, struct template_word *word)
{
	struct template_watch *watches = calloc(word->n_watches + 1, sizeof(*watches));
	struct template before = { .watches = t->watches, .n_watches = t->n_watches };

	memset(t->watched, 0, sizeof(t->watched));
	t->watches = watches;
	t->n_watches = watches ? word->n_watches : 0;
	if (watches) {
		memcpy(watches, word->watches, t->n_watches * sizeof(*watches));
		memcpy(t->watched, word->watched, sizeof(t->watched));
		word->n_watches = 0;
	}
	/* what was read meanwhile nobody has compared with these; and of what is not watched nothing is told
	 */
	t->doubtful = events->some || !watches;
	template_events_forget(events, all, &before);
}
