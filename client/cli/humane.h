/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Numbers as people read them. Programs take JSON, which has them as they are. */

#include "cli/text.h"

#define HUMANE_MAX 64

/* "512B", "1.5K", "12.0G": of 1024, as memory is counted. */
void humane_size(uint64_t bytes, char ret[static HUMANE_MAX]);
/* "830us", "3ms", "1.234s", "2min 5s", "1h 30min", "3d 4h": two units at most. */
void humane_span(uint64_t usec, char ret[static HUMANE_MAX]);
/* "2026-01-31 12:00:00 UTC; 2min 5s ago", of CLOCK_REALTIME; empty for 0, which stands for never. */
void humane_time(uint64_t usec, char ret[static HUMANE_MAX]);

int table_put_size(struct table *t, uint64_t bytes);
int table_put_span(struct table *t, uint64_t usec);
