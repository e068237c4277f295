/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/strace.h"

#include "base/error.h"
#include "base/strv.h"
#include "learn/lines.h"
#include "learn/strace-file.h"
#include "learn/value.h"
#include "seccomp/syscalls.h"

#include <string.h>

#define CARRIED_MAX 65536 /* bytes of a line that a message of strace's cut in two */

void strace_reader_init(
	struct strace_reader *r, struct learning *learning, const struct strace_options *options)
{
	*r = (struct strace_reader){ .learning = learning };
	if (options)
		r->options = *options;
}

void strace_reader_done(struct strace_reader *r)
{
	processes_done(&r->processes);
	free(r->starts);
	*r = (struct strace_reader){};
}

/* "log.123" is what -ff wrote of the process 123. */
static uint32_t pid_of_file(const char *name)
{
	const char *dot = strrchr(name, '.');
	uint64_t v;

	if (!dot || dot[1] == '0' || number_parse((struct text){ dot + 1, strlen(dot + 1) }, &v) < 0)
		return 0;
	return v <= PROCESS_ID_MAX ? (uint32_t)v : 0;
}

static int set_mode(struct strace_file *f, const struct strace_line *line)
{
	const struct architecture *a = f->learning->architecture;
	const char *own = a->id == ARCHITECTURE_X32 ? "x32" : a->word_bits == 64 ? "64 bit" : "32 bit";
	struct process *process = process_get(&f->reader->processes, line->pid);

	if (!process)
		return -ENOMEM;
	process->mode = text_is(line->mode, own) ? PROCESS_MODE_OWN : PROCESS_MODE_FOREIGN;
	return 0;
}

static int read_line(struct strace_file *f, struct text text)
{
	struct strace_line line;
	struct process *process;
	bool seen;
	int r;

	f->text = text;
	if (memchr(text.at, '\0', text.n))
		return strace_problem(f, "a NUL byte");
	line = strace_line_split(text);
	if (line.kind == STRACE_NOTHING)
		return 0;
	if (line.kind == STRACE_UNKNOWN)
		return strace_problem(f, "not a line of strace; write the log with -o");
	if (line.kind == STRACE_MODE)
		return set_mode(f, &line);
	process = process_get(&f->reader->processes, line.pid > 0 ? line.pid : f->pid);
	if (!process)
		return -ENOMEM;
	if (process->mode == PROCESS_MODE_FOREIGN) {
		f->learning->n_foreign += line.kind != STRACE_RESUMED;
		return 0;
	}
	seen = process->seen;
	r = line.kind == STRACE_RESUMED ? strace_read_resumed(f, process, &line)
					: strace_read_call(f, process, &line);
	if (r == 0 && process->seen && !seen)
		f->learning->n_processes++;
	return r;
}

/* strace's messages go where its log goes, into the middle of a line when it has no file of its own. */
static int read_pieces(struct strace_file *f, struct text text)
{
	bool cut = strace_take_attached(&text);
	char *carried;
	int r;

	if (cut && text.n == 0)
		return 0;
	if (!cut && f->n_carried == 0)
		return read_line(f, text);
	if (f->n_carried + text.n > CARRIED_MAX) {
		f->text = text;
		f->n_carried = 0;
		return strace_problem(f, "a call is cut in two by strace's messages; write the log with -o");
	}
	carried = realloc(f->carried, f->n_carried + text.n + 1);
	if (!carried)
		return -ENOMEM;
	f->carried = carried;
	memcpy(carried + f->n_carried, text.at, text.n);
	f->n_carried += text.n;
	if (cut)
		return 0;
	r = read_line(f, (struct text){ carried, f->n_carried });
	f->n_carried = 0;
	return r;
}

static int read_lines(struct strace_file *f, struct line_reader *lines)
{
	struct text text;
	int r;

	for (;;) {
		r = line_next(lines, &text.at, &text.n);
		if (r <= 0)
			return r;
		f->line = lines->number;
		f->learning->n_lines++;
		r = read_pieces(f, text);
		if (r == -E2BIG && f->reader->options.ignore_unknown)
			r = 0;
		if (r < 0)
			return r;
	}
}

int strace_read(struct strace_reader *r, int fd, const char *name)
{
	_cleanup_(line_reader_done) struct line_reader lines = LINE_READER_INIT(fd);
	struct strace_file f = {
		.reader = r, .learning = r->learning, .name = name, .pid = pid_of_file(name)
	};
	int e;

	if (strv_extend(&r->learning->files, name) < 0)
		return -ENOMEM;
	e = read_lines(&f, &lines);
	if (e == 0 && f.n_carried > 0) {
		f.text = (struct text){ f.carried, f.n_carried };
		e = strace_problem(&f, "the log ends inside of a call");
		if (e == -E2BIG && r->options.ignore_unknown)
			e = 0;
	}
	free(f.carried);
	return e;
}

int strace_finish(struct strace_reader *r)
{
	struct learn_call *call;
	uint32_t number;

	if (r->n_starts == 0)
		return 0;
	if (syscall_lookup(r->learning->architecture, "execve", 6, &number) < 0)
		return -EOPNOTSUPP;
	call = learn_call(r->learning, number);
	if (!call)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_starts; i++) {
		const struct process *process = process_get(&r->processes, r->starts[i]);

		if (!process)
			return -ENOMEM;
		if (r->starts[i] > 0 && process->child)
			call->count++;
		else
			r->learning->n_starts++;
	}
	r->n_starts = 0;
	return 0;
}
