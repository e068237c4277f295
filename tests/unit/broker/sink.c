/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sink.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/gate.h"
#include "wire/stream.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void put_number(struct buf *b, bool big, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		buf_put_u8(b, (uint8_t)(n >> 8 * (big ? 3 - i : i)));
}

static void align(struct buf *b, size_t to)
{
	while (b->size % to != 0)
		buf_put_u8(b, 0);
}

static void put_text(struct buf *b, bool big, char type, const char *s, size_t size)
{
	if (type == 'g')
		buf_put_u8(b, (uint8_t)size);
	else {
		align(b, 4);
		put_number(b, big, (uint32_t)size);
	}
	buf_put(b, s, size);
	buf_put_u8(b, 0);
}

static void put_field(struct buf *b, bool big, const struct message_field *f)
{
	size_t n;

	align(b, 8);
	buf_put_u8(b, f->code);
	put_text(b, big, 'g', f->type, strlen(f->type));
	if (f->text) {
		put_text(b, big, f->type[0], f->text, f->size);
		return;
	}
	n = strchr("xtd", f->type[0]) ? 8 : strchr("nq", f->type[0]) ? 2 : f->type[0] == 'y' ? 1 : 4;
	align(b, n);
	for (size_t i = 0; i < n; i++)
		buf_put_u8(b, i == (big ? n - 1 : 0) ? (uint8_t)f->number : 0);
}

void message_make(const struct message_parts *p, struct buf *ret)
{
	struct buf fields = BUF_INIT(MESSAGE_SIZE_MAX);

	*ret = BUF_INIT(MESSAGE_SIZE_MAX);
	for (size_t i = 0; i < p->n_fields; i++)
		put_field(&fields, p->big, &p->fields[i]);
	buf_put_u8(ret, p->big ? 'B' : 'l');
	buf_put_u8(ret, p->type);
	buf_put_u8(ret, p->flags);
	buf_put_u8(ret, p->version);
	put_number(ret, p->big, (uint32_t)p->n_body);
	put_number(ret, p->big, p->serial);
	put_number(ret, p->big, (uint32_t)fields.size);
	buf_put(ret, fields.data, fields.size);
	align(ret, 8);
	for (size_t i = 0; i < p->n_body; i++)
		buf_put_u8(ret, (uint8_t)i);
	require(buf_error(ret) == 0 && buf_error(&fields) == 0);
	buf_done(&fields);
}

void message_fit_body(uint8_t *m, size_t size)
{
	const bool little = m[0] == 'l';
	uint32_t fields = 0;
	uint64_t head, body;

	for (unsigned i = 0; i < 4; i++)
		fields |= (uint32_t)m[12 + (little ? i : 3 - i)] << 8 * i;
	head = 16 + (((uint64_t)fields + 7) & ~UINT64_C(7));
	body = size > head ? size - head : 0;
	for (unsigned i = 0; i < 4; i++)
		m[4 + (little ? i : 3 - i)] = (uint8_t)(body >> 8 * i);
}

struct message_field message_text(uint8_t code, const char *type, const char *text)
{
	return (struct message_field){ .code = code, .type = type, .text = text, .size = strlen(text) };
}

struct message_field message_number(uint8_t code, uint32_t number)
{
	return (struct message_field){ .code = code, .type = "u", .number = number };
}

struct message_parts message_call(void)
{
	return (struct message_parts){
		.type = 1,
		.version = 1,
		.serial = 7,
		.fields = { message_text(1, "o", "/org/example"), message_text(3, "s", "Method") },
		.n_fields = 2,
	};
}

void message_sample(size_t i, struct buf *ret, size_t *ret_n_fds)
{
	struct message_parts p = message_call();

	p.big = i % 2;
	p.type = (uint8_t)(i / 2 % 4 + 1);
	*ret_n_fds = i % 3;
	if (p.type == 2 || p.type == 3)
		p.fields[p.n_fields++] = message_number(5, 99);
	if (p.type == 3)
		p.fields[p.n_fields++] = message_text(4, "s", "org.example.Error");
	p.fields[p.n_fields++] = message_text(2, "s", "org.example.Interface");
	if (i >= 4)
		p.fields[p.n_fields++] = message_text(8, "g", "a{sv}(yya(sas))h");
	if (*ret_n_fds > 0)
		p.fields[p.n_fields++] = message_number(9, (uint32_t)*ret_n_fds);
	p.fields[p.n_fields++] = message_text(7, "s", i % 2 ? ":1.5" : "org.example.A-b");
	p.fields[p.n_fields++] = message_text(6, "s", ":1.99");
	if (i > 6)
		p.fields[p.n_fields++] = (struct message_field){ .code = 77, .type = "t", .number = 5 };
	p.n_body = i * 5;
	message_make(&p, ret);
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sink *s = userdata;

	s->n_taken++;
	return 1;
}

void sink_open(struct sink *s)
{
	*s = (struct sink){ .null_fd = open("/dev/null", O_RDWR | O_CLOEXEC) };
	require(s->null_fd >= 0);
	require(gate_open("sink", SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), true,
			&s->bus, &s->fd) == 0);
	require(sd_bus_add_filter(s->bus, NULL, on_message, s) >= 0);
}

void sink_close(struct sink *s)
{
	s->bus = sd_bus_close_unref(s->bus);
	s->fd = fd_close(s->fd);
	s->null_fd = fd_close(s->null_fd);
}

/* The lowest number that is free: those that are left open take such. */
static int lowest(const struct sink *s)
{
	int fd = fcntl(s->null_fd, F_DUPFD_CLOEXEC, 3);

	require(fd >= 0);
	(void)close(fd);
	return fd;
}

bool sink_takes(struct sink *s, const uint8_t *data, size_t size, size_t n_fds)
{
	const unsigned before = s->n_taken;
	const int free_fd = lowest(s);
	int fds[STREAM_FDS_MAX], r = 1;
	uint8_t answers[256];
	size_t sent = 0;

	for (size_t i = 0; i < n_fds; i++)
		fds[i] = s->null_fd;
	while (r >= 0 && (sent < size || r > 0)) {
		ssize_t n =
			sent < size ? stream_send(s->fd, data + sent, size - sent, fds, sent ? 0 : n_fds) : 0;

		require(n >= 0 || n == -EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		r = sd_bus_process(s->bus, NULL);
	}
	while (recv(s->fd, answers, sizeof(answers), MSG_DONTWAIT) > 0)
		;
	return r >= 0 && s->n_taken == before + 1 && sd_bus_is_open(s->bus) > 0 && lowest(s) == free_fd;
}
