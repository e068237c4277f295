/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/scan.h"

#include "base/error.h"

/* A string from its quote. Behind a backslash any byte is part of it. */
static int skip_quoted(struct text *t)
{
	size_t i = 1;

	while (i < t->n && t->at[i] != '"')
		i += t->at[i] == '\\' ? 2 : 1;
	if (i >= t->n)
		return -EINVAL;
	*t = text_skip(*t, i + 1);
	return 0;
}

/*
 * A path has "<", ">", quotes and backslashes escaped, but may have brackets and may end in "-". A socket's
 * addresses stand in brackets, "TCP:[a->b]", where ">" ends nothing.
 */
int scan_decoration(struct text *t)
{
	bool path = t->n > 1 && t->at[1] == '/';
	size_t depth = 0, brackets = 0;
	struct text rest = *t;

	while (rest.n > 0) {
		char c = *rest.at;
		size_t step = 1;

		if (c == '"') {
			if (skip_quoted(&rest) < 0)
				return -EINVAL;
			continue;
		}
		if (c == '\\' && rest.n > 1)
			step = 2;
		else if (c == '[' && !path && (brackets > 0 || rest.at[-1] == ':'))
			brackets++;
		else if (c == ']' && brackets > 0)
			brackets--;
		else if (c == '<' && brackets == 0)
			depth++;
		else if (c == '>' && brackets == 0)
			depth--;
		rest = text_skip(rest, step);
		if (depth == 0) {
			*t = rest;
			return 0;
		}
	}
	return -EINVAL;
}

static int skip_comment(struct text *t)
{
	const char *end = memmem(t->at + 2, t->n - 2, "*/", 2);

	if (!end)
		return -EINVAL;
	*t = text_skip(*t, (size_t)(end - t->at) + 2);
	return 0;
}

static char closing(char open)
{
	return open == '(' ? ')' : open == '[' ? ']' : '}';
}

/* What can hold a comma or a bracket without meaning it. Returns 1 when it was skipped, 0 when none is there.
 */
static int skip_opaque(struct text *t)
{
	int r;

	if (*t->at == '"')
		r = skip_quoted(t);
	else if (text_starts(*t, "/*"))
		r = skip_comment(t);
	else if (text_take(t, "<<"))
		return 1; /* a shift */
	else if (*t->at == '<')
		r = scan_decoration(t);
	else
		return 0;
	return r < 0 ? r : 1;
}

int scan_argument(struct text *t, bool partial, struct argument *ret)
{
	char open[SCAN_DEPTH_MAX];
	struct text rest = *t;
	size_t depth = 0;

	while (rest.n > 0) {
		int r = skip_opaque(&rest);
		char c;

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		c = *rest.at;
		if (depth == 0 && (c == ',' || c == ')' || c == ']' || c == '}')) {
			ret->text = text_trim((struct text){ t->at, (size_t)(rest.at - t->at) });
			ret->end = c;
			*t = text_skip(rest, 1);
			return 0;
		}
		if (c == '(' || c == '[' || c == '{') {
			if (depth == SCAN_DEPTH_MAX)
				return -E2BIG;
			open[depth++] = closing(c);
		} else if (c == ')' || c == ']' || c == '}') {
			if (open[--depth] != c)
				return -EINVAL;
		}
		rest = text_skip(rest, 1);
	}
	if (depth > 0 && !partial)
		return -EINVAL;
	ret->text = text_trim(*t);
	ret->end = '\0';
	*t = rest;
	return 0;
}

/* "flags=CLONE_VM": an argument with its name, as strace writes those of clone(2). */
static bool is_labelled(struct text t)
{
	return text_take_name(&t).n > 0 && text_starts(t, "=");
}

static void look_at(struct call_text *c, struct text text)
{
	const struct tracked_call *tracked = c->tracked;

	if (!tracked || c->found || text.n == 0)
		return;
	if (tracked->label && text_take(&text, tracked->label))
		c->found = true;
	else if (c->n == tracked->argument && !(tracked->label && is_labelled(text)))
		c->found = true;
	if (c->found)
		c->value = text;
}

/* The end of a call is a ")" with "=" behind it, or the ")" of something that began in the part before. */
static bool is_end(const struct call_text *c, struct text rest)
{
	text_skip_blanks(&rest);
	return c->begins || text_starts(rest, "=") || rest.n == 0;
}

int scan_call(struct text t, struct call_text *c)
{
	struct argument argument;
	int r;

	c->n = c->first;
	for (;;) {
		r = scan_argument(&t, c->partial, &argument);
		if (r < 0)
			return r;
		look_at(c, argument.text);
		if (argument.end == '\0')
			return c->partial ? 0 : -EINVAL;
		if (argument.end == ',') {
			c->n++;
			continue;
		}
		if (argument.end == ')' && is_end(c, t)) {
			c->tail = t;
			return c->partial ? -EINVAL : 0;
		}
		if (c->begins)
			return -EINVAL;
	}
}

int scan_member(struct text structure, const char *label, struct text *ret)
{
	struct argument argument;
	int r;

	if (!text_take(&structure, "{"))
		return -ENOENT;
	do {
		r = scan_argument(&structure, true, &argument);
		if (r < 0)
			return r;
		if (text_take(&argument.text, label)) {
			*ret = argument.text;
			return 0;
		}
	} while (argument.end == ',');
	return -ENOENT;
}
