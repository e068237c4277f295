/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Every decision as one structured record in the journal, by its native protocol: who asked for what, what
 * was answered, and by which rule. bailiff.journal-fields(7) has the fields. Values that come from outside
 * are sent with their length, so that none can begin a field of its own; argv is never among them, nor
 * quoted in the sentence, unless bailiffd.conf says so. Without a journal the sentence of the record goes to
 * the log. With KernelAudit=yes each record goes to the auditor as well, for the kernel's log.
 *
 * Refusals cost a caller nothing, so only so many of each user are written in a while. The others are
 * counted, and the count is written.
 */

#include "broker/caller.h"
#include "wire/audit.h"

#include <systemd/sd-event.h>

/* What is NULL or 0 is left out. Everything is borrowed. */
struct audit_record {
	enum audit_event event;
	const struct caller *caller; /* if it is still there */
	uid_t uid;                   /* else whose sandbox or connection it was; (uid_t)-1: not known */
	const char *profile;
	uint32_t generation;
	uint64_t sandbox;
	const char *outcome; /* an error's name, a sandbox' result; NULL: done */
	const char *rule;
	const char *method;
	const char *command_line;
	int exit_code, exit_signal;
	uint32_t suppressed;
};

#define AUDIT_USERS_MAX 64 /* whose refusals are counted apart at one time */

struct audit_window {
	uid_t uid;
	uint64_t begin_usec;
	uint32_t n, suppressed;
};

struct audit {
	int fd; /* the journal's socket, or -1 */
	sd_event_source *timer;
	struct audit_window windows[AUDIT_USERS_MAX];
	size_t n_windows;
	uint32_t n_lost;        /* records that the journal had no room for */
	bool kernel_wanted;     /* KernelAudit=yes */
	int kernel_fd;          /* to the auditor, or -1: there is none */
	uint32_t n_kernel_lost; /* records that the auditor did not take */
};

#define AUDIT_REASON_MAX 256
/*
 * Why a launch was refused, as a record may say it: the sentence that the caller got, or where that may
 * quote arguments or variables and they are not wanted (quote), the error and the rule. May return buf.
 */
const char *audit_reason(
	char buf[AUDIT_REASON_MAX], const char *outcome, const char *rule, const char *sentence, bool quote);

#define AUDIT_NULL ((struct audit){ .fd = -1, .kernel_fd = -1 })

/* A connected socket, or -errno; must be called while there is a file system. */
int audit_open(const char *path);
/* Whether records go to the auditor as well; if not, the one that there was is let go. */
void audit_want_kernel(struct audit *a, bool wanted);
/* The auditor from now on; -1: none. Takes fd. */
void audit_set_kernel(struct audit *a, int fd);
/* Writes a record with a sentence for people. Never fails, never waits. */
void audit_write(struct audit *a, sd_event *event, const struct audit_record *r, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Writes what was counted so far. */
void audit_flush(struct audit *a);
void audit_done(struct audit *a);
