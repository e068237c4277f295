/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Makes the launcher undumpable and leaves it the capabilities that its work takes. */
int launcher_confine(void);
