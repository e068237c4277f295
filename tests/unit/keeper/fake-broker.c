/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stands in for bailiff-broker under a real bailiffd. Its "bus address" is MODE:FILE; what it is and hears
 * goes into FILE, a line each. Modes: ok, dies (at once), crashes (after ready), garbage (after ready), twice
 * (ready), flood (of requests, to the end), asks (for a reload), deaf (to the end).
 */

#include "base/error.h"
#include "base/fd.h"
#include "wire/messages.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int out = -1;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line) - 1, format, ap);
	va_end(ap);
	line[n++] = '\n';
	(void)!write(out, line, (size_t)n);
}

/* Before anything else is opened. */
static void list_fds(char *text, size_t size)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "4") != 0) /* the listing's own */
			n += (size_t)snprintf(text + n, size - n, " %s", e->d_name);
	if (d)
		(void)closedir(d);
}

static void describe(const char *fds)
{
	static const char *const keys[] = { "Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:",
		"CapBnd:", "CapAmb:", "NoNewPrivs:", "Seccomp:" };
	FILE *f = fopen("/proc/self/status", "re");
	char line[512];

	say("fds%s", fds);
	for (char **e = environ; *e; e++)
		say("env %s", *e);
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < ELEMENTSOF(keys); i++)
			if (strncmp(line, keys[i], strlen(keys[i])) == 0)
				say("%s", line);
	}
	if (f)
		(void)fclose(f);
}

/* False: the end. */
static bool hear(bool deaf)
{
	struct pollfd p = { .fd = 3, .events = POLLIN };
	int fds[KEEPER_FDS_MAX], r;
	struct keeper_message m;

	(void)poll(&p, 1, -1);
	r = keeper_receive(3, &m, fds);
	if (r <= 0)
		return deaf || r == -EAGAIN;
	if (m.type == WIRE_PING) {
		(void)keeper_send(3, &(struct keeper_message){ .type = WIRE_PONG }, NULL, 0);
		return true;
	}
	say("heard %u generation %u value %u serial %u", m.type, m.generation, m.value, m.serial);
	fd_close_many(fds, KEEPER_FDS_MAX);
	return m.type != WIRE_SHUTDOWN || deaf;
}

static void ask(uint32_t serial)
{
	const struct keeper_message m = { .type = WIRE_RELOAD, .serial = serial };

	(void)keeper_send(3, &m, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct keeper_message ready = { .type = WIRE_READY };
	const char *mode, *file;
	char fds[256] = "";

	list_fds(fds, sizeof(fds));
	if (argc < 3 || strncmp(argv[2], "--bus-address=", 14) != 0)
		return 9;
	mode = argv[2] + 14;
	file = strchr(mode, ':');
	if (!file)
		return 9;
	out = open(file + 1, O_WRONLY | O_APPEND | O_CLOEXEC);
	say("started %d", (int)getpid());
	for (int i = 1; i < argc; i++)
		say("argument %s", argv[i]);
	describe(fds);
	if (strncmp(mode, "dies", 4) == 0)
		return 5;
	if (keeper_send(3, &ready, NULL, 0) < 0)
		return 8;
	if (strncmp(mode, "crashes", 7) == 0)
		return 6;
	if (strncmp(mode, "garbage", 7) == 0)
		(void)send(3, "garbage", 7, MSG_NOSIGNAL);
	if (strncmp(mode, "twice", 5) == 0)
		(void)keeper_send(3, &ready, NULL, 0);
	if (strncmp(mode, "asks", 4) == 0)
		ask(77);
	while (strncmp(mode, "flood", 5) == 0)
		ask(1);
	while (hear(strncmp(mode, "deaf", 4) == 0 || strncmp(mode, "garbage", 7) == 0 ||
		    strncmp(mode, "twice", 5) == 0))
		;
	say("ended");
	return 0;
}
