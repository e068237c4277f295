/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which calls a policy names, and how far each is permitted. Decides; write.c spells. */

#include "learn/write.h"

struct statement {
	char name[32]; /* or the number, where the call has no name */
	uint32_t number;
	const struct learn_call *call; /* NULL: not seen */
	const char *why;               /* why it is permitted all the same */
	bool start;                    /* the call that starts the program */
};

struct statements {
	struct statement *list; /* by name */
	size_t n, allocated;
	struct learn_call clone; /* with the flags of clone3, where they are joined */
};

void statements_done(struct statements *s);
int statements_make(const struct learning *l, const struct learn_write_options *o, struct statements *ret);

enum statement_limit {
	LIMIT_NONE,    /* permitted with every argument */
	LIMIT_VALUES,  /* those seen */
	LIMIT_GUARD,   /* memory that is not writable and executable at once */
	LIMIT_REFUSED, /* nothing is known of the argument */
	LIMIT_ENOSYS,  /* not permitted, so that another is used */
};

/* What an included policy makes of a call, and leaves to add. */
enum statement_included {
	INCLUDED_NOT,     /* it has no rule that always applies: one can be added */
	INCLUDED_PERMITS, /* all that was seen */
	INCLUDED_DECIDES, /* perhaps otherwise, and nothing can be added */
};

enum statement_included statement_included(
	const struct learning *l, const struct learn_write_options *o, const struct statement *s);

/* Of a call that has a tracked argument. */
enum statement_limit statement_limits(
	const struct learning *l, const struct learn_write_options *o, const struct learn_call *call);
/* Whether these flags of execveat are those that Bailiff starts programs with. */
bool statement_is_start_value(const struct learning *l, uint64_t value);
