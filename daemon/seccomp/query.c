/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/query.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/decision.h"
#include "seccomp/simulate.h"

/* Steps for one question, about a second: a thousand times what the policies take that others have written.
 */
#define QUERY_WORK_MAX (50 * 1000 * 1000)

/* What is left of the calls that are asked about when one decision after the other took its part. */
struct query {
	struct region asked;            /* all of them */
	struct region rest;             /* those outside of the earlier conjunctions with a single atom */
	struct conjunctions earlier;    /* the others of them */
	const struct policy_call *call; /* NULL: all calls of the number */
};

static void query_done(struct query *q)
{
	region_done(&q->asked);
	region_done(&q->rest);
	conjunctions_done(&q->earlier);
}

static int query_begin(struct query *q, const struct policy *p, const struct policy_call *call)
{
	*q = (struct query){ .call = call };
	region_init(&q->asked, p->architecture, QUERY_WORK_MAX);
	region_init(&q->rest, p->architecture, QUERY_WORK_MAX);
	for (unsigned i = 0; call && i < POLICY_ARGUMENTS; i++) {
		struct policy_atom atom = {
			.argument = (uint8_t)i, .op = POLICY_EQ, .value = call->arguments[i]
		};
		int r;

		if (!call->given[i])
			continue;
		r = region_add(&q->asked, atom);
		if (r > 0)
			r = region_add(&q->rest, atom);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Whether the decision can be the one for what is asked: 1, and the members of .rest are an example; 0. */
static int try_decision(struct query *q, const struct decision *d)
{
	size_t mark = q->rest.n_trail;
	int r = region_add_all(&q->rest, &d->when);

	if (r > 0)
		r = region_example(&q->rest, q->earlier.list, q->earlier.n);
	region_undo(&q->rest, mark);
	return r;
}

/* Takes away what the decision takes. Returns 0 when nothing is left. */
static int pass_decision(struct query *q, const struct decision *d)
{
	if (d->when.n == 0)
		return 0;
	if (d->when.n == 1)
		return region_add(&q->rest, atom_negated(&d->when.atoms[0]));
	return conjunctions_add(&q->earlier, &d->when, 1) < 0 ? -ENOMEM : 1;
}

/* Adds those atoms of the decision that what is asked does not imply. Returns how many, or an error. */
static int add_condition(struct query *q, const struct decision *d, struct policy_answer *answer)
{
	size_t before = answer->n_atoms;

	for (size_t i = 0; i < d->when.n; i++) {
		int r = region_implies(&q->asked, d->when.atoms[i]);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (array_reserve(&answer->atoms, &answer->allocated, answer->n_atoms + 1,
			    sizeof(*answer->atoms)) < 0)
			return -ENOMEM;
		answer->atoms[answer->n_atoms] = d->when.atoms[i];
		answer->atoms[answer->n_atoms++].last = false;
	}
	if (answer->n_atoms == before)
		return 0;
	answer->atoms[answer->n_atoms - 1].last = true;
	return 1;
}

static struct seccomp_data members_call(const struct region *r, const struct policy *p, uint32_t number)
{
	struct seccomp_data data = { .nr = (int)number, .arch = p->architecture->audit };

	for (size_t i = 0; i < POLICY_ARGUMENTS; i++)
		data.args[i] = r->words[i].member;
	return data;
}

/* The answer that this decision belongs to: the last one, or a new one. */
static int answer_for(struct policy_answers *a, const struct decision *d, struct seccomp_data example,
	struct policy_answer **ret)
{
	if (a->n == 0 || !d->rule || a->list[a->n - 1].rule != d->rule) {
		if (array_reserve(&a->list, &a->allocated, a->n + 1, sizeof(*a->list)) < 0)
			return -ENOMEM;
		a->list[a->n++] = (struct policy_answer){
			.action = d->action,
			.rule = d->rule,
			.example = example,
		};
	}
	*ret = &a->list[a->n - 1];
	return 0;
}

static int answer_all(
	struct query *q, const struct policy *p, const struct decisions *d, struct policy_answers *answers)
{
	const struct policy_rule *settled = NULL;

	for (size_t i = 0; i < d->n; i++) {
		struct policy_answer *answer = NULL;
		int r = try_decision(q, &d->list[i]);

		if (r > 0)
			r = answer_for(
				answers, &d->list[i], members_call(&q->rest, p, q->call->number), &answer);
		if (r < 0)
			return r;
		/* A conjunction that always holds makes the others of its rule irrelevant. */
		if (answer && (!answer->rule || answer->rule != settled)) {
			r = add_condition(q, &d->list[i], answer);
			if (r < 0)
				return r;
			if (r == 0) {
				settled = answer->rule;
				answer->n_atoms = 0;
			}
		}
		r = pass_decision(q, &d->list[i]);
		if (r <= 0)
			return r;
	}
	return 0;
}

/* Rules and program must both say of each example what the answer says. */
static int verify(const struct policy *p, const struct sock_filter *filter, size_t n_filter,
	const struct policy_answers *answers)
{
	for (size_t i = 0; i < answers->n; i++) {
		const struct policy_answer *answer = &answers->list[i];
		uint32_t action = ~answer->action;

		if (policy_evaluate(p, &answer->example) != answer->action ||
			filter_simulate(filter, n_filter, &answer->example, &action) < 0 ||
			action != answer->action)
			return -EPROTO;
	}
	return answers->n > 0 ? 0 : -EPROTO;
}

void policy_answers_done(struct policy_answers *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->list[i].atoms);
	free(a->list);
	*a = (struct policy_answers){};
}

int policy_query(const struct policy *p, const struct sock_filter *filter, size_t n_filter,
	const struct policy_call *call, struct policy_answers *ret)
{
	_cleanup_(decisions_done) struct decisions d = {};
	_cleanup_(query_done) struct query q = {};
	struct policy_answers answers = {};
	int r = decisions_of(p, call->number, &d);

	if (r == 0)
		r = query_begin(&q, p, call);
	if (r == 0)
		r = answer_all(&q, p, &d, &answers);
	if (r == 0)
		r = verify(p, filter, n_filter, &answers);
	if (r < 0) {
		policy_answers_done(&answers);
		return r;
	}
	*ret = answers;
	return 0;
}

int policy_reachable(const struct policy *p, uint32_t number, bool *ret)
{
	_cleanup_(decisions_done) struct decisions d = {};
	_cleanup_(query_done) struct query q = {};
	int r = decisions_of(p, number, &d);

	if (r == 0)
		r = query_begin(&q, p, NULL);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d.n; i++) {
		r = 0;
		if (action_permission(d.list[i].action) != PERMISSION_DENIED)
			r = try_decision(&q, &d.list[i]);
		if (r > 0)
			break;
		if (r == 0)
			r = pass_decision(&q, &d.list[i]);
		if (r < 0)
			return r;
		if (r == 0) {
			*ret = false;
			return 0;
		}
	}
	*ret = true;
	return 0;
}
