/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The interfaces of system calls that policies are compiled for. Knows their shape, not their names. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum architecture_id {
	ARCHITECTURE_X86_64,
	ARCHITECTURE_I386,
	ARCHITECTURE_X32,
	ARCHITECTURE_ARM64,
	ARCHITECTURE_ARM,
	ARCHITECTURE_RISCV64,
	_ARCHITECTURE_MAX,
};

struct architecture {
	enum architecture_id id;
	const char *name;  /* as --arch= and [arch=...] have it */
	const char *alias; /* what else it is called there; NULL: nothing */
	uint32_t audit;    /* AUDIT_ARCH_*; x86-64 and x32 have the same */
	/*
	 * seccomp_data.nr of a native call lies from .first_number to .last_number. What lies outside
	 * belongs to another interface behind the same AUDIT_ARCH_* and kills, whatever a policy says.
	 */
	uint32_t first_number, last_number;
	/*
	 * How much of an argument the kernel looks at: 64 or 32. With 32 the upper half of seccomp_data.args
	 * decides nothing: a 64-bit program that calls the 32-bit interface can put anything there.
	 */
	unsigned word_bits;
};

/* All of them, by id. */
extern const struct architecture architectures[_ARCHITECTURE_MAX];

/* The one built for, or NULL where that is none of them. */
const struct architecture *architecture_native(void);
/* By name or alias; NULL if there is none. */
const struct architecture *architecture_find(const char *name, size_t length);
/* Whether a policy can name this number: 0 to 4095 above .first_number, and the private calls of arm. */
bool architecture_has_number(const struct architecture *a, uint32_t number);
