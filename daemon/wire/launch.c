/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * WIRE_LAUNCH and its two answers. Checks form and bounds; whether a launch is allowed is for plan/. The
 * launcher decodes requests of a broker that it does not trust, so nothing here may depend on the sender's
 * good will.
 */

#include "base/capability-names.h"
#include "base/error.h"
#include "base/strv.h"
#include "wire/messages.h"
#include "wire/ranges.h"

#include <string.h>

static void put_gids(struct buf *b, const gid_t *gids, size_t n)
{
	buf_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		buf_put_u32(b, gids[i]);
}

static void put_fds(struct buf *b, const struct launch_request *m)
{
	buf_put_u32(b, (uint32_t)m->n_fds);
	for (size_t i = 0; i < m->n_fds; i++) {
		buf_put_u32(b, m->fds[i].target);
		buf_put_u8(b, m->fds[i].made);
	}
}

static void put_binds(struct buf *b, const struct launch_request *m)
{
	buf_put_u32(b, (uint32_t)m->n_binds);
	for (size_t i = 0; i < m->n_binds; i++) {
		buf_put_str(b, m->binds[i].slot);
		buf_put_u8(b, m->binds[i].read_only);
	}
}

static void put_limits(struct buf *b, const struct wire_limit *limits, size_t n)
{
	buf_put_u32(b, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		buf_put_u32(b, limits[i].resource);
		buf_put_u64(b, limits[i].soft);
		buf_put_u64(b, limits[i].hard);
	}
}

/* A number that is there or not. */
static void put_optional(struct buf *b, bool has, int32_t number)
{
	buf_put_u8(b, has);
	if (has)
		buf_put_i32(b, number);
}

static void put_tighter(struct buf *b, const struct tighter *t)
{
	buf_put_u64(b, t->memory_max);
	buf_put_u64(b, t->tasks_max);
	buf_put_u64(b, t->cpu_quota);
	put_optional(b, t->has_nice, t->nice);
	put_optional(b, t->has_oom_score_adjust, t->oom_score_adjust);
	buf_put_u64(b, t->drop_capabilities);
	buf_put_u8(b, t->no_network);
}

int encode_launch_request(struct buf *b, uint32_t serial, const struct launch_request *m)
{
	if (m->n_gids > GROUPS_MAX || m->n_fds > ELEMENTSOF(m->fds) || m->n_limits > WIRE_RESOURCES ||
		m->n_note > sizeof(m->note) || m->n_binds > ELEMENTSOF(m->binds))
		return -E2BIG;
	put_head(b, WIRE_LAUNCH, serial);
	buf_put_u32(b, m->generation);
	buf_put_u32(b, m->profile);
	buf_put_u32(b, m->uid);
	put_gids(b, m->gids, m->n_gids);
	buf_put_u8(b, m->administrator);
	buf_put_str(b, m->label);
	buf_put_str(b, m->unit);
	buf_put_u8(b, m->polkit);
	buf_put_strv(b, m->argv);
	buf_put_strv(b, m->env);
	buf_put_strv(b, m->unset_env);
	buf_put_u8(b, m->has_cwd);
	if (m->has_cwd)
		buf_put_str(b, m->cwd);
	for (size_t i = 0; i < ELEMENTSOF(m->stdio); i++)
		buf_put_u32(b, m->stdio[i]);
	buf_put_u8(b, m->has_pty_size);
	if (m->has_pty_size)
		put_size(b, m->pty_rows, m->pty_columns);
	buf_put_u8(b, m->notify);
	put_fds(b, m);
	put_binds(b, m);
	buf_put_u8(b, m->has_lifeline);
	buf_put_u8(b, m->detach);
	buf_put_u8(b, m->adoptable);
	put_limits(b, m->limits, m->n_limits);
	buf_put_u64(b, m->runtime_max_usec);
	buf_put_u64(b, m->timeout_stop_usec);
	buf_put_i32(b, m->stop_signal);
	put_tighter(b, &m->tighter);
	buf_put_str(b, m->tag);
	buf_put_bytes(b, m->note, m->n_note);
	return buf_error(b);
}

static void get_gids(struct cursor *c, struct launch_request *m)
{
	size_t n = cursor_get_count(c, GROUPS_MAX, sizeof(uint32_t));

	if (n == 0)
		return;
	m->gids = calloc(n, sizeof(*m->gids));
	if (!m->gids) {
		cursor_fail(c, -ENOMEM);
		return;
	}
	m->n_gids = n;
	for (size_t i = 0; i < n; i++)
		m->gids[i] = get_uid(c);
}

/* argv, env and unset_env, which together may take ARG_BYTES_MAX. */
static void get_strings(struct cursor *c, struct launch_request *m)
{
	m->argv = cursor_get_strv(c, ARGV_MAX, ARG_BYTES_MAX);
	m->env = cursor_get_strv(c, ENV_MAX, ARG_BYTES_MAX);
	m->unset_env = cursor_get_strv(c, ENV_MAX, ARG_BYTES_MAX);
	if (strv_bytes(m->argv) + strv_bytes(m->env) + strv_bytes(m->unset_env) > ARG_BYTES_MAX)
		cursor_fail(c, -EBADMSG);
}

static uint32_t get_stdio(struct cursor *c)
{
	uint32_t mode = cursor_get_u32(c);

	if (mode > WIRE_STDIO_MAX && mode != WIRE_STDIO_UNSET)
		cursor_fail(c, -EBADMSG);
	return mode;
}

/* Each target once; of the broker's own making are standard streams alone; the caller's are at most FDS_MAX.
 */
static void get_fds(struct cursor *c, struct launch_request *m)
{
	uint64_t seen[(FD_TARGET_MAX + 64) / 64] = { 0 };
	size_t n = cursor_get_count(c, ELEMENTSOF(m->fds), sizeof(uint32_t) + 1), n_callers = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t target = cursor_get_u32_max(c, FD_TARGET_MAX);
		bool made = cursor_get_bool(c);
		uint64_t bit = UINT64_C(1) << (target % 64);

		n_callers += !made;
		if ((seen[target / 64] & bit) != 0 || (made && target > 2) || n_callers > FDS_MAX)
			cursor_fail(c, -EBADMSG);
		if (c->error < 0)
			return;
		seen[target / 64] |= bit;
		m->fds[i].target = target;
		m->fds[i].made = made;
	}
	m->n_fds = n;
}

static void get_binds(struct cursor *c, struct launch_request *m)
{
	size_t n = cursor_get_count(c, ELEMENTSOF(m->binds), sizeof(uint32_t) + 1);

	for (size_t i = 0; i < n && c->error == 0; i++) {
		m->binds[i].slot = cursor_get_str(c, PROFILE_NAME_MAX);
		m->binds[i].read_only = cursor_get_bool(c);
		m->n_binds++;
	}
}

/* Each resource once, and no soft limit above its hard one. */
static void get_limits(struct cursor *c, struct launch_request *m)
{
	size_t n = cursor_get_count(c, WIRE_RESOURCES, sizeof(uint32_t) + 2 * sizeof(uint64_t));
	uint32_t seen = 0;

	if (n == 0)
		return;
	m->limits = calloc(n, sizeof(*m->limits));
	if (!m->limits) {
		cursor_fail(c, -ENOMEM);
		return;
	}
	m->n_limits = n;
	for (size_t i = 0; i < n; i++) {
		struct wire_limit *l = &m->limits[i];

		l->resource = cursor_get_u32_max(c, WIRE_RESOURCES - 1);
		l->soft = cursor_get_u64(c);
		l->hard = cursor_get_u64(c);
		if (l->soft > l->hard || (seen & (1U << l->resource)) != 0)
			cursor_fail(c, -EBADMSG);
		seen |= 1U << l->resource;
	}
}

static bool get_optional(struct cursor *c, int32_t low, int32_t high, int32_t *ret)
{
	if (!cursor_get_bool(c))
		return false;
	*ret = cursor_get_i32(c);
	if (*ret < low || *ret > high)
		cursor_fail(c, -EBADMSG);
	return true;
}

static void get_tighter(struct cursor *c, struct tighter *t)
{
	t->memory_max = cursor_get_u64(c);
	t->tasks_max = cursor_get_u64(c);
	t->cpu_quota = cursor_get_u64(c);
	t->has_nice = get_optional(c, NICE_LOW, NICE_HIGH, &t->nice);
	t->has_oom_score_adjust = get_optional(c, OOM_SCORE_LOW, OOM_SCORE_HIGH, &t->oom_score_adjust);
	t->drop_capabilities = cursor_get_u64(c);
	t->no_network = cursor_get_bool(c);
	if (t->cpu_quota > WIRE_QUOTA_MAX || (t->drop_capabilities & ~CAPABILITIES_ALL) != 0)
		cursor_fail(c, -EBADMSG);
}

static void get_note(struct cursor *c, uint8_t note[NOTE_MAX], size_t *ret_n)
{
	size_t n = 0;
	const void *p = cursor_get_bytes(c, NOTE_MAX, &n);

	if (p)
		memcpy(note, p, n);
	*ret_n = n;
}

int decode_launch_request(struct cursor *c, struct launch_request *ret)
{
	_cleanup_(launch_request_done) struct launch_request m = { 0 };
	int r;

	m.generation = cursor_get_u32(c);
	m.profile = cursor_get_u32(c);
	m.uid = get_uid(c);
	get_gids(c, &m);
	m.administrator = cursor_get_bool(c);
	m.label = cursor_get_str(c, LABEL_MAX);
	m.unit = cursor_get_str(c, WIRE_UNIT_MAX);
	m.polkit = cursor_get_bool(c);
	get_strings(c, &m);
	m.has_cwd = cursor_get_bool(c);
	if (m.has_cwd)
		m.cwd = cursor_get_str(c, CWD_MAX - 1);
	for (size_t i = 0; i < ELEMENTSOF(m.stdio); i++)
		m.stdio[i] = get_stdio(c);
	m.has_pty_size = cursor_get_bool(c);
	if (m.has_pty_size)
		get_size(c, &m.pty_rows, &m.pty_columns);
	m.notify = cursor_get_bool(c);
	get_fds(c, &m);
	get_binds(c, &m);
	m.has_lifeline = cursor_get_bool(c);
	m.detach = cursor_get_bool(c);
	m.adoptable = cursor_get_bool(c);
	get_limits(c, &m);
	m.runtime_max_usec = get_timeout(c);
	m.timeout_stop_usec = get_timeout(c);
	m.stop_signal = get_signal(c, 0);
	get_tighter(c, &m.tighter);
	m.tag = cursor_get_str(c, TAG_MAX);
	get_note(c, m.note, &m.n_note);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct launch_request){ 0 };
	return 0;
}

void launch_request_done(struct launch_request *m)
{
	free(m->gids);
	free(m->label);
	free(m->unit);
	strv_free(m->argv);
	strv_free(m->env);
	strv_free(m->unset_env);
	free(m->cwd);
	for (size_t i = 0; i < m->n_binds; i++)
		free(m->binds[i].slot);
	free(m->limits);
	free(m->tag);
	*m = (struct launch_request){ 0 };
}

int encode_refused(struct buf *b, uint32_t serial, const struct refused *m)
{
	put_head(b, WIRE_REFUSED, serial);
	buf_put_u32(b, m->refusal);
	buf_put_u32(b, m->stage);
	buf_put_i32(b, m->error);
	put_clipped(b, m->rule, WIRE_RULE_MAX);
	put_clipped(b, m->message, WIRE_MESSAGE_MAX);
	return buf_error(b);
}

int decode_refused(struct cursor *c, struct refused *ret)
{
	_cleanup_(refused_done) struct refused m = { 0 };
	int r;

	m.refusal = cursor_get_u32_max(c, WIRE_REFUSAL_MAX);
	m.stage = cursor_get_u32_max(c, WIRE_STAGE_MAX);
	m.error = get_error(c);
	/* a rule or a stage, not both; neither is for failures outside of plan and jail, and they have an
	 * errno */
	if ((m.refusal != 0 && m.stage != 0) || (m.refusal == 0 && m.stage == 0 && m.error == 0))
		cursor_fail(c, -EBADMSG);
	m.rule = cursor_get_str(c, WIRE_RULE_MAX);
	m.message = cursor_get_str(c, WIRE_MESSAGE_MAX);
	r = cursor_end(c);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct refused){ 0 };
	return 0;
}

void refused_done(struct refused *m)
{
	free(m->rule);
	free(m->message);
	*m = (struct refused){ 0 };
}
