/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/region.h"

#include "base/array.h"
#include "base/error.h"

#define EXITS_COUNTED 16 /* a conjunction with more is as good to begin with as one with these */

/* An atom that was added: what its argument was before. */
struct region_change {
	unsigned argument;
	uint64_t low, high, forbidden;
	size_t n_any, n_not;
};

static uint64_t word_mask(const struct architecture *architecture)
{
	return architecture->word_bits == 32 ? UINT32_MAX : UINT64_MAX;
}

void region_init(struct region *ret, const struct architecture *architecture, uint64_t work)
{
	*ret = (struct region){
		.architecture = architecture,
		.mask = word_mask(architecture),
		.work = work,
	};
	for (size_t i = 0; i < POLICY_ARGUMENTS; i++)
		ret->words[i].high = ret->mask;
}

void region_done(struct region *r)
{
	for (size_t i = 0; i < POLICY_ARGUMENTS; i++) {
		free(r->words[i].any);
		free(r->words[i].not );
	}
	free(r->trail);
	free(r->choices);
	*r = (struct region){};
}

struct policy_atom atom_negated(const struct policy_atom *atom)
{
	static const uint8_t opposites[] = {
		[POLICY_EQ] = POLICY_NE,
		[POLICY_NE] = POLICY_EQ,
		[POLICY_LT] = POLICY_GE,
		[POLICY_LE] = POLICY_GT,
		[POLICY_GT] = POLICY_LE,
		[POLICY_GE] = POLICY_LT,
		[POLICY_ANY] = POLICY_IN,
		[POLICY_IN] = POLICY_ANY,
	};
	struct policy_atom ret = *atom;

	ret.op = opposites[atom->op];
	if (ret.op == POLICY_ANY || ret.op == POLICY_IN)
		ret.value = ~ret.value;
	return ret;
}

static int spend(struct region *r, uint64_t steps)
{
	if (r->work < steps) {
		r->work = 0;
		return -E2BIG;
	}
	r->work -= steps;
	return 0;
}

static bool has_one_of_each(const struct region_word *w, uint64_t x)
{
	for (size_t i = 0; i < w->n_any; i++)
		if ((x & w->any[i]) == 0)
			return false;
	return true;
}

/*
 * The greatest member up to @high, but for .not. A number below @high is equal to it down to some bit, which
 * is set in @high alone; of those that part at the same bit, the one with all permitted bits below has every
 * bit that another has. So one candidate for each bit is enough, and the lower the bit, the greater it is.
 */
static bool greatest_member(const struct region *r, const struct region_word *w, uint64_t high, uint64_t *ret)
{
	if (high < w->low)
		return false;
	*ret = high;
	if ((high & w->forbidden) == 0 && has_one_of_each(w, high))
		return true;
	for (unsigned i = 0; i < 64; i++) {
		uint64_t bit = UINT64_C(1) << i, above = high & ~(bit | (bit - 1));

		if ((high & bit) == 0)
			continue;
		*ret = above | (r->mask & ~w->forbidden & (bit - 1));
		if (*ret < w->low)
			return false;
		if ((above & w->forbidden) == 0 && has_one_of_each(w, *ret))
			return true;
	}
	return false;
}

static bool is_excluded(const struct region_word *w, uint64_t x)
{
	for (size_t i = 0; i < w->n_not; i++)
		if (w->not [i] == x)
			return true;
	return false;
}

/* Finds a member after the word was narrowed. Lowers .high past what is excluded, so that it is met once. */
static int find_member(struct region *r, struct region_word *w)
{
	uint64_t x;

	for (;;) {
		if (spend(r, 1 + w->n_any + w->n_not / 8) < 0)
			return -E2BIG;
		if (!greatest_member(r, w, w->high, &x))
			return 0;
		if (!is_excluded(w, x))
			break;
		if (x == 0)
			return 0;
		w->high = x - 1;
	}
	w->member = x;
	return 1;
}

bool atom_holds(const struct policy_atom *atom, const struct architecture *architecture, uint64_t argument)
{
	uint64_t mask = word_mask(architecture), value = atom->value & mask, x = argument & mask;

	switch ((enum policy_op)atom->op) {
	case POLICY_EQ:
		return x == value;
	case POLICY_NE:
		return x != value;
	case POLICY_LT:
		return x < value;
	case POLICY_LE:
		return x <= value;
	case POLICY_GT:
		return x > value;
	case POLICY_GE:
		return x >= value;
	case POLICY_ANY:
		return (x & value) != 0;
	case POLICY_IN:
		return (x & ~value) == 0;
	case _POLICY_OP_MAX:
		break;
	}
	return false;
}

static bool holds(const struct region *r, const struct policy_atom *atom, uint64_t x)
{
	return atom_holds(atom, r->architecture, x);
}

static int append(uint64_t **list, size_t *n, size_t *allocated, uint64_t value)
{
	if (array_reserve(list, allocated, *n + 1, sizeof(**list)) < 0)
		return -ENOMEM;
	(*list)[(*n)++] = value;
	return 0;
}

static void raise_low(struct region_word *w, uint64_t low)
{
	if (low > w->low)
		w->low = low;
}

static void lower_high(struct region_word *w, uint64_t high)
{
	if (high < w->high)
		w->high = high;
}

/* Returns 1; 0 when no number is like that, whatever else holds. */
static int narrow(struct region_word *w, enum policy_op op, uint64_t value, uint64_t mask)
{
	switch (op) {
	case POLICY_EQ:
		raise_low(w, value);
		lower_high(w, value);
		return 1;
	case POLICY_NE:
		if (value < w->low || value > w->high)
			return 1;
		return append(&w->not, &w->n_not, &w->not_allocated, value) < 0 ? -ENOMEM : 1;
	case POLICY_LT:
		lower_high(w, value - (value > 0));
		return value > 0;
	case POLICY_LE:
		lower_high(w, value);
		return 1;
	case POLICY_GT:
		raise_low(w, value + (value < mask));
		return value < mask;
	case POLICY_GE:
		raise_low(w, value);
		return 1;
	case POLICY_ANY:
		if (value == 0)
			return 0;
		return append(&w->any, &w->n_any, &w->any_allocated, value) < 0 ? -ENOMEM : 1;
	case POLICY_IN:
		w->forbidden |= mask & ~value;
		return 1;
	case _POLICY_OP_MAX:
		break;
	}
	return 0;
}

int region_add(struct region *r, struct policy_atom atom)
{
	struct region_word *w = &r->words[atom.argument];
	struct region_change *change;
	int result;

	if (array_reserve(&r->trail, &r->trail_allocated, r->n_trail + 1, sizeof(*r->trail)) < 0)
		return -ENOMEM;
	change = &r->trail[r->n_trail++];
	*change = (struct region_change){ .argument = atom.argument,
		.low = w->low,
		.high = w->high,
		.forbidden = w->forbidden,
		.n_any = w->n_any,
		.n_not = w->n_not };
	result = spend(r, 1);
	if (result < 0)
		return result;
	result = narrow(w, (enum policy_op)atom.op, atom.value & r->mask, r->mask);
	if (result <= 0)
		return result;
	return holds(r, &atom, w->member) ? 1 : find_member(r, w);
}

/* The members stay: what was in a part is in the whole. */
void region_undo(struct region *r, size_t n_trail)
{
	while (r->n_trail > n_trail) {
		const struct region_change *change = &r->trail[--r->n_trail];
		struct region_word *w = &r->words[change->argument];

		w->low = change->low;
		w->high = change->high;
		w->forbidden = change->forbidden;
		w->n_any = change->n_any;
		w->n_not = change->n_not;
	}
}

int region_add_all(struct region *r, const struct conjunction *c)
{
	for (size_t i = 0; i < c->n; i++) {
		int result = region_add(r, c->atoms[i]);

		if (result <= 0)
			return result;
	}
	return 1;
}

int region_implies(struct region *r, struct policy_atom atom)
{
	struct region_word *w = &r->words[atom.argument];
	uint64_t member = w->member;
	size_t mark = r->n_trail;
	int result;

	if (!holds(r, &atom, member))
		return 0;
	result = region_add(r, atom_negated(&atom));
	region_undo(r, mark);
	w->member = member;
	return result < 0 ? result : !result;
}

/* Whether the call made of the members lies in the conjunction. */
static bool contains_members(const struct region *r, const struct conjunction *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!holds(r, &c->atoms[i], r->words[c->atoms[i].argument].member))
			return false;
	return true;
}

/* In how many ways the region can leave a conjunction; stops counting at @enough. Members stay. */
static int count_exits(struct region *r, const struct conjunction *c, int enough)
{
	size_t mark = r->n_trail;
	int n = 0;

	for (size_t i = 0; i < c->n && n < enough; i++) {
		struct region_word *w = &r->words[c->atoms[i].argument];
		uint64_t member = w->member;
		int result = region_add(r, atom_negated(&c->atoms[i]));

		region_undo(r, mark);
		w->member = member;
		if (result < 0)
			return result;
		n += result;
	}
	return n;
}

/*
 * A conjunction that has to be left, since the members lie in it. One with few ways out comes first: without
 * any the search can turn back at once. Returns 0 if the members lie in none.
 */
static int find_obstacle(struct region *r, const struct conjunction *list, size_t n, size_t *ret)
{
	int fewest = EXITS_COUNTED + 1;

	for (size_t i = 0; i < n && fewest > 1; i++) {
		int exits;

		if (spend(r, 1) < 0)
			return -E2BIG;
		if (!contains_members(r, &list[i]))
			continue;
		exits = count_exits(r, &list[i], EXITS_COUNTED);
		if (exits < 0)
			return exits;
		if (exits < fewest) {
			fewest = exits;
			*ret = i;
		}
	}
	return fewest <= EXITS_COUNTED;
}

/* A conjunction to be left by its atoms in turn. */
struct region_choice {
	size_t obstacle;
	size_t next;  /* atom to be tried */
	size_t trail; /* of the region, before the last one was */
};

/*
 * Leaves the conjunction by the next atom. What was tried before holds from then on, so that nothing is
 * searched twice. Returns 0 when there is no further way out.
 */
static int take_next_exit(struct region *r, const struct conjunction *list, struct region_choice *choice)
{
	const struct conjunction *c = &list[choice->obstacle];
	int result;

	while (choice->next < c->n) {
		size_t i = choice->next++;

		region_undo(r, choice->trail);
		if (i > 0) {
			result = region_add(r, c->atoms[i - 1]);
			if (result <= 0)
				return result;
			choice->trail = r->n_trail;
		}
		result = region_add(r, atom_negated(&c->atoms[i]));
		if (result != 0)
			return result;
	}
	return 0;
}

/* As region_escape(), but leaves behind what it adds. */
static int search(struct region *r, const struct conjunction *list, size_t n)
{
	size_t depth = 0;
	int result;

	for (;;) {
		struct region_choice choice = { .trail = r->n_trail };

		result = find_obstacle(r, list, n, &choice.obstacle);
		if (result <= 0)
			return result < 0 ? result : 1;
		if (array_reserve(&r->choices, &r->choices_allocated, depth + 1, sizeof(*r->choices)) < 0)
			return -ENOMEM;
		r->choices[depth++] = choice;
		do {
			result = take_next_exit(r, list, &r->choices[depth - 1]);
			if (result == 0)
				depth--;
		} while (result == 0 && depth > 0);
		if (result <= 0)
			return result;
	}
}

int region_escape(struct region *r, const struct conjunction *list, size_t n)
{
	size_t mark = r->n_trail;
	int result = search(r, list, n);

	region_undo(r, mark);
	return result;
}

/* The least member, by halving what is left; the word has one. */
static int least_member(struct region *r, const struct region_word *w, uint64_t *ret)
{
	struct region_word part = *w;

	for (;;) {
		uint64_t begin = part.low, end = w->high, x;

		while (begin < end) {
			uint64_t middle = begin + (end - begin) / 2;

			if (spend(r, 1 + w->n_any) < 0)
				return -E2BIG;
			if (greatest_member(r, &part, middle, &x))
				end = x;
			else
				begin = middle + 1;
		}
		*ret = end;
		if (!is_excluded(w, end))
			return 0;
		part.low = end + 1;
	}
}

static bool any_contains_members(const struct region *r, const struct conjunction *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (contains_members(r, &list[i]))
			return true;
	return false;
}

/* Makes each argument of the call that was found as small as may be, one after another. */
static int round_down(struct region *r, const struct conjunction *list, size_t n)
{
	for (size_t i = 0; i < POLICY_ARGUMENTS; i++) {
		struct region_word *w = &r->words[i];
		uint64_t before = w->member;
		int result = least_member(r, w, &w->member);

		if (result < 0 || any_contains_members(r, list, n))
			w->member = before;
		if (result < 0)
			return result;
	}
	return 0;
}

int region_example(struct region *r, const struct conjunction *list, size_t n)
{
	size_t mark = r->n_trail;
	int result = search(r, list, n);

	/* What the search added is still there, so that it is the least outside of the conjunctions, too. */
	if (result > 0 && round_down(r, list, n) == -ENOMEM)
		result = -ENOMEM;
	region_undo(r, mark);
	return result;
}

int region_bounds(struct region *r, unsigned argument, uint64_t *ret_least, uint64_t *ret_greatest)
{
	struct region_word *w = &r->words[argument];
	uint64_t before = w->member, high = w->high, least;
	int result = least_member(r, w, &least);

	if (result < 0)
		return result;
	result = find_member(r, w);
	if (result > 0) {
		*ret_least = least;
		*ret_greatest = w->member;
	}
	w->member = before;
	w->high = high;
	return result < 0 ? result : 0;
}
