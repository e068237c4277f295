/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What broker and launcher say about sandboxes that exist: started, signal, stop, ended, and the table's
 * entries. */

#include "base/error.h"
#include "base/parse.h"
#include "wire/messages.h"
#include "wire/ranges.h"

#include <string.h>

#define LACKS_ALL  ((1U << (WIRE_LACK_MAX + 1)) - 1)
#define LAYERS_ALL ((1U << (WIRE_STAGE_MAX + 1)) - 1)

static void put_launched(struct buf *b, const struct launched *m)
{
	buf_put_u64(b, m->id);
	buf_put_i32(b, m->host_pid);
	buf_put_u32(b, m->uid);
	buf_put_u64(b, m->started_boottime_usec);
	buf_put_u64(b, m->started_realtime_usec);
	buf_put_u64(b, m->setup_usec);
	buf_put_u32(b, m->layers);
	buf_put_u32(b, m->lacking);
	buf_put_str(b, m->cgroup);
	buf_put_u8(b, m->has_pty);
	for (size_t i = 0; i < WIRE_STAGES; i++)
		buf_put_u32(b, m->stage_usec[i]);
}

static void get_launched(struct cursor *c, struct launched *m)
{
	m->id = get_id(c);
	m->host_pid = cursor_get_i32(c);
	if (m->host_pid < 0)
		cursor_fail(c, -EBADMSG);
	m->uid = get_uid(c);
	m->started_boottime_usec = cursor_get_u64(c);
	m->started_realtime_usec = cursor_get_u64(c);
	m->setup_usec = cursor_get_u64(c);
	m->layers = cursor_get_u32_max(c, LAYERS_ALL);
	m->lacking = cursor_get_u32_max(c, LACKS_ALL);
	m->cgroup = cursor_get_str(c, WIRE_PATH_MAX);
	m->has_pty = cursor_get_bool(c);
	for (size_t i = 0; i < WIRE_STAGES; i++)
		m->stage_usec[i] = cursor_get_u32(c);
}

int encode_launched(struct buf *b, uint32_t serial, const struct launched *m)
{
	put_head(b, WIRE_LAUNCHED, serial);
	put_launched(b, m);
	return buf_error(b);
}

int decode_launched(struct cursor *c, struct launched *ret)
{
	_cleanup_(launched_done) struct launched m = { 0 };
	int r;

	get_launched(c, &m);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct launched){ 0 };
	return 0;
}

void launched_done(struct launched *m)
{
	free(m->cgroup);
	*m = (struct launched){ 0 };
}

int encode_signal_request(struct buf *b, uint32_t serial, const struct signal_request *m)
{
	put_head(b, WIRE_SIGNAL, serial);
	buf_put_u64(b, m->id);
	buf_put_i32(b, m->signal);
	buf_put_u8(b, m->all);
	return buf_error(b);
}

int decode_signal_request(struct cursor *c, struct signal_request *ret)
{
	struct signal_request m = { 0 };
	int r;

	m.id = get_id(c);
	m.signal = get_signal(c, 1);
	m.all = cursor_get_bool(c);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_stop_request(struct buf *b, uint32_t serial, const struct stop_request *m)
{
	put_head(b, WIRE_STOP, serial);
	buf_put_u64(b, m->id);
	buf_put_u64(b, m->timeout_usec);
	buf_put_u32(b, m->reason);
	return buf_error(b);
}

int decode_stop_request(struct cursor *c, struct stop_request *ret)
{
	struct stop_request m = { 0 };
	int r;

	m.id = get_id(c);
	m.timeout_usec = get_timeout(c);
	m.reason = cursor_get_u32(c);
	if (m.reason != RESULT_KILLED && m.reason != RESULT_CLIENT_GONE)
		cursor_fail(c, -EBADMSG);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_resize_request(struct buf *b, uint32_t serial, const struct resize_request *m)
{
	put_head(b, WIRE_RESIZE, serial);
	buf_put_u64(b, m->id);
	put_size(b, m->rows, m->columns);
	return buf_error(b);
}

int decode_resize_request(struct cursor *c, struct resize_request *ret)
{
	struct resize_request m = { 0 };
	int r;

	m.id = get_id(c);
	get_size(c, &m.rows, &m.columns);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

/* All but the id, which the two records that carry an exit have at different places. */
static void put_exit(struct buf *b, const struct sandbox_exit *m)
{
	buf_put_u32(b, m->result);
	buf_put_i32(b, m->exit_code);
	buf_put_i32(b, m->exit_signal);
	buf_put_u64(b, m->exited_realtime_usec);
	put_usage(b, &m->usage);
}

static void get_exit(struct cursor *c, struct sandbox_exit *m)
{
	m->result = cursor_get_u32_max(c, _RESULT_MAX - 1);
	m->exit_code = cursor_get_i32(c);
	m->exit_signal = get_signal(c, 0);
	if (m->exit_code < 0 || m->exit_code > 255 || (m->exit_code != 0 && m->exit_signal != 0))
		cursor_fail(c, -EBADMSG);
	m->exited_realtime_usec = cursor_get_u64(c);
	get_usage(c, &m->usage);
}

int encode_sandbox_exit(struct buf *b, const struct sandbox_exit *m)
{
	put_head(b, WIRE_EXITED, 0);
	buf_put_u64(b, m->id);
	put_exit(b, m);
	return buf_error(b);
}

int decode_sandbox_exit(struct cursor *c, struct sandbox_exit *ret)
{
	struct sandbox_exit m = { 0 };
	int r;

	m.id = get_id(c);
	get_exit(c, &m);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_sandbox_entry(struct buf *b, uint32_t serial, const struct sandbox_entry *m)
{
	if (m->n_note > sizeof(m->note) || m->n_violations > VIOLATIONS_MAX)
		return -E2BIG;
	put_head(b, WIRE_ENTRY, serial);
	put_launched(b, &m->launched);
	buf_put_u32(b, m->generation);
	buf_put_str(b, m->profile);
	buf_put_str(b, m->tag);
	buf_put_u32(b, m->owner);
	buf_put_u32(b, m->state);
	buf_put_u8(b, m->detach);
	buf_put_u8(b, m->has_lifeline);
	buf_put_u64(b, m->runtime_max_usec);
	buf_put_u64(b, m->timeout_stop_usec);
	buf_put_i32(b, m->stop_signal);
	if (m->state == SANDBOX_EXITED)
		put_exit(b, &m->exit);
	buf_put_u32(b, (uint32_t)m->n_violations);
	for (size_t i = 0; i < m->n_violations; i++)
		put_violation(b, &m->violations[i]);
	buf_put_bytes(b, m->note, m->n_note);
	return buf_error(b);
}

static void get_entry(struct cursor *c, struct sandbox_entry *m)
{
	const void *note;

	get_launched(c, &m->launched);
	m->generation = cursor_get_u32(c);
	m->profile = cursor_get_str(c, PROFILE_NAME_MAX);
	if (m->profile && !profile_name_valid(m->profile))
		cursor_fail(c, -EBADMSG);
	m->tag = cursor_get_str(c, TAG_MAX);
	m->owner = get_uid(c);
	m->state = cursor_get_u32_max(c, _SANDBOX_STATE_MAX - 1);
	m->detach = cursor_get_bool(c);
	m->has_lifeline = cursor_get_bool(c);
	m->runtime_max_usec = get_timeout(c);
	m->timeout_stop_usec = get_timeout(c);
	m->stop_signal = get_signal(c, 1);
	if (m->state == SANDBOX_EXITED) {
		m->exit.id = m->launched.id;
		get_exit(c, &m->exit);
	}
	m->n_violations = cursor_get_count(c, VIOLATIONS_MAX, WIRE_VIOLATION_SIZE);
	for (size_t i = 0; i < m->n_violations; i++)
		get_violation(c, &m->violations[i]);
	note = cursor_get_bytes(c, NOTE_MAX, &m->n_note);
	if (note)
		memcpy(m->note, note, m->n_note);
}

int decode_sandbox_entry(struct cursor *c, struct sandbox_entry *ret)
{
	_cleanup_(sandbox_entry_done) struct sandbox_entry m = { 0 };
	int r;

	get_entry(c, &m);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct sandbox_entry){ 0 };
	return 0;
}

void sandbox_entry_done(struct sandbox_entry *m)
{
	launched_done(&m->launched);
	free(m->profile);
	free(m->tag);
	*m = (struct sandbox_entry){ 0 };
}
