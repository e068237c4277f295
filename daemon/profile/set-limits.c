/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of section [Resources]: "value" or "soft:hard", with the units of systemd.exec(5) "Process
 * Properties". */

#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <string.h>
#include <sys/resource.h>

#define USEC_PER_SEC 1000000U
#define NICE_LIMIT   40 /* getrlimit(2): RLIMIT_NICE is 20 - nice, 1..40 */

static int parse_count(const char *s, uint64_t *ret)
{
	return parse_u64(s, ret);
}

/* parse_size() with the two largest suffixes, which systemd knows for limits. */
static int parse_bytes(const char *s, uint64_t *ret)
{
	_cleanup_free_ char *digits = NULL;
	size_t n = strlen(s);
	unsigned shift;
	uint64_t v;
	int r;

	if (n < 2 || (s[n - 1] != 'P' && s[n - 1] != 'E'))
		return parse_size(s, ret);
	shift = s[n - 1] == 'P' ? 50 : 60;
	digits = strndup(s, n - 1);
	if (!digits)
		return -ENOMEM;
	r = parse_u64(digits, &v);
	if (r < 0)
		return r;
	if (v > (UINT64_MAX - 1) >> shift)
		return -ERANGE;
	*ret = v << shift;
	return 0;
}

/* LimitCPU= counts whole seconds; shorter spans round up, so that none becomes 0. */
static int parse_seconds(const char *s, uint64_t *ret)
{
	uint64_t usec;
	int r = parse_usec(s, &usec);

	if (r < 0)
		return r;
	*ret = usec / USEC_PER_SEC + (usec % USEC_PER_SEC != 0);
	return 0;
}

/* LimitRTTIME= counts microseconds; a bare number is one. */
static int parse_microseconds(const char *s, uint64_t *ret)
{
	return s[strspn(s, "0123456789")] == '\0' ? parse_u64(s, ret) : parse_usec(s, ret);
}

/* "+5" and "-5" are nice levels, 1..40 the limit itself. */
static int parse_nice(const char *s, uint64_t *ret)
{
	int nice, r;

	if (s[0] == '+' || s[0] == '-') {
		r = parse_int(s[0] == '+' ? s + 1 : s, s[0] == '+' ? 0 : -20, 19, &nice);
		if (r < 0)
			return r;
		*ret = (uint64_t)(20 - nice);
		return 0;
	}
	r = parse_u64(s, ret);
	return r == 0 && *ret > NICE_LIMIT ? -ERANGE : r;
}

struct unit {
	int (*parse)(const char *s, uint64_t *ret);
	const char *expected;
};

static const struct unit counts = { parse_count, "a decimal number" };
static const struct unit bytes = { parse_bytes, "bytes, with K, M, G, T, P or E" };
static const struct unit seconds = { parse_seconds, "a time span; a bare number is seconds" };
static const struct unit microseconds = { parse_microseconds, "a time span; a bare number is microseconds" };
static const struct unit nices = { parse_nice, "a nice level with its sign (+19 to -20), or 0 to 40" };

static const struct unit *unit_of(uint64_t resource)
{
	switch (resource) {
	case RLIMIT_CPU:
		return &seconds;
	case RLIMIT_RTTIME:
		return &microseconds;
	case RLIMIT_NICE:
		return &nices;
	case RLIMIT_NOFILE:
	case RLIMIT_NPROC:
	case RLIMIT_LOCKS:
	case RLIMIT_SIGPENDING:
	case RLIMIT_RTPRIO:
		return &counts;
	default:
		return &bytes;
	}
}

static int limit_part(const struct setting *s, size_t offset, const char *text, uint64_t *ret)
{
	const struct unit *unit = unit_of(s->key->min);
	int r;

	if (strcmp(text, "infinity") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	r = unit->parse(text, ret);
	if (r == -ENOMEM)
		return r;
	if (r == -ERANGE)
		return setting_error(s, offset, "%s=%s: out of range", s->key->name, text);
	if (r < 0)
		return setting_error(
			s, offset, "%s=%s: expected infinity or %s", s->key->name, text, unit->expected);
	return 0;
}

/* key->min is the RLIMIT_* number. */
int set_limit(const struct setting *s, void *target)
{
	const char *colon = strchr(s->value, ':');
	_cleanup_free_ char *first = NULL;
	struct profile_limit limit = { .set = true, .place = setting_place(s, 0) };
	struct profile *p = target;
	size_t n = colon ? (size_t)(colon - s->value) : strlen(s->value);
	int r;

	if (s->value[0] == '\0') {
		p->limits[s->key->min].set = false;
		return 0;
	}
	first = strndup(s->value, n);
	if (!first)
		return -ENOMEM;
	r = limit_part(s, 0, first, &limit.soft);
	if (r < 0)
		return r;
	limit.hard = limit.soft;
	if (colon)
		r = limit_part(s, n + 1, colon + 1, &limit.hard);
	if (r < 0)
		return r;
	if (limit.soft > limit.hard)
		return setting_error(s, 0, "%s=%s: the soft limit is above the hard one; write soft:hard",
			s->key->name, s->value);
	p->limits[s->key->min] = limit;
	return 0;
}

/* As in systemd, 0 is no limit. */
int set_runtime(const struct setting *s, void *target)
{
	uint64_t *usec = setting_slot(s, target);
	int r = set_usec(s, target);

	if (r == 0 && *usec == 0)
		*usec = USEC_INFINITY;
	return r;
}
