/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy compile: a policy as the array of struct sock_filter that seccomp(2) takes. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "cli/policy.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MODE 0644

struct compile_options {
	struct policy_options common; /* first */
	const char *output;           /* NULL or "-": standard output */
};

static int set_output(void *into, const char *value, char **reterr_why)
{
	struct compile_options *o = into;

	if (!*value)
		return option_refuse(reterr_why, "must be the path of a file, or - for standard output");
	o->output = value;
	return 0;
}

/* All architectures that there are tables for are little-endian. */
static void encode_program(struct sock_filter *filter, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		filter[i].code = htole16(filter[i].code);
		filter[i].k = htole32(filter[i].k);
	}
}

static int fill_file(int fd, const void *data, size_t size)
{
	int r = write_full(fd, data, size);

	if (r == 0)
		r = RET_ERRNO(fchmod(fd, OUTPUT_MODE));
	return r < 0 ? r : RET_ERRNO(fsync(fd));
}

/* Whoever reads the file meanwhile gets the old one or the new one, whole. */
static int replace_file(const char *path, const void *data, size_t size)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = RET_ERRNO(mkostemp(temporary, O_CLOEXEC));
	if (fd < 0)
		return fd;
	r = fill_file(fd, data, size);
	if (r == 0)
		r = RET_ERRNO(rename(temporary, path));
	if (r < 0)
		(void)unlink(temporary);
	return r;
}

/* A link stays one, and what it leads to is replaced: /dev/stdout is one, also where that is a file. */
static int replace_target(const char *path, const void *data, size_t size)
{
	_cleanup_free_ char *target = realpath(path, NULL);

	return target ? replace_file(target, data, size) : errno_or_eio();
}

int policy_write_file(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (stat(path, &st) < 0)
		return lstat(path, &st) < 0 ? replace_file(path, data, size) : -ENOENT;
	if (S_ISREG(st.st_mode))
		return replace_target(path, data, size);
	fd = RET_ERRNO(open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY));
	return fd < 0 ? fd : write_full(fd, data, size);
}

static int write_program(const struct compile_options *o, const struct seccomp_result *result)
{
	size_t size = result->n_filter * sizeof(*result->filter);
	bool to_stdout = !o->output || strcmp(o->output, "-") == 0;
	int r;

	encode_program(result->filter, result->n_filter);
	r = to_stdout ? write_full(STDOUT_FILENO, result->filter, size)
		      : policy_write_file(o->output, result->filter, size);
	if (r == 0)
		return EXIT_SUCCESS;
	report("%s: %s", to_stdout ? "standard output" : o->output, strerror(-r));
	return EXIT_FAILURE;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	const struct compile_options *o = state;
	_cleanup_(seccomp_result_done) struct seccomp_result result = { 0 };
	int r, status;

	if ((!o->output || strcmp(o->output, "-") == 0) && isatty(STDOUT_FILENO)) {
		report("policy compile: the program is no text for a terminal: say --output=FILE, redirect "
		       "standard "
		       "output, or use policy dump");
		return EXIT_USAGE;
	}
	r = policy_read(args[0], &o->common, policy_architecture(&o->common), 0, &result);
	status = policy_status(&o->common, r, &result);
	policy_print_diagnostics(&result);
	return status == EXIT_SUCCESS ? write_program(o, &result) : status;
}

static const struct option options[] = {
	POLICY_OPTION_ARCH,
	{ "output", 'o', "FILE", "where to, instead of standard output", set_output },
	POLICY_OPTION_ROOT,
	POLICY_OPTION_DENYLIST,
	POLICY_OPTION_KERNEL,
	POLICY_OPTION_WERROR,
	POLICY_OPTION_NO_WARNINGS,
};

const struct verb verb_policy_compile = {
	.name = "compile",
	.arguments = "FILE",
	.summary = "Compile a seccomp policy into a BPF program",
	.details =
		"Writes the struct sock_filter array that seccomp(2) takes, for use with other programs. An "
		"output\nfile is replaced as a whole, and only if the policy compiles.",
	.min = 1,
	.max = 1,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct compile_options),
	.run = run,
};
