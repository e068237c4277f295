/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiff-broker: the only process of Bailiff that speaks D-Bus. The keeper starts it as its own system user,
 * with its channel as fd 3 and with the few capabilities that confine() needs once and then throws away.
 */

#include "base/bus-address.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/confine.h"

#include <fcntl.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#define KEEPER_FD      3
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct options {
	const char *bus_address, *journal;
	enum bus_mode bus;
	int log_level;
};

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{ "bus-address", required_argument, NULL, 'b' },
		{ "bus", required_argument, NULL, 'm' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "journal-socket", required_argument, NULL, 'j' },
		{ 0 },
	};
	struct options o = { .journal = JOURNAL_SOCKET, .log_level = LOG_NOTICE };
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0)
		if (c == 'b')
			o.bus_address = optarg;
		else if (c == 'j')
			o.journal = optarg;
		else if (c == 'm' ? bus_mode_from_string(optarg, &o.bus) < 0
				  : c != 'l' || log_level_from_string(optarg, &o.log_level) < 0)
			return -EINVAL;
	if (argc < 1 || optind != argc)
		return -EINVAL;
	*ret = o;
	return 0;
}

/* One fd per live sandbox and one per lifeline. */
static int prepare_process(void)
{
	if (geteuid() == 0)
		return -EPERM;
	/* Before the capabilities go: without them the compiler, which has the same uid, would be its like.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return errno_or_eio();
	if (fcntl(KEEPER_FD, F_SETFD, FD_CLOEXEC) < 0 || close_range(KEEPER_FD + 1, ~0U, 0) < 0)
		return errno_or_eio();
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return errno_or_eio();
	return process_raise_nofile();
}

static int open_bus(struct broker *b, const struct options *o)
{
	const char *address = o->bus_address ? o->bus_address : BUS_ADDRESS_SYSTEM;
	int r;

	b->bus_mode = o->bus;
	if (o->bus == BUS_NONE)
		return 0;
	r = bus_address_connect(address);
	if (r < 0 && o->bus == BUS_OPTIONAL) {
		(void)log_errno(
			LOG_NOTICE, r, "There is no bus at %s: the direct socket is served alone", address);
		return 0;
	}
	if (r >= 0)
		r = bus_open(b, r);
	return r < 0 ? log_errno(LOG_ERR, r, "Can not connect to the bus at %s", address) : 0;
}

/* Everything that has to be opened, as long as there is something to open. */
static int open_all(struct broker *b, const struct options *o)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	struct statfs fs;
	int r;

	r = sd_event_new(&event);
	if (r < 0)
		return log_errno(LOG_ERR, r, "Can not make an event loop");
	broker_init(b, event);
	r = open_bus(b, o);
	if (r < 0)
		return r;
	b->audit.fd = audit_open(o->journal);
	if (b->audit.fd < 0)
		log_info("There is no journal at %s: decisions are written to the log", o->journal);
	b->callers.selinux = statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
	b->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->proc_fd < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "Can not open /proc");
	return 0;
}

static int run(struct broker *b, const struct options *o)
{
	int r;

	r = open_all(b, o);
	if (r < 0)
		return r;
	r = confine();
	if (r < 0)
		return log_errno(
			LOG_ERR, r, "Can not confine myself: the broker is started by bailiffd only");
	/* Nothing has been read from the bus up to here. */
	r = keeper_client_open(&b->keeper, b, KEEPER_FD);
	if (r < 0)
		return log_errno(LOG_ERR, r, "No channel to the keeper as fd %d", KEEPER_FD);
	r = b->bus ? bus_attach(b) : 0;
	if (r < 0)
		return log_errno(LOG_ERR, r, "Can not serve the bus");
	return sd_event_loop(b->event);
}

int main(int argc, char **argv)
{
	_cleanup_(broker_done) struct broker broker = BROKER_NULL;
	struct options options;
	int r;

	log_open("bailiff-broker", LOG_NOTICE);
	if (parse_options(argc, argv, &options) < 0) {
		log_error(
			"Usage: bailiff-broker [--bus-address=ADDRESS] [--bus=MODE] [--journal-socket=PATH] "
			"[--log-level=LEVEL], from bailiffd "
			"only");
		return EXIT_FAILURE;
	}
	log_set_level(options.log_level);
	r = prepare_process();
	if (r < 0) {
		(void)log_errno(LOG_ERR, r,
			"Not started as bailiffd does it: unprivileged, with its channel as fd 3");
		return EXIT_FAILURE;
	}
	r = run(&broker, &options);
	return r < 0 ? EXIT_FAILURE : r;
}
