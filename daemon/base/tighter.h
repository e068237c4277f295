/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the options of one launch make stricter than the profile has it: as a caller asks for it, the private
 * protocol carries it and the plan judges it. All zero asks for nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#define NICE_LOW       (-20)
#define NICE_HIGH      19
#define OOM_SCORE_LOW  (-1000)
#define OOM_SCORE_HIGH 1000

struct tighter {
	uint64_t memory_max; /* bytes; 0: not given, as the next two; UINT64_MAX: infinity, as the next */
	uint64_t tasks_max;
	uint64_t cpu_quota; /* hundredths of a percent of a processor */
	bool has_nice, has_oom_score_adjust;
	int32_t nice, oom_score_adjust;
	uint64_t drop_capabilities; /* mask by number */
	bool no_network;
};
