/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls that a payload makes before its exec, but behind its filter: the one that sends the listener, the
 * ones that an order takes, the one that loads the next filter. A policy need not permit any of them. Those
 * that it does not permit are made with a key in the register of the sixth argument, which none of them has:
 * the kernel does not look at it, but filters see it. The filter begins by permitting them if they bear the
 * key, and before the exec a second, small one is loaded, by the last of them, that kills for just these. Of
 * several filters the strictest answer counts, and the first one says of all other calls what it would say
 * without its head. So from there on, before the program's first instruction, each call is as the policy has
 * it, but that one with the key, whatever it would have been, ends its process.
 *
 * The key is no secret. It need only be nothing that a program has in that register by chance.
 *
 * Where the policy permits all of these calls there is no head, and no second filter.
 */

#include "base/error.h"
#include "base/filter.h"
#include "jail/steps.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY_INSNS 7 /* that compare architecture and key, and what is returned then */

_Static_assert(1 + KEYED_CALLS_MAX + KEY_INSNS <= KEYED_HEAD_MAX, "room for the head");

static void emit(struct sock_filter *to, size_t *n, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	to[(*n)++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

/* Goes on if the word is that, else to @end. */
static void emit_word(struct sock_filter *to, size_t *n, size_t end, size_t offset, uint32_t value)
{
	emit(to, n, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
	emit(to, n, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)(end - *n - 1), value);
}

/* A call's number is compared first, and alone: the kernel remembers of which calls a filter needs to know no
 * more than that. */
static size_t emit_keyed(const struct keyed_calls *k, struct sock_filter *to, uint32_t verdict)
{
	const size_t last = sizeof(struct seccomp_data) - sizeof(uint64_t), end = 1 + k->n + KEY_INSNS;
	const uint64_t key = KEYED_KEY;
	uint32_t words[2];
	size_t n = 0;

	if (k->n == 0)
		return 0;
	memcpy(words, &key, sizeof(words)); /* in memory's order, whichever half that puts first */
	emit(to, &n, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < k->n; i++)
		emit(to, &n, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(k->n - i - 1), i + 1 < k->n ? 0 : KEY_INSNS,
			k->numbers[i]);
	emit_word(to, &n, end, offsetof(struct seccomp_data, arch), filter_native_arch());
	emit_word(to, &n, end, last, words[0]);
	emit_word(to, &n, end, last + sizeof(uint32_t), words[1]);
	emit(to, &n, BPF_RET | BPF_K, 0, 0, verdict);
	return n;
}

size_t keyed_head(const struct keyed_calls *k, struct sock_filter to[KEYED_HEAD_MAX])
{
	return emit_keyed(k, to, SECCOMP_RET_ALLOW);
}

size_t keyed_closer(const struct keyed_calls *k, struct sock_filter to[KEYED_CLOSER_MAX])
{
	size_t n = emit_keyed(k, to, SECCOMP_RET_KILL_PROCESS);

	emit(to, &n, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	return n;
}

void keyed_need(struct keyed_calls *k, const struct jail_spec *spec, uint32_t number)
{
	if (k->n < ELEMENTSOF(k->numbers) && !filter_permits_always(spec->filter, spec->n_filter, number))
		k->numbers[k->n++] = number;
}

long keyed_call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return RET_ERRNO(syscall(number, a, b, c, d, 0UL, KEYED_KEY));
}
