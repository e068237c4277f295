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

/* 1: it is all read, and what it was sent for is done. */
static int read_part(struct keeper_client *k)
{
	_cleanup_(catalog_freep) struct catalog *catalog = NULL;
	const struct keeper_message *m = &k->offered;
	int r = catalog_reader_next(&k->reader, &catalog);

	if (r < 0)
		return log_errno(
			LOG_ERR, r, "The keeper's catalog of generation %u is not valid", m->generation);
	if (r == 0)
		return 0;
	k->reading = sd_event_source_disable_unref(k->reading);
	if (m->serial == k->reload_serial)
		k->reload_due = false;
	if (m->type == WIRE_CATALOG) {
		r = broker_take_catalog(k->broker, steal_ptr(catalog), m->generation, m->serial);
		return r < 0 ? r : 1;
	}
	/* value: the compiler itself failed, and the catalog in force stands in for its report */
	broker_reload_failed(k->broker, m->value == 0 ? catalog : NULL, m->serial);
	return 1;
}

static void fail(struct keeper_client *k, int error)
{
	broker_fail(k->broker, error, "The keeper is gone, or its message is not to be understood");
}

static int on_reading(sd_event_source *source, uint64_t usec, void *userdata);

/* A source of its own for each part: one that is enabled again would come before all that came meanwhile. */
static int read_later(struct keeper_client *k)
{
	k->reading = sd_event_source_disable_unref(k->reading);
	return sd_event_add_time(
		k->broker->event, &k->reading, CLOCK_BOOTTIME, k->reader.due_usec, 1, on_reading, k);
}

static int on_reading(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct keeper_client *k = userdata;
	int r = read_part(k);

	if (r == 0)
		r = read_later(k);
	if (r < 0)
		fail(k, r);
	return 0;
}

/* What comes behind a catalog counts on it. */
static int read_rest(struct keeper_client *k)
{
	int r = 0;

	while (r == 0 && k->reading)
		r = read_part(k);
	return r < 0 ? r : 0;
}

/* The first one is what everybody waits for; during a later one others are served. */
static int take_catalog(struct broker *b, const struct keeper_message *m, int fd)
{
	struct keeper_client *k = &b->keeper;
	int r;

	catalog_reader_open(&k->reader, fd, false);
	k->offered = *m;
	r = read_later(k);
	return r < 0 || b->catalog ? r : read_rest(k);
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
	int r = m->type == WIRE_PING ? 0 : read_rest(&b->keeper);

	if (r < 0)
		return r;
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
		if (m->value == 0 || !b->keeper.reload_due)
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
		fail(k, r);
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
	k->reading = sd_event_source_disable_unref(k->reading);
	catalog_reader_close(&k->reader);
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
	const uint32_t serial = k->reload_serial == UINT32_MAX ? 1 : k->reload_serial + 1;
	int r = say(k, WIRE_RELOAD, serial);

	if (r < 0)
		return r;
	k->reload_serial = serial;
	k->reload_due = true;
	return 0;
}
