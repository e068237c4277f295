/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From now on the processor is left to others for a moment, after each half millisecond on it in the first
 * 200 ms, and after two later: only where the keeper has us stand back (SCHED_BATCH), as it does for a
 * reload. To be called before confine().
 */
void give_way(void);
/* The heap, of which nothing may be used any more, goes in pieces: the kernel would take it away in one go,
 * and hear of no signal meanwhile. Nothing to do where give_way() had nothing to do. _exit(2) is to follow.
 */
void give_back(void);
