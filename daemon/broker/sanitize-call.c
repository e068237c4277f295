/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sanitize-call.h"
#include "base/error.h"
#include "base/io.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/username.h"
#include "dbus/names.h"

#include <string.h>

#define RETRY_USEC (10 * UINT64_C(1000000))

/* As the launcher read it. */
struct salt {
	size_t size;
	uint8_t bytes[SALT_MAX];
};

static int reply(const struct salt *salt, sd_bus_message *m, sd_bus_error *error)
{
	char sanitized[SANITIZED_LENGTH + 1];
	const char *name;
	int r;

	r = sd_bus_message_rewind(m, 1);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return error_unreadable(error, r, "username");
	r = username_sanitize(salt->bytes, salt->size, name, sanitized);
	if (r < 0)
		return r;
	return sd_bus_reply_method_return(m, "s", sanitized);
}

static int take_salt(struct broker *b, const struct launcher_answer *answer)
{
	const void *bytes;
	size_t size;
	int r;

	if (answer->record->n_fds > 0)
		return -EBADMSG;
	r = decode_salt(answer->body, &bytes, &size);
	if (r < 0)
		return r;
	if (size < SALT_MIN || size > SALT_MAX)
		return -EBADMSG;
	if (!b->salt) {
		b->salt = calloc(1, sizeof(*b->salt));
		if (!b->salt)
			return -ENOMEM;
	}
	b->salt->size = size;
	memcpy(b->salt->bytes, bytes, size);
	return 0;
}

/* Each try is an error in the launcher's log: any user could fill it. */
static int refuse_unusable(const struct broker *b, sd_bus_error *error)
{
	if (b->salt_refused_usec == 0 || now_boottime_usec() - b->salt_refused_usec >= RETRY_USEC)
		return 0;
	return sd_bus_error_set(
		error, BAILIFF_ERROR_FAILED, "This machine has no usable salt: see the launcher's log");
}

static int take_refused(struct broker *b, const struct launcher_answer *answer, struct deferred *d)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(refused_done) struct refused refused = { 0 };
	int r;

	if (answer->record->n_fds > 0)
		return -EBADMSG;
	r = decode_refused(answer->body, &refused);
	if (r < 0)
		return r;
	b->salt_refused_usec = now_boottime_usec();
	(void)refuse_unusable(b, &error);
	deferred_reply_error(d, &error);
	return 0;
}

static int on_salt(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(deferred_freep) struct deferred *d = userdata;
	int r;

	if (!answer) {
		deferred_reply_failure(steal_ptr(d), BAILIFF_ERROR_FAILED, "The launcher ended: try again");
		return 0;
	}
	if (answer->type == WIRE_REFUSED)
		return take_refused(b, answer, steal_ptr(d));
	if (answer->type != WIRE_SALT_IS)
		return -EBADMSG;
	r = take_salt(b, answer);
	if (r < 0)
		return r;
	r = reply(b->salt, d->message, &error);
	if (r < 0)
		deferred_reply_failure(steal_ptr(d), BAILIFF_ERROR_FAILED, strerror(-r));
	return 0;
}

static int ask(struct broker *b, sd_bus_message *m, sd_bus_error *error)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	_cleanup_(deferred_freep) struct deferred *d = NULL;
	uint32_t serial = launcher_next_serial(&b->launcher);
	int r;

	r = refuse_unusable(b, error);
	if (r >= 0)
		r = deferred_new(b, callers_find(&b->callers, m), m, 0, error, &d);
	if (r < 0)
		return r;
	(void)encode_empty(&buf, WIRE_SALT, serial);
	r = launcher_submit(&b->launcher, serial, &buf, NULL, 0, false, on_salt, d);
	if (r < 0)
		return r;
	(void)steal_ptr(d);
	return 1;
}

int sanitize_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const char *name;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return error_unreadable(error, r, "username");
	if (!username_valid(name))
		return error_invalid_args(error, "The name must have 1 to %d bytes", USERNAME_MAX);
	return b->salt ? reply(b->salt, m, error) : ask(b, m, error);
}
