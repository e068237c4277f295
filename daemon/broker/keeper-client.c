/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/keeper-client.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "catalog/catalog.h"
#include "wire/messages.h"

#include <sys/epoll.h>

static int say(struct keeper_client *k, uint32_t type, uint32_t serial)
{
	const struct keeper_message m = { .type = type, .serial = serial };

	return keeper_send(k->fd, &m, NULL, 0);
}

static int take_catalog(struct broker *b, const struct keeper_message *m, int fd)
{
	_cleanup_(catalog_freep) struct catalog *catalog = NULL;
	int r;

	r = catalog_from_memfd(fd, false, &catalog);
	if (r < 0)
		return log_errno(
			LOG_ERR, r, "The keeper's catalog of generation %u is not valid", m->generation);
	if (m->type == WIRE_CATALOG)
		return broker_take_catalog(b, steal_ptr(catalog), m->generation, m->serial);
	/* value: the compiler itself failed, and the catalog in force stands in for its report */
	broker_reload_failed(b, m->value == 0 ? catalog : NULL, m->serial);
	return 0;
}

/* Once, before everything else. */
static int take_start(struct broker *b, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	const bool direct = m->flags & KEEPER_HAS_DIRECT;
	int r = 0;

	if (b->keeper.started || (m->flags & ~(KEEPER_HAS_DIRECT | KEEPER_HAS_RATES)) != 0)
		return -EBADMSG;
	b->keeper.started = true;
	if (m->flags & KEEPER_HAS_RATES)
		r = rates_open(&b->rates, fds[direct], now_boottime_usec());
	return r >= 0 && direct ? broker_take_direct(b, steal_fd(fds[0])) : r;
}

static int dispatch(struct broker *b, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	switch (m->type) {
	case WIRE_START:
		return take_start(b, m, fds);
	case WIRE_CATALOG:
	case WIRE_RELOAD_FAILED:
		return take_catalog(b, m, fds[0]);
	case WIRE_PEER:
		return broker_take_launcher(b, steal_fd(fds[0]));
	case WIRE_PING:
		return say(&b->keeper, WIRE_PONG, 0);
	case WIRE_BUS:
		return bus_arrived(b, steal_fd(fds[0]));
	case WIRE_AUDIT:
		audit_set_kernel(&b->audit, steal_fd(fds[0]));
		return 0;
	case WIRE_SHUTDOWN:
		broker_stop(b);
		return 0;
	default:
		return -EBADMSG;
	}
}

static int on_keeper(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct keeper_client *k = userdata;
	struct keeper_message m;
	int fds[KEEPER_FDS_MAX];
	int r;

	r = keeper_receive(k->fd, &m, fds);
	if (r == -EAGAIN)
		return 0;
	if (r == 0)
		r = -EPIPE;
	else if (r > 0) {
		r = dispatch(k->broker, &m, fds);
		fd_close_many(fds, KEEPER_FDS_MAX);
	}
	if (r < 0)
		broker_fail(k->broker, r, "The keeper is gone, or its message is not to be understood");
	return 0;
}

int keeper_client_open(struct keeper_client *k, struct broker *b, int fd)
{
	k->broker = b;
	k->fd = fd;
	return sd_event_add_io(b->event, &k->source, fd, EPOLLIN, on_keeper, k);
}

void keeper_client_close(struct keeper_client *k)
{
	k->source = sd_event_source_disable_unref(k->source);
	k->fd = fd_close(k->fd);
}

int keeper_say_ready(struct keeper_client *k)
{
	return say(k, WIRE_READY, 0);
}

int keeper_ask_bus(struct keeper_client *k)
{
	return say(k, WIRE_BUS_WANTED, 0);
}

int keeper_ask_reload(struct keeper_client *k)
{
	k->reload_serial = k->reload_serial == UINT32_MAX ? 1 : k->reload_serial + 1;
	return say(k, WIRE_RELOAD, k->reload_serial);
}
