/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The line of the kernel's audit log that stands for a record of the broker's: NAME=VALUE pairs in the form
 * that auditd's tools read. Numbers are written as numbers; a text that could be taken for anything but a
 * value is written in hexadecimal digits, as the kernel does with names of files. bailiff.journal-fields(7).
 */

#include "wire/audit.h"

#include <stddef.h>

#define AUDIT_LINE_MAX                                                                                       \
	4096 /* every text in digits, and all numbers at their longest; the kernel takes 8560 */

/* Always ends with a NUL. Returns the length. */
size_t audit_line(char line[AUDIT_LINE_MAX], const struct audit_message *m);
/* The auditor's own: that it began, or how many records it left out. */
size_t audit_line_own(char line[AUDIT_LINE_MAX], const char *op, unsigned long suppressed);
