/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Holds what policy_diff() reports against the verdicts of both policies, call by call. */

#include "seccomp/diff.h"

/* Whether a change of the kind is reported for the call, and where. @named: one of the policies names it. */
bool diff_reports(const struct diff *d, enum diff_kind kind, const struct architecture *a, bool named,
	const struct seccomp_data *call, const struct diff_region **ret);
/* The report must say of a call what comparing the two verdicts says. */
void diff_check_call(const struct policy *before, const struct policy *after, const struct diff *d,
	const struct seccomp_data *call);
