/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the child writes into its report pipe: at most one record "own table" and one "built", where the
 * launcher waits for that or has to be waited for, then one failure or nothing. The pipe is close-on-exec, so
 * a successful exec shows as end of file after "built". Both also go into a page that is shared: "built"
 * always, so that the launcher need not be woken up by it, and a failure: once the filter is loaded, writing
 * to a pipe may be what it forbids. The jail's init has a record there, too, and no pipe: where it fails, the
 * payload dies with the namespace, at any point.
 */

#include "jail/jail.h"

struct report {
	int32_t stage; /* enum jail_stage; STAGE_NONE: built, waiting to go */
	int32_t error;
	uint32_t callers; /* as in struct jail_error */
	uint32_t table;   /* of the payload's descriptors: see report_table() */
	char object[JAIL_OBJECT_MAX];
	struct stage_times times; /* in the shared ones */
};

/* Who writes which of the records that are shared. */
enum {
	REPORT_PAYLOAD,
	REPORT_INIT,
	_REPORT_MAX,
};

/* In the init's record: it has confined itself; in the payload's: it is built. (Errors are negative.) */
#define REPORT_READY 1
/* In a record that is written: the payload has its own table of descriptors. */
#define REPORT_TABLE 2

/* _REPORT_MAX empty records, in memory that will be shared with children; or, where these share all of it, in
 * the launcher's own. */
int report_make(struct jail *j, bool own);
/* The same in a page that can be handed over. Returns its fd, which is the caller's. */
int report_make_fd(struct jail *j);
/* 0 while the jail's init has not failed, else its negative errno. */
int report_of_init(const struct jail *j, struct jail_error *reterr);
/* In either, about itself. */
void report_ready(struct report *own);
/* In the payload, which waits for the init. Where the init fails, the kernel ends the wait. */
void report_await_ready(const struct report *init);
/* Both children are made: others that come have none of it. Where the kernel has no memory for that they do.
 */
void report_keep(struct jail *j);
/* The next ones do, until it is kept again. */
void report_show(struct jail *j);
/* None, if there are any. */
void report_end(struct jail *j);
