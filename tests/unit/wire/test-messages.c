/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Encoders and decoders: every message there and back, damaged in every single way, and outside of every
 * range. */

#include "base/capability-names.h"
#include "base/error.h"
#include "base/strv.h"
#include "base/unit-name.h"
#include "jail/stage.h"
#include "plan/plan.h"
#include "tests/unit/unit.h"
#include "tests/unit/wire/samples.h"
#include "wire/ranges.h"

#include <string.h>
#include <sys/resource.h>

/* Wire can not include the layers that own these numbers. */
_Static_assert(WIRE_STDIO_MAX == STDIO_JOURNAL, "the highest stdio mode that a request may ask for");
_Static_assert(WIRE_STDIO_UNSET == PLAN_STDIO_UNSET, "no stdio mode asked for");
_Static_assert(WIRE_REFUSAL_MAX == _REFUSAL_MAX - 1, "refusals");
_Static_assert(WIRE_STAGE_MAX == _STAGE_MAX - 1 && WIRE_STAGES == _STAGE_MAX, "stages");
_Static_assert(WIRE_LACK_MAX == _LACK_MAX - 1, "what may be lacking");
_Static_assert(WIRE_RESOURCES == RLIM_NLIMITS, "resources");
_Static_assert(WIRE_QUOTA_MAX == GROUP_QUOTA_MAX, "quota");
_Static_assert(WIRE_RULE_MAX >= sizeof(((struct plan_result *)0)->rule), "a rule fits");
_Static_assert(WIRE_UNIT_MAX == UNIT_MAX, "a unit fits");
_Static_assert(WIRE_MESSAGE_MAX >= PLAN_MESSAGE_MAX, "a message fits");

#define HEAD 8U /* type and serial */

static int recode(const struct sample *s, const uint8_t *data, size_t size, struct buf *ret)
{
	struct cursor c = CURSOR_INIT(data, size);
	uint32_t type, serial;
	int r = wire_head(&c, &type, &serial);

	if (r < 0)
		return r;
	return type == s->type ? s->recode(&c, serial, ret) : -EBADMSG;
}

/* Those that are encoded without a serial. */
static bool is_event(const struct sample *s)
{
	return s->type == WIRE_EXITED || s->type == WIRE_VIOLATION || s->type == WIRE_NOTICE;
}

static void test_round_trip(void **state)
{
	const struct sample *s = *state;
	_cleanup_(buf_done) struct buf there = BUF_INIT(WIRE_RECORD_MAX), back = BUF_INIT(WIRE_RECORD_MAX);
	struct cursor c;
	uint32_t type, serial;

	assert_int_equal(s->encode(&there, 77), 0);
	c = CURSOR_INIT(there.data, there.size);
	assert_int_equal(wire_head(&c, &type, &serial), 0);
	assert_int_equal(type, s->type);
	assert_int_equal(serial, is_event(s) ? 0 : 77);
	assert_int_equal(recode(s, there.data, there.size, &back), 0);
	assert_int_equal(back.size, there.size);
	assert_memory_equal(back.data, there.data, there.size);
}

/* A copy of exactly n bytes, so that a sanitizer sees any look past them. */
static uint8_t *exact_copy(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	assert_non_null(copy);
	memcpy(copy, data, n);
	return copy;
}

static void test_truncations(void **state)
{
	const struct sample *s = *state;
	_cleanup_(buf_done) struct buf good = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(s->encode(&good, 1), 0);
	for (size_t n = 0; n < good.size; n++) {
		_cleanup_free_ uint8_t *cut = exact_copy(good.data, n);
		_cleanup_(buf_done) struct buf back = BUF_INIT(WIRE_RECORD_MAX);

		assert_int_equal(recode(s, cut, n, &back), -EBADMSG);
	}
	buf_put_u8(&good, 0);
	{
		_cleanup_(buf_done) struct buf back = BUF_INIT(WIRE_RECORD_MAX);

		assert_int_equal(recode(s, good.data, good.size, &back), -EBADMSG);
	}
}

/* Whatever is accepted is the one encoding of what was understood. */
static void test_bit_flips(void **state)
{
	const struct sample *s = *state;
	_cleanup_(buf_done) struct buf good = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(s->encode(&good, is_event(s) ? 0 : 1), 0);
	for (size_t bit = HEAD * 8; bit < good.size * 8; bit++) {
		_cleanup_free_ uint8_t *bad = exact_copy(good.data, good.size);
		_cleanup_(buf_done) struct buf back = BUF_INIT(WIRE_RECORD_MAX);
		int r;

		bad[bit / 8] ^= (uint8_t)(1U << bit % 8);
		r = recode(s, bad, good.size, &back);
		assert_true(r == 0 || r == -EBADMSG);
		if (r < 0)
			continue;
		assert_int_equal(back.size, good.size);
		assert_memory_equal(back.data, bad, good.size);
	}
}

/* Decodes what encode_launch_request() makes of m: an encoder writes what it is told. */
static int through_launch(const struct launch_request *m)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	_cleanup_(launch_request_done) struct launch_request back = { 0 };
	struct cursor c;
	uint32_t type, serial;
	int r = encode_launch_request(&b, 1, m);

	if (r < 0)
		return r;
	c = CURSOR_INIT(b.data, b.size);
	r = wire_head(&c, &type, &serial);
	return r < 0 ? r : decode_launch_request(&c, &back);
}

static struct launch_request bare(void)
{
	return (struct launch_request){ .stdio = { UINT32_MAX, UINT32_MAX, UINT32_MAX } };
}

static void test_launch_scalars(void **state)
{
	static const struct {
		uint64_t usec;
		int expected;
	} times[] = { { 0, 0 }, { TIMEOUT_USEC_MAX, 0 }, { TIMEOUT_USEC_MAX + 1, -EBADMSG },
		{ UINT64_MAX - 1, -EBADMSG }, { UINT64_MAX, 0 } };
	static const struct {
		int32_t signal;
		int expected;
	} signals[] = { { 0, 0 }, { 64, 0 }, { 65, -EBADMSG }, { -1, -EBADMSG }, { INT32_MIN, -EBADMSG } };
	static const struct {
		uint32_t mode;
		int expected;
	} modes[] = { { 0, 0 }, { 5, 0 }, { 6, -EBADMSG }, { UINT32_MAX - 1, -EBADMSG }, { UINT32_MAX, 0 } };
	struct launch_request m = bare();

	m.uid = UINT32_MAX;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.uid = UINT32_MAX - 1;
	assert_int_equal(through_launch(&m), 0);
	for (size_t i = 0; i < ELEMENTS(times); i++) {
		m = bare();
		m.runtime_max_usec = times[i].usec;
		assert_int_equal(through_launch(&m), times[i].expected);
		m = bare();
		m.timeout_stop_usec = times[i].usec;
		assert_int_equal(through_launch(&m), times[i].expected);
	}
	for (size_t i = 0; i < ELEMENTS(signals); i++) {
		m = bare();
		m.stop_signal = signals[i].signal;
		assert_int_equal(through_launch(&m), signals[i].expected);
	}
	for (size_t i = 0; i < ELEMENTS(modes); i++) {
		m = bare();
		m.stdio[i % 3] = modes[i].mode;
		assert_int_equal(through_launch(&m), modes[i].expected);
	}
}

/* Options that tighten: each number up to its bound, and what the sender does not have is not carried. */
static void test_launch_tighter(void **state)
{
	static const struct {
		struct tighter t;
		int expected;
	} rows[] = {
		{ { .memory_max = UINT64_MAX, .tasks_max = UINT64_MAX }, 0 },
		{ { .cpu_quota = GROUP_QUOTA_MAX }, 0 },
		{ { .cpu_quota = GROUP_QUOTA_MAX + 1 }, -EBADMSG },
		{ { .has_nice = true, .nice = -20 }, 0 },
		{ { .has_nice = true, .nice = -21 }, -EBADMSG },
		{ { .has_nice = true, .nice = 20 }, -EBADMSG },
		{ { .nice = 20 }, 0 },
		{ { .has_oom_score_adjust = true, .oom_score_adjust = 1000 }, 0 },
		{ { .has_oom_score_adjust = true, .oom_score_adjust = 1001 }, -EBADMSG },
		{ { .has_oom_score_adjust = true, .oom_score_adjust = -1001 }, -EBADMSG },
		{ { .drop_capabilities = CAPABILITIES_ALL, .no_network = true }, 0 },
		{ { .drop_capabilities = CAPABILITIES_ALL + 1 }, -EBADMSG },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct launch_request m = bare();

		m.tighter = rows[i].t;
		assert_int_equal(through_launch(&m), rows[i].expected);
	}
}

static void test_launch_binds(void **state)
{
	static char name[PROFILE_NAME_MAX + 2];
	struct launch_request m = bare();

	memset(name, 'a', PROFILE_NAME_MAX);
	m.n_binds = MOUNT_SLOTS_MAX;
	for (size_t i = 0; i < m.n_binds; i++)
		m.binds[i].slot = name;
	assert_int_equal(through_launch(&m), 0);
	name[PROFILE_NAME_MAX] = 'a';
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.n_binds++;
	assert_int_equal(through_launch(&m), -E2BIG);
}

static void test_launch_fds(void **state)
{
	struct launch_request m = bare();

	m.n_fds = FDS_MAX + 3;
	for (uint32_t i = 0; i < m.n_fds; i++) {
		m.fds[i].target = i;
		m.fds[i].made = i < 3;
	}
	assert_int_equal(through_launch(&m), 0);
	m.fds[0].made = false; /* one of the caller's too many */
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.n_fds++;
	assert_int_equal(through_launch(&m), -E2BIG);

	m = bare();
	m.n_fds = 2;
	m.fds[0].target = 5;
	m.fds[1].target = 5;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.fds[1].target = FD_TARGET_MAX;
	assert_int_equal(through_launch(&m), 0);
	m.fds[1].target = FD_TARGET_MAX + 1;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.fds[1].target = UINT32_MAX;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.fds[1].target = 3;
	m.fds[1].made = true; /* the broker makes standard streams only */
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.fds[1].target = 2;
	assert_int_equal(through_launch(&m), 0);
}

static void test_launch_lists(void **state)
{
	static gid_t many[GROUPS_MAX + 1];
	struct wire_limit limits[WIRE_RESOURCES + 1] = { 0 };
	struct launch_request m = bare();

	m.gids = many;
	m.n_gids = GROUPS_MAX;
	assert_int_equal(through_launch(&m), 0);
	m.n_gids++;
	assert_int_equal(through_launch(&m), -E2BIG);
	m.n_gids = 1;
	many[0] = UINT32_MAX;
	assert_int_equal(through_launch(&m), -EBADMSG);

	m = bare();
	m.limits = limits;
	for (uint32_t i = 0; i < WIRE_RESOURCES; i++)
		limits[i].resource = i;
	m.n_limits = WIRE_RESOURCES;
	assert_int_equal(through_launch(&m), 0);
	m.n_limits++;
	assert_int_equal(through_launch(&m), -E2BIG);
	m.n_limits = 2;
	limits[1].resource = 0; /* twice */
	assert_int_equal(through_launch(&m), -EBADMSG);
	limits[1].resource = WIRE_RESOURCES;
	assert_int_equal(through_launch(&m), -EBADMSG);
	limits[1] = (struct wire_limit){ 1, 6, 5 };
	assert_int_equal(through_launch(&m), -EBADMSG);
	m = bare();
	m.n_note = NOTE_MAX;
	assert_int_equal(through_launch(&m), 0);
	m.n_note++;
	assert_int_equal(through_launch(&m), -E2BIG);
}

static char *letters(size_t n)
{
	char *s = malloc(n + 1);

	assert_non_null(s);
	memset(s, 'x', n);
	s[n] = '\0';
	return s;
}

static void test_launch_strings(void **state)
{
	struct launch_request m = bare();
	_cleanup_free_ char *tag = letters(TAG_MAX), *long_tag = letters(TAG_MAX + 1),
			    *cwd = letters(CWD_MAX - 1), *long_cwd = letters(CWD_MAX),
			    *half = letters(ARG_BYTES_MAX / 2 - 1);
	char *one[] = { half, NULL }, *more[] = { half, tag, NULL };
	_cleanup_(strv_freep) char **many = NULL;

	m.tag = tag;
	m.has_cwd = true;
	m.cwd = cwd;
	assert_int_equal(through_launch(&m), 0);
	m.tag = long_tag;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.tag = tag;
	m.cwd = long_cwd;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m = bare();
	m.argv = one;
	m.env = one;
	assert_int_equal(through_launch(&m), 0);
	m.unset_env = more;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m = bare();
	many = calloc(ARGV_MAX + 2, sizeof(*many));
	assert_non_null(many);
	for (size_t i = 0; i < ARGV_MAX; i++)
		many[i] = letters(1);
	m.argv = many;
	assert_int_equal(through_launch(&m), 0);
	m.env = many;
	assert_int_equal(through_launch(&m), -EBADMSG);
	m.env = NULL;
	many[ARGV_MAX] = letters(1);
	assert_int_equal(through_launch(&m), -EBADMSG);
}

/* A full request of the largest size that the launcher accepts fits into a record. */
static void test_largest_launch(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	_cleanup_free_ char *rest = letters(ARG_BYTES_MAX - 2 * (ARGV_MAX - 1) - 1);
	_cleanup_free_ char **argv = calloc(ARGV_MAX + 1, sizeof(*argv));
	static gid_t gids[1024];
	char one[] = "1";
	struct launch_request m = bare();

	assert_non_null(argv);
	argv[0] = rest;
	for (size_t i = 1; i < ARGV_MAX; i++)
		argv[i] = one;
	m.argv = argv;
	m.gids = gids;
	m.n_gids = ELEMENTS(gids);
	m.n_fds = FDS_MAX;
	m.n_note = NOTE_MAX;
	for (uint32_t i = 0; i < FDS_MAX; i++)
		m.fds[i].target = i;
	assert_int_equal(encode_launch_request(&b, 1, &m), 0);
	assert_int_equal(through_launch(&m), 0);
}

#define THROUGH(name, type_)                                                                                 \
	static int through_##name(const struct type_ *m)                                                     \
	{                                                                                                    \
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);                                              \
		struct type_ back = { 0 };                                                                   \
		struct cursor c;                                                                             \
                                                                                                             \
		assert_int_equal(encode_##type_(&b, 1, m), 0);                                               \
		c = CURSOR_INIT(b.data + HEAD, b.size - HEAD);                                               \
		return decode_##type_(&c, &back);                                                            \
	}                                                                                                    \
	struct through_needs_semicolon_##name

THROUGH(signal, signal_request);
THROUGH(stop, stop_request);
THROUGH(resize, resize_request);
THROUGH(noted, noted_request);
THROUGH(done, done);

static int through_notice(uint64_t id, size_t size)
{
	static const char text[NOTICE_MAX + 1];
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct notice_event back;
	struct cursor c;

	assert_int_equal(encode_notice_event(&b, &(struct notice_event){ id, text, size }), 0);
	c = CURSOR_INIT(b.data + HEAD, b.size - HEAD);
	return decode_notice_event(&c, &back);
}

static void test_small_ranges(void **state)
{
	assert_int_equal(through_signal(&(struct signal_request){ 1, 1, false }), 0);
	assert_int_equal(through_signal(&(struct signal_request){ 0, 1, false }), -EBADMSG);
	assert_int_equal(through_signal(&(struct signal_request){ 1, 0, false }), -EBADMSG);
	assert_int_equal(through_signal(&(struct signal_request){ 1, 65, false }), -EBADMSG);
	assert_int_equal(through_signal(&(struct signal_request){ 1, -1, false }), -EBADMSG);
	assert_int_equal(through_stop(&(struct stop_request){ 1, 0, RESULT_KILLED }), 0);
	assert_int_equal(through_stop(&(struct stop_request){ 1, 0, RESULT_CLIENT_GONE }), 0);
	assert_int_equal(through_stop(&(struct stop_request){ 1, 0, RESULT_SUCCESS }), -EBADMSG);
	assert_int_equal(through_stop(&(struct stop_request){ 1, 0, RESULT_OOM }), -EBADMSG);
	assert_int_equal(through_resize(&(struct resize_request){ 1, UINT16_MAX, 0 }), 0);
	assert_int_equal(through_resize(&(struct resize_request){ 0, 1, 1 }), -EBADMSG);
	assert_int_equal(through_noted(&(struct noted_request){ 1, true, true }), 0);
	assert_int_equal(through_noted(&(struct noted_request){ 0, true, true }), -EBADMSG);
	assert_int_equal(through_notice(1, 0), 0);
	assert_int_equal(through_notice(1, NOTICE_MAX), 0);
	assert_int_equal(through_notice(1, NOTICE_MAX + 1), -EBADMSG);
	assert_int_equal(through_notice(0, 1), -EBADMSG);
	assert_int_equal(through_stop(&(struct stop_request){ 0, 0, RESULT_KILLED }), -EBADMSG);
	assert_int_equal(through_stop(&(struct stop_request){ 1, UINT64_MAX - 1, RESULT_KILLED }), -EBADMSG);
	assert_int_equal(through_done(&(struct done){ 0 }), 0);
	assert_int_equal(through_done(&(struct done){ -4095 }), 0);
	assert_int_equal(through_done(&(struct done){ -4096 }), -EBADMSG);
	assert_int_equal(through_done(&(struct done){ 1 }), -EBADMSG);
}

static int through_refused(const struct refused *m, struct refused *ret)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct cursor c;

	assert_int_equal(encode_refused(&b, 1, m), 0);
	c = CURSOR_INIT(b.data + HEAD, b.size - HEAD);
	return decode_refused(&c, ret);
}

static void test_refused(void **state)
{
	_cleanup_free_ char *text = letters(5000);
	struct refused back = { 0 };

	assert_int_equal(through_refused(&(struct refused){ 0, 0, 0, NULL, NULL }, &back), -EBADMSG);
	assert_int_equal(through_refused(&(struct refused){ 1, 1, 0, NULL, NULL }, &back), -EBADMSG);
	assert_int_equal(through_refused(&(struct refused){ 12, 0, 0, NULL, NULL }, &back), -EBADMSG);
	assert_int_equal(through_refused(&(struct refused){ 0, 13, 0, NULL, NULL }, &back), -EBADMSG);
	assert_null(back.rule);
	/* long texts are cut, between characters: 1023 bytes end inside the last two-byte one */
	text[1022] = '\xc3';
	text[1023] = '\xa4';
	assert_int_equal(through_refused(&(struct refused){ 1, 0, 0, text, text }, &back), 0);
	assert_int_equal(strlen(back.rule), WIRE_RULE_MAX);
	assert_int_equal(strlen(back.message), 1022);
	refused_done(&back);
	assert_null(back.message);
}

static int decode_exit_of(uint32_t result, int32_t code, int32_t signal)
{
	struct sandbox_exit m = { 1, result, code, signal, 0, { 0 } }, back;
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct cursor c;

	assert_int_equal(encode_sandbox_exit(&b, &m), 0);
	c = CURSOR_INIT(b.data + HEAD, b.size - HEAD);
	return decode_sandbox_exit(&c, &back);
}

static void test_exit(void **state)
{
	assert_int_equal(decode_exit_of(RESULT_SUCCESS, 0, 0), 0);
	assert_int_equal(decode_exit_of(RESULT_EXIT_CODE, 255, 0), 0);
	assert_int_equal(decode_exit_of(RESULT_SIGNAL, 0, 64), 0);
	assert_int_equal(decode_exit_of(_RESULT_MAX, 0, 0), -EBADMSG);
	assert_int_equal(decode_exit_of(RESULT_EXIT_CODE, 256, 0), -EBADMSG);
	assert_int_equal(decode_exit_of(RESULT_EXIT_CODE, -1, 0), -EBADMSG);
	assert_int_equal(decode_exit_of(RESULT_SIGNAL, 0, 65), -EBADMSG);
	assert_int_equal(decode_exit_of(RESULT_SIGNAL, 1, 9), -EBADMSG);
}

static void test_salt(void **state)
{
	static uint8_t salt[SALT_MAX + 1];
	const struct {
		size_t size;
		int expected;
	} rows[] = { { 0, -EBADMSG }, { SALT_MIN, 0 }, { SALT_MAX, 0 }, { SALT_MAX + 1, -EBADMSG } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		const void *back = NULL;
		size_t size = 0;
		struct cursor c;

		assert_int_equal(encode_salt(&b, 1, salt, rows[i].size), 0);
		c = CURSOR_INIT(b.data + HEAD, b.size - HEAD);
		assert_int_equal(decode_salt(&c, &back, &size), rows[i].expected);
		if (rows[i].expected == 0)
			assert_int_equal(size, rows[i].size);
	}
}

static void test_heads(void **state)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	struct cursor c;
	uint32_t type, serial;
	uint64_t id;

	assert_int_equal(encode_empty(&b, WIRE_LIST, 5), 0);
	assert_int_equal(b.size, HEAD);
	c = CURSOR_INIT(b.data, b.size);
	assert_int_equal(wire_head(&c, &type, &serial), 0);
	assert_int_equal(type, WIRE_LIST);
	assert_int_equal(serial, 5);
	assert_int_equal(cursor_end(&c), 0);
	c = CURSOR_INIT(b.data, 7);
	assert_int_equal(wire_head(&c, &type, &serial), -EBADMSG);
	assert_int_equal(encode_id(&b, WIRE_FORGET, 5, 0), 0);
	c = CURSOR_INIT(b.data + 2 * HEAD, b.size - 2 * HEAD);
	assert_int_equal(decode_id(&c, &id), -EBADMSG);
}

/* A buffer that is too small says so and the record is not sent by halves. */
static void test_encoder_limit(void **state)
{
	const struct sample *s = *state;
	_cleanup_(buf_done) struct buf whole = BUF_INIT(0);

	assert_int_equal(s->encode(&whole, 1), 0);
	for (size_t max = 1; max < whole.size; max++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(max);

		assert_int_equal(s->encode(&b, 1), -EMSGSIZE);
	}
}

int main(void)
{
	static const struct CMUnitTest singles[] = {
		cmocka_unit_test(test_launch_scalars),
		cmocka_unit_test(test_launch_fds),
		cmocka_unit_test(test_launch_binds),
		cmocka_unit_test(test_launch_tighter),
		cmocka_unit_test(test_launch_lists),
		cmocka_unit_test(test_launch_strings),
		cmocka_unit_test(test_largest_launch),
		cmocka_unit_test(test_small_ranges),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_salt),
		cmocka_unit_test(test_heads),
	};
	static const struct {
		const char *name;
		CMUnitTestFunction run;
	} all[] = { { "round trip", test_round_trip }, { "truncations", test_truncations },
		{ "bit flips", test_bit_flips }, { "encoder limit", test_encoder_limit } };
	_cleanup_free_ struct CMUnitTest *tests = calloc(n_samples, sizeof(*tests));
	int failed = _cmocka_run_group_tests("singles", singles, ELEMENTS(singles), NULL, NULL);

	if (!tests)
		return 1;
	for (size_t k = 0; k < ELEMENTS(all); k++) {
		for (size_t i = 0; i < n_samples; i++)
			tests[i] = (struct CMUnitTest){
				.name = samples[i].name, .test_func = all[k].run, .initial_state = &samples[i]
			};
		failed += _cmocka_run_group_tests(all[k].name, tests, n_samples, NULL, NULL);
	}
	return failed;
}
