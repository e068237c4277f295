/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that a payload makes before its exec, but behind its filter: the one that sends the listener, and the
 * ones that an order takes. A policy need not permit any of them. Those that it does not permit are made with
 * a key in the registers of the fifth and sixth argument, which none of them has: the kernel does not look at
 * them, but filters see them. The filter begins by permitting them if they bear the key, and says of all
 * other calls what it would say without its head.
 *
 * The key is a secret of 128 bits, of this one process: the payload's, which draws it when it is about to
 * load its filter. The jail's init and other jails never have it. The exec takes it away with the memory that
 * it is in, or where that is the launcher's, the cloner wipes it then (cloner.c), and clears the registers;
 * the process can not be looked into until then (PR_SET_DUMPABLE), and what the kernel has of a filter it
 * shows to nobody who has one. So the program could only guess. Neither does the time that an answer takes
 * tell a part of it: all words are compared, and there is one jump for all of them.
 *
 * A second filter that closes these calls before the exec would do without a secret. It takes the time of a
 * launch, and of each filtered call that the program makes.
 *
 * Where the policy permits all of these calls there is no head.
 */

#include "base/error.h"
#include "base/filter.h"
#include "jail/cloner.h"
#include "jail/steps.h"

#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS (sizeof(struct keyed_key) / sizeof(uint32_t))

_Static_assert(sizeof(struct keyed_key) == 2 * sizeof(uint64_t), "two arguments");
_Static_assert(KEYED_CALLS_MAX + KEYED_OTHER_INSNS == KEYED_HEAD_MAX, "room for the head");

/* Of the process that it was drawn in; of several that share the launcher's memory each has a cloner's block
 * of such variables. Before that no call needs one. */
static __thread struct keyed_key own;

static void emit(struct sock_filter *to, size_t *n, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	to[(*n)++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

/* What differs from the key in any word so far, in the accumulator. */
static void emit_word(struct sock_filter *to, size_t *n, size_t i, uint32_t word)
{
	const size_t first = offsetof(struct seccomp_data, args) + 4 * sizeof(uint64_t);

	if (i > 0)
		emit(to, n, BPF_MISC | BPF_TAX, 0, 0, 0);
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(first + i * sizeof(word)));
	emit(to, n, BPF_ALU | BPF_XOR | BPF_K, 0, 0, word);
	if (i > 0)
		emit(to, n, BPF_ALU | BPF_OR | BPF_X, 0, 0, 0);
}

/* A call's number is compared first, and alone: the kernel remembers of which calls a filter needs to know no
 * more than that. */
void keyed_head(const struct keyed_calls *k, const struct keyed_key *key, struct sock_filter *to)
{
	uint32_t words[WORDS];
	size_t n = 0, size = keyed_head_size(k);

	if (size == 0)
		return;
	memcpy(words, key, sizeof(words)); /* in memory's order, whichever half that puts first */
	emit(to, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < k->n; i++)
		emit(to, &n, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(k->n - i - 1),
			i + 1 < k->n ? 0 : (uint8_t)(size - n - 1), k->numbers[i]);
	emit(to, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(to, &n, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(size - n - 1), filter_native_arch());
	for (size_t i = 0; i < WORDS; i++)
		emit_word(to, &n, i, words[i]);
	emit(to, &n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	emit(to, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

size_t keyed_head_size(const struct keyed_calls *k)
{
	return k->n > 0 ? k->n + KEYED_OTHER_INSNS : 0;
}

int keyed_begin(const struct keyed_calls *k, struct sock_filter *to)
{
	if (k->n == 0)
		return 0;
	if (getrandom(&own, sizeof(own), 0) != (ssize_t)sizeof(own))
		return errno_or_eio();
	keyed_head(k, &own, to);
	return 0;
}

void keyed_share(struct keyed_key *ret)
{
	*ret = own;
}

void keyed_forget(void)
{
	explicit_bzero(&own, sizeof(own));
}

void keyed_need(struct keyed_calls *k, const struct jail_spec *spec, uint32_t number)
{
	if (k->n < ELEMENTSOF(k->numbers) && !filter_permits_always(spec->filter, spec->n_filter, number))
		k->numbers[k->n++] = number;
}

long keyed_call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return RET_ERRNO(syscall(number, a, b, c, d, own.fifth, own.sixth));
}
