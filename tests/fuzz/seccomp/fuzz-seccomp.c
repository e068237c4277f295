/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as a policy: it is refused with diagnostics that are fit to print, or compiled to a program that
 * says what the rules say, for calls around every value that the rules name.
 */

#include "base/bounds.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "seccomp/emit.h"
#include "seccomp/parser.h"
#include "seccomp/simulate.h"

#include <string.h>

#define ATOMS_MAX 200 /* looked at for one input: bounds the time it takes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_call(const struct policy *p, const struct sock_filter *filter, size_t n, uint32_t number,
	const uint64_t arguments[POLICY_ARGUMENTS])
{
	struct seccomp_data data = { .nr = (int)number, .arch = p->architecture->audit };
	uint32_t action;

	memcpy(data.args, arguments, sizeof(data.args));
	require(filter_simulate(filter, n, &data, &action) == 0);
	require(action == policy_evaluate(p, &data));
}

static void check_rule(const struct policy *p, const struct sock_filter *filter, size_t n, uint32_t number,
	const struct policy_rule *rule, size_t *budget)
{
	uint64_t arguments[POLICY_ARGUMENTS] = {};

	for (size_t i = 0; i<rule->n_atoms && * budget> 0; i++, (*budget)--) {
		const struct policy_atom *atom = &rule->atoms[i];
		const uint64_t near[] = { atom->value + 1, atom->value - 1, ~atom->value,
			atom->value ^ 1ULL << 32, atom->value ^ 1ULL << 63, 0, atom->value };

		/* The last of them stays, so that conjunctions come true. */
		for (size_t j = 0; j < ELEMENTSOF(near); j++) {
			arguments[atom->argument] = near[j];
			check_call(p, filter, n, number, arguments);
		}
	}
}

static void check_program(const struct policy *p, const struct sock_filter *filter, size_t n)
{
	static const uint64_t none[POLICY_ARGUMENTS], all[POLICY_ARGUMENTS] = { UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	size_t budget = ATOMS_MAX;

	require(n >= 1 && n <= BPF_MAXINSNS_PER_FILTER);
	check_call(p, filter, n, 0, none);
	check_call(p, filter, n, UINT32_MAX, none);
	for (size_t i = 0; i < p->n_entries; i++) {
		const struct policy_entry *entry = &p->entries[i];

		check_call(p, filter, n, entry->number, none);
		check_call(p, filter, n, entry->number, all);
		check_call(p, filter, n, entry->number + 1, none);
		check_call(p, filter, n, entry->number - 1, none);
		check_call(p, filter, n, entry->number | 0x40000000, none);
		for (size_t j = 0; j < entry->n_rules; j++)
			check_rule(p, filter, n, entry->number, entry->rules[j], &budget);
	}
}

/* Nothing of the input may reach a terminal or a D-Bus string unchecked. */
static void check_diagnostics(const struct diagnostics *d)
{
	require(d->n_errors > 0);
	for (size_t i = 0; i < d->n; i++) {
		const char *text = d->list[i].rendered;
		size_t length = strlen(text);

		require(utf8_valid_prefix(text, length) == length);
		for (const char *c = text; *c; c++)
			require((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_set sources = SOURCE_SET_INIT;
	_cleanup_free_ struct sock_filter *filter = NULL;
	struct diagnostics d = {};
	const struct source *first;
	struct emit_size emit_size;
	struct policy p;
	size_t n;
	int r;

	r = source_add_text(&sources, (const char *)data, size, -1, "fuzz", &first);
	if (r < 0)
		return 0;
	policy_init(&p, architecture_native());
	r = policy_parse(&sources, first, &d, SECCOMP_DENYLIST, &p);
	if (r == 0)
		r = policy_emit(&p, &filter, &n, &emit_size);
	else
		check_diagnostics(&d);
	if (r == 0)
		check_program(&p, filter, n);
	policy_done(&p);
	diagnose_done(&d);
	source_set_done(&sources);
	return 0;
}
