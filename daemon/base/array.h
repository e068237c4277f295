/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Growing arrays: room is doubled, so that appending n elements costs O(n). */

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_FIRST_ALLOCATION 8 /* elements; most arrays here stay below */

/*
 * Makes room for at least @need elements of @size bytes in the array that *p points to (any pointer type;
 * NULL for an empty one), of which there is room for *allocated. New room is not initialised. -ENOMEM leaves
 * both as they were.
 */
static inline int array_reserve(void *p, size_t *allocated, size_t need, size_t size)
{
	size_t n = *allocated > 0 ? *allocated : ARRAY_FIRST_ALLOCATION;
	void *array;

	if (need <= *allocated)
		return 0;
	while (n < need) {
		if (n > SIZE_MAX / 2)
			return -ENOMEM;
		n *= 2;
	}
	memcpy(&array, p, sizeof(array)); /* the caller's type is not ours: no access through void ** */
	array = reallocarray(array, n, size);
	if (!array)
		return -ENOMEM;
	memcpy(p, &array, sizeof(array));
	*allocated = n;
	return 0;
}
