/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/audit.h"

#include "base/error.h"
#include "base/strv.h"
#include "learn/lines.h"
#include "learn/text.h"
#include "learn/tracked.h"
#include "learn/value.h"

#include <stdio.h>
#include <string.h>

#define RECORD_ARGUMENTS 4    /* a SYSCALL record has a0 to a3 */
#define ENRICHED         0x1d /* what auditd adds for people stands behind this byte */

/* What one record says. */
struct record {
	struct text id; /* "1700000000.123:4567"; empty if the source does not tell */
	struct text arch, number, comm, exe, pid;
	struct text arguments[RECORD_ARGUMENTS];
};

void audit_reader_init(struct audit_reader *r, struct learning *learning, const struct audit_options *options)
{
	*r = (struct audit_reader){ .learning = learning };
	if (options)
		r->options = *options;
}

void audit_reader_done(struct audit_reader *r)
{
	processes_done(&r->processes);
	*r = (struct audit_reader){};
}

static struct text take_word(struct text *t, char end)
{
	struct text word = { t->at, 0 };

	while (word.n < t->n && word.at[word.n] != end)
		word.n++;
	*t = text_skip(*t, word.n);
	return word;
}

static bool is_looked_at(struct text type)
{
	return text_is(type, "SECCOMP") || text_is(type, "1326") || text_is(type, "SYSCALL") ||
	       text_is(type, "1300");
}

/* "audit(1700000000.123:4567): ". */
static bool take_id(struct text *t, struct text *ret)
{
	if (!text_take(t, "audit("))
		return false;
	*ret = take_word(t, ')');
	return text_take(t, "): ") || text_take(t, "):");
}

/* Behind "type=": returns whether it is a record to look at, with its fields in @t. */
static bool take_typed(struct text *t, struct text *ret_id)
{
	struct text type = take_word(t, ' ');

	if (!is_looked_at(type) || !text_take(t, " "))
		return false;
	(void)text_take(t, "msg=");
	return take_id(t, ret_id);
}

/*
 * Who wrote the line of a log: the word before its first ": ". Only what the kernel or the audit subsystem
 * wrote counts: a program may log text that looks like a record.
 */
static struct text take_author(struct text *t)
{
	const char *end = memmem(t->at, t->n, ": ", 2), *begin = end;

	if (!end)
		return (struct text){ t->at, 0 };
	while (begin > t->at && begin[-1] != ' ' && begin[-1] != ']' && begin[-1] != '>')
		begin--;
	/* "audit[123]" ends in a bracket itself. */
	if (begin == end && begin > t->at && begin[-1] == ']')
		while (begin > t->at && begin[-1] != ' ')
			begin--;
	*t = text_skip(*t, (size_t)(end - t->at) + 2);
	return (struct text){ begin, (size_t)(end - begin) };
}

/* "[  123.456789] " of the kernel's log. */
static void skip_kernel_time(struct text *t)
{
	const char *end;

	if (!text_starts(*t, "["))
		return;
	end = memmem(t->at, t->n, "] ", 2);
	if (end)
		*t = text_skip(*t, (size_t)(end - t->at) + 2);
}

/* Whether the line has a record to look at; @t is left at its fields. */
static bool find_record(struct text *t, struct text *ret_id)
{
	struct text author, type;

	*ret_id = (struct text){ t->at, 0 };
	if (text_take(t, "node=")) {
		(void)take_word(t, ' ');
		(void)text_take(t, " ");
	}
	if (text_take(t, "type="))
		return take_typed(t, ret_id);
	author = take_author(t);
	/* "kern  :notice: " of dmesg -x stands before the time. */
	if (text_starts(author, ":"))
		author = take_author(t);
	if (text_is(author, "kernel")) {
		skip_kernel_time(t);
		author = take_author(t);
	}
	if (text_is(author, "audit") && text_take(t, "type="))
		return take_typed(t, ret_id);
	if (!text_is(author, "audit") && !text_starts(author, "audit["))
		return false;
	type = take_word(t, ' ');
	return is_looked_at(type) && text_take(t, " ");
}

static void set_once(struct text *field, struct text value)
{
	if (!field->at)
		*field = value;
}

static void set_field(struct record *r, struct text key, struct text value)
{
	if (text_is(key, "arch"))
		set_once(&r->arch, value);
	else if (text_is(key, "syscall"))
		set_once(&r->number, value);
	else if (text_is(key, "comm"))
		set_once(&r->comm, value);
	else if (text_is(key, "exe"))
		set_once(&r->exe, value);
	else if (text_is(key, "pid"))
		set_once(&r->pid, value);
	else if (key.n == 2 && *key.at == 'a' && key.at[1] >= '0' && key.at[1] < '0' + RECORD_ARGUMENTS)
		set_once(&r->arguments[key.at[1] - '0'], value);
}

/* "key=value key="quoted" …" up to the enriched part. Values keep their quotes. */
static void parse_fields(struct text t, struct record *ret)
{
	t = take_word(&t, ENRICHED);
	while (t.n > 0) {
		struct text key, value;

		text_skip_blanks(&t);
		key = (struct text){ t.at, 0 };
		while (key.n < t.n && key.at[key.n] != '=' && key.at[key.n] != ' ')
			key.n++;
		t = text_skip(t, key.n);
		if (!text_take(&t, "="))
			continue;
		value = t;
		if (text_take(&t, "\"")) {
			(void)take_word(&t, '"');
			(void)text_take(&t, "\"");
		}
		(void)take_word(&t, ' ');
		value.n -= t.n;
		set_field(ret, key, value);
	}
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int parse_hex(struct text t, uint64_t *ret)
{
	uint64_t v = 0;

	if (t.n == 0 || t.n > 16)
		return -EINVAL;
	for (size_t i = 0; i < t.n; i++) {
		int digit = hex_digit(t.at[i]);

		if (digit < 0)
			return -EINVAL;
		v = v << 4 | (unsigned)digit;
	}
	*ret = v;
	return 0;
}

static int parse_decimal(struct text t, uint32_t *ret)
{
	uint64_t v;

	if (t.n == 0 || (t.n > 1 && *t.at == '0') || number_parse(t, &v) < 0 || v > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

/* A name that the process chose: quoted, or in hexadecimal where it has blanks or quotes. Fresh. */
static char *decode_name(struct text t)
{
	char *name;
	bool hex = t.n > 0 && t.n % 2 == 0;

	if (t.n >= 2 && *t.at == '"' && t.at[t.n - 1] == '"')
		return strndup(t.at + 1, t.n - 2);
	for (size_t i = 0; hex && i < t.n; i++)
		hex = hex_digit(t.at[i]) >= 0;
	if (!hex)
		return strndup(t.at ? t.at : "", t.n);
	name = malloc(t.n / 2 + 1);
	if (!name)
		return NULL;
	for (size_t i = 0; i < t.n / 2; i++)
		name[i] = (char)(hex_digit(t.at[2 * i]) << 4 | hex_digit(t.at[2 * i + 1]));
	name[t.n / 2] = '\0';
	return name;
}

/* 1: one to learn from; 0: of another program; -ENOMEM. */
static int check_program(struct audit_reader *r, const struct record *record)
{
	_cleanup_free_ char *comm = decode_name(record->comm), *exe = decode_name(record->exe);
	const char *name;
	int e;

	if (!comm || !exe)
		return -ENOMEM;
	if ((r->options.comm && strncmp(comm, r->options.comm, AUDIT_COMM_MAX) != 0) ||
		(r->options.exe && strcmp(exe, r->options.exe) != 0)) {
		r->learning->n_others++;
		return 0;
	}
	name = *exe ? exe : comm;
	e = *name ? learn_program(r->learning, name, strlen(name)) : 0;
	return e < 0 ? e : 1;
}

static int note_process(struct audit_reader *r, struct text text)
{
	struct process *process;
	uint32_t pid;

	if (parse_decimal(text, &pid) < 0 || pid > PROCESS_ID_MAX)
		return 0;
	process = process_get(&r->processes, pid);
	if (!process)
		return -ENOMEM;
	r->learning->n_processes += !process->seen;
	process->seen = true;
	return 0;
}

/* The second record of an event adds what the first did not know. */
static int learn_record(struct audit_reader *r, const struct record *record, uint32_t number)
{
	const struct architecture *a = r->learning->architecture;
	struct learn_call *call = learn_call(r->learning, number);
	bool again = record->id.n > 0 && record->id.n < AUDIT_ID_MAX && number == r->number &&
		     text_is(record->id, r->id);
	bool had = again && r->had_argument;
	unsigned index;
	uint64_t value;

	if (!call)
		return -ENOMEM;
	r->number = number;
	r->had_argument = had;
	(void)snprintf(r->id, sizeof(r->id), "%.*s", record->id.n < AUDIT_ID_MAX ? (int)record->id.n : 0,
		record->id.at);
	if (!again) {
		call->count++;
		r->learning->n_events++;
	}
	if (!call->tracked || had)
		return 0;
	index = call->tracked->argument;
	if (call->tracked->behind_pointer || index >= RECORD_ARGUMENTS ||
		parse_hex(record->arguments[index], &value) < 0) {
		call->without_argument += !again;
		return 0;
	}
	if (again)
		call->without_argument--;
	r->had_argument = true;
	return learn_value(call, a->word_bits == 32 ? (uint32_t)value : value, false);
}

static int read_line(struct audit_reader *r, const char *name, uint64_t line, struct text text)
{
	const struct architecture *a = r->learning->architecture;
	struct record record = {};
	struct text fields = text;
	uint32_t number;
	uint64_t arch;
	int e;

	if (memchr(text.at, '\0', text.n))
		return learn_problem(r->learning, name, line, text.at, text.n, "a NUL byte");
	if (!find_record(&fields, &record.id))
		return 0;
	parse_fields(fields, &record);
	if (parse_hex(record.arch, &arch) < 0 || parse_decimal(record.number, &number) < 0)
		return learn_problem(r->learning, name, line, text.at, text.n,
			"a record without a valid arch= and syscall=");
	e = check_program(r, &record);
	if (e <= 0)
		return e;
	if (arch != a->audit || number < a->first_number || number > a->last_number) {
		r->learning->n_foreign++;
		return 0;
	}
	if (!architecture_has_number(a, number))
		return learn_problem(r->learning, name, line, text.at, text.n, "%s has no system call %u",
			a->name, number);
	e = note_process(r, record.pid);
	return e < 0 ? e : learn_record(r, &record, number);
}

int audit_read(struct audit_reader *r, int fd, const char *name)
{
	_cleanup_(line_reader_done) struct line_reader lines = LINE_READER_INIT(fd);
	struct text text;
	int e;

	if (strv_extend(&r->learning->files, name) < 0)
		return -ENOMEM;
	for (;;) {
		e = line_next(&lines, &text.at, &text.n);
		if (e <= 0)
			return e;
		r->learning->n_lines++;
		e = read_line(r, name, lines.number, text);
		if (e == -E2BIG && r->options.ignore_unknown)
			e = 0;
		if (e < 0)
			return e;
	}
}
