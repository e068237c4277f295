/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "keeper/keeper.h"

/* What a helper has sent, so many records at most; closes the channel at its end. */
void hear_helper(struct keeper *k, enum helper which);
/* One byte of the stub, or that it is gone: then the keeper stops too. */
void hear_lifeline(struct keeper *k);
/* Requests by signal, and the ends of processes. */
void hear_signals(struct keeper *k);
