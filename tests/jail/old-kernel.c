/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Launches on pretended old kernels; see old-kernel.h. */

#include "old-kernel.h"

#include <errno.h>
#include <stdnoreturn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts a jail, and tells how far it came. */
static noreturn void launch(struct rig *r, const struct filter_rule *rule, struct answer *answer)
{
	static const struct filter_rule none[] = { FILTER_DENY(bpf, EPERM) };
	struct sock_filter *filter;

	if (filter_build(none, 1, FILTER_PERMIT, &filter, &r->spec.n_filter) < 0 ||
		filter_apply(rule, 1, FILTER_PERMIT) < 0)
		_exit(1);
	r->spec.filter = filter;
	answer->result = START(r, "see");
	if (answer->result >= 0) {
		(void)jail_go(&r->jail, &r->spec);
		answer->result = rig_report(r);
		answer->lacking = r->jail.lacking;
	}
	answer->error = r->error;
	jail_done(&r->context, &r->jail);
	rig_await_lingering(r);
	rig_without_maker(r);
	/* all that was started has ended, and was reaped */
	_exit(waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG) == 0 || errno != ECHILD);
}

void old_kernel_launch(struct rig *r, const struct filter_rule *rule, struct answer *ret)
{
	struct answer *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	assert_ptr_not_equal(shared, MAP_FAILED);
	r->spec.id += 1000;
	pid = fork();
	if (pid == 0)
		launch(r, rule, shared);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret = *shared;
	assert_int_equal(munmap(shared, sizeof(*shared)), 0);
	if (status != 0)
		fail_msg("system call %u: status %x, %s: %s", rule->number, (unsigned)status,
			jail_stage_to_string(ret->error.stage), ret->error.object);
}
