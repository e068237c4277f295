/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/diff-cover.h"

#include "base/array.h"
#include "base/error.h"

#define COVER_WORK_MAX    (50 * 1000 * 1000) /* steps for one cover, about a second */
#define SIMPLIFY_WORK_MAX (1000 * 1000)      /* steps for one region; past them it stays as it is */
#define REGIONS_MAX       4096               /* nobody reads more; real ones have some dozens */

/* The search for a call that no region has yet. Each pair of wanted decisions is gone through once. */
struct search {
	const struct cover *cover;
	struct diff_item *item;
	struct region region;
	struct conjunctions
		passed; /* unwanted decisions before the present ones: of the first side, of the second */
	struct conjunctions outside; /* those, and the regions found */
};

static void search_done(struct search *s)
{
	region_done(&s->region);
	conjunctions_done(&s->passed);
	conjunctions_done(&s->outside);
}

/*
 * Whether a decision with .wanted == @wanted can be the first that holds for a call of the region. What is
 * decided in the same way need not be the first among its like.
 */
static int can_decide(struct region *r, const struct cover_side *side, bool wanted)
{
	_cleanup_(conjunctions_done) struct conjunctions passed = {};

	for (size_t i = 0; i < side->decisions->n; i++) {
		const struct conjunction *when = &side->decisions->list[i].when;
		size_t mark = r->n_trail;
		int result;

		if (side->wanted[i] != wanted) {
			if (conjunctions_add(&passed, when, 1) < 0)
				return -ENOMEM;
			continue;
		}
		result = region_add_all(r, when);
		if (result > 0)
			result = region_escape(r, passed.list, passed.n);
		region_undo(r, mark);
		if (result != 0)
			return result;
	}
	return 0;
}

static int add_atom(struct diff_region *d, struct policy_atom atom)
{
	if (array_reserve(&d->atoms, &d->allocated, d->n_atoms + 1, sizeof(*d->atoms)) < 0)
		return -ENOMEM;
	atom.last = false;
	d->atoms[d->n_atoms++] = atom;
	return 0;
}

/* Adds an atom to both, unless the region implies it. Who can't tell for want of work adds it. */
static int narrow(struct region *r, struct diff_region *d, struct policy_atom atom)
{
	int result = region_implies(r, atom);

	if (result == -ENOMEM || result > 0)
		return result < 0 ? result : 0;
	if (region_add(r, atom) == -ENOMEM)
		return -ENOMEM;
	return add_atom(d, atom);
}

/* Keeps the region out of a conjunction that the found call is not in. */
static int keep_out(
	const struct search *s, struct region *r, struct diff_region *d, const struct conjunction *c)
{
	const struct policy_atom *exit = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct policy_atom *atom = &c->atoms[i];
		int result;

		if (atom_holds(atom, s->cover->architecture, s->region.words[atom->argument].member))
			continue;
		result = region_implies(r, atom_negated(atom));
		if (result == -ENOMEM)
			return result;
		if (result > 0)
			return 0; /* it is out already */
		if (!exit)
			exit = atom;
	}
	return narrow(r, d, atom_negated(exit));
}

/*
 * Takes over what a conjunction that is to be kept out says of the found call by "==". Then many others are
 * out, too, and need not be left one by one: "arg1 == TCGETS && arg2 != 0" is read more easily than a list of
 * all requests that are not meant.
 */
static int pin_down(
	const struct search *s, struct region *r, struct diff_region *d, const struct conjunction *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct policy_atom *atom = &c->atoms[i];

		if (atom->op != POLICY_EQ ||
			!atom_holds(atom, s->cover->architecture, s->region.words[atom->argument].member))
			continue;
		if (narrow(r, d, *atom) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * The conjunction that has the found call in it, lies within the present pair of decisions and outside of all
 * that come before them.
 */
static int describe(struct search *s, const struct conjunction *first, const struct conjunction *second,
	struct diff_region *d)
{
	struct region r;
	int result = 0;

	region_init(&r, s->cover->architecture, SIMPLIFY_WORK_MAX);
	for (size_t i = 0; result == 0 && i < first->n; i++)
		result = narrow(&r, d, first->atoms[i]);
	for (size_t i = 0; result == 0 && i < second->n; i++)
		result = narrow(&r, d, second->atoms[i]);
	for (size_t i = 0; result == 0 && i < s->passed.n; i++)
		result = pin_down(s, &r, d, &s->passed.list[i]);
	for (size_t i = 0; result == 0 && i < s->passed.n; i++)
		result = keep_out(s, &r, d, &s->passed.list[i]);
	region_done(&r);
	return result;
}

/* Whether the region without one of its atoms still has nothing but what is wanted: 1, 0, or an error. */
static int is_needless(const struct search *s, struct region *r, const struct diff_region *d, size_t at)
{
	int result = region_add(r, atom_negated(&d->atoms[at]));

	for (size_t i = 0; result > 0 && i < d->n_atoms; i++)
		if (i != at)
			result = region_add(r, d->atoms[i]);
	if (result > 0)
		result = can_decide(r, &s->cover->sides[0], false);
	else if (result == 0)
		return 1;
	if (result == 0)
		result = can_decide(r, &s->cover->sides[1], false);
	return result < 0 ? result : !result;
}

/* Leaves out whatever atoms can be left out. Those added last say what a call is not; they go first. */
static int simplify(struct search *s, struct diff_region *d)
{
	uint64_t work = s->region.work < SIMPLIFY_WORK_MAX ? s->region.work : SIMPLIFY_WORK_MAX;
	struct region r;
	int result = 0;

	region_init(&r, s->cover->architecture, work);
	for (size_t i = d->n_atoms; i-- > 0 && result >= 0;) {
		result = is_needless(s, &r, d, i);
		region_undo(&r, 0);
		if (result <= 0)
			continue;
		memmove(d->atoms + i, d->atoms + i + 1, (d->n_atoms - i - 1) * sizeof(*d->atoms));
		d->n_atoms--;
	}
	s->region.work -= work - r.work;
	region_done(&r);
	return result == -ENOMEM ? result : 0;
}

/* The atoms of one argument, of which @r has all: fewer, if that says the same. */
static int tidy_argument(
	struct region *r, const struct diff_region *d, unsigned argument, struct diff_region *ret)
{
	struct policy_atom in = { .argument = (uint8_t)argument, .op = POLICY_IN, .value = UINT64_MAX };
	uint64_t least, greatest;
	size_t n = 0, n_in = 0;

	for (size_t i = 0; i < d->n_atoms; i++) {
		if (d->atoms[i].argument != argument)
			continue;
		n++;
		if (d->atoms[i].op == POLICY_IN) {
			in.value &= d->atoms[i].value;
			n_in++;
		}
	}
	if (n > 0 && region_bounds(r, argument, &least, &greatest) == 0 && least == greatest)
		return add_atom(
			ret, (struct policy_atom){
				     .argument = (uint8_t)argument, .op = POLICY_EQ, .value = least });
	if (n_in > 0 && add_atom(ret, in) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_atoms; i++) {
		struct policy_atom atom = d->atoms[i];

		if (atom.argument != argument || atom.op == POLICY_IN)
			continue;
		if (atom.op == POLICY_ANY)
			atom.value &= in.value;
		if (add_atom(ret, atom) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Puts the atoms in order and takes an example. */
static int tidy(struct search *s, struct diff_region *d)
{
	struct diff_region tidied = { .example = { .nr = (int)s->cover->number,
					      .arch = s->cover->architecture->audit } };
	struct region r;
	int result = 0;

	region_init(&r, s->cover->architecture, SIMPLIFY_WORK_MAX);
	for (size_t i = 0; i < d->n_atoms && result >= 0; i++)
		result = region_add(&r, d->atoms[i]);
	/* The call that was found is in it, too. */
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++)
		r.words[i].member = s->region.words[i].member;
	if (result >= 0)
		result = region_example(&r, NULL, 0);
	for (unsigned i = 0; i < POLICY_ARGUMENTS && result != -ENOMEM; i++) {
		tidied.example.args[i] = r.words[i].member;
		result = tidy_argument(&r, d, i, &tidied);
	}
	region_done(&r);
	free(d->atoms);
	if (tidied.n_atoms > 0)
		tidied.atoms[tidied.n_atoms - 1].last = true;
	*d = tidied;
	return result == -ENOMEM ? result : 0;
}

/* Adds a region around the call that was found. */
static int add_region(struct search *s, const struct conjunction *first, const struct conjunction *second)
{
	struct diff_item *item = s->item;
	struct diff_region *d;
	int r;

	if (item->n_regions == REGIONS_MAX)
		return -E2BIG;
	if (array_reserve(&item->regions, &item->allocated, item->n_regions + 1, sizeof(*item->regions)) < 0)
		return -ENOMEM;
	d = &item->regions[item->n_regions++];
	*d = (struct diff_region){};
	r = describe(s, first, second, d);
	if (r == 0)
		r = simplify(s, d);
	return r < 0 ? r : tidy(s, d);
}

/* Collects what the next call must not be in: an earlier decision, or a region that is known. */
static int collect_outside(struct search *s)
{
	s->outside.n = 0;
	if (conjunctions_add(&s->outside, s->passed.list, s->passed.n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < s->item->n_regions; i++) {
		struct conjunction c = { s->item->regions[i].atoms, s->item->regions[i].n_atoms };

		if (conjunctions_add(&s->outside, &c, 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Finds all regions of a pair of decisions; the region searched is where both hold. */
static int search_pair(struct search *s, const struct conjunction *first, const struct conjunction *second)
{
	for (;;) {
		int r = collect_outside(s);

		if (r < 0)
			return r;
		r = region_escape(&s->region, s->outside.list, s->outside.n);
		if (r <= 0)
			return r;
		r = add_region(s, first, second);
		if (r < 0)
			return r;
	}
}

/* Goes through the second side's decisions. */
static int search_second(struct search *s, const struct conjunction *first)
{
	const struct cover_side *side = &s->cover->sides[1];
	size_t passed = s->passed.n;
	int r = 0;

	for (size_t i = 0; i < side->decisions->n && r >= 0; i++) {
		const struct conjunction *when = &side->decisions->list[i].when;
		size_t mark = s->region.n_trail;

		if (!side->wanted[i]) {
			r = conjunctions_add(&s->passed, when, 1);
			continue;
		}
		r = region_add_all(&s->region, when);
		if (r > 0)
			r = search_pair(s, first, when);
		region_undo(&s->region, mark);
	}
	s->passed.n = passed;
	return r < 0 ? r : 0;
}

static int search_first(struct search *s)
{
	const struct cover_side *side = &s->cover->sides[0];
	int r = 0;

	for (size_t i = 0; i < side->decisions->n && r >= 0; i++) {
		const struct conjunction *when = &side->decisions->list[i].when;
		size_t mark = s->region.n_trail;

		if (!side->wanted[i]) {
			r = conjunctions_add(&s->passed, when, 1);
			continue;
		}
		r = region_add_all(&s->region, when);
		if (r > 0)
			r = search_second(s, when);
		region_undo(&s->region, mark);
	}
	return r < 0 ? r : 0;
}

static void remove_region(struct diff_item *item, size_t at)
{
	free(item->regions[at].atoms);
	memmove(item->regions + at, item->regions + at + 1,
		(item->n_regions - at - 1) * sizeof(*item->regions));
	item->n_regions--;
}

/* Whether a region lies within those that .outside has. */
static int is_covered(struct search *s, const struct diff_region *d)
{
	size_t mark = s->region.n_trail;
	int r = 1;

	for (size_t i = 0; i < d->n_atoms && r > 0; i++)
		r = region_add(&s->region, d->atoms[i]);
	if (r > 0)
		r = region_escape(&s->region, s->outside.list, s->outside.n);
	region_undo(&s->region, mark);
	return r < 0 ? r : !r;
}

/* Drops regions that those found later cover. */
static int drop_covered(struct search *s)
{
	struct diff_item *item = s->item;

	for (size_t i = 0; item->n_regions > 1 && i < item->n_regions;) {
		int r = collect_outside(s);

		if (r < 0)
			return r;
		s->outside.list[i] = s->outside.list[--s->outside.n];
		r = is_covered(s, &item->regions[i]);
		if (r < 0)
			return r;
		if (r > 0)
			remove_region(item, i);
		else
			i++;
	}
	return 0;
}

static bool wants_any(const struct cover_side *side)
{
	for (size_t i = 0; i < side->decisions->n; i++)
		if (side->wanted[i])
			return true;
	return false;
}

int cover_find(const struct cover *c, struct diff_item *item)
{
	_cleanup_(search_done) struct search s = { .cover = c, .item = item };
	uint64_t work = *c->work < COVER_WORK_MAX ? *c->work : COVER_WORK_MAX;
	int r;

	if (!wants_any(&c->sides[0]) || !wants_any(&c->sides[1]))
		return 0;
	region_init(&s.region, c->architecture, work);
	r = search_first(&s);
	/* The item may have regions, or be undecided, from an earlier cover. */
	if (r == -E2BIG || item->state != DIFF_COMPLETE)
		item->state = item->n_regions > 0 ? DIFF_PARTIAL : DIFF_UNDECIDED;
	s.passed.n = 0; /* only regions are compared from here on */
	if (r == 0)
		r = drop_covered(&s);
	*c->work -= work - s.region.work;
	return r == -ENOMEM ? r : 0;
}
