/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setter of the keys that bound a sandbox as a whole: forms and bounds as in systemd.resource-control(5). */

#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <string.h>

#define WEIGHT_MAX 10000U
#define PERMYRIAD  10000U              /* of a whole */
#define QUOTA_MAX  (8192U * PERMYRIAD) /* processors: more than any kernel has */

/* "12", "12.5" or "12.34" before the "%": hundredths of a percent. */
static int parse_permyriad(const char *s, size_t n, uint64_t *ret)
{
	_cleanup_free_ char *whole = NULL;
	const char *dot = memchr(s, '.', n);
	uint64_t v, part = 0;
	int r;

	whole = strndup(s, dot ? (size_t)(dot - s) : n);
	if (!whole)
		return -ENOMEM;
	r = parse_u64(whole, &v);
	if (r < 0)
		return r;
	if (dot) {
		size_t digits = n - (size_t)(dot + 1 - s);

		if (digits < 1 || digits > 2 || strspn(dot + 1, "0123456789") != digits)
			return -EINVAL;
		part = (uint64_t)(dot[1] - '0') * 10 + (digits > 1 ? (uint64_t)(dot[2] - '0') : 0);
	}
	if (v > QUOTA_MAX)
		return -ERANGE;
	*ret = v * 100 + part;
	return 0;
}

static int parse_amount(const char *s, bool bytes, struct profile_group_value *ret)
{
	size_t n = strlen(s);

	if (strcmp(s, "infinity") == 0) {
		ret->value = UINT64_MAX;
		return 0;
	}
	ret->relative = n > 0 && s[n - 1] == '%';
	if (ret->relative)
		return parse_permyriad(s, n - 1, &ret->value);
	return bytes ? parse_size(s, &ret->value) : parse_u64(s, &ret->value);
}

static int parse_weight(const char *s, bool idle, uint64_t *ret)
{
	int r;

	if (idle && strcmp(s, "idle") == 0) {
		*ret = 0;
		return 0;
	}
	r = parse_u64(s, ret);
	if (r < 0)
		return r;
	return *ret >= 1 && *ret <= WEIGHT_MAX ? 0 : -ERANGE;
}

static int parse_value(unsigned which, const char *s, struct profile_group_value *ret)
{
	uint64_t most = PERMYRIAD;
	int r;

	switch ((enum profile_group_limit)which) {
	case PROFILE_CPU_WEIGHT:
		return parse_weight(s, true, &ret->value);
	case PROFILE_IO_WEIGHT:
		return parse_weight(s, false, &ret->value);
	case PROFILE_CPU_QUOTA:
		r = parse_amount(s, false, ret);
		most = QUOTA_MAX;
		if (r == 0 && !ret->relative && ret->value != UINT64_MAX)
			return -EINVAL;
		break;
	default:
		r = parse_amount(s, which != PROFILE_TASKS_MAX, ret);
		break;
	}
	if (r < 0)
		return r;
	return ret->value == 0 || (ret->relative && ret->value > most) ? -ERANGE : 0;
}

/* key->min says which. */
int set_group_limit(const struct setting *s, void *target)
{
	static const char *const expected[_PROFILE_GROUP_LIMIT_MAX] = {
		[PROFILE_MEMORY_MAX] = "bytes with K, M, G or T, a percentage such as 10%, or infinity",
		[PROFILE_MEMORY_HIGH] = "bytes with K, M, G or T, a percentage such as 10%, or infinity",
		[PROFILE_TASKS_MAX] = "a number, a percentage such as 10%, or infinity",
		[PROFILE_CPU_QUOTA] = "a percentage of one processor such as 150%, or infinity",
		[PROFILE_CPU_WEIGHT] = "a number from 1 to 10000, or idle",
		[PROFILE_IO_WEIGHT] = "a number from 1 to 10000",
	};
	struct profile_group_value value = { .set = true, .place = setting_place(s, 0) };
	struct profile *p = target;
	int r;

	if (s->value[0] == '\0') {
		p->bounds[s->key->min].set = false;
		return 0;
	}
	r = parse_value((unsigned)s->key->min, s->value, &value);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return setting_error(s, 0, "%s=%s: %s%s", s->key->name, s->value,
			r == -ERANGE ? "out of range; expected " : "expected ", expected[s->key->min]);
	p->bounds[s->key->min] = value;
	return 0;
}
