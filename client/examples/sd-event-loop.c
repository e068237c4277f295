/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program of a profile in an event loop of systemd's.
 *
 *     cc sd-event-loop.c $(pkg-config --cflags --libs bailiff libsystemd) -o sd-event-loop &&
 *         ./sd-event-loop PROFILE PROGRAM
 */

#include <bailiff/bailiff.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

struct job {
	sd_event *event;
	sd_event_source *io, *timer;
	bailiff_connection *connection;
	bailiff_sandbox *sandbox;
};

static int process(struct job *job)
{
	int r;

	while ((r = bailiff_connection_process(job->connection)) > 0)
		continue;
	return r < 0 ? sd_event_exit(job->event, r) : 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source, (void)fd, (void)events;
	return process(userdata);
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	return process(userdata);
}

/* Before each wait. The fd stays, whatever becomes of the broker. The events of poll(2) and epoll(7) are the
 * same numbers. */
static int on_prepare(sd_event_source *source, void *userdata)
{
	struct job *job = userdata;
	int events = bailiff_connection_get_events(job->connection);
	uint64_t until = UINT64_MAX;
	int r = events < 0 ? events : bailiff_connection_get_timeout(job->connection, &until);

	if (r < 0)
		return sd_event_exit(job->event, r);
	r = sd_event_source_set_io_events(source, (uint32_t)events);
	if (r >= 0)
		r = sd_event_source_set_time(job->timer, until);
	return r < 0 ? r : sd_event_source_set_enabled(job->timer, SD_EVENT_ONESHOT);
}

static int attach(struct job *job)
{
	int r = bailiff_connection_get_fd(job->connection);

	if (r >= 0)
		r = sd_event_add_time(job->event, &job->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_time, job);
	if (r >= 0)
		r = sd_event_add_io(
			job->event, &job->io, bailiff_connection_get_fd(job->connection), 0, on_io, job);
	return r < 0 ? r : sd_event_source_set_prepare(job->io, on_prepare);
}

static void on_end(int error, const bailiff_exit *end, void *userdata)
{
	struct job *job = userdata;

	if (error == 0)
		printf("ended: %s\n", end->result);
	(void)sd_event_exit(job->event, error);
}

static void on_violation(
	bailiff_sandbox *sandbox, const char *layer, const char *what, const char *detail, void *userdata)
{
	(void)sandbox, (void)userdata;
	printf("killed by %s for %s: %s\n", layer, what, detail);
}

static void on_launched(int error, bailiff_sandbox *sandbox, void *userdata)
{
	struct job *job = userdata;

	job->sandbox = sandbox;
	if (error == 0)
		error = bailiff_sandbox_on_violation(sandbox, on_violation, NULL);
	if (error == 0)
		error = bailiff_sandbox_on_exit(sandbox, on_end, job);
	if (error < 0)
		(void)sd_event_exit(job->event, error);
}

static int launch(struct job *job, char **argv)
{
	bailiff_request *request = NULL;
	int r = bailiff_request_new(&request, argv[0]);

	if (r == 0)
		r = bailiff_request_set_argv(request, (const char *const *)argv + 1);
	if (r == 0)
		r = bailiff_launch_async(job->connection, request, on_launched, job);
	bailiff_request_free(request);
	return r;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	int r;

	if (argc < 3)
		return 2;
	r = sd_event_new(&job.event);
	if (r >= 0)
		r = bailiff_connect(&job.connection);
	if (r >= 0)
		r = attach(&job);
	if (r >= 0)
		r = launch(&job, argv + 1);
	if (r >= 0)
		r = sd_event_loop(job.event);
	if (r < 0)
		fprintf(stderr, "%s: %s (%s)\n", argv[1], strerror(-r),
			job.connection ? bailiff_last_error_message(job.connection) : "no broker");
	bailiff_sandbox_free(job.sandbox);
	sd_event_source_disable_unref(job.io);
	sd_event_source_disable_unref(job.timer);
	bailiff_connection_free(job.connection);
	sd_event_unref(job.event);
	return r < 0 ? 1 : 0;
}
