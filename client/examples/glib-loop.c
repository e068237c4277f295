/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program of a profile in a main loop of GLib's, which goes on with everything else meanwhile.
 *
 *     cc glib-loop.c $(pkg-config --cflags --libs bailiff glib-2.0) -o glib-loop && ./glib-loop PROFILE
 * PROGRAM
 */

#include <bailiff/bailiff.h>
#include <glib.h>
#include <string.h>

/* A connection as a source of events. */
struct source {
	GSource base;
	bailiff_connection *connection;
	gpointer watch;
};

struct job {
	GMainLoop *loop;
	bailiff_connection *connection;
	bailiff_sandbox *sandbox;
	int error;
};

/* Events and timeout change with each call, the fd stays, whatever becomes of the broker. */
static gboolean prepare(GSource *base, gint *timeout)
{
	struct source *s = (struct source *)base;
	int events = bailiff_connection_get_events(s->connection);
	gint64 now = g_get_monotonic_time();
	uint64_t until;

	*timeout = -1;
	if (events < 0 || bailiff_connection_get_timeout(s->connection, &until) < 0)
		return TRUE; /* dispatch() finds out why */
	if (s->watch)
		g_source_modify_unix_fd(base, s->watch, (GIOCondition)events);
	else
		s->watch = g_source_add_unix_fd(
			base, bailiff_connection_get_fd(s->connection), (GIOCondition)events);
	if (until <= (uint64_t)now)
		return TRUE;
	if (until != UINT64_MAX)
		*timeout = (gint)MIN((until - (uint64_t)now + 999) / 1000, G_MAXINT);
	return FALSE;
}

static gboolean check(GSource *base)
{
	struct source *s = (struct source *)base;
	uint64_t until;

	return (s->watch && g_source_query_unix_fd(base, s->watch) != 0) ||
	       bailiff_connection_get_timeout(s->connection, &until) < 0 ||
	       until <= (uint64_t)g_get_monotonic_time();
}

static gboolean dispatch(GSource *base, GSourceFunc callback, gpointer userdata)
{
	struct source *s = (struct source *)base;
	struct job *job = userdata;
	int r;

	(void)callback;
	while ((r = bailiff_connection_process(s->connection)) > 0)
		continue;
	if (r == 0)
		return G_SOURCE_CONTINUE;
	job->error = r;
	g_main_loop_quit(job->loop);
	return G_SOURCE_REMOVE;
}

static void on_end(int error, const bailiff_exit *end, void *userdata)
{
	struct job *job = userdata;

	job->error = error;
	if (error == 0)
		g_print("ended: %s\n", end->result);
	g_main_loop_quit(job->loop);
}

static void on_launched(int error, bailiff_sandbox *sandbox, void *userdata)
{
	struct job *job = userdata;

	job->sandbox = sandbox;
	if (error == 0)
		error = bailiff_sandbox_on_exit(sandbox, on_end, job);
	if (error == 0)
		return;
	job->error = error;
	g_main_loop_quit(job->loop);
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

static gboolean on_tick(gpointer userdata)
{
	g_print("%s", (const char *)userdata);
	return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
	static GSourceFuncs functions = { .prepare = prepare, .check = check, .dispatch = dispatch };
	static char tick[] = "meanwhile\n";
	struct job job = { 0 };
	GSource *source;

	if (argc < 3)
		return 2;
	job.loop = g_main_loop_new(NULL, FALSE);
	source = g_source_new(&functions, sizeof(struct source));
	job.error = bailiff_connect(&job.connection);
	if (job.error == 0)
		job.error = launch(&job, argv + 1);
	if (job.error == 0) {
		((struct source *)source)->connection = job.connection;
		g_source_set_callback(source, NULL, &job, NULL);
		g_source_attach(source, NULL);
		g_timeout_add(100, on_tick, tick);
		g_main_loop_run(job.loop);
	}
	if (job.error < 0)
		g_printerr("%s: %s (%s)\n", argv[1], g_strerror(-job.error),
			job.connection ? bailiff_last_error_message(job.connection) : "no broker");
	g_source_destroy(source);
	g_source_unref(source);
	g_main_loop_unref(job.loop);
	bailiff_sandbox_free(job.sandbox);
	bailiff_connection_free(job.connection);
	return job.error == 0 ? 0 : 1;
}
