/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/confine.h"
#include "base/capability.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/filter.h"
#include "base/landlock.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* What the event loop, sd-bus and malloc(3) need when every socket is open already. All else ends the
 * process. */
static const struct filter_rule permitted[] = {
	/* event loop */
	FILTER_ALLOW(epoll_ctl),
#ifdef SYS_epoll_wait /* where the architecture still has it, epoll_wait(3) and poll(3) use the old calls */
	FILTER_ALLOW(epoll_wait),
	FILTER_ALLOW(poll),
#endif
	FILTER_ALLOW(epoll_pwait),
	FILTER_ALLOW(epoll_pwait2),
	FILTER_ALLOW(ppoll),
	FILTER_ALLOW(timerfd_create),
	FILTER_ALLOW(timerfd_settime),
	FILTER_ALLOW(clock_gettime),
	/* sockets that are there, pipes and pairs for clients, the log */
	FILTER_ALLOW(read),
	FILTER_ALLOW(write),
	FILTER_ALLOW(writev),
	FILTER_ALLOW(recvmsg),
	FILTER_ALLOW(sendmsg),
	FILTER_ALLOW(recvfrom),
	FILTER_ALLOW(sendto),
	FILTER_ALLOW(getsockopt),
	/* the direct socket: its connections, and a pair for each between its gate and sd-bus, which sizes
	 * the buffers of its end and looks at its kind */
	FILTER_ALLOW(accept4),
	FILTER_ALLOW(getsockname),
	FILTER_ALLOW(getpeername), /* libsystemd 257 and later */
	FILTER_ALLOW_ARG(setsockopt, 1, FILTER_WHOLE_ARG, SOL_SOCKET),
	FILTER_ALLOW(pipe2),
	FILTER_ALLOW_ARG(socketpair, 0, FILTER_WHOLE_ARG, AF_UNIX),
	FILTER_ALLOW(close),
	/* kinds of fds, seals; duplicates for messages */
	FILTER_ALLOW(fcntl),
	FILTER_ALLOW(newfstatat),
	FILTER_ALLOW(fstat),
	FILTER_ALLOW(fstatfs),
	FILTER_ALLOW(readlinkat),
	FILTER_ALLOW_ARG(ioctl, 1, FILTER_WHOLE_ARG, TCGETS),
	/* what the bus has not read */
	FILTER_ALLOW_ARG(ioctl, 1, FILTER_WHOLE_ARG, SIOCOUTQ),
	/* memory; never executable */
	FILTER_ALLOW(brk),
	FILTER_DENY_ARG(mmap, 2, PROT_EXEC, PROT_EXEC, EACCES),
	FILTER_ALLOW(mmap),
	FILTER_DENY_ARG(mprotect, 2, PROT_EXEC, PROT_EXEC, EACCES),
	FILTER_ALLOW(mprotect),
	FILTER_ALLOW(munmap),
	FILTER_ALLOW(mremap),
	FILTER_ALLOW(madvise),
	/* libc's own */
	FILTER_ALLOW(futex),
	FILTER_ALLOW(getrandom),
	FILTER_ALLOW(getpid),
	FILTER_ALLOW(gettid),
	FILTER_ALLOW(getuid),
	FILTER_ALLOW(geteuid),
	FILTER_ALLOW(rt_sigaction),
	FILTER_ALLOW(rt_sigprocmask),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(tgkill), /* abort(3): to itself; from inside its PID namespace nothing else of its uid is
				 lost */
	FILTER_ALLOW(exit),
	FILTER_ALLOW(exit_group),
	/* org.freedesktop.DBus.Peer.GetMachineId, which sd-bus answers itself, finds that there is no file */
	FILTER_DENY_ARG(openat, 2, O_ACCMODE, O_RDONLY, ENOENT),
#ifdef BAILIFF_SANITIZING
	FILTER_ALLOW(sigaltstack),
	FILTER_ALLOW(sched_yield),
	FILTER_ALLOW(mincore),
	FILTER_ALLOW(prctl),
#endif
};

/* An empty file system that can not be written, in place of everything. */
static int enter_empty_root(void)
{
	_cleanup_close_ int context = -1, root = -1;

	/* Own namespace even if the keeper gave us one: pivot_root(2) must never hit somebody else's. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno_or_eio();
	context = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "mode", "0555", 0) < 0 ||
		fsconfig(context, FSCONFIG_SET_STRING, "size", "4096", 0) < 0 ||
		fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno_or_eio();
	root = fsmount(context, FSMOUNT_CLOEXEC, ROOT_ATTRIBUTES);
	if (root < 0)
		return errno_or_eio();
	/* pivot_root(2) wants a mounted directory: any will do, it is gone right after. */
	if (move_mount(root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(root) < 0 ||
		syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return errno_or_eio();
	return RET_ERRNO(chdir("/"));
}

int confine(void)
{
	const struct capability_sets none = { 0 };
	int r;

	r = enter_empty_root();
	if (r >= 0)
		r = capability_set(&none);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	r = landlock_restrict_paths(NULL, 0);
	if (r < 0)
		return r;
	return filter_apply(permitted, ELEMENTSOF(permitted), FILTER_KILL);
}
