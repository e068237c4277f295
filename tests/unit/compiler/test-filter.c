/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The keys that become filters, by what their program says of calls, with each key and without: a table. The
 * programs are run by the jail engine's simulator, which shares nothing with who wrote them. Then what is
 * wrong with the keys' words, with its place; and the keys together with Policy=.
 */

#include "base/error.h"
#include "catalog/catalog.h"
#include "compiler/compile.h"
#include "compiler/translate.h"
#include "jail/steps.h"
#include "profile/profile.h"
#include "seccomp/groups.h"
#include "seccomp/syscalls.h"
#include "tests/unit/compiler/machine.h"
#include "tests/unit/profile/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define ALLOW      SECCOMP_RET_ALLOW
#define KILL       SECCOMP_RET_KILL_PROCESS
#define LOG        SECCOMP_RET_LOG
#define FAIL(e)    (SECCOMP_RET_ERRNO | (e))
#define GARBAGE    0xdeadbeef00000000ULL /* above an int: the kernel does not look at it */
#define X86_64     ARCHITECTURE_X86_64
#define I386       ARCHITECTURE_I386
#define X32        ARCHITECTURE_X32
#define UNKNOWN_NR 4000 /* no kernel has it */

/* Makes the profile's filter. Errors are in @d. */
static int compile_text(const char *text, struct diagnostics *d, struct compiled_profile *ret)
{
	const struct translation t = { 0 };
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	int r;

	compiled_profile_init(ret);
	r = profile_parse_text("p", text, strlen(text), d, &source, &p);
	return r < 0 ? r : translate_filter(&t, &p, d, ret);
}

static uint32_t verdict(
	const struct compiled_profile *p, enum architecture_id id, uint32_t number, const uint64_t args[6])
{
	return filter_verdict(p->filter, p->n_filter, architectures[id].audit, number, args);
}

static uint32_t number_of(enum architecture_id id, const char *call)
{
	uint32_t number;

	if (syscall_lookup(&architectures[id], call, strlen(call), &number) < 0)
		fail_msg("%s is not in the tables of %s", call, architectures[id].name);
	return number;
}

struct row {
	const char *text;
	enum architecture_id architecture;
	const char *call;
	uint64_t args[6];
	uint32_t expected;
};

static void expect(const struct row *row)
{
	_cleanup_(compiled_profile_done) struct compiled_profile p;
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	uint32_t said;

	if (compile_text(row->text, &d, &p) < 0)
		fail_msg("%s: %s", row->text, d.lines ? d.lines[0] : "?");
	said = verdict(&p, row->architecture, number_of(row->architecture, row->call), row->args);
	if (said != row->expected)
		fail_msg("%s: %s(%#llx, %#llx, %#llx, %#llx, %#llx) on %s: %#x, not %#x", row->text,
			row->call, (unsigned long long)row->args[0], (unsigned long long)row->args[1],
			(unsigned long long)row->args[2], (unsigned long long)row->args[3],
			(unsigned long long)row->args[4], architectures[row->architecture].name, said,
			row->expected);
}

#define SECCOMP(key) "[User]\nUser=daemon\n[Namespaces]\nPrivateUTS=no\n[Seccomp]\n" key "\n"
#define BARE         SECCOMP("")
/* Nothing that refuses a call but what follows. */
#define NO_KEYS                                                                                              \
	"[User]\nUser=daemon\n[Namespaces]\nPrivateUTS=no\n[Filesystem]\nProtectClock=no\n"                  \
	"ProtectKernelModules=no\nProtectKernelLogs=no\n[Seccomp]\n"
#define FILTER(v)      SECCOMP("SystemCallFilter=" v)
#define NAMESPACES(v)  "[Namespaces]\nRestrictNamespaces=" v "\n"
#define WITH_I386(key) SECCOMP("SystemCallArchitectures=x86\n" key)

/* clang-format off */
static const struct row rows[] = {
	/* without any key: the machine's own calls, but for what types into terminals */
	{ BARE, X86_64, "read", { 0 }, ALLOW },
	{ BARE, X86_64, "ptrace", { 0 }, ALLOW },
	{ BARE, I386, "read", { 0 }, KILL },
	{ BARE, I386, "exit_group", { 0 }, KILL },
	{ BARE, X32, "read", { 0 }, KILL },
	{ BARE, X86_64, "ioctl", { 0, TCGETS }, ALLOW },
	{ BARE, X86_64, "ioctl", { 0, TIOCSTI }, FAIL(EPERM) },
	{ BARE, X86_64, "ioctl", { 0, TIOCSTI | GARBAGE }, FAIL(EPERM) },
	{ BARE, X86_64, "ioctl", { 0, TIOCLINUX }, FAIL(EPERM) },
	{ BARE, X86_64, "ioctl", { 0, TIOCLINUX | 1ULL << 32 }, FAIL(EPERM) },
	{ BARE, X86_64, "ioctl", { 0, TIOCSTI | 1 }, ALLOW },
	{ WITH_I386(""), I386, "ioctl", { 0, TIOCSTI | GARBAGE }, FAIL(EPERM) },

	{ SECCOMP("SystemCallArchitectures=native"), X86_64, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallArchitectures=native"), I386, "read", { 0 }, KILL },
	{ SECCOMP("SystemCallArchitectures=x86"), X86_64, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallArchitectures=x86"), I386, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallArchitectures=x86"), X32, "read", { 0 }, KILL },
	{ SECCOMP("SystemCallArchitectures=arm\nSystemCallArchitectures=x86"), I386, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallArchitectures=x86\nSystemCallArchitectures="), I386, "read", { 0 }, KILL },
	{ SECCOMP("SystemCallArchitectures=arm64 riscv64 arm x86-64"), X86_64, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallArchitectures=arm64 riscv64 arm x86-64"), I386, "read", { 0 }, KILL },

	/* lists of what is allowed */
	{ FILTER("read"), X86_64, "read", { 0 }, ALLOW },
	{ FILTER("read"), X86_64, "write", { 0 }, KILL },
	{ FILTER("read"), X86_64, "exit_group", { 0 }, ALLOW },
	{ FILTER("read"), X86_64, "execve", { 0 }, ALLOW },
	{ FILTER("read"), X86_64, "execveat", { 9, 0, 0, 0, AT_EMPTY_PATH }, ALLOW },
	{ FILTER("read"), X86_64, "execveat", { 9, 0, 0, 0, AT_EMPTY_PATH | GARBAGE }, ALLOW },
	{ FILTER("read"), X86_64, "execveat", { 9, 0, 0, 0, 0 }, KILL },
	{ FILTER("read"), X86_64, "execveat", { 9, 0, 0, 0, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW }, KILL },
	{ FILTER("read execveat"), X86_64, "execveat", { 9, 0, 0, 0, 0 }, ALLOW },
	{ FILTER("@basic-io"), X86_64, "write", { 0 }, ALLOW },
	{ FILTER("@basic-io"), X86_64, "openat", { 0 }, KILL },
	{ FILTER("@system-service"), X86_64, "openat", { 0 }, ALLOW },
	{ FILTER("@system-service"), X86_64, "mount", { 0 }, KILL },
	{ FILTER("@system-service"), X86_64, "ioctl", { 0, TIOCSTI }, FAIL(EPERM) },
	{ FILTER("@system-service ~@privileged @resources"), X86_64, "openat", { 0 }, ALLOW },
	{ FILTER("@system-service ~@privileged @resources"), X86_64, "chown", { 0 }, KILL },
	{ FILTER("@system-service ~@privileged @resources"), X86_64, "setpriority", { 0 }, KILL },
	{ FILTER("@system-service\nSystemCallFilter=~openat"), X86_64, "openat", { 0 }, KILL },
	{ FILTER("@system-service\nSystemCallFilter=~@file-system\nSystemCallFilter=openat"), X86_64, "openat", { 0 }, ALLOW },
	{ FILTER("@system-service\nSystemCallFilter=~@file-system\nSystemCallFilter=openat"), X86_64, "unlink", { 0 }, KILL },
	{ FILTER("@system-service\nSystemCallFilter=~openat:EACCES"), X86_64, "openat", { 0 }, FAIL(EACCES) },
	{ FILTER("@system-service\nSystemCallFilter=~exit_group"), X86_64, "exit_group", { 0 }, KILL },
	{ FILTER("read\nSystemCallFilter=\nSystemCallFilter=write"), X86_64, "write", { 0 }, ALLOW },
	{ FILTER("read\nSystemCallFilter=\nSystemCallFilter=write"), X86_64, "read", { 0 }, KILL },
	{ FILTER("read\nSystemCallFilter="), X86_64, "write", { 0 }, ALLOW },
	{ FILTER("\"read\" 'write'"), X86_64, "write", { 0 }, ALLOW },
	{ FILTER("read s390_runtime_instr arm_fadvise64_64"), X86_64, "read", { 0 }, ALLOW },
	{ FILTER("read\nSystemCallErrorNumber=EPERM"), X86_64, "write", { 0 }, FAIL(EPERM) },
	{ FILTER("read\nSystemCallErrorNumber=13"), X86_64, "write", { 0 }, FAIL(13) },
	{ FILTER("read\nSystemCallErrorNumber=4095"), X86_64, "write", { 0 }, FAIL(4095) },
	{ FILTER("read\nSystemCallErrorNumber=EPERM\nSystemCallErrorNumber=kill"), X86_64, "write", { 0 }, KILL },
	{ FILTER("read\nSystemCallErrorNumber=EPERM\nSystemCallErrorNumber="), X86_64, "write", { 0 }, KILL },
	{ FILTER("read\nSystemCallErrorNumber=EPERM"), X86_64, "execveat", { 9, 0, 0, 0, 0 }, FAIL(EPERM) },

	/* lists of what is refused */
	{ FILTER("~ptrace"), X86_64, "read", { 0 }, ALLOW },
	{ FILTER("~ptrace"), X86_64, "ptrace", { 0 }, KILL },
	{ FILTER("~ @debug"), X86_64, "ptrace", { 0 }, KILL },
	{ FILTER("~@debug:EACCES ptrace:kill"), X86_64, "ptrace", { 0 }, KILL },
	{ FILTER("~@debug:EACCES ptrace:kill"), X86_64, "perf_event_open", { 0 }, FAIL(EACCES) },
	{ FILTER("~@debug:95"), X86_64, "ptrace", { 0 }, FAIL(95) },
	{ FILTER("~@debug\nSystemCallErrorNumber=EPERM"), X86_64, "ptrace", { 0 }, FAIL(EPERM) },
	{ FILTER("~ptrace:kill\nSystemCallErrorNumber=EPERM"), X86_64, "ptrace", { 0 }, KILL },
	{ FILTER("~@debug\nSystemCallFilter=ptrace"), X86_64, "ptrace", { 0 }, ALLOW },
	{ FILTER("~@debug\nSystemCallFilter=~mount"), X86_64, "mount", { 0 }, KILL },
	{ FILTER("~ptrace\nSystemCallFilter=~ptrace:EPERM"), X86_64, "ptrace", { 0 }, FAIL(EPERM) },
	{ FILTER("~ptrace\nSystemCallFilter="), X86_64, "ptrace", { 0 }, ALLOW },
	{ FILTER("~"), X86_64, "ptrace", { 0 }, ALLOW },
	{ FILTER("~@process"), X86_64, "execveat", { 9, 0, 0, 0, AT_EMPTY_PATH }, ALLOW },
	{ FILTER("~@process"), X86_64, "execveat", { 9, 0, 0, 0, 0 }, KILL },
	{ FILTER("~execve:EPERM execveat:EACCES"), X86_64, "execveat", { 9, 0, 0, 0, 0 }, FAIL(EACCES) },
	{ FILTER("~execve:EPERM execveat:EACCES"), X86_64, "execve", { 0 }, FAIL(EPERM) },
	{ WITH_I386("SystemCallFilter=read"), I386, "write", { 0 }, KILL },
	{ WITH_I386("SystemCallFilter=read"), I386, "read", { 0 }, ALLOW },
	{ WITH_I386("SystemCallFilter=read"), I386, "sigreturn", { 0 }, ALLOW },

	{ SECCOMP("SystemCallLog=ptrace @mount"), X86_64, "ptrace", { 0 }, LOG },
	{ SECCOMP("SystemCallLog=ptrace @mount"), X86_64, "umount2", { 0 }, LOG },
	{ SECCOMP("SystemCallLog=ptrace @mount"), X86_64, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallLog=~@system-service"), X86_64, "ptrace", { 0 }, LOG },
	{ SECCOMP("SystemCallLog=~@system-service"), X86_64, "read", { 0 }, ALLOW },
	{ SECCOMP("SystemCallLog=ptrace\nSystemCallLog=~ptrace"), X86_64, "ptrace", { 0 }, ALLOW },
	{ SECCOMP("SystemCallLog=ptrace\nSystemCallLog="), X86_64, "ptrace", { 0 }, ALLOW },
	{ SECCOMP("SystemCallLog=ptrace\nSystemCallFilter=~ptrace:EPERM"), X86_64, "ptrace", { 0 }, FAIL(EPERM) },
	{ SECCOMP("SystemCallLog=ioctl"), X86_64, "ioctl", { 0, TIOCSTI }, FAIL(EPERM) },
	{ SECCOMP("SystemCallLog=ioctl"), X86_64, "ioctl", { 0, TCGETS }, LOG },

	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { AF_UNIX }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { AF_INET | GARBAGE }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { AF_INET6 }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { AF_NETLINK | GARBAGE }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { 0xffffffff }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET"), X86_64, "socket", { 0 }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX"), X86_64, "socketpair", { AF_INET }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX\nRestrictAddressFamilies=AF_INET"), X86_64, "socket", { AF_INET }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX AF_INET\nRestrictAddressFamilies=~AF_INET"), X86_64, "socket", { AF_INET }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=none"), X86_64, "socket", { AF_UNIX }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=none"), X86_64, "connect", { 0 }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=none\nRestrictAddressFamilies=AF_UNIX"), X86_64, "socket", { AF_UNIX }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=~AF_PACKET AF_NETLINK"), X86_64, "socket", { AF_PACKET }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=~AF_PACKET AF_NETLINK"), X86_64, "socket", { AF_PACKET | GARBAGE }, FAIL(EAFNOSUPPORT) },
	{ SECCOMP("RestrictAddressFamilies=~AF_PACKET AF_NETLINK"), X86_64, "socket", { AF_INET }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=~AF_PACKET\nRestrictAddressFamilies=AF_PACKET"), X86_64, "socket", { AF_PACKET }, ALLOW },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX\nRestrictAddressFamilies="), X86_64, "socket", { AF_INET }, ALLOW },
	{ WITH_I386("RestrictAddressFamilies=AF_UNIX"), I386, "socket", { AF_UNIX }, ALLOW },
	{ WITH_I386("RestrictAddressFamilies=AF_UNIX"), I386, "socket", { AF_INET }, FAIL(EAFNOSUPPORT) },
	{ WITH_I386("RestrictAddressFamilies=AF_UNIX"), I386, "socketcall", { 1 }, FAIL(EAFNOSUPPORT) },
	{ WITH_I386("RestrictAddressFamilies=AF_UNIX"), I386, "socketcall", { 3 }, ALLOW },
	{ WITH_I386(""), I386, "socketcall", { 1 }, ALLOW },

	{ NAMESPACES("yes"), X86_64, "unshare", { CLONE_NEWUSER }, FAIL(EPERM) },
	{ NAMESPACES("yes"), X86_64, "unshare", { CLONE_NEWTIME | GARBAGE }, FAIL(EPERM) },
	{ NAMESPACES("yes"), X86_64, "unshare", { CLONE_FILES }, ALLOW },
	{ NAMESPACES("yes"), X86_64, "clone", { CLONE_NEWNET | SIGCHLD }, FAIL(EPERM) },
	{ NAMESPACES("yes"), X86_64, "clone", { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND }, ALLOW },
	{ NAMESPACES("yes"), X86_64, "clone", { SIGCHLD }, ALLOW },
	{ NAMESPACES("yes"), X86_64, "clone3", { 0 }, FAIL(ENOSYS) },
	{ NAMESPACES("yes"), X86_64, "setns", { 3, CLONE_NEWNS }, FAIL(EPERM) },
	{ NAMESPACES("yes"), X86_64, "setns", { 3, 0 }, FAIL(EPERM) },
	{ NAMESPACES("no"), X86_64, "setns", { 3, 0 }, ALLOW },
	{ NAMESPACES("no"), X86_64, "clone3", { 0 }, ALLOW },
	{ NAMESPACES("no"), X86_64, "unshare", { CLONE_NEWUSER }, ALLOW },
	{ NAMESPACES("user net"), X86_64, "unshare", { CLONE_NEWUSER }, ALLOW },
	{ NAMESPACES("user net"), X86_64, "unshare", { CLONE_NEWUSER | CLONE_NEWNS }, FAIL(EPERM) },
	{ NAMESPACES("user net"), X86_64, "clone", { CLONE_NEWNET }, ALLOW },
	{ NAMESPACES("user net"), X86_64, "clone", { CLONE_NEWPID }, FAIL(EPERM) },
	{ NAMESPACES("user net"), X86_64, "setns", { 3, CLONE_NEWNET }, ALLOW },
	{ NAMESPACES("user net"), X86_64, "setns", { 3, CLONE_NEWCGROUP }, FAIL(EPERM) },
	{ NAMESPACES("user net"), X86_64, "setns", { 3, GARBAGE }, FAIL(EPERM) },
	{ NAMESPACES("user\nRestrictNamespaces=net"), X86_64, "unshare", { CLONE_NEWUSER | CLONE_NEWNET }, ALLOW },
	{ NAMESPACES("user\nRestrictNamespaces=~user"), X86_64, "unshare", { CLONE_NEWUSER }, FAIL(EPERM) },
	{ NAMESPACES("~user"), X86_64, "unshare", { CLONE_NEWUSER }, FAIL(EPERM) },
	{ NAMESPACES("~user"), X86_64, "unshare", { CLONE_NEWIPC }, ALLOW },
	{ NAMESPACES("~user\nRestrictNamespaces=~ipc"), X86_64, "unshare", { CLONE_NEWIPC }, FAIL(EPERM) },
	{ NAMESPACES("~time"), X86_64, "clone", { 0x80 }, ALLOW },
	{ NAMESPACES("~time"), X86_64, "unshare", { CLONE_NEWTIME }, FAIL(EPERM) },
	{ NAMESPACES("~uts\nRestrictNamespaces=yes"), X86_64, "unshare", { CLONE_NEWIPC }, FAIL(EPERM) },
	{ NAMESPACES("yes\nRestrictNamespaces="), X86_64, "unshare", { CLONE_NEWIPC }, ALLOW },

	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "mmap", { 0, 1, PROT_WRITE | PROT_EXEC }, FAIL(EPERM) },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "mmap", { 0, 1, PROT_READ | PROT_WRITE }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "mmap", { 0, 1, PROT_READ | PROT_EXEC }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "mprotect", { 0, 1, PROT_READ | PROT_EXEC }, FAIL(EPERM) },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "mprotect", { 0, 1, PROT_READ }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "pkey_mprotect", { 0, 1, PROT_EXEC }, FAIL(EPERM) },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "pkey_mprotect", { 0, 1, PROT_WRITE }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "shmat", { 0, 0, SHM_EXEC }, FAIL(EPERM) },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "shmat", { 0, 0, SHM_RDONLY }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "personality", { READ_IMPLIES_EXEC }, FAIL(EPERM) },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "personality", { 0xffffffff }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "personality", { PER_LINUX32 }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=yes"), X86_64, "memfd_create", { 0 }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=no"), X86_64, "mmap", { 0, 1, PROT_WRITE | PROT_EXEC }, ALLOW },
	{ SECCOMP("MemoryDenyWriteExecute=no"), X86_64, "mprotect", { 0, 1, PROT_EXEC }, ALLOW },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "mmap", { 0 }, FAIL(EPERM) },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "mmap2", { 0, 1, PROT_WRITE | PROT_EXEC }, FAIL(EPERM) },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "mmap2", { 0, 1, PROT_WRITE }, ALLOW },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "ipc", { 21, 0, SHM_EXEC }, FAIL(EPERM) },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "ipc", { 21 | 1 << 16, 0, SHM_EXEC }, FAIL(EPERM) },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "ipc", { 21, 0, 0 }, ALLOW },
	{ WITH_I386("MemoryDenyWriteExecute=yes"), I386, "ipc", { 1, 0, SHM_EXEC }, ALLOW },

	/* calls that i386 has inside of another: what a list says of their names */
	{ WITH_I386("SystemCallFilter=~connect"), I386, "socketcall", { 3 | GARBAGE }, KILL },
	{ WITH_I386("SystemCallFilter=~connect:EACCES"), I386, "socketcall", { 3 }, FAIL(EACCES) },
	{ WITH_I386("SystemCallFilter=~connect"), I386, "socketcall", { 2 }, ALLOW },
	{ WITH_I386("SystemCallFilter=~send"), I386, "socketcall", { 9 }, KILL },
	{ WITH_I386("SystemCallFilter=~shmat:EPERM"), I386, "ipc", { 21 }, FAIL(EPERM) },
	{ WITH_I386("SystemCallFilter=~shmat:EPERM"), I386, "ipc", { 21 | 1 << 16 }, FAIL(EPERM) },
	{ WITH_I386("SystemCallFilter=~shmat:EPERM"), I386, "ipc", { 22 }, ALLOW },
	{ WITH_I386("SystemCallFilter=~socketcall:EPERM"), I386, "socketcall", { 1 }, FAIL(EPERM) },
	{ WITH_I386("SystemCallFilter=@system-service"), I386, "socketcall", { 3 }, ALLOW },
	{ WITH_I386("SystemCallFilter=@system-service ~connect:EPERM"), I386, "socketcall", { 3 }, FAIL(EPERM) },
	{ WITH_I386("SystemCallFilter=socketcall socket"), I386, "socketcall", { 1 }, ALLOW },
	{ WITH_I386("SystemCallFilter=socketcall socket"), I386, "socketcall", { 2 }, KILL },
	{ WITH_I386("SystemCallLog=connect"), I386, "socketcall", { 3 }, LOG },
	{ WITH_I386("SystemCallLog=~connect socketcall"), I386, "socketcall", { 3 }, ALLOW },

	{ SECCOMP("LockPersonality=yes"), X86_64, "personality", { PER_LINUX }, ALLOW },
	{ SECCOMP("LockPersonality=yes"), X86_64, "personality", { GARBAGE }, ALLOW },
	{ SECCOMP("LockPersonality=yes"), X86_64, "personality", { ADDR_NO_RANDOMIZE }, FAIL(EPERM) },
	{ SECCOMP("LockPersonality=yes"), X86_64, "personality", { 0xffffffff }, FAIL(EPERM) },
	{ SECCOMP("LockPersonality=no"), X86_64, "personality", { ADDR_NO_RANDOMIZE }, ALLOW },
	{ SECCOMP("LockPersonality=yes\nMemoryDenyWriteExecute=yes"), X86_64, "personality", { 0xffffffff }, FAIL(EPERM) },

	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_OTHER }, ALLOW },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_BATCH | GARBAGE }, ALLOW },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_IDLE }, ALLOW },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_FIFO }, FAIL(EPERM) },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_RR | GARBAGE }, FAIL(EPERM) },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_DEADLINE }, FAIL(EPERM) },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setscheduler", { 0, SCHED_FIFO | SCHED_RESET_ON_FORK }, FAIL(EPERM) },
	{ SECCOMP("RestrictRealtime=yes"), X86_64, "sched_setattr", { 0 }, FAIL(ENOSYS) },
	{ SECCOMP("RestrictRealtime=no"), X86_64, "sched_setscheduler", { 0, SCHED_FIFO }, ALLOW },
	{ SECCOMP("RestrictRealtime=no"), X86_64, "sched_setattr", { 0 }, ALLOW },

	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "chmod", { 0, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "chmod", { 0, 02755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "chmod", { 0, 01777 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "fchmod", { 0, 06755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "fchmodat", { 0, 0, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "fchmodat2", { 0, 0, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "fchmodat2", { 0, 0, 0755 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "mkdir", { 0, 02755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "mkdirat", { 0, 0, 02755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "mknod", { 0, S_IFREG | 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "mknodat", { 0, 0, S_IFREG | 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "mknodat", { 0, 0, S_IFIFO | 0755 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "creat", { 0, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "open", { 0, O_CREAT | O_WRONLY, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "open", { 0, O_TMPFILE | O_WRONLY, 04755 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "open", { 0, O_CREAT | O_WRONLY, 0755 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "open", { 0, O_RDONLY | O_DIRECTORY, 04755 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "openat", { 0, 0, O_CREAT, 02644 }, FAIL(EPERM) },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "openat", { 0, 0, O_RDWR, 02644 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=yes"), X86_64, "openat2", { 0 }, FAIL(ENOSYS) },
	{ SECCOMP("RestrictSUIDSGID=no"), X86_64, "chmod", { 0, 04755 }, ALLOW },
	{ "[User]\nUser=daemon\n[Filesystem]\nBindPaths=/c:/d:idmap\n", X86_64, "chmod", { 0, 04755 }, FAIL(EPERM) },
	{ "[User]\nUser=daemon\n[Filesystem]\nBindReadOnlyPaths=/c:/d:idmap\n", X86_64, "chmod", { 0, 04755 }, ALLOW },
	{ SECCOMP("RestrictSUIDSGID=no"), X86_64, "openat2", { 0 }, ALLOW },
	{ BARE, X86_64, "chmod", { 0, 04755 }, ALLOW },
	{ "", X86_64, "chmod", { 0, 04755 }, FAIL(EPERM) }, /* DynamicUser=yes is the default */
	{ "[User]\nUser=daemon\nDynamicUser=no\n", X86_64, "chmod", { 0, 04755 }, ALLOW },

	{ BARE, X86_64, "sethostname", { 0 }, ALLOW },
	{ "", X86_64, "sethostname", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "setdomainname", { 0 }, FAIL(EPERM) },
	{ "[Namespaces]\nProtectHostname=no\n", X86_64, "sethostname", { 0 }, ALLOW },
	{ "[Namespaces]\nProtectHostname=yes\n", X86_64, "sethostname", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "clock_settime", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "adjtimex", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "clock_gettime", { 0 }, ALLOW },
	{ "[Filesystem]\nProtectClock=no\n", X86_64, "clock_settime", { 0 }, ALLOW },
	{ "[Filesystem]\nProtectClock=yes\n[Seccomp]\nSystemCallArchitectures=x86\n", I386, "clock_settime64", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "init_module", { 0 }, FAIL(EPERM) },
	{ "", X86_64, "delete_module", { 0 }, FAIL(EPERM) },
	{ "[Filesystem]\nProtectKernelModules=no\n", X86_64, "finit_module", { 0 }, ALLOW },
	{ "", X86_64, "syslog", { 0 }, FAIL(EPERM) },
	{ "[Filesystem]\nProtectKernelLogs=no\n", X86_64, "syslog", { 0 }, ALLOW },
};
/* clang-format on */

static void test_table(void **state)
{
	if (architecture_native()->id != ARCHITECTURE_X86_64)
		skip();
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		expect(&rows[i]);
}

/* Calls that no table knows yet: a list of what is allowed says ENOSYS, a list of what is refused nothing. */
static void test_unknown_calls(void **state)
{
	static const struct {
		const char *text;
		uint32_t expected;
	} lists[] = { { FILTER("read"), FAIL(ENOSYS) }, { FILTER("@known"), FAIL(ENOSYS) },
		{ FILTER("read\nSystemCallErrorNumber=EPERM"), FAIL(ENOSYS) }, { FILTER("~ptrace"), ALLOW },
		{ BARE, ALLOW }, { SECCOMP("SystemCallLog=~read"), LOG } };
	const uint64_t args[6] = { 0 };

	for (size_t i = 0; i < ELEMENTS(lists); i++) {
		_cleanup_(compiled_profile_done) struct compiled_profile p;
		_cleanup_(diagnostics_done) struct diagnostics d = { 0 };

		assert_int_equal(compile_text(lists[i].text, &d, &p), 0);
		assert_int_equal(verdict(&p, architecture_native()->id, UNKNOWN_NR, args), lists[i].expected);
	}
}

static bool group_has(const char *group, const char *call)
{
	const struct syscall_group *g = syscall_group_find(group, strlen(group));

	for (size_t i = 0; i < g->n_members; i++)
		if (strcmp(syscall_group_member(g, i), call) == 0)
			return true;
	return false;
}

/* Another name for the same number, as some architectures have. */
static bool group_has_number(const char *group, uint32_t number)
{
	enum architecture_id id = architecture_native()->id;

	for (size_t i = 0; i < n_syscall_rows; i++)
		if (syscall_rows[i].numbers[id] == number && group_has(group, syscall_rows[i].name))
			return true;
	return false;
}

/*
 * Each group, allowed and refused: of all calls that there are, these and no others. That the groups are
 * those of systemd, unit-seccomp-tables-systemd asks systemd itself.
 */
static void test_groups(void **state)
{
	enum architecture_id id = architecture_native()->id;
	/* with an argument for which no other key has anything to say of ioctl or execveat */
	const uint64_t args[6] = { 0 };

	for (size_t i = 0; i < n_syscall_groups; i++) {
		const char *group = syscall_groups[i].name;
		_cleanup_(compiled_profile_done) struct compiled_profile allows, refuses;
		_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
		char text[256];

		(void)snprintf(text, sizeof(text), NO_KEYS "SystemCallFilter=@%s\n", group);
		assert_int_equal(compile_text(text, &d, &allows), 0);
		(void)snprintf(text, sizeof(text), NO_KEYS "SystemCallFilter=~@%s:EBUSY\n", group);
		assert_int_equal(compile_text(text, &d, &refuses), 0);
		for (size_t j = 0; j < n_syscall_rows; j++) {
			uint32_t number = syscall_rows[j].numbers[id];
			bool in = number != SYSCALL_NONE && group_has_number(group, number);
			bool always = number != SYSCALL_NONE && group_has_number("default", number);

			if (number == SYSCALL_NONE)
				continue;
			if (verdict(&allows, id, number, args) != (in || always ? ALLOW : KILL) ||
				verdict(&refuses, id, number, args) != (in ? FAIL(EBUSY) : ALLOW))
				fail_msg("@%s: %s", group, syscall_rows[j].name);
		}
	}
}

static const struct {
	const char *text, *error;
} errors[] = {
	{ FILTER("raed"), "p:6:18: error: SystemCallFilter=raed: no such system call; did you mean 'read'?" },
	{ FILTER("read  wrote write"),
		"p:6:24: error: SystemCallFilter=wrote: no such system call; did you mean 'write'?" },
	{ FILTER("~raed"),
		"p:6:19: error: SystemCallFilter=raed: no such system call; did you mean 'read'?" },
	{ FILTER("@basic_io"), "p:6:18: error: SystemCallFilter=@basic_io: no such group of system calls; "
			       "did you mean '@basic-io'?" },
	{ FILTER("@"), "p:6:18: error: SystemCallFilter=@: no such group of system calls" },
	{ FILTER("qqqqqqqqqqqqqqqqqqqqqq"),
		"p:6:18: error: SystemCallFilter=qqqqqqqqqqqqqqqqqqqqqq: no such system call" },
	{ FILTER("read:EPERM"), "p:6:18: error: SystemCallFilter=read:EPERM: a call that is allowed has no "
				"error number; put \"~\" in front to refuse it" },
	{ FILTER("~read:EFOO"), "p:6:19: error: SystemCallFilter=read:EFOO: expected an error's name, a "
				"number from 1 to 4095, or kill, behind ':'" },
	{ FILTER("~read:0"), "p:6:19: error: SystemCallFilter=read:0: expected an error's name, a number "
			     "from 1 to 4095, or kill, behind ':'" },
	{ FILTER("~read:4096"), "p:6:19: error: SystemCallFilter=read:4096: expected an error's name, a "
				"number from 1 to 4095, or kill, behind ':'" },
	{ FILTER("~read:"), "p:6:19: error: SystemCallFilter=read:: expected an error's name, a number from "
			    "1 to 4095, or kill, behind ':'" },
	{ SECCOMP("SystemCallLog=read:EPERM"), "p:6:15: error: SystemCallLog=read:EPERM: what is logged is "
					       "not refused, and has no error number" },
	{ SECCOMP("SystemCallLog=@foo"), "p:6:15: error: SystemCallLog=@foo: no such group of system calls" },
	{ FILTER("read\nSystemCallErrorNumber=EFOO"), "p:7:23: error: SystemCallErrorNumber=EFOO: expected "
						      "an error's name, a number from 1 to 4095, or kill" },
	{ FILTER("read\nSystemCallErrorNumber=0"), "p:7:23: error: SystemCallErrorNumber=0: expected an "
						   "error's name, a number from 1 to 4095, or kill" },
	{ SECCOMP("SystemCallArchitectures=native x86_64"), "p:6:32: error: SystemCallArchitectures=x86_64: "
							    "no such architecture; did you mean 'x86-64'?" },
	{ SECCOMP("SystemCallArchitectures=" MACHINE_INTERFACE),
		"p:6:25: error: SystemCallArchitectures=" MACHINE_INTERFACE
		": the daemon's own filter closes this interface to every sandbox; remove it" },
	{ SECCOMP("SystemCallArchitectures=sparc"), "p:6:25: error: SystemCallArchitectures=sparc: expected "
						    "native, x86-64, x86, x32, arm64, arm or riscv64" },
	{ SECCOMP("RestrictAddressFamilies=AF_INTE"), "p:6:25: error: RestrictAddressFamilies=AF_INTE: no "
						      "such address family; did you mean 'AF_INET'?" },
	{ SECCOMP("RestrictAddressFamilies=AF_UNIX none"),
		"p:6:33: error: RestrictAddressFamilies=none: expected names such as AF_UNIX or AF_INET6, or "
		"none alone" },
	{ SECCOMP("RestrictAddressFamilies=AF_UNSPEC"),
		"p:6:25: error: RestrictAddressFamilies=AF_UNSPEC: expected names such as AF_UNIX or "
		"AF_INET6, or none alone" },
	{ SECCOMP("RestrictAddressFamilies=inet"), "p:6:25: error: RestrictAddressFamilies=inet: expected "
						   "names such as AF_UNIX or AF_INET6, or none alone" },
	{ NAMESPACES("user mount"), "p:2:25: error: RestrictNamespaces=mount: expected yes, no, or words out "
				    "of cgroup, ipc, mnt, net, pid, time, user, uts" },
	{ NAMESPACES("~nte"), "p:2:21: error: RestrictNamespaces=nte: expected yes, no, or words out of "
			      "cgroup, ipc, mnt, net, pid, time, user, uts" },
	{ SECCOMP("MemoryDenyWriteExecute=x"),
		"p:6:24: error: MemoryDenyWriteExecute=x: expected yes or no" },
	{ "[User]\nDynamicUser=yes\n[Seccomp]\nRestrictSUIDSGID=no\n",
		"p:4:1: error: RestrictSUIDSGID=no contradicts DynamicUser=yes (p:2), whose ids are used "
		"again; remove it, or name a user by User=" },
	{ "[Seccomp]\nRestrictSUIDSGID=no\n",
		"p:2:1: error: RestrictSUIDSGID=no contradicts DynamicUser=yes (the default), whose ids are "
		"used again; remove it, or name a user by User=" },
	{ "[User]\nUser=daemon\n[Filesystem]\nBindPaths=/a:/b /c:/d:idmap\n[Seccomp]\nRestrictSUIDSGID=no\n",
		"p:6:1: error: RestrictSUIDSGID=no contradicts the idmap of the bind on /d (p:4), where "
		"files "
		"are made that are another user's outside; remove one of them, or write BindReadOnlyPaths=" },
	{ "[Namespaces]\nPrivateUTS=no\nProtectHostname=yes\n",
		"p:3:1: error: ProtectHostname=yes contradicts PrivateUTS=no (p:2): it gives a host name of "
		"its own; remove one of them" },
};

static void test_errors(void **state)
{
	for (size_t i = 0; i < ELEMENTS(errors); i++) {
		_cleanup_(compiled_profile_done) struct compiled_profile p;
		_cleanup_(diagnostics_done) struct diagnostics d = { 0 };

		if (compile_text(errors[i].text, &d, &p) != -EBADMSG)
			fail_msg("%s: taken", errors[i].text);
		if (strcmp(d.lines[0], errors[i].error) != 0)
			fail_msg("%s:\n%s\nexpected:\n%s", errors[i].text, d.lines[0], errors[i].error);
	}
}

/* Whatever is wrong is said, and all of it. */
static void test_all_errors(void **state)
{
	_cleanup_(compiled_profile_done) struct compiled_profile p;
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };

	assert_int_equal(
		compile_text("[Seccomp]\nSystemCallFilter=raed wriet\nSystemCallLog=@foo\n"
			     "RestrictAddressFamilies=AF_FOO AF_BAR\nSystemCallArchitectures=pdp11\n",
			&d, &p),
		-EBADMSG);
	assert_int_equal(strv_length(d.lines), 6);
}

/* With a policy: each call gets the more restrictive of what the policy and each key say. */
static const struct {
	const char *policy, *keys, *call;
	uint64_t args[6];
	uint32_t expected;
} joined[] = {
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=@system-service", "read", { 0 }, ALLOW },
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=@system-service", "openat", { 0 },
		FAIL(EACCES) },
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=@system-service", "write", { 0 }, KILL },
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=~read:EBUSY", "read", { 0 }, FAIL(EBUSY) },
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=~openat:EBUSY", "openat", { 0 },
		FAIL(EACCES) },
	{ "read: 1\nopenat: return EACCES\n", "SystemCallFilter=~openat:kill", "openat", { 0 }, KILL },
	{ "read: arg0 == 3\nioctl: 1\n", "SystemCallFilter=@system-service\nSystemCallLog=read", "read",
		{ 3 }, LOG },
	{ "read: arg0 == 3\nioctl: 1\n", "SystemCallFilter=@system-service\nSystemCallLog=read", "read",
		{ 4 }, KILL },
	{ "read: arg0 == 3\nioctl: 1\n", "SystemCallFilter=@system-service", "ioctl", { 0, TIOCSTI },
		FAIL(EPERM) },
	{ "ioctl: arg1 == TIOCSTI || arg1 == TCGETS\n", "", "ioctl", { 0, TIOCSTI }, FAIL(EPERM) },
	{ "ioctl: arg1 == TIOCSTI || arg1 == TCGETS\n", "", "ioctl", { 0, TCGETS }, ALLOW },
	{ "ioctl: arg1 == TIOCSTI || arg1 == TCGETS\n", "", "ioctl", { 0, TIOCSTI | GARBAGE }, KILL },
	{ "socket: arg0 == AF_UNIX || arg0 == AF_INET\n", "RestrictAddressFamilies=AF_UNIX", "socket",
		{ AF_INET }, FAIL(EAFNOSUPPORT) },
	{ "socket: arg0 == AF_UNIX || arg0 == AF_INET\n", "RestrictAddressFamilies=AF_UNIX", "socket",
		{ AF_UNIX }, ALLOW },
	{ "socket: arg0 == AF_UNIX || arg0 == AF_INET\n", "RestrictAddressFamilies=AF_UNIX", "socket",
		{ AF_PACKET }, KILL },
	{ "@default trap\nmprotect: arg2 in ~PROT_WRITE\n", "MemoryDenyWriteExecute=yes", "mprotect",
		{ 0, 0, PROT_EXEC }, FAIL(EPERM) },
	{ "@default trap\nmprotect: arg2 in ~PROT_WRITE\n", "MemoryDenyWriteExecute=yes", "mprotect",
		{ 0, 0, PROT_WRITE }, SECCOMP_RET_TRAP },
	{ "@default trap\nmprotect: arg2 in ~PROT_WRITE\n", "SystemCallFilter=read", "write", { 0 }, KILL },
	{ "@default trap\nmprotect: arg2 in ~PROT_WRITE\n",
		"SystemCallFilter=read\nSystemCallErrorNumber=EPERM", "write", { 0 }, SECCOMP_RET_TRAP },
};

static void test_joined(void **state)
{
	struct tree *t = *state;

	tree_need_root();
	for (size_t i = 0; i < ELEMENTS(joined); i++) {
		const struct compile_options options = { .config_dir = t->root };
		_cleanup_(catalog_freep) struct catalog *c = NULL;
		char text[512];
		uint32_t said;

		(void)snprintf(text, sizeof(text), "[Seccomp]\nPolicy=p.policy\n%s\n", joined[i].keys);
		tree_write(t, "policies/p.policy", joined[i].policy);
		tree_write(t, "profiles/a.profile", text);
		assert_int_equal(compile_directories(&options, &c), 0);
		if (c->profiles[0].invalid)
			fail_msg("%s", c->profiles[0].error);
		said = verdict(&c->profiles[0], architecture_native()->id,
			number_of(architecture_native()->id, joined[i].call), joined[i].args);
		if (said != joined[i].expected)
			fail_msg("%s%s: %s: %#x, not %#x", joined[i].policy, joined[i].keys, joined[i].call,
				said, joined[i].expected);
	}
}

/* What is too large together is said where the policy is named, with the call that has most. */
static void test_too_large(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root };
	_cleanup_(catalog_freep) struct catalog *c = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f;

	tree_need_root();
	f = open_memstream(&text, &size);
	assert_non_null(f);
	(void)fprintf(f, "prctl: arg0 == 1 && arg1 == 1");
	for (unsigned i = 1; i < 500; i++)
		(void)fprintf(f, " || arg0 == %u && arg1 == %u", i * 3, i * 7 + 1);
	(void)fprintf(f, "\nread: 1\n");
	assert_int_equal(fclose(f), 0);
	tree_write(t, "policies/p.policy", text);
	tree_write(t, "profiles/a.profile", "[Seccomp]\nPolicy=p.policy\nSystemCallArchitectures=x86\n");
	assert_int_equal(compile_directories(&options, &c), 0);
	if (architecture_native()->id != ARCHITECTURE_X86_64)
		skip();
	assert_true(c->profiles[0].invalid);
	if (!strstr(c->profiles[0].error,
		    "a.profile:2:1: error: [Seccomp]: the filter of all keys together takes ") ||
		!strstr(c->profiles[0].error, "are for prctl"))
		fail_msg("%s", c->profiles[0].error);
}

/* Rules of one call that multiply beyond any program: said before that program is tried. */
static void test_too_many_rules(void **state)
{
	struct tree *t = *state;
	const struct compile_options options = { .config_dir = t->root };
	_cleanup_(catalog_freep) struct catalog *c = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f;

	tree_need_root();
	f = open_memstream(&text, &size);
	assert_non_null(f);
	(void)fprintf(f, "socket: arg1 == 1 && arg2 == 1");
	for (unsigned i = 1; i < 500; i++)
		(void)fprintf(f, " || arg1 == %u && arg2 == %u", i * 3, i * 7 + 1);
	(void)fprintf(f, "\n");
	assert_int_equal(fclose(f), 0);
	tree_write(t, "policies/p.policy", text);
	tree_write(t, "profiles/a.profile",
		"[Seccomp]\nPolicy=p.policy\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK "
		"AF_PACKET "
		"AF_ALG AF_VSOCK AF_KEY AF_CAN AF_TIPC AF_BLUETOOTH AF_RXRPC AF_PPPOX AF_LLC AF_IB AF_MPLS "
		"AF_NFC "
		"AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP AF_RDS AF_IUCV AF_ISDN AF_PHONET AF_CAIF "
		"AF_IEEE802154\n");
	assert_int_equal(compile_directories(&options, &c), 0);
	assert_true(c->profiles[0].invalid);
	if (!strstr(c->profiles[0].error,
		    "a.profile:2:1: error: [Seccomp]: the policy's rules for socket, together with "
		    "RestrictAddressFamilies=, are too many; put the call under fewer conditions"))
		fail_msg("%s", c->profiles[0].error);
}

/* Same profile, same program; with everything on, for both interfaces, there is room left. */
static void test_everything(void **state)
{
	static const char all[] = NAMESPACES("~user") SECCOMP(
		"SystemCallFilter=@system-service ~@privileged\nSystemCallErrorNumber=EPERM\n"
		"SystemCallArchitectures=native x86\nSystemCallLog=@process\n"
		"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\nMemoryDenyWriteExecute=yes\n"
		"LockPersonality=yes\nRestrictRealtime=yes\nRestrictSUIDSGID=yes");
	_cleanup_(compiled_profile_done) struct compiled_profile first, second;
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };

	assert_int_equal(compile_text(all, &d, &first), 0);
	assert_int_equal(compile_text(all, &d, &second), 0);
	assert_int_equal(first.n_filter, second.n_filter);
	assert_memory_equal(first.filter, second.filter, first.n_filter * sizeof(*first.filter));
	assert_true(first.n_filter < 4096);
	assert_true(first.deny_write_execute);
	print_message(
		"everything for %s takes %zu instructions\n", architecture_native()->name, first.n_filter);
}

#define IN_TREE(f) cmocka_unit_test_setup_teardown(f, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_unknown_calls),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_all_errors),
		IN_TREE(test_joined),
		IN_TREE(test_too_large),
		IN_TREE(test_too_many_rules),
		cmocka_unit_test(test_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
