/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where an address leads: to a socket, to a program that speaks for a bus elsewhere, or into a container. */

#include "base/bus-address.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/unix.h"
#include "bus/bus.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX   32   /* of a program's command line */
#define WORD_BYTES  1024 /* of each */
#define LEAVE_MSEC  5000 /* for that program to end by itself */
#define EXEC_PREFIX "unixexec:"
#define HOST_PREFIX "x-machine-unix:"

/* The value of the key that is next, or what stands where none does; *s goes on behind it. */
static int next_key(
	const char **s, const char *end, char *key, size_t key_room, char *value, size_t value_room)
{
	const char *stop = memchr(*s, ',', (size_t)(end - *s)), *last = stop ? stop : end;
	const char *equals = memchr(*s, '=', (size_t)(last - *s));
	size_t n = equals ? (size_t)(equals - *s) : 0, size;
	int r;

	if (n == 0 || n >= key_room)
		return -EINVAL;
	memcpy(key, *s, n);
	key[n] = '\0';
	r = bus_address_unescape(equals + 1, (size_t)(last - equals - 1), value, value_room - 1, &size);
	if (r < 0)
		return r;
	value[size] = '\0';
	*s = stop ? stop + 1 : end;
	return 0;
}

struct command {
	char *words[WORDS_MAX + 1];
	char *program;
};

static void command_done(struct command *c)
{
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(c->words[i]);
	free(c->program);
}

static int take_word(struct command *c, const char *key, const char *value)
{
	char **at = &c->program;
	int n;

	if (strcmp(key, "guid") == 0)
		return 0;
	if (strncmp(key, "argv", strlen("argv")) == 0) {
		if (parse_int(key + strlen("argv"), 0, WORDS_MAX - 1, &n) < 0)
			return -EINVAL;
		at = &c->words[n];
	} else if (strcmp(key, "path") != 0)
		return 0;
	if (*at)
		return -EINVAL;
	*at = strdup(value);
	return *at ? 0 : -ENOMEM;
}

/* path=, argv1=, argv2= and so on; argv0= where it is not the path. */
static int read_command(const char *s, const char *end, struct command *c)
{
	char key[16], value[WORD_BYTES];
	size_t n = 0;
	int r = 0;

	while (r == 0 && s < end) {
		r = next_key(&s, end, key, sizeof(key), value, sizeof(value));
		if (r == 0)
			r = take_word(c, key, value);
	}
	if (r == 0 && !c->program)
		r = -EINVAL;
	if (r == 0 && !c->words[0] && !(c->words[0] = strdup(c->program)))
		r = -ENOMEM;
	while (r == 0 && n < WORDS_MAX && c->words[n])
		n++;
	for (; r == 0 && n < WORDS_MAX; n++)
		if (c->words[n])
			return -EINVAL;
	return r;
}

__attribute__((noreturn)) static void become(const struct command *c, int fd)
{
	if (process_reset_signals() == 0 && dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
		close_range(STDERR_FILENO + 1, ~0U, 0) == 0)
		(void)execvp(c->program, c->words);
	_exit(EXIT_FAILURE);
}

static int connect_program(const char *s, const char *end, pid_t *ret_child)
{
	_cleanup_(command_done) struct command c = { 0 };
	_cleanup_close_ int ours = -1, its = -1;
	int ends[2], r = read_command(s, end, &c);
	pid_t pid;

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return errno_or_eio();
	ours = ends[0];
	its = ends[1];
	r = fd_set_nonblock(ours, true);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return errno_or_eio();
	if (pid == 0)
		become(&c, its);
	*ret_child = pid;
	return steal_fd(ours);
}

static int connect_machine(const char *s, const char *end)
{
	char key[16], value[WORD_BYTES], name[WORD_BYTES] = "";
	int r = 0;

	while (r == 0 && s < end) {
		r = next_key(&s, end, key, sizeof(key), value, sizeof(value));
		if (r == 0 && strcmp(key, "machine") == 0)
			memcpy(name, value, sizeof(name));
	}
	if (r == 0 && name[0] == '\0')
		r = -EINVAL;
	return r < 0 ? r : machine_connect(name);
}

static int connect_one(const char *s, const char **next, pid_t *ret_child)
{
	const char *end = s + strcspn(s, ";");
	char name[UNIX_NAME_SIZE];
	size_t size;
	int r;

	*next = s;
	r = bus_address_next(next, name, &size);
	if (r == 0)
		return unix_connect(name, size);
	if (strncmp(s, EXEC_PREFIX, strlen(EXEC_PREFIX)) == 0)
		return connect_program(s + strlen(EXEC_PREFIX), end, ret_child);
	if (strncmp(s, HOST_PREFIX, strlen(HOST_PREFIX)) == 0)
		return connect_machine(s + strlen(HOST_PREFIX), end);
	return r;
}

int address_connect(const char *address, int *ret_fd, pid_t *ret_child)
{
	int r = -EINVAL;

	while (address) {
		const char *s = address;

		r = connect_one(s, &address, ret_child);
		if (r >= 0) {
			*ret_fd = r;
			return 0;
		}
	}
	return r;
}

pid_t address_leave(pid_t child)
{
	_cleanup_close_ int pidfd = child > 0 ? process_pidfd_open(child) : -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (child <= 0)
		return 0;
	(void)kill(child, SIGTERM);
	(void)kill(child, SIGCONT);
	if (pidfd < 0 || poll(&p, 1, LEAVE_MSEC) <= 0)
		(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}
