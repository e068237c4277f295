/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* cmocka with the headers that it wants before it, and what the unit tests share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
