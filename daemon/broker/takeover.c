/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/takeover.h"
#include "base/error.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/lifetime.h"
#include "broker/note.h"
#include "broker/sandbox-signals.h"
#include "broker/violations.h"

#include <inttypes.h>
#include <string.h>

static int adopt(struct broker *b, const struct sandbox_entry *e, struct wire_record *record)
{
	_cleanup_free_ char *owner_name = NULL;
	struct token token = { 0 };
	bool direct = false;
	struct sandbox *s;
	int r;

	r = note_read(b->bus, e->note, e->n_note, &owner_name, &direct, &token);
	if (r < 0)
		(void)log_errno(
			LOG_WARNING, r, "Sandbox %" PRIu64 ": its note can not be read", e->launched.id);
	s = sandbox_new(b, &e->launched, e->profile, e->tag, owner_name);
	if (!s)
		return -ENOMEM;
	s->owner = e->owner;
	s->generation = e->generation;
	s->detach = e->detach;
	s->token = token;
	s->listed = b->listing;
	s->held = direct && e->has_lifeline;
	s->state = (enum sandbox_state)e->state;
	s->exit = e->exit;
	s->n_violations = e->n_violations;
	memcpy(s->violations, e->violations, sizeof(s->violations));
	if (sandbox_is_live(s))
		sandbox_set_pidfd(s, wire_record_steal_fd(record, 0));
	return lifetime_adopt(b, s);
}

/* What we know already: the launcher has been replaced, and may have seen its end meanwhile. */
static int compare(struct broker *b, struct sandbox *s, const struct sandbox_entry *e)
{
	if (s->listed == b->listing || s->owner != e->owner)
		return -EBADMSG;
	s->listed = b->listing;
	if (!sandbox_is_live(s))
		return 0;
	for (size_t i = s->n_violations; i < e->n_violations; i++)
		violations_add(b, &(struct violation_event){ .id = s->id, .violation = e->violations[i] });
	if (e->state == SANDBOX_EXITED) {
		lifetime_exited(b, &e->exit);
	} else if (s->state != (enum sandbox_state)e->state) {
		s->state = (enum sandbox_state)e->state;
		sandbox_emit_changed(s);
	}
	return 0;
}

/* Nobody was told of it: its launch has failed, as far as its caller knows; or its end was dropped while
 * there was nobody to tell. */
static void refuse(struct broker *b, const struct sandbox_entry *e)
{
	if (e->state == SANDBOX_EXITED)
		lifetime_forget_unknown(b, e->launched.id);
	else
		lifetime_kill_unknown(b, e->launched.id);
}

/* Its caller may ask for it again. */
static bool has_token(struct broker *b, const struct sandbox_entry *e)
{
	_cleanup_free_ char *owner_name = NULL;
	struct token token = { 0 };
	bool direct;

	return note_read(b->bus, e->note, e->n_note, &owner_name, &direct, &token) >= 0 && token.name[0];
}

static int take_entry(struct broker *b, const struct launcher_answer *answer)
{
	_cleanup_(sandbox_entry_done) struct sandbox_entry e = { 0 };
	struct sandbox *known;
	int r;

	r = decode_sandbox_entry(answer->body, &e);
	if (r < 0)
		return r;
	if (answer->record->n_fds != (e.state != SANDBOX_EXITED))
		return -EBADMSG;
	known = sandboxes_find(&b->sandboxes, e.launched.id);
	if (known)
		return compare(b, known, &e);
	if (!b->taken_over || (e.state != SANDBOX_EXITED && has_token(b, &e)))
		return adopt(b, &e, answer->record);
	refuse(b, &e);
	return 0;
}

/* One look-up for each connection, however many sandboxes it launched. */
static bool checked_before(const struct broker *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (b->sandboxes.v[k]->owner_name &&
			strcmp(b->sandboxes.v[k]->owner_name, b->sandboxes.v[i]->owner_name) == 0)
			return true;
	return false;
}

/*
 * Connections of the direct socket end with the broker: what was launched over one lives on by its lifeline
 * alone. Without one nobody could tell whether its client is still there.
 */
static bool is_held(const struct sandbox *s)
{
	return s->detach || s->held;
}

static int check_owners(struct broker *b)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < b->sandboxes.n; i++) {
		struct sandbox *s = b->sandboxes.v[i];

		if (s->owner_name && !checked_before(b, i))
			r = bus_check_client(b, s->owner_name);
		else if (!s->owner_name && !is_held(s) && sandbox_is_live(s))
			lifetime_stop(s, USEC_INFINITY, RESULT_CLIENT_GONE, NULL);
	}
	return r;
}

/*
 * After a launcher's end: what the next one does not have was killed, and what we asked the last one to stop
 * may never have come to its ears. Backwards, since an end may drop the exit state of another.
 */
static void check_all(struct broker *b)
{
	for (size_t i = b->sandboxes.n; i > 0; i--) {
		struct sandbox *s;

		if (i > b->sandboxes.n)
			continue;
		s = b->sandboxes.v[i - 1];
		if (!sandbox_is_live(s))
			continue;
		if (s->listed != b->listing)
			lifetime_lost(s);
		else if (!s->owner_name && !is_held(s))
			lifetime_stop(s, USEC_INFINITY, RESULT_CLIENT_GONE, NULL);
	}
}

static int table_complete(struct broker *b)
{
	int r;

	b->launcher.ready = true;
	if (b->taken_over) {
		check_all(b);
		log_notice("The next launcher is there");
		between_resume(b);
		return 0;
	}
	b->taken_over = true;
	if (b->sandboxes.n > 0)
		log_notice("%zu sandboxes taken over", b->sandboxes.n);
	r = check_owners(b);
	if (r >= 0)
		takeover_proceed(b);
	return r;
}

static int on_table(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct done done;
	int r;

	if (!answer)
		return 0;
	if (answer->type == WIRE_ENTRY)
		return take_entry(b, answer);
	if (answer->type != WIRE_DONE || answer->record->n_fds > 0)
		return -EBADMSG;
	r = decode_done(answer->body, &done);
	if (r < 0)
		return r;
	return done.error < 0 ? done.error : table_complete(b);
}

int takeover_begin(struct broker *b)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&b->launcher);

	b->listing++;
	(void)encode_empty(&buf, WIRE_LIST, serial);
	return launcher_submit(&b->launcher, serial, &buf, NULL, 0, false, on_table, NULL);
}

void takeover_proceed(struct broker *b)
{
	if (b->n_checks > 0 || b->stopping)
		return;
	if (b->bus)
		bus_ask_name(b);
	else
		broker_serve(b);
}
