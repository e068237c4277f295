/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl run: the program in the sandbox stands in for this process: its standard streams, the signals
 * that it gets, the status that it ends with. When this process dies, its connection ends, and so does the
 * sandbox.
 */

#include "base/error.h"
#include "base/fd.h"
#include "cli/launch-options.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int set_no_stdin(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->no_stdin = true;
	return 0;
}

/* Our standard streams, as far as they are open (main.c fills gaps with what is close-on-exec) and --fd= did
 * not give their numbers away. */
static void add_standard_streams(struct launch_options *o)
{
	for (int fd = o->no_stdin ? 1 : 0; fd <= 2; fd++) {
		bool taken = fcntl(fd, F_GETFD) != 0 || o->n_fds == ELEMENTSOF(o->fds);

		for (size_t i = 0; i < o->n_fds; i++)
			taken = taken || o->fds[i].child == fd;
		if (!taken)
			o->fds[o->n_fds++] = (struct launch_fd){ fd, fd };
	}
}

/* From here on these are the program's. Before, they end us, and so the sandbox. */
static int open_signals(void)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
		(void)sigaddset(&set, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return errno_or_eio();
	return RET_ERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

static int forward_signal(bailiff_sandbox *s, int signals)
{
	struct signalfd_siginfo info;
	int r;

	if (read(signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return errno == EAGAIN || errno == EINTR ? 0 : errno_or_eio();
	r = bailiff_sandbox_signal(s, (int)info.ssi_signo, 0);
	return r == -ESRCH ? 0 : r; /* it has just ended */
}

static int forward_until_end(bailiff_sandbox *s, int signals)
{
	struct pollfd fds[] = {
		{ .fd = bailiff_sandbox_pidfd(s), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	for (;;) {
		int r = RET_ERRNO(poll(fds, ELEMENTSOF(fds), -1));

		if (r < 0 && r != -EINTR)
			return r;
		if (r > 0 && fds[0].revents)
			return 0;
		if (r > 0 && fds[1].revents) {
			r = forward_signal(s, signals);
			if (r < 0)
				return r;
		}
	}
}

static int follow(bailiff_connection *c, bailiff_sandbox *s, const char *profile)
{
	_cleanup_close_ int signals = open_signals();
	bailiff_exit e;
	int r;

	r = signals < 0 ? signals : forward_until_end(s, signals);
	if (r == 0)
		r = bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, &e);
	if (r < 0) {
		report_failure(c, r, profile);
		return EXIT_BROKER;
	}
	report_end(profile, &e);
	/* Nobody else knows the id; the broker drops the state sooner or later if this fails. */
	(void)bailiff_sandbox_release(s);
	return exit_status(&e);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	struct launch_options *o = state;
	int r;

	add_standard_streams(o);
	r = launch_request_make(o, args, &request);
	if (r == 0)
		r = cli_connect(cli, &c);
	if (r < 0)
		return EXIT_BROKER;
	r = bailiff_launch(c, request, &s);
	return r < 0 ? launch_failed(c, r, args[0]) : follow(c, s, args[0]);
}

static const struct option options[] = {
	LAUNCH_OPTIONS,
	{ "no-stdin", 0, NULL, "do not give it our standard input", set_no_stdin },
};

const struct verb verb_run = {
	.name = "run",
	.arguments = LAUNCH_OPTIONS_ARGUMENTS,
	.summary = "Run a program in a sandbox and wait for it",
	.details = "Standard input, output and error are passed through. SIGINT, SIGTERM, SIGHUP, SIGQUIT, "
		   "SIGUSR1\n"
		   "and SIGUSR2 are forwarded. The exit status is the program's, or 128 and the signal that "
		   "ended it;\n"
		   "125 if the broker failed, 126 if it refused, 127 if profile or program are not there.",
	.min = 1,
	.max = SIZE_MAX,
	.passes_on = true,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct launch_options),
	.done = launch_options_done,
	.run = run,
};
