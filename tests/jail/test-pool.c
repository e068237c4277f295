/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Namespaces that jails share: a payload is in them and not in others, its loopback device is up, the
 * launcher is where it was, and nothing stays when the fds are closed. Row J34 of the threat model. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY 4711

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static const char *name_of(struct rig *r, const char *kind, int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return rig_format(r, "%s:[%ju]", kind, (uintmax_t)st.st_ino);
}

static void test_shared(void **state)
{
	ino_t net = inode_of("/proc/self/ns/net"), ipc = inode_of("/proc/self/ns/ipc");
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_NET | JAIL_NS_IPC, &pool, &r->error), 0);
	assert_int_equal(inode_of("/proc/self/ns/net"), net);
	assert_int_equal(inode_of("/proc/self/ns/ipc"), ipc);
	r->spec.pool = &pool;
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_value(r, "ns_net", name_of(r, "net", pool.net_fd));
	assert_value(r, "ns_ipc", name_of(r, "ipc", pool.ipc_fd));
	/* nobody listens; but the device is up, or the network would be unreachable */
	assert_value(r, "talk", "ECONNREFUSED");
	/* the namespaces' fds are the launcher's alone */
	assert_int_equal(rig_count(r, "fd"), 3);
	jail_pool_close(&pool);
	assert_int_equal(pool.net_fd, -1);
	assert_int_equal(pool.ipc_fd, -1);
}

/* A launch without network gets none of the pool's, and the rest of it. */
static void test_no_network(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_NET | JAIL_NS_IPC, &pool, &r->error), 0);
	r->spec.pool = &pool;
	r->spec.no_network = true;
	RUN(r, "see", "--", "talk", "4711", "x");
	assert_string_not_equal(rig_value(r, "ns_net"), name_of(r, "net", pool.net_fd));
	assert_value(r, "ns_ipc", name_of(r, "ipc", pool.ipc_fd));
	assert_value(r, "talk", "ECONNREFUSED");
	jail_pool_close(&pool);
}

/* What is not shared is each jail's own. */
static void test_one_of_two(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_IPC, &pool, &r->error), 0);
	assert_int_equal(pool.net_fd, -1);
	r->spec.pool = &pool;
	RUN(r, "see");
	assert_value(r, "ns_ipc", name_of(r, "ipc", pool.ipc_fd));
	assert_string_not_equal(
		rig_value(r, "ns_net"), rig_format(r, "net:[%ju]", (uintmax_t)inode_of("/proc/self/ns/net")));
	jail_pool_close(&pool);
}

/* Shared memory made in the pool is there for a payload, and is not the host's. */
static int run_memory(struct rig *r)
{
	_cleanup_close_ int own = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	struct jail_pool pool;
	char *p;

	if (jail_pool_open(&r->context, JAIL_NS_IPC, &pool, &r->error) < 0 ||
		setns(pool.ipc_fd, CLONE_NEWIPC) < 0)
		return 2;
	p = shmat(shmget(KEY, 64, IPC_CREAT | 0666), NULL, 0);
	if (p == (void *)-1)
		return 3;
	memcpy(p, "pool", 5);
	if (shmdt(p) < 0 || setns(own, CLONE_NEWIPC) < 0)
		return 4;
	if (shmget(KEY, 0, 0) >= 0)
		return 5;
	r->spec.pool = &pool;
	return rig_prints(r, ARGS("show-memory", "4711"), "memory pool\nshow-memory ok\n") ? 0 : 6;
}

static void test_memory(void **state)
{
	assert_int_equal(rig_as_child(*state, run_memory), 0);
}

static void test_no_namespace(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_IPC, &pool, &r->error), 0);
	r->spec.pool = &pool;
	r->spec.namespaces &= ~JAIL_NS_IPC;
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "JoinsPool= and no namespace of its own");
	jail_pool_close(&pool);
}

static void test_named_network(void **state)
{
	struct rig *r = *state;
	struct jail_pool pool;

	assert_int_equal(jail_pool_open(&r->context, JAIL_NS_IPC, &pool, &r->error), 0);
	r->spec.pool = &pool;
	r->spec.namespaces &= ~JAIL_NS_NET;
	r->spec.network_namespace_path = "/run/netns/test";
	rig_fail(r, STAGE_NAMESPACES, -EINVAL, "JoinsPool=");
	jail_pool_close(&pool);
}

/* A kernel without the namespace: the pool is not made, and the launcher has not moved. */
static int run_no_unshare(struct rig *r)
{
	const struct filter_rule rule = FILTER_DENY(unshare, EINVAL);
	ino_t net = inode_of("/proc/self/ns/net");
	struct jail_pool pool = JAIL_POOL_NULL;

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	if (jail_pool_open(&r->context, JAIL_NS_NET, &pool, &r->error) != -EINVAL)
		return 3;
	if (r->error.stage != STAGE_NAMESPACES || strcmp(r->error.object, "JoinsPool=") != 0)
		return 4;
	return inode_of("/proc/self/ns/net") == net && pool.net_fd == -1 ? 0 : 5;
}

/* One that can not come back says so, which ends the launcher. */
static int run_no_return(struct rig *r)
{
	const struct filter_rule rule = FILTER_DENY(setns, EPERM);
	struct jail_pool pool = JAIL_POOL_NULL;

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0)
		return 2;
	return jail_pool_open(&r->context, JAIL_NS_NET, &pool, &r->error) == -ENOTRECOVERABLE &&
			       pool.net_fd == -1
		       ? 0
		       : 3;
}

static void test_kernel_lacks_it(void **state)
{
	assert_int_equal(rig_as_child(*state, run_no_unshare), 0);
	assert_int_equal(rig_as_child(*state, run_no_return), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shared),
		TEST(test_no_network),
		TEST(test_one_of_two),
		TEST(test_memory),
		TEST(test_no_namespace),
		TEST(test_named_network),
		TEST(test_kernel_lacks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
