/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Layers of confinement by name, from the launcher's masks of stages. */

#include "broker/body.h"
#include "catalog/compiled.h"
#include "plan/plan.h"

#include <stdint.h>

/* Applied ones ("Seccomp"); and what was wanted but could not be applied, each as "Landlock: NetBindTcp= this
 * kernel lacks it". New lists. */
int layers_applied(uint32_t mask, char ***ret);
int layers_skipped(uint32_t applied, uint32_t lacking, char ***ret);
/* Both, as {sv} of those names. */
int layers_append(
	struct writer *w, const char *applied_key, const char *skipped_key, uint32_t mask, uint32_t lacking);
/* Those that a profile asks for. A new list. */
int layers_wanted(const struct compiled_profile *p, char ***ret);
/* Those, and what options of a launch ask for on top. A new list. */
int layers_of_launch(const struct compiled_profile *p, const struct jail_spec *spec, char ***ret);
