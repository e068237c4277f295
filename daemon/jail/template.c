/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Templates: mount namespaces that hold what all launches of a profile mount alike. To build that takes some
 * hundred system calls, and the kernel's wait when the host's tree is let go; to enter a namespace and copy
 * it takes two. What a launch can not share (the file systems that it writes to, /proc) it mounts in its
 * copy.
 *
 * A template is found by the list of its mounts, whatever profile they come from, and whatever generation: a
 * profile that a reload has changed finds another, or none, as two profiles would. Each launch compares the
 * whole list, and everything that is not in it each launch does by itself. It is used only as long as
 * building would come to the same:
 *  - nothing was mounted, unmounted or mounted otherwise in the launcher's namespace since before it was
 * made: the kernel tells (proc_pid_mountinfo(5)), and all templates go. That is also why they keep no file
 * system of the host busy.
 *  - each source is looked up as for building, and is the same object of the same mount, or as absent, or the
 *    same link (template-child.c). A launch that finds it otherwise builds, and the template goes. Nobody
 *    looks while the kernel has nothing to tell of the names that lead to it (template-events.c).
 *  - all its mount points are on file systems of its own, which nobody can change: a mount point that is
 *    removed takes the mount with it, in all namespaces.
 *
 * It is made by a process that does nothing else, when the launcher has had nothing to do for a while, or for
 * a moment where launches follow each other without such a while, each of which builds; a
 * source that hangs keeps only that process, and not for long. Nobody waits for it: without a template a
 * launch builds.
 */

#include "jail/template.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/path.h"
#include "base/process.h"
#include "jail/linger.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE_MSEC  3       /* as for the stock */
#define PATIENCE_USEC 50000   /* for one that is wanted while there is no such silence */
#define WATCH_USEC    1000000 /* between two times that the sources of one are watched anew, at least */

struct shared {
	atomic_bool stale[JAIL_TEMPLATES_MAX];
	struct template_word word;
};

struct jail_templates {
	int epoll_fd;
	/* two of the same file, as the kernel tells once for each: it tells the epoll, and who asks */
	int told_fd, asked_fd;
	/* while one is being made, or was; else -1. The maker begins with our table: its end is its number.
	 * One that is only still to end has no channel */
	int maker_pidfd, channel_fd, makers_fd;
	struct template *making; /* NULL: the one that is being made is not wanted any more */
	struct template_events events;
	uint64_t uses, reloaded_at; /* counted; and what that was at the last reload */
	struct shared *shared;
	struct template all[JAIL_TEMPLATES_MAX];
};

static struct template_fds *new_fds(void)
{
	struct template_fds *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->users = 1;
	f->namespace = -1;
	return f;
}

struct template_fds *template_fds_ref(struct template_fds *f)
{
	f->users++;
	return f;
}

struct template_fds *template_fds_unref(struct template_fds *f)
{
	if (!f || --f->users > 0)
		return NULL;
	(void)fd_close(f->namespace);
	for (size_t i = 0; i < f->n_found; i++)
		(void)fd_close(f->found[i].fd);
	for (size_t i = 0; i < TEMPLATE_BLOCKS; i++)
		free(f->memory[i]);
	free(f);
	return NULL;
}

static void forget(struct jail_templates *ts, struct template *t)
{
	if (ts->making == t)
		ts->making = NULL;
	template_events_forget(&ts->events, ts->all, t);
	(void)template_fds_unref(t->fds);
	*t = (struct template){ .stale = t->stale };
}

static void forget_all(struct jail_templates *ts)
{
	for (size_t i = 0; i < JAIL_TEMPLATES_MAX; i++)
		forget(ts, &ts->all[i]);
}

static void forget_if_mounts_changed(struct jail_templates *ts)
{
	struct pollfd p = { .fd = ts->asked_fd, .events = POLLPRI };

	if (poll(&p, 1, 0) != 0)
		forget_all(ts);
}

/* Only what is written down here may be in a template: whatever is added to plans is not, until somebody has
 * thought about it. */
static bool is_known(const struct mount_item *item)
{
	switch (item->type) {
	case ITEM_BIND:
	case ITEM_MIRROR:
	case ITEM_DEVICE:
	case ITEM_NODE:
	case ITEM_LINK:
	case ITEM_TMPFS:
	case ITEM_PROC:
		return !item->propagates && !item->idmap && path_is_normalized(item->target);
	default:
		return false;
	}
}

/* What is written to, and what shows the jail itself. */
static bool is_fresh(const struct mount_item *item)
{
	return item->type == ITEM_PROC || (item->type == ITEM_TMPFS && !item->seal);
}

/* A fresh mount comes after all others: nothing may be to lie in it, or over it. */
static bool can_come_last(const struct mount_plan *p, size_t fresh)
{
	const char *target = p->items[fresh].target;

	for (size_t i = 0; i < p->n; i++)
		if (i != fresh && (path_is_below(p->items[i].target, target) ||
					  (i > fresh && path_is_below(target, p->items[i].target))))
			return false;
	return true;
}

/* Restrictions are made by each launch. This kind would have to move mounts of the template, see restrict.c.
 */
static bool is_in_the_way(const struct mount_plan *p, const struct mount_item *item)
{
	for (size_t i = 0; i < p->n_restrictions; i++)
		if (p->restrictions[i].type == RESTRICTION_READ_ONLY && !item->fresh &&
			path_is_below(item->target, p->restrictions[i].path) &&
			strcmp(item->target, p->restrictions[i].path) != 0)
			return true;
	return false;
}

static bool is_possible(const struct jail_spec *spec, struct mount_plan *p)
{
	/* with it a payload could write to what it shares with others */
	if ((spec->bounding | spec->ambient) & (UINT64_C(1) << CAP_SYS_ADMIN))
		return false;
	if (!p->minimal_root || p->root_directory || p->has_stores || spec->n_slots > 0 ||
		spec->propagation != PROPAGATION_PRIVATE || p->n > TEMPLATE_ITEMS_MAX)
		return false;
	for (size_t i = 0; i < p->n; i++)
		p->items[i].fresh = is_fresh(&p->items[i]);
	for (size_t i = 0; i < p->n; i++)
		if (!is_known(&p->items[i]) || is_in_the_way(p, &p->items[i]) ||
			(p->items[i].fresh && !can_come_last(p, i)))
			return false;
	return true;
}

static bool is_same_item(const struct mount_item *a, const struct mount_item *b)
{
	return a->type == b->type && a->attributes == b->attributes && a->recursive == b->recursive &&
	       a->optional == b->optional && a->seal == b->seal && a->fresh == b->fresh &&
	       a->device == b->device && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->target, b->target) == 0 && strcmp(a->mode, b->mode) == 0 &&
	       strcmp(a->size, b->size) == 0 && strcmp(a->inodes, b->inodes) == 0;
}

static struct template *find(struct jail_templates *ts, const struct mount_plan *p)
{
	for (size_t k = 0; k < JAIL_TEMPLATES_MAX; k++) {
		struct template *t = &ts->all[k];
		size_t i = 0;

		while (t->items && t->n == p->n && i < p->n && is_same_item(&t->items[i], &p->items[i]))
			i++;
		if (t->items && i == p->n && t->n == p->n)
			return t;
	}
	return NULL;
}

/* A free place, or that of the one that was used longest ago. */
static struct template *take_place(struct jail_templates *ts)
{
	struct template *place = NULL;

	for (size_t i = 0; i < JAIL_TEMPLATES_MAX; i++) {
		struct template *t = &ts->all[i];

		if (!t->items)
			return t;
		if (t != ts->making && (!place || t->used < place->used))
			place = t;
	}
	forget(ts, place);
	return place;
}

static const char *copy_text(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	const char *copy = memcpy(*at, text, size);

	*at += size;
	return copy;
}

/* The paths of a profile about which a template finds something out. */
struct paths {
	const char *all[2 * TEMPLATE_PATHS_MAX];
	size_t n, n_rules; /* which come first */
};

static void collect_paths(const struct jail_spec *spec, struct paths *ret)
{
	ret->n = 0;
	for (size_t i = 0; spec->landlock && i < spec->landlock->n_rules && i < TEMPLATE_PATHS_MAX; i++)
		ret->all[ret->n++] = spec->landlock->rules[i].path;
	ret->n_rules = ret->n;
	for (size_t i = 0; i < spec->n_restrictions && i < TEMPLATE_PATHS_MAX; i++)
		ret->all[ret->n++] = spec->restrictions[i].path;
}

static bool are_same(const struct found_path *found, const char *const *paths, size_t n)
{
	size_t i = 0;

	while (i < n && strcmp(found[i].path, paths[i]) == 0)
		i++;
	return i == n;
}

/* Of another profile with the same mounts, what is known of its paths may be another profile's. */
static void take_found(const struct template *t, const struct jail_spec *spec, struct mount_plan *p)
{
	const struct found_path *found = t->fds->found, *restricted = found + t->n_rules;
	size_t n_restricted = t->fds->n_found - t->n_rules;
	struct paths paths;

	collect_paths(spec, &paths);
	if (t->n_rules == paths.n_rules && are_same(found, paths.all, t->n_rules))
		p->rules = (struct paths_found){ found, t->n_rules };
	if (n_restricted == paths.n - paths.n_rules &&
		are_same(restricted, paths.all + paths.n_rules, n_restricted))
		p->restricted = (struct paths_found){ restricted, n_restricted };
}

static size_t texts_size(const struct mount_plan *p, const struct paths *paths)
{
	size_t size = 0;

	for (size_t i = 0; i < p->n; i++)
		size += strlen(p->items[i].source) + strlen(p->items[i].target) + 2;
	for (size_t i = 0; i < paths->n; i++)
		size += strlen(paths->all[i]) + 1;
	return size;
}

static bool allocate(struct template *t, size_t n_items, size_t n_paths, size_t n_texts)
{
	t->fds = new_fds();
	if (!t->fds)
		return false;
	t->fds->memory[0] = t->texts = malloc(n_texts + 1);
	t->fds->memory[1] = t->fds->found = calloc(n_paths + 1, sizeof(*t->fds->found));
	t->fds->memory[2] = t->items = calloc(n_items + 1, sizeof(*t->items));
	t->fds->memory[3] = t->sources = calloc(n_items + 1, sizeof(*t->sources));
	return t->texts && t->fds->found && t->items && t->sources;
}

/* Notes that these mounts are wanted. Without memory they are not. */
static void want(struct jail_templates *ts, const struct mount_plan *p, const struct jail_spec *spec)
{
	struct template *t = take_place(ts);
	struct paths paths;
	char *at;

	collect_paths(spec, &paths);
	if (!allocate(t, p->n, paths.n, texts_size(p, &paths))) {
		forget(ts, t);
		return;
	}
	at = t->texts;
	t->n = p->n;
	for (size_t i = 0; i < p->n; i++) {
		t->items[i] = p->items[i];
		t->items[i].source = copy_text(&at, p->items[i].source);
		t->items[i].target = copy_text(&at, p->items[i].target);
	}
	for (size_t i = 0; i < paths.n; i++)
		t->fds->found[i] = (struct found_path){ .path = copy_text(&at, paths.all[i]), .fd = -1 };
	t->fds->n_found = paths.n;
	t->n_rules = paths.n_rules;
	t->wanted = true;
	t->wanted_at = now_boottime_usec();
	t->used = ++ts->uses;
	atomic_store(t->stale, false);
}

/* Whether a launch can take the kernel's word for what is watched. Else it looks at all by name; and it is
 * time to watch anew, unless that was done a moment ago: whoever can touch a source could have it done all
 * the time. */
static bool is_quiet(struct jail_templates *ts, struct template *t)
{
	bool all_told;
	uint64_t now;

	if (t->n_watches == 0)
		return !t->doubtful;
	all_told = template_events_read(&ts->events, ts->all);
	now = t->doubtful ? now_boottime_usec() : t->watched_at;
	if (!t->wanted && now - t->watched_at >= WATCH_USEC) {
		t->wanted = true;
		t->wanted_at = now;
	}
	return all_told && !t->doubtful;
}

void template_choose(struct jail_context *c, const struct jail_spec *spec, struct namespace_plan *namespaces,
	struct mount_plan *p)
{
	struct jail_templates *ts = c->templates;
	struct template *t;

	if (!ts || !p->wanted || !is_possible(spec, p))
		return;
	forget_if_mounts_changed(ts);
	t = find(ts, p);
	if (t && atomic_load(t->stale)) {
		forget(ts, t);
		t = NULL;
	}
	if (!t) {
		want(ts, p, spec);
		return;
	}
	t->used = ++ts->uses;
	if (t->fds->namespace < 0)
		return;
	t->look = !is_quiet(ts, t);
	p->template = t;
	take_found(t, spec, p);
	namespaces->clone_flags &= ~(uint64_t)CLONE_NEWNS;
}

static struct template *next_wanted(struct jail_templates *ts)
{
	for (size_t i = 0; i < JAIL_TEMPLATES_MAX; i++)
		if (ts->all[i].wanted)
			return &ts->all[i];
	return NULL;
}

bool templates_busy(const struct jail_context *c)
{
	return c->templates && c->templates->maker_pidfd >= 0;
}

int jail_templates_wait(const struct jail_context *c)
{
	const struct template *t = c->templates && !templates_busy(c) ? next_wanted(c->templates) : NULL;

	if (!t)
		return -1;
	return now_boottime_usec() - t->wanted_at < PATIENCE_USEC ? SILENCE_MSEC : 0;
}

static int watch(struct jail_templates *ts, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return RET_ERRNO(epoll_ctl(ts->epoll_fd, EPOLL_CTL_ADD, fd, &e));
}

static int start_maker(struct jail_context *c, const struct template *t)
{
	struct jail_templates *ts = c->templates;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return errno_or_eio();
	ts->channel_fd = pair[0];
	ts->makers_fd = pair[1];
	ts->shared->word = (struct template_word){ .impossible = false };
	/* what has happened before is none of it */
	if (ts->events.fd >= 0)
		(void)template_events_read(&ts->events, ts->all);
	ts->events.some = false;
	pid = process_clone(CLONE_FILES, -1, &ts->maker_pidfd);
	if (pid == 0)
		template_make(c, t, &ts->shared->word, ts->makers_fd, ts->events.fd);
	if (pid < 0)
		return (int)pid;
	return watch(ts, ts->maker_pidfd, EPOLLIN);
}

/* One that takes longer to end is left to templates_collect(). */
static void forget_maker(struct jail_templates *ts)
{
	ts->channel_fd = fd_close(ts->channel_fd);
	if (ts->maker_pidfd >= 0)
		(void)epoll_ctl(ts->epoll_fd, EPOLL_CTL_DEL, ts->maker_pidfd, NULL);
	maker_end(&ts->maker_pidfd);
	ts->makers_fd = fd_close(ts->makers_fd);
	if (ts->shared == MAP_FAILED)
		return;
	template_events_drop(&ts->events, ts->all, ts->shared->word.watches, ts->shared->word.n_watches);
	ts->shared->word.n_watches = 0;
}

bool templates_collect(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;

	if (!ts || ts->maker_pidfd < 0 || ts->channel_fd >= 0)
		return false;
	maker_reap(&ts->maker_pidfd);
	return ts->maker_pidfd >= 0;
}

void jail_templates_abandon(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;

	forget_maker(ts);
	if (ts->making)
		forget(ts, ts->making);
}

int jail_templates_make(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;
	struct template *t;
	int r;

	forget_if_mounts_changed(ts);
	t = next_wanted(ts);
	if (!t)
		return ts->epoll_fd;
	t->watched_at = now_boottime_usec();
	t->wanted = false; /* one try: what fails now would fail every three milliseconds */
	r = start_maker(c, t);
	if (r >= 0) {
		ts->making = t;
		return ts->epoll_fd;
	}
	forget_maker(ts);
	forget(ts, t);
	return r;
}

static void receive_found(int channel_fd, const struct found_word *word, struct found_path *ret)
{
	ret->kind = word->kind;
	ret->watched = word->watched;
	ret->n_own = word->n_own;
	ret->device = word->device;
	ret->inode = word->inode;
	memcpy(ret->leads_to, word->leads_to, sizeof(ret->leads_to));
	if (word->sent)
		(void)receive_fd(channel_fd, &ret->fd);
}

/* The maker has ended. Nothing was sent where it failed: unless it knows that it always will, the next launch
 * asks again. */
static void receive(struct jail_templates *ts, struct template *t)
{
	const struct template_word *word = &ts->shared->word;
	int fd = -1;

	if (receive_fd(ts->channel_fd, &fd) <= 0) {
		if (!word->impossible)
			forget(ts, t);
		return;
	}
	for (size_t i = 0; i < t->fds->n_found; i++)
		receive_found(ts->channel_fd, &word->found[i], &t->fds->found[i]);
	t->fds->namespace = fd;
	memcpy(t->sources, word->sources, t->n * sizeof(*t->sources));
	template_events_take(&ts->events, ts->all, t, &ts->shared->word);
}

static void finish(struct jail_templates *ts)
{
	struct template *t = ts->making;

	if (t && t->fds->namespace < 0)
		receive(ts, t);
	else if (t && ts->shared->word.current)
		template_events_take(&ts->events, ts->all, t, &ts->shared->word);
	else if (t)
		forget(ts, t);
	ts->making = NULL;
	forget_maker(ts);
}

void jail_templates_event(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;

	forget_if_mounts_changed(ts);
	if (process_has_ended(ts->maker_pidfd))
		finish(ts);
}

void templates_open(struct jail_context *c)
{
	struct jail_templates *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return;
	ts->maker_pidfd = ts->channel_fd = ts->makers_fd = -1;
	ts->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ts->events.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ts->told_fd = openat(c->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	ts->asked_fd = openat(c->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	ts->shared =
		mmap(NULL, sizeof(*ts->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	c->templates = ts;
	for (size_t i = 0; ts->shared != MAP_FAILED && i < JAIL_TEMPLATES_MAX; i++)
		ts->all[i].stale = &ts->shared->stale[i];
	if (ts->epoll_fd < 0 || ts->told_fd < 0 || ts->asked_fd < 0 || ts->shared == MAP_FAILED ||
		watch(ts, ts->told_fd, EPOLLPRI) < 0)
		templates_done(c);
}

/* Of one that can not be made the reason may have gone. */
static bool may_outlive_reload(const struct jail_templates *ts, const struct template *t)
{
	return t->used > ts->reloaded_at && (t->wanted || t == ts->making || t->fds->namespace >= 0);
}

void jail_templates_reload(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;

	if (!ts)
		return;
	for (size_t i = 0; i < JAIL_TEMPLATES_MAX; i++)
		if (ts->all[i].items && !may_outlive_reload(ts, &ts->all[i]))
			forget(ts, &ts->all[i]);
	ts->reloaded_at = ts->uses;
}

void templates_done(struct jail_context *c)
{
	struct jail_templates *ts = c->templates;

	if (!ts)
		return;
	forget_maker(ts);
	forget_all(ts);
	(void)fd_close(ts->maker_pidfd);
	(void)fd_close(ts->epoll_fd);
	(void)fd_close(ts->events.fd);
	(void)fd_close(ts->told_fd);
	(void)fd_close(ts->asked_fd);
	if (ts->shared != MAP_FAILED)
		(void)munmap(ts->shared, sizeof(*ts->shared));
	free(ts);
	c->templates = NULL;
}
