/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ourselves, over a bus or the direct socket, by the library and as its users do it. Words: address, profile.
 */

#include "base/error.h"
#include "way.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000 /* a launch that takes longer is a failure, not a figure */
#define PAYLOAD       "/app/payload"

static int open_bailiff(struct way *w)
{
	int r = bailiff_connect_address(w->words[0], &w->connection);

	if (r < 0)
		fprintf(stderr, "bench: %s: %s\n", w->words[0], strerror(-r));
	return r;
}

static int ask(struct way *w, bailiff_sandbox **ret)
{
	const char *const argv[] = { PAYLOAD, NULL };
	bailiff_request *request = NULL;
	int r = bailiff_request_new(&request, w->words[1]);

	if (r >= 0)
		r = bailiff_request_set_argv(request, argv);
	if (r >= 0)
		r = bailiff_request_map_fd(request, STDOUT_FILENO, w->page_fd);
	if (r >= 0)
		r = bailiff_launch(w->connection, request, ret);
	bailiff_request_free(request);
	return r;
}

static int launch_bailiff(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	bailiff_sandbox *s = NULL;
	bailiff_exit how;
	int r;

	*ret_start = ticks_now();
	r = ask(w, &s);
	if (r < 0) {
		fprintf(stderr, "bench: %s: %s %s\n", w->name, strerror(-r),
			bailiff_last_error_message(w->connection));
		return r;
	}
	if (poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(s), .events = POLLIN }, 1, PATIENCE_MSEC) <= 0)
		r = -ETIMEDOUT;
	*ret_end = ticks_now();
	if (r >= 0)
		r = bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, &how);
	if (r >= 0 && (how.code != 0 || how.signal != 0))
		r = -ECHILD;
	bailiff_sandbox_free(s);
	return r;
}

const struct way_kind way_bailiff = {
	.name = "bailiff", .n_words = 2, .open = open_bailiff, .launch = launch_bailiff
};
