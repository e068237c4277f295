/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What bailiffctl says when something fails, and the exit status that stands for it. */

#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define BUS_ACCESS_DENIED "org.freedesktop.DBus.Error.AccessDenied"

void report(const char *format, ...)
{
	_cleanup_free_ char *text = NULL, *safe = NULL;
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0)
		text = NULL;
	safe = text ? text_escape(text) : NULL;
	(void)fprintf(stderr, "bailiffctl: %s\n", safe ? safe : "out of memory");
}

int report_no_memory(void)
{
	report("out of memory");
	return EXIT_FAILURE;
}

/* "AccessDenied" of ours, other names as they are. */
static const char *short_name(const char *name)
{
	size_t n = strlen(BAILIFF_ERROR_PREFIX);

	return strncmp(name, BAILIFF_ERROR_PREFIX, n) == 0 ? name + n : name;
}

void report_failure(const bailiff_connection *c, int error, const char *what)
{
	const char *name = short_name(bailiff_last_error_name(c)), *message = bailiff_last_error_message(c);

	/* The bus' own sentence for this is long, and says nothing of what would help. */
	if (strcmp(name, BUS_ACCESS_DENIED) == 0) {
		report("%s: the bus does not let this user do that; it is for administrators", what);
		return;
	}
	report("%s: %s%s%s", what, name, *name ? ": " : "", *message ? message : strerror(-error));
}

void report_profile_failure(bailiff_connection *c, int error, const char *name)
{
	struct suggestion near = suggestion_for(name, strlen(name));
	_cleanup_(bailiff_profile_info_freep) bailiff_profile_info *list = NULL;
	_cleanup_free_ char *message = strdup(bailiff_last_error_message(c));

	if (strcmp(bailiff_last_error_name(c), BAILIFF_ERROR_PROFILE_UNKNOWN) != 0 || !message ||
		bailiff_list_profiles(c, &list) < 0) {
		if (message && *message)
			report_failure(c, error, name);
		else
			report("%s: %s", name, strerror(-error));
		return;
	}
	for (const bailiff_profile_info *i = list; i; i = i->next)
		suggestion_offer(&near, i->name);
	if (suggestion_get(&near))
		report("%s: ProfileUnknown: %s; did you mean %s?", name, message, suggestion_get(&near));
	else
		report("%s: ProfileUnknown: %s; bailiffctl profiles lists them", name, message);
}

#define DIGITS_MAX 21 /* of an id, with the NUL */
#define SLIP       2  /* ids are given out in order: one that is two letters away is just another one */

static const bailiff_sandbox_info *find_tag(const bailiff_sandbox_info *list, const char *tag)
{
	while (list && (!*tag || strcmp(list->tag, tag) != 0))
		list = list->next;
	return list;
}

static const bailiff_sandbox_info *find_near(const bailiff_sandbox_info *list, const char *text)
{
	struct suggestion near = suggestion_for(text, strlen(text));
	const bailiff_sandbox_info *best = NULL;

	if (near.distance > SLIP)
		near.distance = SLIP;
	for (const bailiff_sandbox_info *i = list; i; i = i->next) {
		size_t before = near.distance;
		char digits[DIGITS_MAX];

		(void)snprintf(digits, sizeof(digits), "%" PRIu64, i->id);
		suggestion_offer(&near, digits);
		if (near.distance < before)
			best = i;
	}
	return best;
}

void report_sandbox_failure(bailiff_connection *c, int error, const char *text)
{
	const char *what = error == -EINVAL ? "not the id of a sandbox, which is a number"
					    : "NoSuchSandbox: none of yours has this id";
	_cleanup_(bailiff_sandbox_info_freep) bailiff_sandbox_info *list = NULL;
	const bailiff_sandbox_info *meant = NULL;

	if (error != -EINVAL && error != -ESRCH) {
		report_failure(c, error, text);
		return;
	}
	if (bailiff_list_sandboxes(c, &list) == 0)
		meant = find_tag(list, text);
	if (!meant)
		meant = find_near(list, text);
	if (meant)
		report("%s: %s; did you mean %" PRIu64 " (%s)?", text, what, meant->id, meant->profile);
	else
		report("%s: %s; bailiffctl list shows them", text, what);
}

/* The broker's sentence at this stage: "...: OBJECT: the kernel's word[; what to do]". */
static bool program_missing(const char *message)
{
	const char *word = strstr(message, strerror(ENOENT));

	if (!word || strstr(message, ": working directory "))
		return false;
	word += strlen(strerror(ENOENT));
	return *word == '\0' || *word == ';';
}

int launch_status(const char *error_name, const char *message)
{
	static const char *const refusals[] = { BAILIFF_ERROR_ACCESS_DENIED, BAILIFF_ERROR_PROFILE_INVALID,
		BAILIFF_ERROR_ARGV_DENIED, BAILIFF_ERROR_ENV_DENIED, BAILIFF_ERROR_INVALID_FD,
		BAILIFF_ERROR_OVERRIDE_DENIED, BAILIFF_ERROR_QUOTA_EXCEEDED, BAILIFF_ERROR_UNKNOWN_OPTION,
		BAILIFF_ERROR_IDENTITY_CHANGED };

	if (strcmp(error_name, BAILIFF_ERROR_PROFILE_UNKNOWN) == 0)
		return EXIT_NOT_FOUND;
	if (strcmp(error_name, BAILIFF_ERROR_SETUP_PREFIX "Exec") == 0 && program_missing(message))
		return EXIT_NOT_FOUND;
	if (strncmp(error_name, BAILIFF_ERROR_SETUP_PREFIX, strlen(BAILIFF_ERROR_SETUP_PREFIX)) == 0)
		return EXIT_REFUSED;
	for (size_t i = 0; i < ELEMENTSOF(refusals); i++)
		if (strcmp(error_name, refusals[i]) == 0)
			return EXIT_REFUSED;
	return EXIT_BROKER;
}
