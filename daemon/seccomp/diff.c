/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/diff.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/diff-cover.h"
#include "seccomp/simulate.h"

/* For all system calls together: some ten seconds. What is left undecided then is said to be. */
#define DIFF_WORK_MAX (500 * 1000 * 1000)

/* Which decisions of a side are looked for. */
struct wish {
	bool permissions[PERMISSION_ALLOWED + 1]; /* any of them; when none: the action */
	uint32_t action;
	bool by_default, by_rule;
};

/* The comparison of one number. */
struct comparison {
	const struct diff_side *sides[2];
	struct decisions decisions[2];
	bool *wanted[2];
	uint32_t number;
	uint64_t *work;
};

static void comparison_done(struct comparison *c)
{
	for (size_t i = 0; i < ELEMENTSOF(c->sides); i++) {
		decisions_done(&c->decisions[i]);
		free(c->wanted[i]);
	}
}

static int comparison_init(struct comparison *c, const struct diff_side *before,
	const struct diff_side *after, uint32_t number, uint64_t *work)
{
	*c = (struct comparison){ .sides = { before, after }, .number = number, .work = work };
	for (size_t i = 0; i < ELEMENTSOF(c->sides); i++) {
		int r = decisions_of(c->sides[i]->policy, number, &c->decisions[i]);

		if (r < 0)
			return r;
		c->wanted[i] = calloc(c->decisions[i].n, sizeof(*c->wanted[i]));
		if (!c->wanted[i])
			return -ENOMEM;
	}
	return 0;
}

static bool is_wanted(const struct wish *w, const struct decision *d)
{
	if (d->rule ? !w->by_rule : !w->by_default)
		return false;
	for (unsigned i = 0; i < ELEMENTSOF(w->permissions); i++)
		if (w->permissions[i] && action_permission(d->action) == i)
			return true;
	for (unsigned i = 0; i < ELEMENTSOF(w->permissions); i++)
		if (w->permissions[i])
			return false;
	return d->action == w->action;
}

/* Adds to the item the calls that are decided as wished by both. */
static int find(
	struct comparison *c, const struct wish *before, const struct wish *after, struct diff_item *item)
{
	const struct wish *wishes[] = { before, after };
	struct cover cover = {
		.architecture = c->sides[0]->policy->architecture,
		.number = c->number,
		.work = c->work,
	};

	for (size_t i = 0; i < ELEMENTSOF(wishes); i++) {
		for (size_t j = 0; j < c->decisions[i].n; j++)
			c->wanted[i][j] = is_wanted(wishes[i], &c->decisions[i].list[j]);
		cover.sides[i] = (struct cover_side){ &c->decisions[i], c->wanted[i] };
	}
	return cover_find(&cover, item);
}

static bool is_first_of_its_action(const struct decisions *d, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (d->list[i].action == d->list[at].action)
			return false;
	return true;
}

/* Both deny, both allow, or both leave it to somebody, but not in the same way. */
static int find_actions(struct comparison *c, struct diff_item *item)
{
	const struct decisions *before = &c->decisions[0], *after = &c->decisions[1];

	for (size_t i = 0; i < before->n; i++) {
		if (!is_first_of_its_action(before, i))
			continue;
		for (size_t j = 0; j < after->n; j++) {
			uint32_t from = before->list[i].action, to = after->list[j].action;
			const struct wish rule = { .action = from, .by_rule = true };
			const struct wish any = { .action = to, .by_rule = true, .by_default = true };
			const struct wish otherwise = { .action = from, .by_default = true };
			const struct wish new_rule = { .action = to, .by_rule = true };
			int r;

			if (from == to || action_permission(from) != action_permission(to) ||
				!is_first_of_its_action(after, j))
				continue;
			r = find(c, &rule, &any, item);
			if (r == 0)
				r = find(c, &otherwise, &new_rule, item);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* What a side does with a call; its rules and its program must agree. */
static int decide(const struct comparison *c, size_t side, const struct seccomp_data *call,
	const struct policy_rule **ret_rule, uint32_t *ret_action)
{
	const struct diff_side *s = c->sides[side];
	size_t at = decisions_find(&c->decisions[side], s->policy->architecture, call);
	const struct decision *d = &c->decisions[side].list[at];
	uint32_t action = ~d->action;

	if (policy_evaluate(s->policy, call) != d->action ||
		filter_simulate(s->filter, s->n_filter, call, &action) < 0 || action != d->action)
		return -EPROTO;
	*ret_rule = d->rule;
	*ret_action = d->action;
	return 0;
}

static bool is_change(enum diff_kind kind, uint32_t before, uint32_t after)
{
	enum permission from = action_permission(before), to = action_permission(after);

	switch (kind) {
	case DIFF_ALLOWED:
		return from != PERMISSION_ALLOWED && to == PERMISSION_ALLOWED;
	case DIFF_ELSEWHERE:
		return from == PERMISSION_DENIED && to == PERMISSION_ELSEWHERE;
	case DIFF_ACTION:
		return from == to && before != after;
	}
	return false;
}

static int verify(const struct comparison *c, struct diff_item *item)
{
	for (size_t i = 0; i < item->n_regions; i++) {
		struct diff_region *d = &item->regions[i];
		int r = decide(c, 0, &d->example, &d->before, &d->before_action);

		if (r == 0)
			r = decide(c, 1, &d->example, &d->after, &d->after_action);
		if (r < 0)
			return r;
		if (!is_change(item->kind, d->before_action, d->after_action))
			return -EPROTO;
	}
	return 0;
}

static void item_done(struct diff_item *item)
{
	for (size_t i = 0; i < item->n_regions; i++)
		free(item->regions[i].atoms);
	free(item->regions);
	*item = (struct diff_item){};
}

/* Adds the item, or frees it when it says nothing. */
static int add_item(struct diff *d, struct diff_item *item)
{
	if (item->n_regions == 0 && item->state == DIFF_COMPLETE) {
		item_done(item);
		return 0;
	}
	if (array_reserve(&d->items, &d->allocated, d->n_items + 1, sizeof(*d->items)) < 0)
		return -ENOMEM;
	d->items[d->n_items++] = *item;
	return 0;
}

static int find_kind(struct comparison *c, struct diff_item *item)
{
	static const struct wish forbidden = { { [PERMISSION_DENIED] = true, [PERMISSION_ELSEWHERE] = true },
		0, true, true };
	static const struct wish denied = { { [PERMISSION_DENIED] = true }, 0, true, true };
	static const struct wish allowed = { { [PERMISSION_ALLOWED] = true }, 0, true, true };
	static const struct wish elsewhere = { { [PERMISSION_ELSEWHERE] = true }, 0, true, true };

	switch (item->kind) {
	case DIFF_ALLOWED:
		return find(c, &forbidden, &allowed, item);
	case DIFF_ELSEWHERE:
		return find(c, &denied, &elsewhere, item);
	case DIFF_ACTION:
		return find_actions(c, item);
	}
	return 0;
}

/* @others: the number stands for all that neither policy names. */
static int compare_number(const struct diff_side *before, const struct diff_side *after, unsigned flags,
	uint32_t number, bool others, uint64_t *work, struct diff *d)
{
	_cleanup_(comparison_done) struct comparison c = {};
	int r = comparison_init(&c, before, after, number, work);

	for (unsigned kind = DIFF_ALLOWED; r == 0 && kind <= DIFF_ACTION; kind++) {
		struct diff_item item = { .kind = (enum diff_kind)kind, .number = number, .others = others };

		if (kind == DIFF_ACTION && !(flags & DIFF_ACTIONS))
			continue;
		r = find_kind(&c, &item);
		if (r == 0)
			r = verify(&c, &item);
		if (r == 0)
			r = add_item(d, &item);
		if (r < 0)
			item_done(&item);
	}
	return r;
}

/* A number that neither policy names: policies can't name all that there are. */
static uint32_t other_number(const struct policy *before, const struct policy *after)
{
	uint32_t number = before->architecture->first_number;

	while (policy_find(before, number) || policy_find(after, number))
		number++;
	return number;
}

static int compare_all(const struct diff_side *before, const struct diff_side *after, unsigned flags,
	uint64_t *work, struct diff *d)
{
	const struct policy *a = before->policy, *b = after->policy;
	size_t i = 0, j = 0;
	uint32_t number;
	int r;

	while (i < a->n_entries || j < b->n_entries) {
		if (j == b->n_entries || (i < a->n_entries && a->entries[i].number < b->entries[j].number))
			number = a->entries[i].number;
		else
			number = b->entries[j].number;
		i += i < a->n_entries && a->entries[i].number == number;
		j += j < b->n_entries && b->entries[j].number == number;
		r = compare_number(before, after, flags, number, false, work, d);
		if (r < 0)
			return r;
	}
	return compare_number(before, after, flags, other_number(a, b), true, work, d);
}

int policy_diff(
	const struct diff_side *before, const struct diff_side *after, unsigned flags, struct diff *ret)
{
	uint64_t work = DIFF_WORK_MAX;
	struct diff d = {};
	int r;

	assert(before->policy->architecture == after->policy->architecture);
	r = compare_all(before, after, flags, &work, &d);
	if (r < 0) {
		diff_done(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void diff_done(struct diff *d)
{
	for (size_t i = 0; i < d->n_items; i++)
		item_done(&d->items[i]);
	free(d->items);
	*d = (struct diff){};
}
