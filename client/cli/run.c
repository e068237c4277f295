/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl run: the program in the sandbox stands in for this process: its standard streams, the signals
 * that it gets, the status that it ends with. When this process dies, its connection ends, and so does the
 * sandbox. With --pty it stands in for a terminal: see forward.h.
 */

#include "base/error.h"
#include "base/fd.h"
#include "cli/forward.h"
#include "cli/launch-options.h"
#include "cli/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STREAMS         3
#define RETRY_MSEC      100  /* between two tries to reach a broker that is being restarted */
#define SILENCE_MSEC    3000 /* without a byte, after the program's end */
#define BACKGROUND_MSEC 500  /* between two looks at whether the terminal is ours again */

static int set_no_stdin(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->no_stdin = true;
	return 0;
}

static int set_pty(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->pty = true;
	return 0;
}

static int set_pipe(void *into, const char *value, char **reterr_why)
{
	struct launch_options *o = into;

	o->pipe = true;
	return 0;
}

/* Both: whichever suits what we were started on. */
static bool wants_pty(const struct launch_options *o)
{
	if (!o->pipe)
		return o->pty;
	return o->pty && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

/* Whether --fd= gave the number away. */
static bool is_taken(const struct launch_options *o, int fd)
{
	for (size_t i = 0; i < o->n_fds; i++)
		if (o->fds[i].child == fd)
			return true;
	return false;
}

/* Our standard streams, as far as they are open (main.c fills gaps with what is close-on-exec). None is left
 * out for want of room: what the program writes would be lost without a word. */
static int add_standard_streams(struct launch_options *o, struct relay relays[STREAMS])
{
	for (int fd = o->no_stdin ? 1 : 0; fd < STREAMS; fd++) {
		int ours = fd;

		if (is_taken(o, fd) || fcntl(fd, F_GETFD) != 0)
			continue;
		if (o->n_fds == BAILIFF_FDS_MAX) {
			report("no room for standard stream %d: one launch carries at most %d descriptors, "
			       "of which "
			       "--fd= took too many",
				fd, BAILIFF_FDS_MAX);
			return -E2BIG;
		}
		if (isatty(fd)) {
			int r = relay_open(&relays[fd], fd);

			if (r < 0) {
				report("a pipe for the terminal can not be made: %s", strerror(-r));
				return r;
			}
			ours = relays[fd].child_end;
		}
		o->fds[o->n_fds++] = (struct launch_fd){ fd, ours };
	}
	return 0;
}

struct following {
	bailiff_sandbox *sandbox;
	struct relay *relays;
	struct forward *pty; /* NULL: the streams are passed on, or relayed */
	int signals;
	uint64_t pending; /* signals, by number, that wait for a broker to take them */
	uint64_t to_all;  /* of these, what the terminal sent: as without us, all processes have it */
};

/* These mean nothing to us, and may come before we know that the program runs. */
static int hold_user_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	return RET_ERRNO(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* From here on these are the program's. Before, they end us, and so the sandbox. Those that we were started
 * to ignore, by nohup(1) or by a shell without job control, the program is not to have either. */
static int open_signals(bool pty)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP };
	sigset_t set, blocked;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTSOF(forwarded); i++) {
		struct sigaction action;

		if (sigaction(forwarded[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			(void)sigaddset(&set, forwarded[i]);
	}
	/* of our own terminal */
	if (pty) {
		(void)sigaddset(&set, SIGWINCH);
		(void)sigaddset(&set, SIGCONT);
	}
	blocked = set;
	(void)sigaddset(&blocked, SIGPIPE); /* of the relays */
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0)
		return errno_or_eio();
	return RET_ERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* Stops this process, as the signal does where nobody takes it. In a group without a shell to continue it the
 * kernel does not. */
static void stop_self(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTSTP);
	(void)raise(SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The terminal's stop character: the program stops first, then we do, as shells expect it of a job; and when
 * we are continued, so is the program. One on a terminal of its own goes on: it has a stop character of its
 * own, and to continue all its processes would continue the jobs that it has stopped. */
static int stop_together(struct following *f)
{
	int r;

	if (f->pty) {
		terminal_leave(&f->pty->terminal);
		stop_self();
		return 0;
	}
	r = bailiff_sandbox_signal(f->sandbox, SIGSTOP, 1);
	if (r < 0)
		return r;
	stop_self();
	f->pending |= 1ULL << SIGCONT;
	return 0;
}

static int forward_one(struct following *f, int signal)
{
	int r;

	if (signal == SIGTSTP)
		r = stop_together(f);
	else
		r = bailiff_sandbox_signal(
			f->sandbox, signal, signal == SIGCONT || (f->to_all & (1ULL << signal)));
	/* A broker that is being restarted will take it. */
	if (r == -EHOSTUNREACH || r == -ECONNRESET)
		return 0;
	f->pending &= ~(1ULL << signal);
	return r == -ESRCH ? 0 : r; /* it has just ended */
}

static int forward_pending(struct following *f)
{
	for (int signal = 1; signal < 64; signal++)
		if (f->pending & (1ULL << signal)) {
			int r = forward_one(f, signal);

			if (r < 0)
				return r;
		}
	return 0;
}

static int read_signals(struct following *f)
{
	struct signalfd_siginfo info;

	while (read(f->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		uint64_t bit = 1ULL << info.ssi_signo;

		/* whoever had the terminal meanwhile may have changed its size, too */
		if (f->pty && info.ssi_signo == SIGCONT)
			terminal_again(&f->pty->terminal);
		if (f->pty && (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT)) {
			forward_resize(f->pty);
			continue;
		}
		f->pending |= bit;
		f->to_all = info.ssi_code == SI_KERNEL ? f->to_all | bit : f->to_all & ~bit;
	}
	return errno == EAGAIN || errno == EINTR ? 0 : errno_or_eio();
}

static int next_look(const struct following *f)
{
	bool background;

	if (f->pending != 0)
		return RETRY_MSEC;
	background = f->pty ? f->pty->quiet || terminal_is_others(&f->pty->terminal)
			    : relay_is_in_background(&f->relays[0]);
	return background ? BACKGROUND_MSEC : -1;
}

#define POLLS (2 + (STREAMS > FORWARD_POLLS ? STREAMS : FORWARD_POLLS))

static void stream_wants(const struct following *f, struct pollfd *fds)
{
	if (f->pty)
		forward_wants(f->pty, fds);
	for (size_t i = 0; i < STREAMS && !f->pty; i++)
		fds[i] = relay_wants(&f->relays[i]);
}

static void serve_streams(struct following *f, const struct pollfd *fds)
{
	if (f->pty)
		forward_serve(f->pty, fds);
	for (size_t i = 0; i < STREAMS && !f->pty; i++)
		relay_serve(&f->relays[i], fds[i].revents);
}

/* The user left: what was the user's command goes, too. */
static int leave_pty(struct following *f)
{
	f->pty->disconnected = false;
	report("disconnected; the sandbox is being stopped");
	return bailiff_sandbox_stop(f->sandbox, BAILIFF_TIMEOUT_INFINITE);
}

static int forward_until_end(struct following *f)
{
	for (;;) {
		struct pollfd fds[POLLS] = {
			{ .fd = bailiff_sandbox_pidfd(f->sandbox), .events = POLLIN },
			{ .fd = f->signals, .events = POLLIN },
		};
		int r;

		/* it may have become ours again */
		if (f->pty && f->pty->master >= 0)
			(void)terminal_enter(&f->pty->terminal);
		stream_wants(f, fds + 2);
		r = RET_ERRNO(poll(fds, ELEMENTSOF(fds), next_look(f)));
		if (r == -EINTR)
			continue;
		if (r < 0)
			return r;
		if (fds[0].revents)
			return 0;
		if (r == 0 && f->pty)
			forward_retry(f->pty);
		serve_streams(f, fds + 2);
		r = f->pty && f->pty->disconnected ? leave_pty(f) : 0;
		if (r == 0 && fds[1].revents)
			r = read_signals(f);
		if (r == 0)
			r = forward_pending(f);
		if (r < 0)
			return r;
	}
}

/* What the program wrote last. A signal ends the wait for a reader that takes nothing, and time that for the
 * end of a terminal that somebody else was given by the program. */
static void drain_pty(struct following *f)
{
	struct forward *pty = f->pty;

	forward_end(pty);
	while (!forward_is_over(pty)) {
		struct pollfd fds[1 + FORWARD_POLLS] = { { .fd = f->signals, .events = POLLIN } };
		struct signalfd_siginfo info;

		int r;

		forward_wants(pty, fds + 1);
		r = RET_ERRNO(poll(fds, ELEMENTSOF(fds), forward_has_output(pty) ? -1 : SILENCE_MSEC));
		if (r == -EINTR)
			continue;
		if (r <= 0)
			break;
		forward_serve(pty, fds + 1);
		if (fds[0].revents && read(f->signals, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
			info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCONT)
			break;
	}
	forward_close(pty);
}

/* The program's status, or the one that stands for our failure. */
static int settle(bailiff_connection *c, bailiff_sandbox *s, int error, const char *profile)
{
	bailiff_exit e;
	int r = error < 0 ? error : bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, &e);

	if (r == -ESRCH) {
		report("%s: ended, and the broker does not know how; with the launcher that its sandbox "
		       "depended on, it seems",
			profile);
		return 128 + SIGKILL;
	}
	if (r < 0) {
		report_failure(c, r, profile);
		return EXIT_BROKER;
	}
	report_end(profile, &e);
	/* Nobody else knows the id; the broker drops the state sooner or later if this fails. */
	(void)bailiff_sandbox_release(s);
	return exit_status(&e);
}

static int follow(bailiff_connection *c, bailiff_sandbox *s, struct relay relays[STREAMS],
	struct forward *pty, const char *profile)
{
	_cleanup_close_ int signals = open_signals(pty != NULL);
	struct following f = { .sandbox = s, .relays = relays, .pty = pty, .signals = signals };
	int r, status;

	for (size_t i = 0; i < STREAMS; i++)
		relays[i].child_end = fd_close(relays[i].child_end);
	r = signals < 0 ? signals : 0;
	/* one that had ended before it was found has no pidfd, and poll(2) would wait for ever */
	if (r == 0 && bailiff_sandbox_pidfd(s) >= 0)
		r = forward_until_end(&f);
	if (pty && r == 0)
		drain_pty(&f);
	if (pty)
		forward_close(pty);
	status = settle(c, s, r, profile);
	for (size_t i = 0; i < STREAMS && r == 0; i++)
		relay_drain(&relays[i]);
	return status;
}

static int follow_on_pty(bailiff_connection *c, bailiff_sandbox *s, struct relay relays[STREAMS], bool reads,
	const char *profile)
{
	_cleanup_free_ struct forward *pty = calloc(1, sizeof(*pty));
	int r = pty ? bailiff_sandbox_steal_stream(s, STDIN_FILENO) : -ENOMEM;

	if (r >= 0)
		r = forward_open(pty, r, reads);
	if (r < 0) {
		report("%s: the pty can not be used: %s", profile, strerror(-r));
		return EXIT_BROKER;
	}
	return follow(c, s, relays, pty, profile);
}

static int launch(bailiff_connection *c, const struct launch_options *o, const bailiff_request *request,
	struct relay relays[STREAMS], const char *profile)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	int r = bailiff_launch(c, request, &s);

	if (r < 0)
		return launch_failed(c, r, profile);
	return wants_pty(o) ? follow_on_pty(c, s, relays, !o->no_stdin, profile)
			    : follow(c, s, relays, NULL, profile);
}

static int launch_and_follow(const struct cli *cli, const struct launch_options *o,
	const bailiff_request *request, struct relay relays[STREAMS], const char *profile)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	int r = cli_connect(cli, &c);

	if (r < 0)
		return EXIT_BROKER;
	r = hold_user_signals();
	return r < 0 ? launch_failed(c, r, profile) : launch(c, o, request, relays, profile);
}

/* The pty for all three streams, with the size of our terminal. */
static int ask_for_pty(bailiff_request *request)
{
	uint16_t rows, columns;
	int r = 0;

	for (int fd = 0; r == 0 && fd < STREAMS; fd++)
		r = bailiff_request_set_stdio(request, fd, BAILIFF_STDIO_PTY);
	if (r == 0 && terminal_size(&rows, &columns))
		r = bailiff_request_set_pty(request, rows, columns);
	if (r == -EEXIST)
		report("--pty takes the standard streams: --fd=0, --fd=1 and --fd=2 contradict it");
	else if (r < 0)
		report("the request can not be made: %s", strerror(-r));
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	struct relay relays[STREAMS] = { RELAY_INIT, RELAY_INIT, RELAY_INIT };
	struct launch_options *o = state;
	int r, status = EXIT_BROKER;

	r = wants_pty(o) ? 0 : add_standard_streams(o, relays);
	if (r == 0)
		r = launch_request_make(o, args, &request);
	if (r == 0 && wants_pty(o))
		r = ask_for_pty(request);
	if (r == 0)
		status = launch_and_follow(cli, o, request, relays, args[0]);
	for (size_t i = 0; i < STREAMS; i++)
		relay_close(&relays[i]);
	return status;
}

static const struct option options[] = {
	LAUNCH_OPTIONS,
	{ "pty", 0, NULL, "give it a terminal of its own, which ours stands for", set_pty },
	{ "pipe", 'P', NULL, "pass the streams through (the default); with --pty: on a terminal --pty",
		set_pipe },
	{ "no-stdin", 0, NULL, "do not give it our standard input", set_no_stdin },
};

const struct verb verb_run = {
	.name = "run",
	.arguments = LAUNCH_OPTIONS_ARGUMENTS,
	.summary = "Run a program in a sandbox and wait for it",
	.details =
		"Standard input, output and error are passed through, a terminal's by pipes; with --pty "
		"the program has a\n"
		"terminal of its own (^] three times within a second leaves it). SIGINT, SIGTERM, SIGHUP,\n"
		"SIGQUIT, SIGUSR1 and SIGUSR2 are forwarded. The exit status is the program's, or 128 and "
		"the signal that "
		"ended it;\n"
		"125 if the broker failed, 126 if it refused, 127 if profile or program are not there.",
	.min = 1,
	.max = SIZE_MAX,
	.passes_on = true,
	.reach = REACH_FDS,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct launch_options),
	.done = launch_options_done,
	.run = run,
};
