/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/audit-line.h"
#include "base/cleanup.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The names of bailiff.journal-fields(7), and whether what was asked for was done. */
static const struct {
	const char *name;
	bool success;
} events[_AUDIT_EVENT_MAX] = {
	[AUDIT_LAUNCHED] = { "launched", true },
	[AUDIT_REFUSED] = { "refused", false },
	[AUDIT_FAILED] = { "failed", false },
	[AUDIT_ENDED] = { "ended", true },
	[AUDIT_ADMIN] = { "administered", true },
	[AUDIT_ADMIN_REFUSED] = { "administration-refused", false },
	[AUDIT_SUPPRESSED] = { "suppressed", false },
};

struct line {
	char *text;
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) put(struct line *l, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->n, AUDIT_LINE_MAX - l->n, format, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < AUDIT_LINE_MAX - l->n);
	l->n += (size_t)n;
}

/* As audit(8)'s readers expect it, and the quote of the kernel's msg='…' besides. */
static bool is_plain(const char *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~' || value[i] == '"' || value[i] == '\'')
			return false;
	return true;
}

static void put_value(struct line *l, const char *name, const char *value, size_t n)
{
	if (n == 0)
		return;
	if (is_plain(value, n)) {
		put(l, " %s=\"%.*s\"", name, (int)n, value);
		return;
	}
	put(l, " %s=", name);
	for (size_t i = 0; i < n; i++)
		put(l, "%02X", (unsigned char)value[i]);
}

static void put_text(struct line *l, const char *name, const char *value)
{
	put_value(l, name, value, strlen(value));
}

static void put_number(struct line *l, const char *name, uint64_t value)
{
	if (value > 0)
		put(l, " %s=%" PRIu64, name, value);
}

static void put_id(struct line *l, const char *name, uint32_t id)
{
	if (id != AUDIT_UNKNOWN_ID)
		put(l, " %s=%" PRIu32, name, id);
}

/* "decoder.profile:12 AllowGroup=video": two values, so that neither has to be in digits. */
static void put_rule(struct line *l, const char *rule)
{
	const size_t n = strcspn(rule, " ");

	put_value(l, "rule", rule, n);
	if (rule[n])
		put_text(l, "rule_key", rule + n + 1);
}

static void begin(struct line *l, const char *op)
{
	put(l, "op=%s comm=\"bailiffd\"", op);
}

static void end(struct line *l, bool success)
{
	put(l, " res=%s", success ? "success" : "failed");
}

size_t audit_line(char line[AUDIT_LINE_MAX], const struct audit_message *m)
{
	struct line l = { .text = line };

	begin(&l, events[m->event].name);
	put_id(&l, "caller_uid", m->uid);
	put_id(&l, "sauid", m->loginuid);
	put_number(&l, "caller_pid", m->pid);
	put_text(&l, "unit", m->unit);
	put_text(&l, "scontext", m->label);
	put_text(&l, "profile", m->profile);
	put_number(&l, "generation", m->generation);
	put_number(&l, "sandbox", m->sandbox);
	put_text(&l, "method", m->method);
	put_rule(&l, m->rule);
	put_text(&l, "reason", m->outcome);
	if (m->event == AUDIT_ENDED)
		put(&l, " exit_code=%" PRId32 " exit_signal=%" PRId32, m->exit_code, m->exit_signal);
	put_number(&l, "suppressed", m->suppressed);
	end(&l, events[m->event].success);
	return l.n;
}

size_t audit_line_own(char line[AUDIT_LINE_MAX], const char *op, unsigned long suppressed)
{
	struct line l = { .text = line };

	begin(&l, op);
	put_number(&l, "suppressed", suppressed);
	end(&l, suppressed == 0);
	return l.n;
}
