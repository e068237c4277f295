/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Ownership of locals: who declares with _cleanup_() frees; who hands over says steal_ptr()/steal_fd(). */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines name##p(), fit for _cleanup_(), from a destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, name)                                                                           \
	static inline void name##p(type *p)                                                                  \
	{                                                                                                    \
		if (*p)                                                                                      \
			(void)name(*p);                                                                      \
	}                                                                                                    \
	struct cleanup_needs_semicolon_##name

/* For p = &pointer of any type. memcpy keeps this right under strict aliasing. */
static inline void freep(void *p)
{
	void *v;

	__builtin_memcpy(&v, p, sizeof(v));
	free(v);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

static inline void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

#define _cleanup_free_ _cleanup_(freep)

/* Takes the pointer out of a variable: the variable is NULL afterwards. */
#define steal_ptr(p)                                                                                         \
	({                                                                                                   \
		typeof(p) *_pp = &(p);                                                                       \
		typeof(p) _v = *_pp;                                                                         \
		*_pp = NULL;                                                                                 \
		_v;                                                                                          \
	})

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
