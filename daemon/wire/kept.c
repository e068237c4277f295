/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/kept.h"
#include "base/error.h"
#include "wire/ranges.h"
#include "wire/table.h"

#include <stdlib.h>

int encode_kept(struct buf *b, const struct kept *m)
{
	_cleanup_(buf_done) struct buf entry = BUF_INIT(WIRE_RECORD_MAX);
	int r;

	r = encode_sandbox_entry(&entry, 0, &m->entry);
	if (r < 0)
		return r;
	if (m->n_limits > KEPT_LIMITS_MAX)
		return -E2BIG;
	buf_put_u32(b, KEPT_VERSION);
	buf_put_bytes(b, entry.data, entry.size);
	buf_put_u8(b, m->dynamic_uid);
	buf_put_u8(b, m->frozen);
	buf_put_u8(b, m->asking);
	buf_put_u8(b, m->violated);
	buf_put_u8(b, m->has_reason);
	buf_put_u32(b, m->reason);
	buf_put_u64(b, m->deadline);
	buf_put_u64(b, m->runtime_deadline);
	buf_put_u64(b, m->start_deadline);
	buf_put_u64(b, m->n_violations);
	buf_put_u64(b, m->n_questions);
	buf_put_u32(b, (uint32_t)m->n_limits);
	for (size_t i = 0; i < m->n_limits; i++) {
		buf_put_u32(b, m->limits[i].unit);
		buf_put_u64(b, m->limits[i].value);
	}
	buf_put_str(b, m->pool);
	buf_put_u32(b, m->shared);
	buf_put_u64(b, m->process);
	buf_put_u64(b, m->cgroup_id);
	return buf_error(b);
}

static int get_entry(struct cursor *c, struct sandbox_entry *ret)
{
	size_t size = 0;
	const void *data = cursor_get_bytes(c, WIRE_RECORD_MAX, &size);
	struct cursor inner = CURSOR_INIT(data, size);
	uint32_t type = 0, serial = 0;
	int r;

	if (!data)
		return -EBADMSG;
	r = wire_head(&inner, &type, &serial);
	if (r < 0)
		return r;
	return type == WIRE_ENTRY && serial == 0 ? decode_sandbox_entry(&inner, ret) : -EBADMSG;
}

static void get_rest(struct cursor *c, struct kept *m)
{
	m->dynamic_uid = cursor_get_bool(c);
	m->frozen = cursor_get_bool(c);
	m->asking = cursor_get_bool(c);
	m->violated = cursor_get_bool(c);
	m->has_reason = cursor_get_bool(c);
	m->reason = cursor_get_u32_max(c, _RESULT_MAX - 1);
	m->deadline = cursor_get_u64(c);
	m->runtime_deadline = cursor_get_u64(c);
	m->start_deadline = cursor_get_u64(c);
	m->n_violations = cursor_get_u64(c);
	m->n_questions = cursor_get_u64(c);
	m->n_limits = cursor_get_count(c, KEPT_LIMITS_MAX, sizeof(uint32_t) + sizeof(uint64_t));
	for (size_t i = 0; i < m->n_limits; i++) {
		m->limits[i].unit = cursor_get_u32(c);
		m->limits[i].value = cursor_get_u64(c);
	}
	m->pool = cursor_get_str(c, POOL_NAME_MAX);
	m->shared = cursor_get_u32(c);
	m->process = cursor_get_u64(c);
	m->cgroup_id = cursor_get_u64(c);
}

int decode_kept(struct cursor *c, struct kept *ret)
{
	_cleanup_(kept_done) struct kept m = { 0 };
	uint32_t version = cursor_get_u32(c);
	int r;

	if (c->error >= 0 && version != KEPT_VERSION)
		return -EPROTONOSUPPORT;
	r = get_entry(c, &m.entry);
	if (r < 0)
		return r;
	get_rest(c, &m);
	r = cursor_end(c);
	if (r < 0)
		return r;
	/* those that the entry carries are the first of all */
	if (m.n_violations < m.entry.n_violations)
		return -EBADMSG;
	*ret = m;
	m = (struct kept){ 0 };
	return 0;
}

void kept_done(struct kept *m)
{
	sandbox_entry_done(&m->entry);
	free(m->pool);
	*m = (struct kept){ 0 };
}

static int compare_ids(const void *a, const void *b)
{
	const struct kept_record *x = a, *y = b;
	const uint64_t i = x->kept.entry.launched.id, k = y->kept.entry.launched.id;

	return i < k ? -1 : i > k;
}

static int load(int table_fd, uint32_t slot, struct kept_record *ret)
{
	uint8_t data[TABLE_RECORD_MAX];
	struct cursor c;
	size_t size = 0;
	int r;

	ret->slot = slot;
	r = table_read(table_fd, slot, data, &size, &ret->sequence);
	if (r < 0)
		return r;
	c = CURSOR_INIT(data, size);
	return decode_kept(&c, &ret->kept);
}

void kept_load(int table_fd, struct kept_record *records, size_t *ret_n, size_t *ret_bad)
{
	size_t n = 0, n_bad = 0;

	for (uint32_t slot = 0; slot < TABLE_SLOTS; slot++) {
		int r = load(table_fd, slot, &records[n]);

		n += r == 0;
		if (r >= 0 || r == -ENOENT)
			continue;
		n_bad++;
		(void)table_erase(table_fd, slot);
	}
	qsort(records, n, sizeof(*records), compare_ids);
	*ret_n = n;
	*ret_bad = n_bad;
}
