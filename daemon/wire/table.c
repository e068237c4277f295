/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/table.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC     0x454c4942U /* that something is there at all */
#define HALF_SIZE 8192
#define SLOT_SIZE (2 * HALF_SIZE)
#define SLOTS_READY                                                                                          \
	256 /* keep their memory, 2 MB, when they are forgotten: as MaxRetainedPerUser=, and more */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Two of them are a slot; the one with the later sequence counts, if its sum is right. Numbers that come to
 * their end begin again. */
struct half {
	uint32_t magic, sequence, size, reserved;
	uint64_t sum;
	uint8_t record[TABLE_RECORD_MAX];
};

_Static_assert(sizeof(struct half) <= HALF_SIZE, "a half has a place of its own");
#define HEAD_SIZE offsetof(struct half, record)

static off_t place(uint32_t slot, uint32_t half)
{
	return (off_t)slot * SLOT_SIZE + (off_t)half * HALF_SIZE;
}

/* FNV-1a: against what was written in part, not against who would forge. */
static uint64_t sum_of(const struct half *h)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ h->sequence;

	for (uint32_t i = 0; i < h->size; i++)
		sum = (sum ^ h->record[i]) * UINT64_C(0x100000001b3);
	return sum;
}

int table_make(int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create("bailiff-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, place(TABLE_SLOTS, 0)) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return errno_or_eio();
	*ret_fd = steal_fd(fd);
	return 0;
}

int table_check(int fd)
{
	struct stat st;

	if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) < 0)
		return -EBADF;
	return S_ISREG(st.st_mode) && st.st_size == place(TABLE_SLOTS, 0) ? 0 : -EBADF;
}

int table_write(int fd, uint32_t slot, uint32_t sequence, const struct buf *record)
{
	struct half h = { .magic = MAGIC, .sequence = sequence, .size = (uint32_t)record->size };
	int r = buf_error(record);
	size_t n;
	ssize_t k;

	if (r < 0)
		return r;
	if (slot >= TABLE_SLOTS || record->size > sizeof(h.record))
		return -EMSGSIZE;
	memcpy(h.record, record->data, record->size);
	h.sum = sum_of(&h);
	n = HEAD_SIZE + record->size;
	k = pwrite(fd, &h, n, place(slot, sequence % 2));
	return k == (ssize_t)n ? 0 : k < 0 ? errno_or_eio() : -EIO;
}

/* 1: a record. 0: nothing was ever there. -EBADMSG: what is there is none. */
static int read_half(int fd, uint32_t slot, uint32_t which, struct half *h)
{
	ssize_t n = pread(fd, h, HEAD_SIZE, place(slot, which));

	if (n != (ssize_t)HEAD_SIZE)
		return n < 0 ? errno_or_eio() : -EBADMSG;
	/* most are so: the rest is not even looked at */
	if (h->magic == 0 && h->size == 0 && h->sum == 0)
		return 0;
	if (h->magic != MAGIC || h->size > sizeof(h->record) || h->sequence % 2 != which)
		return -EBADMSG;
	n = pread(fd, h->record, h->size, place(slot, which) + (off_t)HEAD_SIZE);
	if (n != (ssize_t)h->size)
		return n < 0 ? errno_or_eio() : -EBADMSG;
	return h->sum == sum_of(h) ? 1 : -EBADMSG;
}

int table_read(
	int fd, uint32_t slot, uint8_t record[TABLE_RECORD_MAX], size_t *ret_size, uint32_t *ret_sequence)
{
	struct half h;
	int bad = -ENOENT;
	bool found = false;

	if (slot >= TABLE_SLOTS)
		return -EINVAL;
	for (uint32_t i = 0; i < 2; i++) {
		int r = read_half(fd, slot, i, &h);

		if (r < 0)
			bad = r;
		if (r <= 0 || (found && (int32_t)(h.sequence - *ret_sequence) < 0))
			continue;
		found = true;
		memcpy(record, h.record, h.size);
		*ret_size = h.size;
		*ret_sequence = h.sequence;
	}
	return found ? 0 : bad;
}

int table_forget(int fd, uint32_t slot, uint32_t sequence)
{
	static const uint8_t nothing[HEAD_SIZE];

	for (uint32_t i = 1; slot < SLOTS_READY && i <= 2; i++)
		if (pwrite(fd, nothing, HEAD_SIZE, place(slot, (sequence + i) % 2)) != (ssize_t)HEAD_SIZE)
			return table_erase(fd, slot);
	return slot < SLOTS_READY ? 0 : table_erase(fd, slot);
}

int table_erase(int fd, uint32_t slot)
{
	return RET_ERRNO(
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, place(slot, 0), (off_t)SLOT_SIZE));
}
