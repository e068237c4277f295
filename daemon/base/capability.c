/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/capability.h"
#include "base/error.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITIES_MAX 64 /* two words of capset(2) */

struct user_sets {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static bool is_known(int cap)
{
	return prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
}

static uint64_t join(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

int capability_get(struct capability_sets *ret)
{
	struct user_sets u = { .header = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	struct capability_sets sets = { 0 };

	if (syscall(SYS_capget, &u.header, u.data) < 0)
		return errno_or_eio();
	sets.permitted = join(u.data[0].permitted, u.data[1].permitted);
	sets.effective = join(u.data[0].effective, u.data[1].effective);
	sets.inheritable = join(u.data[0].inheritable, u.data[1].inheritable);
	for (int cap = 0; cap < CAPABILITIES_MAX && is_known(cap); cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
			sets.bounding |= CAPABILITY_BIT(cap);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) > 0)
			sets.ambient |= CAPABILITY_BIT(cap);
	}
	*ret = sets;
	return 0;
}

static int limit_bounding(uint64_t bounding)
{
	for (int cap = 0; cap < CAPABILITIES_MAX && is_known(cap); cap++) {
		bool has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0;

		if (has && !(bounding & CAPABILITY_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno_or_eio();
	}
	return 0;
}

static int set_ambient(uint64_t ambient)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno_or_eio();
	for (int cap = 0; cap < CAPABILITIES_MAX && is_known(cap); cap++)
		if ((ambient & CAPABILITY_BIT(cap)) &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return errno_or_eio();
	return 0;
}

int capability_set(const struct capability_sets *sets)
{
	struct user_sets u = { .header = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	int r;

	r = limit_bounding(sets->bounding);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		u.data[i] = (struct __user_cap_data_struct){
			.permitted = (uint32_t)(sets->permitted >> (32 * i)),
			.effective = (uint32_t)(sets->effective >> (32 * i)),
			.inheritable = (uint32_t)(sets->inheritable >> (32 * i)),
		};
	if (syscall(SYS_capset, &u.header, u.data) < 0)
		return errno_or_eio();
	return set_ambient(sets->ambient);
}
