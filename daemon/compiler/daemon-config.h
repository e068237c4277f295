/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* bailiffd.conf: bailiffd.conf(5). */

#include "catalog/compiled.h"
#include "profile/store.h"

#define CONFIG_FILE "bailiffd.conf"

/* Reads it with its drop-ins; without any, the defaults. @draft: may be NULL. -EBADMSG after diagnosing,
 * -ENOMEM; *ret is set by compiled_config_init() at least, and compiled_config_done() in every case. */
int config_load(const struct places *places, const struct draft *draft, struct diagnostics *d,
	struct compiled_config *ret);
