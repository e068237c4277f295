/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bus-address.h"
#include "base/error.h"
#include "base/unix.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

int bus_address_unescape(const char *s, size_t n, char *ret, size_t room, size_t *ret_size)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++, size++) {
		int high = -1, low = -1;

		if (size == room)
			return -ENAMETOOLONG;
		ret[size] = s[i];
		if (s[i] != '%')
			continue;
		if (n - i > 2) {
			high = hex_digit(s[i + 1]);
			low = hex_digit(s[i + 2]);
		}
		if (high < 0 || low < 0 || high + low == 0)
			return -EINVAL;
		ret[size] = (char)(high * 16 + low);
		i += 2;
	}
	*ret_size = size;
	return size > 0 ? 0 : -EINVAL;
}

/* One address of the unix: kind, behind that word. */
static int read_keys(const char *s, const char *end, char ret[UNIX_NAME_SIZE], size_t *ret_size)
{
	bool found = false;
	int r = 0;

	while (s < end && r >= 0) {
		const char *stop = memchr(s, ',', (size_t)(end - s));
		const char *next = stop ? stop : end, *value = memchr(s, '=', (size_t)(next - s));
		const size_t n = value ? (size_t)(value - s) : 0;
		const bool path = n == 4 && memcmp(s, "path", 4) == 0,
			   abstract = n == 8 && memcmp(s, "abstract", 8) == 0;

		if (!value || ((path || abstract) && found))
			return -EINVAL;
		if (path || abstract) {
			found = true;
			ret[0] = '\0';
			r = bus_address_unescape(value + 1, (size_t)(next - value - 1), ret + abstract,
				UNIX_NAME_SIZE - 1, ret_size);
			*ret_size += abstract;
		}
		s = next + (stop ? 1 : 0);
	}
	return r < 0 ? r : found ? 0 : -EAFNOSUPPORT;
}

int bus_address_next(const char **address, char ret[UNIX_NAME_SIZE], size_t *ret_size)
{
	const char *s = *address, *stop = strchr(s, ';'), *end = stop ? stop : s + strlen(s);

	*address = stop && stop[1] != '\0' ? stop + 1 : NULL;
	*ret_size = 0;
	if (!memchr(s, ':', (size_t)(end - s)))
		return -EINVAL;
	if ((size_t)(end - s) < strlen("unix:") || memcmp(s, "unix:", strlen("unix:")) != 0)
		return -EAFNOSUPPORT;
	return read_keys(s + strlen("unix:"), end, ret, ret_size);
}

int bus_address_connect(const char *address)
{
	char name[UNIX_NAME_SIZE];
	int r = -EINVAL;

	while (address) {
		size_t size;

		r = bus_address_next(&address, name, &size);
		if (r >= 0)
			r = unix_connect(name, size);
		if (r >= 0)
			return r;
	}
	return r;
}
