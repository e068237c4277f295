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

/* A backslash before a digit. Inside brackets it would be harmless, but can be written without there. */
static bool has_back_reference(const char *s)
{
	for (; *s; s++) {
		if (*s != '\\')
			continue;
		if (s[1] >= '0' && s[1] <= '9')
			return true;
		if (s[1] != '\0')
			s++;
	}
	return false;
}

int pattern_compile(struct pattern *ret, const char *expression, const char **reterr_reason)
{
	_cleanup_(pattern_done) struct pattern alone = PATTERN_NULL;
	char anchored[PATTERN_MAX + sizeof("^()$")];
	int r;

	if (strnlen(expression, PATTERN_MAX + 1) > PATTERN_MAX) {
		*reterr_reason = "it is longer than 4096 bytes";
		return -EINVAL;
	}
	if (has_back_reference(expression)) {
		*reterr_reason = "it has a back-reference (backslash and digit)";
		return -EINVAL;
	}
	/* by itself first: "a)|(b" is a valid part of "^(a)|(b)$", but that is anchored at one end only */
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
