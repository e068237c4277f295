/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The last error of a connection, and which errno stands for which error name of the broker. */

#include "lib/internal.h"

#include "dbus/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int error;
} broker_errors[] = {
	{ BAILIFF_ERROR_ACCESS_DENIED, -EACCES },
	{ BAILIFF_ERROR_PROFILE_UNKNOWN, -ENOENT },
	{ BAILIFF_ERROR_PROFILE_INVALID, -EBADMSG },
	{ BAILIFF_ERROR_ARGV_DENIED, -EPERM },
	{ BAILIFF_ERROR_ENV_DENIED, -EPERM },
	{ BAILIFF_ERROR_INVALID_FD, -EBADF },
	{ BAILIFF_ERROR_OVERRIDE_DENIED, -EPERM },
	{ BAILIFF_ERROR_QUOTA_EXCEEDED, -EDQUOT },
	{ BAILIFF_ERROR_UNKNOWN_OPTION, -EOPNOTSUPP },
	{ BAILIFF_ERROR_IDENTITY_CHANGED, -ESTALE },
	{ BAILIFF_ERROR_NO_SUCH_SANDBOX, -ESRCH },
	{ BAILIFF_ERROR_BUSY, -EBUSY },
	{ BAILIFF_ERROR_FAILED, -EIO },
	{ BAILIFF_ERROR_SETUP_PREFIX "Exec", -ENOEXEC },
};

int error_to_errno(const sd_bus_error *e)
{
	int error;

	for (size_t i = 0; i < ELEMENTSOF(broker_errors); i++)
		if (strcmp(e->name, broker_errors[i].name) == 0)
			return broker_errors[i].error;
	error = sd_bus_error_get_errno(e);
	return error > 0 ? -error : -EIO;
}

void connection_forget_error(bailiff_connection *c)
{
	free(steal_ptr(c->error_name));
	free(steal_ptr(c->error_message));
}

int connection_fail(bailiff_connection *c, int error, const char *name, const char *message)
{
	connection_forget_error(c);
	/* Out of memory here leaves the texts empty; the number still says what happened. */
	c->error_name = name ? strdup(name) : NULL;
	c->error_message = message ? strdup(message) : NULL;
	return error;
}

int connection_failf(bailiff_connection *c, int error, const char *format, ...)
{
	va_list ap;

	connection_forget_error(c);
	va_start(ap, format);
	if (vasprintf(&c->error_message, format, ap) < 0)
		c->error_message = NULL;
	va_end(ap);
	return error;
}

EXPORT const char *bailiff_last_error_name(const bailiff_connection *c)
{
	return c && c->error_name ? c->error_name : "";
}

EXPORT const char *bailiff_last_error_message(const bailiff_connection *c)
{
	return c && c->error_message ? c->error_message : "";
}
