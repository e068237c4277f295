/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/answer.h"
#include "base/error.h"
#include "base/log.h"

static void lose(sd_bus_message *m, int r)
{
	sd_bus *bus = sd_bus_message_get_bus(m);
	const char *name = NULL;

	/* who has left has nobody to hear of it */
	if (sd_bus_is_open(bus) <= 0)
		return;
	/* over a bus it says who; elsewhere the message may say what it likes */
	if (sd_bus_is_bus_client(bus) > 0)
		name = sd_bus_message_get_sender(m);
	else
		(void)sd_bus_get_description(bus, &name);
	(void)log_errno(LOG_WARNING, r, "A call of %s can not be answered, and its connection is closed",
		name ? name : "an unknown sender");
	sd_bus_close(bus);
}

void answer_error(sd_bus_message *m, int r, const sd_bus_error *error)
{
	int failed = sd_bus_reply_method_errno(m, r, error);

	/* what there is no room for now there may be the next moment */
	if (failed < 0)
		failed = sd_bus_reply_method_errno(m, r, error);
	/* what can not be made would not be the connection's fault: this is as plain as can be */
	if (failed < 0)
		failed = sd_bus_reply_method_errno(m, failed, NULL);
	if (failed < 0)
		lose(m, failed);
}

int answer_refuse(sd_bus_message *m, const char *name, const char *text)
{
	const sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(name, text);

	answer_error(m, 0, &error);
	return 1;
}

int answer_result(sd_bus_message *m, int r, sd_bus_error *error)
{
	if (r >= 0 && !sd_bus_error_is_set(error))
		return r;
	answer_error(m, r, error);
	sd_bus_error_free(error);
	return 1;
}
