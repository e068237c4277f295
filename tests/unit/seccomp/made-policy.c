/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "made-policy.h"

#include "../../bench/policy-run.h"

#include "base/bounds.h"
#include "seccomp/simulate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void emit_policy(const struct policy *p, struct sock_filter **ret_filter, size_t *ret_n)
{
	struct emit_size size;

	assert_int_equal(policy_emit(p, ret_filter, ret_n, &size), 0);
	assert_true(*ret_n >= 1 && *ret_n <= BPF_MAXINSNS_PER_FILTER);
}

size_t expect_verdict(
	const struct policy *p, const struct sock_filter *filter, size_t n, const struct seccomp_data *data)
{
	uint32_t wanted = policy_evaluate(p, data), got = 0, again = 0;
	size_t steps = 0;

	if (filter_simulate(filter, n, data, &got) == 0 &&
		program_run(filter, n, data, &again, &steps) == 0 && got == wanted && again == wanted)
		return steps;
	fail_msg("%s, call %d of 0x%x (0x%llx, 0x%llx, 0x%llx, ...): 0x%x and 0x%x instead of 0x%x",
		p->architecture->name, data->nr, data->arch, data->args[0], data->args[1], data->args[2], got,
		again, wanted);
	return 0;
}

struct policy_rule *add_rule(struct policy *p, uint32_t number, uint32_t action)
{
	struct policy_rule *rule = policy_add_rule(p);
	const struct policy_rule *earlier;

	assert_non_null(rule);
	rule->action = action;
	assert_int_equal(policy_attach(p, p->architecture->first_number + number, rule, &earlier), 0);
	return rule;
}

void add_atom(struct policy_rule *rule, enum policy_op op, unsigned argument, uint64_t value, bool last)
{
	const struct policy_atom atom = {
		.op = (uint8_t)op, .argument = (uint8_t)argument, .value = value, .last = last
	};

	assert_int_equal(policy_rule_add_atom(rule, atom), 0);
}

void allow_numbers(struct policy *p, uint32_t step)
{
	for (uint32_t number = 0; number <= MADE_NUMBER_MAX; number += step)
		(void)add_rule(p, number, SECCOMP_RET_ALLOW);
}

struct seccomp_data call_of(const struct policy *p, uint32_t number)
{
	return (struct seccomp_data){ .nr = (int)(p->architecture->first_number + number),
		.arch = p->architecture->audit };
}
