/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/bus-mode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/bus.h"

#include <string.h>
#include <time.h>

#define RETRY_USEC (1 * UINT64_C(1000000)) /* a bus that comes up is not kept waiting by more than this */

int bus_mode_from_string(const char *s, enum bus_mode *ret)
{
	static const char *const modes[] = {
		[BUS_REQUIRED] = "required", [BUS_OPTIONAL] = "optional", [BUS_NONE] = "none"
	};

	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (strcmp(s, modes[i]) == 0) {
			*ret = (enum bus_mode)i;
			return 0;
		}
	return -EINVAL;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct broker *b = userdata;
	int r;

	if (b->stopping || b->bus)
		return 0;
	r = keeper_ask_bus(&b->keeper);
	if (r < 0)
		broker_fail(b, r, "The keeper can not be asked for the bus");
	else
		bus_await(b);
	return 0;
}

void bus_await(struct broker *b)
{
	const uint64_t when = now_boottime_usec() + RETRY_USEC;
	int r = 0;

	if (b->bus_mode != BUS_OPTIONAL)
		return;
	if (!b->bus_retry)
		r = sd_event_add_time(b->event, &b->bus_retry, CLOCK_BOOTTIME, when, 0, on_retry, b);
	else
		r = sd_event_source_set_time(b->bus_retry, when);
	if (r >= 0)
		r = sd_event_source_set_enabled(b->bus_retry, SD_EVENT_ONESHOT);
	if (r < 0)
		broker_fail(b, r, "The bus can not be waited for");
}

int bus_arrived(struct broker *b, int fd)
{
	int r;

	if (b->bus_mode != BUS_OPTIONAL || b->bus) {
		(void)fd_close(fd);
		return -EBADMSG;
	}
	r = bus_open(b, fd);
	if (r >= 0)
		r = bus_attach(b);
	if (r >= 0)
		return 0;
	(void)log_errno(LOG_WARNING, r, "The bus can not be joined now");
	bus_close(b);
	bus_await(b);
	return 0;
}

/* The clients that the broker knows from calls, then those that it has from sandboxes alone. */
static const char *next_client(const struct broker *b)
{
	for (size_t i = 0; i < b->callers.n; i++)
		if (!b->callers.v[i]->bus)
			return b->callers.v[i]->name;
	for (size_t i = 0; i < b->sandboxes.n; i++) {
		const char *name = b->sandboxes.v[i]->owner_name;

		if (name && !callers_find_name(&b->callers, name))
			return name;
	}
	return NULL;
}

static int forget_clients(struct broker *b)
{
	const char *next;

	while ((next = next_client(b))) {
		_cleanup_free_ char *name = strdup(next);

		if (!name)
			return -ENOMEM;
		broker_client_gone(b, name);
	}
	return 0;
}

void bus_lost(struct broker *b, int error)
{
	int r;

	if (leave_has_begun(b)) {
		leave_now(b);
		return;
	}
	/* before calls are answered a new broker is no loss, and simpler */
	if (b->bus_mode != BUS_OPTIONAL || !b->ready || b->stopping) {
		broker_fail(b, error, "The bus has gone");
		return;
	}
	(void)log_errno(
		LOG_WARNING, error, "The bus has gone: the direct socket is served alone until it is back");
	r = forget_clients(b);
	if (r < 0) {
		broker_fail(b, r, "The clients of a bus that has gone can not be forgotten");
		return;
	}
	bus_close(b);
	bus_await(b);
}
