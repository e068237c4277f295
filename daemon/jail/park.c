/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Parked jails: built like every jail, by the same steps in the same order, and then kept waiting where
 * others wait for the go. What they wait for is an order: argv, environment, working directory, descriptors,
 * limits. It is sent when the launch has been recorded, and is the go. Until then a parked jail has nothing
 * of a caller's; what it has of the launcher's memory it gives back. It has the payload's ids by then
 * and no capabilities but the payload's, and its filter is loaded, so an order can make it do nothing that
 * the payload could not do, but for the few calls that an order takes. What of them the policy does not
 * permit bears a key that the exec takes away, see keyed.c. Most orders take one: what is received gets the
 * numbers from 0 on.
 *
 * If the launcher ends, the socket does, and so does the parked jail.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/report.h"
#include "jail/shed.h"
#include "jail/steps.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define TEXT_MAX    (32 * 1024) /* of an order: below what a socket takes at once */
#define STRINGS_MAX 256

/* From the launcher to a copy of itself: no other program ever sees it. */
struct order_head {
	uint32_t size; /* of all of it */
	uint32_t n_argv, n_env, n_fds;
	uint32_t targets[FD_PLAN_MAX];
	struct limit_plan limits;
};

struct order {
	struct order_head head;
	char text[TEXT_MAX]; /* directory, argv and environment, each with its NUL */
};

union order_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(FD_PLAN_MAX * sizeof(int))];
};

/* Both are built for the same profile, so that what the pointers lead to need not be compared. */
bool jail_spec_fits(const struct jail_spec *parked, const struct jail_spec *launch)
{
	const struct jail_spec *a = parked, *b = launch;
	uint32_t highest = 0;

	for (size_t i = 0; i < b->n_slots; i++)
		if (b->slots[i].source >= 0)
			return false;
	for (size_t i = 0; i < b->n_fds; i++)
		highest = b->fds[i].target > highest ? b->fds[i].target : highest;
	if (b->pty.wanted || b->notify || b->tightened || b->pool || highest >= FD_PARKED_SLOTS)
		return false;
	return strcmp(a->executable, b->executable) == 0 && a->umask == b->umask && a->uid == b->uid &&
	       a->gid == b->gid && a->groups == b->groups && a->n_groups == b->n_groups &&
	       a->bounding == b->bounding && a->ambient == b->ambient && a->secure_bits == b->secure_bits &&
	       a->namespaces == b->namespaces && a->run_as_init == b->run_as_init &&
	       a->network_namespace_path == b->network_namespace_path && a->no_network == b->no_network &&
	       a->shares_network == b->shares_network && a->reuses_network == b->reuses_network &&
	       a->shares_ipc == b->shares_ipc && a->hostname == b->hostname &&
	       a->minimal_root == b->minimal_root && a->private_tmp == b->private_tmp &&
	       a->private_devices == b->private_devices && a->mount_proc == b->mount_proc &&
	       a->mounts == b->mounts && a->n_mounts == b->n_mounts &&
	       a->root_directory == b->root_directory && a->devices == b->devices &&
	       a->propagation == b->propagation && a->daemon_stores == b->daemon_stores &&
	       a->restrictions == b->restrictions && a->n_restrictions == b->n_restrictions &&
	       a->proc_hiding == b->proc_hiding && a->proc_subset == b->proc_subset &&
	       a->selinux_context == b->selinux_context && a->landlock == b->landlock &&
	       a->optional == b->optional && a->filter == b->filter && a->n_filter == b->n_filter &&
	       a->deny_write_execute == b->deny_write_execute && a->violations == b->violations &&
	       a->tuning == b->tuning && a->group == b->group;
}

static bool has_room(const struct jail_spec *s)
{
	size_t n = 0, bytes = strlen(s->working_directory) + 1;

	if (s->n_fds > FD_PLAN_MAX)
		return false;
	for (size_t i = 0; s->argv[i]; i++, n++)
		bytes += strlen(s->argv[i]) + 1;
	for (size_t i = 0; s->envp[i]; i++, n++)
		bytes += strlen(s->envp[i]) + 1;
	return n <= STRINGS_MAX && bytes <= TEXT_MAX;
}

bool jail_order_fits(const struct jail_spec *s)
{
	struct jail_error unused;

	return has_room(s) && fds_check(s, &unused) >= 0;
}

/* The parts of the text, as they are: they are copied once, by the kernel. */
struct gathered {
	struct iovec parts[STRINGS_MAX + 2]; /* with the head and the directory */
	size_t n, bytes;
};

static void gather(struct gathered *g, const void *data, size_t size)
{
	union {
		const void *constant;
		void *plain;
	} base = { data }; /* sendmsg(2) writes nothing there */

	g->parts[g->n++] = (struct iovec){ .iov_base = base.plain, .iov_len = size };
	g->bytes += size;
}

static uint32_t gather_strings(struct gathered *g, char *const *strings)
{
	uint32_t n = 0;

	for (; strings[n]; n++)
		gather(g, strings[n], strlen(strings[n]) + 1);
	return n;
}

static int send_gathered(int socket_fd, struct gathered *g, const int *fds, size_t n_fds)
{
	union order_control control = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = g->parts,
		.msg_iovlen = g->n,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };
	ssize_t n;

	control.head.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.head), fds, n_fds * sizeof(int));
	n = sendmsg(socket_fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno_or_eio();
	return (size_t)n == g->bytes ? 0 : -EMSGSIZE;
}

/* By their targets: the kernel gives them the lowest numbers, in this order. */
static void order_fds(struct order_head *head, const struct jail_spec *spec, int fds[FD_PLAN_MAX])
{
	for (size_t i = 0; i < spec->n_fds; i++) {
		uint32_t at = head->n_fds++;

		for (; at > 0 && head->targets[at - 1] > spec->fds[i].target; at--) {
			head->targets[at] = head->targets[at - 1];
			fds[at] = fds[at - 1];
		}
		head->targets[at] = spec->fds[i].target;
		fds[at] = spec->fds[i].source;
	}
}

/* What the kernel counts is more than is sent. The machine's default may be smaller than an order (it is an
 * administrator's, net.core.wmem_default), and nobody waits for room when a launch is sent. */
int prepare_order(int go_fd, struct jail_error *reterr)
{
	const int wanted = 2 * (int)sizeof(struct order);
	socklen_t size = sizeof(int);
	int room = 0;

	shed_learn();
	if (setsockopt(go_fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted)) < 0 ||
		getsockopt(go_fd, SOL_SOCKET, SO_SNDBUF, &room, &size) < 0)
		return jail_fail(reterr, STAGE_FDS, errno_or_eio(), "go-pipe", "");
	return room >= wanted ? 0
			      : jail_fail(reterr, STAGE_FDS, -ENOBUFS,
					"go-pipe: net.core.wmem_max is too small", "");
}

int send_order(struct jail *j, const struct jail_spec *spec)
{
	struct order_head head = { .n_fds = 0 };
	struct gathered g;
	struct jail_error unused;
	int fds[FD_PLAN_MAX], r;

	if (!has_room(spec))
		return -E2BIG;
	r = prepare_limits(spec, &head.limits, &unused);
	if (r < 0)
		return r;
	order_fds(&head, spec, fds);
	g.n = g.bytes = 0;
	gather(&g, &head, sizeof(head));
	gather(&g, spec->working_directory, strlen(spec->working_directory) + 1);
	head.n_argv = gather_strings(&g, spec->argv);
	head.n_env = gather_strings(&g, spec->envp);
	head.size = (uint32_t)g.bytes;
	/* what was done ahead is no part of this launch; and behind its filter it can not look at a clock */
	j->times = (struct stage_times){ 0 };
	if (j->last_word) {
		j->last_word[REPORT_PAYLOAD].times = (struct stage_times){ 0 };
		stage_begin(&j->last_word[REPORT_PAYLOAD].times);
	}
	r = send_gathered(j->go_fd, &g, fds, spec->n_fds);
	j->went = r >= 0;
	return r;
}

/* In the child. Statics of the launcher's that it never touches: no page of them is anybody's. */
static struct order received;
static size_t n_received;
static char *vectors[STRINGS_MAX + 2];
static struct jail_spec launch;

/* Of the spec that the jail was built for, in memory that stays: what an exec takes, or says of its failure.
 */
static struct {
	struct compiled_landlock landlock;
	char executable[JAIL_OBJECT_MAX], context[JAIL_OBJECT_MAX], directory[PATH_MAX];
} remembered;

static const char *remember(char *to, size_t size, const char *text)
{
	if (!text)
		return NULL;
	memcpy(to, text, strnlen(text, size - 1));
	return to;
}

/* What is written to when the order comes is its own by then, too. */
static int shed_and_remember(struct jail_setup *s)
{
	const struct jail_spec *built = s->spec;

	if (built->landlock)
		remembered.landlock = *built->landlock;
	launch = (struct jail_spec){
		.executable =
			remember(remembered.executable, sizeof(remembered.executable), built->executable),
		.working_directory = remember(
			remembered.directory, sizeof(remembered.directory), built->working_directory),
		.selinux_context =
			remember(remembered.context, sizeof(remembered.context), built->selinux_context),
		.landlock = built->landlock ? &remembered.landlock : NULL,
	};
	if (strcmp(launch.working_directory, built->working_directory) != 0)
		return -ENAMETOOLONG;
	s->spec = &launch;
	shed_memory(s->shared, _REPORT_MAX * sizeof(*s->shared));
	memset(&received, 0, sizeof(received.head));
	vectors[0] = NULL;
	return 0;
}

/* A part of the order, and the descriptors that come with the first: they get the lowest numbers that are
 * free. 0: end of file. */
static int receive_part(int socket_fd, int fds[FD_PLAN_MAX], size_t *ret_n)
{
	union order_control control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = (char *)&received + n_received,
		.iov_len = sizeof(received) - n_received };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	long n;

	do
		n = keyed_call(SYS_recvmsg, (unsigned long)socket_fd, (uintptr_t)&m, 0, 0);
	while (n == -EINTR);
	if (n <= 0)
		return (int)n;
	n_received += (size_t)n;
	*ret_n = 0;
	if (m.msg_controllen < CMSG_LEN(0))
		return 1;
	if ((m.msg_flags & MSG_CTRUNC) != 0 || control.head.cmsg_level != SOL_SOCKET ||
		control.head.cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	*ret_n = (control.head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(&control.head), *ret_n * sizeof(int));
	return 1;
}

static int receive_order(int socket_fd, int fds[FD_PLAN_MAX])
{
	int r;
	size_t n_fds, none;

	r = receive_part(socket_fd, fds, &n_fds);
	if (r <= 0)
		return r;
	if (n_received < sizeof(received.head) || received.head.size < n_received ||
		received.head.size > sizeof(received) || received.head.n_fds != n_fds ||
		(size_t)received.head.n_argv + received.head.n_env > STRINGS_MAX)
		return -EBADMSG;
	while (n_received < received.head.size) {
		int more[FD_PLAN_MAX];

		r = receive_part(socket_fd, more, &none);
		if (r <= 0 || none > 0)
			return r < 0 ? r : -EBADMSG;
	}
	return n_received == received.head.size ? 1 : -EBADMSG;
}

/* Vectors into the text. Returns where it ends, or NULL. */
static char *split(char *at, const char *end, char **vector, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (at + size == end)
			return NULL;
		vector[i] = at;
		at += size + 1;
	}
	vector[n] = NULL;
	return at;
}

/* The spec that the child goes on with. */
static int take_texts(struct jail_setup *s)
{
	char *end = (char *)&received + received.head.size, *directory[2], *at;

	at = split(received.text, end, directory, 1);
	if (at)
		at = split(at, end, vectors, received.head.n_argv);
	if (at)
		at = split(at, end, vectors + received.head.n_argv + 1, received.head.n_env);
	if (!at)
		return -EBADMSG;
	launch = *s->spec;
	launch.working_directory = directory[0];
	launch.argv = vectors;
	launch.envp = vectors + received.head.n_argv + 1;
	s->spec = &launch;
	return 0;
}

static int take_fds(struct jail_setup *s, const int fds[FD_PLAN_MAX], struct jail_error *reterr)
{
	struct jail_fd wanted[FD_PLAN_MAX];

	for (size_t i = 0; i < received.head.n_fds; i++)
		wanted[i] = (struct jail_fd){ .source = fds[i], .target = received.head.targets[i] };
	return apply_parked_fds(&s->fds, wanted, received.head.n_fds, reterr);
}

/* Behind the filter no clock can be looked at. */
static void order_took(struct jail_setup *s, enum jail_stage stage)
{
	if (!s->filter.ahead)
		stage_took(s->times, stage);
}

static int take_order(struct jail_setup *s, const int fds[FD_PLAN_MAX], struct jail_error *reterr)
{
	const char *directory = s->spec->working_directory;
	int r;

	r = take_texts(s);
	if (r < 0)
		return jail_fail(reterr, STAGE_EXEC, r, "order of a launch", "");
	r = take_fds(s, fds, reterr);
	if (r < 0)
		return r;
	order_took(s, STAGE_FDS);
	r = apply_limits(&received.head.limits, &s->limits, reterr);
	if (r < 0)
		return r;
	order_took(s, STAGE_RLIMITS);
	return strcmp(directory, s->spec->working_directory) == 0
		       ? 0
		       : apply_directory(s->spec->working_directory, reterr);
}

int await_order(struct jail_setup *s, struct jail_error *reterr)
{
	int fds[FD_PLAN_MAX], r;

	/* else the filter is still to be loaded, from that memory */
	r = s->filter.ahead ? shed_and_remember(s) : 0;
	if (r >= 0)
		r = receive_order(s->go_fd, fds);
	if (r < 0)
		return jail_fail(reterr, STAGE_EXEC, r, "waiting for a launch", "");
	if (r == 0)
		return 0;
	r = take_order(s, fds, reterr);
	return r < 0 ? r : 1;
}
