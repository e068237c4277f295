/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/parked.h"
#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "registry/users.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void parking_init(struct parking *p)
{
	*p = (struct parking){ .n = 0 };
	TAILQ_INIT(&p->leaving);
	TAILQ_INIT(&p->spare.list);
	p->spare.least = 1; /* once there was a launch */
}

void parking_done(struct parking *p)
{
	free(p->classes);
	parking_init(p);
}

static bool wants(const struct compiled_profile *profile)
{
	return !profile->invalid && profile->max_warm > 0 && profile->executables && profile->executables[0];
}

/* The oldest, until there are no more than this. */
static void leave_beyond(struct parking *p, struct parked_class *class, size_t most)
{
	while (class->n > most)
		parking_leave(p, TAILQ_FIRST(&class->list));
}

/* How many spare ones there may be. */
static void spare_most(struct parking *p, size_t most)
{
	struct parked_class *class = &p->spare;

	class->most = most;
	class->wanted = class->wanted < most ? class->wanted : most;
	leave_beyond(p, class, class->wanted);
}

int parking_set_catalog(struct parking *p, const struct catalog *c)
{
	size_t n = 0;

	parking_leave_all(p, 0);
	spare_most(p, c ? c->config.max_spare_jails : 0);
	free(p->classes);
	p->classes = NULL;
	p->n_classes = 0;
	for (size_t i = 0; c && i < c->n_profiles; i++)
		n += wants(&c->profiles[i]);
	if (n == 0)
		return 0;
	p->classes = calloc(n, sizeof(*p->classes));
	if (!p->classes)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_profiles; i++) {
		struct parked_class *class = &p->classes[p->n_classes];

		if (!wants(&c->profiles[i]))
			continue;
		class->profile = &c->profiles[i];
		class->wanted = class->least = c->profiles[i].warm;
		class->most = c->profiles[i].max_warm;
		TAILQ_INIT(&class->list);
		p->n_classes++;
	}
	return 0;
}

static struct parked_class *find_class(struct parking *p, const struct compiled_profile *profile)
{
	for (size_t i = 0; i < p->n_classes; i++)
		if (p->classes[i].profile == profile)
			return &p->classes[i];
	return NULL;
}

/* What has aged leaves; a spare one has nothing that could. @kind: of spare ones. */
static struct parked *find_in(struct parking *p, struct parked_class *class, uint8_t kind, uint64_t now_usec)
{
	struct parked *one, *next;

	class->used_usec = now_usec;
	class->failed = false;
	for (one = TAILQ_FIRST(&class->list); one; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (class->profile && now_usec - one->since_usec > PARKED_AGE_USEC)
			parking_leave(p, one);
		else if (one->jail.built &&
			 (one->spec.spare == kind || (one->spec.spare | JAIL_SPARE_AHEAD) == kind))
			return one;
	}
	if (class->wanted < class->most)
		class->wanted++;
	return NULL;
}

struct parked *parking_find(struct parking *p, const struct compiled_profile *profile, uint64_t now_usec)
{
	struct parked_class *class = profile->max_warm > 0 ? find_class(p, profile) : NULL;

	return class ? find_in(p, class, 0, now_usec) : NULL;
}

static uint8_t spare_kind(const struct compiled_profile *profile)
{
	bool shares = jail_may_share(
		profile->namespaces, profile->deny_write_execute, profile->mounts, profile->n_mounts);

	for (size_t i = 0; i < profile->n_mount_slots; i++)
		shares &= !(profile->mount_slots[i].flags & MOUNT_IDMAP);
	return jail_spare_kind(profile->namespaces, profile->run_as_init, shares);
}

struct parked *parking_find_spare(
	struct parking *p, const struct compiled_profile *profile, uint64_t now_usec)
{
	const uint8_t kind = spare_kind(profile);
	struct parked *one;

	if (p->spare.most == 0)
		return NULL;
	p->spare_kind = kind;
	/* a launch by itself is nothing to wait for more of */
	if (now_usec - p->spare.used_usec >= PARKED_AHEAD_USEC)
		p->spare_kind &= (uint8_t)~JAIL_SPARE_AHEAD;
	one = find_in(p, &p->spare, kind, now_usec);
	/* those that there are are of another kind: the oldest gives way */
	if (!one && p->spare.n >= p->spare.wanted)
		leave_beyond(p, &p->spare, p->spare.wanted - 1);
	return one;
}

struct parked *parking_add(struct parking *p, struct parked_class *class, uint64_t now_usec)
{
	struct parked *one = calloc(1, sizeof(*one));

	class->failed |= !one;
	if (!one)
		return NULL;
	one->jail = JAIL_NULL;
	one->report = one->process = SOURCE_NULL;
	one->class = class;
	one->since_usec = now_usec;
	one->spec.spare = class->profile ? 0 : p->spare_kind;
	TAILQ_INSERT_TAIL(&class->list, one, entry);
	class->n++;
	p->n++;
	/* one without a process is no copy of anybody's memory */
	p->made |= class->profile || (one->spec.spare & JAIL_SPARE_INIT);
	return one;
}

int parking_take_uid(struct parking *p, struct parked *one, struct uids *uids, struct jail_context *c,
	uint64_t quarantine_usec, uid_t *ret)
{
	int r = p->n_dynamic < uids->n / PARKED_UIDS_PART ? users_take(uids, c, quarantine_usec, ret)
							  : -EUSERS;

	if (r < 0)
		return r;
	one->dynamic_uid = true;
	one->uid = *ret;
	p->n_dynamic++;
	return 0;
}

int parked_process(const struct parked *one)
{
	return one->jail.pidfd >= 0 ? one->jail.pidfd : one->jail.init_pidfd;
}

struct sandbox parked_sandbox(const struct parked *one)
{
	struct sandbox s = { .id = one->jail.id, .jail = one->jail };

	for (size_t i = 0; i < LIFELINES_MAX; i++)
		s.lifelines[i].source = SOURCE_NULL;
	return s;
}

int parked_fill(struct parked *one, uint64_t id, int null_fd)
{
	struct jail_spec *s = &one->spec;

	s->id = id;
	if (s->spare)
		return 0;
	s->fds = calloc(3, sizeof(*s->fds));
	if (!s->fds)
		return -ENOMEM;
	for (; s->n_fds < 3; s->n_fds++)
		s->fds[s->n_fds] = (struct jail_fd){ null_fd, (uint32_t)s->n_fds };
	return 0;
}

void parking_free(struct parking *p, struct parked *one, struct uids *uids)
{
	TAILQ_REMOVE(one->class ? &one->class->list : &p->leaving, one, entry);
	if (one->class)
		one->class->n--;
	p->n--;
	p->n_dynamic -= one->dynamic_uid;
	if (one->dynamic_uid && uids)
		(void)uids_give(uids, now_boottime_usec(), one->uid);
	jail_spec_done(&one->spec);
	free(one);
}

void parking_leave(struct parking *p, struct parked *one)
{
	if (!one->class)
		return;
	one->class->n--;
	TAILQ_REMOVE(&one->class->list, one, entry);
	TAILQ_INSERT_TAIL(&p->leaving, one, entry);
	one->class = NULL;
}

void parking_lose(struct parking *p, struct parked *one, uint64_t now_usec)
{
	if (one->class && (!one->jail.built || now_usec - one->since_usec < PARKED_LIVED_USEC))
		one->class->failed = true;
	parking_leave(p, one);
}

static void say(
	const struct parked *one, const char *which, const char *what, const struct jail_error *e, int error)
{
	const struct compiled_profile *p = one->class ? one->class->profile : NULL;

	if (one->class)
		log_info("%s %s%s %s: %s: %s%s%s", which, p ? "jail of profile " : "spare jail",
			p ? p->name : "", what, jail_stage_to_string(e->stage), e->object,
			e->object[0] ? ": " : "", strerror(-error));
}

void parking_fail(
	struct parking *p, struct parked *one, const struct jail_error *e, int error, uint64_t now_usec)
{
	say(one, "no", "can be parked", e, error);
	parking_lose(p, one, now_usec);
}

bool parking_hear(struct parking *p, struct parked *one, uint64_t now_usec)
{
	struct jail_error e = { .stage = STAGE_EXEC };
	int r = one->spec.spare ? 0 : jail_read_report(&one->jail, &e);

	if (r == 0 && !process_has_ended(parked_process(one)))
		return true;
	say(one, "a", "that was parked is lost", &e, r < 0 ? r : -ECHILD);
	parking_lose(p, one, now_usec);
	return false;
}

void parking_leave_all(struct parking *p, uint64_t not_before_usec)
{
	for (size_t i = 0; i < p->n_classes; i++)
		leave_beyond(p, &p->classes[i], 0);
	if (p->not_before_usec < not_before_usec)
		p->not_before_usec = not_before_usec;
}

void parking_relieve(struct parking *p, uint64_t now_usec)
{
	parking_leave_all(p, now_usec + PARKED_SHORT_USEC);
	leave_beyond(p, &p->spare, 0);
	p->spare.wanted = 0;
	for (size_t i = 0; i < p->n_classes; i++)
		p->classes[i].wanted = p->classes[i].least;
}

struct parked *parking_leaving(struct parking *p)
{
	return TAILQ_FIRST(&p->leaving);
}

/* Grown by demand, and the demand is over. Returns when it will be, USEC_INFINITY if there is nothing to
 * take back. */
static uint64_t shrink(struct parking *p, struct parked_class *class, uint64_t now_usec)
{
	if (class->wanted <= class->least && class->n <= class->wanted)
		return USEC_INFINITY;
	if (now_usec - class->used_usec < PARKED_IDLE_USEC)
		return class->used_usec + PARKED_IDLE_USEC;
	class->wanted = class->least;
	leave_beyond(p, class, class->wanted);
	return USEC_INFINITY;
}

static bool is_ahead(const struct parked *one)
{
	return one->spec.spare & JAIL_SPARE_AHEAD;
}

/* The process of one that waits costs nothing, but whoever made it counts as one that runs. So it is there
 * while launches follow each other, and others take their place then that have none. */
static uint64_t shrink_spare(struct parking *p, uint64_t now_usec)
{
	struct parked_class *class = &p->spare;
	struct parked *one, *next;
	bool any = p->spare_kind & JAIL_SPARE_AHEAD;

	TAILQ_FOREACH(one, &class->list, entry)
	{
		any |= is_ahead(one);
	}
	if (!any)
		return shrink(p, class, now_usec);
	if (now_usec - class->used_usec < PARKED_AHEAD_USEC)
		return class->used_usec + PARKED_AHEAD_USEC;
	p->spare_kind &= (uint8_t)~JAIL_SPARE_AHEAD;
	for (one = TAILQ_FIRST(&class->list); one; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (is_ahead(one))
			parking_leave(p, one);
	}
	return shrink(p, class, now_usec);
}

static bool lacks(const struct parked_class *class)
{
	return !class->failed && class->n < class->wanted;
}

/* The one that has the least of what it wants; first those that serve everybody, and take the least time. */
static struct parked_class *neediest(struct parking *p, size_t room)
{
	struct parked_class *found = NULL;

	if (room == 0 || p->n >= PARKED_MAX)
		return NULL;
	if (lacks(&p->spare))
		return &p->spare;
	for (size_t i = 0; i < p->n_classes; i++) {
		struct parked_class *class = &p->classes[i];

		if (lacks(class) && (!found || class->n < found->n))
			found = class;
	}
	return found;
}

struct parked_class *parking_lacking(struct parking *p, size_t room, uint64_t now_usec)
{
	return now_usec < p->not_before_usec ? NULL : neediest(p, room);
}

bool parking_settle(struct parking *p)
{
	bool made = p->made;

	p->made = false;
	return made;
}

size_t parking_room(const struct parking *p, size_t live, const struct generation *current)
{
	size_t most = current ? current->catalog->config.max_sandboxes : 0;

	return live + p->n < most ? most - live - p->n : 0;
}

static int msec_until(uint64_t usec, uint64_t now_usec)
{
	uint64_t msec = usec <= now_usec ? 0 : (usec - now_usec + 999) / 1000;

	return msec > INT_MAX ? INT_MAX : (int)msec;
}

int parking_wait(struct parking *p, size_t room, uint64_t now_usec)
{
	uint64_t next = shrink_spare(p, now_usec);
	int pause;

	for (size_t i = 0; i < p->n_classes; i++) {
		uint64_t at = shrink(p, &p->classes[i], now_usec);

		next = at < next ? at : next;
	}
	if (!TAILQ_EMPTY(&p->leaving))
		return PARKED_SILENCE_MSEC;
	if (neediest(p, room)) {
		pause = msec_until(p->not_before_usec, now_usec);
		return pause > PARKED_SILENCE_MSEC ? pause : PARKED_SILENCE_MSEC;
	}
	if (p->made)
		return PARKED_SILENCE_MSEC;
	return next == USEC_INFINITY ? -1 : msec_until(next, now_usec);
}
