/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl. Everything else is in cli.c and the verbs' files, where tests reach it. */

#include "cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

/*
 * A standard stream that is closed must not become the connection to the bus, into which output would go
 * then. What is put there is close-on-exec, as no stream is that was inherited: so run knows not to pass it
 * on.
 */
static int fill_closed_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	return close(fd);
}

int main(int argc, char **argv)
{
	if (fill_closed_streams() < 0)
		return EXIT_BROKER;
	return argc > 0 ? cli_main(argv) : EXIT_USAGE;
}
