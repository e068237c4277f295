/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "seccomp/syscalls.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <seccomp.h>
#include <string.h>

/*
 * From 424 on, a system call has one number on all architectures (include/uapi/asm-generic/unistd.h of the
 * kernel), so one list serves all. It makes up for a libseccomp that is older than a policy.
 */
#define COMMON_FIRST 424

static const char *const common_names[] = {
	"pidfd_send_signal",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"open_tree",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"pidfd_open",
	"clone3",
	"close_range",
	"openat2",
	"pidfd_getfd",
	"faccessat2",
	"process_madvise",
	"epoll_pwait2",
	"mount_setattr",
	"quotactl_fd",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
	"memfd_secret",
	"process_mrelease",
	"futex_waitv",
	"set_mempolicy_home_node",
	"cachestat",
	"fchmodat2",
	"map_shadow_stack",
	"futex_wake",
	"futex_wait",
	"futex_requeue",
	"statmount",
	"listmount",
	"lsm_get_self_attr",
	"lsm_set_self_attr",
	"lsm_list_modules",
	"mseal",
	"setxattrat",
	"getxattrat",
	"listxattrat",
	"removexattrat",
	"open_tree_attr",
	"file_getattr",
	"file_setattr",
};

static uint32_t scmp_architecture(const struct architecture *a)
{
	static const uint32_t list[_ARCHITECTURE_MAX] = {
		[ARCHITECTURE_X86_64] = SCMP_ARCH_X86_64,
		[ARCHITECTURE_I386] = SCMP_ARCH_X86,
		[ARCHITECTURE_X32] = SCMP_ARCH_X32,
		[ARCHITECTURE_ARM64] = SCMP_ARCH_AARCH64,
		[ARCHITECTURE_ARM] = SCMP_ARCH_ARM,
		[ARCHITECTURE_RISCV64] = SCMP_ARCH_RISCV64,
	};

	return list[a->id];
}

int syscall_lookup(const struct architecture *a, const char *name, size_t length, uint32_t *ret)
{
	char terminated[SUGGEST_NAME_MAX + 1];
	int number;

	if (length > SUGGEST_NAME_MAX)
		return -ENOENT;
	memcpy(terminated, name, length);
	terminated[length] = '\0';
	for (uint32_t i = 0; i < ELEMENTSOF(common_names); i++)
		if (strcmp(common_names[i], terminated) == 0) {
			*ret = a->first_number + COMMON_FIRST + i;
			return 0;
		}
	number = seccomp_syscall_resolve_name_arch(scmp_architecture(a), terminated);
	if (number == __NR_SCMP_ERROR)
		return -ENOENT;
	if (number < 0) /* a pseudo number of libseccomp's own: known to some other architecture */
		return -EOPNOTSUPP;
	*ret = (uint32_t)number;
	return 0;
}

void syscall_suggest(const struct architecture *a, struct suggestion *s)
{
	for (size_t i = 0; i < ELEMENTSOF(common_names); i++)
		suggestion_offer(s, common_names[i]);
	for (int number = 0; number < COMMON_FIRST; number++) {
		_cleanup_free_ char *name =
			seccomp_syscall_resolve_num_arch(scmp_architecture(a), (int)a->first_number + number);

		if (name)
			suggestion_offer(s, name);
	}
}
