/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One walk over the program, from its first instruction to its last: jumps go forward only, so when an
 * instruction's turn comes, everything that leads to it was looked at. What is known of the accumulator is
 * joined where ways meet.
 */

#include "seccomp/reach.h"
#include "base/cleanup.h"

#include <stdint.h>
#include <string.h>

enum knowledge {
	NEVER, /* nothing leads here */
	KNOWN,
	OPEN, /* any value */
};

struct state {
	enum knowledge knowledge;
	uint32_t value;
};

struct walk {
	const struct sock_filter *filter;
	size_t n;
	const struct seccomp_data *call;
	size_t known_bytes;
	bool any_number;      /* what call has there does not count */
	struct state *states; /* of each instruction */
	bool allowed;
};

static void join(struct walk *w, size_t at, struct state with)
{
	struct state *s = &w->states[at < w->n ? at : 0];

	if (at >= w->n)
		w->allowed = true;
	else if (s->knowledge == NEVER)
		*s = with;
	else if (with.knowledge == OPEN || s->value != with.value)
		s->knowledge = OPEN;
}

static struct state load(const struct walk *w, uint32_t offset)
{
	struct state s = { .knowledge = OPEN };

	if (offset % sizeof(s.value) != 0 || offset > w->known_bytes - sizeof(s.value))
		return s;
	if (w->any_number && offset == offsetof(struct seccomp_data, nr))
		return s;
	/* of the instruction pointer nothing is known */
	if (offset >= offsetof(struct seccomp_data, instruction_pointer) &&
		offset < offsetof(struct seccomp_data, args))
		return s;
	s.knowledge = KNOWN;
	memcpy(&s.value, (const char *)w->call + offset, sizeof(s.value));
	return s;
}

static bool permits(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
		return false;
	default:
		return true;
	}
}

static bool compare(const struct sock_filter *i, uint32_t value)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return value == i->k;
	case BPF_JGT:
		return value > i->k;
	case BPF_JGE:
		return value >= i->k;
	default:
		return (value & i->k) != 0;
	}
}

static void branch(struct walk *w, size_t at, struct state s)
{
	const struct sock_filter *i = &w->filter[at];

	if (s.knowledge == OPEN) {
		join(w, at + 1 + i->jt, s);
		join(w, at + 1 + i->jf, s);
	} else
		join(w, at + 1 + (compare(i, s.value) ? i->jt : i->jf), s);
}

static void step(struct walk *w, size_t at)
{
	const struct sock_filter *i = &w->filter[at];
	struct state s = w->states[at];

	switch (i->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		join(w, at + 1, load(w, i->k));
		break;
	case BPF_ALU | BPF_AND | BPF_K:
		s.value &= i->k;
		join(w, at + 1, s);
		break;
	case BPF_JMP | BPF_JA:
		/* compared before it is added: the sum could come around */
		join(w, i->k < w->n ? at + 1 + i->k : w->n, s);
		break;
	case BPF_JMP | BPF_JEQ | BPF_K:
	case BPF_JMP | BPF_JGT | BPF_K:
	case BPF_JMP | BPF_JGE | BPF_K:
	case BPF_JMP | BPF_JSET | BPF_K:
		branch(w, at, s);
		break;
	case BPF_RET | BPF_K:
		w->allowed |= permits(i->k);
		break;
	default:
		w->allowed = true;
		break;
	}
}

static bool may_allow(const struct sock_filter *filter, size_t n, const struct seccomp_data *call,
	size_t known_bytes, bool any_number)
{
	_cleanup_free_ struct state *states = calloc(n > 0 ? n : 1, sizeof(*states));
	struct walk w = { .filter = filter,
		.n = n,
		.call = call,
		.known_bytes = known_bytes,
		.any_number = any_number,
		.states = states };

	if (n == 0 || !states)
		return true;
	w.states[0].knowledge = OPEN;
	for (size_t at = 0; at < n && !w.allowed; at++)
		if (w.states[at].knowledge != NEVER)
			step(&w, at);
	return w.allowed;
}

bool filter_may_allow(
	const struct sock_filter *filter, size_t n, const struct seccomp_data *call, unsigned n_known)
{
	return may_allow(filter, n, call,
		offsetof(struct seccomp_data, args) + n_known * sizeof(call->args[0]), false);
}

bool filter_may_allow_any(const struct sock_filter *filter, size_t n, uint32_t audit_arch)
{
	const struct seccomp_data call = { .arch = audit_arch };

	return may_allow(filter, n, &call, offsetof(struct seccomp_data, args), true);
}

/* All architectures that there are programs for have the lower half first. */
bool filter_may_allow_int(const struct sock_filter *filter, size_t n, const struct seccomp_data *call)
{
	return may_allow(filter, n, call, offsetof(struct seccomp_data, args) + sizeof(uint32_t), false);
}
