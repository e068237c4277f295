/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/relay.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <unistd.h>

/* A terminal that can take anything takes as much as this without blocking. */
#define TERMINAL_CHUNK 256

int relay_open(struct relay *r, int terminal)
{
	int ends[2], result;

	r->inward = terminal == STDIN_FILENO;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno_or_eio();
	r->pipe = ends[r->inward ? 1 : 0];
	r->child_end = ends[r->inward ? 0 : 1];
	r->terminal = terminal;
	result = fd_set_nonblock(r->pipe, true);
	if (result < 0)
		relay_close(r);
	return result;
}

void relay_close(struct relay *r)
{
	r->pipe = fd_close(r->pipe);
	r->child_end = fd_close(r->child_end);
}

bool relay_is_in_background(const struct relay *r)
{
	pid_t foreground;

	if (r->pipe < 0 || !r->inward)
		return false;
	/* -1: not our controlling terminal, so there is no background. */
	foreground = tcgetpgrp(r->terminal);
	return foreground >= 0 && foreground != getpgrp();
}

struct pollfd relay_wants(const struct relay *r)
{
	bool full = r->begin < r->end;
	struct pollfd p = { .fd = -1, .events = full ? POLLOUT : POLLIN };

	/* To read a terminal in the background would stop us, for input that is not ours. */
	if (r->pipe < 0 || (!full && relay_is_in_background(r)))
		return p;
	p.fd = r->inward == full ? r->pipe : r->terminal;
	return p;
}

static bool transient(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void fill(struct relay *r)
{
	ssize_t n = read(r->inward ? r->terminal : r->pipe, r->buffer, sizeof(r->buffer));

	if (transient(n))
		return;
	if (n <= 0) {
		relay_close(r);
		return;
	}
	r->begin = 0;
	r->end = (size_t)n;
}

static void flush(struct relay *r)
{
	size_t left = r->end - r->begin;
	ssize_t n;

	if (!r->inward && left > TERMINAL_CHUNK)
		left = TERMINAL_CHUNK;
	n = write(r->inward ? r->pipe : r->terminal, r->buffer + r->begin, left);
	if (transient(n))
		return;
	if (n < 0) {
		relay_close(r);
		return;
	}
	r->begin += (size_t)n;
}

void relay_serve(struct relay *r, short revents)
{
	if (r->pipe < 0 || revents == 0)
		return;
	if (r->begin < r->end)
		flush(r);
	else
		fill(r);
}

void relay_drain(struct relay *r)
{
	/* All writers are gone: the pipe is at its end after what it holds. */
	while (r->pipe >= 0 && !r->inward) {
		bool full = r->begin < r->end;
		struct pollfd p = { .fd = full ? r->terminal : r->pipe, .events = full ? POLLOUT : POLLIN };

		if (poll(&p, 1, full ? -1 : 0) == 0)
			return;
		relay_serve(r, POLLIN);
	}
}
