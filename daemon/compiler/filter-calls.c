/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * SystemCallFilter= and SystemCallLog=: lists of calls, put together as systemd does. The first assignment
 * says whether a list begins with nothing or with everything; then each word adds to it or takes away.
 */

#include "base/error.h"
#include "base/parse.h"
#include "base/suggest.h"
#include "compiler/filter.h"
#include "seccomp/constants.h"
#include "seccomp/groups.h"
#include "seccomp/syscalls.h"

#include <linux/seccomp.h>
#include <string.h>

#define ERRNO_LAST 4095 /* MAX_ERRNO of the kernel */

/* A group that every list of what is allowed begins with, so that a program can start and end. */
#define GROUP_ALWAYS "default"
#define GROUP_KNOWN  "known"

/* One word on its way into a list. */
struct entry {
	const struct profile_word *word;
	const char *key;
	size_t name_length;
	bool answered;
	uint32_t action;
};

enum list_kind list_kind(const struct profile_words *words)
{
	switch (words->kind) {
	case PROFILE_WORDS_NONE:
		return LIST_NONE;
	case PROFILE_WORDS_ALLOW:
		return LIST_ALLOW;
	case PROFILE_WORDS_DENY:
		break;
	}
	return LIST_DENY;
}

static uint32_t fail_with(uint32_t error)
{
	return SECCOMP_RET_ERRNO | error;
}

/* "EPERM", "1" or "kill". -EINVAL for anything else. */
static int parse_answer(const char *text, uint32_t *ret)
{
	const struct architecture *a = architecture_native();
	uint64_t value;
	uint32_t number;

	if (strcmp(text, "kill") == 0) {
		*ret = SECCOMP_RET_KILL_PROCESS;
		return 0;
	}
	if (parse_u32(text, &number) == 0)
		value = number;
	else if (!a || constant_lookup_errno(a, text, strlen(text), &value) < 0)
		return -EINVAL;
	if (value == 0 || value > ERRNO_LAST)
		return -EINVAL;
	*ret = fail_with((uint32_t)value);
	return 0;
}

static void put(struct call_list *l, size_t row, const struct entry *e)
{
	bool allow = l->kind == LIST_ALLOW, adds = allow != e->word->inverted;

	l->marks[row] = (struct call_mark){
		.listed = adds || (allow && e->answered),
		.answered = e->answered,
		.action = e->action,
	};
}

/* The calls of a group; those of other architectures alone are passed over. */
static void put_group(struct call_list *l, const struct syscall_group *group, const struct entry *e)
{
	for (size_t i = 0; i < group->n_members; i++) {
		const char *name = syscall_group_member(group, i);
		const struct syscall_row *row = syscall_find(name, strlen(name));

		if (row)
			put(l, (size_t)(row - syscall_rows), e);
	}
}

static int refuse_name(const struct entry *e, struct diagnostics *d)
{
	struct suggestion near = suggestion_for(e->word->text, e->name_length);
	bool group = e->word->text[0] == '@';

	if (group)
		syscall_group_suggest(&near);
	else
		for (size_t i = 0; i < n_syscall_rows; i++)
			suggestion_offer(&near, syscall_rows[i].name);
	if (suggestion_get(&near))
		return diagnostics_add(d, &e->word->place, "%s=%.*s: no such %s; did you mean '%s'?", e->key,
			(int)e->name_length, e->word->text, group ? "group of system calls" : "system call",
			suggestion_get(&near));
	return diagnostics_add(d, &e->word->place, "%s=%.*s: no such %s", e->key, (int)e->name_length,
		e->word->text, group ? "group of system calls" : "system call");
}

static bool known_elsewhere(const struct entry *e)
{
	const struct syscall_group *known = syscall_group_find(GROUP_KNOWN, strlen(GROUP_KNOWN));

	for (size_t i = 0; known && i < known->n_members; i++) {
		const char *name = syscall_group_member(known, i);

		if (strncmp(name, e->word->text, e->name_length) == 0 && name[e->name_length] == '\0')
			return true;
	}
	return false;
}

static int put_name(struct call_list *l, const struct entry *e, struct diagnostics *d)
{
	const char *name = e->word->text;
	const struct syscall_group *group;
	const struct syscall_row *row;

	if (name[0] == '@') {
		group = syscall_group_find(name + 1, e->name_length - 1);
		if (!group)
			return refuse_name(e, d);
		put_group(l, group, e);
		return 0;
	}
	row = syscall_find(name, e->name_length);
	if (row)
		put(l, (size_t)(row - syscall_rows), e);
	else if (!known_elsewhere(e))
		return refuse_name(e, d);
	return 0;
}

/* Takes the answer off a word: "ptrace:EPERM". */
static int read_answer(struct entry *e, bool answers, struct diagnostics *d)
{
	const char *colon = e->word->text + e->name_length;

	if (*colon == '\0')
		return 0;
	if (!answers)
		return diagnostics_add(d, &e->word->place,
			"%s=%s: what is logged is not refused, and has no error number", e->key,
			e->word->text);
	if (!e->word->inverted)
		return diagnostics_add(d, &e->word->place,
			"%s=%s: a call that is allowed has no error number; put \"~\" in front to refuse it",
			e->key, e->word->text);
	if (parse_answer(colon + 1, &e->action) < 0)
		return diagnostics_add(d, &e->word->place,
			"%s=%s: expected an error's name, a number from 1 to 4095, or kill, behind ':'",
			e->key, e->word->text);
	e->answered = true;
	return 0;
}

static int add_words(struct call_list *l, const struct profile_words *words, const char *key, bool answers,
	struct diagnostics *d)
{
	bool failed = false;

	for (size_t i = 0; i < words->n; i++) {
		struct entry e = { .word = &words->v[i], .key = key };
		int r;

		e.name_length = strcspn(e.word->text, ":");
		r = read_answer(&e, answers, d);
		if (r == 0)
			r = put_name(l, &e, d);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

static int begin(struct call_list *l, const struct profile_words *words)
{
	*l = (struct call_list){ .kind = list_kind(words), .otherwise = SECCOMP_RET_KILL_PROCESS };
	l->marks = calloc(n_syscall_rows, sizeof(*l->marks));
	return l->marks ? 0 : -ENOMEM;
}

int call_list_filter(const struct profile *p, struct diagnostics *d, struct call_list *ret)
{
	static const struct profile_word none = { 0 };
	const struct syscall_group *always = syscall_group_find(GROUP_ALWAYS, strlen(GROUP_ALWAYS));
	const struct entry first = { .word = &none };
	const struct profile_words *error = &p->call_error;
	int r = begin(ret, &p->call_filter);

	if (r < 0)
		return r;
	if (ret->kind == LIST_ALLOW && always)
		put_group(ret, always, &first);
	if (p->states[KEY_SYSTEM_CALL_ERROR_NUMBER].set &&
		parse_answer(error->v[0].text, &ret->otherwise) < 0)
		return diagnostics_add(d, &error->v[0].place,
			"SystemCallErrorNumber=%s: expected an error's name, a number from 1 to 4095, or "
			"kill",
			error->v[0].text);
	return add_words(ret, &p->call_filter, "SystemCallFilter", true, d);
}

int call_list_log(const struct profile *p, struct diagnostics *d, struct call_list *ret)
{
	int r = begin(ret, &p->call_log);

	return r < 0 ? r : add_words(ret, &p->call_log, "SystemCallLog", false, d);
}
