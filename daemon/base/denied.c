/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What no process below the keeper may ever do, whatever its profile says: filters are inherited. It is no
 * substitute for a profile's policy; it holds what would give a payload the kernel or the host, and what
 * would get it around its own filter. Numbers that are not listed pass. Calls of foreign interfaces (x32 and
 * the like) end the process, see base/filter.h; but i386, which profiles can open, has a list of its own.
 */

#include "base/denied.h"
#include "base/cleanup.h"

#include <errno.h>
#include <linux/audit.h>
#include <sys/ioctl.h>

/* linux/tty.h is not for user space everywhere; console_ioctl.c reads this in the low bits of the request. */
#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

const struct filter_rule denied_calls[] = {
	/* another kernel, or code in this one */
	FILTER_DENY(kexec_load, EPERM),
#ifdef SYS_kexec_file_load
	FILTER_DENY(kexec_file_load, EPERM),
#endif
	FILTER_DENY(init_module, EPERM),
	FILTER_DENY(finit_module, EPERM),
	FILTER_DENY(delete_module, EPERM),
	FILTER_DENY(bpf, EPERM),             /* programs in the kernel; its verifier's faults */
	FILTER_DENY(perf_event_open, EPERM), /* watches others, large attack surface */

	/* the machine as a whole */
	FILTER_DENY(reboot, EPERM),
	FILTER_DENY(swapon, EPERM), /* swap holds other processes' memory */
	FILTER_DENY(swapoff, EPERM),
	FILTER_DENY(acct, EPERM),     /* has the kernel write a file of the caller's choice */
	FILTER_DENY(quotactl, EPERM), /* limits of other users */
#ifdef SYS_quotactl_fd
	FILTER_DENY(quotactl_fd, EPERM),
#endif
#ifdef SYS_iopl
	FILTER_DENY(iopl, EPERM), /* hardware ports */
	FILTER_DENY(ioperm, EPERM),
#endif

	/* around the jail */
	FILTER_DENY(open_by_handle_at, EPERM), /* opens files by number, outside of any root */
	FILTER_DENY(userfaultfd, EPERM), /* halts the kernel in the middle of a copy: makes races winnable */
	FILTER_DENY(
		io_uring_setup, ENOSYS), /* its operations pass no seccomp filter; programs do without it */
	FILTER_DENY(io_uring_enter, ENOSYS),
	FILTER_DENY(io_uring_register, ENOSYS),
	FILTER_DENY(lookup_dcookie, EPERM), /* paths by number */
	FILTER_DENY_ARG(
		ioctl, 1, FILTER_WHOLE_ARG, TIOCSTI, EPERM), /* types into a terminal that is shared */
	FILTER_DENY_ARG(ioctl, 1, FILTER_WHOLE_ARG, TIOCLINUX, EPERM), /* pastes into a console */
	/* a line discipline: modules for serial lines, loaded when somebody asks; and for as long as it waits
	 * nobody can open that terminal, the launcher neither (jail_resize_pty()) */
	FILTER_DENY_ARG(ioctl, 1, FILTER_WHOLE_ARG, TIOCSETD, EPERM),

	/* dead or dying interfaces that only an exploit would want */
	FILTER_DENY(vhangup, EPERM),
	FILTER_DENY(nfsservctl, ENOSYS),
	FILTER_DENY(remap_file_pages, ENOSYS),
#ifdef SYS_uselib
	FILTER_DENY(uselib, ENOSYS),
#endif
#ifdef SYS_ustat
	FILTER_DENY(ustat, ENOSYS),
#endif
#ifdef SYS__sysctl
	FILTER_DENY(_sysctl, ENOSYS),
#endif
#ifdef SYS_modify_ldt
	FILTER_DENY(modify_ldt, ENOSYS), /* 16-bit segments */
#endif
#ifdef SYS_create_module
	FILTER_DENY(create_module, ENOSYS),
	FILTER_DENY(get_kernel_syms, ENOSYS),
	FILTER_DENY(query_module, ENOSYS),
#endif
};

const size_t n_denied_calls = ELEMENTSOF(denied_calls);

#ifdef __x86_64__
#define DENY_I386(number, error)                                                                             \
	{                                                                                                    \
		(number), FILTER_FAIL(error), 0, 0, 0                                                        \
	}

/* By number: <asm/unistd_32.h>, which can't be included beside the machine's own. */
static const struct filter_rule denied_i386[] = {
	DENY_I386(283, EPERM),  /* kexec_load */
	DENY_I386(128, EPERM),  /* init_module */
	DENY_I386(350, EPERM),  /* finit_module */
	DENY_I386(129, EPERM),  /* delete_module */
	DENY_I386(357, EPERM),  /* bpf */
	DENY_I386(336, EPERM),  /* perf_event_open */
	DENY_I386(88, EPERM),   /* reboot */
	DENY_I386(87, EPERM),   /* swapon */
	DENY_I386(115, EPERM),  /* swapoff */
	DENY_I386(51, EPERM),   /* acct */
	DENY_I386(131, EPERM),  /* quotactl */
	DENY_I386(443, EPERM),  /* quotactl_fd */
	DENY_I386(110, EPERM),  /* iopl */
	DENY_I386(101, EPERM),  /* ioperm */
	DENY_I386(342, EPERM),  /* open_by_handle_at */
	DENY_I386(374, EPERM),  /* userfaultfd */
	DENY_I386(425, ENOSYS), /* io_uring_setup */
	DENY_I386(426, ENOSYS), /* io_uring_enter */
	DENY_I386(427, ENOSYS), /* io_uring_register */
	DENY_I386(253, EPERM),  /* lookup_dcookie */
	{ 54, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, TIOCSTI },
	{ 54, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, TIOCLINUX },
	{ 54, FILTER_FAIL(EPERM), 1, FILTER_WHOLE_ARG, TIOCSETD }, DENY_I386(111, EPERM), /* vhangup */
	DENY_I386(169, ENOSYS),                                                           /* nfsservctl */
	DENY_I386(257, ENOSYS), /* remap_file_pages */
	DENY_I386(86, ENOSYS),  /* uselib */
	DENY_I386(62, ENOSYS),  /* ustat */
	DENY_I386(149, ENOSYS), /* _sysctl */
	DENY_I386(123, ENOSYS), /* modify_ldt */
	DENY_I386(127, ENOSYS), /* create_module */
	DENY_I386(130, ENOSYS), /* get_kernel_syms */
	DENY_I386(167, ENOSYS), /* query_module */
	DENY_I386(113, ENOSYS), /* vm86old: these two change the processor's mode */
	DENY_I386(166, ENOSYS), /* vm86 */
};

static const struct filter_foreign foreign = { AUDIT_ARCH_I386, denied_i386,
	sizeof(denied_i386) / sizeof(denied_i386[0]) };
const struct filter_foreign *const denied_foreign = &foreign;
#else
const struct filter_foreign *const denied_foreign = NULL;
#endif
