/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/learn.h"

#include "base/array.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "learn/tracked.h"
#include "seccomp/syscalls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXCERPT_MAX 80 /* bytes of a line that a message shows */

int learning_init(struct learning *ret, const struct architecture *architecture)
{
	if (!architecture)
		architecture = architecture_native();
	if (!architecture)
		return -EOPNOTSUPP;
	*ret = (struct learning){ .architecture = architecture };
	return 0;
}

void learning_done(struct learning *l)
{
	for (size_t i = 0; i < l->n_calls; i++)
		free(l->calls[i].values);
	for (size_t i = 0; i < l->n_problems; i++) {
		free(l->problems[i].file);
		free(l->problems[i].text);
	}
	free(l->calls);
	free(l->problems);
	strv_free(l->files);
	strv_free(l->programs);
	*l = (struct learning){};
}

/* The first entry whose number is not below. */
static size_t find_place(const struct learning *l, uint32_t number)
{
	size_t low = 0, high = l->n_calls;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->calls[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct learn_call *learning_find(const struct learning *l, uint32_t number)
{
	size_t i = find_place(l, number);

	return i < l->n_calls && l->calls[i].number == number ? &l->calls[i] : NULL;
}

struct learn_call *learn_call(struct learning *l, uint32_t number)
{
	size_t i = find_place(l, number);
	const char *name;

	if (i < l->n_calls && l->calls[i].number == number)
		return &l->calls[i];
	if (array_reserve(&l->calls, &l->allocated, l->n_calls + 1, sizeof(*l->calls)) < 0)
		return NULL;
	memmove(&l->calls[i + 1], &l->calls[i], (l->n_calls - i) * sizeof(*l->calls));
	name = syscall_name(l->architecture, number);
	l->calls[i] = (struct learn_call){
		.number = number,
		.tracked = name ? tracked_find(l->architecture, name) : NULL,
	};
	l->n_calls++;
	return &l->calls[i];
}

int learn_value(struct learn_call *call, uint64_t value, bool low_half)
{
	size_t i = 0;

	while (i < call->n_values && call->values[i].value < value)
		i++;
	if (i < call->n_values && call->values[i].value == value) {
		call->values[i].count++;
		call->values[i].low_half |= low_half;
		return 0;
	}
	if (call->n_values >= LEARN_VALUES_MAX) {
		call->dropped++;
		return 0;
	}
	if (array_reserve(&call->values, &call->allocated, call->n_values + 1, sizeof(*call->values)) < 0)
		return -ENOMEM;
	memmove(&call->values[i + 1], &call->values[i], (call->n_values - i) * sizeof(*call->values));
	call->values[i] = (struct learn_value){ .value = value, .count = 1, .low_half = low_half };
	call->n_values++;
	return 0;
}

int learn_program(struct learning *l, const char *name, size_t length)
{
	_cleanup_free_ char *copy = NULL;

	if (l->more_programs)
		return 0;
	copy = strndup(name, length);
	if (!copy)
		return -ENOMEM;
	if (strv_contains(l->programs, copy))
		return 0;
	if (strv_length(l->programs) >= LEARN_PROGRAMS_MAX) {
		l->more_programs = true;
		return 0;
	}
	return strv_consume(&l->programs, steal_ptr(copy));
}

/* The beginning of a line, cut where no character is torn. */
static char *excerpt(const char *text, size_t size)
{
	_cleanup_free_ char *copy = NULL, *safe = NULL;
	size_t n = size < EXCERPT_MAX ? size : EXCERPT_MAX;
	char *all = NULL;

	while (n < size && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	copy = malloc(n + 1);
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++)
		copy[i] = text[i] == '\0' ? '?' : text[i];
	copy[n] = '\0';
	safe = utf8_escape(copy);
	if (!safe || asprintf(&all, "%s%s", safe, n < size ? "..." : "") < 0)
		return NULL;
	return all;
}

static int __attribute__((format(printf, 4, 0)))
make_text(char **ret, const char *line_text, size_t size, const char *format, va_list arguments)
{
	_cleanup_free_ char *why = NULL, *safe = NULL, *shown = NULL;

	if (vasprintf(&why, format, arguments) < 0) {
		why = NULL;
		return -ENOMEM;
	}
	safe = utf8_escape(why);
	if (!safe)
		return -ENOMEM;
	if (!line_text) {
		*ret = steal_ptr(safe);
		return 0;
	}
	shown = excerpt(line_text, size);
	if (!shown)
		return -ENOMEM;
	return asprintf(ret, "%s: %s", safe, shown) < 0 ? -ENOMEM : 0;
}

int learn_problem(struct learning *l, const char *file, uint64_t line, const char *line_text, size_t size,
	const char *format, ...)
{
	_cleanup_free_ char *name = NULL;
	char *text = NULL;
	va_list arguments;
	int r;

	if (l->n_problems >= LEARN_PROBLEMS_MAX) {
		l->n_more_problems++;
		return -E2BIG;
	}
	if (array_reserve(&l->problems, &l->problems_allocated, l->n_problems + 1, sizeof(*l->problems)) < 0)
		return -ENOMEM;
	name = strdup(file);
	if (!name)
		return -ENOMEM;
	va_start(arguments, format);
	r = make_text(&text, line_text, size, format, arguments);
	va_end(arguments);
	if (r < 0)
		return r;
	l->problems[l->n_problems++] =
		(struct learn_problem){ .file = steal_ptr(name), .line = line, .text = text };
	return 0;
}
