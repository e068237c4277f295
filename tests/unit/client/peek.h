/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The inside of library objects, for tests of bailiffctl: its headers and the library's internal one do not
 * mix. */

#include "bailiff/bailiff.h"

/* May be NULL. */
char *const *peek_request_argv(const bailiff_request *r);
