/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/auditor.h"
#include "base/capability.h"
#include "base/error.h"
#include "base/filter.h"
#include "base/io.h"
#include "base/log.h"
#include "keeper/audit-line.h"
#include "wire/messages.h"

#include <assert.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANNEL_FD 3
#define LOG_FD     4 /* the kernel's */
#define SECOND     UINT64_C(1000000)

static_assert(AUDITOR_RECORD_TYPE >= AUDIT_FIRST_USER_MSG && AUDITOR_RECORD_TYPE <= AUDIT_LAST_USER_MSG,
	"a type that user space may write");

static const struct filter_rule permitted[] = {
	FILTER_ALLOW(ppoll),
	FILTER_ALLOW(recvmsg),  /* the channel */
	FILTER_ALLOW(sendmsg),  /* the channel: READY */
	FILTER_ALLOW(sendto),   /* the kernel */
	FILTER_ALLOW(recvfrom), /* the kernel */
	FILTER_ALLOW(write),    /* our log */
	FILTER_ALLOW(close),    /* descriptors that nobody may send */
	FILTER_ALLOW(clock_gettime),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(exit_group),
#ifdef BAILIFF_SANITIZING
	FILTER_ALLOW(sigaltstack),
	FILTER_ALLOW(munmap),
#endif
};

struct auditor {
	uint32_t serial;
	struct auditor_rate rate;
	unsigned long left_out; /* records that were too many, or that the kernel refused */
	bool refused;           /* the last one was: said once */
};

bool auditor_admit(struct auditor_rate *r, uint64_t now_usec)
{
	const uint64_t passed = now_usec - r->filled_usec;

	if (passed >= AUDITOR_BURST * SECOND / AUDITOR_PER_SECOND) {
		r->tokens = AUDITOR_BURST;
		r->filled_usec = now_usec;
	} else {
		const uint32_t more = (uint32_t)(passed * AUDITOR_PER_SECOND / SECOND);

		r->tokens = more > AUDITOR_BURST - r->tokens ? AUDITOR_BURST : r->tokens + more;
		r->filled_usec += more * SECOND / AUDITOR_PER_SECOND;
	}
	if (r->tokens == 0)
		return false;
	r->tokens--;
	return true;
}

/* The kernel's answer to this record. It is there when sendto(2) returns. */
static int take_answer(uint32_t serial)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer;

	for (;;) {
		ssize_t n = recv(LOG_FD, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return errno_or_eio();
		if ((size_t)n >= sizeof(answer) && answer.head.nlmsg_type == NLMSG_ERROR &&
			answer.head.nlmsg_seq == serial)
			return answer.error.error;
	}
}

/* When the log's queue is full the kernel lets this process wait, for a minute at most: nobody waits for it.
 */
static int write_line(struct auditor *a, const char *line, size_t n)
{
	struct {
		struct nlmsghdr head;
		char text[AUDIT_LINE_MAX];
	} m = {
		.head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + n + 1),
			.nlmsg_type = AUDITOR_RECORD_TYPE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			.nlmsg_seq = ++a->serial },
	};
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	static_assert(sizeof(m.head) == NLMSG_HDRLEN, "the text follows the head");
	memcpy(m.text, line, n + 1); /* the kernel drops the last byte, which it takes for this NUL */
	if (sendto(LOG_FD, &m, m.head.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return errno_or_eio();
	return take_answer(a->serial);
}

static void write_or_count(struct auditor *a, const char *line, size_t n)
{
	int r = write_line(a, line, n);

	if (r < 0) {
		a->left_out++;
		if (!a->refused)
			(void)log_errno(LOG_ERR, r, "the kernel's audit log takes no records");
	}
	a->refused = r < 0;
}

static void tell_left_out(struct auditor *a)
{
	char line[AUDIT_LINE_MAX];
	unsigned long n = a->left_out;

	if (n == 0)
		return;
	log_warning("%lu records were not written to the kernel's audit log", n);
	a->left_out = 0;
	write_or_count(a, line, audit_line_own(line, "suppressed", n));
}

static void record(struct auditor *a, const struct audit_message *m)
{
	char line[AUDIT_LINE_MAX];

	if (auditor_admit(&a->rate, now_boottime_usec()))
		write_or_count(a, line, audit_line(line, m));
	else
		a->left_out++;
}

/* The log is the kernel's whole answer to whether it can be written: also whether it belongs to this system.
 */
static int try_log(struct auditor *a)
{
	char line[AUDIT_LINE_MAX];
	int r = write_line(a, line, audit_line_own(line, "audit-start", 0));

	if (r == -ECONNREFUSED)
		log_error("KernelAudit=yes: the kernel's audit log is not for this system's users (a "
			  "container?)");
	else if (r < 0)
		(void)log_errno(LOG_ERR, r, "KernelAudit=yes: the kernel's audit log takes no records");
	return r;
}

/* Of the keeper's descriptors only 0, 1 and 2 and the channel stay. */
static int open_fds(int channel)
{
	int fd;

	if (dup2(channel, CHANNEL_FD) < 0)
		return errno_or_eio();
	if (syscall(SYS_close_range, CHANNEL_FD + 1U, ~0U, 0U) < 0)
		return errno_or_eio();
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (fd < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "KernelAudit=yes: the kernel has no audit log");
	return fd == LOG_FD ? 0 : -EBADF;
}

static int confine(void)
{
	const uint64_t right = CAPABILITY_BIT(CAP_AUDIT_WRITE);
	const struct capability_sets own = { .permitted = right, .effective = right, .bounding = right };
	int r = capability_set(&own);

	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	return filter_apply(permitted, ELEMENTSOF(permitted), FILTER_KILL);
}

/* 1: go on; 0: the other ends are closed. */
static int hear(struct auditor *a)
{
	/* what was left out is told when nothing else comes for a while, too */
	const struct timespec pause = { .tv_sec = 1 };
	struct pollfd p = { .fd = CHANNEL_FD, .events = POLLIN };
	struct audit_message m;
	int r;

	r = ppoll(&p, 1, a->left_out > 0 ? &pause : NULL, NULL);
	if (r < 0)
		return errno == EINTR ? 1 : errno_or_eio();
	if (r == 0) {
		tell_left_out(a);
		return 1;
	}
	r = audit_message_receive(CHANNEL_FD, &m);
	if (r > 0)
		record(a, &m);
	return r == -EAGAIN ? 1 : r;
}

int auditor_run(int channel)
{
	const struct keeper_message ready = { .type = WIRE_READY };
	struct auditor a = { 0 };
	int r;

	(void)prctl(PR_SET_NAME, "bailiff-auditor", 0, 0, 0);
	log_open("bailiff-auditor", log_get_level());
	r = open_fds(channel);
	if (r == 0)
		r = confine();
	if (r < 0) {
		(void)log_errno(LOG_ERR, r, "cannot prepare for records in the kernel's audit log");
		return 1;
	}
	if (try_log(&a) < 0 || keeper_send(CHANNEL_FD, &ready, NULL, 0) < 0)
		return 1;
	do
		r = hear(&a);
	while (r > 0);
	tell_left_out(&a);
	if (r < 0)
		(void)log_errno(LOG_ERR, r, "the broker's records can not be understood");
	return r < 0;
}
