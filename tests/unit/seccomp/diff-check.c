/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "diff-check.h"

#include "seccomp/decision.h"
#include "seccomp/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool region_has(
	const struct diff_region *region, const struct architecture *a, const struct seccomp_data *call)
{
	for (size_t i = 0; i < region->n_atoms; i++)
		if (!atom_holds(&region->atoms[i], a, call->args[region->atoms[i].argument]))
			return false;
	return true;
}

bool diff_reports(const struct diff *d, enum diff_kind kind, const struct architecture *a, bool named,
	const struct seccomp_data *call, const struct diff_region **ret)
{
	for (size_t i = 0; i < d->n_items; i++) {
		const struct diff_item *item = &d->items[i];

		if (item->kind != kind || item->others == named ||
			(named && item->number != (uint32_t)call->nr))
			continue;
		for (size_t j = 0; j < item->n_regions; j++)
			if (region_has(&item->regions[j], a, call)) {
				*ret = &item->regions[j];
				return true;
			}
	}
	return false;
}

static bool decided_by_default(const struct policy *p, const struct seccomp_data *call)
{
	struct decisions d;
	bool ret;

	assert_int_equal(decisions_of(p, (uint32_t)call->nr, &d), 0);
	ret = d.list[decisions_find(&d, p->architecture, call)].rule == NULL;
	decisions_done(&d);
	return ret;
}

void diff_check_call(const struct policy *before, const struct policy *after, const struct diff *d,
	const struct seccomp_data *call)
{
	uint32_t from = policy_evaluate(before, call), to = policy_evaluate(after, call);
	enum permission may = action_permission(from), will = action_permission(to);
	const struct architecture *a = before->architecture;
	const struct diff_region *region;
	bool named = policy_find(before, (uint32_t)call->nr) || policy_find(after, (uint32_t)call->nr);
	bool defaults = decided_by_default(before, call) && decided_by_default(after, call);

	assert_int_equal(diff_reports(d, DIFF_ALLOWED, a, named, call, &region),
		may != PERMISSION_ALLOWED && will == PERMISSION_ALLOWED);
	assert_int_equal(diff_reports(d, DIFF_ELSEWHERE, a, named, call, &region),
		may == PERMISSION_DENIED && will == PERMISSION_ELSEWHERE);
	if (diff_reports(d, DIFF_ACTION, a, named, call, &region)) {
		assert_true(may == will && from != to);
		assert_true(region->before_action == from && region->after_action == to);
	} else {
		assert_true(may != will || from == to || defaults);
	}
}
