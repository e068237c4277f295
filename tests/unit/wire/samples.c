/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Good records, full and nearly empty, and the way back from bytes to bytes for each type. */

#include "tests/unit/wire/samples.h"
#include "base/error.h"

#include <string.h>

static char tool[] = "/usr/bin/xz", flag[] = "-dc", lang[] = "LANG=C", home[] = "HOME", cwd[] = "/tmp",
	    tag[] = "t-1", empty[] = "", group[] = "/bailiff/7", profile[] = "decoder",
	    label[] = "u:r:chrome_t:s0", unit[] = "user@1000.service/chrome.service",
	    groups[] = "0::/system.slice/a.service\n", login[] = "1000", rule[] = "decoder.profile [Access]",
	    message[] = "user 5 may not";
static char *argv[] = { tool, flag, NULL }, *env[] = { lang, NULL }, *unset[] = { home, NULL };
static gid_t gids[] = { 0, 44, 4294967294U };
static char slot_one[] = "input", slot_two[] = "out";
static struct wire_limit limits[] = { { 7, 64, 128 }, { 4, 0, UINT64_MAX } };

static int encode_full_launch(struct buf *b, uint32_t serial)
{
	struct launch_request m = {
		.generation = 3,
		.profile = 2,
		.uid = 1000,
		.gids = gids,
		.n_gids = ELEMENTSOF(gids),
		.label = label,
		.unit = unit,
		.polkit = true,
		.argv = argv,
		.env = env,
		.unset_env = unset,
		.has_cwd = true,
		.cwd = cwd,
		.stdio = { 1, UINT32_MAX, 4 },
		.has_pty_size = true,
		.pty_rows = 24,
		.pty_columns = UINT16_MAX,
		.n_fds = 3,
		.fds = { { 0, true }, { 1023, false }, { 5, false } },
		.n_binds = 2,
		.binds = { { slot_one, true }, { slot_two, false } },
		.has_lifeline = true,
		.detach = true,
		.adoptable = true,
		.limits = limits,
		.n_limits = ELEMENTSOF(limits),
		.runtime_max_usec = USEC_INFINITY,
		.timeout_stop_usec = 5,
		.stop_signal = 64,
		.tighter = { UINT64_MAX, 7, 81920000, true, true, -20, 1000, 0x1ffffffffff, true },
		.tag = tag,
		.note = "a note",
		.n_note = 6,
	};

	return encode_launch_request(b, serial, &m);
}

static int encode_bare_launch(struct buf *b, uint32_t serial)
{
	struct launch_request m = { .stdio = { UINT32_MAX, UINT32_MAX, UINT32_MAX }, .administrator = true };

	return encode_launch_request(b, serial, &m);
}

static int recode_launch(struct cursor *c, uint32_t serial, struct buf *ret)
{
	_cleanup_(launch_request_done) struct launch_request m = { 0 };
	int r = decode_launch_request(c, &m);

	return r < 0 ? r : encode_launch_request(ret, serial, &m);
}

static int encode_sample_launched(struct buf *b, uint32_t serial)
{
	struct launched m = { 7, 4242, 1900000000, 1, 2, 3, 0x1fff, 0x1fff, group, true,
		{ 0, 1, UINT32_MAX } };

	return encode_launched(b, serial, &m);
}

static int recode_launched(struct cursor *c, uint32_t serial, struct buf *ret)
{
	_cleanup_(launched_done) struct launched m = { 0 };
	int r = decode_launched(c, &m);

	return r < 0 ? r : encode_launched(ret, serial, &m);
}

static int encode_refused_rule(struct buf *b, uint32_t serial)
{
	struct refused m = { .refusal = 1, .rule = rule, .message = message };

	return encode_refused(b, serial, &m);
}

static int encode_refused_stage(struct buf *b, uint32_t serial)
{
	struct refused m = { .stage = 12, .error = -ENOENT, .message = tool };

	return encode_refused(b, serial, &m);
}

static int encode_refused_error(struct buf *b, uint32_t serial)
{
	struct refused m = { .error = -4095 };

	return encode_refused(b, serial, &m);
}

static int recode_refused(struct cursor *c, uint32_t serial, struct buf *ret)
{
	_cleanup_(refused_done) struct refused m = { 0 };
	int r = decode_refused(c, &m);

	return r < 0 ? r : encode_refused(ret, serial, &m);
}

static int encode_sample_signal(struct buf *b, uint32_t serial)
{
	struct signal_request m = { UINT64_MAX, 15, true };

	return encode_signal_request(b, serial, &m);
}

static int recode_signal(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct signal_request m;
	int r = decode_signal_request(c, &m);

	return r < 0 ? r : encode_signal_request(ret, serial, &m);
}

static int encode_sample_resize(struct buf *b, uint32_t serial)
{
	struct resize_request m = { 9, 24, UINT16_MAX };

	return encode_resize_request(b, serial, &m);
}

static int recode_resize(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct resize_request m;
	int r = decode_resize_request(c, &m);

	return r < 0 ? r : encode_resize_request(ret, serial, &m);
}

static int encode_sample_noted(struct buf *b, uint32_t serial)
{
	return encode_noted_request(b, serial, &(struct noted_request){ 9, true, false });
}

static int recode_noted(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct noted_request m;
	int r = decode_noted_request(c, &m);

	return r < 0 ? r : encode_noted_request(ret, serial, &m);
}

static int encode_sample_notice(struct buf *b, uint32_t serial)
{
	return encode_notice_event(b, &(struct notice_event){ 9, "READY=1\nSTATUS=", 15 });
}

static int recode_notice(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct notice_event m;
	int r = decode_notice_event(c, &m);

	return r < 0 ? r : encode_notice_event(ret, &m);
}

static int encode_sample_stop(struct buf *b, uint32_t serial)
{
	struct stop_request m = { 9, USEC_INFINITY, RESULT_CLIENT_GONE };

	return encode_stop_request(b, serial, &m);
}

static int recode_stop(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct stop_request m;
	int r = decode_stop_request(c, &m);

	return r < 0 ? r : encode_stop_request(ret, serial, &m);
}

static int encode_sample_forget(struct buf *b, uint32_t serial)
{
	return encode_id(b, WIRE_FORGET, serial, 1);
}

static int recode_id(struct cursor *c, enum wire_type type, uint32_t serial, struct buf *ret)
{
	uint64_t id;
	int r = decode_id(c, &id);

	return r < 0 ? r : encode_id(ret, type, serial, id);
}

static int recode_forget(struct cursor *c, uint32_t serial, struct buf *ret)
{
	return recode_id(c, WIRE_FORGET, serial, ret);
}

static int encode_sample_freeze(struct buf *b, uint32_t serial)
{
	return encode_freeze_request(b, serial, &(struct freeze_request){ 7, true });
}

static int recode_freeze(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct freeze_request m;
	int r = decode_freeze_request(c, &m);

	return r < 0 ? r : encode_freeze_request(ret, serial, &m);
}

static int encode_sample_limit(struct buf *b, uint32_t serial)
{
	return encode_limit_request(
		b, serial, &(struct limit_request){ 7, 1 << 20, UINT64_MAX, 2500, USEC_INFINITY, 5 });
}

static int recode_limit(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct limit_request m;
	int r = decode_limit_request(c, &m);

	return r < 0 ? r : encode_limit_request(ret, serial, &m);
}

static int encode_sample_usage(struct buf *b, uint32_t serial)
{
	return encode_usage(b, serial, &(struct usage){ USAGE_CPU | USAGE_MEMORY, 12, 1 << 30, 0 });
}

static int recode_usage(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct usage m;
	int r = decode_usage(c, &m);

	return r < 0 ? r : encode_usage(ret, serial, &m);
}

static int encode_sample_stopping(struct buf *b, uint32_t serial)
{
	return encode_id(b, WIRE_STOPPING, serial, 7);
}

static int recode_stopping(struct cursor *c, uint32_t serial, struct buf *ret)
{
	return recode_id(c, WIRE_STOPPING, serial, ret);
}

static int encode_sample_abandon(struct buf *b, uint32_t serial)
{
	return encode_id(b, WIRE_ABANDON, serial, UINT32_MAX);
}

static int recode_abandon(struct cursor *c, uint32_t serial, struct buf *ret)
{
	return recode_id(c, WIRE_ABANDON, serial, ret);
}

static int encode_sample_violation(struct buf *b, uint32_t serial)
{
	return encode_violation_event(
		b, &(struct violation_event){
			   7, { 5, 0xc000003e, 101, 0x7f00, { 1, 2, 3, 4, 5, UINT64_MAX }, true } });
}

static int recode_violation(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct violation_event m;
	int r = decode_violation_event(c, &m);

	return r < 0 ? r : encode_violation_event(ret, &m);
}

static int encode_sample_done(struct buf *b, uint32_t serial)
{
	struct done m = { -ESRCH };

	return encode_done(b, serial, &m);
}

static int recode_done(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct done m;
	int r = decode_done(c, &m);

	return r < 0 ? r : encode_done(ret, serial, &m);
}

static int encode_sample_salt(struct buf *b, uint32_t serial)
{
	return encode_salt(b, serial, "0123456789abcdef", 16);
}

static int recode_salt(struct cursor *c, uint32_t serial, struct buf *ret)
{
	const void *salt;
	size_t size;
	int r = decode_salt(c, &salt, &size);

	return r < 0 ? r : encode_salt(ret, serial, salt, size);
}

static int encode_sample_process(struct buf *b, uint32_t serial)
{
	struct process_request m = { INT32_MAX };

	return encode_process_request(b, serial, &m);
}

static int recode_process(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct process_request m;
	int r = decode_process_request(c, &m);

	return r < 0 ? r : encode_process_request(ret, serial, &m);
}

static int encode_seen_process(struct buf *b, uint32_t serial)
{
	struct process_answer m = { 0, 1000, groups, login };

	return encode_process_answer(b, serial, &m);
}

static int encode_gone_process(struct buf *b, uint32_t serial)
{
	struct process_answer m = { .error = -ESRCH };

	return encode_process_answer(b, serial, &m);
}

static int recode_seen(struct cursor *c, uint32_t serial, struct buf *ret)
{
	_cleanup_(process_answer_done) struct process_answer m = { 0 };
	int r = decode_process_answer(c, &m);

	return r < 0 ? r : encode_process_answer(ret, serial, &m);
}

/* The event has no answer and always serial 0. */
static int encode_sample_exit(struct buf *b, uint32_t serial)
{
	struct sandbox_exit m = { 7, RESULT_SIGNAL, 0, 9, 5, { USAGE_CPU | USAGE_TASKS, 6, 0, 3 } };

	return encode_sandbox_exit(b, &m);
}

static int recode_exit(struct cursor *c, uint32_t serial, struct buf *ret)
{
	struct sandbox_exit m;
	int r = decode_sandbox_exit(c, &m);

	return r < 0 ? r : encode_sandbox_exit(ret, &m);
}

static struct sandbox_entry sample_entry(void)
{
	return (struct sandbox_entry){
		.launched = { 7, 0, 1000, 1, 2, 3, 0, 0, empty, false, { 0 } },
		.generation = 1,
		.profile = profile,
		.tag = tag,
		.owner = 1000,
		.state = SANDBOX_RUNNING,
		.has_lifeline = true,
		.runtime_max_usec = USEC_INFINITY,
		.timeout_stop_usec = 0,
		.stop_signal = 15,
		.note = ":1.7",
		.n_note = 4,
	};
}

static int encode_live_entry(struct buf *b, uint32_t serial)
{
	struct sandbox_entry m = sample_entry();

	return encode_sandbox_entry(b, serial, &m);
}

static int encode_exited_entry(struct buf *b, uint32_t serial)
{
	struct sandbox_entry m = sample_entry();

	m.state = SANDBOX_EXITED;
	m.violations[0] = m.violations[1] = (struct violation){ 5, 0x40000003, 1, 2, { 0 }, false };
	m.n_violations = 2;
	m.exit = (struct sandbox_exit){ .id = 7, .result = RESULT_EXIT_CODE, .exit_code = 255 };
	m.n_note = 0;
	return encode_sandbox_entry(b, serial, &m);
}

static int recode_entry(struct cursor *c, uint32_t serial, struct buf *ret)
{
	_cleanup_(sandbox_entry_done) struct sandbox_entry m = { 0 };
	int r = decode_sandbox_entry(c, &m);

	return r < 0 ? r : encode_sandbox_entry(ret, serial, &m);
}

struct sample samples[] = {
	{ "launch, everything", WIRE_LAUNCH, encode_full_launch, recode_launch },
	{ "launch, nothing", WIRE_LAUNCH, encode_bare_launch, recode_launch },
	{ "launched", WIRE_LAUNCHED, encode_sample_launched, recode_launched },
	{ "refused by a rule", WIRE_REFUSED, encode_refused_rule, recode_refused },
	{ "refused by a stage", WIRE_REFUSED, encode_refused_stage, recode_refused },
	{ "refused by an error", WIRE_REFUSED, encode_refused_error, recode_refused },
	{ "signal", WIRE_SIGNAL, encode_sample_signal, recode_signal },
	{ "stop", WIRE_STOP, encode_sample_stop, recode_stop },
	{ "resize", WIRE_RESIZE, encode_sample_resize, recode_resize },
	{ "noted", WIRE_NOTED, encode_sample_noted, recode_noted },
	{ "notice", WIRE_NOTICE, encode_sample_notice, recode_notice },
	{ "forget", WIRE_FORGET, encode_sample_forget, recode_forget },
	{ "freeze", WIRE_FREEZE, encode_sample_freeze, recode_freeze },
	{ "limit", WIRE_LIMIT, encode_sample_limit, recode_limit },
	{ "usage", WIRE_USAGE_IS, encode_sample_usage, recode_usage },
	{ "stopping", WIRE_STOPPING, encode_sample_stopping, recode_stopping },
	{ "violation", WIRE_VIOLATION, encode_sample_violation, recode_violation },
	{ "done", WIRE_DONE, encode_sample_done, recode_done },
	{ "salt", WIRE_SALT_IS, encode_sample_salt, recode_salt },
	{ "process", WIRE_PROCESS, encode_sample_process, recode_process },
	{ "process, seen", WIRE_PROCESS_IS, encode_seen_process, recode_seen },
	{ "process, gone", WIRE_PROCESS_IS, encode_gone_process, recode_seen },
	{ "exited", WIRE_EXITED, encode_sample_exit, recode_exit },
	{ "entry, live", WIRE_ENTRY, encode_live_entry, recode_entry },
	{ "entry, exited", WIRE_ENTRY, encode_exited_entry, recode_entry },
	{ "abandon", WIRE_ABANDON, encode_sample_abandon, recode_abandon },
};

const size_t n_samples = ELEMENTSOF(samples);
