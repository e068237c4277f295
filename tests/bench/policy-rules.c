/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy-rules.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <linux/prctl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* clang-format off */
#define EQ(argument, value)      { argument, BENCH_EQ, true, value }
#define AND_EQ(argument, value)  { argument, BENCH_EQ, false, value }
#define NE(argument, value)      { argument, BENCH_NE, true, value }
#define WITHOUT(argument, value) { argument, BENCH_IN, true, ~(uint64_t)(value) }
#define WITHIN(argument, value)  { argument, BENCH_IN, true, value }

static const struct bench_atom madvise_atoms[] = { EQ(2, MADV_NORMAL), EQ(2, MADV_DONTNEED), EQ(2, MADV_FREE),
	EQ(2, MADV_NOHUGEPAGE), EQ(2, MADV_DONTDUMP), EQ(2, MADV_DONTFORK) };
static const struct bench_atom no_code_atoms[] = { WITHOUT(2, PROT_EXEC), WITHOUT(2, PROT_WRITE) };
static const struct bench_atom ioctl_atoms[] = { EQ(1, TCGETS), EQ(1, TIOCGWINSZ), EQ(1, FIONREAD), EQ(1, FIONBIO),
	EQ(1, 0xc0086202), EQ(1, 0x40046205), EQ(1, 0x40046208), EQ(1, 0xc0306201), EQ(1, 0xc0046209),
	EQ(1, 0x7701), EQ(1, 0x7704), EQ(1, 0xaead) };
static const struct bench_atom prctl_atoms[] = { EQ(0, PR_SET_NAME), EQ(0, PR_GET_NAME), EQ(0, PR_SET_VMA),
	EQ(0, PR_SET_DUMPABLE), EQ(0, PR_CAPBSET_READ) };
static const struct bench_atom socket_atoms[] = { EQ(0, AF_UNIX), AND_EQ(0, AF_INET), EQ(1, SOCK_STREAM),
	AND_EQ(0, AF_NETLINK), EQ(2, 15) };
static const struct bench_atom fcntl_atoms[] = { EQ(1, 0), EQ(1, 1), EQ(1, 2), EQ(1, 3), EQ(1, 4), EQ(1, 1030) };
static const struct bench_atom clone_atoms[] = { EQ(0, 0x3d0f00), EQ(0, 0x1200011) };
static const struct bench_atom prlimit_atoms[] = { AND_EQ(2, 0), NE(3, 0) };
static const struct bench_atom getrandom_atoms[] = { WITHOUT(2, GRND_RANDOM) };
static const struct bench_atom openat_atoms[] = { WITHIN(2, 0x2a8c1) };
static const struct bench_atom setsockopt_atoms[] = { AND_EQ(1, SOL_SOCKET), EQ(2, SO_RCVBUF), AND_EQ(1, SOL_SOCKET),
	EQ(2, SO_SNDBUF), AND_EQ(1, 6), EQ(2, 1) };
static const struct bench_atom kill_atoms[] = { EQ(1, 0), EQ(1, 15) };
static const struct bench_atom memfd_atoms[] = { WITHIN(1, 3) };
static const struct bench_atom futex_atoms[] = { WITHIN(1, 0x18b) };

#define ALWAYS(name)       { SYS_##name, NULL, NULL, 0 }
#define SOMETIMES(name, a) { SYS_##name, NULL, a, ELEMENTSOF(a) }

/* In every set, in the order in which sets grow. What the measuring process itself needs is among them. */
static const struct bench_rule first_rules[] = { ALWAYS(read), ALWAYS(write), ALWAYS(exit_group), ALWAYS(getppid),
	SOMETIMES(madvise, madvise_atoms), SOMETIMES(mmap, no_code_atoms), SOMETIMES(mprotect, no_code_atoms),
	ALWAYS(clock_gettime), ALWAYS(munmap), ALWAYS(close), ALWAYS(rt_sigreturn), SOMETIMES(ioctl, ioctl_atoms),
	SOMETIMES(getrandom, getrandom_atoms), SOMETIMES(openat, openat_atoms), SOMETIMES(prctl, prctl_atoms),
	SOMETIMES(socket, socket_atoms), SOMETIMES(fcntl, fcntl_atoms), SOMETIMES(clone, clone_atoms),
	SOMETIMES(prlimit64, prlimit_atoms), SOMETIMES(setsockopt, setsockopt_atoms), SOMETIMES(kill, kill_atoms),
	SOMETIMES(memfd_create, memfd_atoms), SOMETIMES(futex, futex_atoms) };
/* clang-format on */

const char *const bench_call_names[_CALL_MAX] = { "allowed", "filtered", "unlisted" };
const struct bench_arguments bench_calls[_CALL_MAX] = {
	{ .number = SYS_getppid },
	{ .number = SYS_madvise, .args = { 0, 0, MADV_DONTNEED } },
	{ .number = SYS_getpgid },
};

static bool has_number(const struct rule_set *s, uint32_t number)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rules[i].number == number)
			return true;
	return false;
}

static int add_rule(struct rule_set *s, struct bench_rule rule)
{
	char *known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)rule.number);

	if (!known || has_number(s, rule.number)) {
		free(known);
		return 0;
	}
	rule.name = known;
	s->rules[s->n++] = rule;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct bench_rule *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int rule_set_make(size_t wanted, struct rule_set *ret)
{
	struct rule_set s = { .rules = calloc(RULE_NUMBERS_END + ELEMENTSOF(first_rules), sizeof(*s.rules)) };

	if (!s.rules)
		return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(first_rules) && s.n < wanted; i++)
		(void)add_rule(&s, first_rules[i]);
	/* 157 and 450 have no common divisor: each number comes once, far from the one before. */
	for (uint32_t i = 0; i < RULE_NUMBERS_END && s.n < wanted; i++) {
		uint32_t number = i * 157 % RULE_NUMBERS_END;

		if (number != bench_calls[CALL_UNLISTED].number)
			(void)add_rule(&s, (struct bench_rule){ .number = number });
	}
	qsort(s.rules, s.n, sizeof(*s.rules), by_number);
	*ret = s;
	return 0;
}

void rule_set_done(struct rule_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->rules[i].name);
	free(s->rules);
	*s = (struct rule_set){};
}

int rule_set_text(const struct rule_set *s, const char *default_action, char **ret, size_t *ret_size)
{
	static const char *const ops[] = { "==", "!=", "in" };
	FILE *f = open_memstream(ret, ret_size);

	if (!f)
		return -ENOMEM;
	if (default_action)
		fprintf(f, "@default %s\n", default_action);
	for (size_t i = 0; i < s->n; i++) {
		const struct bench_rule *rule = &s->rules[i];

		fprintf(f, rule->n_atoms == 0 ? "%s: 1\n" : "%s:", rule->name);
		for (size_t j = 0; j < rule->n_atoms; j++)
			fprintf(f, " arg%u %s 0x%" PRIx64 "%s", rule->atoms[j].argument,
				ops[rule->atoms[j].op], rule->atoms[j].value,
				j + 1 == rule->n_atoms ? "\n"
				: rule->atoms[j].last  ? " ||"
						       : " &&");
	}
	return fclose(f) == 0 ? 0 : -ENOMEM;
}
