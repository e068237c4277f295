/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sasl.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define UID_DIGITS_MAX 10

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decimal digits, each as two hexadecimal ones. */
static bool identity_agrees(const struct sasl *s, const char *hex, size_t size)
{
	uint64_t uid = 0;

	if (size == 0)
		return true;
	if (size % 2 != 0 || size > 2 * UID_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < size; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]), c;

		if (high < 0 || low < 0)
			return false;
		c = high * 16 + low;
		if (c < '0' || c > '9')
			return false;
		uid = uid * 10 + (uint64_t)(c - '0');
	}
	return uid == s->uid;
}

static int answer(char reply[SASL_REPLY_MAX], const char *text)
{
	(void)snprintf(reply, SASL_REPLY_MAX, "%s\r\n", text);
	return 0;
}

static int judge(struct sasl *s, const char *hex, size_t size, char reply[SASL_REPLY_MAX])
{
	s->asked = false;
	s->accepted = identity_agrees(s, hex, size);
	if (!s->accepted)
		return answer(reply, "REJECTED EXTERNAL");
	(void)snprintf(reply, SASL_REPLY_MAX, "OK %s\r\n", s->guid);
	return 0;
}

/* The rest of a line that begins with this word; NULL if it does not. */
static const char *after(const char *line, size_t size, const char *word, size_t *ret_size)
{
	const size_t n = strlen(word);

	if (size < n || memcmp(line, word, n) != 0 || (size > n && line[n] != ' '))
		return NULL;
	*ret_size = size > n ? size - n - 1 : 0;
	return size > n ? line + n + 1 : line + n;
}

static int before_accepted(struct sasl *s, const char *line, size_t size, char reply[SASL_REPLY_MAX])
{
	const char *rest;
	size_t n;

	rest = after(line, size, "AUTH EXTERNAL", &n);
	if (rest && rest < line + size)
		return judge(s, rest, n, reply);
	if (rest) {
		s->asked = true;
		return answer(reply, "DATA");
	}
	rest = after(line, size, "DATA", &n);
	if (rest && s->asked)
		return judge(s, rest, n, reply);
	s->asked = false;
	if (after(line, size, "AUTH", &n) || after(line, size, "CANCEL", &n) ||
		after(line, size, "ERROR", &n))
		return answer(reply, "REJECTED EXTERNAL");
	if (after(line, size, "BEGIN", &n))
		return -EPROTO;
	return answer(reply, "ERROR");
}

int sasl_line(struct sasl *s, const char *line, size_t size, char reply[SASL_REPLY_MAX])
{
	size_t n;

	reply[0] = '\0';
	if (++s->n_lines > SASL_LINES_MAX)
		return -E2BIG;
	if (!s->accepted)
		return before_accepted(s, line, size, reply);
	if (after(line, size, "BEGIN", &n))
		return 1;
	if (after(line, size, "NEGOTIATE_UNIX_FD", &n)) {
		s->fds = true;
		return answer(reply, "AGREE_UNIX_FD");
	}
	if (after(line, size, "CANCEL", &n) || after(line, size, "ERROR", &n) ||
		after(line, size, "AUTH", &n)) {
		s->accepted = s->fds = false;
		return answer(reply, "REJECTED EXTERNAL");
	}
	return answer(reply, "ERROR");
}
