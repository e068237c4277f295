/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loops.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

struct run {
	bailiff_connection *c;
	bailiff_sandbox *s;
	sd_event *event;
	sd_event_source *timer;
	GMainLoop *loop;
	bool told;
	int result;
};

static void on_launched(int error, bailiff_sandbox *s, void *userdata)
{
	struct run *run = userdata;

	run->told = true;
	run->result = error;
	run->s = s;
}

/* Returns whether the loop goes on. */
static bool process(struct run *run)
{
	int r;

	do
		r = bailiff_connection_process(run->c);
	while (r > 0 && !run->told);
	if (r < 0 && !run->told)
		run->result = r;
	return r >= 0 && !run->told;
}

static void run_poll(struct run *run)
{
	struct pollfd p = { .fd = bailiff_connection_get_fd(run->c) }; /* once */
	uint64_t until;

	do {
		gint64 left = -1;

		p.events = (short)bailiff_connection_get_events(run->c);
		run->result = bailiff_connection_get_timeout(run->c, &until);
		if (run->result < 0)
			return;
		if (until != UINT64_MAX)
			left = MAX((gint64)until - g_get_monotonic_time(), 0);
		(void)poll(&p, 1, left < 0 ? -1 : (int)((left + 999) / 1000));
	} while (process(run));
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct run *run = userdata;

	(void)source, (void)fd, (void)events;
	return process(run) ? 0 : sd_event_exit(run->event, 0);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec;
	return on_io(source, -1, 0, userdata);
}

static int on_prepare(sd_event_source *source, void *userdata)
{
	struct run *run = userdata;
	uint64_t until = UINT64_MAX;

	run->result = bailiff_connection_get_timeout(run->c, &until);
	if (run->result < 0)
		return sd_event_exit(run->event, 0);
	(void)sd_event_source_set_io_events(source, (uint32_t)bailiff_connection_get_events(run->c));
	(void)sd_event_source_set_time(run->timer, until);
	return sd_event_source_set_enabled(run->timer, SD_EVENT_ONESHOT);
}

static void run_sd_event(struct run *run)
{
	int fd = bailiff_connection_get_fd(run->c);
	sd_event_source *io = NULL;

	if (sd_event_new(&run->event) < 0 ||
		sd_event_add_time(run->event, &run->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_time, run) <
			0 ||
		sd_event_add_io(run->event, &io, fd, EPOLLIN, on_io, run) < 0 ||
		sd_event_source_set_prepare(io, on_prepare) < 0 || sd_event_loop(run->event) < 0)
		run->result = -EIO;
	(void)sd_event_source_disable_unref(io);
	(void)sd_event_source_disable_unref(run->timer);
	(void)sd_event_unref(run->event);
}

struct source {
	GSource base;
	struct run *run;
	gpointer watch;
};

static gboolean prepare(GSource *base, gint *timeout)
{
	struct source *s = (struct source *)base;
	gint64 now = g_get_monotonic_time();
	uint64_t until;

	*timeout = -1;
	if (bailiff_connection_get_timeout(s->run->c, &until) < 0 || until <= (uint64_t)now)
		return TRUE;
	g_source_modify_unix_fd(base, s->watch, (GIOCondition)bailiff_connection_get_events(s->run->c));
	if (until != UINT64_MAX)
		*timeout = (gint)MIN((until - (uint64_t)now + 999) / 1000, G_MAXINT);
	return FALSE;
}

static gboolean check(GSource *base)
{
	struct source *s = (struct source *)base;
	uint64_t until;

	return g_source_query_unix_fd(base, s->watch) != 0 ||
	       bailiff_connection_get_timeout(s->run->c, &until) < 0 ||
	       until <= (uint64_t)g_get_monotonic_time();
}

static gboolean dispatch(GSource *base, GSourceFunc callback, gpointer userdata)
{
	struct run *run = ((struct source *)base)->run;

	(void)callback, (void)userdata;
	if (process(run))
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(run->loop);
	return G_SOURCE_REMOVE;
}

static void run_glib(struct run *run)
{
	static GSourceFuncs functions = { .prepare = prepare, .check = check, .dispatch = dispatch };
	/* of its own: this is a child of a process whose default context has a thread */
	GMainContext *context = g_main_context_new();
	GSource *source = g_source_new(&functions, sizeof(struct source));
	struct source *s = (struct source *)source;

	s->run = run;
	s->watch = g_source_add_unix_fd(source, bailiff_connection_get_fd(run->c), G_IO_IN);
	run->loop = g_main_loop_new(context, FALSE);
	g_source_attach(source, context);
	g_main_loop_run(run->loop);
	g_source_destroy(source);
	g_source_unref(source);
	g_main_loop_unref(run->loop);
	g_main_context_unref(context);
}

int loop_launch(struct user *u, enum loop loop, const bailiff_request *r, bailiff_sandbox **ret)
{
	static void (*const loops[_LOOP_MAX])(struct run *) = {
		[LOOP_POLL] = run_poll,
		[LOOP_SD_EVENT] = run_sd_event,
		[LOOP_GLIB] = run_glib,
	};
	struct run run = { .c = u->c };

	if (!loops[loop])
		return bailiff_launch(u->c, r, ret);
	run.result = bailiff_launch_async(u->c, r, on_launched, &run);
	if (run.result < 0)
		return run.result;
	loops[loop](&run);
	*ret = run.s;
	return run.told ? run.result : run.result < 0 ? run.result : -EIO;
}
