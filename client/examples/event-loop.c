/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program of a profile, reads its output from a pipe and hears of its end, and of what it was killed
 * for, in one poll(2) loop. An own lifeline makes sure that the sandbox ends with this process even if the
 * connection were handed on.
 *
 *     cc event-loop.c $(pkg-config --cflags --libs bailiff) -o event-loop && ./event-loop PROFILE PROGRAM
 */

#define _GNU_SOURCE

#include <bailiff/bailiff.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct job {
	bailiff_connection *connection;
	bailiff_sandbox *sandbox;
	int output, ended, error;
};

static void on_end(int error, const bailiff_exit *end, void *userdata)
{
	struct job *job = userdata;

	job->ended = 1;
	job->error = error;
	if (error == 0)
		fprintf(stderr, "ended: %s\n", end->result);
}

static void on_violation(
	bailiff_sandbox *sandbox, const char *layer, const char *what, const char *detail, void *userdata)
{
	(void)sandbox, (void)userdata;
	fprintf(stderr, "killed by %s for %s: %s\n", layer, what, detail);
}

/* What poll(2) takes: milliseconds from now. */
static int milliseconds_until(uint64_t usec)
{
	struct timespec now;
	uint64_t n;

	if (usec == UINT64_MAX || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return -1;
	n = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	n = usec > n ? (usec - n + 999) / 1000 : 0;
	return n > 60000 ? 60000 : (int)n;
}

static int copy_output(struct job *job)
{
	char buffer[4096];
	ssize_t n = read(job->output, buffer, sizeof(buffer));

	if (n <= 0)
		job->output = -1;
	else if (write(STDOUT_FILENO, buffer, (size_t)n) != n)
		return -EIO;
	return 0;
}

/* One round; another program has more descriptors in it. */
static int turn(struct job *job)
{
	struct pollfd fds[2] = {
		{ .fd = job->output, .events = POLLIN },
		{ .fd = bailiff_connection_get_fd(job->connection) },
	};
	int events = bailiff_connection_get_events(job->connection), r;
	uint64_t until;

	r = bailiff_connection_get_timeout(job->connection, &until);
	if (r < 0 || events < 0)
		return r < 0 ? r : events;
	fds[1].events = (short)events;
	if (poll(fds, 2, milliseconds_until(until)) < 0)
		return -errno;
	do
		r = bailiff_connection_process(job->connection);
	while (r > 0);
	return r == 0 && fds[0].revents ? copy_output(job) : r;
}

/* Until the end of the program and of its output: what it wrote last may still be in the pipe. */
static int follow(struct job *job)
{
	int r = bailiff_sandbox_on_violation(job->sandbox, on_violation, NULL);

	if (r == 0)
		r = bailiff_sandbox_on_exit(job->sandbox, on_end, job);
	job->output = bailiff_sandbox_stream(job->sandbox, STDOUT_FILENO);
	while (r == 0 && (!job->ended || job->output >= 0))
		r = turn(job);
	return r < 0 ? r : job->error;
}

static int launch(bailiff_connection *c, char **argv, int lifeline, bailiff_sandbox **ret)
{
	bailiff_request *request = NULL;
	int r = bailiff_request_new(&request, argv[0]);

	if (r == 0)
		r = bailiff_request_set_argv(request, (const char *const *)argv + 1);
	if (r == 0)
		r = bailiff_request_set_stdio(request, STDOUT_FILENO, BAILIFF_STDIO_PIPE);
	if (r == 0)
		r = bailiff_request_set_lifeline(request, lifeline);
	if (r == 0)
		r = bailiff_launch(c, request, ret);
	bailiff_request_free(request);
	return r;
}

int main(int argc, char **argv)
{
	struct job job = { .output = -1 };
	int lifeline[2], r;

	if (argc < 3 || pipe2(lifeline, O_CLOEXEC) < 0)
		return 2;
	r = bailiff_connect(&job.connection);
	if (r == 0)
		r = launch(job.connection, argv + 1, lifeline[0], &job.sandbox);
	if (r == 0)
		r = follow(&job);
	if (r < 0)
		fprintf(stderr, "%s: %s (%s)\n", argv[1], strerror(-r),
			job.connection ? bailiff_last_error_message(job.connection) : "no broker");
	bailiff_sandbox_free(job.sandbox);
	bailiff_connection_free(job.connection);
	return r == 0 ? 0 : 1;
}
