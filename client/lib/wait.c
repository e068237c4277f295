/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Waiting for the end of a sandbox, or until it is ready. For the end first for the program, on its pidfd:
 * that needs no broker, so a broker may be restarted meanwhile, and it costs the user none of the calls that
 * a broker lets one user have pending. Then the broker says how it ended, or is asked.
 */

#include "lib/internal.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>

/* Between two looks at a sandbox' state: the broker tells only who launched it when it changes. */
#define LOOK_PAUSE_FIRST 20000ULL
#define LOOK_PAUSE_MAX   1000000ULL

/* Until the broker's signal comes of a program that is gone. Then it is asked. */
#define WORD_USEC 100000ULL

/* Messages taken off the bus between two looks at the pidfd, so that a flood can not keep us from it. */
#define BATCH_MAX 64

static int poll_until(struct pollfd *fds, nfds_t n, uint64_t deadline)
{
	uint64_t left = deadline_left(deadline);
	const struct timespec ts = { (time_t)(left / 1000000), (long)(left % 1000000) * 1000 };
	int r = ppoll(fds, n, deadline == BAILIFF_TIMEOUT_INFINITE ? NULL : &ts, NULL);

	if (r >= 0)
		return r;
	return errno == EINTR ? 0 : -errno;
}

/* Keeps the queue empty and notices when the bus hangs up. */
static int serve_bus(bailiff_connection *c)
{
	int r = 1;

	for (unsigned i = 0; i < BATCH_MAX && r > 0; i++)
		r = connection_process(c);
	/* the direct socket's connection is made anew when the broker is asked */
	if (c->direct || (r >= 0 && sd_bus_is_open(c->bus) > 0))
		return 0;
	return connection_fail(c, -ENOTCONN, NULL, "the connection to the bus was closed while waiting");
}

static int await_program(bailiff_sandbox *s, int pidfd, uint64_t deadline)
{
	bailiff_connection *c = s->connection;
	int r;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = c->bus && sd_bus_is_open(c->bus) > 0 ? sd_bus_get_fd(c->bus) : -1,
				.events = POLLIN },
		};

		r = poll_until(fds, ELEMENTSOF(fds), deadline);
		if (r < 0)
			return connection_fail(c, r, NULL, strerror(-r));
		if (fds[0].revents)
			return 0;
		if (r > 0) {
			r = serve_bus(c);
			if (r < 0)
				return r;
		}
		if (deadline_left(deadline) == 0)
			return connection_fail(c, -ETIMEDOUT, NULL, "the sandbox has not ended yet");
	}
}

static int keep_result(bailiff_sandbox *s, const bailiff_exit *e)
{
	int r = replace_str(&s->result, e->result);

	if (r < 0)
		return r;
	s->exit_code = e->code;
	s->exit_signal = e->signal;
	s->ended = true;
	signals_ended(s);
	return 0;
}

int sandbox_read_result(bailiff_sandbox *s, sd_bus_message *m)
{
	bailiff_exit e;

	if (sd_bus_message_read(m, "sii", &e.result, &e.code, &e.signal) <= 0)
		return -EBADMSG;
	return keep_result(s, &e);
}

int sandbox_take_result(bailiff_sandbox *s, sd_bus_message *reply)
{
	int r = sandbox_read_result(s, reply);

	return r == -EBADMSG ? reply_malformed(s->connection, "Wait") : r;
}

static int pidfd_of(const bailiff_sandbox *s)
{
	return s->pidfd >= 0 ? s->pidfd : s->watch;
}

bool sandbox_program_ended(const bailiff_sandbox *s)
{
	struct pollfd p = { .fd = pidfd_of(s), .events = POLLIN };

	return p.fd >= 0 && poll_until(&p, 1, 0) > 0;
}

/* The broker does not know the sandbox: it was released, or a launcher died with it. */
int sandbox_ask_kernel(bailiff_sandbox *s)
{
	bailiff_exit e;

	return exit_info_get(pidfd_of(s), &e) < 0 ? -ESRCH : keep_result(s, &e);
}

static int ask_result(bailiff_sandbox *s, uint64_t deadline)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = sandbox_call(s, "Wait", NULL, NULL, deadline, &reply);

	return r < 0 ? r : sandbox_take_result(s, reply);
}

/* Who launched it hears how it ended; to ask would take a call for what is under way. */
static void await_signal(bailiff_sandbox *s)
{
	const uint64_t until = deadline_after(WORD_USEC);
	bailiff_connection *c = s->connection;
	int r = 0;

	while (!s->ended && (r >= 0 || r == -EINTR) && signals_told(s) && connection_usable(c)) {
		uint64_t left = deadline_left(until);

		r = connection_process(c);
		if (r == 0 && left == 0)
			return;
		if (r == 0)
			r = sd_bus_wait(c->bus, left);
	}
}

bool broker_is_away(int error)
{
	return error == -ECONNRESET || error == -EHOSTUNREACH;
}

/* Another broker may give the sandbox another path: it is found again by its id, which stays. */
static int ask_result_again(bailiff_sandbox *s, uint64_t deadline)
{
	struct retry retry = { .deadline = deadline };
	int r = -ECONNRESET;

	while (broker_is_away(r) && retry_wait(&retry)) {
		r = sandbox_find(s, deadline);
		if (r == 0)
			r = ask_result(s, deadline);
	}
	if (broker_is_away(r) && retry.n < RETRY_TRIES)
		return connection_fail(s->connection, -ETIMEDOUT, NULL, "the broker has not come back yet");
	return r;
}

static int fetch_result(bailiff_sandbox *s, uint64_t timeout_usec)
{
	uint64_t deadline = deadline_after(timeout_usec), at_least;
	int pidfd = pidfd_of(s), r;

	r = connection_look(s->connection);
	if (r == 0 && pidfd >= 0)
		r = await_program(s, pidfd, deadline);
	if (r == 0 && pidfd >= 0)
		await_signal(s);
	if (r < 0 || s->ended)
		return r;
	/* The program is gone, the answer is near; a caller who polled the pidfd passes a timeout of 0. Where
	 * there can be no pidfd, the broker alone knows. */
	at_least = address_passes_fds(s->connection->address) ? deadline_after(CALL_TIMEOUT_USEC) : 0;
	deadline = deadline > at_least ? deadline : at_least;
	r = ask_result(s, deadline);
	if (r == -ETIMEDOUT && at_least == 0)
		return connection_fail(s->connection, r, NULL, "the sandbox has not ended yet");
	if (broker_is_away(r))
		r = ask_result_again(s, deadline);
	if (r == -ESRCH && sandbox_ask_kernel(s) == 0) {
		connection_forget_error(s->connection);
		return 0;
	}
	return r;
}

EXPORT int bailiff_connection_wait(bailiff_connection *c, uint64_t timeout_usec)
{
	uint64_t deadline = deadline_after(timeout_usec), until = UINT64_MAX;
	int r = 0;

	while (r == 0) {
		struct pollfd p = { .fd = bailiff_connection_get_fd(c) };
		int events = p.fd < 0 ? p.fd : bailiff_connection_get_events(c);

		r = events < 0 ? events : bailiff_connection_get_timeout(c, &until);
		if (r < 0)
			return c && c->due ? 1 : r;
		p.events = (short)events;
		r = poll_until(&p, 1, deadline < until ? deadline : until);
		if (r == 0 && deadline_left(until) == 0)
			return 1;
		if (r == 0 && deadline_left(deadline) == 0)
			return 0;
	}
	return r < 0 ? r : 1;
}

EXPORT int bailiff_sandbox_wait(bailiff_sandbox *s, uint64_t timeout_usec, bailiff_exit *ret)
{
	int r;

	if (!s)
		return -EINVAL;
	r = s->ended ? 0 : fetch_result(s, timeout_usec);
	if (r < 0)
		return r;
	if (ret)
		*ret = (bailiff_exit){ .result = s->result, .code = s->exit_code, .signal = s->exit_signal };
	return 0;
}

/* 1: ready; 0: not yet. */
static int look_ready(bailiff_sandbox *s)
{
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	int r = bailiff_sandbox_get_status(s, &status);

	/* a broker that is being restarted takes what was said meanwhile; not of one that is gone */
	if (broker_is_away(r) && !sandbox_program_ended(s))
		return 0;
	if (r < 0 && !broker_is_away(r))
		return r;
	if (r == 0 && strcmp(status->state, "ready") == 0)
		return 1;
	if (r == 0 && strcmp(status->state, "running") == 0)
		return 0;
	return connection_fail(s->connection, -ESRCH, NULL, "the sandbox ended without having been ready");
}

/* Until the broker says something, the program ends, or it is time to look again. */
static int await_word(bailiff_sandbox *s, uint64_t until)
{
	bailiff_connection *c = s->connection;
	struct pollfd fds[] = {
		{ .fd = s->pidfd >= 0 ? s->pidfd : s->watch, .events = POLLIN },
		{ .fd = c->bus && sd_bus_is_open(c->bus) > 0 ? sd_bus_get_fd(c->bus) : -1, .events = POLLIN },
	};
	int r;

	r = poll_until(fds, ELEMENTSOF(fds), until);
	if (r < 0)
		return connection_fail(c, r, NULL, strerror(-r));
	return r > 0 && fds[1].revents ? serve_bus(c) : 0;
}

EXPORT int bailiff_sandbox_wait_ready(bailiff_sandbox *s, uint64_t timeout_usec)
{
	uint64_t deadline = deadline_after(timeout_usec), pause = LOOK_PAUSE_FIRST;
	int r;

	if (!s)
		return -EINVAL;
	r = connection_look(s->connection);
	while (r == 0) {
		uint64_t next = deadline_after(pause);

		r = look_ready(s);
		if (r != 0)
			break;
		if (deadline_left(deadline) == 0)
			return connection_fail(
				s->connection, -ETIMEDOUT, NULL, "the sandbox is not ready yet");
		r = await_word(s, next < deadline ? next : deadline);
		pause = 2 * pause < LOOK_PAUSE_MAX ? 2 * pause : LOOK_PAUSE_MAX;
	}
	return r < 0 ? r : 0;
}
