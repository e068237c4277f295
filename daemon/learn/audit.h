/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Records of the kernel's audit: as auditd(8) writes them, as the kernel's log has them, and as the journal
 * shows them. A SECCOMP record names the call only; a SYSCALL record has its first four arguments, too.
 */

#include "learn/learn.h"
#include "learn/processes.h"

#define AUDIT_COMM_MAX 15 /* bytes of a name that the kernel keeps of a process */
#define AUDIT_ID_MAX   64 /* bytes of "1700000000.123:4567" and to spare */

struct audit_options {
	const char *comm; /* of the process as ps(1) has it, compared up to AUDIT_COMM_MAX bytes; NULL: any */
	const char *exe;  /* path of the program; NULL: any */
	bool ignore_unknown; /* do not stop at many problems */
};

struct audit_reader {
	struct learning *learning;
	struct audit_options options;
	struct processes processes;
	/* The last event: several records can tell of one call. */
	char id[AUDIT_ID_MAX];
	uint32_t number;
	bool had_argument;
};

void audit_reader_init(
	struct audit_reader *r, struct learning *learning, const struct audit_options *options);
void audit_reader_done(struct audit_reader *r);
/*
 * Reads a log to its end. Lines without an audit record, and records of other kinds, are passed over; one of
 * the two kinds that lacks what it must have is a problem. Returns as strace_read().
 */
int audit_read(struct audit_reader *r, int fd, const char *name);
