/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * sd-bus writes its answer from tables that have no place for annotations but its own. So objects with an
 * interface of ours are answered here, with the contract's XML; which interface it is depends on the path
 * alone, and what there is below the manager's object never changes. Everything that has to list objects
 * stays sd-bus'.
 */

#include "broker/introspect.h"
#include "base/log.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/profile-bus.h"
#include "broker/sandbox-bus.h"
#include "dbus/introspection.h"
#include "dbus/names.h"

#include <string.h>

/* The type that the Specification names; sd-bus' address of it */
#define HEAD                                                                                                 \
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"                 \
	"\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"                               \
	"<node>\n" INTROSPECTION_PEER INTROSPECTION_INTROSPECTABLE INTROSPECTION_PROPERTIES
#define END "</node>\n"

static const char manager[] =
	HEAD INTROSPECTION_OBJECTMANAGER INTROSPECTION_MANAGER " <node name=\"profile\"/>\n"
							       " <node name=\"sandbox\"/>\n" END;
static const char sandbox[] = HEAD INTROSPECTION_SANDBOX END;
static const char profile[] = HEAD INTROSPECTION_PROFILE END;

static const char *answer_for(struct broker *b, const char *path)
{
	if (strcmp(path, BAILIFF_OBJECT_PATH) == 0)
		return manager;
	if (sandbox_bus_is_below(path))
		return sandbox;
	return profile_bus_is_object(b, path) ? profile : NULL;
}

int introspect_answer(struct broker *b, sd_bus_message *m)
{
	const char *answer;
	int r;

	if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Introspectable", "Introspect") <= 0 ||
		sd_bus_message_has_signature(m, "") <= 0)
		return 0;
	answer = answer_for(b, sd_bus_message_get_path(m));
	if (!answer)
		return 0;
	r = sd_bus_reply_method_return(m, "s", answer);
	if (r < 0)
		answer_error(m, r, NULL);
	return 1;
}
