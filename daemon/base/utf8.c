/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character that begins with this one, by its first bits; 0 for none. */
static size_t length_by_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if ((lead & 0xf0) == 0xe0)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Length of the character at s, 0 if there is none. */
static size_t character_length(const unsigned char *s, size_t n)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = length_by_lead(s[0]);
	uint32_t c;

	if (length <= 1 || length > n)
		return length > n ? 0 : length;
	c = s[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return length;
}

size_t utf8_valid_prefix(const char *s, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t length = character_length((const unsigned char *)s + at, n - at);

		if (length == 0)
			break;
		at += length;
	}
	return at;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

char *utf8_escape(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(s), out = 0, plain = 0;
	char *copy;

	/* most of what is shown */
	while (s[plain] >= 0x20 && s[plain] < 0x7f)
		plain++;
	if (plain == n)
		return strdup(s);
	copy = calloc(n + 1, 4);
	for (size_t at = 0; copy && at < n;) {
		unsigned char c = (unsigned char)s[at];
		size_t length = character_length((const unsigned char *)s + at, n - at);

		if (length == 0 || is_control(c)) {
			const char hex[] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

			memcpy(copy + out, hex, sizeof(hex));
			out += sizeof(hex);
			at++;
		} else {
			memcpy(copy + out, s + at, length);
			out += length;
			at += length;
		}
	}
	return copy;
}
