/* SPDX-License-Identifier: GPL-2.0-or-later */

/* WIRE_PROCESS and its answer: what the kernel says of a caller's process. */

#include "base/error.h"
#include "wire/messages.h"
#include "wire/ranges.h"

#include <stdlib.h>

int encode_process_request(struct buf *b, uint32_t serial, const struct process_request *m)
{
	put_head(b, WIRE_PROCESS, serial);
	buf_put_u32(b, m->pid);
	return buf_error(b);
}

int decode_process_request(struct cursor *c, struct process_request *ret)
{
	struct process_request m = { .pid = cursor_get_u32_max(c, INT32_MAX) };
	int r;

	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

int encode_process_answer(struct buf *b, uint32_t serial, const struct process_answer *m)
{
	put_head(b, WIRE_PROCESS_IS, serial);
	buf_put_i32(b, m->error);
	if (m->error == 0) {
		buf_put_u32(b, m->uid);
		buf_put_str(b, m->cgroup);
		buf_put_str(b, m->loginuid);
	}
	return buf_error(b);
}

int decode_process_answer(struct cursor *c, struct process_answer *ret)
{
	_cleanup_(process_answer_done) struct process_answer m = { .error = get_error(c) };
	int r;

	if (m.error == 0) {
		m.uid = cursor_get_u32(c);
		m.cgroup = cursor_get_str(c, PROCESS_CGROUP_MAX);
		m.loginuid = cursor_get_str(c, PROCESS_LOGINUID_MAX);
	}
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct process_answer){ 0 };
	return 0;
}

void process_answer_done(struct process_answer *m)
{
	free(m->cgroup);
	free(m->loginuid);
	*m = (struct process_answer){ 0 };
}
