/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Records of the live and retained sandboxes in a memfd that outlives the launcher: the launcher writes and
 * reads them, the keeper only keeps the memfd. A record is written beside the one before it and has a sum
 * over itself, so whoever is killed in the middle leaves the one before. Knows nothing of what a record says,
 * see wire/kept.h.
 */

#include "base/bounds.h"
#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

#define TABLE_SLOTS      SANDBOXES_MAX
#define TABLE_RECORD_MAX 8160U /* the longest that encode_kept() makes has about 7,000 */

/* A fresh table of empty slots: a memfd whose size is sealed. */
int table_make(int *ret_fd);
/* 0, or -EBADF: no memfd that table_make() made. */
int table_check(int fd);
/* Puts a record into a slot. @sequence: one more than that of the record before, in this slot. */
int table_write(int fd, uint32_t slot, uint32_t sequence, const struct buf *record);
/* The record that was written last and is whole. -ENOENT: the slot is empty. -EBADMSG: it is not, and holds
 * no record. */
int table_read(
	int fd, uint32_t slot, uint8_t record[TABLE_RECORD_MAX], size_t *ret_size, uint32_t *ret_sequence);
/* Empties a slot, and gives its memory back. */
int table_erase(int fd, uint32_t slot);
/* The same where the last record is known: the memory of the first slots stays, for the next records there.
 * Who is killed in the middle leaves that record. */
int table_forget(int fd, uint32_t slot, uint32_t sequence);
