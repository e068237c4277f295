/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiff-launcher: started by bailiffd with its channel at fd 3; makes jails, by fixed records only. */

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "launcher/confine.h"
#include "launcher/server.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define KEEPER_FD 3

/* The one argument that the keeper gives: --log-level=N. */
static int parse_arguments(int argc, char **argv)
{
	static const char option[] = "--log-level=";
	int level;

	if (argc != 2 || strncmp(argv[1], option, strlen(option)) != 0 ||
		log_level_from_string(argv[1] + strlen(option), &level) < 0)
		return -EINVAL;
	log_set_level(level);
	return 0;
}

/* The channel must be what bailiffd makes; a person who runs this program by hand is told so. */
static bool is_channel(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static int run(void)
{
	static struct server server; /* large */
	int r;

	r = server_init(&server, KEEPER_FD);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot set up the event loop");
	r = server_run(&server);
	if (r < 0)
		(void)log_errno(LOG_ERR, r, "the event loop failed");
	server_done(&server);
	return r;
}

int main(int argc, char **argv)
{
	int r;

	/* Exec made the process dumpable again. Before anything else: memory, fds and /proc files of the
	 * launcher are nobody's, also a payload before its exec is its copy. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return 1;
	log_open("bailiff-launcher", LOG_NOTICE);
	(void)prctl(PR_SET_NAME, "bailiff-launch");
	if (parse_arguments(argc, argv) < 0 || !is_channel(KEEPER_FD)) {
		log_error("this program is started by bailiffd(8) and is of no use by itself");
		return 2;
	}
	if (fd_set_cloexec(KEEPER_FD, true) < 0)
		return 1;
	r = launcher_confine();
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot drop privileges");
		return 1;
	}
	return run() < 0 ? 1 : 0;
}
