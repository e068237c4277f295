/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/denial.h"
#include "base/io.h"
#include "base/log.h"
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>

#define WINDOW_USEC (10 * UINT64_C(1000000))
#define WINDOW_MAX  30 /* three a second: more is no news to whoever reads the log */

static bool admit(struct denial_log *l)
{
	uint64_t now = now_boottime_usec();

	if (now - l->window_begin_usec >= WINDOW_USEC) {
		if (l->suppressed > 0)
			log_notice("%u more refusals were not logged", l->suppressed);
		*l = (struct denial_log){ .window_begin_usec = now };
	}
	if (l->n >= WINDOW_MAX) {
		l->suppressed++;
		return false;
	}
	l->n++;
	return true;
}

void denial_write(struct denial_log *l, const char *format, ...)
{
	char text[2 * PLAN_MESSAGE_MAX];
	va_list ap;

	if (log_get_level() < LOG_NOTICE || !admit(l))
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_notice("%s", text);
}
