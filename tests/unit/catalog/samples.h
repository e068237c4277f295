/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Catalogs for tests and as seeds of the fuzzer. Free with catalog_free(). */

#include "catalog/catalog.h"

/* A profile with something in every field, an invalid one, and one that is as compiled_profile_init() makes
 * it. */
struct catalog *sample_catalog(void);
/* No profiles, no errors. */
struct catalog *empty_catalog(void);
