/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/polkit.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define ALLOW_USER_INTERACTION 1U
#define INTERACTIVE_USEC       UINT64_C(300000000) /* somebody finds a password */
#define SILENT_USEC            UINT64_C(30000000)  /* a loaded machine starts polkit and reads its rules */

static int append_subject(sd_bus_message *m, const char *sender)
{
	return sd_bus_message_append(m, "(sa{sv})", "system-bus-name", 1, "name", "s", sender);
}

static int append_detail(sd_bus_message *m, const char *key, const char *value)
{
	return value ? sd_bus_message_append(m, "{ss}", key, value) : 0;
}

static int append_details(sd_bus_message *m, const struct polkit_question *q)
{
	int r;

	r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{ss}");
	if (r >= 0)
		r = append_detail(m, "profile", q->profile);
	if (r >= 0)
		r = append_detail(m, "command_line", q->command_line);
	if (r >= 0)
		r = append_detail(m, "method", q->method);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int polkit_ask(sd_bus *bus, const char *sender, const struct polkit_question *q, const char *cancellation,
	sd_bus_message_handler_t handler, void *userdata, sd_bus_slot **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r;

	r = sd_bus_message_new_method_call(
		bus, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
	if (r >= 0)
		r = append_subject(m, sender);
	if (r >= 0)
		r = sd_bus_message_append(m, "s", q->action);
	if (r >= 0)
		r = append_details(m, q);
	if (r >= 0)
		r = sd_bus_message_append(m, "us", q->interactive ? ALLOW_USER_INTERACTION : 0, cancellation);
	if (r < 0)
		return r;
	return sd_bus_call_async(
		bus, ret, m, handler, userdata, q->interactive ? INTERACTIVE_USEC : SILENT_USEC);
}

static enum polkit_verdict read_error(const sd_bus_error *error)
{
	static const char *const absent[] = { SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
		"org.freedesktop.DBus.Error.Spawn.ServiceNotFound" };

	for (size_t i = 0; i < ELEMENTSOF(absent); i++)
		if (sd_bus_error_has_name(error, absent[i])) {
			log_debug("There is no polkit on this bus");
			return POLKIT_ABSENT;
		}
	/* the usual cause of the others: bailiff is not the owner of the action, and may not ask about it */
	log_warning("polkit does not answer: %s: %s", error->name, error->message ? error->message : "");
	return POLKIT_FAILED;
}

enum polkit_verdict polkit_read(sd_bus_message *reply)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	int authorized = 0, challenge = 0;

	if (error)
		return read_error(error);
	if (sd_bus_message_has_signature(reply, "(bba{ss})") <= 0 ||
		sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}") <= 0 ||
		sd_bus_message_read(reply, "bb", &authorized, &challenge) <= 0) {
		log_warning("polkit's answer has another form than its interface");
		return POLKIT_FAILED;
	}
	if (authorized)
		return POLKIT_YES;
	return challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}

void polkit_cancel(sd_bus *bus, const char *cancellation)
{
	int r;

	r = sd_bus_call_method_async(bus, NULL, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
		"CancelCheckAuthorization", NULL, NULL, "s", cancellation);
	if (r < 0)
		(void)log_errno(LOG_DEBUG, r, "A question to polkit can not be taken back");
}

const char *polkit_explain(enum polkit_verdict v)
{
	switch (v) {
	case POLKIT_UNASKED:
		return "";
	case POLKIT_YES:
		return ", and polkit permits it";
	case POLKIT_NO:
		return ", and polkit does not permit it";
	case POLKIT_CHALLENGE:
		return ", and polkit wants authentication first: the option \"interactive\" lets it ask";
	case POLKIT_ABSENT:
		return ", and there is no polkit to ask";
	case POLKIT_FAILED:
		break;
	}
	return ", and polkit does not answer as it should: see the log";
}

/* Blanks inside an argument, and what would end a line or change a terminal, as \xNN. */
static size_t append_argument(char *line, size_t n, const char *s)
{
	for (; *s != '\0' && n + 4 < POLKIT_COMMAND_MAX; s++)
		if (*s > 0x20 && *s < 0x7f && *s != '\\')
			line[n++] = *s;
		else
			n += (size_t)snprintf(line + n, POLKIT_COMMAND_MAX - n, "\\x%02x", (unsigned char)*s);
	return n;
}

int polkit_command_line(char *const *argv, char **ret)
{
	char *line = calloc(1, POLKIT_COMMAND_MAX + sizeof("..."));
	size_t n = 0;

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; argv && argv[i]; i++) {
		if (i > 0 && n + 1 < POLKIT_COMMAND_MAX)
			line[n++] = ' ';
		n = append_argument(line, n, argv[i]);
		if (n + 4 >= POLKIT_COMMAND_MAX) {
			memcpy(line + n, "...", sizeof("..."));
			break;
		}
	}
	*ret = line;
	return 0;
}
