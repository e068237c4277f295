/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/strace-file.h"

#include "base/array.h"
#include "learn/scan.h"
#include "learn/tracked.h"
#include "learn/value.h"
#include "seccomp/syscalls.h"

#include <stdio.h>
#include <string.h>

/* strace writes the private calls of arm without "ARM_", unknown ones by number, and some under other names.
 */
static int other_name(const struct architecture *a, struct text name, uint32_t *ret)
{
	static const char *const others[][2] = {
		{ "fadvise64_64", "arm_fadvise64_64" },
		{ "oldumount", "umount" },
		{ "pread", "pread64" },
		{ "pwrite", "pwrite64" },
		{ "sync_file_range2", "arm_sync_file_range" },
	};
	char private[32];
	uint64_t v;
	int n;

	if (text_take(&name, "syscall_") || text_take(&name, "SYS_")) {
		if (number_parse(name, &v) < 0 || v > UINT32_MAX)
			return -ENOENT;
		if (a->first_number > v)
			v += a->first_number;
		*ret = (uint32_t)v;
		return architecture_has_number(a, *ret) ? 0 : -ENOENT;
	}
	for (size_t i = 0; i < ELEMENTSOF(others); i++)
		if (text_is(name, others[i][0]))
			return syscall_lookup(a, others[i][1], strlen(others[i][1]), ret);
	if (name.n > 16)
		return -ENOENT;
	n = snprintf(private, sizeof(private), "ARM_%.*s", (int)name.n, name.at);
	return syscall_lookup(a, private, (size_t)n, ret);
}

/*
 * The call that i386 may have made this one through, socketcall(2) or ipc(2): the log does not tell which it
 * was. -ENOENT when there is none.
 */
static int find_outer(const struct architecture *a, struct text name, uint32_t *ret, uint64_t *ret_selector)
{
	const char *outer = multiplexer_of(a, name.at, name.n, ret_selector);

	return outer ? syscall_lookup(a, outer, strlen(outer), ret) : -ENOENT;
}

/* 0; 1 when a problem was noted. *ret_outer: it is known as a part of another only, which is in *ret. */
static int find_number(struct strace_file *f, struct text name, uint32_t *ret, bool *ret_outer)
{
	const struct architecture *a = f->learning->architecture;
	struct suggestion near;
	uint64_t selector;
	int r = syscall_lookup(a, name.at, name.n, ret);

	*ret_outer = false;
	if (r == 0 || other_name(a, name, ret) == 0)
		return 0;
	*ret_outer = find_outer(a, name, ret, &selector) == 0;
	if (*ret_outer)
		return 0;
	if (r == -EOPNOTSUPP) {
		r = strace_problem(f, "%s has no system call %.*s: was the log made on another architecture?",
			a->name, (int)name.n, name.at);
		return r < 0 ? r : 1;
	}
	near = suggestion_for(name.at, name.n);
	syscall_suggest(a, &near);
	r = strace_problem(f, "unknown system call %.*s%s%s%s", (int)(name.n < 64 ? name.n : 64), name.at,
		suggestion_get(&near) ? " (near " : "", suggestion_get(&near) ? suggestion_get(&near) : "",
		suggestion_get(&near) ? ")" : "");
	return r < 0 ? r : 1;
}

/* What clone(2) would be given for the structure of clone3(2). */
static int clone3_value(const struct architecture *a, struct text structure, uint64_t *ret)
{
	struct text flags, signal, unknown;
	uint64_t v = 0;
	int r = scan_member(structure, "flags=", &flags);

	if (r == 0)
		r = value_parse(a, flags, ret, &unknown);
	if (r == 0 && scan_member(structure, "exit_signal=", &signal) == 0)
		r = value_parse(a, signal, &v, &unknown);
	*ret |= v;
	return r;
}

static int learn_argument(struct strace_file *f, struct learn_call *call, const struct call_text *text)
{
	const struct architecture *a = f->learning->architecture;
	const struct tracked_call *tracked = call->tracked;
	struct text unknown = {};
	uint64_t value = 0;
	bool low_half;
	int r;

	if (tracked->behind_pointer) {
		r = strcmp(tracked->name, "clone3") == 0 ? clone3_value(a, text->value, &value)
							 : value_parse(a, text->value, &value, &unknown);
		if (r == 0)
			return learn_value(call, value, false);
		call->without_argument++;
		return 0;
	}
	r = value_parse(a, text->value, &value, &unknown);
	if (r == 0) {
		/* What the kernel reads of it. */
		if (a->word_bits == 32 || (tracked->is_int && text_starts(text->value, "-")))
			value = (uint32_t)value;
		low_half = tracked->is_int && value <= UINT32_MAX;
		return learn_value(call, value, low_half);
	}
	call->without_argument++;
	if (r == -ENOENT)
		return strace_problem(f, "unknown constant %.*s; trace again with -e raw=%s",
			(int)(unknown.n < 64 ? unknown.n : 64), unknown.at, tracked->name);
	return strace_problem(f, "argument %u of %s is no number; trace again with -e raw=%s",
		tracked->argument, tracked->name, tracked->name);
}

static int scan_problem(struct strace_file *f, int error)
{
	if (error == -E2BIG)
		return strace_problem(f, "brackets nested more than %d deep", SCAN_DEPTH_MAX);
	return strace_problem(f, "the line ends inside of the call, or its brackets and quotes do not match");
}

/* "= 123", "= -1 ENOENT (...)", "= 0x7f...", "= ?". @ret_result: the number when it is one above zero. */
static bool tail_valid(struct text t, uint64_t *ret_result)
{
	struct text digits = { NULL, 0 };

	*ret_result = 0;
	text_skip_blanks(&t);
	if (!text_take(&t, "="))
		return false;
	text_skip_blanks(&t);
	if (text_starts(t, "?"))
		return true;
	digits.at = t.at;
	(void)text_take(&t, "-");
	if (t.n == 0 || !is_digit(*t.at))
		return false;
	if (t.at == digits.at && number_parse(text_take_name(&t), ret_result) < 0)
		*ret_result = 0;
	return true;
}

/* Processes that others make did not begin with strace. */
static int note_child(struct strace_file *f, uint32_t number, uint64_t result)
{
	static const char *const makers[] = { "clone", "clone3", "fork", "vfork" };
	const char *name = syscall_name(f->learning->architecture, number);
	struct process *child;

	if (result == 0 || result > PROCESS_ID_MAX || !name)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(makers); i++) {
		if (strcmp(name, makers[i]) != 0)
			continue;
		child = process_get(&f->reader->processes, (uint32_t)result);
		if (!child)
			return -ENOMEM;
		child->child = true;
	}
	return 0;
}

static int learn_outer(struct strace_file *f, struct text name)
{
	struct learn_call *call;
	uint64_t selector;
	uint32_t number;

	if (find_outer(f->learning->architecture, name, &number, &selector) < 0)
		return 0;
	call = learn_call(f->learning, number);
	if (!call)
		return -ENOMEM;
	call->count++;
	return learn_value(call, selector, true);
}

static int add_start(struct strace_file *f, uint32_t pid)
{
	struct strace_reader *r = f->reader;

	if (array_reserve(&r->starts, &r->starts_allocated, r->n_starts + 1, sizeof(*r->starts)) < 0)
		return -ENOMEM;
	r->starts[r->n_starts++] = pid;
	return 0;
}

static bool is_execution(const struct architecture *a, uint32_t number)
{
	const char *name = syscall_name(a, number);

	return name && strcmp(name, "execve") == 0;
}

/* Counts a call from its beginning. */
static int learn_begin(struct strace_file *f, struct process *process, const struct strace_line *line,
	uint32_t number, bool outer, const struct call_text *text)
{
	bool first = !f->called, begun = line->kind == STRACE_BEGUN;
	struct learn_call *call = learn_call(f->learning, number);
	int r = 0;

	if (!call)
		return -ENOMEM;
	f->called = true;
	f->learning->n_events++;
	call->unfinished += begun;
	*process = (struct process){
		.number = number,
		.arguments = (uint8_t)(text->n < 6 ? text->n : 6),
		.unfinished = begun,
		.wanting = begun && text->tracked && !text->found,
		.seen = true,
		.child = process->child,
		.mode = process->mode,
	};
	if (first && is_execution(f->learning->architecture, number))
		return add_start(f, line->pid > 0 ? line->pid : f->pid);
	call->count += !outer;
	if (text->tracked && text->found)
		r = learn_argument(f, call, text);
	else if (text->tracked && !begun)
		call->without_argument++;
	return r < 0 ? r : learn_outer(f, line->name);
}

static const struct tracked_call *tracked_of(const struct learning *l, uint32_t number)
{
	const struct learn_call *call = learning_find(l, number);
	const char *name = call ? NULL : syscall_name(l->architecture, number);

	if (call)
		return call->tracked;
	return name ? tracked_find(l->architecture, name) : NULL;
}

int strace_read_call(struct strace_file *f, struct process *process, const struct strace_line *line)
{
	struct call_text text = { .begins = true, .partial = line->kind == STRACE_BEGUN };
	uint64_t result = 0;
	uint32_t number;
	bool outer;
	int r = find_number(f, line->name, &number, &outer);

	if (r != 0)
		return r < 0 ? r : 0;
	text.tracked = outer ? NULL : tracked_of(f->learning, number);
	r = scan_call(line->arguments, &text);
	if (r < 0)
		return scan_problem(f, r);
	if (!text.partial && !tail_valid(text.tail, &result))
		return strace_problem(f, "no result behind the call");
	r = learn_begin(f, process, line, number, outer, &text);
	return r < 0 || text.partial ? r : note_child(f, number, result);
}

/* The process that a line without a pid goes on for: in strace's own output the last one left has none. */
static bool end_unfinished(struct strace_file *f, struct process *process, uint32_t number)
{
	struct learn_call *call = learn_call(f->learning, number);

	if (!call || call->unfinished == 0)
		return false;
	call->unfinished--;
	if (process->unfinished && process->number == number)
		process->unfinished = false;
	return true;
}

int strace_read_resumed(struct strace_file *f, struct process *process, const struct strace_line *line)
{
	struct call_text text = { .partial = line->left };
	struct learn_call *call;
	uint64_t result = 0;
	uint32_t number;
	bool outer;
	int r;

	if (text_is(line->name, "???"))
		return 0;
	r = find_number(f, line->name, &number, &outer);
	if (r != 0)
		return r < 0 ? r : 0;
	call = learn_call(f->learning, number);
	if (!call)
		return -ENOMEM;
	if (process->unfinished && process->number == number && process->wanting) {
		text.tracked = call->tracked;
		text.first = process->arguments;
	}
	r = scan_call(line->arguments, &text);
	if (r < 0)
		return scan_problem(f, r);
	if (!text.partial && !tail_valid(text.tail, &result))
		return strace_problem(f, "no result behind the call");
	if (line->left)
		return 0;
	if (!end_unfinished(f, process, number))
		return strace_problem(f, "the call goes on here, but its beginning is not in the log");
	process->seen = true;
	if (text.tracked)
		r = text.found ? learn_argument(f, call, &text) : (call->without_argument++, 0);
	return r < 0 ? r : note_child(f, number, result);
}
