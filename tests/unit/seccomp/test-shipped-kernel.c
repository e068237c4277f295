/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the policies exclude must be excluded by the kernel, not only by our reading of them: each call is
 * made in a child under the filter, on the machine's own architecture.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "shipped.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct seccomp_result base, decoder, shell;

static int setup(void **state)
{
	shipped_compile("base", NULL, &base);
	shipped_compile("decoder", NULL, &decoder);
	shipped_compile("shell", NULL, &shell);
	return 0;
}

static int teardown(void **state)
{
	seccomp_result_done(&base);
	seccomp_result_done(&decoder);
	seccomp_result_done(&shell);
	return 0;
}

#define KILLED (-1)

/* One call and what the kernel must make of it: KILLED, 0, or an error. */
struct forbidden {
	const char *name;
	long number;
	unsigned long arguments[6];
	int result;
};

#define AT_CWD    ((unsigned long)AT_FDCWD)
#define TEXT(s)   ((unsigned long)(s))
#define PAGE      0x1000UL
#define ANONYMOUS ((unsigned long)(MAP_PRIVATE | MAP_ANONYMOUS))
#define NO_FD     ((unsigned long)-1)
#define NULL_DEV  TEXT("/dev/null")
#define THREAD                                                                                               \
	((unsigned long)(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM))
#define LIMIT_NEW TEXT(&(const struct rlimit){})

static const struct forbidden base_calls[] = {
	{ "open for writing", SYS_openat, { AT_CWD, NULL_DEV, O_WRONLY }, KILLED },
	{ "open for both", SYS_openat, { AT_CWD, NULL_DEV, O_RDWR }, KILLED },
	{ "create", SYS_openat, { AT_CWD, TEXT("/tmp/never"), O_CREAT, 0600 }, KILLED },
	{ "truncate", SYS_openat, { AT_CWD, NULL_DEV, O_TRUNC }, KILLED },
	{ "unnamed file", SYS_openat, { AT_CWD, TEXT("/tmp"), O_TMPFILE | O_RDWR, 0600 }, KILLED },
	{ "open with high bits", SYS_openat, { AT_CWD, NULL_DEV, 1UL << 32 }, KILLED },
	{ "openat2", SYS_openat2, { AT_CWD, NULL_DEV }, KILLED },
	{ "old open", SYS_open, { NULL_DEV, O_RDONLY }, KILLED },
	{ "socket", SYS_socket, { AF_UNIX, SOCK_STREAM }, KILLED },
	{ "socketpair", SYS_socketpair, { AF_UNIX, SOCK_STREAM }, KILLED },
	{ "mount", SYS_mount, {}, KILLED },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, KILLED },
	{ "process_vm_readv", SYS_process_vm_readv, {}, KILLED },
	{ "fork", SYS_fork, {}, KILLED },
	{ "vfork", SYS_vfork, {}, KILLED },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, KILLED },
	{ "setns", SYS_setns, {}, KILLED },
	{ "kill", SYS_kill, { 0, 0 }, KILLED },
	{ "bpf", SYS_bpf, {}, KILLED },
	{ "memfd_create", SYS_memfd_create, { TEXT(""), 0 }, KILLED },
	{ "io_uring_setup", SYS_io_uring_setup, {}, KILLED },
	{ "execveat of a path", SYS_execveat, { AT_CWD, TEXT("/bin/true"), 0, 0, 0 }, KILLED },
	{ "execveat with more flags", SYS_execveat,
		{ AT_CWD, TEXT("/bin/true"), 0, 0, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW }, KILLED },
	{ "writable code", SYS_mmap, { 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS, NO_FD },
		KILLED },
	{ "anonymous code", SYS_mmap, { 0, PAGE, PROT_READ | PROT_EXEC, ANONYMOUS, NO_FD }, KILLED },
	{ "code made executable", SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC }, KILLED },
	{ "code by a key", SYS_pkey_mprotect, { 0, 0, PROT_READ | PROT_EXEC, NO_FD }, KILLED },
	{ "a mapping moved", SYS_mremap, { 0, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED }, KILLED },
	{ "mprotect", SYS_mprotect, { 0, 0, PROT_READ }, 0 },
	{ "typing into a terminal", SYS_ioctl, { 0, TIOCSTI, NULL_DEV }, ENOTTY },
	{ "the same in 64 bits", SYS_ioctl, { 0, TIOCSTI | 1UL << 32, NULL_DEV }, ENOTTY },
	{ "a limit", SYS_prlimit64, { 0, RLIMIT_CORE, LIMIT_NEW }, EPERM },
	{ "a thread register", SYS_arch_prctl, { 0x1001, 0 }, EINVAL },
	{ "hardware poison", SYS_madvise, { 0, 0, 100 }, EINVAL },
};

static const struct forbidden decoder_calls[] = {
	{ "execve", SYS_execve, { TEXT("/bin/true"), 0, 0 }, EPERM },
	{ "execveat of a path", SYS_execveat, { AT_CWD, TEXT("/bin/true"), 0, 0, 0 }, KILLED },
	{ "open for writing", SYS_openat, { AT_CWD, NULL_DEV, O_WRONLY }, KILLED },
	{ "socket", SYS_socket, { AF_INET, SOCK_STREAM }, KILLED },
	{ "mount", SYS_mount, {}, KILLED },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, KILLED },
	{ "fork by clone", SYS_clone, { SIGCHLD }, KILLED },
	{ "user namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, KILLED },
	{ "thread with a namespace", SYS_clone, { THREAD | CLONE_NEWNS }, KILLED },
	{ "thread with too little", SYS_clone, { THREAD }, KILLED },
	{ "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
	{ "landlock", SYS_landlock_create_ruleset, { 0, 0, 1 }, ENOSYS },
	{ "dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1 }, EINVAL },
	{ "a lease", SYS_fcntl, { 0, F_SETLEASE, F_WRLCK }, EINVAL },
	{ "no_new_privs", SYS_prctl, { PR_SET_NO_NEW_PRIVS, 1 }, 0 },
};

/* Nothing in it kills: whoever looks around is told what he was refused. */
static const struct forbidden shell_calls[] = {
	{ "mount", SYS_mount, { TEXT("x"), TEXT("/mnt"), TEXT("tmpfs"), 0, 0 }, EPERM },
	{ "pivot_root", SYS_pivot_root, { TEXT("/"), TEXT("/mnt") }, EPERM },
	{ "unshare", SYS_unshare, { CLONE_NEWUSER }, EPERM },
	{ "setns", SYS_setns, { 0, CLONE_NEWNET }, EPERM },
	{ "user namespace", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
	{ "clone3", SYS_clone3, { 0, 0 }, ENOSYS },
	{ "ptrace", SYS_ptrace, { PTRACE_TRACEME }, EPERM },
	{ "process_vm_readv", SYS_process_vm_readv, {}, EPERM },
	{ "bpf", SYS_bpf, {}, EPERM },
	{ "init_module", SYS_init_module, {}, EPERM },
	{ "kexec_load", SYS_kexec_load, {}, EPERM },
	{ "keyctl", SYS_keyctl, {}, EPERM },
	{ "perf_event_open", SYS_perf_event_open, {}, EPERM },
	{ "iopl", SYS_iopl, { 3 }, EPERM },
	{ "io_uring_setup", SYS_io_uring_setup, {}, ENOSYS },
	{ "typing into a terminal", SYS_ioctl, { 0, TIOCSTI, NULL_DEV }, ENOTTY },
	{ "the same in 64 bits", SYS_ioctl, { 0, TIOCSTI | 1UL << 32, NULL_DEV }, ENOTTY },
	{ "pasting on the console", SYS_ioctl, { 0, TIOCLINUX, NULL_DEV }, ENOTTY },
	{ "set-user-ID", SYS_fchmod, { 0, 04755 }, EPERM },
	{ "packets", SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
	{ "ciphers of the kernel", SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
	{ "writable code", SYS_mmap, { 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, ANONYMOUS, NO_FD },
		EACCES },
	{ "another machine's ways", SYS_personality, { 0x40000 }, EPERM },
	{ "what nobody thought of", SYS_mlockall, { 3 }, ENOSYS },
};

static void check_call(const struct seccomp_result *policy, const struct forbidden *f)
{
	const unsigned long *a = f->arguments;
	pid_t pid = fork();
	bool killed;
	int status;

	if (pid == 0) {
		shipped_load_or_exit(policy);
		if (syscall(f->number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0)
			shipped_leave(errno);
		shipped_leave(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
	if (f->result == KILLED ? !killed : !WIFEXITED(status) || WEXITSTATUS(status) != f->result)
		fail_msg("%s: wait status 0x%x", f->name, (unsigned)status);
}

static void test_base_forbids(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(base_calls); i++)
		check_call(&base, &base_calls[i]);
}

static void test_decoder_forbids(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(decoder_calls); i++)
		check_call(&decoder, &decoder_calls[i]);
}

static void test_shell_refuses(void **state)
{
	for (size_t i = 0; i < ELEMENTSOF(shell_calls); i++)
		check_call(&shell, &shell_calls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_forbids),
		cmocka_unit_test(test_decoder_forbids),
		cmocka_unit_test(test_shell_refuses),
	};

	return cmocka_run_group_tests_name("seccomp shipped kernel", tests, setup, teardown);
}
