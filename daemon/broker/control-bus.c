/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/control-bus.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/lifetime.h"
#include "broker/sandbox-bus.h"
#include "dbus/names.h"
#include "jail/stage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX      512
#define STAGE_KEY_MAX 64

/* The launcher's no, in a caller's words. */
static void answer_refused(struct deferred *d, const struct refused *refused)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	char name[128], text[TEXT_MAX];

	if (refused->stage == STAGE_NONE) {
		(void)error_refused(&error, refused);
	} else {
		(void)snprintf(name, sizeof(name), "%s%s", BAILIFF_ERROR_SETUP_PREFIX,
			jail_stage_to_string((enum jail_stage)refused->stage));
		(void)snprintf(text, sizeof(text), "%s: %s%s", refused->message ? refused->message : "",
			strerror(-refused->error),
			refused->error == -EOPNOTSUPP
				? "; bailiffd needs a delegated cgroup v2 with what is missing"
				: "");
		(void)error_set_text(&error, name, text);
	}
	deferred_reply_error(d, &error);
}

static int take_refused(const struct launcher_answer *answer, struct deferred *d)
{
	_cleanup_(refused_done) struct refused refused = { 0 };
	int r = answer->record->n_fds > 0 ? -EBADMSG : decode_refused(answer->body, &refused);

	if (r < 0)
		(void)deferred_free(d);
	else
		answer_refused(d, &refused);
	return r;
}

static int take_done(const struct launcher_answer *answer, struct deferred *d)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct done done;
	int r = answer->record->n_fds > 0 ? -EBADMSG : decode_done(answer->body, &done);

	if (r < 0) {
		(void)deferred_free(d);
	} else if (done.error == 0) {
		deferred_reply(d);
	} else if (done.error == -ESRCH) {
		(void)error_sandbox_ended(&error);
		deferred_reply_error(d, &error);
	} else {
		deferred_reply_failure(d, BAILIFF_ERROR_FAILED, strerror(-done.error));
	}
	return r;
}

int control_append_usage(sd_bus_message *m, const struct usage *u, const char *type)
{
	const struct {
		uint32_t bit;
		const char *key;
		uint64_t value;
	} rows[] = {
		{ USAGE_CPU, BAILIFF_USAGE_CPU, u->cpu_usec },
		{ USAGE_MEMORY, BAILIFF_USAGE_MEMORY, u->memory_peak },
		{ USAGE_TASKS, BAILIFF_USAGE_TASKS, u->tasks_peak },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rows); i++)
		if ((u->has & rows[i].bit) != 0)
			r = type[0] == 'v' ? sd_bus_message_append(m, "{sv}", rows[i].key, "t", rows[i].value)
					   : sd_bus_message_append(m, "{st}", rows[i].key, rows[i].value);
	return r;
}

/* By the names of the errors, in small letters. Those that took no time were not asked for. */
static int append_stages(sd_bus_message *m, const struct sandbox *s)
{
	int r = 0;

	for (size_t i = STAGE_NONE + 1; r >= 0 && i < ELEMENTSOF(s->stage_usec); i++) {
		const char *name = jail_stage_to_string((enum jail_stage)i);
		char key[STAGE_KEY_MAX];
		int n = snprintf(key, sizeof(key), BAILIFF_USAGE_SETUP "-%s", name);

		if (s->stage_usec[i] == 0 || n >= (int)sizeof(key))
			continue;
		for (char *p = key; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		r = sd_bus_message_append(m, "{st}", key, (uint64_t)s->stage_usec[i]);
	}
	return r;
}

static int reply_usage(
	sd_bus_message *call, const struct sandbox *s, const struct usage *u, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{st}");
	if (r >= 0)
		r = control_append_usage(reply, u, "t");
	if (r >= 0)
		r = sd_bus_message_append(reply, "{st}", BAILIFF_USAGE_SETUP, s->setup_usec);
	if (r >= 0)
		r = append_stages(reply, s);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	*ret = steal_ptr(reply);
	return 0;
}

static void answer_usage(struct deferred *d, const struct sandbox *s, const struct usage *u)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = reply_usage(d->message, s, u, &reply);

	if (r < 0)
		deferred_reply_failure(d, BAILIFF_ERROR_FAILED, strerror(-r));
	else
		deferred_send(d, reply);
}

/* The sandbox may have been released meanwhile: it is looked up again. */
static int take_usage(struct broker *b, const struct launcher_answer *answer, struct deferred *d)
{
	struct usage u;
	struct sandbox *s;
	int r;

	r = answer->record->n_fds > 0 ? -EBADMSG : decode_usage(answer->body, &u);
	s = r >= 0 ? sandboxes_find(&b->sandboxes, d->about) : NULL;
	if (r < 0)
		(void)deferred_free(d);
	else if (s)
		answer_usage(d, s, &u);
	else
		deferred_reply_failure(d, BAILIFF_ERROR_NO_SUCH_SANDBOX, "The sandbox was released");
	return r;
}

static int on_answer(struct broker *b, const struct launcher_answer *answer, void *userdata)
{
	struct deferred *d = userdata;

	if (!answer) {
		deferred_reply_failure(
			d, BAILIFF_ERROR_FAILED, "The launcher ended before it answered: try again");
		return 0;
	}
	switch (answer->type) {
	case WIRE_DONE:
		return take_done(answer, d);
	case WIRE_REFUSED:
		return take_refused(answer, d);
	case WIRE_USAGE_IS:
		return take_usage(b, answer, d);
	default:
		(void)deferred_free(d);
		return -EBADMSG;
	}
}

/* What every request about a live sandbox has in common. @fd: to go with it, or -1. */
static int begin(struct sandbox *s, sd_bus_message *m, uint32_t serial, struct buf *request, int fd,
	sd_bus_error *error)
{
	struct deferred *d;
	int r;

	if (!sandbox_is_live(s))
		return error_sandbox_ended(error);
	r = sandbox_bus_begin_control(m, s, error, &d);
	if (r != 0)
		return r;
	d->about = s->id;
	r = launcher_submit(
		&s->broker->launcher, serial, request, &fd, fd >= 0 ? 1 : 0, fd >= 0, on_answer, d);
	if (r >= 0)
		return 1;
	if (r == -ENOTCONN)
		return between_add(s->broker, d, error);
	(void)deferred_free(d);
	return r == -EAGAIN ? sd_bus_error_set(error, BAILIFF_ERROR_BUSY,
				      "Too much to do for the launcher now: try again")
			    : r;
}

static int freeze(struct sandbox *s, sd_bus_message *m, bool frozen, sd_bus_error *error)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	uint32_t serial = launcher_next_serial(&s->broker->launcher);

	(void)encode_freeze_request(&buf, serial, &(struct freeze_request){ .id = s->id, .freeze = frozen });
	return begin(s, m, serial, &buf, -1, error);
}

int control_freeze(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return freeze(userdata, m, true, error);
}

int control_thaw(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return freeze(userdata, m, false, error);
}

/* A number behind a key, of the type that the key has. */
static int read_limit(
	sd_bus_message *m, const char *key, const char *type, uint64_t *ret, sd_bus_error *error)
{
	const char *contents;
	uint32_t narrow;
	int r;

	if (*ret != 0)
		return error_invalid_args(error, "Limit %s: given twice", key);
	r = sd_bus_message_peek_type(m, NULL, &contents);
	if (r < 0)
		return r;
	if (strcmp(contents, type) != 0)
		return error_invalid_args(error, "Limit %s has type %s: give %s", key, contents, type);
	if (type[0] == SD_BUS_TYPE_UINT32) {
		r = sd_bus_message_read(m, "v", "u", &narrow);
		*ret = narrow;
	} else {
		r = sd_bus_message_read(m, "v", "t", ret);
	}
	if (r >= 0 && *ret == 0)
		return error_invalid_args(error, "Limit %s: 0 is none; leave it out to keep what it is", key);
	return r;
}

static int read_limit_entry(sd_bus_message *m, struct limit_request *l, sd_bus_error *error)
{
	const struct {
		const char *key, *type;
		uint64_t *value, max;
	} rows[] = {
		{ BAILIFF_OPTION_MEMORY_MAX, "t", &l->memory_max, UINT64_MAX },
		{ BAILIFF_OPTION_TASKS_MAX, "t", &l->tasks_max, UINT64_MAX },
		{ BAILIFF_OPTION_CPU_QUOTA, "u", &l->cpu_quota, GROUP_QUOTA_MAX / GROUP_PERCENT },
		{ BAILIFF_OPTION_RUNTIME_MAX, "t", &l->runtime_max_usec, TIMEOUT_USEC_MAX },
		{ BAILIFF_OPTION_STOP_TIMEOUT, "t", &l->timeout_stop_usec, TIMEOUT_USEC_MAX },
	};
	const char *key;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &key);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].key, key) != 0)
			continue;
		r = read_limit(m, key, rows[i].type, rows[i].value, error);
		if (r >= 0 && *rows[i].value > rows[i].max && *rows[i].value != UINT64_MAX)
			return error_invalid_args(error, "Limit %s: out of range", key);
		return r < 0 ? r : sd_bus_message_exit_container(m);
	}
	return sd_bus_error_setf(error, BAILIFF_ERROR_UNKNOWN_OPTION,
		"Of a sandbox that runs only memory-max, tasks-max, cpu-quota, runtime-max-usec and "
		"stop-timeout-usec can be limited");
}

static int read_limits(sd_bus_message *m, struct limit_request *l, sd_bus_error *error)
{
	int r;

	r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0)
		r = read_limit_entry(m, l, error);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r < 0)
		return sd_bus_error_is_set(error) ? r : error_unreadable(error, r, "limits");
	l->cpu_quota *= GROUP_PERCENT;
	return 0;
}

int control_set_limits(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	struct sandbox *s = userdata;
	uint32_t serial = launcher_next_serial(&s->broker->launcher);
	struct limit_request l = { .id = s->id };
	int r;

	r = read_limits(m, &l, error);
	if (r < 0)
		return r;
	(void)encode_limit_request(&buf, serial, &l);
	return begin(s, m, serial, &buf, -1, error);
}

int control_get_usage(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct sandbox *s = userdata;
	uint32_t serial = launcher_next_serial(&s->broker->launcher);
	int r;

	if (sandbox_is_live(s)) {
		(void)encode_id(&buf, WIRE_USAGE, serial, s->id);
		return begin(s, m, serial, &buf, -1, error);
	}
	if (sd_bus_message_get_expect_reply(m) == 0)
		return 1;
	r = reply_usage(m, s, &s->exit.usage, &reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int control_attach_lifeline(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(buf_done) struct buf buf = BUF_INIT(WIRE_RECORD_MAX);
	struct sandbox *s = userdata;
	uint32_t serial = launcher_next_serial(&s->broker->launcher);
	enum fd_kind kind;
	unsigned access;
	int fd, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return error_unreadable(error, r, "lifeline");
	r = fd_classify(fd, s->broker->proc_fd, &kind, &access);
	/* With a write end the launcher would keep the pipe open for ever. */
	if (r < 0 || (kind != FD_KIND_SOCKET && (kind != FD_KIND_PIPE || access != FD_ACCESS_READ)))
		return sd_bus_error_set(error, BAILIFF_ERROR_INVALID_FD,
			"The lifeline is neither the read end of a pipe nor a socket");
	(void)encode_id(&buf, WIRE_ATTACH, serial, s->id);
	return begin(s, m, serial, &buf, fd, error);
}

int control_resize_pty(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;
	uint16_t rows, columns;
	struct deferred *d;
	int r;

	r = sd_bus_message_read(m, "qq", &rows, &columns);
	if (r < 0)
		return error_unreadable(error, r, "rows or columns");
	if (!sandbox_is_live(s))
		return error_sandbox_ended(error);
	if (!s->has_pty)
		return sd_bus_error_set(error, BAILIFF_ERROR_INVALID_FD,
			"The sandbox has no pty: a launch makes one for the option stdio, or by the profile");
	r = sandbox_bus_begin_control(m, s, error, &d);
	if (r != 0)
		return r;
	lifetime_resize_pty(s, rows, columns, d);
	return 1;
}
