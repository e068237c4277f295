/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is known of each process and thread in a log, by its id. Knows no format. */

#include "seccomp/architecture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESS_ID_MAX ((1U << 22) - 1) /* PID_MAX_LIMIT of a 64-bit kernel, less one */

enum process_mode {
	PROCESS_MODE_UNKNOWN, /* as far as is known, that of the architecture that is learnt for */
	PROCESS_MODE_OWN,
	PROCESS_MODE_FOREIGN,
};

struct process {
	uint32_t number;   /* of the call that was begun, when .unfinished */
	uint8_t arguments; /* how many of its arguments were seen */
	bool unfinished;
	bool wanting; /* its tracked argument was not among them */
	bool seen;    /* it made a call */
	bool child;   /* another one made it */
	uint8_t mode; /* enum process_mode */
};

#define PROCESS_PAGES 256

struct processes {
	struct process *pages[PROCESS_PAGES];
};

void processes_done(struct processes *p);
/* The entry of an id up to PROCESS_ID_MAX, made when there is none; NULL when out of memory. */
struct process *process_get(struct processes *p, uint32_t id);
