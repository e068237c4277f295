/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The names that flags are written with, in the order in which they are tried. */

#include "learn/names.h"

#include <stddef.h>

/* clang-format off */
static const char *const protection_flags[] = {
	"PROT_READ", "PROT_WRITE", "PROT_EXEC", "PROT_SEM", "PROT_GROWSDOWN", "PROT_GROWSUP", "PROT_BTI",
	"PROT_MTE",
	NULL,
};

static const char *const clone_flags[] = {
	"CLONE_VM", "CLONE_FS", "CLONE_FILES", "CLONE_SIGHAND", "CLONE_PIDFD", "CLONE_PTRACE",
	"CLONE_VFORK", "CLONE_PARENT", "CLONE_THREAD", "CLONE_NEWNS", "CLONE_SYSVSEM", "CLONE_SETTLS",
	"CLONE_PARENT_SETTID", "CLONE_CHILD_CLEARTID", "CLONE_DETACHED", "CLONE_UNTRACED",
	"CLONE_CHILD_SETTID", "CLONE_NEWCGROUP", "CLONE_NEWUTS", "CLONE_NEWIPC", "CLONE_NEWUSER",
	"CLONE_NEWPID", "CLONE_NEWNET", "CLONE_IO", "CLONE_CLEAR_SIGHAND", "CLONE_INTO_CGROUP",
	NULL,
};

static const char *const exec_flags[] = {
	"AT_EMPTY_PATH", "AT_SYMLINK_NOFOLLOW", "AT_EXECVE_CHECK",
	NULL,
};

static const char *const signals[] = {
	"SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
	"SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD",
	"SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
	"SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
	NULL,
};
/* clang-format on */

const char *const *const flag_names[] = {
	[FAMILY_PROTECTION] = protection_flags,
	[FAMILY_CLONE] = clone_flags,
	[FAMILY_EXEC_FLAGS] = exec_flags,
	[_FAMILY_MAX] = NULL,
};

const char *const *const signal_names = signals;
