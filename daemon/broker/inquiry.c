/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/inquiry.h"
#include "base/error.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/unit-name.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/deferred.h"
#include "broker/errors.h"
#include "broker/output.h"
#include "dbus/names.h"
#include "wire/messages.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void unlink_from(struct broker *b, struct inquiry *i)
{
	struct inquiry **at = &b->inquiries;

	while (*at && *at != i)
		at = &(*at)->next;
	if (*at)
		*at = i->next;
}

static void stop_asking(struct inquiry *i)
{
	carried_give(&i->broker->quota, &i->carried);
	i->slot = sd_bus_slot_unref(i->slot);
	if (i->polkit_open)
		polkit_cancel(i->broker->bus, i->cancellation);
	i->polkit_open = false;
}

/* Drops everything but the memory that an answer of the launcher's still points to. */
static void drop(struct inquiry *i)
{
	unlink_from(i->broker, i);
	stop_asking(i);
	(void)deferred_free(i->call);
	i->call = NULL;
	i->message = sd_bus_message_unref(i->message);
	if (i->process)
		process_answer_done(i->process);
	free(i->process);
	i->process = NULL;
	if (i->launcher_asked) {
		i->abandoned = true;
		return;
	}
	free(i->action);
	free(i->sender);
	free(i);
}

static struct inquiry *find(const struct broker *b, const sd_bus_message *m)
{
	struct inquiry *i = b->inquiries;

	while (i && i->message != m)
		i = i->next;
	return i;
}

const struct inquiry *inquiry_of(const struct broker *b, sd_bus_message *m)
{
	return find(b, m);
}

void inquiry_end(struct broker *b, sd_bus_message *m)
{
	struct inquiry *i = find(b, m);

	if (i)
		drop(i);
}

static int find_or_add(struct broker *b, const struct caller *c, sd_bus_message *m, struct inquiry **ret)
{
	struct inquiry *i = find(b, m);

	if (!i) {
		i = calloc(1, sizeof(*i));
		if (!i)
			return -ENOMEM;
		*i = (struct inquiry){ .broker = b, .generation = b->generation, .next = b->inquiries };
		i->sender = strdup(c->name);
		if (!i->sender) {
			free(i);
			return -ENOMEM;
		}
		i->message = sd_bus_message_ref(m);
		b->inquiries = i;
	}
	*ret = i;
	return 0;
}

/* Begins to wait: the call is one in flight from now on. */
static int begin(struct broker *b, const struct caller *c, sd_bus_message *m, sd_bus_error *error,
	struct inquiry **ret)
{
	struct inquiry *i;
	int r;

	r = find_or_add(b, c, m, &i);
	if (r < 0)
		return r;
	r = deferred_new(b, c, m, 0, error, &i->call);
	if (r < 0) {
		drop(i);
		return r;
	}
	*ret = i;
	return 0;
}

static void resume(struct inquiry *i)
{
	i->call = deferred_free(i->call);
	carried_give(&i->broker->quota, &i->carried); /* the launch takes it anew */
	if (!deferred_again(i->message))
		drop(i);
}

/* The line of cgroup version 2 in /proc/PID/cgroup. */
static char *unit_of(char *text)
{
	char unit[UNIT_MAX + 1], *line = text;

	while (strncmp(line, "0::", 3) != 0) {
		line = strchr(line, '\n');
		if (!line)
			return NULL;
		line++;
	}
	line[strcspn(line, "\n")] = '\0';
	return unit_from_cgroup(line + 3, unit) >= 0 ? strdup(unit) : NULL;
}

static void learn_nothing(struct caller *c)
{
	c->looked = true;
	free(c->unit);
	c->unit = NULL;
	c->loginuid = LOGINUID_UNSET;
}

/* Every failure leaves the unit unknown: then no rule about units matches. */
static void learn(struct inquiry *i, struct process_answer *answer)
{
	struct caller *c = callers_find_name(&i->broker->callers, i->sender);
	uint32_t loginuid;

	i->looked = true;
	if (!c)
		return;
	learn_nothing(c);
	if (!answer || answer->error < 0 || !answer->cgroup)
		return;
	/* Without a pidfd of the bus the number may have a new owner. Of another user it is none of ours. */
	if (c->identity.pidfd < 0 && answer->uid != c->uid) {
		log_info("Process %u of %s is not its user's any more: its unit is not known",
			c->identity.pid, c->name);
		return;
	}
	c->unit = unit_of(answer->cgroup);
	if (answer->loginuid && parse_u32(answer->loginuid, &loginuid) >= 0)
		c->loginuid = loginuid;
}

static int on_confirmed(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	struct inquiry *i = userdata;
	const struct caller *c = callers_find_name(&i->broker->callers, i->sender);
	uint32_t pid = 0;
	bool same;

	i->slot = sd_bus_slot_unref(i->slot);
	same = c && bus_is_from_driver(reply) && sd_bus_message_is_method_error(reply, NULL) <= 0 &&
	       sd_bus_message_read_basic(reply, SD_BUS_TYPE_UINT32, &pid) > 0 && pid == c->identity.pid;
	learn(i, same ? i->process : NULL);
	process_answer_done(i->process);
	free(i->process);
	i->process = NULL;
	resume(i);
	return 1;
}

/* No pidfd: does the connection still live, and is it still this process'? */
static int confirm(struct inquiry *i, struct process_answer *answer)
{
	struct process_answer *kept = malloc(sizeof(*kept));
	int r;

	if (!kept)
		return -ENOMEM;
	r = sd_bus_call_method_async(i->broker->bus, &i->slot, "org.freedesktop.DBus",
		"/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID", on_confirmed,
		i, "s", i->sender);
	if (r < 0) {
		free(kept);
		return r;
	}
	*kept = *answer;
	*answer = (struct process_answer){ 0 };
	i->process = kept;
	return 0;
}

/* Not from inside of a D-Bus handler: the call is acted on before this returns. */
static void resume_now(struct inquiry *i)
{
	_cleanup_(sd_bus_unrefp) sd_bus *bus = sd_bus_ref(sd_bus_message_get_bus(i->message));
	struct broker *b = i->broker;

	resume(i);
	output_act(b, bus);
}

static int take_process(struct inquiry *i, const struct launcher_answer *answer)
{
	_cleanup_(process_answer_done) struct process_answer process = { 0 };
	const struct caller *c = callers_find_name(&i->broker->callers, i->sender);
	int r;

	if (answer->type != WIRE_PROCESS_IS || answer->record->n_fds > 0)
		return -EBADMSG;
	r = decode_process_answer(answer->body, &process);
	if (r < 0)
		return r;
	if (i->needs_unit && process.error == 0 && c && c->identity.pidfd < 0 && confirm(i, &process) >= 0)
		return 0;
	learn(i, i->needs_unit && c && c->identity.pidfd < 0 ? NULL : &process);
	resume_now(i);
	return 0;
}

static int on_process(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct inquiry *i = userdata;
	int r;

	i->launcher_asked = false;
	if (i->abandoned) {
		free(i->action);
		free(i->sender);
		free(i);
		return 0;
	}
	/* only asked, nothing done: the next one is asked again */
	if (!answer) {
		between_add_or_refuse(b, steal_ptr(i->call));
		return 0;
	}
	r = take_process(i, answer);
	if (r < 0)
		drop(i);
	return r;
}

static int submit(struct inquiry *i, const struct caller *c)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	const struct process_request request = { .pid = c->identity.pid };
	struct launcher_client *launcher = &i->broker->launcher;
	uint32_t serial = launcher_next_serial(launcher);
	int r;

	(void)encode_process_request(&buf, serial, &request);
	r = launcher_submit(
		launcher, serial, &buf, &c->identity.pidfd, c->identity.pidfd >= 0, false, on_process, i);
	if (r >= 0)
		i->launcher_asked = true;
	return r;
}

int inquiry_look(
	struct broker *b, const struct caller *c, sd_bus_message *m, bool needs_unit, sd_bus_error *error)
{
	struct inquiry *i;
	int r;

	if (c->identity.pid == 0 && c->identity.pidfd < 0) {
		learn_nothing(callers_find_name(&b->callers, c->name));
		return 0;
	}
	r = begin(b, c, m, error, &i);
	if (r < 0)
		return r;
	i->needs_unit = needs_unit;
	r = b->launcher.ready ? submit(i, c) : -ENOTCONN;
	if (r >= 0)
		return INQUIRY_WAITS;
	if (r == -ENOTCONN)
		r = between_add(b, steal_ptr(i->call), error);
	if (r != BETWEEN_WAITS)
		drop(i);
	return r == BETWEEN_WAITS ? INQUIRY_WAITS : r;
}

static int on_polkit(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
	struct inquiry *i = userdata;

	i->slot = sd_bus_slot_unref(i->slot);
	i->polkit_open = false;
	i->verdict = polkit_read(reply);
	/* it shows a prompt still, when it is we who have waited too long */
	if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) > 0 ||
		sd_bus_message_is_method_error(reply, "org.freedesktop.DBus.Error.Timeout") > 0)
		polkit_cancel(i->broker->bus, i->cancellation);
	resume(i);
	return 1;
}

static int ask(struct inquiry *i, const struct polkit_question *q)
{
	int r;

	free(i->action);
	i->action = strdup(q->action);
	if (!i->action)
		return -ENOMEM;
	(void)snprintf(
		i->cancellation, sizeof(i->cancellation), "bailiff-%" PRIu64, ++i->broker->n_inquiries);
	r = polkit_ask(i->broker->bus, i->sender, q, i->cancellation, on_polkit, i, &i->slot);
	i->polkit_open = r >= 0;
	return r;
}

int inquiry_polkit(struct broker *b, const struct caller *c, sd_bus_message *m,
	const struct polkit_question *q, const struct carried *carried, sd_bus_error *error)
{
	struct carried owned = carried ? *carried : (struct carried){ 0 };
	struct inquiry *i;
	int r;

	/* polkit looks its subject up on the bus that it is on itself. */
	if (sd_bus_message_get_bus(m) != b->bus)
		r = sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED,
			"polkit can not be asked about a connection that is not on the system bus: call over "
			"that");
	else
		r = begin(b, c, m, error, &i);
	if (r < 0) {
		carried_give(&b->quota, &owned);
		return r;
	}
	i->carried = owned;
	r = ask(i, q);
	if (r < 0) {
		drop(i);
		return r;
	}
	return INQUIRY_WAITS;
}

void inquiries_client_gone(struct broker *b, const char *name)
{
	struct inquiry *next;

	for (struct inquiry *i = b->inquiries; i; i = next) {
		next = i->next;
		if (strcmp(i->sender, name) == 0)
			drop(i);
	}
}

/* One that does not wait is in its bus' queue again, or with those that wait for a launcher. */
void inquiries_refuse(struct broker *b)
{
	struct inquiry *next;

	for (struct inquiry *i = b->inquiries; i; i = next) {
		next = i->next;
		if (!i->call)
			continue;
		deferred_reply_failure(steal_ptr(i->call), BAILIFF_ERROR_BUSY, BROKER_LEAVES);
		drop(i);
	}
}

void inquiries_done(struct broker *b)
{
	while (b->inquiries)
		drop(b->inquiries);
}
