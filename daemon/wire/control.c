/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What broker and launcher say about a sandbox while it lives, beyond its start and its end: freeze, limits,
 * what it has used, calls that processes were killed for, what it says of itself. */

#include "base/error.h"
#include "wire/messages.h"
#include "wire/ranges.h"

int encode_freeze_request(struct buf *b, uint32_t serial, const struct freeze_request *m)
{
	put_head(b, WIRE_FREEZE, serial);
	buf_put_u64(b, m->id);
	buf_put_u8(b, m->freeze);
	return buf_error(b);
}

int decode_freeze_request(struct cursor *c, struct freeze_request *ret)
{
	struct freeze_request m = { 0 };
	int r;

	m.id = get_id(c);
	m.freeze = cursor_get_bool(c);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_limit_request(struct buf *b, uint32_t serial, const struct limit_request *m)
{
	put_head(b, WIRE_LIMIT, serial);
	buf_put_u64(b, m->id);
	buf_put_u64(b, m->memory_max);
	buf_put_u64(b, m->tasks_max);
	buf_put_u64(b, m->cpu_quota);
	buf_put_u64(b, m->runtime_max_usec);
	buf_put_u64(b, m->timeout_stop_usec);
	return buf_error(b);
}

int decode_limit_request(struct cursor *c, struct limit_request *ret)
{
	struct limit_request m = { 0 };
	int r;

	m.id = get_id(c);
	m.memory_max = cursor_get_u64(c);
	m.tasks_max = cursor_get_u64(c);
	m.cpu_quota = cursor_get_u64(c);
	m.runtime_max_usec = get_timeout(c);
	m.timeout_stop_usec = get_timeout(c);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

void put_usage(struct buf *b, const struct usage *m)
{
	buf_put_u32(b, m->has);
	buf_put_u64(b, m->cpu_usec);
	buf_put_u64(b, m->memory_peak);
	buf_put_u64(b, m->tasks_peak);
}

static uint64_t get_known(struct cursor *c, uint32_t has, uint32_t bit)
{
	uint64_t value = cursor_get_u64(c);

	if (value != 0 && (has & bit) == 0)
		cursor_fail(c, -EBADMSG);
	return value;
}

void get_usage(struct cursor *c, struct usage *m)
{
	m->has = cursor_get_u32_max(c, _USAGE_ALL);
	m->cpu_usec = get_known(c, m->has, USAGE_CPU);
	m->memory_peak = get_known(c, m->has, USAGE_MEMORY);
	m->tasks_peak = get_known(c, m->has, USAGE_TASKS);
}

int encode_usage(struct buf *b, uint32_t serial, const struct usage *m)
{
	put_head(b, WIRE_USAGE_IS, serial);
	put_usage(b, m);
	return buf_error(b);
}

int decode_usage(struct cursor *c, struct usage *ret)
{
	struct usage m = { 0 };
	int r;

	get_usage(c, &m);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

void put_violation(struct buf *b, const struct violation *m)
{
	buf_put_u64(b, m->realtime_usec);
	buf_put_u32(b, m->arch);
	buf_put_u32(b, m->number);
	buf_put_u64(b, m->address);
	for (size_t i = 0; i < ELEMENTSOF(m->args); i++)
		buf_put_u64(b, m->args[i]);
	buf_put_u8(b, m->main);
}

void get_violation(struct cursor *c, struct violation *m)
{
	m->realtime_usec = cursor_get_u64(c);
	m->arch = cursor_get_u32(c);
	m->number = cursor_get_u32(c);
	m->address = cursor_get_u64(c);
	for (size_t i = 0; i < ELEMENTSOF(m->args); i++)
		m->args[i] = cursor_get_u64(c);
	m->main = cursor_get_bool(c);
}

int encode_violation_event(struct buf *b, const struct violation_event *m)
{
	put_head(b, WIRE_VIOLATION, 0);
	buf_put_u64(b, m->id);
	put_violation(b, &m->violation);
	return buf_error(b);
}

int decode_violation_event(struct cursor *c, struct violation_event *ret)
{
	struct violation_event m = { 0 };
	int r;

	m.id = get_id(c);
	get_violation(c, &m.violation);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_noted_request(struct buf *b, uint32_t serial, const struct noted_request *m)
{
	put_head(b, WIRE_NOTED, serial);
	buf_put_u64(b, m->id);
	buf_put_u8(b, m->ready);
	buf_put_u8(b, m->stopping);
	return buf_error(b);
}

int decode_noted_request(struct cursor *c, struct noted_request *ret)
{
	struct noted_request m = { 0 };
	int r;

	m.id = get_id(c);
	m.ready = cursor_get_bool(c);
	m.stopping = cursor_get_bool(c);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_notice_event(struct buf *b, const struct notice_event *m)
{
	put_head(b, WIRE_NOTICE, 0);
	buf_put_u64(b, m->id);
	buf_put_bytes(b, m->text, m->size);
	return buf_error(b);
}

int decode_notice_event(struct cursor *c, struct notice_event *ret)
{
	struct notice_event m = { 0 };
	int r;

	m.id = get_id(c);
	m.text = cursor_get_bytes(c, NOTICE_MAX, &m.size);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}
