/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/state.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "wire/kept.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Tests build the program with a version that does not exist yet. */
#ifndef STATE_VERSION
#define STATE_VERSION 1U
#endif
#define STATE_OLDEST 1U
#define STATE_MAX    (sizeof(struct head) + HELD_MAX * sizeof(struct entry))

static const char magic[8] = { 'b', 'a', 'i', 'l', 'i', 'f', 'f', 'd' };

enum {
	FD_LIFELINE,
	FD_NULL,
	FD_HOST_PROC,
	FD_HOST_MOUNTS,
	FD_DIR,
	FD_LOCK,
	FD_DIRECT,
	FD_UIDS,
	FD_CGROUP_PARENT,
	FD_CGROUP,
	FD_TABLE,
	FD_RATES,
	_FD_MAX,
};

/* Fixed up to and with the size; behind that, later versions may have more, which is 0 for those before. */
struct head {
	char magic[8];
	uint32_t version, kept_version;
	uint32_t size, n_held; /* bytes of the head; entries behind it */
	uint32_t uid, gid, generation, peer_serial;
	uint64_t watchdog_usec;
	int32_t fds[_FD_MAX];
	char cgroup_name[sizeof(((struct runtime *)NULL)->cgroup_name)];
#if STATE_VERSION > 1
	uint32_t of_the_next_version;
#endif
};

struct entry {
	uint64_t id;
	int32_t fds[_HOLD_MAX];
	uint32_t value;
	uint32_t ended;
};

#define HEAD_FIXED offsetof(struct head, uid)

/* Where each of the fds is. -1 is fine for those that may be missing. */
static void list_fds(struct keeper *k, int *ret[_FD_MAX])
{
	ret[FD_LIFELINE] = &k->lifeline;
	ret[FD_NULL] = &k->null_fd;
	ret[FD_HOST_PROC] = &k->host_proc_fd;
	ret[FD_HOST_MOUNTS] = &k->host_mounts_fd;
	ret[FD_DIR] = &k->runtime.dir_fd;
	ret[FD_LOCK] = &k->runtime.lock_fd;
	ret[FD_DIRECT] = &k->runtime.direct_fd;
	ret[FD_UIDS] = &k->runtime.uids_fd;
	ret[FD_CGROUP_PARENT] = &k->runtime.cgroup_parent_fd;
	ret[FD_CGROUP] = &k->runtime.cgroup_fd;
	ret[FD_TABLE] = &k->held.table_fd;
	ret[FD_RATES] = &k->rates_fd;
}

int state_write(const struct keeper *k, int *ret_fd)
{
	struct keeper copy = *k; /* for the places alone */
	_cleanup_(buf_done) struct buf b = BUF_INIT(STATE_MAX);
	int *fds[_FD_MAX];
	struct head h = { .version = STATE_VERSION,
		.kept_version = KEPT_VERSION,
		.size = sizeof(h),
		.n_held = (uint32_t)k->held.n,
		.uid = k->uid,
		.gid = k->gid,
		.generation = k->generation,
		.peer_serial = k->peer_serial,
		.watchdog_usec = k->watchdog_usec };
	int r;

	memcpy(h.magic, magic, sizeof(magic));
	memcpy(h.cgroup_name, k->runtime.cgroup_name, sizeof(h.cgroup_name));
	list_fds(&copy, fds);
	for (size_t i = 0; i < _FD_MAX; i++)
		h.fds[i] = *fds[i];
	buf_put(&b, &h, sizeof(h));
	for (size_t i = 0; i < k->held.n; i++) {
		const struct held_jail *j = &k->held.v[i];
		struct entry e = { .id = j->id, .value = j->value, .ended = j->ended };

		for (size_t n = 0; n < _HOLD_MAX; n++)
			e.fds[n] = j->fds[n];
		buf_put(&b, &e, sizeof(e));
	}
	r = buf_error(&b);
	return r < 0 ? r : memfd_sealed("bailiffd-state", b.data, b.size, ret_fd);
}

/* Lengths and versions, before anything in it is believed. The rest of a shorter head is 0. */
static int read_head(const uint8_t *data, size_t size, struct head *ret, const char **reterr_why)
{
	struct head h = { .size = 0 };

	*reterr_why = "it is no state of bailiffd";
	if (size < HEAD_FIXED)
		return -EBADMSG;
	memcpy(&h, data, HEAD_FIXED);
	if (memcmp(h.magic, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	*reterr_why = "it is of a version that this program does not know";
	if (h.version < STATE_OLDEST || h.version > STATE_VERSION)
		return -EPROTONOSUPPORT;
	*reterr_why = "sandboxes are written down in a form that this version does not know";
	if (h.kept_version != KEPT_VERSION)
		return -EPROTONOSUPPORT;
	*reterr_why = "its parts do not fit together";
	if (h.size < HEAD_FIXED || h.size > sizeof(h) ||
		(h.version == STATE_VERSION && h.size != sizeof(h)) || h.n_held > HELD_MAX ||
		size != h.size + h.n_held * sizeof(struct entry))
		return -EBADMSG;
	memcpy(&h, data, h.size);
	if (memchr(h.cgroup_name, '\0', sizeof(h.cgroup_name)) == NULL || h.uid == 0 || h.gid == 0)
		return -EBADMSG;
	*ret = h;
	return 0;
}

static int take_fd(int32_t number, int *ret)
{
	if (number < 0) {
		*ret = -1;
		return 0;
	}
	*ret = number;
	return number > STDERR_FILENO ? fd_set_cloexec(number, true) : -EBADF;
}

static int take_jail(const struct entry *e, struct held *held)
{
	struct keeper_message m = { .type = WIRE_HOLD, .id = e->id };
	int fds[KEEPER_FDS_MAX], r = e->id == 0 ? -EBADMSG : 0;
	size_t n = 0;

	for (uint32_t i = 0; r >= 0 && i < _HOLD_MAX; i++) {
		if (e->fds[i] < 0)
			continue;
		m.flags |= 1U << i;
		r = take_fd(e->fds[i], &fds[n++]);
	}
	if (r >= 0)
		r = held_take(held, &m, fds);
	if (r < 0)
		return r;
	held->v[held->n - 1].ended = e->ended;
	held->v[held->n - 1].value = e->value;
	return 0;
}

static int take(const struct head *h, const uint8_t *entries, struct keeper *k)
{
	int *fds[_FD_MAX], r = 0;

	k->uid = h->uid;
	k->gid = h->gid;
	k->generation = h->generation;
	k->peer_serial = h->peer_serial;
	k->watchdog_usec = h->watchdog_usec;
	memcpy(k->runtime.cgroup_name, h->cgroup_name, sizeof(k->runtime.cgroup_name));
	list_fds(k, fds);
	for (size_t i = 0; r >= 0 && i < _FD_MAX; i++)
		r = take_fd(h->fds[i], fds[i]);
	for (size_t i = 0; r >= 0 && i < h->n_held; i++) {
		struct entry e;

		memcpy(&e, entries + i * sizeof(e), sizeof(e));
		r = take_jail(&e, &k->held);
	}
	return r;
}

/* @k: NULL to look only. */
static int look(int fd, struct keeper *k, const char **reterr_why)
{
	const void *data;
	struct head h;
	size_t size;
	int r;

	*reterr_why = "it is no sealed memory file";
	r = memfd_map_sealed(fd, STATE_MAX, &data, &size);
	if (r < 0)
		return r;
	r = read_head(data, size, &h, reterr_why);
	if (r >= 0 && k) {
		*reterr_why = "a file descriptor that it names is not open";
		r = take(&h, (const uint8_t *)data + h.size, k);
	}
	(void)munmap((void *)(uintptr_t)data, size);
	return r;
}

int state_check(int fd, const char **reterr_why)
{
	return look(fd, NULL, reterr_why);
}

int state_read(int fd, struct keeper *k, const char **reterr_why)
{
	return look(fd, k, reterr_why);
}

int state_set_cloexec(const struct keeper *k, bool on)
{
	struct keeper copy = *k;
	int *fds[_FD_MAX], r = 0;

	list_fds(&copy, fds);
	for (size_t i = 0; r >= 0 && i < _FD_MAX; i++)
		r = *fds[i] >= 0 ? fd_set_cloexec(*fds[i], on) : 0;
	for (size_t i = 0; i < k->held.n; i++)
		for (size_t n = 0; r >= 0 && n < _HOLD_MAX; n++)
			if (k->held.v[i].fds[n] >= 0)
				r = fd_set_cloexec(k->held.v[i].fds[n], on);
	return r;
}
