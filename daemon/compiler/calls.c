/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/calls.h"
#include "seccomp/reach.h"
#include "seccomp/syscalls.h"

#include <linux/version.h>
#include <string.h>

/* The calls of this kernel and those before it have been looked at: for networks and for System V and POSIX
 * IPC. */
#define LOOKED_AT KERNEL_VERSION(7, 0, 0)

void calls_set(const struct architecture *a, const char *const *names, size_t n, bool harmless,
	bool ret[CALL_NUMBERS])
{
	for (size_t i = 0; i < n; i++) {
		uint32_t number;

		if (syscall_lookup(a, names[i], strlen(names[i]), &number) == 0)
			ret[number - a->first_number] = harmless;
	}
}

void calls_begin(const struct architecture *a, bool ret[CALL_NUMBERS])
{
	memset(ret, 0, CALL_NUMBERS * sizeof(*ret));
	for (size_t i = 0; i < n_syscall_rows; i++) {
		uint32_t number = syscall_rows[i].numbers[a->id];

		if (number != SYSCALL_NONE && number - a->first_number < CALL_NUMBERS)
			ret[number - a->first_number] = syscall_rows[i].since <= LOOKED_AT;
	}
}

const char *calls_find_in(const struct sock_filter *filter, size_t n, const struct architecture *a,
	const bool harmless[CALL_NUMBERS])
{
	/* of most interfaces a program lets nothing through */
	if (!filter_may_allow_any(filter, n, a->audit))
		return NULL;
	for (uint32_t k = 0; k < CALL_NUMBERS; k++) {
		const struct seccomp_data call = { .nr = (int)(a->first_number + k), .arch = a->audit };
		const char *name;

		if (harmless[k] || !filter_may_allow(filter, n, &call, 0))
			continue;
		name = syscall_name(a, a->first_number + k);
		return name ? name : "calls that are not known";
	}
	return NULL;
}

const char *calls_find(const struct sock_filter *filter, size_t n, const char *const *names, size_t n_names)
{
	const char *found = NULL;

	for (size_t i = 0; i < _ARCHITECTURE_MAX && !found; i++) {
		bool harmless[CALL_NUMBERS];

		calls_begin(&architectures[i], harmless);
		calls_set(&architectures[i], names, n_names, false, harmless);
		found = calls_find_in(filter, n, &architectures[i], harmless);
	}
	return found;
}
