/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiff-compiler: reads the configuration directories once, sends the catalog to the keeper, ends. Started
 * by the keeper, as the user bailiff, without capabilities, with its channel at fd 3; bailiffd(8).
 */

#include "base/error.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strv.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "compiler/confine.h"
#include "compiler/give-way.h"
#include "compiler/users.h"
#include "wire/messages.h"

#include <getopt.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME          "bailiff-compiler"
#define CHANNEL_FD    3
#define LOGGED_ERRORS 100 /* the catalog has all of them; the log need not */

struct options {
	const char *config_dir;
	int log_level;
};

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{ "config-dir", required_argument, NULL, 'c' },
		{ "log-level", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .log_level = LOG_NOTICE };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == 'c')
			o.config_dir = optarg;
		else if (option != 'l' || log_level_from_string(optarg, &o.log_level) < 0)
			return -EINVAL;
	}
	if (optind != argc || (o.config_dir && !path_is_normalized(o.config_dir)))
		return -EINVAL;
	*ret = o;
	return 0;
}

/* The channel must be what the keeper gives: a program that somebody started by hand does nothing. */
static int check_channel(void)
{
	socklen_t size = sizeof(int);
	int type = 0;

	if (getsockopt(CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return errno_or_eio();
	return type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

static void log_errors(const struct catalog *c)
{
	size_t n = 0;

	STRV_FOREACH (l, c->errors) {
		if (n++ == LOGGED_ERRORS)
			break;
		log_error("%s", *l);
	}
	if (n > LOGGED_ERRORS)
		log_error(
			"%zu errors in all; bailiffctl verify shows those of a file", strv_length(c->errors));
}

static int send_catalog(const struct catalog *c)
{
	const struct keeper_message m = {
		.type = WIRE_COMPILED,
		.flags = c->config.kernel_audit ? KEEPER_KERNEL_AUDIT : 0,
		.value = (uint32_t)strv_length(c->errors),
	};
	_cleanup_close_ int fd = -1;
	int r = catalog_to_memfd(c, &fd);

	return r < 0 ? r : keeper_send(CHANNEL_FD, &m, &fd, 1);
}

static int compile_and_send(const struct options *o)
{
	const struct compile_options options = { .config_dir = o->config_dir, .resolve_users = true };
	_cleanup_(catalog_freep) struct catalog *c = NULL;
	int r;

	r = compile_directories(&options, &c);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot read the configuration directories");
	log_errors(c);
	r = send_catalog(c);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot send the catalog to the keeper");
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	int r;

	log_open(NAME, LOG_NOTICE);
	if (argc < 1 || parse_options(argc, argv, &o) < 0 || check_channel() < 0) {
		log_error("this program is started by bailiffd(8), with a channel at fd 3, and not by hand");
		return EXIT_FAILURE;
	}
	log_set_level(o.log_level);
	give_way();
	users_warm_up();
	r = confine(o.config_dir);
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot confine myself, so nothing is read");
		return EXIT_FAILURE;
	}
	r = compile_and_send(&o);
	give_back();
	/* not through exit handlers: what they would do is not permitted any more */
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
