/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"
#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SIGNAL_NAME_SIZE 24 /* the longest is "SIGRTMIN+30" */

/* Digits up to the first other character. Returns how many were read, -EINVAL for none, -ERANGE past 64 bits.
 */
static int scan_digits(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	int n = 0;

	for (; s[n] >= '0' && s[n] <= '9'; n++)
		if (__builtin_mul_overflow(v, 10U, &v) ||
			__builtin_add_overflow(v, (uint64_t)(s[n] - '0'), &v))
			return -ERANGE;
	if (n == 0)
		return -EINVAL;
	*ret = v;
	return n;
}

int parse_u64(const char *s, uint64_t *ret)
{
	uint64_t v;
	int n = scan_digits(s, &v);

	if (n < 0)
		return n;
	if (s[n] != '\0' || (n > 1 && s[0] == '0'))
		return -EINVAL;
	*ret = v;
	return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = parse_u64(s, &v);

	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int parse_int(const char *s, int min, int max, int *ret)
{
	bool negative = s[0] == '-';
	int64_t value;
	uint64_t v;
	int r;

	r = parse_u64(s + negative, &v);
	if (r < 0)
		return r;
	if (v > INT32_MAX)
		return -ERANGE;
	value = negative ? -(int64_t)v : (int64_t)v;
	if (value < min || value > max)
		return -ERANGE;
	*ret = (int)value;
	return 0;
}

int parse_uid(const char *s, uid_t *ret)
{
	uint32_t v;
	int r = parse_u32(s, &v);

	if (r < 0)
		return r;
	if (v == UINT32_MAX || v == UINT16_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_mode(const char *s, mode_t *ret)
{
	mode_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		v = v * 8 + (mode_t)(*s - '0');
		if (v > 07777)
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
		if (strcmp(s, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
		if (strcmp(s, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_size(const char *s, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	unsigned shift = 0;
	const char *p;
	uint64_t v;
	int n;

	if (strcmp(s, "infinity") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	n = scan_digits(s, &v);
	if (n < 0)
		return n;
	if (s[n] != '\0') {
		p = strchr(suffixes, s[n]);
		if (!p || s[n + 1] != '\0')
			return -EINVAL;
		shift = 10U * (unsigned)(p - suffixes + 1);
	}
	if (v > (UINT64_MAX - 1) >> shift)
		return -ERANGE;
	*ret = v << shift;
	return 0;
}

static const struct {
	const char *name;
	uint64_t usec;
} time_units[] = {
	{ "usec", 1 },
	{ "us", 1 },
	{ "msec", 1000 },
	{ "ms", 1000 },
	{ "seconds", 1000000 },
	{ "second", 1000000 },
	{ "sec", 1000000 },
	{ "s", 1000000 },
	{ "", 1000000 },
	{ "minutes", 60000000 },
	{ "minute", 60000000 },
	{ "min", 60000000 },
	{ "m", 60000000 },
	{ "hours", 3600000000 },
	{ "hour", 3600000000 },
	{ "hr", 3600000000 },
	{ "h", 3600000000 },
	{ "days", 86400000000 },
	{ "day", 86400000000 },
	{ "d", 86400000000 },
};

static int unit_usec(const char *unit, size_t len, uint64_t *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(time_units); i++)
		if (strlen(time_units[i].name) == len && memcmp(time_units[i].name, unit, len) == 0) {
			*ret = time_units[i].usec;
			return 0;
		}
	return -EINVAL;
}

int parse_usec(const char *s, uint64_t *ret)
{
	uint64_t total = 0, v, unit;
	size_t len;
	int n, r;

	if (strcmp(s, "infinity") == 0) {
		*ret = USEC_INFINITY;
		return 0;
	}
	do {
		n = scan_digits(s, &v);
		if (n < 0)
			return n;
		s += n;
		len = strspn(s, "abcdefghijklmnopqrstuvwxyz");
		r = unit_usec(s, len, &unit);
		if (r < 0)
			return r;
		if (__builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(total, v, &total) ||
			total > TIMEOUT_USEC_MAX)
			return -ERANGE;
		s += len;
		s += strspn(s, " ");
	} while (*s);
	*ret = total;
	return 0;
}

int parse_signal(const char *s, int *ret)
{
	char wanted[SIGNAL_NAME_SIZE];

	if (*s >= '0' && *s <= '9')
		return parse_int(s, 1, 64, ret);
	/* a copy: s may be what signal_to_string() returned, whose storage the loop uses */
	if (snprintf(wanted, sizeof(wanted), "%s", s) >= (int)sizeof(wanted))
		return -EINVAL;
	for (int i = 1; i <= 64; i++) {
		const char *name = signal_to_string(i);

		if (name && (strcmp(wanted, name) == 0 || strcmp(wanted, name + 3) == 0)) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *signal_to_string(int sig)
{
	static __thread char name[SIGNAL_NAME_SIZE];
	const char *abbreviation;

	if (sig >= SIGRTMIN && sig <= SIGRTMAX) {
		if (sig == SIGRTMIN)
			return "SIGRTMIN";
		(void)snprintf(name, sizeof(name), "SIGRTMIN+%d", sig - SIGRTMIN);
		return name;
	}
	abbreviation = sigabbrev_np(sig);
	if (!abbreviation)
		return NULL;
	(void)snprintf(name, sizeof(name), "SIG%s", abbreviation);
	return name;
}

bool profile_name_valid(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= PROFILE_NAME_MAX && s[n] == '\0' && s[0] != '_' && s[0] != '-';
}

bool selinux_context_valid(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *at = s;

	if (strlen(s) > SELINUX_CONTEXT_MAX)
		return false;
	for (int field = 0; field < 3; field++) {
		size_t n = strspn(at, letters);

		if (n == 0 || (field < 2 && at[n] != ':'))
			return false;
		at += field < 2 ? n + 1 : n;
	}
	/* sensitivities and categories: "s0", "s0:c1,c5", "s0-s0:c0.c1023" */
	if (*at == '\0')
		return true;
	return *at == ':' && at[1] && strspn(at + 1, letters) > 0 &&
	       at[1 + strspn(at + 1,
			      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:-")] == '\0';
}

bool store_name_valid(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n > 0 && n <= STORE_NAME_MAX && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

bool env_name_valid(const char *s, size_t len)
{
	if (len == 0 || (s[0] >= '0' && s[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			    (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}
