/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl. Everything else is in cli.c and the verbs' files, where tests reach it. */

#include "base/error.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * A standard stream that is closed must not become the connection to the bus, into which output would go
 * then. What is put there is close-on-exec, as no stream is that was inherited: so run knows not to pass it
 * on.
 */
static int fill_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			return errno_or_eio();
	return 0;
}

int main(int argc, char **argv)
{
	int r = fill_closed_streams();

	if (r < 0) {
		report("could not open /dev/null, for a standard stream that is closed: %s; open all three, "
		       "or see "
		       "to /dev",
			strerror(-r));
		return EXIT_BROKER;
	}
	return argc > 0 ? cli_main(argv) : EXIT_USAGE;
}
