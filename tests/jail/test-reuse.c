/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Network namespaces that are used again: which come back to the stock, and each thing that keeps one from
 * it. Which profiles' do at all, tests/unit/compiler/test-network.c shows. Row J34 of the threat model. */

#include "base/fd.h"
#include "base/filter.h"
#include "harness.h"
#include "jail/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC 30000

/* As the launcher does it, with profiles whose sandboxes leave networks as they were. */
static int fill(struct jail_context *c)
{
	struct pollfd p = { .events = POLLIN };

	jail_stock_want(c, true, true, false);
	p.fd = jail_stock_make(c);
	if (p.fd < 0)
		return p.fd;
	if (poll(&p, 1, PATIENCE_MSEC) != 1)
		return -ETIMEDOUT;
	jail_stock_receive(c);
	return c->stock.n == JAIL_STOCK_MAX ? 0 : -EIO;
}

static ino_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* A jail that has done nothing: the next one has the same, and the stock is as full as it was. */
static void test_used_again(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	const char *name;

	assert_int_equal(fill(&r->context), 0);
	name = rig_format(r, "net:[%ju]", (uintmax_t)inode(s->networks[s->n - 1].fd));
	r->spec.reuses_network = true;
	RUN(r, "see", "--", "make-sockets", "2", "1", "3", "--", "make-sockets", "1", "2", "3");
	assert_value(r, "ns_net", name);
	assert_int_equal(rig_count(r, "fd"), 3);
	rig_await_lingering(r);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
	assert_true(s->networks[s->n - 1].used);
	assert_string_equal(rig_format(r, "net:[%ju]", (uintmax_t)inode(s->networks[s->n - 1].fd)), name);
	assert_int_equal(jail_stock_wait(&r->context), -1);
}

static void test_entered_again(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	uint64_t ticket;
	const char *name;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	fd = stock_borrow(&r->context, &ticket);
	name = rig_format(r, "net:[%ju]", (uintmax_t)inode(fd));
	stock_give_back(&r->context, ticket);
	assert_true(s->networks[s->n - 1].used);
	r->spec.reuses_network = true;
	RUN(r, "see");
	assert_value(r, "ns_net", name);
	rig_await_lingering(r);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
}

/* Others have those that nobody has had, and make room for one where there is none. */
static void test_not_for_others(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	uint64_t tickets[JAIL_STOCK_MAX];
	ino_t used;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	used = inode(stock_borrow(&r->context, &tickets[0]));
	stock_give_back(&r->context, tickets[0]);
	fd = stock_take(&r->context);
	assert_true(fd >= 0 && inode(fd) != used);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	(void)fd_close(fd);
	for (size_t i = 0; i < JAIL_STOCK_MAX - 1; i++)
		assert_true(stock_borrow(&r->context, &tickets[i]) >= 0 && tickets[i] > 0);
	assert_int_equal(stock_borrow(&r->context, &tickets[JAIL_STOCK_MAX - 1]), -1);
	assert_int_equal(tickets[JAIL_STOCK_MAX - 1], 0);
	for (size_t i = 0; i < JAIL_STOCK_MAX - 1; i++)
		stock_give_back(&r->context, tickets[i]);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	assert_int_equal(stock_take(&r->context), -1);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 2);
}

/* It is given back once, and to no place but its own. */
static void test_tickets(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	uint64_t ticket;

	assert_int_equal(fill(&r->context), 0);
	assert_true(stock_borrow(&r->context, &ticket) >= 0);
	stock_give_back(&r->context, 0);
	stock_give_back(&r->context, ticket + JAIL_LENT_MAX);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	stock_give_back(&r->context, ticket);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
	stock_give_back(&r->context, ticket);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
}

/* So many are lent that the first is not waited for any more. */
static void test_many_lent(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	uint64_t first, ticket;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	fd = stock_borrow(&r->context, &first);
	assert_true(fd >= 0);
	for (size_t i = 1; i <= JAIL_LENT_MAX; i++) {
		if (s->n == 0)
			assert_int_equal(fill(&r->context), 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_true(stock_borrow(&r->context, &ticket) >= 0);
	}
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	stock_give_back(&r->context, first);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	stock_give_back(&r->context, ticket);
	assert_int_equal(s->n, JAIL_STOCK_MAX);
}

/* After a reload with other profiles those that are lent are let go. */
static void test_not_wanted(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;
	uint64_t ticket;
	int fd;

	assert_int_equal(fill(&r->context), 0);
	fd = stock_borrow(&r->context, &ticket);
	jail_stock_want(&r->context, true, false, false);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	stock_give_back(&r->context, ticket);
	assert_int_equal(s->n, JAIL_STOCK_MAX - 1);
	assert_int_equal(jail_stock_wait(&r->context), 3);
	/* while some come back, half a stock is enough to begin with */
	jail_stock_want(&r->context, true, true, false);
	assert_int_equal(jail_stock_wait(&r->context), -1);
}

/* Of a jail that can be anywhere when its first process has ended. */
static void test_without_pid_namespace(void **state)
{
	struct rig *r = *state;

	assert_int_equal(fill(&r->context), 0);
	r->spec.reuses_network = true;
	r->spec.namespaces &= ~JAIL_NS_PID;
	if (r->context.cgroup_fd < 0)
		skip();
	RUN(r, "see");
	rig_await_lingering(r);
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX - 1);
}

/* One that fails has not had it for long. */
static void test_failed(void **state)
{
	struct rig *r = *state;

	assert_int_equal(fill(&r->context), 0);
	r->spec.reuses_network = true;
	r->spec.executable = "/no/such/program";
	rig_fail(r, STAGE_EXEC, -ENOENT, "/no/such/program");
	rig_await_lingering(r);
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX);
}

static int received(int socket_fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int fd;

	assert_int_equal(recvmsg(socket_fd, &m, MSG_CMSG_CLOEXEC), 1);
	assert_int_equal(control.head.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* The filter of a profile would refuse to hand it out; here nothing does, and it is seen all the same. */
static void hands_out(struct rig *r, int family, int type)
{
	int pair[2], fd;

	assert_int_equal(fill(&r->context), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	r->spec.reuses_network = true;
	rig_fd(r, pair[1], 3);
	RUN(r, "hand-out", rig_format(r, "%d", family), rig_format(r, "%d", type), "3");
	assert_value(r, "hand-out", "ok");
	fd = received(pair[0]);
	rig_await_lingering(r);
	assert_int_equal(r->context.stock.n, JAIL_STOCK_MAX - 1);
	(void)fd_close(fd);
	(void)fd_close(pair[0]);
	(void)fd_close(pair[1]);
}

static void test_socket_unix(void **state)
{
	hands_out(*state, AF_UNIX, SOCK_DGRAM);
}

static void test_socket_inet(void **state)
{
	hands_out(*state, AF_INET, SOCK_STREAM);
}

static void test_socket_inet6(void **state)
{
	hands_out(*state, AF_INET6, SOCK_DGRAM);
}

static void test_socket_netlink(void **state)
{
	hands_out(*state, AF_NETLINK, SOCK_RAW);
}

static int abstract_name(void)
{
	const struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0left" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : fd;
}

static int raw_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int file_of_sockets(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* one that has gone leaves nothing */
	(void)fd_close(fd);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static struct ifreq of_loopback(const char *address)
{
	struct ifreq q = { .ifr_name = "lo" };

	if (address)
		((struct sockaddr_in *)(void *)&q.ifr_addr)->sin_family = AF_INET;
	if (address)
		memcpy(&((struct sockaddr_in *)(void *)&q.ifr_addr)->sin_addr, address, 4);
	return q;
}

static int request(unsigned long what, const void *argument)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return ioctl(fd, what, argument) < 0 ? -errno : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int address_set(void)
{
	const struct ifreq q = of_loopback("\012\001\001\001");

	return request(SIOCSIFADDR, &q);
}

static int device_down(void)
{
	const struct ifreq q = of_loopback(NULL);

	return request(SIOCSIFFLAGS, &q);
}

static int route_added(void)
{
	struct rtentry e = { .rt_dev = (char[]){ "lo" }, .rt_flags = RTF_UP };

	e.rt_dst.sa_family = e.rt_genmask.sa_family = AF_INET;
	memcpy(&((struct sockaddr_in *)(void *)&e.rt_dst)->sin_addr, "\012\002\000\000", 4);
	memcpy(&((struct sockaddr_in *)(void *)&e.rt_genmask)->sin_addr, "\377\377\000\000", 4);
	return request(SIOCADDRT, &e);
}

/* A request of rtnetlink(7), of which no more is needed than that it is carried out. */
static int ask_kernel(void *message, size_t size)
{
	struct nlmsghdr *head = message;
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer;

	head->nlmsg_len = (uint32_t)size;
	head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	if (send(fd, message, size, 0) < 0 ||
		recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.head))
		return -errno;
	return answer.error.error < 0 ? answer.error.error : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int rule_added(void)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg rule;
	} m = { .head = { .nlmsg_type = RTM_NEWRULE },
		.rule = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST } };

	return ask_kernel(&m, sizeof(m));
}

static int neighbour_added(void)
{
	struct {
		struct nlmsghdr head;
		struct ndmsg neighbour;
		struct rtattr to;
		uint8_t address[4];
		struct rtattr by;
		uint8_t hardware[8];
	} m = { .head = { .nlmsg_type = RTM_NEWNEIGH },
		.neighbour = { .ndm_family = AF_INET, .ndm_ifindex = 1, .ndm_state = NUD_PERMANENT },
		.to = { .rta_len = RTA_LENGTH(4), .rta_type = NDA_DST },
		.address = { 10, 3, 0, 1 },
		.by = { .rta_len = RTA_LENGTH(6), .rta_type = NDA_LLADDR } };

	return ask_kernel(&m, sizeof(m));
}

/* Of all groups, the devices' alone is told. */
static int device_changed(void)
{
	struct ifreq q = of_loopback(NULL);

	q.ifr_mtu = 32768;
	return request(SIOCSIFMTU, &q);
}

static int rule6_added(void)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg rule;
	} m = { .head = { .nlmsg_type = RTM_NEWRULE },
		.rule = { .rtm_family = AF_INET6, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST } };

	return ask_kernel(&m, sizeof(m));
}

static int queue_added(void)
{
	struct {
		struct nlmsghdr head;
		struct tcmsg queue;
		struct rtattr kind;
		char name[8];
	} m = { .head = { .nlmsg_type = RTM_NEWQDISC },
		.queue = { .tcm_ifindex = 1, .tcm_handle = 1U << 16, .tcm_parent = TC_H_ROOT },
		.kind = { .rta_len = RTA_LENGTH(6), .rta_type = TCA_KIND },
		.name = "pfifo" };

	return ask_kernel(&m, sizeof(m));
}

static int next_hop_added(void)
{
	struct {
		struct nlmsghdr head;
		struct nhmsg hop;
		struct rtattr hole, number;
		uint32_t value;
	} m = { .head = { .nlmsg_type = RTM_NEWNEXTHOP },
		.hop = { .nh_family = AF_INET },
		.hole = { .rta_len = RTA_LENGTH(0), .rta_type = NHA_BLACKHOLE },
		.number = { .rta_len = RTA_LENGTH(4), .rta_type = NHA_ID },
		.value = 7 };

	return ask_kernel(&m, sizeof(m));
}

static int setting_changed(void)
{
	_cleanup_close_ int fd = open("/proc/sys/net/ipv4/conf/lo/forwarding", O_WRONLY | O_CLOEXEC);

	return write(fd, "1", 1) == 1 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -errno;
}

static int datagram_sent(void)
{
	const struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sendto(fd, "x", 1, 0, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* In the namespace, as an administrator could: what it returns is held until the jail's end. */
static int inside(int namespace_fd, int (*act)(void))
{
	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (own < 0 || setns(namespace_fd, CLONE_NEWNET) < 0)
		return -errno;
	r = act();
	return setns(own, CLONE_NEWNET) < 0 ? -errno : r;
}

static const struct {
	const char *name;
	int (*act)(void);
	bool back;
} acts[] = {
	{ "nothing that stays", file_of_sockets, true },
	{ "an abstract name", abstract_name, false },
	{ "a packet socket", raw_socket, false },
	{ "an address", address_set, false },
	{ "a device down", device_down, false },
	{ "a route", route_added, false },
	{ "a rule", rule_added, false },
	{ "a neighbour", neighbour_added, false },
	{ "a device's size of packets", device_changed, false },
	{ "a rule of version 6", rule6_added, false },
	{ "a queue", queue_added, false },
	{ "a next hop", next_hop_added, false },
	{ "a setting", setting_changed, false },
	{ "a datagram", datagram_sent, false },
};

static void test_acts(void **state)
{
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	assert_int_equal(fill(&r->context), 0);
	for (size_t i = 0; i < ELEMENTSOF(acts); i++) {
		uint64_t ticket;
		int fd = stock_borrow(&r->context, &ticket), held;
		size_t n = s->n;

		assert_true(fd >= 0 && ticket > 0);
		held = inside(fd, acts[i].act);
		if (held < 0)
			fail_msg("%s: %s", acts[i].name, strerror(-held));
		stock_give_back(&r->context, ticket);
		if ((s->n > n) != acts[i].back)
			fail_msg("%s: %zu networks after %zu", acts[i].name, s->n, n);
		(void)fd_close(held);
		/* and if what was left goes later: it was thrown away */
		stock_give_back(&r->context, ticket);
		assert_int_equal(s->n, n + acts[i].back);
	}
}

/* Each group by which the kernel tells of a change: of most acts several do, so that one that is left out
 * would not be missed above. Of two it tells administrators alone, and takes them for nobody else. */
static void test_groups(void **state)
{
	static const unsigned known[] = { RTNLGRP_LINK, RTNLGRP_NOTIFY, RTNLGRP_NEIGH, RTNLGRP_TC,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_MROUTE, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE,
		RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_MROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_IFINFO,
		RTNLGRP_IPV6_PREFIX, RTNLGRP_IPV6_RULE, RTNLGRP_ND_USEROPT, RTNLGRP_PHONET_IFADDR,
		RTNLGRP_PHONET_ROUTE, RTNLGRP_DCB, RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_MDB,
		RTNLGRP_MPLS_ROUTE, RTNLGRP_NSID, RTNLGRP_MPLS_NETCONF, RTNLGRP_NEXTHOP };
	struct rig *r = *state;
	struct jail_stock *s = &r->context.stock;

	assert_int_equal(fill(&r->context), 0);
	for (size_t i = 0; i < s->n; i++) {
		uint32_t groups[8] = { 0 };
		socklen_t size = sizeof(groups);

		assert_int_equal(getsockopt(s->networks[i].changes_fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS,
					 groups, &size),
			0);
		for (size_t k = 0; k < ELEMENTSOF(known); k++)
			if ((groups[0] & UINT32_C(1) << (known[k] - 1)) == 0)
				fail_msg("group %u is not listened to", known[k]);
	}
}

/* Where bailiffd may make no such sockets, as in its unit without drop-ins, each is used once. */
static int run_not_watched(struct rig *r)
{
	const struct filter_rule rule = { SYS_socket, FILTER_FAIL(EAFNOSUPPORT), 0, FILTER_WHOLE_ARG,
		AF_NETLINK };
	struct jail_stock *s = &r->context.stock;

	if (filter_apply(&rule, 1, FILTER_PERMIT) < 0 || fill(&r->context) < 0)
		return 2;
	r->spec.reuses_network = true;
	if (!rig_prints(r, ARGS("make-sockets", "1", "1", "1"), "make-sockets ok\n"))
		return 3;
	return s->n == JAIL_STOCK_MAX - 1 ? 0 : 4;
}

static void test_not_watched(void **state)
{
	assert_int_equal(rig_as_child(*state, run_not_watched), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_used_again),
		TEST(test_entered_again),
		TEST(test_not_for_others),
		TEST(test_tickets),
		TEST(test_many_lent),
		TEST(test_not_wanted),
		TEST(test_without_pid_namespace),
		TEST(test_failed),
		TEST(test_socket_unix),
		TEST(test_socket_inet),
		TEST(test_socket_inet6),
		TEST(test_socket_netlink),
		TEST(test_acts),
		TEST(test_groups),
		TEST(test_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return rig_main(run);
}
