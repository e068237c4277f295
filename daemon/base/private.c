/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/private.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, size)   ((void)(p), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(p, size) ((void)(p), (void)(size))
#define __lsan_register_root_region(p, size) ((void)(p), (void)(size))
#endif

#define UNIT      32U
#define UNITS_MAX 64U /* of one block: larger ones are malloc(3)'s */

/* Before each block. Freed blocks of a size are in a list, the last one first: its page is the likeliest to
 * be there. */
struct head {
	_Alignas(max_align_t) size_t units;
	struct head *next;
};

static struct {
	uint8_t *data;
	size_t size, used;
	struct head *freed[UNITS_MAX + 1];
} area;

void private_open(size_t size)
{
	void *data;

	if (area.data)
		return;
	data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED)
		return;
	if (madvise(data, size, MADV_DONTFORK) < 0) {
		(void)munmap(data, size);
		return;
	}
	/* where all memory comes in pages of two megabytes a little would take that much */
	(void)madvise(data, size, MADV_NOHUGEPAGE);
	area.data = data;
	area.size = size;
	__lsan_register_root_region(data, size);
}

static struct head *take(size_t units)
{
	struct head *h = area.freed[units];

	if (h) {
		area.freed[units] = h->next;
		return h;
	}
	if (units * UNIT > area.size - area.used)
		return NULL;
	h = (struct head *)(void *)(area.data + area.used);
	area.used += units * UNIT;
	h->units = units;
	return h;
}

void *private_calloc(size_t size)
{
	const size_t units = size / UNIT + (sizeof(struct head) + size % UNIT + UNIT - 1) / UNIT;
	struct head *h = units <= UNITS_MAX ? take(units) : NULL;

	if (!h)
		return calloc(1, size);
	ASAN_UNPOISON_MEMORY_REGION(h + 1, units * UNIT - sizeof(*h));
	return memset(h + 1, 0, size);
}

char *private_strdup(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = private_calloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

static bool is_ours(const void *p)
{
	const uintptr_t at = (uintptr_t)p, data = (uintptr_t)area.data;

	return area.data && at >= data && at - data < area.size;
}

void private_free(void *p)
{
	struct head *h = p;

	if (!is_ours(p)) {
		free(p);
		return;
	}
	h--;
	h->next = area.freed[h->units];
	area.freed[h->units] = h;
	ASAN_POISON_MEMORY_REGION(p, h->units * UNIT - sizeof(*h));
}
