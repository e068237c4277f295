/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/note.h"
#include "base/buf.h"
#include "base/error.h"

#include <string.h>

#define NOTE_VERSION 2
#define BUS_NAME_MAX 255 /* D-Bus specification */
#define STREAMS_ALL  7U  /* bits of 0, 1 and 2 */

/* Stands where a bus' id would: of the direct socket, which has none. */
static const sd_id128_t direct = SD_ID128_NULL;

static int id_of(sd_bus *bus, sd_id128_t *ret)
{
	*ret = direct;
	return bus ? sd_bus_get_bus_id(bus, ret) : 0;
}

static void put_token(struct buf *b, const struct token *t)
{
	buf_put_str(b, t->name);
	if (t->name[0] == '\0')
		return;
	buf_put(b, t->digest, sizeof(t->digest));
	buf_put_u32(b, t->streams);
}

static void get_token(struct cursor *c, struct token *ret)
{
	_cleanup_free_ char *name = cursor_get_str(c, TOKEN_MAX);
	const void *digest;

	*ret = (struct token){ 0 };
	if (!name || name[0] == '\0')
		return;
	if (!token_is_valid(name))
		cursor_fail(c, -EBADMSG);
	digest = cursor_get(c, sizeof(ret->digest));
	ret->streams = cursor_get_u32_max(c, STREAMS_ALL);
	if (c->error < 0)
		return;
	memcpy(ret->digest, digest, sizeof(ret->digest));
	memcpy(ret->name, name, strlen(name));
}

int note_write(sd_bus *bus, const char *owner_name, const struct token *token, uint8_t ret[NOTE_MAX],
	size_t *ret_size)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(NOTE_MAX);
	sd_id128_t id;
	int r;

	r = id_of(bus, &id);
	if (r < 0)
		return r;
	buf_put_u8(&buf, NOTE_VERSION);
	buf_put(&buf, id.bytes, sizeof(id.bytes));
	buf_put_str(&buf, bus ? owner_name : "");
	put_token(&buf, token);
	r = buf_error(&buf);
	if (r < 0)
		return r;
	memcpy(ret, buf.data, buf.size);
	*ret_size = buf.size;
	return 0;
}

int note_read(sd_bus *bus, const uint8_t *note, size_t size, char **ret_owner_name, bool *ret_direct,
	struct token *ret_token)
{
	struct cursor c = CURSOR_INIT(note, size);
	_cleanup_free_ char *name = NULL;
	struct token token;
	const void *bytes;
	sd_id128_t id;
	int r;

	r = id_of(bus, &id);
	if (r < 0)
		return r;
	if (cursor_get_u8(&c) != NOTE_VERSION)
		return -EBADMSG;
	bytes = cursor_get(&c, sizeof(id.bytes));
	name = cursor_get_str(&c, BUS_NAME_MAX);
	get_token(&c, &token);
	r = cursor_end(&c);
	if (r < 0)
		return r;
	*ret_token = token;
	*ret_direct = memcmp(bytes, direct.bytes, sizeof(direct.bytes)) == 0;
	*ret_owner_name =
		!*ret_direct && memcmp(bytes, id.bytes, sizeof(id.bytes)) == 0 ? steal_ptr(name) : NULL;
	return 0;
}
