/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Jumps go forward only, so one pass tells what the accumulator holds at each instruction, whichever way it
 * is reached: that makes the comments.
 */

#include "seccomp/dump.h"

#include "base/error.h"
#include "seccomp/action.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <string.h>

#define X32_BIT 0x40000000 /* __X32_SYSCALL_BIT */

/* What is known before an instruction. */
struct known {
	bool reached;
	bool loaded;     /* A is the word of seccomp_data at .offset, masked by .mask */
	uint32_t offset; /* a multiple of 4 */
	uint32_t mask;
	bool has_audit;
	uint32_t audit; /* seccomp_data.arch */
};

struct dumper {
	const struct sock_filter *filter;
	size_t n;
	const struct architecture *architecture;
	struct known *known; /* by instruction */
};

static const char *word_name(uint32_t offset)
{
	static const char *const names[] = { "nr", "arch", "instruction_pointer.lo", "instruction_pointer.hi",
		"args[0].lo", "args[0].hi", "args[1].lo", "args[1].hi", "args[2].lo", "args[2].hi",
		"args[3].lo", "args[3].hi", "args[4].lo", "args[4].hi", "args[5].lo", "args[5].hi" };

	_Static_assert(
		ELEMENTSOF(names) * sizeof(uint32_t) == sizeof(struct seccomp_data), "a word is missing");
	return offset % sizeof(uint32_t) == 0 && offset < sizeof(struct seccomp_data)
		       ? names[offset / sizeof(uint32_t)]
		       : NULL;
}

/* Keeps of two ways to the same place what both know. */
static void merge(struct known *into, const struct known *from)
{
	if (!into->reached) {
		*into = *from;
		return;
	}
	if (!from->loaded || into->offset != from->offset || into->mask != from->mask)
		into->loaded = false;
	if (!from->has_audit || into->audit != from->audit)
		into->has_audit = false;
}

static bool ends(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_RET;
}

static bool branches(const struct sock_filter *f)
{
	return BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA;
}

/* The instruction after this one, unless it jumps; past the end for a jump that leads there. */
static uint64_t jump_target(const struct sock_filter *f, size_t at, bool holds)
{
	if (BPF_CLASS(f->code) != BPF_JMP)
		return (uint64_t)at + 1;
	if (BPF_OP(f->code) == BPF_JA)
		return (uint64_t)at + 1 + f->k;
	return (uint64_t)at + 1 + (holds ? f->jt : f->jf);
}

/* What A holds after the instruction. */
static void step(struct known *k, const struct sock_filter *f)
{
	if (f->code == (BPF_LD | BPF_W | BPF_ABS)) {
		k->loaded = word_name(f->k) != NULL;
		k->offset = f->k;
		k->mask = UINT32_MAX;
	} else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
		k->mask &= f->k;
	else if (BPF_CLASS(f->code) == BPF_LD || BPF_CLASS(f->code) == BPF_ALU ||
		 f->code == (BPF_MISC | BPF_TXA))
		k->loaded = false;
}

static bool holds_word(const struct known *k, size_t offset)
{
	return k->loaded && k->offset == offset;
}

static void flow(struct dumper *d, size_t at)
{
	const struct sock_filter *f = &d->filter[at];
	struct known after = d->known[at];

	step(&after, f);
	for (unsigned way = 0; way < (branches(f) ? 2U : 1U); way++) {
		bool holds = way == 0;
		uint64_t target = jump_target(f, at, holds);
		struct known there = after;

		if (holds && f->code == (BPF_JMP | BPF_JEQ | BPF_K) && after.mask == UINT32_MAX &&
			holds_word(&after, offsetof(struct seccomp_data, arch))) {
			there.has_audit = true;
			there.audit = f->k;
		}
		if (target < d->n)
			merge(&d->known[target], &there);
	}
}

static const struct architecture *find_audit(uint32_t audit, bool x32)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (architectures[i].audit == audit && (architectures[i].id == ARCHITECTURE_X32) == x32)
			return &architectures[i];
	return NULL;
}

/* The architecture whose call number @nr is here. */
static const struct architecture *architecture_at(
	const struct dumper *d, const struct known *k, uint32_t number)
{
	uint32_t audit;

	if (!k->has_audit && !d->architecture)
		return NULL;
	audit = k->has_audit ? k->audit : d->architecture->audit;
	return find_audit(audit, audit == architectures[ARCHITECTURE_X32].audit && (number & X32_BIT) != 0);
}

static const char *condition_sign(const struct sock_filter *f)
{
	switch (BPF_OP(f->code)) {
	case BPF_JEQ:
		return "==";
	case BPF_JGT:
		return ">";
	case BPF_JGE:
		return ">=";
	default:
		return "&";
	}
}

static char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* NULL when out of memory. */
static char *format(const char *text, ...)
{
	char *s;
	va_list ap;
	int r;

	va_start(ap, text);
	r = vasprintf(&s, text, ap);
	va_end(ap);
	return r < 0 ? NULL : s;
}

static char *describe_number(const struct dumper *d, const struct known *k, const struct sock_filter *f)
{
	const struct architecture *a = architecture_at(d, k, f->k);
	const char *name = a ? syscall_name(a, f->k) : NULL, *sign = condition_sign(f);

	if (f->k == X32_BIT && BPF_OP(f->code) == BPF_JGE && a && a->id == ARCHITECTURE_X32)
		return format("nr >= 0x%" PRIx32 " (x32)", f->k);
	if (f->k >= X32_BIT)
		return format("nr %s 0x%" PRIx32 "%s%s%s", sign, f->k, name ? " (" : "", name ? name : "",
			name ? ")" : "");
	if (name)
		return format("nr %s %" PRIu32 " (%s)", sign, f->k, name);
	return format("nr %s %" PRIu32, sign, f->k);
}

static char *describe_architecture(const struct sock_filter *f)
{
	const struct architecture *a = find_audit(f->k, false);

	if (a)
		return format("arch %s %s", condition_sign(f), a->name);
	return format("arch %s 0x%" PRIx32, condition_sign(f), f->k);
}

static char *describe_branch(const struct dumper *d, const struct known *k, const struct sock_filter *f)
{
	bool whole = k->mask == UINT32_MAX && BPF_OP(f->code) != BPF_JSET;

	if (!k->loaded || BPF_SRC(f->code) != BPF_K)
		return strdup("");
	if (whole && k->offset == offsetof(struct seccomp_data, nr))
		return describe_number(d, k, f);
	if (whole && k->offset == offsetof(struct seccomp_data, arch))
		return describe_architecture(f);
	if (k->mask != UINT32_MAX)
		return format("(%s & 0x%" PRIx32 ") %s 0x%" PRIx32, word_name(k->offset), k->mask,
			condition_sign(f), f->k);
	return format("%s %s 0x%" PRIx32, word_name(k->offset), condition_sign(f), f->k);
}

static char *describe(const struct dumper *d, size_t at)
{
	const struct sock_filter *f = &d->filter[at];
	const struct known *k = &d->known[at];
	char buffer[ACTION_TEXT_MAX];

	if (!k->reached)
		return strdup("never reached");
	if (branches(f))
		return describe_branch(d, k, f);
	if (f->code == (BPF_RET | BPF_K))
		return strdup(action_text(f->k, buffer));
	if (f->code == (BPF_LD | BPF_W | BPF_ABS) && word_name(f->k))
		return format("A = %s", word_name(f->k));
	return strdup("");
}

/* How operands are written. */
enum operand {
	OPERAND_NONE,
	OPERAND_WORD,     /* [4] */
	OPERAND_CONSTANT, /* #0x4 */
	OPERAND_MEMORY,   /* M[4] */
	OPERAND_X,
	OPERAND_A,
	OPERAND_LENGTH, /* the kernel puts in sizeof(struct seccomp_data) */
};

/* All that seccomp accepts; see seccomp_check_filter() of the kernel. */
static const struct mnemonic {
	uint16_t code;
	const char *name;
	enum operand operand;
} mnemonics[] = {
	{ BPF_LD | BPF_W | BPF_ABS, "ld", OPERAND_WORD },
	{ BPF_LD | BPF_W | BPF_LEN, "ld", OPERAND_LENGTH },
	{ BPF_LD | BPF_IMM, "ld", OPERAND_CONSTANT },
	{ BPF_LD | BPF_MEM, "ld", OPERAND_MEMORY },
	{ BPF_LDX | BPF_W | BPF_LEN, "ldx", OPERAND_LENGTH },
	{ BPF_LDX | BPF_IMM, "ldx", OPERAND_CONSTANT },
	{ BPF_LDX | BPF_MEM, "ldx", OPERAND_MEMORY },
	{ BPF_ST, "st", OPERAND_MEMORY },
	{ BPF_STX, "stx", OPERAND_MEMORY },
	{ BPF_ALU | BPF_ADD | BPF_K, "add", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_ADD | BPF_X, "add", OPERAND_X },
	{ BPF_ALU | BPF_SUB | BPF_K, "sub", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_SUB | BPF_X, "sub", OPERAND_X },
	{ BPF_ALU | BPF_MUL | BPF_K, "mul", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_MUL | BPF_X, "mul", OPERAND_X },
	{ BPF_ALU | BPF_DIV | BPF_K, "div", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_DIV | BPF_X, "div", OPERAND_X },
	{ BPF_ALU | BPF_AND | BPF_K, "and", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_AND | BPF_X, "and", OPERAND_X },
	{ BPF_ALU | BPF_OR | BPF_K, "or", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_OR | BPF_X, "or", OPERAND_X },
	{ BPF_ALU | BPF_XOR | BPF_K, "xor", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_XOR | BPF_X, "xor", OPERAND_X },
	{ BPF_ALU | BPF_LSH | BPF_K, "lsh", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_LSH | BPF_X, "lsh", OPERAND_X },
	{ BPF_ALU | BPF_RSH | BPF_K, "rsh", OPERAND_CONSTANT },
	{ BPF_ALU | BPF_RSH | BPF_X, "rsh", OPERAND_X },
	{ BPF_ALU | BPF_NEG, "neg", OPERAND_NONE },
	{ BPF_MISC | BPF_TAX, "tax", OPERAND_NONE },
	{ BPF_MISC | BPF_TXA, "txa", OPERAND_NONE },
	{ BPF_JMP | BPF_JA, "ja", OPERAND_NONE },
	{ BPF_JMP | BPF_JEQ | BPF_K, "jeq", OPERAND_CONSTANT },
	{ BPF_JMP | BPF_JEQ | BPF_X, "jeq", OPERAND_X },
	{ BPF_JMP | BPF_JGT | BPF_K, "jgt", OPERAND_CONSTANT },
	{ BPF_JMP | BPF_JGT | BPF_X, "jgt", OPERAND_X },
	{ BPF_JMP | BPF_JGE | BPF_K, "jge", OPERAND_CONSTANT },
	{ BPF_JMP | BPF_JGE | BPF_X, "jge", OPERAND_X },
	{ BPF_JMP | BPF_JSET | BPF_K, "jset", OPERAND_CONSTANT },
	{ BPF_JMP | BPF_JSET | BPF_X, "jset", OPERAND_X },
	{ BPF_RET | BPF_K, "ret", OPERAND_CONSTANT },
	{ BPF_RET | BPF_A, "ret", OPERAND_A },
};

static const struct mnemonic *find_mnemonic(uint16_t code)
{
	for (size_t i = 0; i < ELEMENTSOF(mnemonics); i++)
		if (mnemonics[i].code == code)
			return &mnemonics[i];
	return NULL;
}

static char *format_operation(const struct sock_filter *f)
{
	const struct mnemonic *m = find_mnemonic(f->code);

	if (!m)
		return format(".word 0x%04x, %u, %u, 0x%" PRIx32, f->code, f->jt, f->jf, f->k);
	switch (m->operand) {
	case OPERAND_WORD:
		return format("%-4s [%" PRIu32 "]", m->name, f->k);
	case OPERAND_CONSTANT:
		return format("%-4s #0x%" PRIx32, m->name, f->k);
	case OPERAND_MEMORY:
		return format("%-4s M[%" PRIu32 "]", m->name, f->k);
	case OPERAND_X:
		return format("%-4s x", m->name);
	case OPERAND_A:
		return format("%-4s a", m->name);
	case OPERAND_LENGTH:
		return format("%-4s len", m->name);
	default:
		return strdup(m->name);
	}
}

static char *format_targets(const struct sock_filter *f, size_t at)
{
	if (!find_mnemonic(f->code) || BPF_CLASS(f->code) != BPF_JMP)
		return strdup("");
	if (!branches(f))
		return format("-> %" PRIu64, jump_target(f, at, true));
	return format("jt %" PRIu64 "  jf %" PRIu64, jump_target(f, at, true), jump_target(f, at, false));
}

void dump_done(struct dump *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->lines[i].operation);
		free(d->lines[i].targets);
		free(d->lines[i].comment);
	}
	free(d->lines);
	*d = (struct dump){ 0 };
}

int dump_program(
	const struct sock_filter *filter, size_t n, const struct architecture *architecture, struct dump *ret)
{
	_cleanup_free_ struct known *known = calloc(n + 1, sizeof(*known));
	struct dumper d = { .filter = filter, .n = n, .architecture = architecture, .known = known };
	_cleanup_(dump_done) struct dump dump = { .lines = calloc(n + 1, sizeof(*dump.lines)) };

	if (!known || !dump.lines)
		return -ENOMEM;
	known[0].reached = true;
	for (size_t i = 0; i < n; i++) {
		struct dump_line *line = &dump.lines[dump.n++];

		if (known[i].reached && !ends(&filter[i]))
			flow(&d, i);
		line->operation = format_operation(&filter[i]);
		line->targets = format_targets(&filter[i], i);
		line->comment = describe(&d, i);
		if (!line->operation || !line->targets || !line->comment)
			return -ENOMEM;
	}
	*ret = dump;
	dump = (struct dump){ 0 };
	return 0;
}
