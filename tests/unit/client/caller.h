/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A user of the library on the bus of the stand-in: what its tests begin with. */

#include "bailiff/bailiff.h"
#include "stand-in.h"

#define NOBODY 65534

/* For cmocka: *state is a struct stand_in. */
int set_up(void **state);
int tear_down(void **state);
bailiff_connection *connect_to(struct stand_in *s);
int launch(bailiff_connection *c, const char *profile, bailiff_sandbox **ret);
