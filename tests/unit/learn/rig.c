/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rig.h"

#include "base/fd.h"
#include "base/io.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int log_fd(const char *log, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, log, size), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int rig_strace(struct learning *l, const char *name, const char *log, size_t size)
{
	_cleanup_(strace_reader_done) struct strace_reader reader = {};
	_cleanup_close_ int fd = log_fd(log, size > 0 ? size : strlen(log));
	int r;

	strace_reader_init(&reader, l, NULL);
	r = strace_read(&reader, fd, name);
	assert_int_equal(strace_finish(&reader), 0);
	return r;
}

int rig_audit(struct learning *l, const struct audit_options *options, const char *log, size_t size)
{
	_cleanup_(audit_reader_done) struct audit_reader reader = {};
	_cleanup_close_ int fd = log_fd(log, size > 0 ? size : strlen(log));

	audit_reader_init(&reader, l, options);
	return audit_read(&reader, fd, "log");
}

static void print_call(const struct learning *l, const struct learn_call *call, FILE *f)
{
	const char *name = syscall_name(l->architecture, call->number);

	if (name)
		(void)fprintf(f, "%s=%" PRIu64, name, call->count);
	else
		(void)fprintf(f, "%" PRIu32 "=%" PRIu64, call->number, call->count);
	for (size_t i = 0; i < call->n_values; i++)
		(void)fprintf(f, "%s%" PRIx64 "%s:%" PRIu64, i == 0 ? "{" : ",", call->values[i].value,
			call->values[i].low_half && (call->values[i].value & 0x80000000) ? "+" : "",
			call->values[i].count);
	if (call->n_values > 0)
		(void)fputc('}', f);
	if (call->without_argument > 0)
		(void)fprintf(f, "?%" PRIu64, call->without_argument);
}

char *rig_summary(const struct learning *l)
{
	bool first = true;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < l->n_calls; i++) {
		if (l->calls[i].count == 0)
			continue;
		(void)fputs(first ? "" : " ", f);
		print_call(l, &l->calls[i], f);
		first = false;
	}
	assert_int_equal(fclose(f), 0);
	return text;
}

char *rig_problems(const struct learning *l)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < l->n_problems; i++)
		(void)fprintf(f, "%" PRIu64 ": %s\n", l->problems[i].line, l->problems[i].text);
	assert_int_equal(fclose(f), 0);
	return text;
}

char *rig_policy(const struct learning *l, const struct learn_write_options *o)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(learn_write_policy(l, o, f), 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

char *rig_statement(const char *policy, const char *name)
{
	const char *line = policy;
	size_t n = strlen(name), size;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	while (line && !(strncmp(line, name, n) == 0 && line[n] == ':')) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	for (const char *c = line; c && *c && *c != '\n' && *c != '#'; c++) {
		if (*c == '\\' && c[1] == '\n')
			c += 2; /* and the tab that begins the next line */
		else
			(void)fputc(*c, f);
	}
	assert_int_equal(fclose(f), 0);
	for (size = strlen(text); size > 0 && text[size - 1] == ' '; size--)
		text[size - 1] = '\0';
	return text;
}
