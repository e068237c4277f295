/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What no process below the keeper may ever do, whatever its profile says: filters are inherited. It is no
 * substitute for a profile's policy; it holds what would give a payload the kernel or the host, and what
 * would get it around its own filter. Numbers that are not listed pass. Foreign ABIs (32-bit and x32 calls)
 * end the process: base/filter.h.
 */

#include "keeper/denied.h"
#include "base/cleanup.h"

#include <errno.h>
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
