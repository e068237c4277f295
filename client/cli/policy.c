/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/policy.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/suggest.h"
#include "cli/text.h"
#include "seccomp/diagnostics.h"

#include <fcntl.h>
#include <linux/version.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define STANDARD_INPUT "<stdin>"

static const struct verb *const verbs[] = {
	&verb_policy_check,
	&verb_policy_compile,
	&verb_policy_dump,
	&verb_policy_test,
	&verb_policy_diff,
	&verb_policy_from_strace,
	&verb_policy_from_audit,
};

static const struct verb_group group = {
	.words = "policy ",
	.purpose = "Check, compile and explain seccomp policies. No broker is needed.",
	.page = "bailiffctl-policy(1)",
	.verbs = verbs,
	.n = ELEMENTSOF(verbs),
};

const struct verb verb_policy = {
	.name = "policy",
	.arguments = "VERB",
	.summary = "Check, compile and explain seccomp policies",
	.group = &group,
};

static int find_architecture(const char *value, const struct architecture **ret, char **reterr_why)
{
	struct suggestion near = suggestion_for(value, strlen(value));

	*ret = architecture_find(value, strlen(value));
	if (*ret)
		return 0;
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		suggestion_offer(&near, architectures[i].name);
	if (suggestion_get(&near))
		return option_refuse(
			reterr_why, "no such architecture; did you mean %s?", suggestion_get(&near));
	return option_refuse(
		reterr_why, "no such architecture; there are x86_64, i386, x32, arm64, arm and riscv64");
}

int policy_set_arch(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;
	int r = find_architecture(value, &o->architectures[0], reterr_why);

	if (r == 0)
		o->n_architectures = 1;
	return r;
}

static void add_architecture(struct policy_options *o, const struct architecture *a)
{
	for (size_t i = 0; i < o->n_architectures; i++)
		if (o->architectures[i] == a)
			return;
	o->architectures[o->n_architectures++] = a;
}

int policy_add_arch(void *into, const char *value, char **reterr_why)
{
	const struct architecture *a;
	int r;

	if (strcmp(value, "all") == 0) {
		for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
			add_architecture(into, &architectures[i]);
		return 0;
	}
	r = find_architecture(value, &a, reterr_why);
	if (r == 0)
		add_architecture(into, a);
	return r;
}

int policy_set_root(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;

	o->root = value;
	return 0;
}

/* Takes a number of at most three digits from the front of a text. */
static int take_number(const char **text, unsigned *ret)
{
	size_t n = strspn(*text, "0123456789");

	if (n == 0 || n > 3)
		return -EINVAL;
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret = *ret * 10 + (unsigned)((*text)[i] - '0');
	*text += n;
	return 0;
}

/* "6.1" of "6.1.0-28-amd64": what stands behind it changes no interface. */
static int parse_version(const char *text, uint32_t *ret)
{
	unsigned major, minor;

	if (take_number(&text, &major) < 0 || *text++ != '.' || take_number(&text, &minor) < 0 || minor > 255)
		return -EINVAL;
	*ret = KERNEL_VERSION(major, minor, 0);
	return 0;
}

int policy_set_kernel(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;

	if (parse_version(value, &o->kernel) < 0)
		return option_refuse(reterr_why, "must be a version such as 6.1");
	return 0;
}

/* Of another architecture's machines nothing is known. */
static uint32_t kernel_version(const struct policy_options *o, const struct architecture *architecture)
{
	struct utsname name;
	uint32_t version = 0;

	if (o->kernel != 0 || (architecture && architecture != architecture_native()))
		return o->kernel;
	return uname(&name) == 0 && parse_version(name.release, &version) == 0 ? version : 0;
}

int policy_set_denylist(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;

	o->denylist = true;
	return 0;
}

int policy_set_no_warnings(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;

	o->no_warnings = true;
	return 0;
}

int policy_set_werror(void *into, const char *value, char **reterr_why)
{
	struct policy_options *o = into;

	o->werror = true;
	return 0;
}

const struct architecture *policy_architecture(const struct policy_options *o)
{
	return o->n_architectures > 0 ? o->architectures[0] : NULL;
}

/* As the compiler would have it for a file that it can not read. Returns @error; -ENOMEM. */
static int explain_unreadable(const char *display, int error, struct seccomp_result *ret)
{
	struct diagnostics d = { 0 };
	int r = diagnose_file(&d, display, "unreadable", "the file cannot be read: %s", strerror(-error));

	ret->diagnostics = d.list;
	ret->n_diagnostics = d.n;
	return r == -ENOMEM ? r : error;
}

static int read_input(const struct seccomp_options *options, struct seccomp_result *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = read_fd_to_end(STDIN_FILENO, POLICY_BYTES_MAX, &text, &size);

	if (r < 0)
		return explain_unreadable(STANDARD_INPUT, r, ret);
	return seccomp_compile_text(text, size, AT_FDCWD, STANDARD_INPUT, options, ret);
}

int policy_open_directory(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory = NULL;

	*ret_name = slash ? slash + 1 : path;
	directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!directory)
		return -ENOMEM;
	return RET_ERRNO(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int policy_read(const char *path, const struct policy_options *o, const struct architecture *architecture,
	unsigned more_flags, struct seccomp_result *ret)
{
	const struct seccomp_options options = {
		.architecture = architecture,
		.flags = SECCOMP_UNTRUSTED | SECCOMP_ANYWHERE | (o->denylist ? SECCOMP_DENYLIST : 0) |
			 (o->no_warnings ? 0 : SECCOMP_WARNINGS) | more_flags,
		.root = o->root,
		.kernel = kernel_version(o, architecture),
	};
	_cleanup_close_ int dir_fd = -1;
	const char *name;

	*ret = (struct seccomp_result){ 0 };
	if (strcmp(path, "-") == 0)
		return read_input(&options, ret);
	dir_fd = policy_open_directory(path, &name);
	if (dir_fd < 0)
		return explain_unreadable(path, dir_fd, ret);
	return seccomp_compile_file(dir_fd, name, path, &options, ret);
}

/* Line by line: the line ends are ours, anything else that is no text is not. */
void policy_print_diagnostic(const struct seccomp_diagnostic *d)
{
	for (const char *line = d->rendered; line;) {
		size_t n = strcspn(line, "\n");
		_cleanup_free_ char *copy = strndup(line, n), *safe = copy ? text_escape(copy) : NULL;

		(void)fprintf(stderr, "%s\n", safe ? safe : "out of memory");
		line = line[n] ? line + n + 1 : NULL;
	}
}

void policy_print_diagnostics(const struct seccomp_result *result)
{
	for (size_t i = 0; i < result->n_diagnostics; i++)
		policy_print_diagnostic(&result->diagnostics[i]);
}

static void json_place(struct json *j, const struct seccomp_place *place)
{
	json_key(j, "file");
	json_string(j, place->file);
	json_key(j, "line");
	json_unsigned(j, place->line);
	json_key(j, "column");
	json_unsigned(j, place->column);
	json_key(j, "length");
	json_unsigned(j, place->length);
}

static void json_diagnostic(struct json *j, const struct seccomp_diagnostic *d)
{
	json_object(j);
	json_key(j, "severity");
	json_string(j, d->severity == SECCOMP_ERROR ? "error" : "warning");
	json_key(j, "code");
	json_string(j, d->code);
	json_place(j, &d->place);
	json_key(j, "message");
	json_string(j, d->text);
	json_key(j, "suggestion");
	if (d->suggestion)
		json_string(j, d->suggestion);
	else
		json_null(j);
	json_key(j, "notes");
	json_array(j);
	for (size_t i = 0; i < d->n_notes; i++) {
		json_object(j);
		json_place(j, &d->notes[i].place);
		json_key(j, "message");
		json_string(j, d->notes[i].text);
		json_end(j);
	}
	json_end(j);
	json_key(j, "includedFrom");
	json_array(j);
	for (size_t i = 0; i < d->n_included_from; i++) {
		json_object(j);
		json_place(j, &d->included_from[i]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void policy_json_diagnostics(struct json *j, const struct seccomp_result *result)
{
	json_array(j);
	for (size_t i = 0; i < result->n_diagnostics; i++)
		json_diagnostic(j, &result->diagnostics[i]);
	json_end(j);
}

int policy_status(const struct policy_options *o, int r, const struct seccomp_result *result)
{
	size_t warnings = 0;

	for (size_t i = 0; i < result->n_diagnostics; i++)
		warnings += result->diagnostics[i].severity == SECCOMP_WARNING;
	if (r == -ENOMEM)
		return report_no_memory();
	return r < 0 || (o->werror && warnings > 0) ? EXIT_FAILURE : EXIT_SUCCESS;
}
