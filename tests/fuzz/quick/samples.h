/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Questions that are answered without sd-bus: their headers, and bodies that are answered so. */

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	QUESTION_SANDBOXES,
	QUESTION_SANITIZE,
	QUESTION_EXPLAIN,
	QUESTIONS,
	CALLERS = 4
};

/* Connections on the bus that is played. */
extern const char *const sample_callers[CALLERS];

/* Which question this method is, or -1. */
int sample_find(const char *member);
/* Up to the body, which follows. */
void sample_header(int question, size_t caller, struct buf *ret);
/* One that is answered without sd-bus whoever asks. */
void sample_body(int question, struct buf *ret);
/* Bodies, good and bad; false: there are no more. */
bool sample_seed(size_t i, int *ret_question, struct buf *ret);
