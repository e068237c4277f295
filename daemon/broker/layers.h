/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Layers of confinement by name, from the launcher's masks of stages. */

#include <stdint.h>

/* Applied ones ("Seccomp"); and what was wanted but could not be applied, each as "Landlock: NetBindTcp= this
 * kernel lacks it". New lists. */
int layers_applied(uint32_t mask, char ***ret);
int layers_skipped(uint32_t applied, uint32_t lacking, char ***ret);
