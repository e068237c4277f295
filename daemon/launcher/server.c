/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/server.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "base/process.h"
#include "launcher/adopt.h"
#include "launcher/sandbox.h"
#include "launcher/warm.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

_Static_assert(offsetof(struct server, timers) == offsetof(struct server, registry) + sizeof(struct registry),
	"side by side");

#define LINGER_MSEC                                                                                          \
	250 /* between looks after killed jails that take long to end, and before the clock is settled */

/* Ids count up from the time of the start in units of 16 us: those of a later launcher stay above those of an
 * earlier one that started fewer than 62,500 sandboxes a second. */
#define ID_TIME_SHIFT 4

int server_watch(struct server *s, struct source *source, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = source };

	return RET_ERRNO(epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, source->fd, &e));
}

void server_unwatch(struct server *s, struct source *source)
{
	if (source->fd >= 0)
		(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
}

void server_pass_on(struct server *s, struct source *from, struct source *to, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = to };

	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, from->fd, &e) == 0)
		to->fd = steal_fd(from->fd);
	server_unwatch(s, from);
}

void server_close(struct server *s, struct source *source)
{
	int fd = source->fd;

	server_unwatch(s, source);
	(void)fd_close(fd);
}

/* The timerfd ran out: take every deadline that has passed. */
static void clock_ticked(struct server *s, struct source *source, uint32_t events)
{
	struct timer *timer;
	uint64_t count;

	(void)!read(source->fd, &count, sizeof(count));
	s->clock_armed = USEC_INFINITY;
	for (timer = timers_take_due(&s->timers, now_boottime_usec()); timer;
		timer = timers_take_due(&s->timers, now_boottime_usec()))
		sandbox_due(s, CONTAINER_OF(timer, struct sandbox, timer));
}

static void stock_ready(struct server *s, struct source *source, uint32_t events)
{
	server_unwatch(s, source);
	jail_stock_receive(&s->jail);
}

static void templates_ready(struct server *s, struct source *source, uint32_t events)
{
	jail_templates_event(&s->jail);
}

/* Nothing happened for a while. Without what is made now launches take longer, and that is all. */
static void use_silence(struct server *s)
{
	bool stock = jail_templates_wait(&s->jail) < 0;
	struct source *source = stock ? &s->stock : &s->templates;
	bool watched = source->fd >= 0;
	int r;

	if (jail_ahead_wait(&s->jail) < 0) {
		warm_use_silence(s);
		return;
	}
	process_stand_back(&s->stands_back, false);
	r = stock ? jail_stock_make(&s->jail) : jail_templates_make(&s->jail);
	if (r >= 0 && !watched) {
		source->fd = r;
		r = server_watch(s, source, EPOLLIN);
	}
	if (r >= 0)
		return;
	(void)log_errno(LOG_WARNING, r, "cannot make namespaces ahead");
	if (!watched)
		source->fd = -1;
	if (stock)
		jail_stock_abandon(&s->jail);
	else
		jail_templates_abandon(&s->jail);
}

int server_init(struct server *s, int keeper_fd)
{
	int r;

	*s = (struct server){
		.epoll_fd = -1,
		.keeper = { .fd = keeper_fd, .handle = keeper_readable },
		.broker = { .fd = -1, .handle = broker_readable },
		.clock = { .fd = -1, .handle = clock_ticked },
		.stock = { .fd = -1, .handle = stock_ready },
		.templates = { .fd = -1, .handle = templates_ready },
		.mounts = SOURCE_NULL,
		.memory = SOURCE_NULL,
		.clock_armed = USEC_INFINITY,
		.jail = JAIL_CONTEXT_NULL,
		.uids = UIDS_NULL,
	};
	registry_init(&s->registry, (now_boottime_usec() >> ID_TIME_SHIFT) + 1);
	process_keep_from_children(&s->registry, sizeof(s->registry) + sizeof(s->timers));
	outbox_init(&s->outbox);
	parking_init(&s->parking);
	r = process_raise_nofile(); /* up to nine for each sandbox; payloads get limits of their own */
	if (r < 0)
		return r;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return errno_or_eio();
	s->clock.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->clock.fd < 0)
		return errno_or_eio();
	r = server_watch(s, &s->clock, EPOLLIN);
	return r < 0 ? r : server_watch(s, &s->keeper, EPOLLIN);
}

void server_done(struct server *s)
{
	struct sandbox *sandbox;

	/* unless we are told to end them, they are the next launcher's */
	while ((s->stopping || s->registry.table_fd < 0) && (sandbox = TAILQ_FIRST(&s->registry.by_age)))
		sandbox_discard(s, sandbox);
	warm_done(s);
	adopt_drop(s);
	s->registry.table_fd = fd_close(s->registry.table_fd);
	outbox_clear(&s->outbox);
	server_close(s, &s->broker);
	server_close(s, &s->keeper);
	server_close(s, &s->clock);
	server_unwatch(s, &s->stock);
	catalog_reader_close(&s->reader);
	s->current = generation_unref(s->current);
	s->previous = generation_unref(s->previous);
	uids_done(&s->uids);
	jail_context_close(&s->jail);
	s->epoll_fd = fd_close(s->epoll_fd);
}

/* Launches whose answer nobody will read. */
static void forsake_launches(struct server *s)
{
	struct sandbox *sandbox;

	TAILQ_FOREACH(sandbox, &s->registry.by_age, by_age)
	{
		if (sandbox->state == SANDBOX_STARTING)
			sandbox_forsake(s, sandbox);
	}
}

static void drop_broker(struct server *s)
{
	server_close(s, &s->broker);
	outbox_clear(&s->outbox);
	s->listing = (struct listing){ .due = true };
	s->broker_watch = EPOLLIN;
	s->broker_broken = s->broker_waits = false;
	forsake_launches(s);
}

/* Its first question is for the list of sandboxes, which has to be whole. */
int server_set_broker(struct server *s, int fd, uint32_t serial)
{
	drop_broker(s);
	s->peer = serial;
	s->broker.fd = fd;
	s->broker_waits = registry_is_settling(&s->registry);
	return s->broker_waits ? 0 : server_watch(s, &s->broker, EPOLLIN);
}

void server_break_broker(struct server *s, const char *why, int error)
{
	if (s->broker_broken)
		return;
	(void)log_errno(LOG_ERR, error, "closing the connection to the broker: %s", why);
	s->broker_broken = true;
	(void)keeper_send_all(
		s->keeper.fd, &(struct keeper_message){ .type = WIRE_BROKEN, .serial = s->peer }, NULL, 0);
}

/* Without room in the broker's queue: wait for it. */
static void watch_room(struct server *s)
{
	bool waiting = !outbox_is_empty(&s->outbox) || s->listing.active;
	struct epoll_event e = {
		/* while a list is on its way no request is read: answers stay bounded by what was asked */
		.events = waiting ? EPOLLOUT : EPOLLIN,
		.data.ptr = &s->broker,
	};

	if (s->broker_watch != e.events && epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->broker.fd, &e) == 0)
		s->broker_watch = e.events;
}

void server_forsaken_settled(struct server *s)
{
	int r;

	if (!s->broker_waits || registry_is_settling(&s->registry))
		return;
	s->broker_waits = false;
	r = server_watch(s, &s->broker, EPOLLIN);
	if (r < 0)
		server_break_broker(s, "it can not be listened to", r);
	else
		watch_room(s);
}

void server_send(struct server *s, const struct buf *b, int fd)
{
	server_send_fds(s, b, &fd, fd >= 0);
}

void server_send_fds(struct server *s, const struct buf *b, const int *fds, size_t n_fds)
{
	bool was_empty = outbox_is_empty(&s->outbox);
	int r;

	if (s->broker.fd < 0 || s->broker_broken)
		return;
	r = outbox_send(&s->outbox, s->broker.fd, b, fds, n_fds);
	if (r < 0)
		server_break_broker(s, "a record could not be sent", r);
	else if (was_empty && !outbox_is_empty(&s->outbox))
		watch_room(s);
}

void server_stop(struct server *s, uint64_t max_grace_usec)
{
	struct sandbox *sandbox;

	s->stopping = true;
	TAILQ_FOREACH(sandbox, &s->registry.by_age, by_age)
	{
		uint64_t grace = sandbox->timeout_stop_usec;

		if (sandbox->state == SANDBOX_STARTING)
			sandbox_break_off(s, sandbox, STAGE_EXEC, "Bailiff is being stopped");
		else if (sandbox->state != SANDBOX_EXITED)
			sandbox_stop(
				s, sandbox, grace < max_grace_usec ? grace : max_grace_usec, RESULT_KILLED);
	}
}

int server_set_catalog(struct server *s, uint32_t number, struct catalog *catalog)
{
	_cleanup_(generation_unrefp) struct generation *g = generation_new(number, catalog);
	int r;

	if (!g)
		return -ENOMEM;
	if (s->current && number <= s->current->number)
		return -EBADMSG;
	/* ids of live sandboxes stay taken */
	r = uids_reset(&s->uids, g->catalog->config.dynamic_uid_min, g->catalog->config.dynamic_uid_max);
	if (r < 0)
		return r;
	(void)generation_unref(s->previous);
	s->previous = s->current;
	s->current = steal_ptr(g);
	jail_ahead(&s->jail, s->current->catalog);
	warm_set_catalog(s);
	return 0;
}

int server_start_jail(struct server *s, struct jail_spec *spec, struct jail *ret, struct jail_error *reterr)
{
	int r;

	process_stand_back(&s->stands_back, false);
	r = jail_start(&s->jail, spec, ret, reterr);
	jail_keep_spec(ret, spec);
	if (r == -ENOTRECOVERABLE) {
		/* stuck in a jail's namespace: nothing may be started from there */
		log_error("cannot come back from a sandbox's namespace: giving up");
		s->quit = true;
	}
	return r;
}

/* How long to wait for an event: *ret_silence, if it is for silence. */
static int patience(struct server *s, bool *ret_silence)
{
	bool early = s->clock_armed < timers_next(&s->timers);
	int linger = jail_collect(&s->jail) || early ? LINGER_MSEC : -1;
	int silence = s->stopping ? -1 : jail_ahead_wait(&s->jail);

	if (s->reader.catalog)
		return now_boottime_usec() < s->reader.due_usec ? 1 : 0;
	if (silence < 0 && !s->stopping)
		silence = warm_wait(s);
	*ret_silence = silence >= 0;
	return silence >= 0 ? silence : linger;
}

int server_run(struct server *s)
{
	while (!s->quit) {
		/* one at a time: what an event leads to may free what the next one of a batch points to */
		struct epoll_event e;
		bool silence = false;
		int r;

		if (s->stopping && registry_live(&s->registry) == 0)
			keeper_tell_stopped(s);
		r = timers_arm(&s->timers, s->clock.fd, &s->clock_armed, false);
		if (r < 0)
			return r;
		process_stand_back(&s->stands_back, s->n_going > 0 && now_boottime_usec() < s->going_until);
		r = epoll_wait(s->epoll_fd, &e, 1, patience(s, &silence));
		if (r < 0 && errno != EINTR)
			return errno_or_eio();
		if (r == 0 && silence)
			use_silence(s);
		/* no deadline of what is over wakes us up; where that can not be had it does, once */
		else if (r == 0 && !s->reader.catalog)
			(void)timers_arm(&s->timers, s->clock.fd, &s->clock_armed, true);
		if (r > 0)
			((struct source *)e.data.ptr)->handle(s, e.data.ptr, e.events);
		/* in turns with events, so that neither waits for the other's end */
		if (s->reader.catalog && now_boottime_usec() >= s->reader.due_usec && keeper_read_on(s) < 0)
			s->quit = true;
		if (s->broker_broken)
			drop_broker(s);
		else if (r > 0 && e.data.ptr == &s->broker && s->broker.fd >= 0)
			watch_room(s);
	}
	return 0;
}
