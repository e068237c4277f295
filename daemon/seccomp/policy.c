/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/policy.h"

#include "base/array.h"

void policy_init(struct policy *ret, const struct architecture *architecture)
{
	*ret = (struct policy){
		.architecture = architecture,
		.default_action = SECCOMP_RET_KILL_PROCESS,
	};
}

void policy_done(struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		free(p->rules[i]->atoms);
		free(p->rules[i]);
	}
	for (size_t i = 0; i < p->n_entries; i++)
		free(p->entries[i].rules);
	free(p->rules);
	free(p->entries);
	*p = (struct policy){};
}

struct policy_rule *policy_add_rule(struct policy *p)
{
	struct policy_rule *rule;

	if (array_reserve(&p->rules, &p->rules_allocated, p->n_rules + 1, sizeof(*p->rules)) < 0)
		return NULL;
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		return NULL;
	p->rules[p->n_rules++] = rule;
	return rule;
}

int policy_rule_add_atom(struct policy_rule *rule, struct policy_atom atom)
{
	int r = array_reserve(&rule->atoms, &rule->allocated, rule->n_atoms + 1, sizeof(*rule->atoms));

	if (r < 0)
		return r;
	rule->atoms[rule->n_atoms++] = atom;
	return 0;
}

void policy_rule_trim(struct policy_rule *rule)
{
	struct policy_atom *atoms;

	if (rule->n_atoms == 0 || rule->n_atoms == rule->allocated)
		return;
	atoms = reallocarray(rule->atoms, rule->n_atoms, sizeof(*atoms));
	if (!atoms)
		return;
	rule->atoms = atoms;
	rule->allocated = rule->n_atoms;
}

/* Index of the first entry with a number not below the one given. */
static size_t entry_index(const struct policy *p, uint32_t number)
{
	size_t low = 0, high = p->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->entries[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct policy_entry *policy_find(const struct policy *p, uint32_t number)
{
	size_t i = entry_index(p, number);

	return i < p->n_entries && p->entries[i].number == number ? &p->entries[i] : NULL;
}

static int entry_get(struct policy *p, uint32_t number, struct policy_entry **ret)
{
	size_t i = entry_index(p, number);
	int r;

	if (i == p->n_entries || p->entries[i].number != number) {
		r = array_reserve(&p->entries, &p->allocated, p->n_entries + 1, sizeof(*p->entries));
		if (r < 0)
			return r;
		memmove(p->entries + i + 1, p->entries + i, (p->n_entries - i) * sizeof(*p->entries));
		p->entries[i] = (struct policy_entry){ .number = number, .weight = 1 };
		p->n_entries++;
	}
	*ret = &p->entries[i];
	return 0;
}

int policy_attach(struct policy *p, uint32_t number, struct policy_rule *rule,
	const struct policy_rule **reterr_earlier)
{
	struct policy_entry *entry;
	int r;

	assert(architecture_has_number(p->architecture, number));
	if (p->n_attached++ >= POLICY_ATTACHED_MAX)
		return -EOVERFLOW;
	r = entry_get(p, number, &entry);
	if (r < 0)
		return r;
	if (entry->n_rules > 0 && entry->rules[entry->n_rules - 1]->n_atoms == 0) {
		*reterr_earlier = entry->rules[entry->n_rules - 1];
		return -EEXIST;
	}
	if (entry->n_rules >= POLICY_RULES_MAX)
		return -E2BIG;
	r = array_reserve(&entry->rules, &entry->allocated, entry->n_rules + 1, sizeof(*entry->rules));
	if (r < 0)
		return r;
	entry->rules[entry->n_rules++] = rule;
	return 0;
}

int policy_count(struct policy *p, uint32_t number, uint64_t count)
{
	struct policy_entry *entry;
	int r;

	if (p->n_attached++ >= POLICY_ATTACHED_MAX)
		return -EOVERFLOW;
	r = entry_get(p, number, &entry);
	if (r < 0)
		return r;
	entry->weight = count < POLICY_WEIGHT_MAX - entry->weight ? entry->weight + count : POLICY_WEIGHT_MAX;
	return 0;
}
