/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The comments of a statement, and those that allow what a warning is about: "# lint: allow any-bits". */

#include "seccomp/linter.h"

#include <string.h>

#define MARK "lint: allow "

/* A part of a text. */
struct stretch {
	const char *at;
	size_t n;
};

static size_t line_begin(const struct source *s, size_t at)
{
	while (at > 0 && s->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(const struct source *s, size_t at)
{
	const char *newline = memchr(s->text + at, '\n', s->size - at);

	return newline ? (size_t)(newline - s->text) : s->size;
}

/* Whether the line that ends at @end goes on in the next. */
static bool is_continued(const struct source *s, size_t end)
{
	if (end > 0 && s->text[end - 1] == '\r')
		end--;
	return end > 0 && s->text[end - 1] == '\\';
}

/* The logical line around a position. */
static struct stretch logical_line(struct position at)
{
	const struct source *s = at.source;
	size_t begin = line_begin(s, at.offset), end = line_end(s, at.offset);

	while (begin > 0 && is_continued(s, begin - 1))
		begin = line_begin(s, begin - 1);
	while (end < s->size && is_continued(s, end))
		end = line_end(s, end + 1);
	return (struct stretch){ s->text + begin, end - begin };
}

/* That and, if it is nothing but a comment, the physical line before it. */
static struct stretch statement_text(struct position at)
{
	const struct source *s = at.source;
	struct stretch text = logical_line(at);
	size_t begin = (size_t)(text.at - s->text), before;

	if (begin == 0)
		return text;
	before = line_begin(s, begin - 1);
	if (s->text[before + strspn(s->text + before, " \t")] != '#')
		return text;
	return (struct stretch){ s->text + before, text.n + begin - before };
}

/* Takes the next comment out of a text. */
static bool next_comment(struct stretch *text, struct stretch *ret)
{
	const char *hash = memchr(text->at, '#', text->n), *newline;
	size_t left;

	if (!hash)
		return false;
	left = text->n - (size_t)(hash - text->at);
	newline = memchr(hash, '\n', left);
	*ret = (struct stretch){ hash, newline ? (size_t)(newline - hash) : left };
	*text = (struct stretch){ hash + ret->n, left - ret->n };
	return true;
}

static bool is_code(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Takes the next code out of a list with commas and blanks between; what else stands there ends it. */
static bool next_code(struct stretch *list, struct stretch *ret)
{
	size_t begin = 0, end;

	while (begin < list->n && (list->at[begin] == ' ' || list->at[begin] == ','))
		begin++;
	for (end = begin; end < list->n && is_code(list->at[end]);)
		end++;
	*ret = (struct stretch){ list->at + begin, end - begin };
	*list = (struct stretch){ list->at + end, list->n - end };
	return ret->n > 0;
}

/* The codes that a comment allows. */
static bool find_list(struct stretch comment, struct stretch *ret)
{
	const char *mark = memmem(comment.at, comment.n, MARK, strlen(MARK));

	if (!mark)
		return false;
	ret->at = mark + strlen(MARK);
	ret->n = comment.n - (size_t)(ret->at - comment.at);
	return true;
}

static bool is_word(struct stretch code, const char *word)
{
	return strlen(word) == code.n && memcmp(word, code.at, code.n) == 0;
}

bool lint_allowed(struct position at, const char *code)
{
	struct stretch text = statement_text(at), comment, list, word;

	while (next_comment(&text, &comment)) {
		if (!find_list(comment, &list))
			continue;
		while (next_code(&list, &word))
			if (is_word(word, code))
				return true;
	}
	return false;
}

bool lint_commented(struct position at)
{
	struct stretch text = statement_text(at), comment;

	return next_comment(&text, &comment);
}

static bool is_known(struct stretch code)
{
	for (size_t i = 0; lint_codes[i]; i++)
		if (is_word(code, lint_codes[i]))
			return true;
	return false;
}

int lint_find_unknown(struct position at, struct position *ret)
{
	struct stretch text = statement_text(at), comment, list, word;

	while (next_comment(&text, &comment)) {
		if (!find_list(comment, &list))
			continue;
		while (next_code(&list, &word))
			if (!is_known(word)) {
				*ret = (struct position){
					.source = at.source,
					.offset = (size_t)(word.at - at.source->text),
					.length = word.n,
				};
				return 1;
			}
	}
	return 0;
}
