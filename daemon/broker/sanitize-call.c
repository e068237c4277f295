/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sanitize-call.h"
#include "base/error.h"
#include "base/io.h"
#include "base/parse.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/username.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

#define RETRY_USEC (10 * UINT64_C(1000000))
/* ChromeOS' directories of a user's data, for the user and for daemons, and of daemons' stores. */
#define USER_ROOT  "/home/user/"
#define ROOT_ROOT  "/home/root/"
#define STORE_ROOT "/run/daemon-store/"

/* As the launcher read it. */
struct salt {
	size_t size;
	uint8_t bytes[SALT_MAX];
};

/* What a call says: which daemon's store, if it is about one, and whose. Borrowed from the message. */
struct question {
	const char *daemon, *user;
};

static int reply_sanitized(sd_bus_message *m, const struct question *q, const char *hash)
{
	return sd_bus_reply_method_return(m, "s", hash);
}

static int reply_user_paths(sd_bus_message *m, const struct question *q, const char *hash)
{
	char user[sizeof(USER_ROOT) + SANITIZED_LENGTH], root[sizeof(ROOT_ROOT) + SANITIZED_LENGTH];

	(void)snprintf(user, sizeof(user), USER_ROOT "%s", hash);
	(void)snprintf(root, sizeof(root), ROOT_ROOT "%s", hash);
	return sd_bus_reply_method_return(m, "a{ss}", 3, BAILIFF_USER_PATH_SANITIZED, hash,
		BAILIFF_USER_PATH_USER, user, BAILIFF_USER_PATH_ROOT, root);
}

static int reply_store_path(sd_bus_message *m, const struct question *q, const char *hash)
{
	char path[sizeof(STORE_ROOT) + STORE_NAME_MAX + 1 + SANITIZED_LENGTH];

	(void)snprintf(path, sizeof(path), STORE_ROOT "%s/%s", q->daemon, hash);
	return sd_bus_reply_method_return(m, "s", path);
}

static const struct answer {
	const char *member;
	int (*reply)(sd_bus_message *m, const struct question *q, const char *hash);
	bool takes_hash, has_daemon;
	enum form form; /* see quick.h */
} answers[] = {
	{ "GetSanitizedUsername", reply_sanitized, false, false, FORM_SANITIZE },
	{ "GetUserPaths", reply_user_paths, true, false, FORM_NONE },
	{ "GetDaemonStorePath", reply_store_path, true, true, FORM_NONE },
};

static const struct answer *find_answer(sd_bus_message *m)
{
	const char *member = sd_bus_message_get_member(m);

	for (size_t i = 0; member && i < ELEMENTSOF(answers); i++)
		if (strcmp(answers[i].member, member) == 0)
			return &answers[i];
	return NULL;
}

static int read_question(sd_bus_message *m, const struct answer *a, struct question *ret, sd_bus_error *error)
{
	int r = sd_bus_message_rewind(m, 1);

	*ret = (struct question){ 0 };
	if (r >= 0 && a->has_daemon)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &ret->daemon);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &ret->user);
	if (r < 0)
		return error_unreadable(error, r, "name");
	if (ret->daemon && !store_name_valid(ret->daemon))
		return error_invalid_args(error,
			"No name of a daemon store: 1 to %u letters, digits, \"_\", \"-\" and \".\" (not "
			"first)",
			STORE_NAME_MAX);
	if (!username_valid(ret->user))
		return error_invalid_args(error, "The name must have 1 to %d bytes", USERNAME_MAX);
	return 0;
}

static int reply(const struct salt *salt, sd_bus_message *m, sd_bus_error *error)
{
	const struct answer *a = find_answer(m);
	char sanitized[SANITIZED_LENGTH + 1];
	struct question q;
	int r;

	r = read_question(m, a, &q, error);
	if (r < 0)
		return r;
	r = username_sanitize(salt->bytes, salt->size, q.user, sanitized);
	return r < 0 ? r : a->reply(m, &q, sanitized);
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
	r = b->launcher.ready ? launcher_submit(&b->launcher, serial, &buf, NULL, 0, false, on_salt, d)
			      : -ENOTCONN;
	if (r == -ENOTCONN)
		return between_add(b, steal_ptr(d), error);
	if (r < 0)
		return r;
	(void)steal_ptr(d);
	return 1;
}

int sanitize_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct answer *a = find_answer(m);
	struct broker *b = userdata;
	struct question q;
	int r;

	if (!a)
		return -EINVAL;
	r = read_question(m, a, &q, error);
	if (r < 0)
		return r;
	/* what is a hash already takes no salt */
	if (a->takes_hash && username_is_sanitized(q.user))
		return a->reply(m, &q, q.user);
	if (!b->salt)
		return ask(b, m, error);
	/* the salt changes with the catalog alone */
	recall_wanted(&b->recall, m);
	recall_form(&b->recall, m, a->form);
	return reply(b->salt, m, error);
}

int sanitize_quickly(struct broker *b, const struct caller *c, struct cursor *question, struct writer *w)
{
	const char *user = body_text(question);
	char sanitized[SANITIZED_LENGTH + 1];

	if (!user || cursor_end(question) < 0 || !b->salt ||
		username_sanitize(b->salt->bytes, b->salt->size, user, sanitized) < 0)
		return 0;
	writer_text(w, sanitized);
	return 1;
}
