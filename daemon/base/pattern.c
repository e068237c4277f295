/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/pattern.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* regerror(3) would need a buffer; these are its cases, less those that newer versions may add. */
static const char *reason_of(int error)
{
	switch (error) {
	case REG_EBRACK:
		return "a bracket expression \"[\" is not closed";
	case REG_EPAREN:
		return "a parenthesis is not closed, or was not opened";
	case REG_EBRACE:
	case REG_BADBR:
		return "an interval \"{}\" is not closed or has no valid bounds";
	case REG_ERANGE:
		return "a range in brackets ends before it begins";
	case REG_BADRPT:
		return "a repetition (*, +, ?, {}) has nothing before it";
	case REG_EESCAPE:
		return "it ends in a backslash";
	case REG_ECTYPE:
	case REG_ECOLLATE:
		return "it names an unknown character class";
	case REG_ESIZE:
		return "it is too large";
	default:
		return "it is no POSIX extended regular expression";
	}
}

static int compile(struct pattern *ret, const char *expression, const char **reterr_reason)
{
	int r = regcomp(&ret->regex, expression, REG_EXTENDED | REG_NOSUB);

	if (r == 0) {
		ret->compiled = true;
		return 0;
	}
	if (r == REG_ESPACE)
		return -ENOMEM;
	*reterr_reason = reason_of(r);
	return -EINVAL;
}

#define PATTERN_DEPTH_MAX 16                 /* groups in groups */
#define PATTERN_PARTS_MAX (PATTERN_MAX + 64) /* written out; half a megabyte when compiled, in some 5 ms */

/* Past a bracket expression that begins at s; at the string's end if it has none. */
static const char *skip_brackets(const char *s)
{
	s++;
	if (*s == '^')
		s++;
	if (*s == ']') /* stands for itself in the first place */
		s++;
	while (*s && *s != ']') {
		const char *end = NULL;
		char close[] = { s[1], ']', '\0' };

		if (*s == '[' && (s[1] == ':' || s[1] == '.' || s[1] == '='))
			end = strstr(s + 2, close);
		s = end ? end + 2 : s + 1;
	}
	return *s ? s + 1 : s;
}

/*
 * What regcomp(3) takes but may not stand between our anchors: a ")" too many is an ordinary character to it
 * when the expression stands alone, yet would end the group that holds it ("a)|(b"); and a back-reference.
 */
static const char *find_trap(const char *s)
{
	unsigned depth = 0;

	while (*s) {
		if (*s == '[') {
			s = skip_brackets(s);
			continue;
		}
		if (*s == '\\' && s[1] != '\0') {
			if (s[1] >= '0' && s[1] <= '9')
				return "it has a back-reference (backslash and digit)";
			s++;
		} else if (*s == '(') {
			depth++;
		} else if (*s == ')' && depth-- == 0) {
			return "a parenthesis is closed that was not opened (a literal one is written \\))";
		}
		s++;
	}
	return NULL;
}

/* Parts of an expression, by what regcomp(3) makes of them: it writes a repeated part out as often as it may
 * come, so that nested repetitions multiply. */
struct weight {
	size_t sum;  /* of what stands before the last part */
	size_t last; /* of the last part, to which a repetition applies */
};

static void add_part(struct weight *w, size_t parts)
{
	w->sum += w->last;
	w->last = parts;
}

/* At "{": the number of copies, and *ret_end behind "}"; 1 if that is no interval. */
static size_t copies_of(const char *s, const char **ret_end)
{
	size_t most = 1, n = 0;

	*ret_end = s + 1;
	for (s++; *s && strchr("0123456789,", *s); s++) {
		n = *s == ',' ? 0 : n * 10 + (size_t)(*s - '0');
		if (n > PATTERN_PARTS_MAX)
			n = PATTERN_PARTS_MAX;
		most = n > most ? n : most;
	}
	if (*s == '}')
		*ret_end = s + 1;
	return most + 1; /* "{2,}" is two and a "*" */
}

/* True for what would take regcomp(3) more memory or time than an expression is worth. */
static bool is_heavy(const char *s)
{
	struct weight groups[PATTERN_DEPTH_MAX + 1] = { 0 }, *w = groups;

	while (*s) {
		const char *next = s + 1;

		if (*s == '(') {
			if (w == groups + PATTERN_DEPTH_MAX)
				return true;
			*++w = (struct weight){ 0 };
		} else if (*s == ')' && w > groups) {
			size_t inside = w->sum + w->last + 1;

			add_part(--w, inside);
		} else if (*s == '{') {
			w->last *= copies_of(s, &next);
		} else if (*s == '*' || *s == '+' || *s == '?') {
			w->last *= 2;
		} else {
			if (*s == '[')
				next = skip_brackets(s);
			else if (*s == '\\' && s[1] != '\0')
				next = s + 2;
			add_part(w, 1);
		}
		if (w->sum + w->last > PATTERN_PARTS_MAX)
			return true;
		s = next;
	}
	return false;
}

int pattern_compile(struct pattern *ret, const char *expression, const char **reterr_reason)
{
	_cleanup_(pattern_done) struct pattern alone = PATTERN_NULL;
	char anchored[PATTERN_MAX + sizeof("^()$")];
	const char *trap;
	int r;

	if (strnlen(expression, PATTERN_MAX + 1) > PATTERN_MAX) {
		*reterr_reason = "it is longer than 4096 bytes";
		return -EINVAL;
	}
	trap = find_trap(expression);
	if (trap) {
		*reterr_reason = trap;
		return -EINVAL;
	}
	if (is_heavy(expression)) {
		*reterr_reason = "its groups are too deep, or its repetitions multiply to too much";
		return -EINVAL;
	}
	/* by itself first: what the anchors would complete must not pass for complete */
	r = compile(&alone, expression, reterr_reason);
	if (r < 0)
		return r;
	(void)snprintf(anchored, sizeof(anchored), "^(%s)$", expression);
	*ret = PATTERN_NULL;
	return compile(ret, anchored, reterr_reason);
}

bool pattern_matches(const struct pattern *p, const char *s)
{
	return p->compiled && regexec(&p->regex, s, 0, NULL, 0) == 0;
}

void pattern_done(struct pattern *p)
{
	if (p->compiled)
		regfree(&p->regex);
	*p = PATTERN_NULL;
}
