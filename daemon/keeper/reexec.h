/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Handing over to another version of the program, and taking over from one. */

#include "keeper/keeper.h"

/* Does not come back if the installed programs are others than those that run and can take over, unless a
 * reload is asked for, which comes first. */
void reexec(struct keeper *k);
/* In the program that was handed over to: takes the fd of a state, also on failure. */
int resume(struct keeper *k, int state_fd);
