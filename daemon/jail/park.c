/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Parked jails: built like every jail, by the same steps in the same order, and then kept waiting where
 * others wait for the go. What they wait for is an order: argv, environment, working directory, descriptors,
 * limits. It is sent when the launch has been recorded, and is the go. Until then a parked jail has nothing
 * of a caller's; what it has of the launcher's memory it gives back (room.h). It has the payload's ids by
 * then and no capabilities but the payload's, and its filter is loaded, so an order can make it do nothing
 * that the payload could not do, but for the few calls that an order takes. What of them the policy does not
 * permit bears a key that the exec takes away, see keyed.c. Most orders take one: what is received gets the
 * numbers from 0 on.
 *
 * If the launcher ends, the socket does, and so does the parked jail.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/report.h"
#include "jail/room.h"
#include "jail/shed.h"
#include "jail/steps.h"

#include <sched.h>
#include <string.h>
#include <sys/socket.h>

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
	return n <= ORDER_STRINGS_MAX && bytes <= ORDER_TEXT_MAX;
}

bool jail_order_fits(const struct jail_spec *s)
{
	struct jail_error unused;

	return has_room(s) && fds_check(s, &unused) >= 0;
}

/* The parts of the text, as they are: they are copied once, by the kernel. */
struct gathered {
	struct iovec parts[ORDER_STRINGS_MAX + 2]; /* with the head and the directory */
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

union order_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(FD_PLAN_MAX * sizeof(int))];
};

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
	/* the program first, where it shares our processor: what is left for us to do nobody waits for */
	if (j->went)
		(void)sched_yield();
	return r;
}

/* No page of it is the launcher's, which never touches it; and it lies where the code lies. */
static _Alignas(4096) struct room room;

/* Cut where there is no more room. */
static void copy_text(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memcpy(to, text, n);
	to[n] = '\0';
}

/* Child: with what a launch is compared, and what a failure is called. */
static void furnish(struct jail_setup *s)
{
	static const struct room_texts texts = { .waiting = "waiting for a launch",
		.order = "order of a launch",
		.descriptor = "file descriptor",
		.directory = "working directory",
		.outside = "working directory outside of the jail:" };
	static const int ways[ROOM_EXECS] = { -ENOENT, -EPERM, -EACCES, 0 };

	room.go_fd = s->go_fd;
	room.exe_fd = s->fds.kept_slots[FD_KEPT_EXE];
	room.slots = (uint32_t)s->fds.report_slot;
	room.shared = &s->shared[REPORT_PAYLOAD];
	room.in_force = s->limits;
	room.texts = texts;
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		copy_text(room.texts.limits[i], ROOM_LIMIT, limit_name(i));
	for (size_t i = 0; i < ROOM_EXECS; i++)
		(void)exec_failed(s->spec, s->label.context != NULL, ways[i], &room.execs[i]);
	copy_text(room.directory, sizeof(room.directory), s->spec->working_directory);
	/* no page of it comes when the order does */
	memset(&room.order.head, 0, sizeof(room.order.head));
	memset(room.vectors, 0, sizeof(room.vectors));
}

int make_room(struct jail_setup *s, struct jail_error *reterr)
{
	if (strlen(s->spec->working_directory) >= sizeof(room.directory))
		return jail_fail(
			reterr, STAGE_EXEC, -ENAMETOOLONG, "working directory", s->spec->working_directory);
	furnish(s);
	if (s->filter.ahead)
		shed_plan(&room);
	return 0;
}

/* The vectors lie in the room, which stays until the exec. */
static void take_vectors(struct jail_setup *s)
{
	static struct jail_spec launch;

	launch = *s->spec;
	launch.working_directory = room.order.text;
	launch.argv = room.vectors;
	launch.envp = room.vectors + room.order.head.n_argv + 1;
	s->spec = &launch;
}

/* Behind its filter it does not come back; else that is still to be loaded, from the launcher's memory. */
int await_order(struct jail_setup *s, struct jail_error *reterr)
{
	int r;

	if (s->filter.ahead) {
		keyed_share(&room.key);
		return room_enter(&room);
	}
	r = room_take(&room);
	if (r < 0)
		*reterr = room.error;
	if (r <= 0)
		return r;
	stage_took(s->times, STAGE_FDS);
	take_vectors(s);
	return 1;
}
