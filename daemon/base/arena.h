/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Memory for a structure of many parts that is built once, then only read, and freed as a whole. When it is
 * built it is not written to any more.
 *
 * Of a shared one, for who has children: nobody can write to it then, neither this process nor a child. A
 * child shares its pages: fork(2) copies no page tables for it, so what it holds costs nothing there, however
 * much it is. A child that is made before has nothing of it.
 */

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *data; /* NULL: none */
	size_t size, used;
	int fd; /* of a shared one until it is sealed */
};

#define ARENA_NULL ((struct arena){ .fd = -1 })

/* @size: the most that it can hold; memory is taken as it is used. */
int arena_open(size_t size, struct arena *ret);
int arena_open_shared(const char *name, size_t size, struct arena *ret);
/* Zeroed, aligned for numbers and pointers; NULL when it is full. */
void *arena_take(struct arena *a, size_t n, size_t size);
/* From here on it is only read. */
int arena_seal(struct arena *a);
/* Also of ARENA_NULL and of what is half made. */
void arena_done(struct arena *a);
