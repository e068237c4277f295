/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/forward.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE        0x1d /* ^] */
#define ESCAPES       3
#define ESCAPE_USEC   1000000ULL
#define END_OF_FILE   0x04 /* ^D, where the program has not chosen another */
#define TERMINAL_FITS 256  /* what a terminal that can take anything takes without waiting */
#define PIPE_FITS     4096 /* the same for a pipe: PIPE_BUF */

enum {
	POLL_INPUT,
	POLL_OUTPUT,
	POLL_MASTER
};

int forward_open(struct forward *f, int master, bool reads)
{
	*f = FORWARD_NULL;
	f->master = master;
	f->reads = reads;
	if (reads)
		terminal_init(&f->terminal);
	forward_resize(f);
	return fd_set_nonblock(master, true);
}

void forward_close(struct forward *f)
{
	f->master = fd_close(f->master);
	f->reads = false;
	terminal_leave(&f->terminal);
}

void forward_resize(const struct forward *f)
{
	struct winsize size = { 0 };

	if (f->master >= 0 && terminal_size(&size.ws_row, &size.ws_col))
		(void)ioctl(f->master, TIOCSWINSZ, &size);
}

bool forward_is_over(const struct forward *f)
{
	return f->master < 0;
}

void forward_end(struct forward *f)
{
	f->ending = true;
	f->quiet = false;
	f->reads = false;
	f->inward.begin = f->inward.end;
}

void forward_retry(struct forward *f)
{
	f->quiet = false;
}

static bool is_full(const struct forward_buffer *b)
{
	return b->begin < b->end;
}

bool forward_has_output(const struct forward *f)
{
	return is_full(&f->outward);
}

void forward_wants(const struct forward *f, struct pollfd polls[FORWARD_POLLS])
{
	bool over = f->master < 0, apart = over || f->quiet;

	polls[POLL_INPUT] = (struct pollfd){ .fd = -1, .events = POLLIN };
	polls[POLL_OUTPUT] = (struct pollfd){ .fd = -1, .events = POLLOUT };
	polls[POLL_MASTER] = (struct pollfd){ .fd = -1 };
	if (!over && f->reads && !is_full(&f->inward) && !terminal_is_others(&f->terminal))
		polls[POLL_INPUT].fd = STDIN_FILENO;
	if (!over && is_full(&f->outward))
		polls[POLL_OUTPUT].fd = STDOUT_FILENO;
	if (!apart && is_full(&f->inward))
		polls[POLL_MASTER].events |= POLLOUT;
	if (!apart && !is_full(&f->outward))
		polls[POLL_MASTER].events |= POLLIN;
	/* a hang-up is told whatever is asked for: not to be asked for nothing */
	if (polls[POLL_MASTER].events)
		polls[POLL_MASTER].fd = f->master;
}

static bool transient(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void disconnect(struct forward *f)
{
	f->disconnected = true;
	forward_close(f);
}

/* As the user would end the input: once at the beginning of a line, else twice. */
static void end_input(struct forward *f)
{
	struct termios modes;
	char end = END_OF_FILE;

	f->reads = false;
	if (tcgetattr(f->master, &modes) == 0 && modes.c_cc[VEOF] != _POSIX_VDISABLE)
		end = (char)modes.c_cc[VEOF];
	f->inward.begin = 0;
	f->inward.data[0] = f->inward.data[1] = end;
	f->inward.end = f->last == '\n' || f->last == '\0' ? 1 : 2;
}

/* Three times within a second. */
static bool is_escape(struct forward *f, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t now = now_boottime_usec();

		if (data[i] != ESCAPE) {
			f->escapes = 0;
			continue;
		}
		if (f->escapes == 0 || now - f->escape_at > ESCAPE_USEC) {
			f->escapes = 0;
			f->escape_at = now;
		}
		if (++f->escapes == ESCAPES)
			return true;
	}
	return false;
}

static void read_input(struct forward *f)
{
	ssize_t n = read(STDIN_FILENO, f->inward.data, sizeof(f->inward.data));

	if (transient(n))
		return;
	/* a raw terminal has no end of file but its hang-up */
	if (n <= 0 && f->terminal.fd >= 0) {
		disconnect(f);
		return;
	}
	if (n <= 0) {
		end_input(f);
		return;
	}
	f->last = f->inward.data[n - 1];
	f->inward.begin = 0;
	f->inward.end = (size_t)n;
	if (f->terminal.fd >= 0 && is_escape(f, f->inward.data, (size_t)n))
		disconnect(f);
}

static void write_input(struct forward *f)
{
	struct forward_buffer *b = &f->inward;
	ssize_t n = write(f->master, b->data + b->begin, b->end - b->begin);

	if (transient(n))
		return;
	/* EIO: nobody has it open */
	if (n < 0) {
		f->quiet = true;
		return;
	}
	b->begin += (size_t)n;
}

static void read_output(struct forward *f)
{
	ssize_t n = read(f->master, f->outward.data, sizeof(f->outward.data));

	if (transient(n))
		return;
	/* EIO: the last one who had it open has closed it. To hang up now would be felt by a program that
	 * only let go of its terminal. */
	if (n <= 0 && f->ending)
		forward_close(f);
	f->quiet = n <= 0;
	if (n <= 0)
		return;
	f->outward.begin = 0;
	f->outward.end = (size_t)n;
}

static void write_output(struct forward *f)
{
	struct forward_buffer *b = &f->outward;
	size_t fits = isatty(STDOUT_FILENO) ? TERMINAL_FITS : PIPE_FITS, left = b->end - b->begin;
	ssize_t n = write(STDOUT_FILENO, b->data + b->begin, left < fits ? left : fits);

	if (transient(n))
		return;
	if (n < 0) {
		disconnect(f);
		return;
	}
	b->begin += (size_t)n;
}

void forward_serve(struct forward *f, const struct pollfd polls[FORWARD_POLLS])
{
	short master = polls[POLL_MASTER].revents;

	if (f->master >= 0 && polls[POLL_OUTPUT].revents)
		write_output(f);
	if (f->master >= 0 && polls[POLL_INPUT].revents)
		read_input(f);
	if (f->master >= 0 && is_full(&f->inward) && (master & (POLLOUT | POLLERR | POLLHUP)))
		write_input(f);
	if (f->master >= 0 && !is_full(&f->outward) && (master & (POLLIN | POLLERR | POLLHUP)))
		read_output(f);
}
