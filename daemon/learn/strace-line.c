/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/strace-line.h"

#include "base/cleanup.h"
#include "learn/processes.h"
#include "learn/scan.h"
#include "learn/value.h"

static struct text take_digits(struct text *t)
{
	struct text digits = { t->at, 0 };

	while (digits.n < t->n && is_digit(digits.at[digits.n]))
		digits.n++;
	*t = text_skip(*t, digits.n);
	return digits;
}

static bool take_pid(struct text *t, uint32_t *ret)
{
	struct text rest = *t, digits = take_digits(&rest);
	uint64_t v = 0;

	/* No leading zero: that would be octal to number_parse(), and no pid to anyone. */
	if (digits.n == 0 || *digits.at == '0' || number_parse(digits, &v) < 0 || v > PROCESS_ID_MAX)
		return false;
	if (text_starts(rest, "<") && scan_decoration(&rest) < 0)
		return false;
	*ret = (uint32_t)v;
	*t = rest;
	return true;
}

/* "[pid 123] "; "[   0] " and "[00007f0102030405] " of -n and -i; a label of --secontext. */
static bool take_bracketed(struct text *t, uint32_t *pid)
{
	struct text rest = *t;
	const char *end;

	if (text_take(&rest, "[pid ")) {
		text_skip_blanks(&rest);
		if (!take_pid(&rest, pid) || !text_take(&rest, "] "))
			return false;
		*t = rest;
		return true;
	}
	if (!text_take(&rest, "["))
		return false;
	end = memmem(rest.at, rest.n, "] ", 2);
	if (!end)
		return false;
	*t = text_skip(rest, (size_t)(end - rest.at) + 2);
	return true;
}

/* "12:34:56.789012 ", "1700000000.123456 ", "0.000123 ", "(+     0.000123) ". */
static bool take_time(struct text *t)
{
	struct text rest = *t;
	bool bracketed = text_take(&rest, "(+");
	size_t digits = 0;

	if (bracketed)
		text_skip_blanks(&rest);
	while (rest.n > 0 && (is_digit(*rest.at) || *rest.at == ':' || *rest.at == '.')) {
		digits++;
		rest = text_skip(rest, 1);
	}
	if (digits == 0 || (bracketed && !text_take(&rest, ")")) || !text_take(&rest, " "))
		return false;
	*t = rest;
	return true;
}

/* Everything before the call. */
static void skip_prefix(struct text *t, uint32_t *pid)
{
	*pid = 0;
	for (;;) {
		struct text rest = *t;

		text_skip_blanks(&rest);
		if (text_starts(rest, "[") && take_bracketed(&rest, pid)) {
			*t = rest;
			continue;
		}
		if (*pid == 0) {
			struct text after = rest;
			uint32_t id;

			if (take_pid(&after, &id) && text_take(&after, " ")) {
				*pid = id;
				*t = after;
				continue;
			}
		}
		if (!take_time(&rest)) {
			text_skip_blanks(t);
			return;
		}
		*t = rest;
	}
}

bool strace_take_attached(struct text *line)
{
	static const char message[] = "strace: Process ", end[] = " attached";
	size_t n = line->n;
	struct text before;

	if (!text_ends(*line, end))
		return false;
	n -= sizeof(end) - 1;
	while (n > 0 && is_digit(line->at[n - 1]))
		n--;
	before = (struct text){ line->at, n };
	if (n == 0 || !text_ends(before, message) || line->at[n] == ' ')
		return false;
	line->n = n - (sizeof(message) - 1);
	return true;
}

/* "[ Process PID=123 runs in 32 bit mode. ]", with or without "strace: ". */
static bool take_mode(struct text t, struct strace_line *ret)
{
	const char *runs;

	(void)text_take(&t, "strace: ");
	if (!text_take(&t, "[ Process PID=") || !text_ends(t, " mode. ]") || !take_pid(&t, &ret->pid))
		return false;
	if (!text_take(&t, " runs in "))
		return false;
	runs = memmem(t.at, t.n, " mode. ]", 8);
	ret->mode = (struct text){ t.at, (size_t)(runs - t.at) };
	ret->kind = STRACE_MODE;
	return true;
}

/* "Process 123 attached", as strace before 4.9 wrote it without its name. */
static bool is_old_message(struct text t)
{
	static const char *const ends[] = { " attached", " detached", " resumed", " suspended" };

	if (!text_take(&t, "Process ") || take_digits(&t).n == 0)
		return false;
	for (size_t i = 0; i < ELEMENTSOF(ends); i++)
		if (text_starts(t, ends[i]))
			return true;
	return false;
}

static bool is_noise(struct text t)
{
	return t.n == 0 || text_starts(t, "strace: ") || is_old_message(t) ||
	       (text_starts(t, "+++ ") && text_ends(t, " +++")) ||
	       (text_starts(t, "--- ") && text_ends(t, " ---"));
}

/* Whether the text ends in a mark that the rest comes later, or never. */
static bool cut_mark(struct text *t)
{
	static const char *const marks[] = { "<unfinished ...>", "<detached ...>",
		"<ptrace(SYSCALL):No such process>" };

	for (size_t i = 0; i < ELEMENTSOF(marks); i++)
		if (text_ends(*t, marks[i])) {
			t->n -= strlen(marks[i]);
			return true;
		}
	return false;
}

static void split_resumed(struct text t, struct strace_line *ret)
{
	if (text_take(&t, "???")) /* the process ended before strace could look */
		ret->name = (struct text){ t.at - 3, 3 };
	else
		ret->name = text_take_name(&t);
	if (ret->name.n == 0 || !text_take(&t, " resumed>"))
		return;
	ret->left = cut_mark(&t);
	ret->arguments = t;
	ret->kind = STRACE_RESUMED;
}

struct strace_line strace_line_split(struct text line)
{
	struct strace_line ret = { .kind = STRACE_UNKNOWN };
	struct text t = line;

	if (take_mode(t, &ret))
		return ret;
	if (text_starts(t, " > ") || is_noise(t)) {
		ret.kind = STRACE_NOTHING;
		return ret;
	}
	skip_prefix(&t, &ret.pid);
	t = text_trim(t);
	if (is_noise(t)) {
		ret.kind = STRACE_NOTHING;
		return ret;
	}
	if (text_take(&t, "<... ")) {
		split_resumed(t, &ret);
		return ret;
	}
	if (text_starts(t, "???"
			   "(")) {
		ret.kind = STRACE_NOTHING;
		return ret;
	}
	ret.name = text_take_name(&t);
	if (ret.name.n == 0 || is_digit(*ret.name.at) || !text_take(&t, "("))
		return ret;
	ret.kind = cut_mark(&t) ? STRACE_BEGUN : STRACE_CALL;
	ret.arguments = t;
	return ret;
}
