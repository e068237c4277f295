/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes seeds into a folder: answers of the broker with the calls that read them, and calls that write. */

#include "base/error.h"
#include "tests/unit/broker/sink.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* Of the two, see fuzz-client.c. */
#define READ  "\0"
#define WRITE "\1"

static int write_file(const char *folder, const char *name, const struct buf *b)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	if (!f || fwrite(b->data, b->size, 1, f) != 1 || fclose(f) != 0) {
		perror(path);
		return -EIO;
	}
	return 0;
}

/* A signal with these types and this body. */
static int write_read(const char *folder, const char *name, const char *types, const char *body, size_t size,
	const char *script)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0), m = BUF_INIT(0);
	struct message_parts p = message_call();

	p.type = SD_BUS_MESSAGE_SIGNAL;
	p.fields[p.n_fields++] = message_text(2, "s", "org.example.Interface");
	p.fields[p.n_fields++] = message_text(8, "g", types);
	message_make(&p, &m);
	buf_put(&m, body, size);
	buf_put(&b, READ "\0", 2);
	buf_put_u8(&b, (uint8_t)strlen(script));
	buf_put(&b, script, strlen(script));
	buf_put(&b, m.data, m.size);
	return write_file(folder, name, &b);
}

static int write_sample(const char *folder, size_t i)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0), m = BUF_INIT(0);
	char name[32];
	size_t n_fds;

	message_sample(i, &m, &n_fds);
	buf_put(&b, READ, 1);
	buf_put_u8(&b, (uint8_t)n_fds);
	buf_put(&b, "\5\2\2\2\2\2", 6);
	buf_put(&b, m.data, m.size);
	(void)snprintf(name, sizeof(name), "sample-%zu", i);
	return write_file(folder, name, &b);
}

/* Names an error, and is none. */
static int write_named(const char *folder, uint8_t type)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0), m = BUF_INIT(0);
	struct message_parts p = message_call();
	char name[32];

	p.type = type;
	if (type == SD_BUS_MESSAGE_METHOD_RETURN)
		p.fields[p.n_fields++] = message_number(5, 99);
	p.fields[p.n_fields++] = message_text(2, "s", "org.example.Interface");
	p.fields[p.n_fields++] = message_text(4, "s", "org.example.Error");
	p.fields[p.n_fields++] = message_text(8, "g", "s");
	message_make(&p, &m);
	buf_put(&m, "\4\0\0\0text", 9);
	buf_put(&b, READ "\0\2\2\7", 5);
	buf_put(&b, m.data, m.size);
	(void)snprintf(name, sizeof(name), "named-%u", type);
	return write_file(folder, name, &b);
}

static int write_written(const char *folder, const char *name, const char *script, size_t size)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);

	buf_put(&b, WRITE, 1);
	buf_put(&b, script, size);
	return write_file(folder, name, &b);
}

int main(int argc, char **argv)
{
	/* {"a": <"b">, "c": <uint64 7>} */
	static const char dict[] =
		"\x28\0\0\0\0\0\0\0\1\0\0\0a\0\1s\0\0\0\0\1\0\0\0b\0\0\0\0\0\0\0\1\0\0\0c\0\1t\0\0\0\0"
		"\7\0\0\0\0\0\0";
	static const char words[] = "\x10\0\0\0\3\0\0\0one\0\3\0\0\0two";
	static const char end[] = "\7\0\0\0success\0\0\0\0\0\1\0\0";
	int r = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; r == 0 && i < SAMPLES; i++)
		r = write_sample(argv[1], i);
	if (r == 0)
		r = write_read(argv[1], "dict", "a{sv}", dict, sizeof(dict), "\2\2\2\2\2\5\5\2\2\10\5\5");
	if (r == 0)
		r = write_read(argv[1], "words", "as", words, sizeof(words), "\11\13\3\2\2\2\7\5");
	if (r == 0)
		r = write_read(argv[1], "end", "sii", end, sizeof(end), "\x16\13\2\2\2\7");
	for (uint8_t type = SD_BUS_MESSAGE_METHOD_CALL; r == 0 && type <= SD_BUS_MESSAGE_SIGNAL; type++)
		if (type != SD_BUS_MESSAGE_METHOD_ERROR)
			r = write_named(argv[1], type);
	/* a{sv} with two entries; as; (hsb) */
	if (r == 0)
		r = write_written(argv[1], "entries", "\12\6\16\4", 4);
	if (r == 0)
		r = write_written(argv[1], "list", "\46\17\7", 3);
	if (r == 0)
		r = write_written(argv[1], "binds", "\42\26\4\2\110\1\4", 7);
	return r < 0;
}
