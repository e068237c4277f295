/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Messages: what they say of themselves, and how they are made. */

#include "base/error.h"
#include "base/fd.h"
#include "bus/bus.h"
#include "message/header.h"

#include <string.h>

#define DRIVER "org.freedesktop.DBus"

static sd_bus_message *message_new(void)
{
	sd_bus_message *m = malloc(sizeof(*m));

	if (!m)
		return NULL;
	/* not the levels, of which few are used */
	memset(m, 0, offsetof(struct sd_bus_message, levels));
	m->n_ref = 1;
	message_rewind(m);
	return m;
}

sd_bus_message *sd_bus_message_ref(sd_bus_message *m)
{
	if (m)
		m->n_ref++;
	return m;
}

sd_bus_message *sd_bus_message_unref(sd_bus_message *m)
{
	if (!m || --m->n_ref > 0)
		return NULL;
	fd_close_many(m->fds, m->n_fds);
	free(m->fds);
	free(m->data);
	buf_done(&m->header);
	buf_done(&m->written);
	free(m);
	return NULL;
}

/* Of a kind, with a head that message_seal() fills in. */
static int message_begin(uint8_t type, sd_bus_message **ret)
{
	sd_bus_message *m = message_new();

	if (!m)
		return -ENOMEM;
	message_put_head(&m->header, type, 0, 0);
	*ret = m;
	return 0;
}

int sd_bus_message_new_method_call(sd_bus *bus, sd_bus_message **ret, const char *destination,
	const char *path, const char *interface, const char *member)
{
	sd_bus_message *m;
	int r;

	if (sd_bus_is_open(bus) <= 0)
		return -ENOTCONN;
	if ((destination && !sd_bus_service_name_is_valid(destination)) || !path ||
		!sd_bus_object_path_is_valid(path) ||
		(interface && !sd_bus_interface_name_is_valid(interface)) || !member ||
		!sd_bus_member_name_is_valid(member))
		return -EINVAL;
	r = message_begin(SD_BUS_MESSAGE_METHOD_CALL, &m);
	if (r < 0)
		return r;
	message_put_text(&m->header, FIELD_PATH, 'o', path);
	message_put_text(&m->header, FIELD_INTERFACE, 's', interface);
	message_put_text(&m->header, FIELD_MEMBER, 's', member);
	message_put_text(&m->header, FIELD_DESTINATION, 's', destination);
	*ret = m;
	return 0;
}

int message_refuse(const sd_bus_message *m, sd_bus_message **ret)
{
	sd_bus_message *answer;
	int r = message_begin(SD_BUS_MESSAGE_METHOD_ERROR, &answer);

	if (r < 0)
		return r;
	message_put_number(&answer->header, FIELD_REPLY_SERIAL, m->head.serial);
	message_put_text(&answer->header, FIELD_ERROR_NAME, 's', SD_BUS_ERROR_UNKNOWN_OBJECT);
	message_put_text(&answer->header, FIELD_DESTINATION, 's', m->head.sender);
	*ret = answer;
	return 0;
}

int message_seal(sd_bus_message *m, uint32_t serial, bool wants_answer)
{
	struct buf *b = &m->header;
	size_t body_at;

	if (m->failed < 0 || m->depth > 0)
		return m->failed < 0 ? m->failed : -EBADMSG;
	message_put_text(b, FIELD_SIGNATURE, 'g', m->types);
	message_put_number(b, FIELD_UNIX_FDS, (uint32_t)m->n_fds);
	body_at = message_end_header(b);
	buf_put(b, m->written.data, m->written.size);
	if (buf_error(b) < 0)
		return buf_error(b);
	if (!wants_answer)
		b->data[MESSAGE_AT_FLAGS] |= MESSAGE_NO_REPLY_EXPECTED;
	memcpy(b->data + MESSAGE_AT_SERIAL, &serial, sizeof(serial));
	return message_end(b, body_at);
}

/* The text of an error, if it has one. As for libsystemd, what names an error without being one has no text.
 */
static void read_error(sd_bus_message *m)
{
	m->error.name = m->head.error_name;
	if (m->head.type != SD_BUS_MESSAGE_METHOD_ERROR)
		return;
	if (sd_bus_message_read_basic(m, 's', &m->error.message) <= 0)
		m->error.message = NULL;
	message_rewind(m);
}

int message_receive(uint8_t *data, size_t size, int *fds, size_t n_fds, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = message_new();
	int r;

	if (!m) {
		fd_close_many(fds, n_fds);
		free(fds);
		free(data);
		return -ENOMEM;
	}
	m->data = data;
	m->fds = fds;
	m->n_fds = n_fds;
	r = message_open(data, size, n_fds, &m->head);
	if (r < 0)
		return r;
	m->body = data + m->head.body_at;
	m->size = size - m->head.body_at;
	/* one has the other */
	if ((m->size > 0) != (m->head.signature && *m->head.signature))
		return -EBADMSG;
	message_rewind(m);
	read_error(m);
	*ret = steal_ptr(m);
	return 0;
}

int message_make_error(uint32_t reply_serial, const char *name, const char *text, sd_bus_message **ret)
{
	sd_bus_message *m = message_new();

	if (!m)
		return -ENOMEM;
	m->head = (struct message_head){ .type = SD_BUS_MESSAGE_METHOD_ERROR,
		.reply_serial = reply_serial,
		.error_name = name,
		.sender = DRIVER };
	m->error = (sd_bus_error){ .name = name, .message = text };
	*ret = m;
	return 0;
}

const char *sd_bus_message_get_path(sd_bus_message *m)
{
	return m->head.path;
}

const char *sd_bus_message_get_sender(sd_bus_message *m)
{
	return m->head.sender;
}

const sd_bus_error *sd_bus_message_get_error(sd_bus_message *m)
{
	return m->error.name ? &m->error : NULL;
}

int sd_bus_message_is_signal(sd_bus_message *m, const char *interface, const char *member)
{
	return m->head.type == SD_BUS_MESSAGE_SIGNAL &&
	       (!interface || strcmp(m->head.interface, interface) == 0) &&
	       (!member || strcmp(m->head.member, member) == 0);
}

int sd_bus_message_has_signature(sd_bus_message *m, const char *signature)
{
	return strcmp(m->head.signature ? m->head.signature : "", signature) == 0;
}
