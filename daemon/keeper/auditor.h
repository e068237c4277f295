/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The auditor: a child of the keeper's that runs while KernelAudit=yes is in force. It reads records of one
 * size from the broker, and writes a line for each into the kernel's audit log. It is the user bailiff with
 * CAP_AUDIT_WRITE, and can do nothing else: a few system calls, no file, no network.
 */

#include "wire/audit.h"

/* So many at once, and then so many a second: a broker that was taken over can not bury the log. It is above
 * what the daemon's own work comes to. */
#define AUDITOR_BURST      1000U
#define AUDITOR_PER_SECOND 500U

/* Of the line that is written with it: AUDIT_TRUSTED_APP, "free text of a trusted application". */
#define AUDITOR_RECORD_TYPE 1121

/* How many lines may be written at this time; auditor.c's own, seen by tests. */
struct auditor_rate {
	uint64_t filled_usec; /* tokens are right at this time */
	uint32_t tokens;
};

/* Takes one; false: too many. */
bool auditor_admit(struct auditor_rate *r, uint64_t now_usec);

/*
 * In a child whose ids and capabilities are the auditor's already. @channel: to the keeper, and from the
 * broker. Serves until the other ends are closed. Returns the exit status.
 */
int auditor_run(int channel);
