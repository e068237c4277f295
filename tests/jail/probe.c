/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Command line of the probe; see probe.h. */

#include "probe.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_USAGE 64

static const struct probe_command *const tables[] = { see_commands, try_commands, process_commands,
	filter_commands, reach_commands, own_commands, call_commands, share_commands, pty_commands,
	notify_commands };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

int number(const char *s)
{
	int n;

	return parse_int(s, INT_MIN, INT_MAX, &n) < 0 ? 0 : n;
}

static const struct probe_command *find(const char *name)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct probe_command *c = tables[t]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

static int list_commands(void)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct probe_command *c = tables[t]; c->name; c++)
			printf("%s %s\n", c->name, c->usage);
	return 0;
}

/* An attempt on the host might succeed, so there is none without a mark of a jail. /proc is asked first:
 * strict filters permit to read a file sooner than prctl(). */
static bool in_jail(void)
{
	char data[4096];
	ssize_t n = -1;
	int fd;

	/* first in a PID namespace, or behind its init */
	if (getpid() <= 2)
		return true;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, data, sizeof(data) - 1);
		close(fd);
	}
	if (n <= 0)
		return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	data[n] = '\0';
	return strstr(data, "\nNoNewPrivs:\t1\n");
}

static int run(int argc, char **argv)
{
	const struct probe_command *c = find(argv[0]);
	long r;

	if (strcmp(argv[0], "see") != 0 && !in_jail()) {
		fprintf(stderr, "probe: %s: not in a jail: here the attempt might succeed\n", argv[0]);
		return EXIT_USAGE;
	}
	if (!c || argc - 1 < c->min_args || argc - 1 > c->max_args) {
		fprintf(stderr, "probe: %s: unknown, or wrong arguments; try: probe commands\n", argv[0]);
		return EXIT_USAGE;
	}
	r = c->run(argc, argv);
	if (r < 0)
		printf("%s %s\n", argv[0], strerrorname_np((int)-r) ? strerrorname_np((int)-r) : "E?");
	else if (r > 0)
		printf("%s ok %ld\n", argv[0], r);
	else
		printf("%s ok\n", argv[0]);
	return 0;
}

int main(int argc, char **argv)
{
	/* a line must be out before an attempt that may end the process */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return EXIT_USAGE;
	if (strcmp(argv[1], "commands") == 0)
		return list_commands();
	for (int first = 1; first < argc;) {
		int last = first, r;

		while (last < argc && strcmp(argv[last], "--") != 0)
			last++;
		if (last == first)
			return EXIT_USAGE;
		r = run(last - first, argv + first);
		if (r != 0)
			return r;
		first = last + 1;
	}
	return 0;
}
