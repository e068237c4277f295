/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Capabilities: the five sets, the secure bits, no_new_privs. capabilities(7). Raw system calls, since libcap
 * allocates. */

#include "base/capability-names.h"
#include "base/error.h"
#include "jail/steps.h"

#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_BIT(n)      (UINT64_C(1) << (n))
#define SECURE_BITS_ALL ((uint32_t)(SECURE_ALL_BITS | SECURE_ALL_LOCKS))
#define CAP_NUMBERS     64 /* bits in a mask */

static const char *cap_name(unsigned n)
{
	const char *name = capability_to_string(n);

	return name ? name : "an unknown capability";
}

int prepare_caps(const struct jail_spec *spec, struct jail_error *reterr)
{
	for (unsigned i = 0; i < CAP_NUMBERS; i++) {
		if ((spec->ambient & ~spec->bounding) & CAP_BIT(i))
			return jail_fail(reterr, STAGE_CAPABILITIES, -EINVAL,
				"outside of the bounding set:", cap_name(i));
		/* Never less than asked for, either: a program that needs it would fail later and obscurely.
		 */
		if ((spec->bounding & CAP_BIT(i)) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			return jail_fail(
				reterr, STAGE_CAPABILITIES, -EPERM, "the launcher itself lacks", cap_name(i));
	}
	if (spec->secure_bits & ~SECURE_BITS_ALL)
		return jail_fail_number(
			reterr, STAGE_CAPABILITIES, -EINVAL, "unknown secure bits", spec->secure_bits);
	return 0;
}

int caps_keep(struct jail_error *reterr)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0 || prctl(PR_SET_SECUREBITS, (unsigned)bits | SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP,
				0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_CAPABILITIES, errno_or_eio(), "PR_SET_SECUREBITS", "");
	return 0;
}

int caps_raise(uint64_t mask)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return errno_or_eio();
	for (unsigned i = 0; i < ELEMENTSOF(data); i++) {
		uint32_t part = (uint32_t)(mask >> (32 * i));

		if ((data[i].permitted & part) != part)
			return -EPERM;
		data[i].effective |= part;
	}
	return (int)RET_ERRNO(syscall(SYS_capset, &head, data));
}

int caps_effective(uint64_t mask, uint64_t *ret_old)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return errno_or_eio();
	*ret_old = 0;
	for (unsigned i = 0; i < ELEMENTSOF(data); i++) {
		*ret_old |= (uint64_t)data[i].effective << (32 * i);
		data[i].effective = (uint32_t)(mask >> (32 * i));
	}
	return (int)RET_ERRNO(syscall(SYS_capset, &head, data));
}

uint64_t caps_bounding(uint64_t keep)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < CAP_NUMBERS; i++) {
		if (!(keep & CAP_BIT(i)))
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			mask |= CAP_BIT(i);
	}
	return mask;
}

static int drop_bounding(uint64_t had, uint64_t keep, struct jail_error *reterr)
{
	for (unsigned i = 0; i < CAP_NUMBERS; i++) {
		int r;

		/* each one that is dropped has the kernel copy all credentials */
		if ((keep & CAP_BIT(i)) || !(had & CAP_BIT(i)))
			continue;
		r = RET_ERRNO(prctl(PR_CAPBSET_DROP, i, 0, 0, 0));
		if (r == -EINVAL) /* past the last one that this kernel knows */
			return 0;
		if (r < 0)
			return jail_fail(reterr, STAGE_CAPABILITIES, r, "bounding set:", cap_name(i));
	}
	return 0;
}

static int set_caps(uint64_t permitted, uint64_t inheritable, struct jail_error *reterr)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (unsigned i = 0; i < ELEMENTSOF(data); i++) {
		data[i].permitted = data[i].effective = (uint32_t)(permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return jail_fail(reterr, STAGE_CAPABILITIES, errno_or_eio(), "capset", "");
	return 0;
}

static int set_ambient(uint64_t ambient, struct jail_error *reterr)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_CAPABILITIES, errno_or_eio(), "PR_CAP_AMBIENT_CLEAR_ALL", "");
	for (unsigned i = 0; i < CAP_NUMBERS; i++)
		if ((ambient & CAP_BIT(i)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return jail_fail(
				reterr, STAGE_CAPABILITIES, errno_or_eio(), "ambient set:", cap_name(i));
	return 0;
}

int apply_caps(
	uint64_t had, uint64_t bounding, uint64_t ambient, uint32_t secure_bits, struct jail_error *reterr)
{
	int r;

	/* who launches has looked, but at a set that may be another thread's */
	if (bounding & ~had)
		return jail_fail(reterr, STAGE_CAPABILITIES, -EPERM,
			"the bounding set has too little to begin with", "");
	r = drop_bounding(had, bounding, reterr);
	if (r < 0)
		return r;
	/* CAP_SETPCAP stays until the secure bits are set. They come after the ambient set, which one of them
	 * may forbid to raise. */
	r = set_caps(ambient | CAP_BIT(CAP_SETPCAP), ambient, reterr);
	if (r < 0)
		return r;
	r = set_ambient(ambient, reterr);
	if (r < 0)
		return r;
	if (prctl(PR_SET_SECUREBITS, secure_bits, 0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_CAPABILITIES, errno_or_eio(), "PR_SET_SECUREBITS", "");
	r = set_caps(ambient, ambient, reterr);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return jail_fail(reterr, STAGE_CAPABILITIES, errno_or_eio(), "PR_SET_NO_NEW_PRIVS", "");
	return 0;
}
