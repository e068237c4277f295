/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/options.h"
#include "base/error.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/path.h"
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: bailiffd [OPTION]...\n"
	"Start programs in sandboxes that stored profiles describe, for callers on the system bus.\n"
	"\n"
	"  --config-dir DIR       read profiles, policies and bailiffd.conf below DIR alone\n"
	"  --bus-address ADDRESS  serve on this D-Bus bus instead of the system's\n"
	"  --bus MODE             required (default), optional or none: is it served without a bus\n"
	"  --journal-socket PATH  write records of decisions there instead of to the journal\n"
	"  --runtime-dir DIR      directory of this instance (default " BAILIFF_RUNTIMEDIR ")\n"
	"  --log-level LEVEL      error, warning, notice (default), info or debug\n"
	"  --libexec-dir DIR      where the helper programs are (default " BAILIFF_LIBEXECDIR ")\n"
	"  --help, --version      show this, or the version, and exit\n"
	"\n"
	"It stays in the foreground and must be started by root. See bailiffd(8).\n";

enum {
	OPT_CONFIG_DIR = 256,
	OPT_BUS_ADDRESS,
	OPT_BUS,
	OPT_JOURNAL_SOCKET,
	OPT_RUNTIME_DIR,
	OPT_LOG_LEVEL,
	OPT_LIBEXEC_DIR,
	OPT_RESUME,
	OPT_CHECK_STATE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
	{ "config-dir", required_argument, NULL, OPT_CONFIG_DIR },
	{ "bus-address", required_argument, NULL, OPT_BUS_ADDRESS },
	{ "bus", required_argument, NULL, OPT_BUS },
	{ "journal-socket", required_argument, NULL, OPT_JOURNAL_SOCKET },
	{ "runtime-dir", required_argument, NULL, OPT_RUNTIME_DIR },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "libexec-dir", required_argument, NULL, OPT_LIBEXEC_DIR },
	/* what bailiffd tells a new version of itself */
	{ "resume", required_argument, NULL, OPT_RESUME },
	{ "check-state", required_argument, NULL, OPT_CHECK_STATE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static enum options_outcome wrong(void)
{
	(void)fputs("Try 'bailiffd --help'.\n", stderr);
	return OPTIONS_WRONG;
}

/* Who uses them runs with another working directory: it needs the whole path. */
static enum options_outcome set_config_dir(struct options *o, const char *argument)
{
	free(o->config_dir);
	o->config_dir = realpath(argument, NULL);
	if (o->config_dir)
		return OPTIONS_RUN;
	(void)log_errno(LOG_ERR, errno_or_eio(), "configuration directory %s", argument);
	return OPTIONS_WRONG;
}

/* One that is missing is met when the programs are opened. */
static enum options_outcome set_libexec_dir(struct options *o, const char *argument)
{
	free(o->libexec_dir);
	o->libexec_dir = realpath(argument, NULL);
	if (!o->libexec_dir)
		o->libexec_dir = strdup(argument);
	return o->libexec_dir ? OPTIONS_RUN : OPTIONS_WRONG;
}

/* The other options count as well: one that only looks takes no state that it could not go on with. */
static enum options_outcome set_state(struct options *o, const char *argument, bool look)
{
	o->look = look;
	return parse_int(argument, STDERR_FILENO + 1, INT32_MAX, &o->resume_fd) < 0 ? wrong() : OPTIONS_RUN;
}

static enum options_outcome set_bus(struct options *o, const char *argument)
{
	if (strcmp(argument, "required") != 0 && strcmp(argument, "optional") != 0 &&
		strcmp(argument, "none") != 0) {
		log_error("--bus %s: use required, optional or none", argument);
		return wrong();
	}
	o->bus = argument;
	return OPTIONS_RUN;
}

static enum options_outcome take(struct options *o, int option)
{
	switch (option) {
	case OPT_CONFIG_DIR:
		return set_config_dir(o, optarg);
	case OPT_BUS_ADDRESS:
		o->bus_address = optarg;
		return OPTIONS_RUN;
	case OPT_BUS:
		return set_bus(o, optarg);
	case OPT_JOURNAL_SOCKET:
		o->journal_socket = optarg;
		return OPTIONS_RUN;
	case OPT_RUNTIME_DIR:
		o->runtime_dir = optarg;
		return OPTIONS_RUN;
	case OPT_LIBEXEC_DIR:
		return set_libexec_dir(o, optarg);
	case OPT_RESUME:
		return set_state(o, optarg, false);
	case OPT_CHECK_STATE:
		return set_state(o, optarg, true);
	case OPT_LOG_LEVEL:
		if (log_level_from_string(optarg, &o->log_level) == 0)
			return OPTIONS_RUN;
		log_error("--log-level %s: no such level; use error, warning, notice, info or debug", optarg);
		return wrong();
	case OPT_HELP:
		(void)fputs(usage, stdout);
		return OPTIONS_DONE;
	case OPT_VERSION:
		(void)puts("bailiffd " BAILIFF_VERSION);
		return OPTIONS_DONE;
	default:
		return wrong(); /* getopt_long(3) said what is wrong */
	}
}

static enum options_outcome check(const struct options *o)
{
	if (!o->libexec_dir)
		return OPTIONS_WRONG;
	if (!path_is_normalized(o->runtime_dir)) {
		log_error(
			"--runtime-dir %s: give an absolute path without '.', '..' and '//'", o->runtime_dir);
		return wrong();
	}
	return OPTIONS_RUN;
}

enum options_outcome options_parse(int argc, char **argv, struct options *ret)
{
	struct options o = {
		.bus_address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS"),
		.runtime_dir = BAILIFF_RUNTIMEDIR,
		.resume_fd = -1,
		.log_level = LOG_NOTICE,
	};
	enum options_outcome outcome = OPTIONS_RUN;
	int option;

	while (outcome == OPTIONS_RUN && (option = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
		outcome = take(&o, option);
	if (outcome == OPTIONS_RUN && optind < argc) {
		log_error("unexpected argument \"%s\"", argv[optind]);
		outcome = wrong();
	}
	if (outcome == OPTIONS_RUN && !o.libexec_dir)
		o.libexec_dir = strdup(BAILIFF_LIBEXECDIR);
	if (outcome == OPTIONS_RUN)
		outcome = check(&o);
	if (outcome != OPTIONS_RUN) {
		options_done(&o);
		return outcome;
	}
	*ret = o;
	return o.look ? OPTIONS_CHECK : OPTIONS_RUN;
}

void options_done(struct options *o)
{
	free(o->config_dir);
	free(o->libexec_dir);
	free(o->program);
	o->config_dir = o->libexec_dir = o->program = NULL;
}
