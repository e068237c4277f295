/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "vector.h"

#include "../unit.h"
#include "base/cleanup.h"
#include "seccomp/constants.h"
#include "seccomp/syscalls.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BLANKS " \t"

/* A word or a sign; what it is, its first byte tells. */
struct piece {
	const char *text;
	size_t length;
};

static struct piece take(const char **at)
{
	struct piece piece = { .text = *at + strspn(*at, BLANKS) };

	piece.length = strcspn(piece.text, BLANKS "[](),|+~=");
	if (piece.length == 0 && piece.text[0] != '\0')
		piece.length = 1;
	*at = piece.text + piece.length;
	return piece;
}

static bool piece_is(struct piece piece, const char *text)
{
	return piece.length == strlen(text) && memcmp(piece.text, text, piece.length) == 0;
}

static bool accept(const char **at, const char *sign)
{
	const char *ahead = *at;

	if (!piece_is(take(&ahead), sign))
		return false;
	*at = ahead;
	return true;
}

static void expect(const char *line, const char **at, const char *sign)
{
	if (!accept(at, sign))
		fail_msg("%s: `%s` expected before `%s`", line, sign, *at);
}

static bool is_number(struct piece piece)
{
	return piece.length > 0 && ((piece.text[0] >= '0' && piece.text[0] <= '9') || piece.text[0] == '-');
}

static uint64_t number_of(const char *line, struct piece piece)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(piece.text, &end, 0);
	if (errno != 0 || end != piece.text + piece.length)
		fail_msg("%s: `%.*s` is no number", line, (int)piece.length, piece.text);
	return value;
}

unsigned vector_architectures(const char *line, unsigned otherwise)
{
	const char *at = line;
	unsigned wanted = 0;

	if (!accept(&at, "["))
		return otherwise;
	do {
		struct piece name = take(&at);
		const struct architecture *a = architecture_find(name.text, name.length);

		if (piece_is(name, "*"))
			wanted |= (1U << _ARCHITECTURE_MAX) - 1;
		else if (a)
			wanted |= 1U << a->id;
		else
			fail_msg("%s: no architecture `%.*s`", line, (int)name.length, name.text);
	} while (accept(&at, ","));
	expect(line, &at, "]");
	return wanted;
}

static uint32_t resolve_call(const char *line, const struct architecture *a, const char **at)
{
	struct piece name = take(at);
	uint32_t number;
	int r;

	if (is_number(name)) {
		number = (uint32_t)number_of(line, name);
		return number < 4096 ? number + a->first_number : number;
	}
	r = syscall_lookup(a, name.text, name.length, &number);
	if (r < 0)
		fail_msg("%s: no system call `%.*s` on %s", line, (int)name.length, name.text, a->name);
	return number;
}

static uint64_t resolve_term(const char *line, const struct architecture *a, const char **at)
{
	bool complement = accept(at, "~");
	struct piece name = take(at);
	uint64_t value;

	if (is_number(name))
		value = number_of(line, name);
	else if (constant_lookup(a, name.text, name.length, &value) < 0)
		fail_msg("%s: no constant `%.*s` on %s", line, (int)name.length, name.text, a->name);
	return complement ? ~value : value;
}

static uint64_t resolve_argument(const char *line, const struct architecture *a, const char **at)
{
	uint64_t value = resolve_term(line, a, at);

	for (;;)
		if (accept(at, "|"))
			value |= resolve_term(line, a, at);
		else if (accept(at, "+"))
			value += resolve_term(line, a, at);
		else
			return value;
}

static uint32_t resolve_verdict(const char *line, const struct architecture *a, const char **at)
{
	static const struct {
		const char *name;
		uint32_t verdict;
	} verdicts[] = {
		{ "allow", SECCOMP_RET_ALLOW },
		{ "log", SECCOMP_RET_LOG },
		{ "trace", SECCOMP_RET_TRACE },
		{ "user-notify", SECCOMP_RET_USER_NOTIF },
		{ "trap", SECCOMP_RET_TRAP },
		{ "kill-thread", SECCOMP_RET_KILL_THREAD },
		{ "kill-process", SECCOMP_RET_KILL_PROCESS },
	};
	struct piece word = take(at);

	if (piece_is(word, "return"))
		return SECCOMP_RET_ERRNO | (uint32_t)resolve_term(line, a, at);
	for (size_t i = 0; i < ELEMENTS(verdicts); i++)
		if (piece_is(word, verdicts[i].name))
			return verdicts[i].verdict;
	fail_msg("%s: no verdict `%.*s`", line, (int)word.length, word.text);
	return 0;
}

void vector_resolve(
	const char *line, const struct architecture *a, struct seccomp_data *ret, uint32_t *ret_verdict)
{
	const char *at = line;
	size_t n = 0;

	if (accept(&at, "["))
		at = strchr(at, ']') + 1; /* vector_architectures() has seen it */
	*ret = (struct seccomp_data){ .arch = a->audit };
	ret->nr = (int)resolve_call(line, a, &at);
	expect(line, &at, "(");
	if (!accept(&at, ")")) {
		do {
			if (n == ELEMENTS(ret->args))
				fail_msg("%s: too many arguments", line);
			ret->args[n++] = resolve_argument(line, a, &at);
		} while (accept(&at, ","));
		expect(line, &at, ")");
	}
	expect(line, &at, "=");
	*ret_verdict = resolve_verdict(line, a, &at);
	expect(line, &at, "");
}
