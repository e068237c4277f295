/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How a violation is shown, by violations, monitor and attach alike. */

#include "bailiff/bailiff.h"
#include "cli/json.h"

#define VIOLATION_TIME_SIZE 64

/* Its members, into an object that is open. */
void violation_json(struct json *j, uint64_t id, const bailiff_violation *v);
