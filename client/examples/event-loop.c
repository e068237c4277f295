/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Runs a program of a profile, reads its output from a pipe and notices its end, in one poll(2) loop. An own
 * lifeline makes sure that the sandbox ends with this process even if the connection were handed on.
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
#include <unistd.h>

/* Copies until the end of the output and of the program. */
static int follow(bailiff_sandbox *sandbox)
{
	struct pollfd fds[2] = {
		{ .fd = bailiff_sandbox_stream(sandbox, STDOUT_FILENO), .events = POLLIN },
		{ .fd = bailiff_sandbox_pidfd(sandbox), .events = POLLIN },
	};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		char buffer[4096];
		ssize_t n;

		if (poll(fds, 2, -1) < 0)
			return -errno;
		if (fds[1].revents)
			fds[1].fd = -1; /* ended; what it wrote last may still be in the pipe */
		if (!fds[0].revents)
			continue;
		n = read(fds[0].fd, buffer, sizeof(buffer));
		if (n <= 0)
			fds[0].fd = -1;
		else if (write(STDOUT_FILENO, buffer, (size_t)n) != n)
			return -EIO;
	}
	return 0;
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
	bailiff_connection *c = NULL;
	bailiff_sandbox *sandbox = NULL;
	bailiff_exit end;
	int lifeline[2], r;

	if (argc < 2 || pipe2(lifeline, O_CLOEXEC) < 0)
		return 2;
	r = bailiff_connect(&c);
	if (r == 0)
		r = launch(c, argv + 1, lifeline[0], &sandbox);
	if (r == 0)
		r = follow(sandbox);
	if (r == 0)
		r = bailiff_sandbox_wait(sandbox, 0, &end);
	if (r == 0)
		printf("ended: %s\n", end.result);
	else
		fprintf(stderr, "%s: %s (%s)\n", argv[1], strerror(-r),
			c ? bailiff_last_error_message(c) : "no broker");
	bailiff_sandbox_free(sandbox);
	bailiff_connection_free(c);
	return r == 0 ? 0 : 1;
}
