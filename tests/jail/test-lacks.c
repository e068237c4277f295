/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a profile asks for and the kernel has not got, layer by layer: each launch fails, names stage and key,
 * starts nothing and leaves nothing. Layers that a profile can call optional are left out then, and said to
 * be so. docs/LAYERS.md has each layer's tests. Complements test-kernel.c, which is about what all jails
 * take.
 */

#include "base/fd.h"
#include "harness.h"
#include "old-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_UP 0x8914 /* SIOCSIFFLAGS */

static struct compiled_tuning tuning;

static void want_nothing(struct rig *r)
{
	tuning = (struct compiled_tuning){ 0 };
}

static void want_nice(struct rig *r)
{
	tuning = (struct compiled_tuning){ .set = TUNE_NICE, .nice = 5 };
	r->spec.tuning = &tuning;
}

static void want_cpus(struct rig *r)
{
	tuning = (struct compiled_tuning){ .set = TUNE_CPUS };
	tuning.cpus[0] = 1;
	r->spec.tuning = &tuning;
}

static void want_io(struct rig *r)
{
	tuning = (struct compiled_tuning){ .set = TUNE_IO, .io_class = IO_CLASS_IDLE };
	r->spec.tuning = &tuning;
}

static void want_timer_slack(struct rig *r)
{
	tuning = (struct compiled_tuning){ .set = TUNE_TIMER_SLACK, .timer_slack_nsec = 123456 };
	r->spec.tuning = &tuning;
}

static void want_host_network(struct rig *r)
{
	r->spec.namespaces &= ~JAIL_NS_NET;
}

static void want_raw_sockets(struct rig *r)
{
	r->spec.bounding = r->spec.ambient = UINT64_C(1) << CAP_NET_RAW;
}

static void want_mdwe(struct rig *r)
{
	r->spec.deny_write_execute = true;
}

static void want_propagation(struct rig *r)
{
	r->spec.propagation = PROPAGATION_SLAVE;
}

static void want_host_name(struct rig *r)
{
	r->spec.hostname = "elsewhere";
}

#define REFUSE_OPTION(option, error) FILTER_DENY_ARG(prctl, 0, FILTER_WHOLE_ARG, option, error)

static const struct row {
	void (*want)(struct rig *r);
	struct filter_rule rule;
	int error;
	enum jail_stage stage;
	const char *object; /* begins with it: the key, or what each jail has */
} rows[] = {
	{ want_nothing, FILTER_DENY_ARG(unshare, 0, FILTER_WHOLE_ARG, CLONE_NEWPID, EINVAL), -EINVAL,
		STAGE_NAMESPACES, "PrivatePIDs=" },
	{ want_nothing, FILTER_DENY_ARG(unshare, 0, FILTER_WHOLE_ARG, CLONE_NEWCGROUP, EINVAL), -EINVAL,
		STAGE_NAMESPACES, "PrivateCgroup=" },
	{ want_host_name, FILTER_DENY(sethostname, ENOSYS), -ENOSYS, STAGE_NAMESPACES,
		"PrivateUTS=: host name elsewhere" },
	{ want_nothing, FILTER_DENY(setdomainname, ENOSYS), -ENOSYS, STAGE_NAMESPACES,
		"PrivateUTS=: domain name" },
	{ want_nothing, FILTER_DENY_ARG(ioctl, 1, FILTER_WHOLE_ARG, LOOPBACK_UP, ENODEV), -ENODEV,
		STAGE_NAMESPACES, "PrivateNetwork=: loopback device" },
	{ want_host_network, FILTER_DENY_ARG(socket, 0, FILTER_WHOLE_ARG, AF_INET, EAFNOSUPPORT),
		-EAFNOSUPPORT, STAGE_NAMESPACES,
		"PrivateNetwork=no: the launcher itself may make no sockets of AF_INET" },
	{ want_raw_sockets, REFUSE_OPTION(PR_CAPBSET_READ, EINVAL), -EPERM, STAGE_CAPABILITIES,
		"the launcher itself lacks CAP_NET_RAW" },
	{ want_propagation, FILTER_DENY(mount_setattr, ENOSYS), -ENOSYS, STAGE_MOUNTS, "" },
	{ want_nice, FILTER_DENY(setpriority, ENOSYS), -ENOSYS, STAGE_RLIMITS, "Nice= 5" },
	{ want_cpus, FILTER_DENY(sched_setaffinity, ENOSYS), -ENOSYS, STAGE_RLIMITS, "CPUAffinity=" },
	{ want_io, FILTER_DENY(ioprio_set, ENOSYS), -ENOSYS, STAGE_RLIMITS, "IOSchedulingClass=" },
	{ want_timer_slack, REFUSE_OPTION(PR_SET_TIMERSLACK, EINVAL), -EINVAL, STAGE_IDS,
		"PR_SET_TIMERSLACK" },
	{ want_nothing, REFUSE_OPTION(PR_SET_SECUREBITS, EINVAL), -EINVAL, STAGE_CAPABILITIES,
		"PR_SET_SECUREBITS" },
	{ want_nothing, REFUSE_OPTION(PR_SET_NO_NEW_PRIVS, EINVAL), -EINVAL, STAGE_CAPABILITIES,
		"PR_SET_NO_NEW_PRIVS" },
	{ want_raw_sockets, REFUSE_OPTION(PR_CAP_AMBIENT, EINVAL), -EINVAL, STAGE_CAPABILITIES,
		"PR_CAP_AMBIENT" },
	{ want_nothing, REFUSE_OPTION(PR_CAPBSET_DROP, EPERM), -EPERM, STAGE_CAPABILITIES, "bounding set:" },
	{ want_mdwe, REFUSE_OPTION(65 /* PR_SET_MDWE */, EPERM), -EPERM, STAGE_SECCOMP,
		"MemoryDenyWriteExecute=" },
	{ want_nothing, FILTER_DENY_ARG(keyctl, 0, FILTER_WHOLE_ARG, KEYCTL_JOIN_SESSION_KEYRING, EDQUOT),
		-EDQUOT, STAGE_IDS, "session keyring" },
	{ want_nothing, FILTER_DENY_ARG(prlimit64, 1, FILTER_WHOLE_ARG, RLIMIT_RTTIME, EINVAL), -EINVAL,
		STAGE_RLIMITS, "LimitRTTIME" },
	{ want_nothing, FILTER_DENY_ARG(prlimit64, 1, FILTER_WHOLE_ARG, RLIMIT_CORE, EINVAL), -EINVAL,
		STAGE_RLIMITS, "LimitCORE" },
};

static void forget(struct rig *r)
{
	r->spec.tuning = NULL;
	r->spec.bounding = r->spec.ambient = 0;
	r->spec.deny_write_execute = false;
	r->spec.propagation = PROPAGATION_PRIVATE;
	r->spec.hostname = "jail";
	r->spec.namespaces |= JAIL_NS_NET;
}

static void test_keys_are_named(void **state)
{
	struct rig *r = *state;

	/* the jail's init gives up rights as the payload does, and could fail first */
	r->spec.run_as_init = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct answer a;

		row->want(r);
		old_kernel_launch(r, &row->rule, &a);
		if (a.result != row->error || a.error.error != row->error || a.error.stage != row->stage ||
			strncmp(a.error.object, row->object, strlen(row->object)) != 0)
			fail_msg("row %zu, %s: %d at %s: %s", i, row->object, a.result,
				jail_stage_to_string(a.error.stage), a.error.object);
		forget(r);
	}
	r->output_end = fd_close(r->output_end);
	rig_read(r, NULL);
	assert_string_equal(r->output, "");
}

/* Each of them works on the kernel as it is: what failed above failed by what it lacked. */
static void test_kernel_as_it_is(void **state)
{
	struct rig *r = *state;
	/* a call that nobody makes */
	const struct filter_rule rule = FILTER_DENY(lookup_dcookie, ENOSYS);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer a;

		rows[i].want(r);
		old_kernel_launch(r, &rule, &a);
		if (a.result != 1 || a.lacking != 0)
			fail_msg("row %zu, %s: %d at %s: %s", i, rows[i].object, a.result,
				jail_stage_to_string(a.error.stage), a.error.object);
		forget(r);
	}
}

/* A /proc as a kernel has it that lacks one kind of namespaces. */
static int make_proc(struct rig *r, const char *lacking)
{
	static const char *const kinds[] = { "mnt", "net", "ipc", "uts", "time", "pid", "pid_for_children" };
	const char *path = rig_mkdir(r, rig_format(r, "proc-%s", lacking), 0755);

	(void)rig_mkdir(r, rig_format(r, "proc-%s/self", lacking), 0755);
	(void)rig_mkdir(r, rig_format(r, "proc-%s/self/ns", lacking), 0755);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], lacking) != 0)
			(void)rig_file(r, rig_format(r, "proc-%s/self/ns/%s", lacking, kinds[i]), "", 0444);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* clone3(2) says EINVAL for every flag that the kernel has not got. */
static void test_namespaces(void **state)
{
	static const struct {
		const char *file, *object;
	} kinds[] = {
		{ "mnt", "PrivateMounts=: this kernel has no mount namespaces" },
		{ "ipc", "PrivateIPC=: this kernel has no IPC namespaces" },
		{ "uts", "PrivateUTS=: this kernel has no UTS namespaces" },
		{ "time", "PrivateTime=: this kernel has no time namespaces" },
	};
	const struct filter_rule rule = FILTER_DENY(clone3, EINVAL);
	struct rig *r = *state;
	int proc_fd = r->context.proc_fd;

	/* so that the jail's init, which is cloned before, does not fail first */
	r->spec.run_as_init = true;
	r->spec.namespaces |= JAIL_NS_TIME;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct answer a;

		r->context.proc_fd = make_proc(r, kinds[i].file);
		assert_true(r->context.proc_fd >= 0);
		old_kernel_launch(r, &rule, &a);
		assert_int_equal(a.result, -EOPNOTSUPP);
		assert_int_equal(a.error.stage, STAGE_NAMESPACES);
		assert_string_equal(a.error.object, kinds[i].object);
		(void)fd_close(r->context.proc_fd);
	}
	r->context.proc_fd = proc_fd;
}

/* Made by unshare(2), which says the same; and what it says on kernels that have them is not mistaken for it.
 */
static void test_networks(void **state)
{
	const struct filter_rule lacking =
		FILTER_DENY_ARG(unshare, 0, FILTER_WHOLE_ARG, CLONE_NEWNET, EINVAL);
	const struct filter_rule full = FILTER_DENY_ARG(unshare, 0, FILTER_WHOLE_ARG, CLONE_NEWNET, ENOSPC);
	struct rig *r = *state;
	int proc_fd = r->context.proc_fd;
	struct answer a;

	/* what is played has no PID namespace that could be entered */
	r->spec.run_as_init = true;
	old_kernel_launch(r, &lacking, &a);
	assert_int_equal(a.result, -EINVAL);
	assert_int_equal(a.error.stage, STAGE_NAMESPACES);
	assert_string_equal(a.error.object, "PrivateNetwork=: network namespace");
	old_kernel_launch(r, &full, &a);
	assert_int_equal(a.result, -ENOSPC);
	assert_int_equal(a.error.stage, STAGE_NAMESPACES);
	assert_string_equal(a.error.object, "PrivateNetwork=: network namespace");
	r->context.proc_fd = make_proc(r, "net");
	assert_true(r->context.proc_fd >= 0);
	old_kernel_launch(r, &lacking, &a);
	assert_int_equal(a.result, -EOPNOTSUPP);
	assert_int_equal(a.error.stage, STAGE_NAMESPACES);
	assert_string_equal(a.error.object, "PrivateNetwork=: this kernel has no network namespaces");
	(void)fd_close(r->context.proc_fd);
	r->context.proc_fd = proc_fd;
}

/* The one layer that can be had in parts, without its first call: what is optional is said to be missing, and
 * the launch goes on. For its versions see test-landlock.c; for the other two test-tuning.c, test-group.c. */
static void test_optional(void **state)
{
	const struct filter_rule rule = FILTER_DENY(landlock_create_ruleset, ENOSYS);
	const struct compiled_landlock wish = { .restricts = RESTRICT_CONNECT_TCP };
	struct rig *r = *state;
	struct answer a;

	r->spec.landlock = &wish;
	old_kernel_launch(r, &rule, &a);
	assert_int_equal(a.result, -EOPNOTSUPP);
	assert_int_equal(a.error.stage, STAGE_LANDLOCK);
	r->spec.optional = OPTIONAL_CORE_SCHEDULING | OPTIONAL_CGROUP;
	old_kernel_launch(r, &rule, &a);
	assert_int_equal(a.error.stage, STAGE_LANDLOCK);
	r->spec.optional = OPTIONAL_LANDLOCK;
	old_kernel_launch(r, &rule, &a);
	assert_int_equal(a.result, 1);
	assert_int_equal(a.lacking, 1U << LACK_NET_CONNECT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keys_are_named),
		TEST(test_kernel_as_it_is),
		TEST(test_namespaces),
		TEST(test_networks),
		TEST(test_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
