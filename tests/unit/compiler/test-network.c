/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which profiles share a network namespace, which have it one after the other, and each reason against it but
 * for those that no profile can give (test-check.c). Needs root, as test-compile.c. */

#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#define EXEC      "[Exec]\nExecutable=/usr/bin/true\n"
#define LISTED    "[Seccomp]\nSystemCallErrorNumber=EPERM\nSystemCallFilter=@default\n"
#define PLAIN     EXEC LISTED
#define WITH(key) PLAIN key "\n"
#define MAY(call) "[Seccomp] may let " call " through"
#define SERVICE                                                                                              \
	"@system-service\nSystemCallFilter=~@network-io @keyring setns io_uring_setup io_uring_enter "       \
	"io_uring_register"
#define MAKERS                                                                                               \
	"socket socketpair socketcall io_uring_setup io_uring_enter io_uring_register setns bpf add_key "    \
	"keyctl request_key"

static const struct {
	const char *text, *reason; /* NULL: it shares */
} rows[] = {
	{ PLAIN, NULL },
	{ WITH("SystemCallFilter=" SERVICE), NULL },
	{ WITH("SystemCallFilter=recvmsg sendmsg connect accept4 bind unshare clone3 seccomp"), NULL },
	{ WITH("SystemCallFilter=socket"), MAY("socket") },
	{ WITH("SystemCallFilter=socketpair"), MAY("socketpair") },
	{ WITH("SystemCallFilter=io_uring_setup"), MAY("io_uring_setup") },
	{ WITH("SystemCallFilter=io_uring_enter"), MAY("io_uring_enter") },
	{ WITH("SystemCallFilter=io_uring_register"), MAY("io_uring_register") },
	{ WITH("SystemCallFilter=setns"), MAY("setns") },
	{ WITH("SystemCallFilter=bpf"), MAY("bpf") },
	{ WITH("SystemCallFilter=add_key"), MAY("add_key") },
	{ WITH("SystemCallFilter=keyctl"), MAY("keyctl") },
	{ WITH("SystemCallFilter=request_key"), MAY("request_key") },
	/* what decides is what is left of all keys together */
	{ WITH("SystemCallFilter=socket\nRestrictAddressFamilies=none"), NULL },
	{ WITH("SystemCallFilter=socket\nRestrictAddressFamilies=AF_UNIX"), MAY("socket") },
	{ WITH("SystemCallFilter=socketpair\nRestrictAddressFamilies=none"), MAY("socketpair") },
	{ WITH("SystemCallFilter=setns\n[Namespaces]\nRestrictNamespaces=yes"), NULL },
	{ WITH("SystemCallFilter=setns\n[Namespaces]\nRestrictNamespaces=net"), MAY("setns") },
	/* a list of what is refused lets the next kernel's calls through */
	{ EXEC, MAY("socket") },
	{ EXEC "[Seccomp]\nSystemCallFilter=~socket\n", MAY("socketpair") },
	{ EXEC "[Seccomp]\nSystemCallFilter=~" MAKERS "\n", MAY("calls that are not known") },

	{ WITH("[Namespaces]\nPrivateNetwork=no"), "" },
	{ WITH("[Namespaces]\nNetworkNamespacePath=/run/netns/a"), "" },
	{ WITH("[Namespaces]\nJoinsPool=p"), "JoinsPool= has one for the pool" },
	{ WITH("[Namespaces]\nPrivatePIDs=no"), NULL },
	{ WITH("[User]\nUser=daemon\nSupplementaryGroups=video"), NULL },
	{ WITH("[User]\nDynamicUser=yes"), NULL },
	{ WITH("[User]\nPrivateUsers=yes"), NULL },
	{ WITH("[Capabilities]\nCapabilityBoundingSet=CAP_CHOWN"), "CapabilityBoundingSet= is not empty" },
	{ WITH("[Capabilities]\nCapabilityBoundingSet="), NULL },
	{ WITH("[Filesystem]\nPrivateDevices=no"), "PrivateDevices=no" },
	{ WITH("[Filesystem]\nDeviceAllow=/dev/dri/renderD128"), "DeviceAllow= gives devices" },
	{ WITH("[Filesystem]\nMinimalRoot=no"), NULL },
	{ WITH("[Exec]\nFileDescriptor=3 directory"), "FileDescriptor= takes a directory, path or device" },
	{ WITH("[Exec]\nFileDescriptor=3 path"), "FileDescriptor= takes a directory, path or device" },
	{ WITH("[Exec]\nFileDescriptor=3 regular,chardev"),
		"FileDescriptor= takes a directory, path or device" },
	{ WITH("[Exec]\nFileDescriptor=3 regular,pipe,socket,tty"), NULL },
#ifdef __x86_64__
	{ WITH("SystemCallArchitectures=x86"), NULL },
	{ WITH("SystemCallArchitectures=x86\nSystemCallFilter=socketcall"), MAY("socketcall") },
	{ WITH("SystemCallArchitectures=x86\nSystemCallFilter=socketcall\nRestrictAddressFamilies=none"),
		MAY("socketcall") },
#endif
};

static void test_rows(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };

	tree_need_root();
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *reason = rows[i].reason ? rows[i].reason : "";
		struct verify_verdict verdict = { 0 };
		struct catalog *c = NULL;
		char **errors = NULL;

		tree_write(t, "profiles/a.profile", rows[i].text);
		assert_int_equal(compile_directories(&options, &c), 0);
		if (c->profiles[0].invalid)
			fail_msg("row %zu: %s", i, c->profiles[0].error);
		(void)compile_verify_file(tree_path(t, "profiles/a.profile"), &options, &verdict, &errors);
		assert_null(errors);
		if (c->profiles[0].shares_network != !rows[i].reason ||
			verdict.shares_network != !rows[i].reason || strcmp(verdict.own_network, reason) != 0)
			fail_msg("row %zu, %s: %d, %d, \"%s\"", i, rows[i].text,
				c->profiles[0].shares_network, verdict.shares_network, verdict.own_network);
		catalog_free(c);
	}
}

#define MAKES(keys) WITH("SystemCallFilter=socket\nRestrictAddressFamilies=" keys)
#define ADDS(call)  MAKES("AF_UNIX") "SystemCallFilter=" call "\n"

static const struct {
	const char *text;
	bool reuses;
} reused[] = {
	{ MAKES("AF_UNIX"), true },
	{ MAKES("AF_UNIX AF_INET AF_INET6"), true },
	{ EXEC "[Seccomp]\nPolicy=pairs.policy\n", true },
	{ EXEC "[Seccomp]\nPolicy=tipc.policy\n", false },
	/* that key is about socket(2) only, as systemd's */
	{ WITH("SystemCallFilter=socketpair\nRestrictAddressFamilies=AF_UNIX"), false },
	/* they share one */
	{ PLAIN, false },
	{ MAKES("none"), false },
	/* any family, and those that may keep something of a socket that has gone */
	{ WITH("SystemCallFilter=socket"), false },
	{ WITH("SystemCallFilter=socketpair"), false },
	{ MAKES("AF_UNIX AF_NETLINK"), false },
	{ MAKES("AF_UNIX AF_PACKET"), false },
	{ MAKES("AF_TIPC"), false },
	{ MAKES("~AF_PACKET"), false },
	/* what can be done with a socket, from it, and to it */
	{ ADDS("read write close getsockopt getsockname getpeername shutdown recvmsg recvfrom accept4"),
		true },
	{ ADDS("bind"), false },
	{ ADDS("connect"), false },
	{ ADDS("listen"), false },
	{ ADDS("setsockopt"), false },
	/* a descriptor goes out */
	{ ADDS("sendmsg"), false },
	{ ADDS("sendmmsg"), false },
	/* a message, which has an address, and to none but the other end */
	{ ADDS("sendto"), true },
	{ MAKES("AF_UNIX AF_INET") "SystemCallFilter=sendto\n", false },
	{ MAKES("AF_INET6") "SystemCallFilter=sendto\n", false },
	/* a socket of SCTP connects by it */
	{ MAKES("AF_INET") "SystemCallFilter=getsockopt\n", false },
	{ MAKES("AF_UNIX AF_INET6") "SystemCallFilter=getsockopt\n", false },
	{ MAKES("AF_UNIX AF_INET") "SystemCallFilter=read write ioctl getsockname\n", true },
	/* as for those that share */
	{ ADDS("io_uring_setup"), false },
	{ ADDS("io_uring_enter"), false },
	{ ADDS("setns"), false },
	{ ADDS("bpf"), false },
	{ ADDS("keyctl"), false },
	{ EXEC "[Seccomp]\nRestrictAddressFamilies=AF_UNIX\n", false },
	{ MAKES("AF_UNIX") "[Namespaces]\nPrivateNetwork=no\n", false },
	{ MAKES("AF_UNIX") "[Namespaces]\nJoinsPool=p\n", false },
	{ MAKES("AF_UNIX") "[Namespaces]\nPrivatePIDs=no\n", false },
	{ MAKES("AF_UNIX") "[Capabilities]\nCapabilityBoundingSet=CAP_NET_ADMIN\n", false },
	{ MAKES("AF_UNIX") "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW\n", false },
	{ MAKES("AF_UNIX") "[Filesystem]\nPrivateDevices=no\n", false },
	{ MAKES("AF_UNIX") "[Filesystem]\nDeviceAllow=/dev/net/tun\n", false },
	{ MAKES("AF_UNIX") "[Exec]\nFileDescriptor=3 directory\n", false },
	{ MAKES("AF_UNIX") "[Exec]\nFileDescriptor=3 regular,pipe,socket\n", true },
	{ MAKES("AF_UNIX") "[User]\nDynamicUser=yes\nPrivateUsers=yes\n", true },
#ifdef __x86_64__
	/* i386 has one call for all of these, whose arguments can not be seen */
	{ ADDS("socketcall") "SystemCallArchitectures=x86\n", false },
#endif
};

static void test_reused(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };

	tree_need_root();
	tree_write(t, "policies/pairs.policy",
		"read: 1\nwrite: 1\nsocketpair: arg0 == AF_UNIX\nsocket: arg0 == AF_UNIX || arg0 == "
		"AF_INET\n");
	tree_write(t, "policies/tipc.policy", "read: 1\nsocketpair: arg0 == AF_TIPC\n");
	for (size_t i = 0; i < ELEMENTSOF(reused); i++) {
		struct catalog *c = NULL;

		tree_write(t, "profiles/a.profile", reused[i].text);
		tree_write(t, "profiles/b.profile", reused[i].text);
		assert_int_equal(compile_directories(&options, &c), 0);
		if (c->profiles[0].invalid)
			fail_msg("row %zu: %s", i, c->profiles[0].error);
		/* the second is told what the first was found to be */
		if (c->profiles[0].reuses_network != reused[i].reuses ||
			c->profiles[1].reuses_network != reused[i].reuses)
			fail_msg("row %zu, %s: %d", i, reused[i].text, c->profiles[0].reuses_network);
		catalog_free(c);
	}
}

/* Profiles with one program are told the same, those with another are not. */
static void test_together(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root, .resolve_users = true };
	struct catalog *c = NULL;

	tree_need_root();
	tree_write(t, "profiles/a.profile", PLAIN);
	tree_write(t, "profiles/b.profile", WITH("[Capabilities]\nCapabilityBoundingSet=CAP_CHOWN"));
	tree_write(t, "profiles/c.profile", PLAIN);
	tree_write(t, "profiles/d.profile", WITH("SystemCallFilter=socket"));
	tree_write(t, "profiles/e.profile", WITH("SystemCallFilter=socket"));
	assert_int_equal(compile_directories(&options, &c), 0);
	assert_int_equal(c->n_profiles, 5);
	assert_true(c->profiles[0].shares_network && c->profiles[2].shares_network);
	assert_false(c->profiles[1].shares_network || c->profiles[3].shares_network ||
		     c->profiles[4].shares_network);
	catalog_free(c);
}

/* Programs that no profile has: none at all, and one that leaves a call to a supervisor. */
static void test_programs(void **state)
{
	const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	const struct sock_filter asked = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	const struct sock_filter traced = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);

	assert_non_null(network_call(NULL, 0));
	assert_non_null(network_call(&all, 1));
	assert_non_null(network_call(&asked, 1));
	assert_non_null(network_call(&traced, 1));
	assert_null(network_call(&nothing, 1));
	assert_false(network_is_left(NULL, 0) || network_is_left(&all, 1) || network_is_left(&asked, 1) ||
		     network_is_left(&traced, 1));
	assert_true(network_is_left(&nothing, 1));
}

#define COMPILE_TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPILE_TEST(test_rows),
		COMPILE_TEST(test_reused),
		COMPILE_TEST(test_together),
		cmocka_unit_test(test_programs),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
