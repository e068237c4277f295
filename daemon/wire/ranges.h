/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Ranges that decoders check and that other layers' enums define. Wire may not include those layers;
 * tests/unit/wire asserts at compile time that the numbers are still theirs.
 */

#include "base/buf.h"

#define WIRE_STDIO_MAX   5U         /* STDIO_JOURNAL: a request can not ask to inherit */
#define WIRE_STDIO_UNSET UINT32_MAX /* PLAN_STDIO_UNSET */
#define WIRE_REFUSAL_MAX 11U        /* REFUSAL_BUSY */
#define WIRE_STAGE_MAX   12U        /* STAGE_EXEC */
#define WIRE_LACK_MAX    14U        /* LACK_SELINUX_ENFORCE */
#define WIRE_RESOURCES   16U        /* RLIM_NLIMITS of the kernel */
#define WIRE_QUOTA_MAX   81920000U  /* GROUP_QUOTA_MAX */
#define WIRE_SIGNAL_MAX  64         /* _NSIG of the kernel */
#define WIRE_ERRNO_MAX   4095       /* MAX_ERRNO of the kernel */
#define WIRE_PATH_MAX    4095U      /* PATH_MAX less its NUL */
#define WIRE_UNIT_MAX    511U       /* UNIT_MAX of base/unit-name.h */
#define WIRE_RULE_MAX    255U       /* plan_result.rule, with room */
#define WIRE_MESSAGE_MAX 1023U      /* PLAN_MESSAGE_MAX, with room for a stage's object and the error text */

/* The head of every record. */
void put_head(struct buf *b, uint32_t type, uint32_t serial);
/* A sandbox id: never 0. */
uint64_t get_id(struct cursor *c);
/* A uid or gid: never (uid_t)-1, "no change". */
uint32_t get_uid(struct cursor *c);
/* 0..TIMEOUT_USEC_MAX, or USEC_INFINITY. */
uint64_t get_timeout(struct cursor *c);
/* min..64 */
int32_t get_signal(struct cursor *c, int32_t min);
/* 0 or a negative errno. */
int32_t get_error(struct cursor *c);
/* What was used, in a record's middle. What is not known is 0. */
struct usage;
void put_usage(struct buf *b, const struct usage *m);
void get_usage(struct cursor *c, struct usage *m);
struct violation;
void put_violation(struct buf *b, const struct violation *m);
void get_violation(struct cursor *c, struct violation *m);
#define WIRE_VIOLATION_SIZE (8U + 4U + 4U + 8U + 6U * 8U + 1U)
/* A terminal's: each number below 2^16. */
void put_size(struct buf *b, uint16_t rows, uint16_t columns);
void get_size(struct cursor *c, uint16_t *ret_rows, uint16_t *ret_columns);
/* The string, cut at a character's border to at most max bytes: what people read may lose its end, but must
 * not make the peer refuse the record. */
void put_clipped(struct buf *b, const char *s, size_t max);
