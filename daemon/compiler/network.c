/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a process can do in a network namespace it does by sockets, or by rights over the namespace. A profile
 * that gives neither can make no use of one, and a namespace in which nobody can do anything tells nothing of
 * one sandbox to another: so all such sandboxes have the same. docs/THREAT-MODEL.md goes through the ways.
 *
 * The question is put to the program that is loaded, for each interface, and for each number that is not
 * known to be harmless: a filter that refuses a list of calls and lets all others through keeps its sandboxes
 * apart, since the next kernel may have other ways to a socket. In doubt the namespace is the sandbox's own.
 *
 * Such a one may be used again if all that could be done in it is to make sockets: of families of which
 * nothing but the socket itself is there until it gets a name, a peer, an option or a message, which must be
 * refused; and if no descriptor can be handed to anybody, neither of a socket nor of a file of /proc/net,
 * which would show who reads it what the next sandbox has. What is left to know is then whether a socket is
 * left: see jail/reuse.c.
 */

#include "compiler/network.h"
#include "base/error.h"
#include "compiler/calls.h"
#include "seccomp/reach.h"
#include "seccomp/syscalls.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FAMILIES       64U /* the kernel has none above */
#define LOCAL_FAMILIES (UINT64_C(1) << AF_UNIX)
#define EMPTY_FAMILIES (LOCAL_FAMILIES | UINT64_C(1) << AF_INET | UINT64_C(1) << AF_INET6)

static const char *const calls[] = {
	"socket",
	"socketpair",     /* its ends are listed in /proc/net/unix, and can be bound to abstract names */
	"socketcall",     /* i386: both of these */
	"io_uring_setup", /* makes sockets, past any filter; so does a ring that somebody else has made */
	"io_uring_enter",
	"io_uring_register",
	"setns",
	"bpf",     /* programs that belong to a namespace */
	"add_key", /* keys of names and addresses belong to a namespace, too */
	"keyctl",
	"request_key",
};

/* What makes a socket more than an empty one, and sends a descriptor out. */
static const char *const uses[] = { "bind", "connect", "listen", "setsockopt", "sendmsg", "sendmmsg" };

/* What may take an address: a datagram's, but that of a socket pair, of AF_UNIX, has a peer already, and a
 * name only who has bound it; and an option that is asked for (SCTP_SOCKOPT_CONNECTX3), as which SCTP
 * connects. */
static const char *const addressed[] = { "sendto", "getsockopt" };

static const char *const makers[] = { "socket", "socketpair" };

const char *network_call(const struct sock_filter *filter, size_t n)
{
	return calls_find(filter, n, calls, ELEMENTSOF(calls));
}

/* Bit 1 << family: of which sockets may be made. */
static uint64_t families_of(const struct sock_filter *filter, size_t n, const struct architecture *a)
{
	uint64_t families = 0;

	for (size_t i = 0; i < ELEMENTSOF(makers); i++) {
		struct seccomp_data call = { .arch = a->audit };
		uint32_t number;

		if (syscall_lookup(a, makers[i], strlen(makers[i]), &number) < 0)
			continue;
		call.nr = (int)number;
		for (call.args[0] = 0; call.args[0] < FAMILIES; call.args[0]++)
			if (filter_may_allow_int(filter, n, &call))
				families |= UINT64_C(1) << call.args[0];
	}
	return families;
}

static bool leaves_as_it_was(const struct sock_filter *filter, size_t n, const struct architecture *a)
{
	uint64_t families = families_of(filter, n, a);
	bool harmless[CALL_NUMBERS];

	if ((families & ~EMPTY_FAMILIES) != 0)
		return false;
	calls_begin(a, harmless);
	calls_set(a, calls, ELEMENTSOF(calls), false, harmless);
	calls_set(a, makers, ELEMENTSOF(makers), true, harmless);
	calls_set(a, uses, ELEMENTSOF(uses), false, harmless);
	if ((families & ~LOCAL_FAMILIES) != 0)
		calls_set(a, addressed, ELEMENTSOF(addressed), false, harmless);
	return !calls_find_in(filter, n, a, harmless);
}

bool network_is_left(const struct sock_filter *filter, size_t n)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (!leaves_as_it_was(filter, n, &architectures[i]))
			return false;
	return true;
}

static const char *call_once(const struct compiled_profile *c, const struct shared_filters *shared)
{
	struct shared_filter *f = shared ? shared_filter_of(shared, c->filter, c->n_filter) : NULL;

	if (!f)
		return network_call(c->filter, c->n_filter);
	if (!f->network_asked)
		f->network_call = network_call(c->filter, c->n_filter);
	f->network_asked = true;
	return f->network_call;
}

bool network_may_be_shared(const struct compiled_profile *c, const struct shared_filters *shared,
	char reason[NETWORK_REASON_MAX])
{
	const char *why = compiled_profile_own_network(c), *call;

	reason[0] = '\0';
	if (!(c->namespaces & JAIL_NS_NET))
		return false;
	if (why) {
		(void)snprintf(reason, NETWORK_REASON_MAX, "%s", why);
		return false;
	}
	call = call_once(c, shared);
	if (call)
		(void)snprintf(reason, NETWORK_REASON_MAX, "[Seccomp] may let %s through", call);
	return !call;
}

static bool left_once(const struct compiled_profile *c, const struct shared_filters *shared)
{
	struct shared_filter *f = shared ? shared_filter_of(shared, c->filter, c->n_filter) : NULL;

	if (!f)
		return network_is_left(c->filter, c->n_filter);
	if (!f->left_asked)
		f->network_left = network_is_left(c->filter, c->n_filter);
	f->left_asked = true;
	return f->network_left;
}

bool network_may_be_reused(const struct compiled_profile *c, const struct shared_filters *shared)
{
	return !c->shares_network && (c->namespaces & JAIL_NS_PID) && !compiled_profile_own_network(c) &&
	       left_once(c, shared);
}
