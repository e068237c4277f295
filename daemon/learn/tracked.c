/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "learn/tracked.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "learn/names.h"
#include "seccomp/constants.h"

#include <inttypes.h>
#include <string.h>

#define CLONE_SIGNAL_MASK 0xff /* CSIGNAL of the kernel: the signal to the parent at the end */

/* By name. The value of clone3 is what clone would be given: the struct's flags and exit_signal in one. */
static const struct tracked_call tracked_calls[] = {
	{ "clone", 0, FAMILY_CLONE, "flags=", false, false },
	{ "clone3", 0, FAMILY_CLONE, NULL, true, false },
	{ "execveat", 4, FAMILY_EXEC_FLAGS, NULL, false, true },
	{ "ioctl", 1, FAMILY_VALUE, NULL, false, true },
	{ "ipc", 0, FAMILY_NUMBER, NULL, false, true },
	{ "mmap", 2, FAMILY_PROTECTION, NULL, false, false },
	{ "mmap2", 2, FAMILY_PROTECTION, NULL, false, false },
	{ "mprotect", 2, FAMILY_PROTECTION, NULL, false, false },
	{ "pkey_mprotect", 2, FAMILY_PROTECTION, NULL, false, false },
	{ "prctl", 0, FAMILY_VALUE, NULL, false, true },
	{ "socket", 0, FAMILY_VALUE, NULL, false, true },
	{ "socketcall", 0, FAMILY_NUMBER, NULL, false, true },
};

/* On i386 the call of this name takes all its arguments from memory; the one with arguments is mmap2. */
static const struct tracked_call old_mmap = { "mmap", 2, FAMILY_PROTECTION, NULL, true, false };

const struct tracked_call *tracked_find(const struct architecture *a, const char *name)
{
	if (a->id == ARCHITECTURE_I386 && strcmp(name, old_mmap.name) == 0)
		return &old_mmap;
	for (size_t i = 0; i < ELEMENTSOF(tracked_calls); i++)
		if (strcmp(tracked_calls[i].name, name) == 0)
			return &tracked_calls[i];
	return NULL;
}

static int value_of(const struct architecture *a, const char *name, uint64_t *ret)
{
	return constant_lookup(a, name, strlen(name), ret);
}

bool protection_is_writable_code(const struct architecture *a, uint64_t value)
{
	uint64_t write, execute;

	/* Without these names nothing is known of the bits: assume the worst. */
	if (value_of(a, "PROT_WRITE", &write) < 0 || value_of(a, "PROT_EXEC", &execute) < 0)
		return true;
	return (value & write) != 0 && (value & execute) != 0;
}

static const char *find_name(const struct architecture *a, const char *const *names, uint64_t value)
{
	uint64_t v;

	for (; *names; names++)
		if (value_of(a, *names, &v) == 0 && v == value)
			return *names;
	return NULL;
}

static void print_number(FILE *f, uint64_t value)
{
	(void)fprintf(f, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void print_part(FILE *f, bool *first, const char *name)
{
	(void)fprintf(f, "%s%s", *first ? "" : " | ", name);
	*first = false;
}

/* Bits without a name follow as one number; zero is that alone. */
static void print_flags(FILE *f, const struct architecture *a, enum value_family family, uint64_t value)
{
	uint64_t rest = family == FAMILY_CLONE ? value & ~(uint64_t)CLONE_SIGNAL_MASK : value, bits;
	uint64_t signal = value & ~rest;
	bool first = true;

	if (family == FAMILY_PROTECTION && value == 0) {
		(void)fputs("PROT_NONE", f);
		return;
	}
	for (const char *const *name = flag_names[family]; *name; name++)
		if (value_of(a, *name, &bits) == 0 && bits != 0 && (rest & bits) == bits) {
			print_part(f, &first, *name);
			rest &= ~bits;
		}
	if (signal != 0) {
		const char *name = find_name(a, signal_names, signal);

		if (name)
			print_part(f, &first, name);
		else
			rest |= signal;
	}
	if (rest != 0 || first) {
		print_part(f, &first, "");
		print_number(f, rest);
	}
}

int tracked_print(FILE *f, const struct architecture *a, const struct tracked_call *tracked, uint64_t value)
{
	const struct constant_family *family = NULL;
	const char *name = NULL;

	if (flag_names[tracked->family]) {
		print_flags(f, a, tracked->family, value);
		return ferror(f) ? -EIO : 0;
	}
	if (tracked->family == FAMILY_VALUE)
		family = constant_family_of(tracked->name, tracked->argument);
	if (family)
		name = constant_family_name(family, a, value);
	if (name)
		(void)fputs(name, f);
	else
		print_number(f, value);
	return ferror(f) ? -EIO : 0;
}

struct multiplexed {
	const char *name, *outer;
	uint64_t selector;
};

/* include/uapi/linux/net.h and ipc.h of the kernel. */
static const struct multiplexed multiplexed[] = {
	{ "accept", "socketcall", 5 },
	{ "accept4", "socketcall", 18 },
	{ "bind", "socketcall", 2 },
	{ "connect", "socketcall", 3 },
	{ "getpeername", "socketcall", 7 },
	{ "getsockname", "socketcall", 6 },
	{ "getsockopt", "socketcall", 15 },
	{ "listen", "socketcall", 4 },
	{ "msgctl", "ipc", 14 },
	{ "msgget", "ipc", 13 },
	{ "msgrcv", "ipc", 12 },
	{ "msgsnd", "ipc", 11 },
	{ "recv", "socketcall", 10 },
	{ "recvfrom", "socketcall", 12 },
	{ "recvmmsg", "socketcall", 19 },
	{ "recvmsg", "socketcall", 17 },
	{ "semctl", "ipc", 3 },
	{ "semget", "ipc", 2 },
	{ "semop", "ipc", 1 },
	{ "semtimedop", "ipc", 4 },
	{ "send", "socketcall", 9 },
	{ "sendmmsg", "socketcall", 20 },
	{ "sendmsg", "socketcall", 16 },
	{ "sendto", "socketcall", 11 },
	{ "setsockopt", "socketcall", 14 },
	{ "shmat", "ipc", 21 },
	{ "shmctl", "ipc", 24 },
	{ "shmdt", "ipc", 22 },
	{ "shmget", "ipc", 23 },
	{ "shutdown", "socketcall", 13 },
	{ "socket", "socketcall", 1 },
	{ "socketpair", "socketcall", 8 },
};

const char *multiplexer_of(
	const struct architecture *a, const char *name, size_t length, uint64_t *ret_selector)
{
	if (a->id != ARCHITECTURE_I386)
		return NULL;
	for (size_t i = 0; i < ELEMENTSOF(multiplexed); i++)
		if (strlen(multiplexed[i].name) == length && memcmp(multiplexed[i].name, name, length) == 0) {
			*ret_selector = multiplexed[i].selector;
			return multiplexed[i].outer;
		}
	return NULL;
}
