/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Strict parsers for single values. The whole string must be the value: no sign where none is meant, no
 * spaces, no empty string, no overflow. All return 0, -EINVAL (not of this form) or -ERANGE (of this form,
 * but outside).
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Decimal digits only; no leading "+", no hexadecimal; "0" but not "00". */
int parse_u64(const char *s, uint64_t *ret);
int parse_u32(const char *s, uint32_t *ret);
/* Decimal in min..max, a leading "-" allowed. */
int parse_int(const char *s, int min, int max, int *ret);
/* A uid or gid: (uid_t)-1 and 65535 (the 16-bit "no id") are -ERANGE, as in systemd. */
int parse_uid(const char *s, uid_t *ret);
/* Octal mode 0..07777. */
int parse_mode(const char *s, mode_t *ret);
/* yes/no, true/false, on/off, 1/0, as systemd.syntax(7). */
int parse_bool(const char *s, bool *ret);
/* Bytes with suffix K, M, G, T (1024) or none; "infinity" is UINT64_MAX. */
int parse_size(const char *s, uint64_t *ret);
/* systemd.time(7) spans: "5", "5s", "2min 30s", "100ms", "infinity"; a bare number is seconds. In
 * microseconds. */
int parse_usec(const char *s, uint64_t *ret);
/* "SIGTERM", "TERM" or a number; 1..64. */
int parse_signal(const char *s, int *ret);
/* "SIGTERM"; "SIGRTMIN+3" as systemd writes it; NULL for a number that is no signal. Static or per-thread
 * storage. */
const char *signal_to_string(int sig);
/* Profile names: [a-z0-9][a-z0-9_-]{0,63}. */
bool profile_name_valid(const char *s);
/* Names of daemon stores: [A-Za-z0-9_][A-Za-z0-9_.-]*, up to STORE_NAME_MAX bytes. */
bool store_name_valid(const char *s);
/* A context of SELinux by its form, user:role:type[:range]; whether a policy has it, only the kernel knows.
 */
bool selinux_context_valid(const char *s);
/* Environment variable names: [A-Za-z_][A-Za-z0-9_]*. */
bool env_name_valid(const char *s, size_t len);
