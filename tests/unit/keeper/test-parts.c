/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The keeper's parts that can be looked at alone: pauses between restarts, the deny-list, privileges. */

#include "base/bounds.h"
#include "base/denied.h"
#include "base/io.h"
#include "base/privileges.h"
#include "keeper/audit-line.h"
#include "keeper/auditor.h"
#include "keeper/cgroup.h"
#include "keeper/keeper.h"
#include "keeper/runtime.h"
#include "seccomp/simulate.h"
#include "seccomp/syscalls.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEC UINT64_C(1000000)

static void restart_pauses_grow(void **state)
{
	struct child c = { 0 };
	uint64_t now = 1000 * SEC, last = 0;

	for (int i = 0; i < 20; i++) {
		uint64_t pause;

		c.started_usec = now - 1;
		plan_restart(&c, now);
		pause = c.start_at_usec - now;
		if (i < 4)
			assert_int_equal(pause, 0);
		assert_true(pause >= last && pause <= 10 * SEC);
		last = pause;
		now = c.start_at_usec + 1;
	}
	assert_int_equal(last, 10 * SEC);
	/* one that lived long is started again at once */
	c.started_usec = now;
	plan_restart(&c, now + 11 * SEC);
	assert_int_equal(c.start_at_usec, now + 11 * SEC);
	assert_int_equal(c.quick_ends, 0);
}

/* Whatever a broker says: pairs of a name and a value, of printable characters, and the result is the last.
 */
static void audit_lines_are_pairs(void **state)
{
	struct audit_message m = { .event = AUDIT_REFUSED, .uid = 1000, .loginuid = AUDIT_UNKNOWN_ID };
	char line[AUDIT_LINE_MAX];
	size_t n;

	audit_message_text(m.profile, sizeof(m.profile), "decoder");
	audit_message_text(m.rule, sizeof(m.rule), "decoder.profile:12 AllowGroup=video");
	audit_message_text(m.outcome, sizeof(m.outcome), "AccessDenied");
	n = audit_line(line, &m);
	assert_int_equal(n, strlen(line));
	assert_string_equal(line, "op=refused comm=\"bailiffd\" caller_uid=1000 profile=\"decoder\" "
				  "rule=\"decoder.profile:12\" "
				  "rule_key=\"AllowGroup=video\" reason=\"AccessDenied\" res=failed");
	for (unsigned c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, '\0' };
		bool plain = c > ' ' && c <= '~' && c != '"' && c != '\'';
		char want[16];

		audit_message_text(m.profile, sizeof(m.profile), text);
		(void)audit_line(line, &m);
		if (plain)
			(void)snprintf(want, sizeof(want), " profile=\"a%c\" ", (int)c);
		else
			(void)snprintf(want, sizeof(want), " profile=61%02X ", c);
		assert_non_null(strstr(line, want));
		assert_null(strpbrk(line, "\n'"));
	}
	n = audit_line_own(line, "suppressed", 7);
	assert_int_equal(n, strlen(line));
	assert_string_equal(line, "op=suppressed comm=\"bailiffd\" suppressed=7 res=failed");
}

/* Every text in digits, every number at its longest. */
static void audit_lines_fit(void **state)
{
	struct audit_message m;
	char line[AUDIT_LINE_MAX], *const texts[] = { m.profile, m.outcome, m.method, m.rule, m.unit,
		m.label };
	const size_t sizes[] = { sizeof(m.profile), sizeof(m.outcome), sizeof(m.method), sizeof(m.rule),
		sizeof(m.unit), sizeof(m.label) };
	size_t n;

	memset(&m, 0xff, sizeof(m));
	m.event = AUDIT_ENDED;
	m.uid = m.loginuid = UINT32_MAX - 1;
	m.exit_code = m.exit_signal = INT32_MIN;
	for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
		texts[i][sizes[i] - 1] = '\0';
	n = audit_line(line, &m);
	assert_int_equal(n, strlen(line));
	assert_non_null(strstr(line, " exit_signal=-2147483648 suppressed=4294967295 res=success"));
}

/* Records of one form, and no other. */
static void audit_messages_are_checked(void **state)
{
	struct audit_message m = { .event = AUDIT_LAUNCHED }, back;
	int pair[2];

	assert_int_equal(wire_channel_pair(pair), 0);
	audit_message_text(m.unit, sizeof(m.unit), "a.service");
	assert_int_equal(audit_message_send(pair[0], &m), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), 1);
	assert_memory_equal(&m, &back, sizeof(m));
	m.unit[20] = 'x'; /* behind the end */
	assert_int_equal(audit_message_send(pair[0], &m), -EINVAL);
	assert_int_equal(wire_send(pair[0], &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), -EBADMSG);
	memset(m.unit, 'x', sizeof(m.unit)); /* no end */
	assert_int_equal(wire_send(pair[0], &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), -EBADMSG);
	m = (struct audit_message){ .event = _AUDIT_EVENT_MAX };
	assert_int_equal(wire_send(pair[0], &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), -EBADMSG);
	m.event = AUDIT_ENDED;
	assert_int_equal(wire_send(pair[0], &m, sizeof(m) - 1, NULL, 0), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), -EBADMSG);
	assert_int_equal(wire_send(pair[0], &m, sizeof(m), pair, 1), 0);
	assert_int_equal(audit_message_receive(pair[1], &back), -EBADMSG);
	(void)close(pair[0]);
	assert_int_equal(audit_message_receive(pair[1], &back), 0);
	(void)close(pair[1]);
}

/* A burst, and then so many a second, for as long as they come. */
static void auditor_keeps_its_rate(void **state)
{
	struct auditor_rate r = { 0 };
	uint64_t now = 100 * SEC;
	unsigned n = 0;

	while (auditor_admit(&r, now))
		n++;
	assert_int_equal(n, AUDITOR_BURST);
	n = 0;
	for (unsigned i = 0; i < 10000; i++)
		n += auditor_admit(&r, now += SEC / 1000);
	assert_in_range(n, 10 * AUDITOR_PER_SECOND - 1, 10 * AUDITOR_PER_SECOND + 1);
	n = 0;
	while (auditor_admit(&r, now + 3600 * SEC))
		n++;
	assert_int_equal(n, AUDITOR_BURST);
}

static bool denied(uint32_t number)
{
	for (size_t i = 0; i < n_denied_calls; i++)
		if (denied_calls[i].number == number && denied_calls[i].mask == 0)
			return true;
	return false;
}

static void deny_list_builds(void **state)
{
	struct sock_filter *filter = NULL;
	size_t n = 0;

	assert_int_equal(filter_build(denied_calls, n_denied_calls, FILTER_PERMIT, &filter, &n), 0);
	assert_in_range(n, n_denied_calls, BPF_MAXINSNS_PER_FILTER);
	free(filter);
	for (size_t i = 0; i < n_denied_calls; i++)
		assert_true(denied_calls[i].action == FILTER_FAIL(EPERM) ||
			    denied_calls[i].action == FILTER_FAIL(ENOSYS));
}

static uint32_t verdict(const struct sock_filter *filter, size_t n, uint32_t arch, uint32_t number)
{
	const struct seccomp_data data = { .nr = (int)number, .arch = arch };
	uint32_t action;

	assert_int_equal(filter_simulate(filter, n, &data, &action), 0);
	return action;
}

static bool has_number(const struct filter_rule *rules, size_t n, uint32_t number, uint32_t action)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].number == number && rules[i].action == action)
			return true;
	return false;
}

/* The numbers of the 32-bit list, by the names that the policy compiler's tables have: both lists say the
 * same. */
static void deny_lists_agree(void **state)
{
	const struct filter_foreign *foreign = denied_foreign;
	const struct architecture *i386 = &architectures[ARCHITECTURE_I386], *native = architecture_native();
	uint32_t number;

	if (!foreign)
		skip();
	assert_int_equal(foreign->arch, i386->audit);
	for (size_t i = 0; i < n_denied_calls; i++) {
		const char *name = syscall_name(native, denied_calls[i].number);

		if (syscall_lookup(i386, name, strlen(name), &number) == 0 &&
			!has_number(foreign->rules, foreign->n, number, denied_calls[i].action))
			fail_msg("%s is not refused to i386", name);
	}
	for (size_t i = 0; i < foreign->n; i++) {
		const char *name = syscall_name(i386, foreign->rules[i].number);

		if (strncmp(name, "vm86", 4) == 0)
			continue;
		assert_int_equal(syscall_lookup(native, name, strlen(name), &number), 0);
		assert_true(has_number(denied_calls, n_denied_calls, number, foreign->rules[i].action));
	}
}

/* What is loaded: both lists, and nothing for others. */
static void deny_lists_build(void **state)
{
	const uint32_t x32 = 0x40000000, getpid_i386 = 20, reboot_i386 = 88;
	struct sock_filter *filter = NULL;
	uint32_t native = filter_native_arch();
	size_t n = 0;

	if (!denied_foreign)
		skip();
	assert_int_equal(
		filter_build_two(denied_calls, n_denied_calls, denied_foreign, FILTER_PERMIT, &filter, &n),
		0);
	assert_int_equal(verdict(filter, n, native, SYS_getpid), FILTER_PERMIT);
	assert_int_equal(verdict(filter, n, native, SYS_reboot), FILTER_FAIL(EPERM));
	assert_int_equal(verdict(filter, n, native, x32 | SYS_getpid), FILTER_KILL);
	assert_int_equal(verdict(filter, n, AUDIT_ARCH_I386, getpid_i386), FILTER_PERMIT);
	assert_int_equal(verdict(filter, n, AUDIT_ARCH_I386, reboot_i386), FILTER_FAIL(EPERM));
	assert_int_equal(verdict(filter, n, AUDIT_ARCH_ARM, getpid_i386), FILTER_KILL);
	free(filter);
	assert_int_equal(filter_build(denied_calls, n_denied_calls, FILTER_PERMIT, &filter, &n), 0);
	assert_int_equal(verdict(filter, n, AUDIT_ARCH_I386, getpid_i386), FILTER_KILL);
	free(filter);
}

static void deny_list_holds_what_the_design_names(void **state)
{
	static const uint32_t wanted[] = { SYS_kexec_load, SYS_init_module, SYS_finit_module,
		SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_bpf,
		SYS_perf_event_open, SYS_userfaultfd, SYS_open_by_handle_at, SYS_io_uring_setup };
	static const uint32_t needed[] = { SYS_mount, SYS_setns, SYS_clone3, SYS_execveat, SYS_pivot_root };

	for (size_t i = 0; i < ELEMENTS(wanted); i++)
		assert_true(denied(wanted[i]));
	for (size_t i = 0; i < ELEMENTS(needed); i++)
		assert_false(denied(needed[i]));
}

static void privileges_exclude_the_hosts(void **state)
{
	static const int never[] = { CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_SYS_PACCT, CAP_SYS_TIME,
		CAP_SYS_PTRACE, CAP_SYSLOG, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN, CAP_AUDIT_CONTROL, CAP_PERFMON,
		CAP_BPF, CAP_CHECKPOINT_RESTORE };

	for (size_t i = 0; i < ELEMENTS(never); i++)
		assert_int_equal(PRIVILEGES_ALL & CAPABILITY_BIT(never[i]), 0);
	assert_int_equal(PRIVILEGES_BROKER_START & ~PRIVILEGES_ALL, 0);
}

static int make_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 || write_full(fd, text, strlen(text)) < 0 ? -1 : close(fd);
}

static void expect_file(int dir_fd, const char *name, const char *text)
{
	char data[128] = "";
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, data, sizeof(data) - 1) >= 0);
	assert_string_equal(data, text);
	assert_int_equal(close(fd), 0);
}

/* On plain files: what is asked of which cgroup. That the kernel may want processes out of the way is only
 * seen there. */
static void controllers_are_handed_down(void **state)
{
	char own[] = "/tmp/bailiff-own-XXXXXX", below[] = "/tmp/bailiff-below-XXXXXX";
	int own_fd, fd;

	(void)state;
	assert_true(mkdtemp(own) && mkdtemp(below));
	own_fd = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open(below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(make_file(own_fd, "cgroup.controllers", "cpuset cpu io memory hugetlb pids\n"), 0);
	assert_int_equal(make_file(own_fd, "cgroup.subtree_control", ""), 0);
	assert_int_equal(make_file(fd, "cgroup.controllers", "pids\n"), 0);
	assert_int_equal(make_file(fd, "cgroup.subtree_control", ""), 0);
	assert_int_equal(cgroup_delegate(own_fd, fd, "leaf"), 0);
	expect_file(own_fd, "cgroup.subtree_control", "+cpu +io +memory +pids");
	expect_file(fd, "cgroup.subtree_control", "+pids");
	assert_int_equal(faccessat(own_fd, "leaf", F_OK, 0), -1);
	/* none there: nothing is asked */
	assert_int_equal(unlinkat(own_fd, "cgroup.subtree_control", 0), 0);
	assert_int_equal(unlinkat(own_fd, "cgroup.controllers", 0), 0);
	assert_int_equal(make_file(own_fd, "cgroup.controllers", "cpuset\n"), 0);
	assert_int_equal(cgroup_delegate(own_fd, fd, "leaf"), 0);
	assert_int_equal(unlinkat(own_fd, "cgroup.controllers", 0), 0);
	assert_int_equal(cgroup_delegate(own_fd, fd, "leaf"), -ENOENT);
	assert_int_equal(unlinkat(fd, "cgroup.controllers", 0), 0);
	assert_int_equal(unlinkat(fd, "cgroup.subtree_control", 0), 0);
	assert_int_equal(close(own_fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rmdir(own), 0);
	assert_int_equal(rmdir(below), 0);
}

static bool is_spared(const char *name, const void *userdata)
{
	return strcmp(name, userdata) == 0;
}

/* One that can not be removed keeps the others from being removed, but not from being killed. On plain
 * directories, which can not be removed with what is in them. */
static void every_cgroup_is_killed(void **state)
{
	static const char *const names[] = { "a", "b", "spared" };
	char dir[] = "/tmp/bailiff-groups-XXXXXX", path[64];
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/cgroup.kill", names[i]);
		assert_int_equal(mkdirat(fd, names[i], 0755), 0);
		assert_int_equal(make_file(fd, path, ""), 0);
	}
	assert_int_equal(cgroup_clear(fd, is_spared, names[2]), -ENOTEMPTY);
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/cgroup.kill", names[i]);
		expect_file(fd, path, i < 2 ? "1" : "");
		assert_int_equal(unlinkat(fd, path, 0), 0);
	}
	assert_int_equal(cgroup_clear(fd, NULL, NULL), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rmdir(dir), 0);
}

static char top[64]; /* a directory of the test's own */

static const char *below(const char *name)
{
	static char path[96];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static int open_runtime(const char *name)
{
	struct runtime r = RUNTIME_NULL;
	const char *what = NULL;
	int k = runtime_open(below(name), &r, &what);

	if (k < 0)
		assert_non_null(what);
	runtime_remove(&r);
	return k;
}

/* Row R11: what others put where the runtime directory is to be, or into it, is refused and not followed. */
static void runtime_of_strangers(void **state)
{
	struct runtime r = RUNTIME_NULL;
	const char *what;
	struct stat st;

	if (geteuid() != 0)
		skip();
	(void)snprintf(top, sizeof(top), "/tmp/bailiff-runtime-XXXXXX");
	assert_non_null(mkdtemp(top));
	assert_int_equal(mkdir(below("theirs"), 0755), 0);
	assert_int_equal(chown(below("theirs"), 1, 1), 0);
	assert_int_equal(open_runtime("theirs"), -EPERM);
	assert_int_equal(symlink("theirs", below("link")), 0);
	assert_int_equal(open_runtime("link"), -ENOTDIR);
	assert_int_equal(mkdir(below("open"), 0755), 0);
	assert_int_equal(chmod(below("open"), 0777), 0);
	assert_int_equal(open_runtime("open"), -EPERM);
	/* one of root's, with links in it */
	assert_int_equal(mkdir(below("own"), 0755), 0);
	assert_int_equal(symlink("../victim", below("own/lock")), 0);
	assert_int_equal(open_runtime("own"), -ELOOP);
	assert_int_equal(lstat(below("victim"), &st), -1);
	assert_int_equal(unlink(below("own/lock")), 0);
	assert_int_equal(symlink("../victim", below("own/broker")), 0);
	assert_int_equal(runtime_open(below("own"), &r, &what), 0);
	assert_int_equal(runtime_listen(&r, below("own")), -EEXIST);
	assert_int_equal(lstat(below("own/broker"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(unlink(below("own/broker")), 0);
	assert_int_equal(runtime_listen(&r, below("own")), 0);
	runtime_remove(&r);
	/* which ids were used stays for the next instance */
	assert_int_equal(unlink(below("own/dynamic-uids")), 0);
	assert_int_equal(rmdir(below("own")), 0);
	assert_int_equal(rmdir(below("open")), 0);
	assert_int_equal(unlink(below("link")), 0);
	assert_int_equal(rmdir(below("theirs")), 0);
	assert_int_equal(rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restart_pauses_grow),
		cmocka_unit_test(audit_lines_are_pairs),
		cmocka_unit_test(audit_lines_fit),
		cmocka_unit_test(audit_messages_are_checked),
		cmocka_unit_test(auditor_keeps_its_rate),
		cmocka_unit_test(deny_list_builds),
		cmocka_unit_test(deny_lists_agree),
		cmocka_unit_test(deny_lists_build),
		cmocka_unit_test(deny_list_holds_what_the_design_names),
		cmocka_unit_test(privileges_exclude_the_hosts),
		cmocka_unit_test(controllers_are_handed_down),
		cmocka_unit_test(every_cgroup_is_killed),
		cmocka_unit_test(runtime_of_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
