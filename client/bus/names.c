/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What names on D-Bus look like. */

#include "bus/bus.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789"

int sd_bus_object_path_is_valid(const char *p)
{
	if (*p != '/' || strlen(p) > 64U * 1024 * 1024)
		return 0;
	if (p[1] == '\0')
		return 1;
	while (*p) {
		const size_t n = strspn(p + 1, LETTERS DIGITS);

		if (*p != '/' || n == 0)
			return 0;
		p += 1 + n;
	}
	return 1;
}

/* Elements of these letters between dots, @digits: which may begin with a digit. */
static int consists_of(const char *p, size_t size, const char *letters, bool digits, size_t at_least)
{
	size_t n = 0;

	if (size > MESSAGE_NAME_MAX)
		return 0;
	for (;; p++) {
		const size_t length = strspn(p, letters);

		if (length == 0 || (!digits && strchr(DIGITS, *p)))
			return 0;
		n++;
		p += length;
		if (*p == '\0')
			return n >= at_least;
		if (*p != '.')
			return 0;
	}
}

int sd_bus_interface_name_is_valid(const char *p)
{
	return consists_of(p, strlen(p), LETTERS DIGITS, false, 2);
}

int sd_bus_member_name_is_valid(const char *p)
{
	return !strchr(p, '.') && consists_of(p, strlen(p), LETTERS DIGITS, false, 1);
}

int sd_bus_service_name_is_valid(const char *p)
{
	const bool unique = *p == ':';

	return consists_of(p + unique, strlen(p), LETTERS DIGITS "-", unique, 2);
}
