/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/held.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "wire/table.h"

#include <fcntl.h>

int held_init(struct held *h)
{
	*h = (struct held){ .table_fd = -1 };
	return table_make(&h->table_fd);
}

static struct held_jail *find(const struct held *h, uint64_t id)
{
	for (size_t i = h->n; i > 0; i--)
		if (h->v[i - 1].id == id)
			return &h->v[i - 1];
	return NULL;
}

bool held_has(const struct held *h, uint64_t id)
{
	return find(h, id) != NULL;
}

static struct held_jail *add(struct held *h, uint64_t id)
{
	struct held_jail *j;

	if (h->n == h->allocated) {
		size_t more = h->allocated > 0 ? 2 * h->allocated : 16;

		j = reallocarray(h->v, more, sizeof(*j));
		if (!j)
			return NULL;
		h->v = j;
		h->allocated = more;
	}
	j = &h->v[h->n++];
	*j = (struct held_jail){ .id = id };
	for (size_t i = 0; i < _HOLD_MAX; i++)
		j->fds[i] = -1;
	return j;
}

int held_take(struct held *h, const struct keeper_message *m, int fds[KEEPER_FDS_MAX])
{
	struct held_jail *j = find(h, m->id);
	size_t n = 0;

	if (!j && h->n >= HELD_MAX)
		return -EBADMSG;
	if (!j)
		j = add(h, m->id);
	if (!j)
		return -ENOMEM;
	for (uint32_t i = 0; i < _HOLD_MAX; i++)
		if (m->flags & (1U << i)) {
			(void)fd_close(j->fds[i]);
			j->fds[i] = steal_fd(fds[n++]);
			if (i < ELEMENTSOF(j->pids))
				j->pids[i] = 0;
		}
	return 0;
}

void held_release(struct held *h, uint64_t id)
{
	struct held_jail *j = find(h, id);

	if (!j)
		return;
	fd_close_many(j->fds, _HOLD_MAX);
	*j = h->v[--h->n];
}

int held_give_up(struct held *h)
{
	int table_fd = -1, r = table_make(&table_fd);

	if (r < 0)
		return r;
	while (h->n > 0)
		held_release(h, h->v[h->n - 1].id);
	(void)fd_close(h->table_fd);
	h->table_fd = table_fd;
	return 0;
}

/* The number may have been given anew since it was looked up: the pidfd knows whether it is its child. */
static bool is_child(int pidfd, pid_t pid)
{
	siginfo_t si;

	/* 0: it lives, and is ours */
	if (pidfd < 0)
		return false;
	switch (process_wait(pidfd, WNOHANG | WNOWAIT, &si)) {
	case 0:
		return true;
	case 1:
		return si.si_pid == pid;
	default:
		return false;
	}
}

struct held_jail *held_find_child(struct held *h, pid_t pid, bool *ret_payload)
{
	_cleanup_close_ int proc_fd = -1;

	for (size_t i = 0; i < h->n; i++)
		for (int k = HOLD_PROCESS; k <= HOLD_INIT; k++) {
			struct held_jail *j = &h->v[i];

			if (j->fds[k] < 0)
				continue;
			if (j->pids[k] == 0) {
				pid_t found;

				if (proc_fd < 0)
					proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
				found = process_pid_in_procfs(proc_fd, j->fds[k]);
				j->pids[k] = found > 0 ? found : 0;
			}
			if (j->pids[k] != pid || !is_child(j->fds[k], pid))
				continue;
			*ret_payload = k == HOLD_PROCESS;
			return j;
		}
	return NULL;
}

int held_hand_over(struct held_jail *j, int channel)
{
	struct keeper_message m = { .type = WIRE_HELD, .id = j->id, .value = j->value };
	int fds[_HOLD_MAX], r;
	size_t n = 0;

	for (uint32_t i = 0; i < _HOLD_MAX; i++)
		if (j->fds[i] >= 0) {
			m.flags |= 1U << i;
			fds[n++] = j->fds[i];
		}
	if (j->ended)
		m.flags |= HELD_ENDED;
	r = keeper_send(channel, &m, fds, n);
	if (r >= 0)
		j->told = j->ended;
	return r;
}

int held_tell_ends(struct held *h, int channel)
{
	for (size_t i = 0; i < h->n; i++) {
		struct held_jail *j = &h->v[i];
		const struct keeper_message m = { .type = WIRE_ENDED, .id = j->id, .value = j->value };
		int r;

		if (!j->ended || j->told)
			continue;
		r = keeper_send(channel, &m, NULL, 0);
		if (r < 0)
			return r;
		j->told = true;
	}
	return 0;
}
