/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Setters of [Resources] for a process' share in the machine: names, forms and bounds as in systemd.exec(5).
 */

#include "base/error.h"
#include "base/parse.h"
#include "profile/profile.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The machine's own name, as systemd has it. */
#if defined(__x86_64__)
#define NATIVE_PERSONALITY "x86-64"
#elif defined(__aarch64__)
#define NATIVE_PERSONALITY "arm64"
#elif defined(__riscv)
#define NATIVE_PERSONALITY "riscv64"
#else
#error "a name for this architecture is missing here"
#endif

#define NICE_MIN        (-20)
#define NICE_MAX        19
#define OOM_SCORE_MIN   (-1000)
#define OOM_SCORE_MAX   1000
#define NSEC_PER_USEC   1000U
#define TIMER_SLACK_MAX UINT64_C(10000000000) /* ten seconds: more is a typing error */

static int set_int(const struct setting *s, void *target, int min, int max)
{
	int *value = setting_slot(s, target);

	/* as in systemd, a "+" may stand before it */
	if (parse_int(s->value[0] == '+' ? s->value + 1 : s->value, s->value[0] == '+' ? 0 : min, max,
		    value) < 0)
		return setting_error(
			s, 0, "%s=%s: expected a number from %d to %d", s->key->name, s->value, min, max);
	return 0;
}

int set_nice(const struct setting *s, void *target)
{
	return set_int(s, target, NICE_MIN, NICE_MAX);
}

int set_oom_score(const struct setting *s, void *target)
{
	return set_int(s, target, OOM_SCORE_MIN, OOM_SCORE_MAX);
}

/* "3" or "0-3". */
static int parse_cpus(const char *text, uint32_t *ret_first, uint32_t *ret_last)
{
	_cleanup_free_ char *first = NULL;
	const char *dash = strchr(text, '-');
	int r;

	if (!dash) {
		r = parse_u32(text, ret_first);
		*ret_last = *ret_first;
	} else {
		first = strndup(text, (size_t)(dash - text));
		if (!first)
			return -ENOMEM;
		r = parse_u32(first, ret_first);
		if (r == 0)
			r = parse_u32(dash + 1, ret_last);
	}
	if (r < 0)
		return r;
	return *ret_last < CPUS_MAX && *ret_first <= *ret_last ? 0 : -ERANGE;
}

static int add_cpus(const struct setting *s, void *data, char **word, size_t offset)
{
	uint64_t *mask = data;
	uint32_t first = 0, last = 0;
	char *rest = *word, *part;
	int r;

	while ((part = strsep(&rest, ","))) {
		if (part[0] == '\0')
			continue;
		r = parse_cpus(part, &first, &last);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return setting_error(s, offset + (size_t)(part - *word),
				"%s=%s: expected numbers of processors below %u, or ranges such as 0-3",
				s->key->name, part, CPUS_MAX);
		for (uint32_t i = first; i <= last; i++)
			mask[i / 64] |= UINT64_C(1) << i % 64;
	}
	return 0;
}

int set_cpus(const struct setting *s, void *target)
{
	uint64_t *mask = setting_slot(s, target);

	if (s->value[0] == '\0')
		memset(mask, 0, CPU_WORDS * sizeof(*mask));
	return setting_words(s, 0, false, add_cpus, mask);
}

/* A bare number is nanoseconds here, as in systemd; spans with a unit are as everywhere. */
int set_timer_slack(const struct setting *s, void *target)
{
	uint64_t *nsec = setting_slot(s, target), value;
	_cleanup_free_ char *text = strdup(s->value);
	size_t n = strlen(s->value);
	bool nanoseconds = n > 0 && isdigit((unsigned char)s->value[n - 1]);
	int r;

	if (!text)
		return -ENOMEM;
	if (n > 2 && strcmp(text + n - 2, "ns") == 0 && isdigit((unsigned char)text[n - 3])) {
		text[n - 2] = '\0';
		nanoseconds = true;
	}
	r = nanoseconds ? parse_u64(text, &value) : parse_usec(text, &value);
	if (r < 0)
		return setting_error(s, 0,
			"%s=%s: expected a number of nanoseconds, or a time span such as 50us", s->key->name,
			s->value);
	if (!nanoseconds && __builtin_mul_overflow(value, NSEC_PER_USEC, &value))
		value = UINT64_MAX;
	if (value == 0 || value > TIMER_SLACK_MAX)
		return setting_error(s, 0, "%s=%s: out of range; 1 to %" PRIu64 " nanoseconds", s->key->name,
			s->value, TIMER_SLACK_MAX);
	*nsec = value;
	return 0;
}

/* Every payload has the machine's own personality: the key is there so that a unit's line can be moved here.
 */
int set_personality(const struct setting *s, void *target)
{
	(void)target;
	if (strcmp(s->value, NATIVE_PERSONALITY) == 0)
		return 0;
	return setting_error(s, 0, "%s=%s: expected " NATIVE_PERSONALITY ", which every program has here",
		s->key->name, s->value);
}
