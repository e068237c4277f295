/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "keeper/keeper.h"

/* The broker asks for a socket that is connected to the bus: it gets one, if the bus is there. -EBADMSG: a
 * broker that has no reason to ask. */
int bus_is_wanted(struct keeper *k);
