/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/utf8.h"

/* Byte counts and the range of the second byte, which alone excludes overlong forms, surrogates and the rest.
 */
static size_t classify(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*ret_high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_sequence(const char *s)
{
	unsigned char low, high;
	size_t n = classify((unsigned char)s[0], &low, &high);

	for (size_t i = 1; i < n; i++) {
		unsigned char byte = (unsigned char)s[i];

		if (byte < low || byte > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

bool utf8_valid(const char *s)
{
	while (*s) {
		size_t n = utf8_sequence(s);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}
