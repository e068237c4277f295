/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl policy from-audit: a policy from what the kernel's audit recorded. */

#include "base/error.h"
#include "cli/policy-learn.h"
#include "learn/audit.h"

struct from_audit_options {
	struct learn_options learn; /* first */
	const char *comm, *exe;
};

static int set_comm(void *into, const char *value, char **reterr_why)
{
	struct from_audit_options *o = into;

	if (!*value)
		return option_refuse(reterr_why, "must be a process's name, as ps -o comm shows it");
	o->comm = value;
	return 0;
}

static int set_exe(void *into, const char *value, char **reterr_why)
{
	struct from_audit_options *o = into;

	if (*value != '/')
		return option_refuse(reterr_why, "must be the absolute path of a program");
	o->exe = value;
	return 0;
}

static int read_log(void *reader, int fd, const char *name)
{
	return audit_read(reader, fd, name);
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	struct from_audit_options *o = state;
	const struct audit_options options = {
		.comm = o->comm, .exe = o->exe, .ignore_unknown = o->learn.ignore_unknown
	};
	_cleanup_(learning_done) struct learning learning = { 0 };
	_cleanup_(audit_reader_done) struct audit_reader reader = { 0 };
	int status;

	o->learn.write.origin = "the audit subsystem";
	o->learn.write.command = "bailiffctl policy from-audit";
	if (learning_init(&learning, policy_architecture(&o->learn.common)) < 0) {
		report("this architecture has no tables; say --arch=ARCH");
		return EXIT_FAILURE;
	}
	audit_reader_init(&reader, &learning, &options);
	status = learn_read_files(args, n, read_log, &reader);
	if (status != EXIT_SUCCESS)
		return status;
	return learn_finish(&learning, &o->learn);
}

static const struct option options[] = {
	LEARN_OPTIONS,
	{ "comm", 0, "NAME", "only records of processes of this name", set_comm },
	{ "exe", 0, "PATH", "only records of this program", set_exe },
};

const struct verb verb_policy_from_audit = {
	.name = "from-audit",
	.arguments = "FILE...",
	.summary = "Make a seccomp policy from audit records",
	.details = "Reads SECCOMP and SYSCALL records from audit.log, the kernel's log or the journal (- is "
		   "standard\ninput) and writes a policy that permits what they have.",
	.min = 1,
	.max = SIZE_MAX,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct from_audit_options),
	.run = run,
};
