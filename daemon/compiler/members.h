/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The members of the groups that profiles let in, as the user database has them now. */

#include "catalog/compiled.h"

/*
 * Fills c->groups, for ExplainFor() alone. Nothing is let in by it, so a database that can not be read is no
 * error: there are fewer members then. -ENOMEM; -E2BIG for more than MEMBERS_MAX together.
 */
int members_collect(struct catalog *c);
