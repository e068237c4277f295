/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/policy-learn.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/strv.h"
#include "cli/text.h"
#include "learn/lines.h"
#include "seccomp/loaded.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define STANDARD_INPUT "<stdin>"

static int set_path(const char **into, const char *value, char **reterr_why)
{
	if (!*value)
		return option_refuse(reterr_why, "must be the path of a file");
	*into = value;
	return 0;
}

int learn_set_output(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	return set_path(&o->output, value, reterr_why);
}

int learn_set_frequency(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	return set_path(&o->frequency, value, reterr_why);
}

int learn_set_ignore_unknown(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	o->ignore_unknown = true;
	return 0;
}

int learn_set_guard(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	o->write.protection_guard = true;
	return 0;
}

int learn_set_avoid_clone3(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	o->write.avoid_clone3 = true;
	return 0;
}

int learn_set_any_argument(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	o->write.any_argument = true;
	return 0;
}

/* It must be one word of the language. */
int learn_set_include(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	if (!*value || value[strcspn(value, "# \t\\")])
		return option_refuse(reterr_why, "must be a path without blanks, # and backslashes");
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return option_refuse(reterr_why, "must be a path without control characters");
	o->write.include = value;
	return 0;
}

int learn_set_vdso(void *into, const char *value, char **reterr_why)
{
	struct learn_options *o = into;

	o->write.vdso = true;
	return 0;
}

static int report_read(const char *name, int error)
{
	if (error == -ENOMEM)
		return report_no_memory();
	if (error == -EFBIG)
		report("%s: a line is longer than %zu MiB: this is no log", name, LOG_LINE_MAX >> 20);
	else
		report("%s: %s", name, strerror(-error));
	return EXIT_FAILURE;
}

int learn_read_files(
	char **paths, size_t n, int (*read)(void *reader, int fd, const char *name), void *reader)
{
	for (size_t i = 0; i < n; i++) {
		bool input = strcmp(paths[i], "-") == 0;
		const char *name = input ? STANDARD_INPUT : paths[i];
		_cleanup_close_ int fd = -1;
		int r;

		if (!input) {
			fd = RET_ERRNO(open(paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY));
			if (fd < 0)
				return report_read(name, fd);
		}
		r = read(reader, input ? STDIN_FILENO : fd, name);
		/* Too many problems: they are shown. */
		if (r == -E2BIG)
			return 0;
		if (r < 0)
			return report_read(name, r);
	}
	return 0;
}

static void print_problems(const struct learning *l, bool ignored)
{
	for (size_t i = 0; i < l->n_problems; i++) {
		const struct learn_problem *p = &l->problems[i];
		_cleanup_free_ char *file = text_escape(p->file);

		(void)fprintf(stderr, "%s:%" PRIu64 ": %s: %s\n", file ? file : "out of memory", p->line,
			ignored ? "warning" : "error", p->text);
	}
	if (l->n_more_problems > 0 && ignored)
		(void)fprintf(stderr, "and %" PRIu64 " more such lines\n", l->n_more_problems);
	else if (l->n_more_problems > 0)
		(void)fprintf(stderr, "reading ended there: too many lines are not understood\n");
}

static int compile(const struct learning *l, const struct learn_options *o, const char *text, size_t size,
	struct seccomp_result *ret)
{
	const struct seccomp_options options = {
		.architecture = l->architecture,
		.flags = SECCOMP_UNTRUSTED | SECCOMP_KEEP,
	};
	const char *name;
	/* Where a relative @include in the output starts. */
	_cleanup_close_ int fd = policy_open_directory(o->output ? o->output : "", &name);
	int r;

	*ret = (struct seccomp_result){ 0 };
	if (fd < 0) {
		report("%s: %s", o->output ? o->output : ".", strerror(-fd));
		return EXIT_FAILURE;
	}
	r = seccomp_compile_text(text, size, fd, "<the policy>", &options, ret);
	policy_print_diagnostics(ret);
	if (r == -ENOMEM)
		return report_no_memory();
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int read_included(const struct learning *l, struct learn_options *o, struct seccomp_result *ret)
{
	_cleanup_free_ char *text = NULL;
	int n, status;

	if (!o->write.include)
		return EXIT_SUCCESS;
	n = asprintf(&text, "@include %s\n", o->write.include);
	if (n < 0) {
		text = NULL;
		return report_no_memory();
	}
	status = compile(l, o, text, (size_t)n, ret);
	if (status == EXIT_SUCCESS)
		o->write.included = &ret->loaded->policy;
	return status;
}

/* What is written must be what the compiler takes. */
static int check_policy(
	const struct learning *l, const struct learn_options *o, const char *text, size_t size)
{
	_cleanup_(seccomp_result_done) struct seccomp_result result = { 0 };
	int status = compile(l, o, text, size, &result);

	if (status != EXIT_SUCCESS)
		report("what was seen makes no policy that can be compiled; nothing was written");
	return status;
}

typedef int write_function(const struct learning *l, const struct learn_write_options *o, FILE *f);

static int make_text(const struct learning *l, const struct learn_write_options *o, write_function *write,
	char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);
	int r;

	if (!f)
		return -ENOMEM;
	r = write(l, o, f);
	if (fclose(f) != 0 || r < 0)
		return r < 0 ? r : -ENOMEM;
	*ret = steal_ptr(text);
	return 0;
}

static int write_text(const char *path, const char *text, size_t size)
{
	bool to_stdout = !path || strcmp(path, "-") == 0;
	int r = to_stdout ? write_full(STDOUT_FILENO, text, size) : policy_write_file(path, text, size);

	if (r == 0)
		return EXIT_SUCCESS;
	report("%s: %s", to_stdout ? "standard output" : path, strerror(-r));
	return EXIT_FAILURE;
}

static int print_warnings(const struct learning *l, const struct learn_write_options *o)
{
	_cleanup_(strv_freep) char **warnings = NULL;

	if (learn_warnings(l, o, &warnings) < 0)
		return report_no_memory();
	STRV_FOREACH (text, warnings)
		(void)fprintf(stderr, "warning: %s\n", *text);
	return 0;
}

int learn_finish(const struct learning *l, struct learn_options *o)
{
	_cleanup_(seccomp_result_done) struct seccomp_result included = { 0 };
	_cleanup_free_ char *policy = NULL, *frequency = NULL;
	size_t policy_size = 0, frequency_size = 0;
	int status;

	print_problems(l, o->ignore_unknown);
	if (l->n_problems > 0 && !o->ignore_unknown) {
		report("nothing was written; --ignore-unknown-lines leaves such lines out");
		return EXIT_FAILURE;
	}
	if (l->n_events == 0) {
		report("no system call was found; nothing was written");
		return EXIT_FAILURE;
	}
	status = read_included(l, o, &included);
	if (status != EXIT_SUCCESS)
		return status;
	if (make_text(l, &o->write, learn_write_policy, &policy, &policy_size) < 0 ||
		(o->frequency &&
			make_text(l, &o->write, learn_write_frequency, &frequency, &frequency_size) < 0))
		return report_no_memory();
	status = print_warnings(l, &o->write);
	if (status == EXIT_SUCCESS)
		status = check_policy(l, o, policy, policy_size);
	if (status == EXIT_SUCCESS)
		status = write_text(o->output, policy, policy_size);
	if (status == EXIT_SUCCESS && o->frequency)
		status = write_text(o->frequency, frequency, frequency_size);
	return status;
}
