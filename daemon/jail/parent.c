/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The launcher's side of a start: what is held for all jails, and the order in which one is prepared and its
 * two processes are made. */

#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/private.h"
#include "base/process.h"
#include "jail/cloner.h"
#include "jail/init.h"
#include "jail/linger.h"
#include "jail/report.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROC_ROOT_INO 1 /* of every procfs' root: nothing mounted from below it passes for it */
#define NULL_DEVICE   makedev(1, 3)

static int check_procfs(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	return fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INO ? 0 : -EBADF;
}

static int check_cgroup2(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return errno_or_eio();
	return fs.f_type == CGROUP2_SUPER_MAGIC ? 0 : -EBADF;
}

/* By pidfd everything here is signalled and reaped. A kernel that knows only some of it (all since Linux 5.4)
 * is found out before there is something to kill. */
static int check_pidfds(void)
{
	_cleanup_close_ int fd = process_pidfd_open(getpid());
	siginfo_t unused;
	int r;

	if (fd < 0)
		return fd;
	r = process_signal(fd, 0);
	if (r < 0)
		return r;
	r = process_wait(fd, WNOHANG, &unused);
	return r == -ECHILD ? 0 : r < 0 ? r : -EIO; /* nobody is a child of its own */
}

static int open_own(struct jail_context *c)
{
	int r;

	r = check_pidfds();
	if (r < 0)
		return r;

	c->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->proc_fd < 0)
		return errno_or_eio();
	r = check_procfs(c->proc_fd);
	if (r < 0)
		return r;
	c->pidns_fd = openat(c->proc_fd, "self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (c->pidns_fd < 0)
		return errno_or_eio();
	c->null_fd = open("/dev/null", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (c->null_fd < 0)
		return errno_or_eio();
	return device_check(c->null_fd, NULL_DEVICE) < 0 ? -EBADF : 0;
}

/* Where there are no such namespaces, or none may be made, jails that want one make their own, or fail. */
static int open_ipc(struct jail_context *c)
{
	struct jail_pool made = JAIL_POOL_NULL;
	struct jail_error unused;
	int r = jail_pool_open(c, JAIL_NS_IPC, &made, &unused);

	c->ipc_fd = made.ipc_fd;
	return r == -ENOTRECOVERABLE ? r : 0;
}

int jail_context_open(struct jail_context *c, int host_proc_fd, int cgroup_fd)
{
	int r = 0;

	*c = JAIL_CONTEXT_NULL;
	c->host_proc_fd = host_proc_fd;
	c->cgroup_fd = cgroup_fd;
	c->bounding = caps_bounding(CAPS_ALL);
	if (host_proc_fd >= 0)
		r = check_procfs(host_proc_fd);
	if (r >= 0 && cgroup_fd >= 0)
		r = check_cgroup2(cgroup_fd);
	if (r >= 0)
		r = open_own(c);
	if (r >= 0)
		r = open_ipc(c);
	if (r >= 0)
		r = cgroup_find(c);
	if (r >= 0)
		r = process_ignored_signals(&c->ignored_signals);
	if (r >= 0)
		r = init_filter_build(&c->init_filter, &c->n_init_filter);
	if (r >= 0)
		r = violation_question_build(&c->question, &c->n_question);
	if (r >= 0)
		r = c->init_root_fd = init_root_make(c);
	if (r >= 0)
		templates_open(c);
	if (r < 0)
		jail_context_close(c);
	return r < 0 ? r : 0;
}

int jail_context_set_host_mounts(struct jail_context *c, int fd)
{
	struct statfs fs;

	(void)fd_close(c->host_mounts_fd);
	c->host_mounts_fd = fd;
	if (fstatfs(fd, &fs) < 0)
		return errno_or_eio();
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : -EBADF;
}

void jail_context_close(struct jail_context *c)
{
	linger_collect(c);
	linger_forget(c);
	stock_done(c);
	templates_done(c);
	init_maker_close(c);
	cloners_close(c);
	(void)fd_close(c->proc_fd);
	(void)fd_close(c->host_proc_fd);
	(void)fd_close(c->pidns_fd);
	(void)fd_close(c->cgroup_fd);
	(void)fd_close(c->null_fd);
	(void)fd_close(c->host_mounts_fd);
	(void)fd_close(c->ipc_fd);
	(void)fd_close(c->init_root_fd);
	free(c->init_filter);
	free(c->question);
	free(c->cgroup_path);
	*c = JAIL_CONTEXT_NULL;
}

static void setup_done(struct jail_setup *s)
{
	mount_plan_done(&s->mounts);
	filter_plan_done(&s->filter);
	pty_plan_done(&s->pty);
	network_plan_done(&s->network);
	s->notify_fd = fd_close(s->notify_fd);
	s->go_fd = fd_close(s->go_fd);
	s->report_fd = fd_close(s->report_fd);
}

/* Everything that can be found wrong without a process, and without the pipes. */
static int prepare(struct jail_setup *s, struct jail_error *reterr)
{
	int r;

	r = prepare_namespaces(s->context, s->spec, &s->namespaces, reterr);
	if (r < 0)
		return r;
	r = prepare_network(s->context, s->spec, &s->network, reterr);
	if (r < 0)
		return r;
	r = prepare_users(s->context, s->spec, &s->users, reterr);
	if (r < 0)
		return r;
	r = prepare_label(s->spec, SELINUXFS, &s->label, &s->lacking, reterr);
	if (r < 0)
		return r;
	r = prepare_ids(s->spec, reterr);
	if (r < 0)
		return r;
	r = prepare_caps(s->spec, reterr);
	if (r < 0)
		return r;
	r = prepare_limits(s->spec, &s->limits, reterr);
	if (r < 0)
		return r;
	if (s->spec->park)
		limits_park(&s->limits);
	r = prepare_tuning(s->spec, &s->tuning, reterr);
	if (r < 0)
		return r;
	r = prepare_group(s->spec, s->context->proc_fd, &s->group, reterr);
	if (r < 0)
		return r;
	r = prepare_landlock(s->spec, &s->landlock, reterr);
	if (r < 0)
		return r;
	r = fds_check(s->spec, reterr);
	if (r < 0)
		return r;
	return prepare_mounts(s->context, s->spec, &s->mounts, reterr);
}

/*
 * Of a jail that is parked. To close the last descriptor of a socket takes longer than that of a pipe, and an
 * exec closes what it does not leave before the program's first instruction: so we have one of the payload's
 * end, too, until its report was read. Like all that lies high, no other child keeps it.
 */
static int open_far_end(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	j->go_fd = fd_move_high(j->go_fd);
	j->report_fd = fd_move_high(j->report_fd);
	j->far_fd = fd_move_high(fd_dup_above(s->go_fd, 0));
	if (j->far_fd < 0)
		return jail_fail(reterr, STAGE_FDS, j->far_fd, "go-pipe", "");
	return prepare_order(j->go_fd, reterr);
}

/* What only the payload may hold: of a pipe whose other end waits for it to close. */
static int open_pipes(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int go[2], report[2];

	/* A socket pair, only so that writing to a child that has ended raises no SIGPIPE. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) < 0)
		return jail_fail(reterr, STAGE_FDS, errno_or_eio(), "go-pipe", "");
	s->go_fd = go[0];
	j->go_fd = go[1];
	/* The few records that a child writes always fit. */
	if (pipe2(report, O_CLOEXEC | O_NONBLOCK) < 0)
		return jail_fail(reterr, STAGE_FDS, errno_or_eio(), "pipe", "");
	j->report_fd = report[0];
	s->report_fd = report[1];
	return s->spec->park ? open_far_end(s, j, reterr) : 0;
}

static int prepare_pipes(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r;

	r = open_pipes(s, j, reterr);
	if (r < 0)
		return r;
	stage_took(s->times, STAGE_NAMESPACES);
	r = prepare_pty(s->spec, &s->pty, j, reterr);
	if (r < 0)
		return r;
	stage_took(s->times, STAGE_PTY);
	s->mounts.pts_fd = s->pty.mount_fd;
	r = prepare_notify(s->spec, j, &s->notify_fd, reterr);
	if (r < 0)
		return r;
	s->mounts.notify_fd = s->notify_fd;
	r = prepare_fds(s->spec, s->pty.slave_fd, s->report_fd, s->go_fd, &s->fds, reterr);
	if (r < 0)
		return r;
	r = prepare_filter(s->spec, s->fds.kept_slots[FD_KEPT_EXE], reterr);
	if (r < 0)
		return r;
	prepare_table(s);
	return prepare_violations(s->context, s->spec, s->fds.go_slot, &s->filter, reterr);
}

static int open_pid_namespace(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	j->pidns_fd = openat(s->context->proc_fd, "self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	if (j->pidns_fd < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(), "PID namespace", "");
	j->pidns_fd = fd_move_high(j->pidns_fd);
	return 0;
}

/*
 * The first child after unshare() is pid 1 of the new namespace, those after it are born beside it, until
 * setns() leads back. Unlike setns() into it later, this takes no right to look into the init.
 */
static int start_init(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	pid_t pid;

	pid = process_clone(CLONE_FILES | CLONE_CLEAR_SIGHAND, j->cgroup_fd, &j->init_pidfd);
	if (pid == 0)
		init_run(s->context, &j->last_word[REPORT_INIT]);
	if (pid < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, (int)pid, "init of the PID namespace", "");
	j->init_pidfd = fd_move_high(j->init_pidfd);
	return open_pid_namespace(s, j, reterr);
}

static int no_pid_namespace(int error, struct jail_error *reterr)
{
	return jail_fail(reterr, STAGE_NAMESPACES, error, "PrivatePIDs=: PID namespace", "");
}

static pid_t clone_payload(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	const uint64_t flags = s->namespaces.clone_flags | CLONE_FILES | CLONE_CLEAR_SIGHAND;
	bool entered = true;
	pid_t pid;
	int r = 0;

	pid = s->shares_memory ? cloner_start(s, flags, j->pidns_fd, j, &entered)
			       : process_clone(flags, j->cgroup_fd, &j->pidfd);
	if (pid == 0)
		child_run(s);
	if (pid > 0)
		return pid;
	if (!entered)
		return no_pid_namespace((int)pid, reterr);
	/* Nothing is born in a PID namespace whose init has ended. */
	if (j->init_pidfd >= 0)
		r = report_of_init(j, reterr);
	return r < 0 ? r : namespaces_failed(s->context, &s->namespaces, (int)pid, reterr);
}

static int make_payload(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	pid_t pid = clone_payload(s, j, reterr);

	if (pid < 0)
		return (int)pid;
	j->pid = pid;
	j->pidfd = fd_move_high(j->pidfd);
	return 0;
}

static int begin_ahead(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r = ahead_begin(s, j);

	return r < 0 ? jail_fail(reterr, STAGE_NAMESPACES, r, "process made ahead", "") : 0;
}

static int start_payload(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r;

	r = prepare_pipes(s, j, reterr);
	if (r >= 0)
		r = j->ahead ? begin_ahead(s, j, reterr) : make_payload(s, j, reterr);
	if (r >= 0)
		loan_fill(s, j);
	return r;
}

/* From here the launcher's children are born in the jail's PID namespace. */
static int begin_pid_namespace(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r = j->init_pidfd >= 0 ? setns(j->pidns_fd, CLONE_NEWPID) : unshare(CLONE_NEWPID);

	return r < 0 ? no_pid_namespace(errno_or_eio(), reterr) : 0;
}

/* Nothing but a payload is to be made, by a thread that no signal comes to. */
static bool is_cloners(const struct jail_setup *s, const struct jail *j)
{
	return s->shares_memory && (!s->namespaces.pid || s->namespaces.run_as_init || j->init_pidfd >= 0);
}

static int start_processes(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r;

	if (!s->namespaces.pid)
		return start_payload(s, j, reterr);
	r = begin_pid_namespace(s, j, reterr);
	if (r < 0)
		return r;
	if (!s->namespaces.run_as_init && j->init_pidfd < 0)
		r = start_init(s, j, reterr);
	if (r >= 0 && !s->spec->spare)
		r = start_payload(s, j, reterr);
	/* the namespace can be opened only once there is somebody in it */
	if (r >= 0 && s->namespaces.run_as_init)
		r = open_pid_namespace(s, j, reterr);
	if (setns(s->context->pidns_fd, CLONE_NEWPID) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, -ENOTRECOVERABLE,
			"the launcher can not leave the jail's PID namespace", "");
	return r;
}

/* No handler of the launcher's may run in a child before the child has reset them. */
static int start_masked(struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	sigset_t all, old;
	int r;

	/* a spare jail's, which is there */
	if (s->spec->spare && j->init_pidfd >= 0)
		return 0;
	if (is_cloners(s, j))
		return start_payload(s, j, reterr);
	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &old) < 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(), "signal mask", "");
	r = start_processes(s, j, reterr);
	if (sigprocmask(SIG_SETMASK, &old, NULL) < 0 && r >= 0)
		return jail_fail(reterr, STAGE_NAMESPACES, errno_or_eio(), "signal mask", "");
	return r;
}

/* The control group, which a spare jail has. */
static int begin(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	int r = j->spare ? 0 : cgroup_create(s->context, s->spec->id, &j->cgroup_fd);

	j->spare = false;
	return r < 0 ? jail_fail_number(reterr, STAGE_CGROUP, r, "cgroup of sandbox", s->spec->id) : 0;
}

/* Where children report, and the init if somebody makes it for us; a spare jail with an init has both. */
static int begin_init(const struct jail_setup *s, struct jail *j, struct jail_error *reterr)
{
	const bool init = s->namespaces.pid && !s->namespaces.run_as_init;
	int r = 0;

	if (j->last_word && !s->shares_memory)
		report_show(j);
	if (j->last_word || (s->spec->spare & JAIL_SPARE_BARE))
		return 0;
	if (init)
		r = init_maker_order(s->context, j, reterr);
	if (r != 0 || j->last_word)
		return r;
	r = report_make(j, is_cloners(s, j));
	return r < 0 ? jail_fail(reterr, STAGE_FDS, r, "report", "") : 0;
}

static int start(
	struct jail_context *c, const struct jail_spec *spec, struct jail *j, struct jail_error *reterr)
{
	_cleanup_(setup_done) struct jail_setup s = { .context = c,
		.spec = spec,
		.network = NETWORK_PLAN_NULL,
		.users = USERS_PLAN_NULL,
		.pty = PTY_PLAN_NULL,
		.bounding = c->bounding,
		.go_fd = -1,
		.report_fd = -1,
		.notify_fd = -1 };
	int r;

	r = prepare(&s, reterr);
	if (r < 0)
		return r;
	network_from_stock(c, spec, &s.network);
	j->network_ticket = s.network.ticket;
	template_choose(c, spec, &s.namespaces, &s.mounts);
	s.shares_memory = j->ahead || cloner_takes(&s);
	j->payload_is_init = s.namespaces.run_as_init;
	j->without_landlock = !s.landlock.wanted;
	j->labelled = s.label.context != NULL;
	j->lacking = s.landlock.lacking | s.tuning.lacking | s.lacking;
	r = loan_prepare(spec, j);
	if (r < 0)
		return jail_fail(reterr, STAGE_FDS, r, "descriptors", "");
	s.times = &j->times;
	stage_begin(s.times);
	r = begin(&s, j, reterr);
	if (r >= 0)
		r = apply_group(&s.group, j->cgroup_fd, &j->lacking, reterr);
	if (r < 0)
		return r;
	stage_took(s.times, STAGE_CGROUP);
	r = begin_init(&s, j, reterr);
	if (r < 0)
		return r;
	s.shared = j->last_word;
	r = start_masked(&s, j, reterr);
	report_keep(j);
	if (r < 0)
		return r;
	stage_took(s.times, STAGE_NAMESPACES);
	return 0;
}

/* Where there can be none the rest is of use all the same, but for one in which somebody may be born yet. */
static int start_ahead(const struct jail_context *c, struct jail *j, struct jail_error *reterr)
{
	int r = ahead_start(c, j);

	return r == -ETIMEDOUT || (r < 0 && j->pidfd >= 0)
		       ? jail_fail(reterr, STAGE_NAMESPACES, r, "process made ahead", "")
		       : 0;
}

/* Only what is the same for all of its kind: see jail_spec.spare. */
static int start_spare(
	struct jail_context *c, const struct jail_spec *spec, struct jail *j, struct jail_error *reterr)
{
	struct jail_setup s = { .context = c, .spec = spec, .namespaces = { .pid = true } };
	int r = begin(&s, j, reterr);

	if (r >= 0)
		r = begin_init(&s, j, reterr);
	if (r < 0)
		return r;
	if (spec->spare & JAIL_SPARE_INIT) {
		r = start_masked(&s, j, reterr);
		report_keep(j);
	}
	if (r >= 0 && (spec->spare & JAIL_SPARE_AHEAD))
		r = start_ahead(c, j, reterr);
	j->spare = j->built = r >= 0;
	return r;
}

/* Whether it is of use to this launch, and still what it was. A control group that nobody is in is easily
 * removed. */
static bool spare_fits(const struct jail *spare, const struct jail_spec *spec)
{
	const uint8_t wanted = jail_spare_kind(spec->namespaces, spec->run_as_init,
		jail_may_share(spec->namespaces, spec->deny_write_execute, spec->mounts, spec->n_mounts));

	if ((wanted & JAIL_SPARE_INIT) != (spare->init_pidfd >= 0 ? JAIL_SPARE_INIT : 0))
		return false;
	if (spare->ahead)
		return (wanted & JAIL_SPARE_AHEAD) && ahead_fits(spare, spec);
	return spare->init_pidfd >= 0 ? !process_has_ended(spare->init_pidfd)
				      : cgroup_stands(spare->cgroup_fd);
}

/* What a spare jail has, with which launches of its kind can go on. */
static bool take_spare(
	struct jail_context *c, const struct jail_spec *spec, struct jail *spare, struct jail *ret)
{
	if (spare->id == spec->id && spare_fits(spare, spec)) {
		*ret = *spare;
		ret->built = false;
		return true;
	}
	jail_clear(c, spare);
	return false;
}

int jail_start(
	struct jail_context *c, const struct jail_spec *spec, struct jail *ret, struct jail_error *reterr)
{
	struct jail j = JAIL_NULL;
	int r;

	linger_collect(c);
	if (!ret->spare || !take_spare(c, spec, ret, &j))
		j.linger = private_calloc(sizeof(*j.linger));
	*ret = JAIL_NULL;
	if (!j.linger)
		return jail_fail(reterr, STAGE_NAMESPACES, -ENOMEM, "jail", "");
	j.id = spec->id;
	j.uid = spec->uid;
	j.parked = spec->park;
	j.without_memory = c->without_memory;
	j.without_tasks = c->without_tasks;
	r = spec->spare ? start_spare(c, spec, &j, reterr) : start(c, spec, &j, reterr);
	if (r < 0) {
		jail_done(c, &j);
		return r;
	}
	*ret = j;
	return 0;
}

uint32_t jail_layers(const struct jail_spec *spec, const struct jail *jail)
{
	uint32_t layers = (1U << STAGE_IDS) | (1U << STAGE_CAPABILITIES);

	if (spec->namespaces)
		layers |= 1U << STAGE_NAMESPACES;
	if (spec->namespaces & JAIL_NS_MOUNT)
		layers |= 1U << STAGE_MOUNTS;
	if (spec->landlock && !jail->without_landlock)
		layers |= 1U << STAGE_LANDLOCK;
	if (jail->labelled)
		layers |= 1U << STAGE_SELINUX;
	if (spec->n_filter > 0)
		layers |= 1U << STAGE_SECCOMP;
	if (spec->n_limits > 0 || (spec->tuning && spec->tuning->set != 0))
		layers |= 1U << STAGE_RLIMITS;
	if (jail->cgroup_fd >= 0)
		layers |= 1U << STAGE_CGROUP;
	return layers;
}

void jail_find_host_pid(const struct jail_context *c, struct jail *j)
{
	pid_t pid = j->host_pid;

	if (pid == 0 && c->host_proc_fd >= 0 && j->pidfd >= 0)
		pid = process_pid_in_procfs(c->host_proc_fd, j->pidfd);
	j->host_pid = pid > 0 ? pid : 0;
}

int jail_go(struct jail *j, const struct jail_spec *spec)
{
	if (j->go_fd < 0 || j->went)
		return -EBADF;
	if (j->parked)
		return send_order(j, spec);
	if (send(j->go_fd, "", 1, MSG_NOSIGNAL) != 1)
		return errno_or_eio();
	/* It stays open: the listener for violations comes over it. */
	j->went = true;
	loan_settle(j);
	return 0;
}
