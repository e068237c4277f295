/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The network of a payload: its own loopback device, and nothing else; or a namespace that a file names,
 * which must be what it should be. Named ones are made in a mount namespace of the test's own.
 */

#include "base/capability.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLACE "/mnt" /* a tmpfs of the test's own is mounted there */
#define PORT  4711

/* Up, it refuses; down, there is no way to it. */
static void test_loopback(void **state)
{
	struct rig *r = *state;

	RUN(r, "connect-tcp", "1", "--", "bind-tcp", "1");
	assert_string_equal(r->output, "connect-tcp ECONNREFUSED\nbind-tcp EACCES\n");
}

/* As bailiffd's launcher has it: not in effect. */
static int run_permitted(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_NET_ADMIN), false) < 0)
		return 1;
	return rig_prints(r, ARGS("connect-tcp", "1"), "connect-tcp ECONNREFUSED\n") ? 0 : 2;
}

/* As in many a container. */
static int run_without(struct rig *r)
{
	if (rig_give_up(CAPABILITY_BIT(CAP_NET_ADMIN), true) < 0)
		return 1;
	return rig_prints(r, ARGS("connect-tcp", "1"), "connect-tcp ENETUNREACH\n") ? 0 : 2;
}

static int run_refused(struct rig *r)
{
	const struct filter_rule rule = { SYS_ioctl, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, SIOCSIFFLAGS };

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 1;
	return rig_fails(r, STAGE_NAMESPACES, -EPERM, "PrivateNetwork=: loopback device") ? 0 : 2;
}

static void test_loopback_rights(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_as_child(r, run_permitted), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_without), 0);
	r->spec.id++;
	assert_int_equal(rig_as_child(r, run_refused), 0);
}

/* A directory that is root's alone, which the machine's tables of mounts do not show. */
static int make_place(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount("tmpfs", PLACE, "tmpfs", 0, "mode=0755");
}

static int bind_namespace(const char *kind, const char *path)
{
	char source[64];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

	if (fd < 0)
		return -1;
	(void)fd_close(fd);
	(void)snprintf(source, sizeof(source), "/proc/self/ns/%s", kind);
	return mount(source, path, NULL, MS_BIND, NULL);
}

static int listen_there(void)
{
	const struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ||
		bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0)
		return -1;
	return fd;
}

/* Makes a network in which somebody listens, binds it to a file, and comes back. Returns the listener. */
static int make_network(const char *path)
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int listener;

	if (own < 0 || unshare(CLONE_NEWNET) < 0 || bind_namespace("net", path) < 0)
		return -1;
	listener = listen_there();
	return setns(own, CLONE_NEWNET) < 0 ? -1 : listener;
}

static int run_named(struct rig *r)
{
	int listener;

	if (make_place() < 0)
		return 1;
	listener = make_network(PLACE "/test");
	if (listener < 0)
		return 2;
	r->spec.namespaces &= ~JAIL_NS_NET;
	r->spec.network_namespace_path = PLACE "/test";
	if (!rig_prints(r, ARGS("connect-tcp", "4711", "--", "open", PLACE "/test"),
		    "connect-tcp ok\nopen ENOENT\n"))
		return 3;
	return 0;
}

static void test_named(void **state)
{
	assert_int_equal(rig_as_child(*state, run_named), 0);
}

static int run_without_setns(struct rig *r)
{
	const struct filter_rule rule = FILTER_DENY_ARG(setns, 1, FILTER_WHOLE_ARG, CLONE_NEWNET, ENOSYS);

	if (make_place() < 0 || make_network(PLACE "/test") < 0 || filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 1;
	r->spec.namespaces &= ~JAIL_NS_NET;
	r->spec.network_namespace_path = PLACE "/test";
	return rig_fails(r, STAGE_NAMESPACES, -ENOSYS, "NetworkNamespacePath= can not be entered") ? 0 : 2;
}

static void test_named_lacking(void **state)
{
	assert_int_equal(rig_as_child(*state, run_without_setns), 0);
}

/* Without the path nobody listens there: it is another network. */
static void test_not_named(void **state)
{
	struct rig *r = *state;

	r->spec.network_namespace_path = "";
	RUN(r, "connect-tcp", "4711");
	assert_string_equal(r->output, "connect-tcp ECONNREFUSED\n");
}

/* Everything that a path can be and must not. */
static int run_bad_paths(struct rig *r)
{
	const struct {
		const char *path;
		int error;
		const char *object;
	} bad[] = {
		{ PLACE "/missing", -ENOENT, "NetworkNamespacePath= " PLACE "/missing" },
		{ PLACE "/file", -EINVAL, "no namespace is bound to " PLACE "/file" },
		{ PLACE "/fifo", -EINVAL, "no namespace is bound to " PLACE "/fifo" },
		{ PLACE "/uts", -EINVAL, "another kind of namespace" },
		{ PLACE "/link", -ELOOP, "without symbolic links" },
		{ PLACE "/open/test", -EPERM, "not root's alone" },
		{ PLACE "/file/test", -ENOTDIR, PLACE "/file/test" },
		{ "/proc/self/ns/net", -ELOOP, "without symbolic links" },
	};

	if (make_place() < 0 || make_network(PLACE "/test") < 0 || bind_namespace("uts", PLACE "/uts") < 0)
		return 1;
	if (close(open(PLACE "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0 ||
		mkfifo(PLACE "/fifo", 0600) < 0 || symlink("test", PLACE "/link") < 0 ||
		mkdir(PLACE "/open", 0700) < 0 || chmod(PLACE "/open", 0777) < 0 ||
		bind_namespace("net", PLACE "/open/test") < 0)
		return 2;
	r->spec.namespaces &= ~JAIL_NS_NET;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		r->spec.network_namespace_path = bad[i].path;
		r->spec.id++;
		if (!rig_fails(r, STAGE_NAMESPACES, bad[i].error, bad[i].object))
			return 10 + (int)i;
	}
	return 0;
}

static void test_bad_paths(void **state)
{
	assert_int_equal(rig_as_child(*state, run_bad_paths), 0);
}

static void test_both(void **state)
{
	struct rig *r = *state;

	r->spec.network_namespace_path = "/run/netns/test";
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "NetworkNamespacePath= and a network namespace of its own");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loopback),
		TEST(test_loopback_rights),
		TEST(test_named),
		TEST(test_named_lacking),
		TEST(test_not_named),
		TEST(test_bad_paths),
		TEST(test_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
