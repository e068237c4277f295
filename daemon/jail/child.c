/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The payload before it is the payload: the order of the steps, from clone3(2) to execveat(2). It is a copy
 * of the launcher, so all that runs here is async-signal-safe.
 *
 * The order is the argument:
 *  0. A table of descriptors of its own: until then it shares the launcher's, see table.c.
 *  1. Undumpable before anything else, so that there is no moment to attach to a process that still has the
 *     launcher's rights. Its memory is a copy of one that is, so this only makes sure; and until then it has
 *     uid 0 and all of the launcher's capabilities: only its like could.
 *  2. What needs privilege comes while there is privilege: mounts, the executable (root may see it where the
 * payload may not), fds, limits (they may be raised), keyring.
 *  3. After the mounts no path means the host any more. The fds go next: with them, everything that reaches
 * out of the jail is closed, but for the three pipes and files that the end takes.
 *  4. The ids change with the capabilities kept. That change makes the process dumpable again where
 *     fs.suid_dumpable is 1; it is undone at once, and in between nobody of the payload's uid could attach:
 * that takes all the capabilities that the process still has.
 * With PrivateUsers= the user namespace that was made before the mounts is entered then, which brings all of
 * its capabilities and takes away all of the host's.
 *  5. Then the capabilities go, and what is left is done with the payload's own rights: the working
 * directory, which the caller may choose.
 *  6. "Built" is said, and the go awaited: the launcher has recorded the jail by then, so nothing can run
 * that it does not know of. If the launcher dies, the pipe ends, and so does this. Nor does anything run
 * while the jail's init, its neighbour in the PID namespace, still has rights to give up.
 * A jail that is parked has its go bring the rest of what it is to be, see park.c.
 *  7. The context for the exec is set, and then, last, the filter: it need not allow what the steps take,
 * only the exec. What is called behind it all the same, by a parked jail above all, bears a key that no
 * program has, see keyed.c.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "jail/report.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seen by the launcher only; what counts is the report. */
#define STATUS_FAILED 127

/* Nobody waits for a jail that is parked: between its steps whoever wants the processor has it first, as a
 * launch does that comes meanwhile. With no policy or niceness of its own it is never starved, and has none
 * to take back. */
static void step_took(const struct jail_setup *s, enum jail_stage stage)
{
	stage_took(s->times, stage);
	if (s->spec->park)
		(void)sched_yield();
}

static int build_surroundings(struct jail_setup *s, struct jail_error *reterr)
{
	int r;

	r = apply_table(&s->table, reterr);
	if (r < 0)
		return r;
	if (report_table(s->report_fd, &s->shared[REPORT_PAYLOAD]) < 0)
		_exit(STATUS_FAILED);
	r = apply_undumpable(reterr);
	if (r < 0)
		return r;
	r = s->ahead ? 0 : apply_session(s->context->ignored_signals, reterr);
	if (r >= 0 && !s->spec->park && !s->ahead)
		r = apply_own_session(reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_EXEC);
	r = apply_pty(&s->pty, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_PTY);
	r = apply_tuning(&s->tuning, s->context->proc_fd, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_RLIMITS);
	r = apply_namespaces(s->context, &s->namespaces, reterr);
	if (r < 0)
		return r;
	r = apply_network(&s->network, s->context->proc_fd, reterr);
	if (r < 0)
		return r;
	r = make_users(&s->users, s->spec, s->context->proc_fd, reterr);
	if (r < 0)
		return r;
	(void)umask(SETUP_UMASK);
	step_took(s, STAGE_NAMESPACES);
	r = apply_mounts(&s->mounts, reterr);
	step_took(s, STAGE_MOUNTS);
	return r;
}

/* Afterwards the ends of our pipes have the plan's numbers. */
static int build_fds(struct jail_setup *s, struct jail_error *reterr)
{
	int kept[_FD_KEPT_MAX], r;

	kept[FD_KEPT_USERS] = s->users.fd;
	kept[FD_KEPT_EXE] = open_executable(s->spec->executable, reterr);
	if (kept[FD_KEPT_EXE] < 0)
		return kept[FD_KEPT_EXE];
	step_took(s, STAGE_EXEC);
	r = open_label(&s->label, s->context->proc_fd, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_SELINUX);
	kept[FD_KEPT_LABEL] = s->label.fd;
	r = apply_landlock(&s->landlock, s->spec->landlock, &s->mounts, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_LANDLOCK);
	r = apply_fds(&s->fds, kept, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_FDS);
	s->report_fd = s->fds.report_slot;
	s->go_fd = s->fds.go_slot;
	return 0;
}

static int become_payload(const struct jail_setup *s, struct jail_error *reterr)
{
	const struct jail_spec *spec = s->spec;
	int r;

	r = s->ahead ? 0 : apply_keyring(reterr);
	if (r < 0)
		return r;
	r = apply_limits(&s->limits, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_RLIMITS);
	r = caps_keep(reterr);
	if (r < 0)
		return r;
	r = apply_ids(spec->uid, spec->gid, spec->groups, spec->n_groups, reterr);
	if (r < 0)
		return r;
	r = apply_users(&s->users, s->fds.kept_slots[FD_KEPT_USERS], reterr);
	if (r < 0)
		return r;
	r = apply_undumpable(reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_IDS);
	/* a user namespace brings all of them */
	r = apply_caps(s->users.wanted ? CAPS_ALL : s->bounding, spec->bounding, spec->ambient,
		spec->secure_bits, reterr);
	if (r < 0)
		return r;
	step_took(s, STAGE_CAPABILITIES);
	(void)umask(spec->umask);
	return apply_directory(spec->working_directory, reterr);
}

/* The rest of what outlives the exec, but the filter. */
static int prepare_exec(struct jail_setup *s, struct jail_error *reterr)
{
	int r;

	if (s->namespaces.pid && !s->namespaces.run_as_init)
		report_await_ready(&s->shared[REPORT_INIT]);
	stage_took(s->times, STAGE_NONE);
	r = apply_label(&s->label, s->fds.kept_slots[FD_KEPT_LABEL], s->fds.kept_slots[FD_KEPT_EXE], reterr);
	stage_took(s->times, STAGE_SELINUX);
	return r < 0 ? r : apply_memory_rule(s->spec, reterr);
}

/* With @ret_behind only keyed_call() and what the policy permits return. */
static int load_filter(struct jail_setup *s, bool *ret_behind, struct jail_error *reterr)
{
	int r = s->filter.program ? apply_violations(&s->filter, s->spec, ret_behind, reterr) : 0;

	return r < 0 || *ret_behind ? r : apply_filter(s->spec, reterr);
}

/* Nearly always the go is there long since: then there is nothing to wake the launcher up for. 0: end of
 * file, the launcher does not want this jail any more. */
static int await_go(struct jail_setup *s, struct jail_error *reterr)
{
	ssize_t n;
	char go;

	stage_took(s->times, STAGE_EXEC);
	report_ready(&s->shared[REPORT_PAYLOAD]);
	n = recv(s->go_fd, &go, 1, MSG_DONTWAIT);
	if (n < 0 && report_built(s->report_fd) < 0)
		return 0;
	if (n < 0)
		n = read_full(s->go_fd, &go, 1);
	return n < 0 ? jail_fail(reterr, STAGE_EXEC, (int)n, "waiting for the go", "") : (int)n;
}

static int go_alone(struct jail_setup *s, bool *ret_behind, struct jail_error *reterr)
{
	int r = await_go(s, reterr);

	if (r <= 0)
		return r;
	r = prepare_exec(s, reterr);
	if (r >= 0)
		r = load_filter(s, ret_behind, reterr);
	return r < 0 ? r : 1;
}

/* What the order brings needs neither label nor memory; nor, in most cases, to come before the filter.
 * Kernels schedule a session as a group (sched_autogroup_enabled): while it was built, it was of the
 * launcher's. */
static int go_parked(struct jail_setup *s, bool *ret_behind, struct jail_error *reterr)
{
	int r = apply_own_session(reterr);

	if (r < 0)
		return r;
	report_ready(&s->shared[REPORT_PAYLOAD]);
	if (report_built(s->report_fd) < 0)
		return 0;
	(void)prctl(PR_SET_NAME, "parked", 0, 0, 0); /* for people who look at ps */
	r = prepare_exec(s, reterr);
	step_took(s, STAGE_NONE);
	if (r >= 0)
		r = make_room(s, reterr);
	if (r >= 0 && s->filter.ahead)
		r = load_filter(s, ret_behind, reterr);
	if (r >= 0)
		r = park_fds(&s->fds, reterr);
	if (r >= 0)
		r = await_order(s, reterr);
	if (r <= 0 || s->filter.ahead)
		return r;
	r = load_filter(s, ret_behind, reterr);
	return r < 0 ? r : 1;
}

/* AddressSanitizer would make a system call of its own before what does not return: behind a filter that asks
 * it would wait for ever. */
__attribute__((no_sanitize("address"))) noreturn void child_run(struct jail_setup *s)
{
	struct jail_error e = { 0 };
	bool behind = false;
	int r;

	s->times = &s->shared[REPORT_PAYLOAD].times;
	stage_begin(s->times);
	r = build_surroundings(s, &e);
	if (r >= 0)
		r = build_fds(s, &e);
	if (r >= 0)
		r = become_payload(s, &e);
	if (r >= 0)
		r = s->spec->park ? go_parked(s, &behind, &e) : go_alone(s, &behind, &e);
	if (r > 0)
		r = apply_exec(s->spec, s->label.context != NULL, s->fds.kept_slots[FD_KEPT_EXE], &e);
	if (behind)
		report_and_trap(&s->shared[REPORT_PAYLOAD], &e);
	if (r != 0)
		report_failure(s->report_fd, &s->shared[REPORT_PAYLOAD], &e);
	_exit(STATUS_FAILED);
}
