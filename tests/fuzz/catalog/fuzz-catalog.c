/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The catalog's reader: what it takes must be the one encoding of what it understood. */

#include "catalog/catalog.h"
#include "catalog/format.h"

#include <string.h>

#define SIZE_AT (CATALOG_MAGIC_SIZE + sizeof(uint32_t))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size)
{
	_cleanup_(catalog_freep) struct catalog *c = NULL;
	_cleanup_(buf_done) struct buf back = BUF_INIT(CATALOG_MAX_BYTES);

	if (catalog_decode(data, size, &c) < 0)
		return;
	if (catalog_encode(c, &back) < 0 || back.size != size || memcmp(back.data, data, size) != 0)
		__builtin_trap();
	for (size_t i = 0; i < c->n_profiles; i++)
		if (catalog_index(c, c->profiles[i].name) != (int)i)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *fixed = NULL;
	uint64_t right = size;

	check(data, size);
	if (size < SIZE_AT + sizeof(right))
		return 0;
	/* once more with the size in the head set right, which a fuzzer rarely guesses */
	fixed = malloc(size);
	if (!fixed)
		return 0;
	memcpy(fixed, data, size);
	memcpy(fixed + SIZE_AT, &right, sizeof(right));
	check(fixed, size);
	return 0;
}
