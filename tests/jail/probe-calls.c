/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ways into the kernel: "reach NAME" makes one system call with arguments that cannot lead anywhere. "EFAULT"
 * or "EINVAL" tell that the kernel's code for it was reached; EPERM, ENOSYS or death by SIGSYS that something
 * stood before it. */

#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NONE (-1L)
#define BAD  1L /* an address in page 0 */

static const struct {
	const char *name;
	long number, args[6];
} calls[] = {
	{ "acct", SYS_acct, { BAD } },
	{ "add_key", SYS_add_key, { BAD, BAD, BAD, 1, 0 } },
	{ "adjtimex", SYS_adjtimex, { BAD } },
	{ "bpf", SYS_bpf, { NONE, BAD, 0 } },
	{ "capset", SYS_capset, { BAD, BAD } },
	{ "chroot", SYS_chroot, { BAD } },
	{ "clock_settime", SYS_clock_settime, { 0, BAD } },
	{ "clone3", SYS_clone3, { BAD, 0 } },
	{ "delete_module", SYS_delete_module, { BAD, 0 } },
	{ "execve", SYS_execve, { BAD, 0, 0 } },
	{ "execveat", SYS_execveat, { NONE, BAD, 0, 0, 0 } },
	{ "fanotify_init", SYS_fanotify_init, { NONE, 0 } },
	{ "finit_module", SYS_finit_module, { NONE, BAD, 0 } },
	{ "fsconfig", SYS_fsconfig, { NONE, NONE, 0, 0, 0 } },
	{ "fsmount", SYS_fsmount, { NONE, NONE, 0 } },
	{ "fsopen", SYS_fsopen, { BAD, NONE } },
	{ "fspick", SYS_fspick, { NONE, BAD, 0 } },
	{ "init_module", SYS_init_module, { BAD, 0, BAD } },
	{ "inotify_init1", SYS_inotify_init1, { NONE } },
#ifdef SYS_ioperm
	{ "ioperm", SYS_ioperm, { NONE, 1, 1 } },
	{ "iopl", SYS_iopl, { 4 } },
	{ "modify_ldt", SYS_modify_ldt, { 0, 0, 0 } },
#endif
	{ "io_uring_enter", SYS_io_uring_enter, { NONE, 0, 0, 0, 0, 0 } },
	{ "io_uring_register", SYS_io_uring_register, { NONE, 0, 0, 0 } },
	{ "io_uring_setup", SYS_io_uring_setup, { 0, BAD } },
	{ "kcmp", SYS_kcmp, { 0, 0, 0, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 0, BAD, NONE } },
	{ "keyctl", SYS_keyctl, { 10000, 0, 0, 0, 0 } },
	{ "landlock_create_ruleset", SYS_landlock_create_ruleset, { 0, 0, 1 } },
	{ "lookup_dcookie", SYS_lookup_dcookie, { 0, BAD, 0 } },
	{ "mbind", SYS_mbind, { 0, 0, NONE, 0, 0, 0 } },
	{ "memfd_create", SYS_memfd_create, { BAD, 0 } },
#ifdef SYS_memfd_secret
	{ "memfd_secret", SYS_memfd_secret, { NONE } },
#endif
	{ "migrate_pages", SYS_migrate_pages, { 0, 0, BAD, BAD } },
	{ "mount", SYS_mount, { BAD, BAD, 0, 0, 0 } },
	{ "mount_setattr", SYS_mount_setattr, { NONE, BAD, NONE, BAD, 0 } },
	{ "move_mount", SYS_move_mount, { NONE, BAD, NONE, BAD, NONE } },
	{ "move_pages", SYS_move_pages, { 0, 0, 0, 0, 0, 0 } },
	{ "mq_open", SYS_mq_open, { BAD, 0, 0, 0 } },
	{ "msgget", SYS_msgget, { 1, 0 } },
	{ "name_to_handle_at", SYS_name_to_handle_at, { NONE, BAD, BAD, BAD, 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { NONE, BAD, 0 } },
	{ "open_tree", SYS_open_tree, { NONE, BAD, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { BAD, 0, NONE, NONE, 0 } },
	{ "pidfd_getfd", SYS_pidfd_getfd, { NONE, NONE, 0 } },
	{ "pidfd_open", SYS_pidfd_open, { 0, 0 } },
	{ "pivot_root", SYS_pivot_root, { BAD, BAD } },
	{ "process_madvise", SYS_process_madvise, { NONE, 0, 0, 0, 0 } },
	{ "process_vm_readv", SYS_process_vm_readv, { 0, BAD, 1, BAD, 1, 0 } },
	{ "process_vm_writev", SYS_process_vm_writev, { 0, BAD, 1, BAD, 1, 0 } },
	{ "ptrace", SYS_ptrace, { 10000, 0, 0, 0 } },
	{ "quotactl", SYS_quotactl, { 0, BAD, 0, BAD } },
	{ "reboot", SYS_reboot, { 0, 0, 0, BAD } },
	{ "remap_file_pages", SYS_remap_file_pages, { 0, 0, 1, 0, 0 } },
	{ "request_key", SYS_request_key, { BAD, BAD, BAD, 0 } },
	{ "seccomp", SYS_seccomp, { NONE, 0, 0 } },
	{ "semget", SYS_semget, { 1, 0, 0 } },
	{ "set_mempolicy", SYS_set_mempolicy, { NONE, 0, 0 } },
	{ "setdomainname", SYS_setdomainname, { BAD, 1 } },
	{ "sethostname", SYS_sethostname, { BAD, 1 } },
	{ "setns", SYS_setns, { NONE, 0 } },
	{ "shmget", SYS_shmget, { 1, 0, 0 } },
	{ "splice", SYS_splice, { NONE, 0, NONE, 0, 1, 0 } },
	{ "swapoff", SYS_swapoff, { BAD } },
	{ "swapon", SYS_swapon, { BAD, 0 } },
	/* the size of the kernel's log */
	{ "syslog", SYS_syslog, { 10, 0, 0 } },
	{ "timer_create", SYS_timer_create, { NONE, BAD, BAD } },
	{ "umount2", SYS_umount2, { BAD, 0 } },
	{ "unshare", SYS_unshare, { 1 } },
	{ "userfaultfd", SYS_userfaultfd, { 1 } },
	{ "vmsplice", SYS_vmsplice, { NONE, 0, 0, 0 } },
};

static long reach(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const long *a = calls[i].args;

		if (strcmp(calls[i].name, argv[1]) == 0)
			return result(syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]));
	}
	return -EINVAL;
}

static long list_calls(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (dprintf(1, "reach %s\n", calls[i].name) < 0)
			return -errno;
	return 0;
}

const struct probe_command call_commands[] = {
	{ "reach", 1, 1, "NAME", reach },
	{ "calls", 0, 0, "", list_calls },
	{ 0 },
};
