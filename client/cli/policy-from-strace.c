/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy from-strace: a policy from what strace(1) saw. */

#include "base/error.h"
#include "cli/policy-learn.h"
#include "learn/strace.h"

struct from_strace_options {
	struct learn_options learn; /* first */
};

static int read_log(void *reader, int fd, const char *name)
{
	return strace_read(reader, fd, name);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct from_strace_options *o = state;
	const struct strace_options options = { .ignore_unknown = o->learn.ignore_unknown };
	_cleanup_(learning_done) struct learning learning = { 0 };
	_cleanup_(strace_reader_done) struct strace_reader reader = { 0 };
	int status;

	o->learn.write.origin = "strace";
	o->learn.write.command = "bailiffctl policy from-strace";
	if (learning_init(&learning, policy_architecture(&o->learn.common)) < 0) {
		report("this architecture has no tables; say --arch=ARCH");
		return EXIT_FAILURE;
	}
	strace_reader_init(&reader, &learning, &options);
	status = learn_read_files(args, n, read_log, &reader);
	if (status != EXIT_SUCCESS)
		return status;
	if (strace_finish(&reader) < 0)
		return report_no_memory();
	return learn_finish(&learning, &o->learn);
}

static const struct option options[] = { LEARN_OPTIONS };

const struct verb verb_policy_from_strace = {
	.name = "from-strace",
	.arguments = "FILE...",
	.summary = "Make a seccomp policy from what strace saw",
	.details =
		"Reads logs of strace -f -o FILE or -ff -o FILE (- is standard input) and writes a policy "
		"that "
		"permits\nwhat they have, and nothing else but what every program needs to start and to end.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct from_strace_options),
	.run = run,
};
