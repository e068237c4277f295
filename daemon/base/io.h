/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whole reads and writes, small files, sealed memory files, clocks. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads until size bytes or end of file; returns the bytes read. Restarts after signals. */
ssize_t read_full(int fd, void *data, size_t size);
/* Writes all or fails. */
int write_full(int fd, const void *data, size_t size);
/* A fresh buffer with the file's bytes and a NUL after them. A file of more than max bytes is -EFBIG, found
 * without reading more than max + 1 bytes, so that /dev/zero can not eat memory. */
int read_fd_to_end(int fd, size_t max, char **ret_data, size_t *ret_size);
/* Makes a memfd with these bytes, sealed against every change (F_SEAL_SEAL, SHRINK, GROW, WRITE). */
int memfd_sealed(const char *name, const void *data, size_t size, int *ret_fd);
/* Checks that fd is a memfd with all four seals and 1..max bytes, and maps it read-only. Unmap with
 * munmap(2). */
int memfd_map_sealed(int fd, size_t max, const void **ret_data, size_t *ret_size);
/* CLOCK_BOOTTIME and CLOCK_REALTIME in microseconds. */
uint64_t now_boottime_usec(void);
uint64_t now_realtime_usec(void);
/* USEC_INFINITY if either is, or it would be more. */
uint64_t usec_add(uint64_t a, uint64_t b);
