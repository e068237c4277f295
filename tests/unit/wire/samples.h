/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One good record of each message, for tests and as seeds of the fuzzer. */

#include "wire/messages.h"

/* Decodes the body of a record of one type, encodes what came out, and frees it. 0, or the decoder's error.
 */
typedef int (*recode_fn)(struct cursor *c, uint32_t serial, struct buf *ret);

struct sample {
	const char *name;
	uint32_t type;
	int (*encode)(struct buf *b, uint32_t serial);
	recode_fn recode;
};

extern struct sample samples[];
extern const size_t n_samples;
