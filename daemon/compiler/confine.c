/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/confine.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/filter.h"
#include "base/landlock.h"
#include "config.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANNEL_FD 3

/* 4,096 profiles with a template, drop-ins and a filter each take about 70 MB. A sanitizer's shadow memory
 * has no bound. */
#ifdef BAILIFF_SANITIZING
#define MEMORY_MAX RLIM_INFINITY
#else
#define MEMORY_MAX (1024ULL * 1024 * 1024)
#endif
#define CPU_SECONDS_MAX 60ULL                  /* 4,096 profiles take about 1 */
#define FILE_MAX        (128ULL * 1024 * 1024) /* the catalog: twice what catalog.h allows */
/* The work takes some ten. The kernel also holds this against all fds of the user that are in flight, and
 * refuses to send one more (ETOOMANYREFS): the broker, which has the same user, may have many launches under
 * way. */
#define FDS_OPEN_MAX 4096ULL

#define KILL(name)                                                                                           \
	{                                                                                                    \
		SYS_##name, FILTER_KILL, 0, 0, 0                                                             \
	}

static const struct {
	int resource;
	rlim_t limit;
} limits[] = {
	{ RLIMIT_AS, MEMORY_MAX },
	{ RLIMIT_CPU, CPU_SECONDS_MAX },
	{ RLIMIT_FSIZE, FILE_MAX },
	{ RLIMIT_NOFILE, FDS_OPEN_MAX },
	{ RLIMIT_NPROC, 0 },
	{ RLIMIT_CORE, 0 },
};

/*
 * Reading below held directories, memory, one memfd and one message. All else fails with EPERM: the name
 * service's modules are foreign code, which may try more and must be able to give up. What only an intruder
 * tries, kills.
 */
static const struct filter_rule rules[] = {
	/* files, for reading only; what lies behind openat2's pointer, Landlock decides */
	FILTER_ALLOW_ARG(openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
	FILTER_ALLOW(openat2),
	FILTER_ALLOW(read),
	FILTER_ALLOW(pread64),
	FILTER_ALLOW(lseek),
	FILTER_ALLOW(fstat),
	FILTER_ALLOW(fstatfs), /* with -Dconfig-on-root=true */
	FILTER_ALLOW(newfstatat),
	FILTER_ALLOW(readlinkat),
	FILTER_ALLOW(getdents64),
	FILTER_ALLOW(fcntl),
	FILTER_ALLOW(close),
	FILTER_DENY(ioctl, ENOTTY), /* stdio asks whether a file is a terminal */
	/* the name service's daemons are out of reach; it goes on with files */
	FILTER_DENY(socket, EAFNOSUPPORT),
	/* the catalog, the log */
	FILTER_ALLOW(memfd_create),
	FILTER_ALLOW(write),
	FILTER_ALLOW(writev),
	FILTER_ALLOW(sendmsg),
	FILTER_ALLOW(ppoll),
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
	FILTER_ALLOW(sysinfo), /* qsort(3) asks how much memory there is */
	FILTER_ALLOW(futex),
	FILTER_ALLOW(getrandom),
	FILTER_ALLOW(clock_gettime),
	FILTER_ALLOW(getpid),
	FILTER_ALLOW(gettid),
	FILTER_ALLOW(getuid),
	FILTER_ALLOW(geteuid),
	FILTER_ALLOW(rt_sigaction),
	FILTER_ALLOW(rt_sigprocmask),
	FILTER_ALLOW(rt_sigreturn),
	FILTER_ALLOW(restart_syscall),
	FILTER_ALLOW(tgkill), /* abort(3) */
	FILTER_ALLOW(exit),
	FILTER_ALLOW(exit_group),
	/* no module does these */
	KILL(execve),
	KILL(execveat),
	KILL(ptrace),
	KILL(process_vm_readv),
	KILL(process_vm_writev),
	KILL(unshare),
	KILL(setns),
	KILL(bpf),
	KILL(io_uring_setup),
#ifdef BAILIFF_SANITIZING
	FILTER_ALLOW(sigaltstack),
	FILTER_ALLOW(sched_yield),
	FILTER_ALLOW(mincore),
	FILTER_ALLOW(prctl),
#endif
};

static int limit_resources(void)
{
	for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
		struct rlimit l = { limits[i].limit, limits[i].limit }, old;

		if (getrlimit((__rlimit_resource_t)limits[i].resource, &old) < 0)
			return errno_or_eio();
		/* a hard limit that is lower already stays */
		if (old.rlim_max < l.rlim_max)
			l.rlim_cur = l.rlim_max = old.rlim_max;
		if (setrlimit((__rlimit_resource_t)limits[i].resource, &l) < 0)
			return errno_or_eio();
	}
	return 0;
}

static int restrict_files(const char *config_dir)
{
	const struct landlock_path given[] = { { -1, config_dir, LANDLOCK_READ },
		{ -1, "/etc", LANDLOCK_READ } };
	const struct landlock_path system[] = { { -1, "/etc", LANDLOCK_READ },
		{ -1, BAILIFF_CONFIGDIR, LANDLOCK_READ }, { -1, BAILIFF_RUNTIMEDIR, LANDLOCK_READ },
		{ -1, BAILIFF_VENDORDIR, LANDLOCK_READ } };

	if (config_dir)
		return landlock_restrict_paths(given, ELEMENTSOF(given));
	return landlock_restrict_paths(system, ELEMENTSOF(system));
}

int confine(const char *config_dir)
{
	int r;

	if (syscall(SYS_close_range, CHANNEL_FD + 1U, ~0U, 0U) < 0)
		return errno_or_eio();
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return errno_or_eio();
	r = limit_resources();
	if (r < 0)
		return r;
	r = restrict_files(config_dir);
	if (r < 0)
		return r;
	return filter_apply(rules, ELEMENTSOF(rules), FILTER_FAIL(EPERM));
}
