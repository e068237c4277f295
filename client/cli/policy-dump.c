/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy dump: a compiled policy for people, compiled here or by others. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "cli/policy.h"
#include "seccomp/action.h"
#include "seccomp/dump.h"
#include "seccomp/loaded.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OPERATION_WIDTH 16
#define TARGETS_WIDTH   16

struct dump_options {
	struct policy_options common; /* first */
	bool bpf;
};

/* What is shown. */
struct shown {
	const char *path;
	const struct architecture *architecture; /* NULL: whatever the program says */
	const struct sock_filter *filter;
	size_t n;
	const struct policy *policy; /* NULL with --bpf */
};

static int set_bpf(void *into, const char *value, char **reterr_why)
{
	struct dump_options *o = into;

	o->bpf = true;
	return 0;
}

static void print_text(const struct shown *s, const struct dump *dump, bool legend)
{
	char buffer[ACTION_TEXT_MAX];

	if (legend && s->policy)
		(void)printf("%s: %zu instructions, %zu system calls, default %s\n", s->architecture->name,
			s->n, s->policy->n_entries, action_text(s->policy->default_action, buffer));
	else if (legend)
		(void)printf("%zu instructions\n", s->n);
	for (size_t i = 0; i < dump->n; i++) {
		const struct dump_line *l = &dump->lines[i];

		(void)printf("%4zu  ", i);
		if (*l->comment)
			(void)printf("%-*s  %-*s  %s\n", OPERATION_WIDTH, l->operation, TARGETS_WIDTH,
				l->targets, l->comment);
		else if (*l->targets)
			(void)printf("%-*s  %s\n", OPERATION_WIDTH, l->operation, l->targets);
		else
			(void)printf("%s\n", l->operation);
	}
}

static void json_instruction(
	struct json *j, size_t index, const struct sock_filter *f, const struct dump_line *l)
{
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = { { "index", index }, { "code", f->code }, { "jt", f->jt }, { "jf", f->jf },
		{ "k", f->k } };

	json_object(j);
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		json_key(j, numbers[i].key);
		json_unsigned(j, numbers[i].value);
	}
	json_key(j, "operation");
	json_string(j, l->operation);
	json_key(j, "targets");
	json_string(j, l->targets);
	json_key(j, "comment");
	json_string(j, l->comment);
	json_end(j);
}

static void print_json(const struct shown *s, const struct dump *dump, bool pretty)
{
	struct json j = JSON_INIT(stdout, pretty);
	char buffer[ACTION_TEXT_MAX];

	json_object(&j);
	json_key(&j, "file");
	json_string(&j, s->path);
	if (s->policy) {
		json_key(&j, "architecture");
		json_string(&j, s->architecture->name);
		json_key(&j, "entries");
		json_unsigned(&j, s->policy->n_entries);
		json_key(&j, "default");
		json_string(&j, action_text(s->policy->default_action, buffer));
	}
	json_key(&j, "instructions");
	json_array(&j);
	for (size_t i = 0; i < dump->n; i++)
		json_instruction(&j, i, &s->filter[i], &dump->lines[i]);
	json_end(&j);
	json_end(&j);
}

static int show(const struct cli *cli, const struct shown *s)
{
	_cleanup_(dump_done) struct dump dump = { 0 };

	if (dump_program(s->filter, s->n, s->architecture, &dump) < 0)
		return report_no_memory();
	if (cli->json != JSON_OFF)
		print_json(s, &dump, cli->json == JSON_PRETTY);
	else
		print_text(s, &dump, !cli->no_legend);
	return EXIT_SUCCESS;
}

static int read_program(const char *path, char **ret_data, size_t *ret_size)
{
	const size_t max = BPF_MAXINSNS * sizeof(struct sock_filter);
	_cleanup_close_ int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_fd_to_end(STDIN_FILENO, max, ret_data, ret_size);
	fd = RET_ERRNO(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
	return fd < 0 ? fd : read_fd_to_end(fd, max, ret_data, ret_size);
}

/* The file has the byte order of the architectures there are tables for. */
static struct sock_filter *decode_program(const char *data, size_t n)
{
	struct sock_filter *filter = calloc(n, sizeof(*filter));

	if (!filter)
		return NULL;
	memcpy(filter, data, n * sizeof(*filter));
	for (size_t i = 0; i < n; i++) {
		filter[i].code = le16toh(filter[i].code);
		filter[i].k = le32toh(filter[i].k);
	}
	return filter;
}

static int dump_bpf(const struct cli *cli, const struct dump_options *o, const char *path)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	_cleanup_free_ char *data = NULL;
	struct shown s = { .path = path, .architecture = policy_architecture(&o->common) };
	size_t size = 0;
	int r = read_program(path, &data, &size);

	if (r == -EFBIG || (r == 0 && (size == 0 || size % sizeof(*filter) != 0))) {
		report("%s: not a compiled policy, which has 8 bytes for each of 1 to %d instructions; "
		       "without --bpf, "
		       "text is read",
			path, BPF_MAXINSNS);
		return EXIT_FAILURE;
	}
	if (r < 0) {
		report("%s: %s", path, strerror(-r));
		return EXIT_FAILURE;
	}
	s.n = size / sizeof(*filter);
	filter = decode_program(data, s.n);
	if (!filter)
		return report_no_memory();
	s.filter = filter;
	return show(cli, &s);
}

static int dump_policy(const struct cli *cli, const struct dump_options *o, const char *path)
{
	_cleanup_(seccomp_result_done) struct seccomp_result result = { 0 };
	int r = policy_read(path, &o->common, policy_architecture(&o->common), SECCOMP_KEEP, &result);
	int status = policy_status(&o->common, r, &result);

	policy_print_diagnostics(&result);
	if (status != EXIT_SUCCESS)
		return status;
	return show(cli, &(struct shown){
				 .path = path,
				 .architecture = result.loaded->policy.architecture,
				 .filter = result.filter,
				 .n = result.n_filter,
				 .policy = &result.loaded->policy,
			 });
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct dump_options *o = state;

	if (o->bpf)
		return dump_bpf(cli, o, args[0]);
	o->common.no_warnings = true; /* those are for check */
	return dump_policy(cli, o, args[0]);
}

static const struct option options[] = {
	POLICY_OPTION_ARCH,
	{ "bpf", 0, NULL, "FILE is compiled already, by whatever compiler", set_bpf },
	POLICY_OPTION_ROOT,
	POLICY_OPTION_DENYLIST,
};

const struct verb verb_policy_dump = {
	.name = "dump",
	.arguments = "FILE",
	.summary = "Show the instructions of a compiled seccomp policy",
	.details = "Each line has the number of an instruction, the instruction, where it jumps to (jt: when "
		   "the\n"
		   "comparison holds, jf: when not), and what that means here.",
	.min = 1,
	.max = 1,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct dump_options),
	.run = run,
};
