/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A service that runs diagnostic tools for others, each in the sandbox of a shipped profile: ping, tcpdump,
 * and what follows a log. It takes commands on standard input, a line each, and writes what the tools say to
 * standard output, each line behind the handle of its tool. Tools are stopped one by one; when this process
 * ends, in whatever way, the broker stops those that are left.
 *
 *     cc diagnostics.c $(pkg-config --cflags --libs bailiff) -o diagnostics && ./diagnostics /var/log
 *     start ping 192.0.2.1
 *     start capture eth0
 *     start log messages
 *     stop HANDLE
 *
 * The user needs AllowUser= of the profiles ping, packet-capture and log-collector.
 */

#define _GNU_SOURCE

#include <bailiff/bailiff.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TASKS_MAX    16
#define TEXT_MAX     1024
#define ARGUMENT_MAX 256
#define END_USEC     (10 * 1000000ULL) /* until a tool that closed its output has ended */

/* Lines out of what comes in pieces. */
struct lines {
	char text[TEXT_MAX];
	size_t n;
};

struct task {
	bailiff_sandbox *sandbox; /* NULL: this place is free */
	struct lines lines;
};

struct service {
	bailiff_connection *c;
	const char *logs;
	struct task tasks[TASKS_MAX];
	struct lines commands;
};

/* What a word of ours starts. The profile checks arguments, too; this says what they are. */
static const struct tool {
	const char *word, *profile, *argv[4], *before_argument;
} tools[] = {
	{ "ping", "ping", { "ping", "-n", "-i0.2", NULL }, "" },
	{ "capture", "packet-capture", { "tcpdump", "-n", "-l", NULL }, "-i" },
	{ "log", "log-collector", { "tail", "-n+1", "-f", NULL }, NULL }, /* NULL: in the folder of logs */
};

static void say(uint64_t handle, const char *what, const char *text)
{
	printf("%" PRIu64 "%s%s\n", handle, what, text);
	fflush(stdout);
}

static void complain(const struct service *s, const char *what, int error)
{
	const char *sentence = bailiff_last_error_message(s->c);

	printf("error: %s: %s\n", what, *sentence ? sentence : strerror(-error));
	fflush(stdout);
}

/* The next whole line of what is there, without its end; NULL if there is none. A line that is too long comes
 * in pieces. take_line() with the length of the last one removes it. */
static char *find_line(struct lines *l, size_t *ret_size)
{
	char *end = memchr(l->text, '\n', l->n);

	if (!end && l->n < sizeof(l->text) - 1)
		return NULL;
	*ret_size = end ? (size_t)(end - l->text) + 1 : l->n;
	l->text[end ? *ret_size - 1 : l->n] = '\0';
	return l->text;
}

static void take_line(struct lines *l, size_t size)
{
	l->n -= size;
	memmove(l->text, l->text + size, l->n);
}

/* Bytes read; 0 at the end. */
static ssize_t fill(struct lines *l, int fd)
{
	ssize_t n = read(fd, l->text + l->n, sizeof(l->text) - 1 - l->n);

	if (n > 0)
		l->n += (size_t)n;
	return n < 0 && errno == EINTR ? 1 : n;
}

static int launch(struct service *s, const struct tool *tool, const char *argument, bailiff_sandbox **ret)
{
	const char *argv[] = { tool->argv[0], tool->argv[1], tool->argv[2], argument, NULL };
	bailiff_request *request = NULL;
	int r = bailiff_request_new(&request, tool->profile);

	if (r == 0)
		r = bailiff_request_set_argv(request, argv);
	if (r == 0)
		r = bailiff_request_set_stdio(request, STDOUT_FILENO, BAILIFF_STDIO_PIPE);
	if (r == 0)
		r = bailiff_launch(s->c, request, ret);
	bailiff_request_free(request);
	return r;
}

static void start(struct service *s, const char *word, const char *value)
{
	char argument[ARGUMENT_MAX];
	struct task *task = NULL;
	int n, r;

	for (unsigned i = 0; i < TASKS_MAX && !task; i++)
		if (!s->tasks[i].sandbox)
			task = &s->tasks[i];
	for (unsigned i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (strcmp(tools[i].word, word) != 0)
			continue;
		n = tools[i].before_argument
			    ? snprintf(argument, sizeof(argument), "%s%s", tools[i].before_argument, value)
			    : snprintf(argument, sizeof(argument), "%s/%s", s->logs, value);
		r = !task ? -EBUSY : n < 0 || n >= ARGUMENT_MAX ? -E2BIG : 0;
		if (r == 0)
			r = launch(s, &tools[i], argument, &task->sandbox);
		if (r < 0)
			complain(s, word, r);
		else
			say(bailiff_sandbox_id(task->sandbox), " started ", word);
		return;
	}
	printf("error: no tool '%s'\n", word);
	fflush(stdout);
}

/* Its end is told when it comes: the tool may have something to say before. */
static void stop(struct service *s, const char *word)
{
	uint64_t handle = strtoull(word, NULL, 10);
	int r = -ESRCH;

	for (unsigned i = 0; i < TASKS_MAX; i++)
		if (s->tasks[i].sandbox && bailiff_sandbox_id(s->tasks[i].sandbox) == handle)
			r = bailiff_sandbox_stop(s->tasks[i].sandbox, BAILIFF_TIMEOUT_INFINITE);
	if (r < 0)
		complain(s, word, r);
}

static void command(struct service *s, char *line)
{
	char *rest = NULL, *verb = strtok_r(line, " ", &rest), *word = strtok_r(NULL, " ", &rest),
	     *value = strtok_r(NULL, " ", &rest);

	if (value && strcmp(verb, "start") == 0)
		start(s, word, value);
	else if (word && !value && strcmp(verb, "stop") == 0)
		stop(s, word);
	else
		printf("error: 'start TOOL ARGUMENT' or 'stop HANDLE'\n");
	fflush(stdout);
}

static void end_task(struct service *s, struct task *task)
{
	uint64_t handle = bailiff_sandbox_id(task->sandbox);
	bailiff_exit end;
	int r = bailiff_sandbox_wait(task->sandbox, END_USEC, &end);

	if (r < 0)
		complain(s, "wait", r);
	else
		say(handle, " ended: ", end.result);
	task->sandbox = bailiff_sandbox_free(task->sandbox);
	task->lines.n = 0;
}

/* Output, or its end. */
static void hear(struct service *s, struct task *task)
{
	const char *line;
	size_t size;

	if (fill(&task->lines, bailiff_sandbox_stream(task->sandbox, STDOUT_FILENO)) <= 0) {
		end_task(s, task);
		return;
	}
	while ((line = find_line(&task->lines, &size))) {
		say(bailiff_sandbox_id(task->sandbox), ": ", line);
		take_line(&task->lines, size);
	}
}

/* Commands; 0 at their end. */
static int obey(struct service *s)
{
	char *line;
	size_t size;

	if (fill(&s->commands, STDIN_FILENO) <= 0)
		return 0;
	while ((line = find_line(&s->commands, &size))) {
		command(s, line);
		take_line(&s->commands, size);
	}
	return 1;
}

static int serve(struct service *s)
{
	struct pollfd fds[TASKS_MAX + 1];
	int more = 1;

	while (more) {
		for (unsigned i = 0; i < TASKS_MAX; i++) {
			fds[i].fd = s->tasks[i].sandbox
					    ? bailiff_sandbox_stream(s->tasks[i].sandbox, STDOUT_FILENO)
					    : -1;
			fds[i].events = POLLIN;
		}
		fds[TASKS_MAX].fd = STDIN_FILENO;
		fds[TASKS_MAX].events = POLLIN;
		if (poll(fds, TASKS_MAX + 1, -1) < 0 && errno != EINTR)
			return -errno;
		for (unsigned i = 0; i < TASKS_MAX; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				hear(s, &s->tasks[i]);
		if (fds[TASKS_MAX].revents)
			more = obey(s);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct service s;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: diagnostics FOLDER-OF-LOGS <COMMANDS\n");
		return 2;
	}
	s.logs = argv[1];
	r = bailiff_connect(&s.c);
	if (r == 0)
		r = serve(&s);
	if (r < 0)
		fprintf(stderr, "diagnostics: %s\n", strerror(-r));
	for (unsigned i = 0; i < TASKS_MAX; i++)
		bailiff_sandbox_free(s.tasks[i].sandbox);
	bailiff_connection_free(s.c);
	return r == 0 ? 0 : 1;
}
