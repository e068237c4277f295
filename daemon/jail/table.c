/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The payload's table of descriptors. A copy of the launcher's would cost the more the more jails live, and
 * hold open what others wait to be closed. So the payload is born sharing it, and the first that it does is
 * to get one of its own, with nothing in it but what its steps need: the kernel copies only what lies below
 * the last of these. What jails keep for as long as they live therefore lies high (fd_move_high()).
 *
 * Until then the launcher must close none of these numbers, or another object could get one. It lends them:
 * they are in a list of the jail's, and are closed when the payload says that it has its own table, or has
 * ended. It is not waited for. That it has is in the page that they share; only where the launcher has looked
 * there in vain before, the payload also writes into its pipe.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/report.h"
#include "jail/steps.h"
#include "jail/template.h"

#include <linux/close_range.h>
#include <unistd.h>

/* Those of the engine's own that a launch can have: three networks, the terminal's two, a notification
 * socket, two pipes. */
#define LENT_OWN 8

struct jail_loan {
	struct template_fds *template; /* of the template that is used, or NULL */
	size_t n, size;
	int fds[];
};

int loan_prepare(const struct jail_spec *spec, struct jail *j)
{
	/* what a spec names, what the launcher closes beside it, and our own */
	size_t size = spec->n_fds + spec->n_slots + 1 + LENT_OWN;

	j->loan = calloc(1, sizeof(*j->loan) + size * sizeof(int));
	if (!j->loan)
		return -ENOMEM;
	j->loan->size = size;
	return 0;
}

static void lend(struct jail *j, int *fd)
{
	struct jail_loan *l = j->loan;

	if (*fd >= 0 && l && l->n < l->size)
		l->fds[l->n++] = steal_fd(*fd);
	*fd = fd_close(*fd);
}

void jail_lend(struct jail *j, int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		lend(j, &fds[i]);
}

void loan_fill(struct jail_setup *s, struct jail *j)
{
	lend(j, &s->network.fd);
	lend(j, &s->network.stock_fd);
	lend(j, &s->network.shared_fd);
	lend(j, &s->pty.mount_fd);
	lend(j, &s->pty.slave_fd);
	lend(j, &s->notify_fd);
	lend(j, &s->go_fd);
	lend(j, &s->report_fd);
	if (s->mounts.template)
		j->loan->template = template_fds_ref(s->mounts.template->fds);
}

void loan_return(struct jail *j)
{
	struct jail_loan *l = steal_ptr(j->loan);

	if (!l)
		return;
	fd_close_many(l->fds, l->n);
	(void)template_fds_unref(l->template);
	free(l);
}

void loan_settle(struct jail *j)
{
	if (j->loan && report_has_table(&j->last_word[REPORT_PAYLOAD]))
		loan_return(j);
}

static void keep(struct table_plan *p, int fd)
{
	/* what should not fit would be missing, and fail the launch */
	if (fd >= 0 && p->n_keep < TABLE_KEEP_MAX)
		p->keep[p->n_keep++] = (unsigned)fd;
}

static void keep_mounts(struct table_plan *p, const struct mount_plan *m)
{
	keep(p, m->host_mounts_fd);
	keep(p, m->pts_fd);
	keep(p, m->notify_fd);
	for (size_t i = 0; i < m->spec->n_slots; i++)
		keep(p, m->spec->slots[i].source);
	if (m->template)
		keep(p, m->template->fds->namespace);
	for (size_t i = 0; i < m->rules.n; i++)
		keep(p, m->rules.paths[i].fd);
}

void prepare_table(struct jail_setup *s)
{
	struct table_plan *p = &s->table;

	p->n_keep = 0;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		keep(p, fd);
	keep(p, s->context->proc_fd);
	keep(p, s->go_fd);
	keep(p, s->report_fd);
	keep(p, s->network.fd);
	keep(p, s->network.stock_fd);
	keep(p, s->network.shared_fd);
	keep(p, s->network.pool.net_fd);
	keep(p, s->network.pool.ipc_fd);
	keep(p, s->namespaces.shares_ipc ? s->context->ipc_fd : -1);
	keep(p, s->pty.slave_fd);
	for (size_t i = 0; i < s->spec->n_fds; i++)
		keep(p, s->spec->fds[i].source);
	if (s->mounts.wanted)
		keep_mounts(p, &s->mounts);
	p->n = fd_plan_closes(p->closes, p->keep, p->n_keep);
}

/* The last leads to the end of the table. */
static int run_closes(const struct fd_step *closes, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (close_range(closes[i].from, closes[i].to, i + 1 == n ? CLOSE_RANGE_UNSHARE : 0) < 0)
			return errno_or_eio();
	return 0;
}

int apply_table(const struct table_plan *p, struct jail_error *reterr)
{
	int r = run_closes(p->closes, p->n);

	return r < 0 ? jail_fail(reterr, STAGE_FDS, r, "table of descriptors", "") : 0;
}

int table_of_maker(const struct jail_context *c, int socket_fd, int events_fd, int namespace_fd)
{
	unsigned keep[STDERR_FILENO + 5];
	struct fd_step closes[ELEMENTSOF(keep) + 1];
	size_t n = 0;

	while (n <= STDERR_FILENO) {
		keep[n] = (unsigned)n;
		n++;
	}
	keep[n++] = (unsigned)c->proc_fd;
	keep[n++] = (unsigned)socket_fd;
	if (events_fd >= 0)
		keep[n++] = (unsigned)events_fd;
	if (namespace_fd >= 0)
		keep[n++] = (unsigned)namespace_fd;
	return run_closes(closes, fd_plan_closes(closes, keep, n));
}
