/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which profiles share an IPC namespace, and each reason against it but for those that no profile can give
 * (test-check.c). Needs root, as test-compile.c. */

#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "compiler/ipc.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#define EXEC      "[Exec]\nExecutable=/usr/bin/true\n"
#define LISTED    "[Seccomp]\nSystemCallErrorNumber=EPERM\nSystemCallFilter=@default\n"
#define PLAIN     EXEC LISTED
#define WITH(key) PLAIN key "\n"
#define MAY(call) "[Seccomp] may let " call " through"
#ifdef __aarch64__
#define FIRST        "mount" /* of the lowest number; and in @system-service */
#define FIRST_COMMON "mq_open"
#else
#define FIRST        "shmget"
#define FIRST_COMMON "shmget"
#endif
#define POLICY EXEC "[Seccomp]\nPolicy=some.policy\n"

/* Compiles the profile, twice, and says what it and "bailiffctl verify" make of it. */
static void expect(struct tree *t, const char *text, const char *reason)
{
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct verify_verdict verdict = { 0 };
	struct catalog *c = NULL;
	char **errors = NULL;

	tree_write(t, "profiles/a.profile", text);
	tree_write(t, "profiles/b.profile", text);
	assert_int_equal(compile_directories(&options, &c), 0);
	if (c->profiles[0].invalid)
		fail_msg("%s: %s", text, c->profiles[0].error);
	(void)compile_verify_file(tree_path(t, "profiles/a.profile"), &options, &verdict, &errors);
	assert_null(errors);
	/* the second is told what the first was found to be */
	if (c->profiles[0].shares_ipc != !reason || c->profiles[1].shares_ipc != !reason ||
		verdict.shares_ipc != !reason || strcmp(verdict.own_ipc, reason ? reason : "") != 0)
		fail_msg("%s: %d, %d, %d, \"%s\"", text, c->profiles[0].shares_ipc, c->profiles[1].shares_ipc,
			verdict.shares_ipc, verdict.own_ipc);
	assert_int_equal(verdict.private_ipc, (c->profiles[0].namespaces & JAIL_NS_IPC) != 0);
	catalog_free(c);
}

/* Each call for itself, in lists and in policies. */
static const char *const natives[] = { "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semtimedop",
	"semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend",
	"mq_timedreceive", "mq_notify", "mq_getsetattr", "mount", "fsopen", "fsconfig", "fspick", "fsmount",
	"move_mount", "open_tree", "open_tree_attr", "mount_setattr", "setns", "io_uring_setup",
	"io_uring_enter", "io_uring_register" };

static void test_calls(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	for (size_t i = 0; i < ELEMENTSOF(natives); i++) {
		char text[512], reason[128];

		(void)snprintf(reason, sizeof(reason), MAY("%s"), natives[i]);
		(void)snprintf(text, sizeof(text), WITH("SystemCallFilter=%s"), natives[i]);
		expect(t, text, reason);
		/* whatever its arguments have to be, and also where it is logged */
		(void)snprintf(text, sizeof(text), "read: 1\n%s: arg0 == 4711\n", natives[i]);
		tree_write(t, "policies/some.policy", text);
		expect(t, POLICY, reason);
		(void)snprintf(text, sizeof(text), WITH("SystemCallFilter=%s\nSystemCallLog=%s"), natives[i],
			natives[i]);
		expect(t, text, reason);
		/* refused, the last word of several keys */
		(void)snprintf(text, sizeof(text), WITH("SystemCallFilter=%s\nSystemCallFilter=~%s"),
			natives[i], natives[i]);
		expect(t, text, NULL);
		(void)snprintf(text, sizeof(text), "read: 1\n%s: return EPERM\n", natives[i]);
		tree_write(t, "policies/some.policy", text);
		expect(t, POLICY, NULL);
	}
}

#ifdef __x86_64__
/* Those that the machine's own interface does not have; and a list that opens another one with it. */
static const char *const others[] = { "ipc", "semtimedop_time64", "mq_timedsend_time64",
	"mq_timedreceive_time64" };

static void test_other_interface(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	expect(t, WITH("SystemCallArchitectures=x86"), NULL);
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		char text[512], reason[128];

		(void)snprintf(reason, sizeof(reason), MAY("%s"), others[i]);
		(void)snprintf(text, sizeof(text), WITH("SystemCallArchitectures=x86\nSystemCallFilter=%s"),
			others[i]);
		expect(t, text, reason);
	}
}
#endif

static const struct {
	const char *text, *reason; /* NULL: it shares */
} rows[] = {
	{ PLAIN, NULL },
	/* what a namespace is not needed for, and what can only lead out of it */
	{ WITH("SystemCallFilter=@file-system @basic-io @signal @network-io bpf keyctl"), NULL },
	{ WITH("SystemCallFilter=fork unshare clone3 execve memfd_create process_vm_readv ptrace pidfd_getfd "
	       "kcmp"),
		NULL },
	{ WITH("SystemCallFilter=@system-service"), MAY(FIRST_COMMON) },
	{ WITH("SystemCallFilter=@system-service\nSystemCallFilter=~@ipc io_uring_setup io_uring_enter "
	       "io_uring_register setns"),
		NULL },
	/* a list of what is refused lets the next kernel's calls through */
	{ EXEC, MAY(FIRST) },
	{ EXEC "[Seccomp]\nSystemCallFilter=~@ipc @mount io_uring_setup io_uring_enter io_uring_register "
	       "setns\n",
		MAY("calls that are not known") },
	{ WITH("SystemCallFilter=setns\n[Namespaces]\nRestrictNamespaces=yes"), NULL },
	{ WITH("SystemCallFilter=setns\n[Namespaces]\nRestrictNamespaces=ipc"), MAY("setns") },

	{ WITH("[Namespaces]\nPrivateIPC=no"), "" },
	{ WITH("[Namespaces]\nPrivateNetwork=no"), NULL },
	{ WITH("[Namespaces]\nNetworkNamespacePath=/run/netns/a"), NULL },
	{ WITH("[Namespaces]\nJoinsPool=p"), "JoinsPool= has one for the pool" },
	{ WITH("[Namespaces]\nPrivatePIDs=no"), NULL },
	{ WITH("[Namespaces]\nRunAsInit=yes"), NULL },
	{ WITH("[User]\nUser=daemon\nSupplementaryGroups=video"), NULL },
	{ WITH("[User]\nDynamicUser=yes"), NULL },
	{ WITH("[User]\nPrivateUsers=yes"), "PrivateUsers=yes" },
	{ WITH("[Capabilities]\nCapabilityBoundingSet=CAP_IPC_OWNER"),
		"CapabilityBoundingSet= is not empty" },
	{ WITH("[Capabilities]\nCapabilityBoundingSet="), NULL },
	{ WITH("[Filesystem]\nPrivateDevices=no"), "PrivateDevices=no" },
	{ WITH("[Filesystem]\nDeviceAllow=/dev/dri/renderD128"), "DeviceAllow= gives devices" },
	{ WITH("[Filesystem]\nMinimalRoot=no"), NULL },
	/* shows the queues of the host's namespace, in which no sandbox of this kind is */
	{ WITH("[Filesystem]\nBindReadOnlyPaths=/dev/mqueue:/queues"), NULL },
	{ WITH("[Exec]\nFileDescriptor=3 directory"), "FileDescriptor= takes a directory, path or device" },
	{ WITH("[Exec]\nFileDescriptor=3 path"), "FileDescriptor= takes a directory, path or device" },
	{ WITH("[Exec]\nFileDescriptor=3 regular,pipe,socket,tty"), NULL },
};

static void test_rows(void **state)
{
	tree_need_root();
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		expect(*state, rows[i].text, rows[i].reason);
}

/* Programs that no profile has: none at all, and one that leaves a call to a supervisor. */
static void test_programs(void **state)
{
	const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	const struct sock_filter killed = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	const struct sock_filter logged = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG);
	const struct sock_filter asked = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	const struct sock_filter traced = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);

	assert_non_null(ipc_call(NULL, 0));
	assert_non_null(ipc_call(&all, 1));
	assert_non_null(ipc_call(&logged, 1));
	assert_non_null(ipc_call(&asked, 1));
	assert_non_null(ipc_call(&traced, 1));
	assert_null(ipc_call(&nothing, 1));
	assert_null(ipc_call(&killed, 1));
}

#define COMPILE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPILE_TEST(test_calls),
#ifdef __x86_64__
		COMPILE_TEST(test_other_interface),
#endif
		COMPILE_TEST(test_rows),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
