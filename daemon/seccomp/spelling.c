/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/spelling.h"

#include "base/array.h"
#include "base/error.h"
#include "seccomp/constants.h"
#include "seccomp/excerpt.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <string.h>

/* Bytes of a rule's text, cut at the next blank: a list of a hundred requests says no more. */
#define RULE_SHOWN     200
#define VALUE_SHOWN    200 /* of a value's text; longer ones are put together from names */
#define DECIMAL_BELOW  10000
#define NEGATIVE_SHOWN 4096 /* numbers from minus this on are most likely meant negative */

void spelling_done(struct spelling *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].text);
	free(s->list);
	*s = (struct spelling){};
}

static uint64_t word_mask(const struct spelling *s)
{
	return s->architecture->word_bits == 32 ? UINT32_MAX : UINT64_MAX;
}

/* Takes over @new.text. */
static int add(struct spelling *s, struct spelt_value new)
{
	if (!new.text)
		return -ENOMEM;
	new.value &= word_mask(s);
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].argument == new.argument && s->list[i].value == new.value &&
			s->list[i].name == new.name) {
			if (s->list[i].usual && !new.usual) {
				free(s->list[i].text);
				s->list[i] = new;
			} else {
				free(new.text);
			}
			return 0;
		}
	if (array_reserve(&s->list, &s->allocated, s->n + 1, sizeof(*s->list)) < 0) {
		free(new.text);
		return -ENOMEM;
	}
	s->list[s->n++] = new;
	return 0;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Bytes up to where the logical line goes on after "\\" or a comment that ends so; 0 if it does not. */
static size_t continuation_length(const char *text)
{
	size_t n = *text == '#' ? strcspn(text, "\r\n") : 1;

	if (text[n - 1] != '\\')
		return 0;
	n += text[n] == '\r';
	return text[n] == '\n' ? n + 1 : 0;
}

/*
 * A copy of the value that begins here, without blanks, comments and continuations of the line; "" if it is
 * too long to be shown. It was parsed before, so that what ends it is what may follow a value.
 */
static void copy_value(const char *text, char ret[static VALUE_SHOWN + 1])
{
	size_t length = 0, depth = 0;

	while (!strchr("&;,}\r\n", *text) && length < VALUE_SHOWN) { /* also finds the end */
		size_t skipped = *text == '#' || *text == '\\' ? continuation_length(text) : 0;

		if (*text == '#' && skipped == 0)
			break;
		if ((text[0] == '|' && text[1] == '|') || (*text == ')' && depth == 0))
			break;
		depth += *text == '(';
		depth -= *text == ')';
		if (skipped == 0 && *text != ' ' && *text != '\t')
			ret[length++] = *text;
		text += skipped > 0 ? skipped : 1;
	}
	ret[length < VALUE_SHOWN ? length : 0] = '\0';
}

/* Learns the text as a whole, when it has a name in it, and each name by itself. */
static int learn_text(struct spelling *s, unsigned argument, uint64_t value, const char *text)
{
	bool named = false;
	size_t n = strlen(text);

	for (size_t begin = 0, end; begin < n; begin = end + 1) {
		uint64_t part;
		int r;

		for (end = begin; is_word_byte(text[end]);)
			end++;
		if (end == begin || constant_lookup(s->architecture, text + begin, end - begin, &part) < 0)
			continue;
		named = true;
		r = add(s, (struct spelt_value){ .value = part,
				   .text = strndup(text + begin, end - begin),
				   .argument = (uint8_t)argument,
				   .name = true,
				   .part = true });
		if (r < 0)
			return r;
	}
	if (!named)
		return 0;
	return add(s,
		(struct spelt_value){ .value = value, .text = strdup(text), .argument = (uint8_t)argument });
}

static int learn_value(
	struct spelling *s, unsigned argument, uint64_t value, const struct source *source, size_t offset)
{
	char text[VALUE_SHOWN + 1];

	if (argument >= s->n_arguments)
		s->n_arguments = argument + 1;
	if (!source || offset >= source->size)
		return 0; /* made by a program */
	copy_value(source->text + offset, text);
	return learn_text(s, argument, value, text);
}

int spelling_learn(struct spelling *s, const struct policy *p)
{
	const struct policy_entry *entry = policy_find(p, s->number);

	for (size_t i = 0; entry && i < entry->n_rules; i++) {
		const struct policy_rule *rule = entry->rules[i];

		for (size_t j = 0; j < rule->n_atoms; j++) {
			const struct policy_atom *atom = &rule->atoms[j];
			int r = learn_value(s, atom->argument, atom->value, rule->at.source, atom->offset);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int spelling_learn_call(struct spelling *s, const struct policy_call *call)
{
	for (unsigned i = 0; i < POLICY_ARGUMENTS; i++) {
		int r;

		if (!call->given[i])
			continue;
		r = learn_value(s, i, call->arguments[i], call->at[i].source, call->at[i].offset);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The names that an argument usually has, the preferred first. */
static int learn_family(struct spelling *s, const struct constant_family *family, unsigned argument)
{
	for (size_t i = 0; i < family->n_members; i++) {
		const char *name = constant_at(family->members[i]);
		struct spelt_value new = {
			.argument = (uint8_t)argument, .name = true, .part = family->flags, .usual = true
		};
		int r;

		if (constant_lookup(s->architecture, name, strlen(name), &new.value) < 0)
			continue;
		new.text = strdup(name);
		r = add(s, new);
		if (r < 0)
			return r;
	}
	return 0;
}

int spelling_init(struct spelling *ret, const struct architecture *architecture, uint32_t number)
{
	const char *name = syscall_name(architecture, number);

	*ret = (struct spelling){ .architecture = architecture, .number = number };
	for (unsigned i = 0; name && i < POLICY_ARGUMENTS; i++) {
		const struct constant_family *family = constant_family_of(name, i);
		int r = family ? learn_family(ret, family, i) : 0;

		ret->flags[i] = family && family->flags;
		if (r < 0) {
			spelling_done(ret);
			return r;
		}
	}
	return 0;
}

/* @name: a single name is better than what a text has; else worse. */
static const struct spelt_value *find(const struct spelling *s, unsigned argument, uint64_t value, bool name)
{
	const struct spelt_value *other = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].argument != argument || s->list[i].value != value)
			continue;
		if (s->list[i].name == name)
			return &s->list[i];
		other = &s->list[i];
	}
	return other;
}

/* The name with most of the bits and no others. */
static const struct spelt_value *find_part(const struct spelling *s, unsigned argument, uint64_t bits)
{
	const struct spelt_value *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const struct spelt_value *v = &s->list[i];

		if (v->argument != argument || !v->part || v->value == 0 || (v->value & ~bits) != 0)
			continue;
		if (!best || __builtin_popcountll(v->value) > __builtin_popcountll(best->value))
			best = v;
	}
	return best;
}

static void spell_number(const struct spelling *s, uint64_t value, FILE *f)
{
	uint64_t negative = -value & word_mask(s);

	if (value < DECIMAL_BELOW)
		fprintf(f, "%" PRIu64, value);
	else if (negative <= NEGATIVE_SHOWN)
		fprintf(f, "-%" PRIu64, negative);
	else
		fprintf(f, "0x%" PRIx64, value);
}

/* Names joined, and the rest as a number. */
static void spell_bits(const struct spelling *s, unsigned argument, uint64_t bits, bool name, FILE *f)
{
	const struct spelt_value *known = find(s, argument, bits, name);

	while (!known && bits != 0) {
		const struct spelt_value *part = find_part(s, argument, bits);

		if (!part)
			break;
		bits &= ~part->value;
		fprintf(f, "%s%s", part->text, bits != 0 ? "|" : "");
		if (bits == 0)
			return;
	}
	if (known)
		fputs(known->text, f);
	else if (bits < 10)
		fprintf(f, "%" PRIu64, bits);
	else
		fprintf(f, "0x%" PRIx64, bits);
}

/* Whether names are enough for all bits. */
static bool has_names(const struct spelling *s, unsigned argument, uint64_t bits)
{
	const struct spelt_value *part = find(s, argument, bits, true);

	if (part)
		return true;
	while (bits != 0 && (part = find_part(s, argument, bits)))
		bits &= ~part->value;
	return bits == 0;
}

static void spell_value(const struct spelling *s, unsigned argument, uint64_t value, FILE *f)
{
	const struct spelt_value *known = find(s, argument, value, true);

	if (known)
		fputs(known->text, f);
	else if (s->flags[argument] && has_names(s, argument, value))
		spell_bits(s, argument, value, true, f);
	else
		spell_number(s, value, f);
}

/* A set of bits: all but a few are better named by those few. */
static void spell_mask(const struct spelling *s, unsigned argument, uint64_t bits, FILE *f)
{
	uint64_t others = ~bits & word_mask(s);
	const struct spelt_value *known = find(s, argument, others, true);
	bool single = known ? known->name : __builtin_popcountll(others) <= 1;

	if (others == 0 || find(s, argument, bits, false) ||
		__builtin_popcountll(bits) <= __builtin_popcountll(others)) {
		spell_bits(s, argument, bits, false, f);
		return;
	}
	fputs(single ? "~" : "~(", f);
	spell_bits(s, argument, others, true, f);
	fputs(single ? "" : ")", f);
}

static void spell_atom(const struct spelling *s, const struct policy_atom *atom, FILE *f)
{
	static const char *const ops[] = {
		[POLICY_EQ] = "==",
		[POLICY_NE] = "!=",
		[POLICY_LT] = "<",
		[POLICY_LE] = "<=",
		[POLICY_GT] = ">",
		[POLICY_GE] = ">=",
		[POLICY_ANY] = "&",
		[POLICY_IN] = "in",
	};
	uint64_t value = atom->value & word_mask(s);

	fprintf(f, "arg%u %s ", atom->argument, ops[atom->op]);
	if (atom->op == POLICY_ANY || atom->op == POLICY_IN)
		spell_mask(s, atom->argument, value, f);
	else
		spell_value(s, atom->argument, value, f);
}

void spell_condition(
	const struct spelling *s, const struct policy_atom *atoms, size_t n, const char *separator, FILE *f)
{
	for (size_t i = 0; i < n; i++) {
		spell_atom(s, &atoms[i], f);
		if (i + 1 < n)
			fputs(atoms[i].last ? separator : " && ", f);
	}
}

void spell_syscall(const struct architecture *a, uint32_t number, FILE *f)
{
	const char *name = syscall_name(a, number);

	if (name)
		fputs(name, f);
	else
		fprintf(f, "%" PRIu32, number);
}

void spell_call(const struct spelling *s, const struct seccomp_data *call, FILE *f)
{
	spell_syscall(s->architecture, (uint32_t)call->nr, f);
	fputc('(', f);
	for (unsigned i = 0; i < s->n_arguments; i++) {
		fputs(i > 0 ? ", " : "", f);
		spell_value(s, i, call->args[i], f);
	}
	fputc(')', f);
}

/* A rule has no comma nor brace of its own, so that one of these, a comment or the end of the line ends it.
 */
void spell_rule(const struct policy_rule *rule, FILE *f)
{
	const char *text = rule->at.source ? rule->at.source->text + rule->at.offset : "";
	size_t shown = 0;
	bool blank = false;

	while (!strchr(",}\r\n", *text)) { /* also finds the end */
		size_t skipped = *text == '#' || *text == '\\' ? continuation_length(text) : 0;

		if (*text == '#' && skipped == 0)
			return;
		if (shown >= (blank ? RULE_SHOWN : 2 * RULE_SHOWN)) {
			fputs(" ...", f);
			return;
		}
		if (skipped > 0 || *text == ' ' || *text == '\t') {
			blank = true;
		} else {
			if (blank && shown > 0)
				fputc(' ', f);
			blank = false;
			print_harmless(f, text, 1);
			shown++;
		}
		text += skipped > 0 ? skipped : 1;
	}
}
