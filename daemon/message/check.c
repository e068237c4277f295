/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message/check.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "message/header.h"

#include <string.h>
#include <systemd/sd-bus.h>

#define SIGNATURE_MAX 254 /* D-Bus permits 255: sd-bus does not */
#define DEPTH_MAX     32  /* of arrays, and of structs with dictionary entries */

#define BIT(field) (1U << (field))

struct reader {
	const uint8_t *data;
	size_t size, at;
	bool little;
};

/* One field's value, of a basic type. */
struct value {
	char type;
	uint32_t number;  /* u */
	const char *text; /* s, o, g: ends with a NUL */
	size_t size;      /* of the text */
};

struct header {
	struct value of[_FIELD_MAX];
	unsigned seen;   /* BIT(field) */
	const char *why; /* the first thing that is wrong; the fields behind it are read all the same */
};

static uint32_t get_u32(const uint8_t *at, bool little)
{
	return little ? at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24
		      : at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
}

int message_measure(const uint8_t head[MESSAGE_HEAD_SIZE], uint64_t *ret_size)
{
	const bool little = head[MESSAGE_AT_ENDIAN] == 'l';
	uint64_t fields, size;

	if ((!little && head[MESSAGE_AT_ENDIAN] != 'B') || head[MESSAGE_AT_VERSION] != 1)
		return -EBADMSG;
	fields = get_u32(head + MESSAGE_AT_FIELDS_SIZE, little);
	size = MESSAGE_HEAD_SIZE + ((fields + 7) & ~UINT64_C(7)) +
	       get_u32(head + MESSAGE_AT_BODY_SIZE, little);
	/* each kind of message has fields that must be there */
	if (size == MESSAGE_HEAD_SIZE)
		return -EBADMSG;
	*ret_size = size;
	return 0;
}

uint32_t message_serial(const uint8_t head[MESSAGE_HEAD_SIZE])
{
	return get_u32(head + MESSAGE_AT_SERIAL, head[MESSAGE_AT_ENDIAN] == 'l');
}

static bool is_basic(char c)
{
	return c != '\0' && strchr("ybnqiuxtdsogh", c) != NULL;
}

/* What a signature is in the middle of. */
struct nesting {
	size_t n, n_arrays, n_structs;
	struct {
		char open; /* a ( { */
		bool any, full;
	} level[2 * DEPTH_MAX];
};

static bool push(struct nesting *s, char open)
{
	size_t *n = open == 'a' ? &s->n_arrays : &s->n_structs;

	/* a dictionary entry is what an array is of, and nothing else */
	if (*n >= DEPTH_MAX || (open == '{' && (s->n == 0 || s->level[s->n - 1].open != 'a')))
		return false;
	++*n;
	s->level[s->n].open = open;
	s->level[s->n].any = s->level[s->n].full = false;
	s->n++;
	return true;
}

/* A complete type has come to its end: so have the arrays of it, and what they are in has one more. */
static bool complete(struct nesting *s, bool basic)
{
	while (s->n > 0 && s->level[s->n - 1].open == 'a') {
		s->n--;
		s->n_arrays--;
		basic = false;
	}
	if (s->n == 0)
		return true;
	if (s->level[s->n - 1].open == '{') {
		/* two types, the first of them basic */
		if (s->level[s->n - 1].full || (!s->level[s->n - 1].any && !basic))
			return false;
		s->level[s->n - 1].full = s->level[s->n - 1].any;
	}
	s->level[s->n - 1].any = true;
	return true;
}

static bool pop(struct nesting *s, char open)
{
	if (s->n == 0 || s->level[s->n - 1].open != open || !s->level[s->n - 1].any ||
		(open == '{' && !s->level[s->n - 1].full))
		return false;
	s->n--;
	s->n_structs--;
	return complete(s, false);
}

bool message_signature_is_valid(const char *s, size_t size)
{
	struct nesting nesting = { 0 };
	bool good = size <= SIGNATURE_MAX;

	for (size_t i = 0; i < size && good; i++)
		if (s[i] == 'a' || s[i] == '(' || s[i] == '{')
			good = push(&nesting, s[i]);
		else if (s[i] == ')' || s[i] == '}')
			good = pop(&nesting, s[i] == ')' ? '(' : '{');
		else
			good = (is_basic(s[i]) || s[i] == 'v') && complete(&nesting, s[i] != 'v');
	return good && nesting.n == 0;
}

/* The next so many bytes. What is left out for their alignment must be 0. */
static int take(struct reader *r, size_t alignment, size_t n, const uint8_t **ret)
{
	const size_t start = (r->at + alignment - 1) & ~(alignment - 1);

	if (start > r->size || n > r->size - start)
		return -EBADMSG;
	for (size_t i = r->at; i < start; i++)
		if (r->data[i] != 0)
			return -EBADMSG;
	r->at = start + n;
	*ret = r->data + start;
	return 0;
}

static int take_text(struct reader *r, struct value *v)
{
	const size_t width = v->type == 'g' ? 1 : 4;
	const uint8_t *at;
	int e;

	e = take(r, width, width, &at);
	if (e < 0)
		return e;
	v->size = v->type == 'g' ? at[0] : get_u32(at, r->little);
	e = take(r, 1, v->size, &at);
	if (e < 0)
		return e;
	v->text = (const char *)at;
	e = take(r, 1, 1, &at);
	if (e < 0)
		return e;
	return *at == '\0' && strlen(v->text) == v->size ? 0 : -EBADMSG;
}

static int take_value(struct reader *r, struct value *v)
{
	size_t width = strchr("xtd", v->type) ? 8 : strchr("nq", v->type) ? 2 : v->type == 'y' ? 1 : 4;
	const uint8_t *at;
	int e;

	if (strchr("sog", v->type))
		return take_text(r, v);
	e = take(r, width, width, &at);
	if (e >= 0 && v->type == 'u')
		v->number = get_u32(at, r->little);
	return e;
}

/* Of a field that nobody knows: sd-bus checks it all the same. */
static const char *judge_unknown(const struct value *v)
{
	if (v->type == 'o' && sd_bus_object_path_is_valid(v->text) <= 0)
		return "has a header field that is no object path";
	if (v->type == 'g' && !message_signature_is_valid(v->text, v->size))
		return "has a header field that is no signature";
	for (size_t i = 0; v->type == 's' && i < v->size; i++)
		if ((unsigned char)v->text[i] >= 0x80)
			return "has an unknown header field that is more than ASCII";
	return NULL;
}

static const char *judge_text(enum message_field field, const struct value *v)
{
	switch (field) {
	case FIELD_PATH:
		if (sd_bus_object_path_is_valid(v->text) <= 0)
			return "has an object path that is none, or too long";
		return strcmp(v->text, "/org/freedesktop/DBus/Local") == 0 ? "has a local path" : NULL;
	case FIELD_INTERFACE:
		if (sd_bus_interface_name_is_valid(v->text) <= 0)
			return "has an interface's name that is none";
		return strcmp(v->text, "org.freedesktop.DBus.Local") == 0 ? "has the local interface" : NULL;
	case FIELD_ERROR_NAME:
		return sd_bus_interface_name_is_valid(v->text) > 0 ? NULL
								   : "has an error's name that is none";
	case FIELD_MEMBER:
		return sd_bus_member_name_is_valid(v->text) > 0 ? NULL : "has a member's name that is none";
	case FIELD_DESTINATION:
	case FIELD_SENDER:
		if (field == FIELD_SENDER && strcmp(v->text, "org.freedesktop.DBus.Local") == 0)
			return "has the local sender";
		return sd_bus_service_name_is_valid(v->text) > 0 ? NULL : "has a bus name that is none";
	default:
		return message_signature_is_valid(v->text, v->size)
			       ? NULL
			       : "has a signature that is none, is above 254 bytes, or is nested too deeply";
	}
}

static const char *judge(const struct header *h, enum message_field field, const struct value *v)
{
	static const char types[] = "-osssussgu";

	if (field >= _FIELD_MAX)
		return judge_unknown(v);
	if (field == FIELD_INVALID || v->type != types[field])
		return "has a header field of a wrong type";
	if (h->seen & BIT(field))
		return "has a header field twice";
	if (field == FIELD_REPLY_SERIAL && v->number == 0)
		return "answers the call 0";
	return v->type == 'u' ? NULL : judge_text(field, v);
}

static int read_field(struct reader *r, struct header *h)
{
	struct value type = { .type = 'g' }, v = { 0 };
	const uint8_t *code;
	enum message_field field;
	const char *why;
	int e;

	e = take(r, 8, 1, &code);
	if (e >= 0)
		e = take_text(r, &type);
	if (e < 0)
		return e;
	/* not even D-Bus' own later fields need more, and sd-bus has no right way to skip structures */
	if (type.size != 1 || !is_basic(type.text[0]))
		return -EBADMSG;
	v.type = type.text[0];
	e = take_value(r, &v);
	if (e < 0)
		return e;
	field = (enum message_field)code[0];
	why = judge(h, field, &v);
	if (why && !h->why)
		h->why = why;
	if (!why && field < _FIELD_MAX) {
		h->of[field] = v;
		h->seen |= BIT(field);
	}
	return 0;
}

static const char *judge_whole(uint8_t type, const struct header *h, size_t n_fds)
{
	static const unsigned wanted[] = {
		[SD_BUS_MESSAGE_METHOD_CALL] = BIT(FIELD_PATH) | BIT(FIELD_MEMBER),
		[SD_BUS_MESSAGE_METHOD_RETURN] = BIT(FIELD_REPLY_SERIAL),
		[SD_BUS_MESSAGE_METHOD_ERROR] = BIT(FIELD_REPLY_SERIAL) | BIT(FIELD_ERROR_NAME),
		[SD_BUS_MESSAGE_SIGNAL] = BIT(FIELD_PATH) | BIT(FIELD_INTERFACE) | BIT(FIELD_MEMBER),
	};
	const bool answers = type == SD_BUS_MESSAGE_METHOD_RETURN || type == SD_BUS_MESSAGE_METHOD_ERROR;

	if (type == 0 || type >= ELEMENTSOF(wanted))
		return "is of a type that D-Bus does not have";
	if ((h->seen & wanted[type]) != wanted[type])
		return "lacks a header field";
	if (!answers && (h->seen & BIT(FIELD_REPLY_SERIAL)))
		return "answers a call, and is no answer";
	if (h->of[FIELD_UNIX_FDS].number != n_fds)
		return "came with another number of descriptors than it says";
	return NULL;
}

static int refuse(struct message_fault *ret, const char *why)
{
	ret->why = why;
	return -EBADMSG;
}

static int check(
	const uint8_t *data, size_t size, size_t n_fds, struct message_fault *ret, struct header *ret_header)
{
	struct reader r = { .data = data + MESSAGE_HEAD_SIZE };
	struct header h = { 0 };
	uint64_t whole;
	size_t fields;

	*ret = (struct message_fault){ 0 };
	if (size < MESSAGE_HEAD_SIZE || message_measure(data, &whole) < 0 || whole != size)
		return refuse(ret, "has a head that is none");
	r.little = data[MESSAGE_AT_ENDIAN] == 'l';
	fields = get_u32(data + MESSAGE_AT_FIELDS_SIZE, r.little);
	r.size = fields;
	ret->serial = message_serial(data);
	ret->type = data[MESSAGE_AT_TYPE];
	while (r.at < r.size)
		if (read_field(&r, &h) < 0)
			return refuse(ret, "has header fields that can not be told apart");
	for (; fields % 8 != 0; fields++)
		if (r.data[fields] != 0)
			return refuse(ret, "has something between header and body");
	ret->readable = true;
	if (ret->serial == 0)
		return refuse(ret, "has no number");
	ret->answer = data[MESSAGE_AT_TYPE] == SD_BUS_MESSAGE_METHOD_CALL &&
		      (data[MESSAGE_AT_FLAGS] & MESSAGE_NO_REPLY_EXPECTED) == 0;
	if (h.of[FIELD_SENDER].text)
		memcpy(ret->sender, h.of[FIELD_SENDER].text, h.of[FIELD_SENDER].size + 1);
	if (!h.why)
		h.why = judge_whole(data[MESSAGE_AT_TYPE], &h, n_fds);
	*ret_header = h;
	return h.why ? refuse(ret, h.why) : 0;
}

int message_check(const uint8_t *data, size_t size, size_t n_fds, struct message_fault *ret)
{
	struct header h;

	return check(data, size, n_fds, ret, &h);
}

static size_t body_of(const uint8_t *data)
{
	return MESSAGE_HEAD_SIZE +
	       (((size_t)get_u32(data + MESSAGE_AT_FIELDS_SIZE, data[MESSAGE_AT_ENDIAN] == 'l') + 7) &
		       ~(size_t)7);
}

int message_open(const uint8_t *data, size_t size, size_t n_fds, struct message_head *ret)
{
	struct message_fault fault;
	struct header h;
	int r = check(data, size, n_fds, &fault, &h);

	if (r < 0)
		return r;
	*ret = (struct message_head){
		.type = fault.type,
		.serial = fault.serial,
		.reply_serial = h.of[FIELD_REPLY_SERIAL].number,
		.path = h.of[FIELD_PATH].text,
		.interface = h.of[FIELD_INTERFACE].text,
		.member = h.of[FIELD_MEMBER].text,
		.error_name = h.of[FIELD_ERROR_NAME].text,
		.sender = h.of[FIELD_SENDER].text,
		.signature = h.of[FIELD_SIGNATURE].text,
		.little = data[MESSAGE_AT_ENDIAN] == 'l',
		.wants_answer = fault.answer,
		.body_at = body_of(data),
	};
	return 0;
}

const char *message_first_text(const uint8_t *data, size_t size)
{
	struct reader r = { .data = data, .size = size, .little = data[MESSAGE_AT_ENDIAN] == 'l' };
	struct value v = { .type = 's' };

	/* fields, then filled up to a multiple of eight */
	r.at = body_of(data);
	return r.at < size && take_text(&r, &v) >= 0 ? v.text : NULL;
}
