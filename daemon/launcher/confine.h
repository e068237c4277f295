/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Leaves the launcher the capabilities that its work takes. */
int launcher_confine(void);
