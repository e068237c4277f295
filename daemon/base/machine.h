/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How large this machine is: what shares of it, as in MemoryMax=10%, are shares of; and when its memory runs
 * short. */

#include <stdint.h>

struct machine {
	uint64_t memory; /* bytes */
	uint64_t tasks;  /* that the kernel can have at a time */
};

/* @proc_fd: a procfs' root. */
int machine_measure(int proc_fd, struct machine *ret);
/* That many hundredths of a percent of a whole; never 0, which would be no limit but an end. */
uint64_t machine_share(uint64_t whole, uint64_t permyriad);
/* An fd that polls for POLLPRI when processes have waited for memory for a twentieth of two seconds: the
 * kernel's pressure stall information. -ENOENT, -EOPNOTSUPP: it has none. */
int machine_watch_memory(int proc_fd);
