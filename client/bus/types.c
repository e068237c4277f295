/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus/bus.h"

#include <string.h>

size_t type_length(const char *s, const char *end)
{
	const char *at = s;
	size_t open = 0;

	do {
		while (at < end && *at == 'a')
			at++;
		if (at == end)
			return 0;
		if (*at == '(' || *at == '{')
			open++;
		else if (*at == ')' || *at == '}') {
			if (open == 0)
				return 0;
			open--;
		}
		at++;
	} while (open > 0);
	return (size_t)(at - s);
}

size_t type_alignment(char type)
{
	switch (type) {
	case 'y':
	case 'g':
	case 'v':
		return 1;
	case 'n':
	case 'q':
		return 2;
	case 'b':
	case 'i':
	case 'u':
	case 'h':
	case 's':
	case 'o':
	case 'a':
		return 4;
	case 'x':
	case 't':
	case 'd':
	case '(':
	case '{':
		return 8;
	default:
		return 0;
	}
}

bool type_is_basic(char type)
{
	return type != '\0' && strchr("ybnqiuxtdsogh", type);
}

bool type_is_text(char type)
{
	return type == 's' || type == 'o' || type == 'g';
}
