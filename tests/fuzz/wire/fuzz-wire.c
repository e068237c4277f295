/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every decoder of the private protocol. The first byte picks one, the rest is the record's body. What a
 * decoder takes must be the one encoding of what it understood.
 */

#include "tests/unit/wire/samples.h"

#include <string.h>

#define SERIAL 1U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_done) struct buf back = BUF_INIT(WIRE_RECORD_MAX);
	struct cursor c;
	size_t head = 2 * sizeof(uint32_t);

	if (size == 0 || size > WIRE_RECORD_MAX - head)
		return 0;
	c = CURSOR_INIT(data + 1, size - 1);
	if (samples[data[0] % n_samples].recode(&c, SERIAL, &back) < 0)
		return 0;
	if (back.size != head + size - 1 || memcmp(back.data + head, data + 1, size - 1) != 0)
		__builtin_trap();
	return 0;
}
