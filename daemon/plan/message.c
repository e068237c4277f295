/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Refusals in words: which error, which rule, and a sentence that fits a log line and a D-Bus string. */

#include "plan/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const refusal_names[_REFUSAL_MAX] = {
	[REFUSAL_ACCESS_DENIED] = "AccessDenied",
	[REFUSAL_PROFILE_UNKNOWN] = "ProfileUnknown",
	[REFUSAL_PROFILE_INVALID] = "ProfileInvalid",
	[REFUSAL_ARGV_DENIED] = "ArgvDenied",
	[REFUSAL_ENV_DENIED] = "EnvDenied",
	[REFUSAL_INVALID_FD] = "InvalidFd",
	[REFUSAL_OVERRIDE_DENIED] = "OverrideDenied",
	[REFUSAL_QUOTA_EXCEEDED] = "QuotaExceeded",
	[REFUSAL_UNKNOWN_OPTION] = "UnknownOption",
	[REFUSAL_NO_SUCH_SANDBOX] = "NoSuchSandbox",
	[REFUSAL_BUSY] = "Busy",
};

const char *refusal_to_string(enum refusal r)
{
	return (unsigned)r < _REFUSAL_MAX ? refusal_names[r] : NULL;
}

const char *shown(char buf[SHOWN_MAX], const char *s)
{
	size_t n = 0;

	for (; *s; s++) {
		bool plain = *s >= 0x20 && *s < 0x7f;

		/* room for this character, the dots and the NUL */
		if (n + (plain ? 1 : 4) + 4 > SHOWN_MAX) {
			(void)snprintf(buf + n, SHOWN_MAX - n, "...");
			return buf;
		}
		if (plain)
			buf[n++] = *s;
		else
			n += (size_t)snprintf(buf + n, SHOWN_MAX - n, "\\x%02x", (unsigned char)*s);
	}
	buf[n] = '\0';
	return buf;
}

static void __attribute__((format(printf, 2, 0)))
append(struct plan_result *result, const char *format, va_list ap)
{
	size_t at = strlen(result->message), room = sizeof(result->message) - at;
	int n = vsnprintf(result->message + at, room, format, ap);

	if (n >= 0 && (size_t)n >= room)
		memcpy(result->message + sizeof(result->message) - sizeof("..."), "...", sizeof("..."));
}

int refuse(struct plan_result *result, const struct compiled_profile *p, const char *key,
	enum refusal refusal, int error, const char *format, ...)
{
	va_list ap;

	(void)snprintf(result->rule, sizeof(result->rule), "%s.profile %s", p->name, key);
	result->refusal = refusal;
	result->message[0] = '\0';
	va_start(ap, format);
	append(result, format, ap);
	va_end(ap);
	return error;
}

void refuse_more(struct plan_result *result, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	append(result, format, ap);
	va_end(ap);
}
