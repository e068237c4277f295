/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a question, of a connection on the bus or of the direct socket, to a broker that knows the
 * question's form, because it was asked something good with the same header before. What it answers then,
 * or does not, must be what sd-bus and the handlers behind it say to the same bytes: byte for byte, but for
 * the answer's own serial. Arguments that are read without sd-bus must be those that sd-bus reads.
 *
 * The first byte says over which of the two (bit 0), which of the target's own headers the rest is a body for
 * (bits 1 and 2; 0: the rest is a whole message), and whose it is (bits 3 and 4).
 */

#include "base/error.h"
#include "base/fd.h"
#include "broker/body.h"
#include "broker/bus.h"
#include "broker/gate.h"
#include "broker/launch-args.h"
#include "broker/quick.h"
#include "samples.h"
#include "tests/bus/rig.h"
#include "tests/unit/broker/sink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DIRECT    ":direct.1"
#define REPLY_MAX (1024 * 1024)
/* of the head */
#define AT_SERIAL  8
#define SERIAL_END 12
/* see recall.c */
#define SERIAL_QUICK (UINT32_MAX - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct gate {
	sd_bus *bus;
	int inner, fd; /* of the broker's side, ours */
	struct relay relay;
};

static struct {
	struct rig *rig;
	struct gate gates[2];            /* the bus, the direct socket */
	const struct message_span *told; /* what sd-bus is reading */
	int question;                    /* what it took that for, or -1 */
} all;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool same_words(const struct words *a, const struct words *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static size_t header_size(const struct message_span *m)
{
	uint32_t fields;

	memcpy(&fields, m->data + SERIAL_END, sizeof(fields));
	return MESSAGE_HEAD_SIZE + ((fields + 7) & ~7U);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_list(char *const *a, char *const *b)
{
	if (!a || !b)
		return a == b;
	while (*a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return !*a && !*b;
}

static bool same_limits(const struct launch_args *a, const struct launch_args *b)
{
	if (a->n_limits != b->n_limits)
		return false;
	for (size_t i = 0; i < a->n_limits; i++)
		if (a->limits[i].resource != b->limits[i].resource ||
			a->limits[i].soft != b->limits[i].soft || a->limits[i].hard != b->limits[i].hard)
			return false;
	return true;
}

static bool same_tighter(const struct tighter *a, const struct tighter *b)
{
	return a->memory_max == b->memory_max && a->tasks_max == b->tasks_max &&
	       a->cpu_quota == b->cpu_quota && a->has_oom_score_adjust == b->has_oom_score_adjust &&
	       a->oom_score_adjust == b->oom_score_adjust && a->has_nice == b->has_nice &&
	       a->nice == b->nice && a->drop_capabilities == b->drop_capabilities &&
	       a->no_network == b->no_network;
}

/* What takes no descriptor. */
static bool same_options(const struct launch_args *a, const struct launch_args *b)
{
	return memcmp(a->stdio, b->stdio, sizeof(a->stdio)) == 0 && a->has_pty_size == b->has_pty_size &&
	       a->pty_rows == b->pty_rows && a->pty_columns == b->pty_columns && same_text(a->cwd, b->cwd) &&
	       same_text(a->tag, b->tag) && same_text(a->token, b->token) && a->detach == b->detach &&
	       a->notify == b->notify && a->interactive == b->interactive && same_limits(a, b) &&
	       a->runtime_max_usec == b->runtime_max_usec && a->timeout_stop_usec == b->timeout_stop_usec &&
	       a->stop_signal == b->stop_signal && same_tighter(&a->tighter, &b->tighter) &&
	       same_list(a->optional, b->optional) && same_list(a->unknown, b->unknown) && a->seen == b->seen;
}

/* Explain's arguments, from bytes and by sd-bus. */
static void compare_readers(sd_bus_message *m, const char *name)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(launch_args_done) struct launch_args slow, quick;
	const size_t header = header_size(all.told);
	struct cursor c = CURSOR_INIT(all.told->data + header, all.told->size - header);
	struct reader bytes = { .bytes = &c }, message = { .message = m };
	_cleanup_(sd_bus_error_free) sd_bus_error unsaid = SD_BUS_ERROR_NULL;
	const char *quick_name;
	int r;

	launch_args_init(&slow);
	launch_args_init(&quick);
	r = reader_basic(&bytes, SD_BUS_TYPE_STRING, &quick_name);
	if (r >= 0)
		r = launch_args_read_question(&quick, &bytes, &unsaid);
	if (r < 0)
		return;
	require(name && strcmp(name, quick_name) == 0);
	require(launch_args_read_question(&slow, &message, &error) >= 0);
	require(same_words(&slow.argv, &quick.argv) && same_words(&slow.env, &quick.env));
	require(same_words(&slow.unset_env, &quick.unset_env) && same_options(&slow, &quick));
	require(slow.bytes == quick.bytes && slow.question && quick.question);
}

/* The quick reader is for what has the right types, in this machine's byte order. */
static bool has_quick_reader(sd_bus_message *m)
{
	uint16_t one = 1;

	return sd_bus_message_has_signature(m, "sasa{ss}a{sv}") > 0 &&
	       (all.told->data[0] == 'l') == (*(const uint8_t *)&one == 1);
}

static bool is_known(const char *sender)
{
	for (size_t i = 0; sender && i < CALLERS; i++)
		if (strcmp(sender, sample_callers[i]) == 0)
			return true;
	return false;
}

/* What waits for the launcher's word of a unit has no answer here. */
static bool waits(const char *profile)
{
	return profile && strcmp(profile, "unit") == 0;
}

/* Before the broker's own filter: 1, sd-bus looks no further. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const int question = sample_find(sd_bus_message_get_member(m));
	const struct gate *g = userdata;
	const char *name = NULL;
	uint8_t type;

	require(sd_bus_message_get_type(m, &type) >= 0);
	if (type != SD_BUS_MESSAGE_METHOD_CALL || question < 0 ||
		(g == &all.gates[0] && !is_known(sd_bus_message_get_sender(m))))
		return 1;
	if (question == QUESTION_EXPLAIN) {
		if (sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name) <= 0)
			name = NULL;
		if (has_quick_reader(m))
			compare_readers(m, name);
		require(sd_bus_message_rewind(m, true) >= 0);
	}
	all.question = question;
	return waits(name);
}

static void open_gate(struct gate *g)
{
	struct broker *b = &all.rig->broker;
	int pair[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	require(gate_open(DIRECT, all.rig->bus_id, true, &g->bus, &g->inner) == 0);
	relay_init(&g->relay, pair[0], g->inner, MESSAGE_SIZE_MAX, REPLY_MAX);
	g->relay.recall = &b->recall;
	g->relay.owner = recall_owner(&b->recall);
	g->fd = pair[1];
	require(bus_add_objects(b, g->bus) >= 0);
	/* the last one that is added comes first */
	require(sd_bus_add_filter(g->bus, NULL, on_message, g) >= 0);
}

/* What goes out for it. */
static void ask(struct gate *g, const struct message_span *m, struct buf *ret)
{
	uint8_t part[4096];
	ssize_t n;

	*ret = BUF_INIT(REPLY_MAX);
	all.told = m;
	all.question = -1;
	require(quick_deliver(&all.rig->broker, &g->relay, g->bus, m) >= 0);
	pump_look_again(&g->relay.out);
	while (relay_out(&g->relay) > 0)
		;
	while ((n = recv(g->fd, part, sizeof(part), MSG_DONTWAIT)) > 0)
		buf_put(ret, part, (size_t)n);
	require(!relay_blocked(&g->relay) && buf_error(ret) == 0);
}

static bool is_quick(const struct buf *answer)
{
	uint32_t serial;

	if (answer->size < MESSAGE_HEAD_SIZE)
		return false;
	memcpy(&serial, answer->data + AT_SERIAL, sizeof(serial));
	return serial == SERIAL_QUICK;
}

/* But for its serial. */
static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->size == b->size &&
	       (a->size == 0 || (a->size > SERIAL_END && memcmp(a->data, b->data, AT_SERIAL) == 0 &&
					memcmp(a->data + SERIAL_END, b->data + SERIAL_END,
						a->size - SERIAL_END) == 0));
}

/* Answers are not recalled; forms are. */
static void forget_answers(void)
{
	struct recall *r = &all.rig->broker.recall;

	for (size_t i = 0; i < RECALL_MAX; i++) {
		free(r->v[i].data);
		r->v[i] = (struct recalled){ 0 };
	}
}

/* Something good is asked with the header of this message. */
static void teach(struct gate *g, const struct message_span *m, int question)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(MESSAGE_SIZE_MAX), answer = BUF_INIT(0);
	const size_t header = header_size(m);
	struct message_fault fault;
	struct message_span good;

	/* in the other byte order it is some number */
	if (header > m->size)
		return;
	buf_put(&b, m->data, header);
	sample_body(question, &b);
	require(buf_error(&b) == 0);
	message_fit_body(b.data, b.size);
	good = (struct message_span){ .data = b.data, .size = b.size };
	if (message_check(b.data, b.size, 0, &fault) == 0)
		ask(g, &good, &answer);
	forget_answers();
}

/* Of a header that is known, the check of the whole message is left out: it would say the same. */
static void compare_checks(const struct gate *g, const struct message_span *m)
{
	const struct recall *r = &all.rig->broker.recall;
	struct message_fault told = { 0 }, checked = { 0 };

	if (!recall_check(r, g->relay.owner, m, &told))
		return;
	require(message_check(m->data, m->size, 0, &checked) == 0);
	require(told.type == checked.type && told.serial == checked.serial && !told.why && !checked.why);
	require(told.answer == checked.answer && told.readable == checked.readable);
	require(strcmp(told.sender, checked.sender) == 0);
}

static void compare_without_serial(const struct gate *g, const struct message_span *m)
{
	_cleanup_free_ uint8_t *data = malloc(m->size);
	const struct message_span none = { .data = data, .size = m->size };

	require(data != NULL);
	memcpy(data, m->data, m->size);
	memset(data + AT_SERIAL, 0, SERIAL_END - AT_SERIAL);
	compare_checks(g, &none);
}

/* True: it was answered without sd-bus. */
static bool compare(struct gate *g, const struct message_span *m)
{
	_cleanup_(buf_done) struct buf slow = BUF_INIT(0), quick = BUF_INIT(0), again = BUF_INIT(0);
	int question;

	recall_forget(&all.rig->broker.recall);
	ask(g, m, &slow);
	require(!is_quick(&slow));
	question = all.question;
	if (question < 0)
		return false;
	recall_forget(&all.rig->broker.recall);
	teach(g, m, question);
	compare_checks(g, m);
	compare_without_serial(g, m);
	ask(g, m, &quick);
	ask(g, m, &again);
	require(is_same(&slow, &quick) && is_same(&slow, &again));
	return is_quick(&quick);
}

/* The launcher tells the salt, and there are sandboxes. */
static void prepare(struct rig *r)
{
	sd_bus_message *m = rig_call(r, ALICE, 0, "GetSanitizedUsername");
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct reply reply;
	struct request q;

	require(sd_bus_message_append(m, "s", "x") >= 0);
	rig_send(r, m, &reply);
	rig_take(r, WIRE_SALT, &q);
	(void)encode_salt(&b, q.serial, "0123456789abcdef", 16);
	require(wire_send(r->launcher, b.data, b.size, NULL, 0) == 0);
	request_done(&q);
	rig_wait(r, &reply);
	reply_done(&reply);
	rig_launch_sandbox(r, ALICE, "decoder", 1, &reply);
	reply_done(&reply);
	rig_launch_sandbox(r, ALICE, "open", 23, &reply);
	reply_done(&reply);
}

static void set_up(void)
{
	struct identity alice = { .uid = 1000, .gids = calloc(2, sizeof(gid_t)), .n_gids = 2, .pidfd = -1 };
	void *state = NULL;

	require(alice.gids && rig_setup(&state) == 0);
	alice.gids[0] = 1000;
	alice.gids[1] = 44;
	all.rig = state;
	for (size_t i = 0; i < CALLERS; i++)
		rig_expect(all.rig, rig_call(all.rig, sample_callers[i], 0, "ListProfiles"), NULL, NULL);
	prepare(all.rig);
	for (size_t i = 0; i < ELEMENTSOF(all.gates); i++)
		open_gate(&all.gates[i]);
	all.rig->broker.callers.bus = all.gates[0].bus;
	require(callers_add_direct(&all.rig->broker.callers, DIRECT, all.gates[1].bus, &alice) == 0);
}

static bool try(const uint8_t *data, size_t size)
{
	const int question = (data[0] >> 1 & 3) - 1;
	_cleanup_(buf_done) struct buf header = BUF_INIT(0);
	_cleanup_free_ uint8_t *exact = NULL;
	struct message_fault fault;
	struct message_span m;

	if (question >= 0)
		sample_header(question, data[0] >> 3 & 3, &header);
	m.size = header.size + size - 1;
	m.data = exact = malloc(m.size > 0 ? m.size : 1);
	m.fds = NULL;
	m.n_fds = 0;
	require(exact != NULL);
	if (header.size > 0)
		memcpy(exact, header.data, header.size);
	memcpy(exact + header.size, data + 1, size - 1);
	if (m.size < MESSAGE_HEAD_SIZE)
		return false;
	message_fit_body(exact, m.size);
	/* who comes so far has been checked */
	return message_check(m.data, m.size, 0, &fault) == 0 && compare(&all.gates[data[0] & 1], &m);
}

/* Or nothing here would be tried. */
static void require_quick(void)
{
	for (int i = 0; i < 2 * QUESTIONS; i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0), body = BUF_INIT(0);

		sample_body(i / 2, &body);
		buf_put_u8(&b, (uint8_t)((i / 2 + 1) << 1 | (i & 1)));
		buf_put(&b, body.data, body.size);
		require(buf_error(&b) == 0 && try(b.data, b.size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!all.rig) {
		set_up();
		require_quick();
	}
	if (size > 0 && size < MESSAGE_SIZE_MAX)
		(void)try(data, size);
	return 0;
}
