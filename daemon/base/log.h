/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Diagnostics of the daemons, on standard error, one line each, with the priority prefix of sd-daemon(3) when
 * the journal reads it ($JOURNAL_STREAM), else with the program's name. Only mains and event handlers log.
 * Control characters in arguments are written as \xNN, so that no client can forge a line.
 */

#include <stdarg.h>
#include <syslog.h>

/* Sets the name and the most verbose level shown (LOG_ERR … LOG_DEBUG). @name is borrowed. */
void log_open(const char *name, int level);
void log_set_level(int level);
int log_get_level(void);
/* "error", "warning", "notice", "info", "debug" or 0–7. -EINVAL. */
int log_level_from_string(const char *s, int *ret);

void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As log_write, with ": " and the error's text appended. @error: negative errno. Returns error. */
int log_errno(int level, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(...)   log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)
