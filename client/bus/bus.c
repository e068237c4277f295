/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A connection: what is under way on it, and whom its messages are for. */

#include "bus/bus.h"
#include "base/error.h"
#include "base/fd.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX   (128U * 1024 * 1024) /* what D-Bus permits */
#define GREETING_USEC (90 * UINT64_C(1000000))
#define CALL_USEC     (25 * UINT64_C(1000000))

static uint64_t now_usec(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Of a slot that no list has. */
static struct sd_bus_slot *slot_free(struct sd_bus_slot *s)
{
	free(s);
	return NULL;
}

static void slot_unlink(struct sd_bus_slot *s)
{
	struct sd_bus_slot **at = s->bus ? &s->bus->slots : NULL;

	while (at && *at != s)
		at = &(*at)->next;
	if (at)
		*at = s->next;
	if (s->bus && s->bus->next == s)
		s->bus->next = s->next;
	s->bus = NULL;
}

sd_bus_slot *sd_bus_slot_unref(sd_bus_slot *s)
{
	if (!s)
		return NULL;
	slot_unlink(s);
	return slot_free(s);
}

static int slot_new(sd_bus *bus, bool floating, uint32_t serial, sd_bus_message_handler_t callback,
	void *userdata, struct sd_bus_slot **ret)
{
	struct sd_bus_slot **end = &bus->slots, *s = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct sd_bus_slot){ .bus = bus,
		.serial = serial,
		.until = UINT64_MAX,
		.callback = callback,
		.userdata = userdata,
		.floating = floating };
	while (*end)
		end = &(*end)->next;
	*end = s;
	*ret = s;
	return 0;
}

int sd_bus_new(sd_bus **ret)
{
	sd_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return -ENOMEM;
	bus->n_ref = 1;
	bus->fd = -1;
	pump_init(&bus->in, -1, -1, MESSAGE_MAX);
	*ret = bus;
	return 0;
}

static void bus_unref(sd_bus *bus)
{
	if (--bus->n_ref > 0)
		return;
	while (bus->slots) {
		struct sd_bus_slot *s = bus->slots;

		slot_unlink(s);
		if (s->floating)
			(void)slot_free(s);
	}
	free(bus->address);
	free(bus->unique);
	free(bus);
}

void sd_bus_close(sd_bus *bus)
{
	if (!bus || bus->state == BUS_CLOSED)
		return;
	bus->state = BUS_CLOSED;
	stream_drop(bus);
	pump_done(&bus->in);
	buf_done(&bus->greeting);
	bus->fd = fd_close(bus->fd);
	bus->child = address_leave(bus->child);
}

sd_bus *sd_bus_close_unref(sd_bus *bus)
{
	if (!bus)
		return NULL;
	sd_bus_close(bus);
	bus_unref(bus);
	return NULL;
}

int sd_bus_set_address(sd_bus *bus, const char *address)
{
	free(bus->address);
	bus->address = strdup(address);
	return bus->address ? 0 : -ENOMEM;
}

/* It is one always. */
int sd_bus_set_bus_client(sd_bus *bus, int b)
{
	return bus->state == BUS_NEW && b ? 0 : -EPERM;
}

int sd_bus_negotiate_fds(sd_bus *bus, int b)
{
	bus->wants_fds = b;
	return 0;
}

int sd_bus_start(sd_bus *bus)
{
	int r;

	if (bus->state != BUS_NEW || !bus->address)
		return -EPERM;
	r = address_connect(bus->address, &bus->fd, &bus->child);
	if (r < 0)
		return r;
	bus->in.from = bus->fd;
	bus->state = BUS_GREETING;
	bus->greeting_until = now_usec() + GREETING_USEC;
	r = greeting_begin(bus);
	if (r == 0)
		r = stream_flush(bus);
	return r < 0 ? r : 0;
}

int sd_bus_is_open(sd_bus *bus)
{
	return bus->state > BUS_NEW && bus->state < BUS_CLOSING;
}

int sd_bus_is_ready(sd_bus *bus)
{
	return bus->state == BUS_RUNNING;
}

int sd_bus_get_unique_name(sd_bus *bus, const char **unique)
{
	if (!bus->unique)
		return -ENOTCONN;
	*unique = bus->unique;
	return 0;
}

int sd_bus_get_fd(sd_bus *bus)
{
	return bus->fd >= 0 ? bus->fd : -ENOTCONN;
}

int sd_bus_get_events(sd_bus *bus)
{
	int events = stream_may_go(bus) ? POLLOUT : 0;

	if (!sd_bus_is_open(bus))
		return bus->state == BUS_CLOSING ? 0 : -ENOTCONN;
	return pump_full(&bus->in) ? events : events | POLLIN;
}

int sd_bus_get_timeout(sd_bus *bus, uint64_t *ret)
{
	uint64_t until = bus->state < BUS_RUNNING ? bus->greeting_until : UINT64_MAX;

	if (!sd_bus_is_open(bus) && bus->state != BUS_CLOSING)
		return -ENOTCONN;
	for (const struct sd_bus_slot *s = bus->slots; s; s = s->next)
		until = s->until < until ? s->until : until;
	/* there is something to do, whatever the socket says */
	if (bus->state == BUS_CLOSING || pump_full(&bus->in))
		until = 0;
	*ret = until;
	return until < UINT64_MAX;
}

int sd_bus_wait(sd_bus *bus, uint64_t timeout_usec)
{
	const uint64_t now = now_usec();
	uint64_t until, left;
	struct pollfd p = { .fd = bus->fd };
	int r = sd_bus_get_timeout(bus, &until);

	if (r < 0)
		return r;
	left = until > now ? until - now : 0;
	left = until == UINT64_MAX || timeout_usec < left ? timeout_usec : left;
	if (left == 0 && until <= now)
		return 0;
	p.events = (short)sd_bus_get_events(bus);
	r = RET_ERRNO(ppoll(&p, 1,
		left == UINT64_MAX
			? NULL
			: &(const struct timespec){ (time_t)(left / 1000000), (long)(left % 1000000) * 1000 },
		NULL));
	return r > 0 ? 1 : r;
}

int sd_bus_add_filter(sd_bus *bus, sd_bus_slot **slot, sd_bus_message_handler_t callback, void *userdata)
{
	struct sd_bus_slot *s;
	int r = slot_new(bus, !slot, 0, callback, userdata, &s);

	if (r == 0 && slot)
		*slot = s;
	return r;
}

/* The other side can not be spoken to any more. */
static int leave(sd_bus *bus)
{
	bus->state = BUS_CLOSING;
	return -ECONNRESET;
}

static int send_message(sd_bus *bus, sd_bus_message *m)
{
	int r = stream_queue(bus, m, m->header.data, m->header.size);

	if (r == 0)
		r = stream_flush(bus);
	return r < 0 && r != -ENOMEM ? leave(bus) : r;
}

int sd_bus_call_async(sd_bus *bus, sd_bus_slot **slot, sd_bus_message *m, sd_bus_message_handler_t callback,
	void *userdata, uint64_t usec)
{
	struct sd_bus_slot *s = NULL;
	int r;

	if (!sd_bus_is_open(bus))
		return -ENOTCONN;
	if (m->n_fds > 0 && !bus->passes_fds)
		return -EOPNOTSUPP;
	/* 2^32 calls are not made over one connection */
	r = message_seal(m, ++bus->serial, callback || slot);
	if (r == 0 && (callback || slot))
		r = slot_new(bus, !slot, bus->serial, callback, userdata, &s);
	if (r < 0)
		return r;
	if (s && usec != UINT64_MAX)
		s->until = now_usec() + (usec > 0 ? usec : CALL_USEC);
	r = send_message(bus, m);
	if (r < 0) {
		(void)sd_bus_slot_unref(s);
		return r;
	}
	if (slot)
		*slot = s;
	return 1;
}

int sd_bus_call_method_async(sd_bus *bus, sd_bus_slot **slot, const char *destination, const char *path,
	const char *interface, const char *member, sd_bus_message_handler_t callback, void *userdata,
	const char *types, ...)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	struct arguments a;
	int r = sd_bus_message_new_method_call(bus, &m, destination, path, interface, member);

	if (r < 0)
		return r;
	va_start(a.list, types);
	r = message_append(m, types ? types : "", &a);
	va_end(a.list);
	return r < 0 ? r : sd_bus_call_async(bus, slot, m, callback, userdata, 0);
}

/* Its call is over; who holds it may give it back from here on. */
static int answer(struct sd_bus_slot *s, sd_bus_message *m)
{
	const sd_bus_message_handler_t callback = s->callback;
	void *userdata = s->userdata;
	sd_bus_error error = SD_BUS_ERROR_NULL;

	slot_unlink(s);
	if (s->floating)
		(void)slot_free(s);
	if (callback)
		(void)callback(m, userdata, &error);
	return 1;
}

static int answer_error(struct sd_bus_slot *s, const char *text)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = message_make_error(s->serial, SD_BUS_ERROR_NO_REPLY, text, &m);

	return r < 0 ? r : answer(s, m);
}

static struct sd_bus_slot *find_call(const sd_bus *bus, uint32_t serial)
{
	struct sd_bus_slot *s = bus->slots;

	while (s && (s->serial == 0 || s->serial != serial))
		s = s->next;
	return s;
}

static int expire(sd_bus *bus)
{
	const uint64_t now = now_usec();

	for (struct sd_bus_slot *s = bus->slots; s; s = s->next)
		if (s->until <= now)
			return answer_error(s, "Method call timed out");
	return bus->state == BUS_HELLO && now >= bus->greeting_until ? -ETIMEDOUT : 0;
}

static bool is_answer(const sd_bus_message *m)
{
	return m->head.type == SD_BUS_MESSAGE_METHOD_RETURN || m->head.type == SD_BUS_MESSAGE_METHOD_ERROR;
}

/* The first message is the answer to Hello. */
static int take_name(sd_bus *bus, sd_bus_message *m)
{
	const char *name;
	int r;

	if (!is_answer(m) || m->head.reply_serial != 1)
		return -EIO;
	if (m->head.type == SD_BUS_MESSAGE_METHOD_ERROR)
		return -sd_bus_error_get_errno(&m->error);
	r = sd_bus_message_read_basic(m, 's', &name);
	if (r <= 0 || name[0] != ':' || !sd_bus_service_name_is_valid(name))
		return -EBADMSG;
	bus->unique = strdup(name);
	if (!bus->unique)
		return -ENOMEM;
	bus->state = BUS_RUNNING;
	return 1;
}

/* Nobody has reason to call us, and who does all the same is not left to wait. */
static int refuse(sd_bus *bus, const sd_bus_message *m)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *error = NULL;
	int r = message_refuse(m, &error);

	if (r == 0)
		r = message_seal(error, ++bus->serial, false);
	return r < 0 ? r : send_message(bus, error);
}

static int dispatch(sd_bus *bus, sd_bus_message *m)
{
	struct sd_bus_slot *call = is_answer(m) ? find_call(bus, m->head.reply_serial) : NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = 0;

	if (bus->state == BUS_HELLO)
		return take_name(bus, m);
	if (call)
		return answer(call, m);
	/* who is asked may give back any slot, also the one that would be next */
	for (struct sd_bus_slot *s = bus->slots; s && r == 0; s = bus->next) {
		bus->next = s->next;
		if (s->serial != 0)
			continue;
		message_rewind(m);
		r = s->callback(m, s->userdata, &error);
	}
	if (r == 0 && m->head.wants_answer)
		r = refuse(bus, m);
	return r < 0 ? r : 1;
}

static int serve(sd_bus *bus)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = expire(bus);

	if (r == 0)
		r = stream_flush(bus);
	if (r == 0)
		r = stream_take(bus, &m);
	return r > 0 && m ? dispatch(bus, m) : r;
}

static int greet(sd_bus *bus)
{
	int r = stream_flush(bus);

	if (r < 0)
		return r;
	r = greeting_read(bus);
	if (r > 0)
		bus->state = BUS_HELLO;
	return r == 0 && now_usec() >= bus->greeting_until ? -ETIMEDOUT : r;
}

/* One call under way after the other, then the connection. */
static int take_leave(sd_bus *bus)
{
	for (struct sd_bus_slot *s = bus->slots; s; s = s->next)
		if (s->serial != 0)
			return answer_error(s, "Connection terminated");
	sd_bus_close(bus);
	return 1;
}

static bool is_disconnect(int error)
{
	return error == -ECONNRESET || error == -EPIPE || error == -ENOTCONN || error == -ECONNABORTED ||
	       error == -ECONNREFUSED || error == -ETIMEDOUT || error == -EPROTO;
}

static int step(sd_bus *bus)
{
	switch (bus->state) {
	case BUS_NEW:
		return -ENOTCONN;
	case BUS_GREETING:
		return greet(bus);
	case BUS_HELLO:
	case BUS_RUNNING:
		return serve(bus);
	case BUS_CLOSING:
		return take_leave(bus);
	case BUS_CLOSED:
		return -ECONNRESET;
	}
	return -EINVAL;
}

int sd_bus_process(sd_bus *bus, sd_bus_message **ret)
{
	int r;

	if (bus->processing || ret)
		return -EBUSY;
	bus->processing = true;
	bus->n_ref++;
	r = step(bus);
	if (bus->state < BUS_CLOSING && is_disconnect(r)) {
		(void)leave(bus);
		r = 1;
	}
	bus->processing = false;
	bus_unref(bus);
	return r;
}
