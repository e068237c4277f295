/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/humane.h"
#include "base/cleanup.h"

#include <inttypes.h>
#include <time.h>

#define USEC_PER_SEC UINT64_C(1000000)

void humane_size(uint64_t bytes, char ret[static HUMANE_MAX])
{
	static const char units[] = "BKMGTPE";
	uint64_t rest = 0;
	unsigned unit = 0;

	for (; bytes >= 1024; unit++) {
		rest = bytes % 1024;
		bytes /= 1024;
	}
	if (unit == 0)
		(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 "B", bytes);
	else
		(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 ".%u%c", bytes, (unsigned)(rest * 10 / 1024),
			units[unit]);
}

void humane_span(uint64_t usec, char ret[static HUMANE_MAX])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	uint64_t seconds = usec / USEC_PER_SEC;

	if (usec < 1000)
		(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 "us", usec);
	else if (usec < USEC_PER_SEC)
		(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 "ms", usec / 1000);
	else if (seconds < 60)
		(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 ".%03us", seconds,
			(unsigned)(usec % USEC_PER_SEC / 1000));
	else
		for (size_t i = 0; i + 1 < ELEMENTSOF(units); i++) {
			uint64_t rest = seconds % units[i].seconds / units[i + 1].seconds;

			if (seconds < units[i].seconds)
				continue;
			if (rest > 0)
				(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 "%s %" PRIu64 "%s",
					seconds / units[i].seconds, units[i].name, rest, units[i + 1].name);
			else
				(void)snprintf(ret, HUMANE_MAX, "%" PRIu64 "%s", seconds / units[i].seconds,
					units[i].name);
			break;
		}
}

/* Whole seconds are enough for what is over. */
static void put_distance(uint64_t usec, char *to, size_t size)
{
	struct timespec now = { 0 };
	char span[HUMANE_MAX];
	uint64_t now_usec;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	now_usec = (uint64_t)now.tv_sec * USEC_PER_SEC;
	if (now_usec < usec || now_usec - usec < USEC_PER_SEC)
		return;
	now_usec -= usec;
	if (now_usec < 60 * USEC_PER_SEC)
		(void)snprintf(to, size, "; %" PRIu64 "s ago", now_usec / USEC_PER_SEC);
	else {
		humane_span(now_usec, span);
		(void)snprintf(to, size, "; %s ago", span);
	}
}

void humane_time(uint64_t usec, char ret[static HUMANE_MAX])
{
	time_t seconds = (time_t)(usec / USEC_PER_SEC);
	struct tm tm;
	size_t n;

	*ret = '\0';
	if (usec == 0 || !localtime_r(&seconds, &tm))
		return;
	n = strftime(ret, HUMANE_MAX, "%Y-%m-%d %H:%M:%S %Z", &tm);
	put_distance(usec, ret + n, HUMANE_MAX - n);
}

int table_put_size(struct table *t, uint64_t bytes)
{
	char text[HUMANE_MAX];

	humane_size(bytes, text);
	return table_put(t, text);
}

int table_put_span(struct table *t, uint64_t usec)
{
	char text[HUMANE_MAX];

	humane_span(usec, text);
	return table_put(t, text);
}
