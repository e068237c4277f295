/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffd. The order is the argument: everything that needs the host is opened first; then the process
 * divides, and both halves give up what they were started with before either listens to anybody.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "config.h"
#include "keeper/keeper.h"
#include "keeper/notify.h"
#include "keeper/reexec.h"
#include "keeper/state.h"
#include "keeper/stub.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXIT_USAGE    2
#define EXIT_NOT_ROOT 77 /* EX_NOPERM of sysexits.h */

/* Numbers 0 to 2 are taken, whatever the caller closed, and nothing else of the caller's is kept. */
static int own_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return log_errno(LOG_ERR, errno_or_eio(), "/dev/null");
	} while (fd <= STDERR_FILENO);
	(void)fd_close(fd);
	if (syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, 0U) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "close_range");
	return 0;
}

static int find_user(struct keeper *k)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(BAILIFF_USER);
	if (!pw) {
		log_error("the user \"" BAILIFF_USER
			  "\" does not exist: run \"systemd-sysusers bailiff.conf\", or "
			  "\"useradd --system --no-create-home --home-dir / --shell "
			  "/usr/sbin/nologin " BAILIFF_USER "\"");
		return -ESRCH;
	}
	if (pw->pw_uid == 0 || pw->pw_gid == 0) {
		log_error("the user \"" BAILIFF_USER "\" must have a uid and a gid other than 0");
		return -EPERM;
	}
	k->uid = pw->pw_uid;
	k->gid = pw->pw_gid;
	return 0;
}

static int open_runtime(struct keeper *k)
{
	const char *dir = k->options.runtime_dir, *what = "";
	int r;

	r = runtime_open(dir, &k->runtime, &what);
	if (r == -EBUSY || r == -EPERM) {
		log_error("runtime directory %s %s", dir, what);
		return r;
	}
	if (r < 0)
		return log_errno(LOG_ERR, r, "runtime directory %s %s", dir, what);
	r = runtime_listen(&k->runtime, dir);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot listen on the socket %s/broker", dir);
	r = runtime_make_cgroup(&k->runtime, dir);
	return r < 0 ? log_errno(LOG_ERR, r, "cannot make a control group") : 0;
}

/* Where this program is, or was before another was put there: what is installed there later may take over.
 * proc(5) for the word. */
static int find_own(struct options *o)
{
	static const char gone[] = " (deleted)";
	char path[PATH_MAX];
	ssize_t n = readlink(PROGRAM_RUNNING, path, sizeof(path) - 1);
	size_t end = n > (ssize_t)strlen(gone) ? (size_t)n - strlen(gone) : 0;

	if (n < 0)
		return log_errno(LOG_ERR, errno_or_eio(), PROGRAM_RUNNING);
	path[n] = '\0';
	if (strcmp(path + end, gone) == 0 && access(path, F_OK) < 0)
		path[end] = '\0';
	o->program = strdup(path);
	return o->program ? 0 : -ENOMEM;
}

static int open_host(struct keeper *k)
{
	struct statfs fs;

	k->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (k->null_fd < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "/dev/null");
	k->host_proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->host_proc_fd < 0 || fstatfs(k->host_proc_fd, &fs) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "/proc");
	if (fs.f_type != PROC_SUPER_MAGIC) {
		log_error("/proc is not a procfs");
		return -ENODEV;
	}
	/* the stub's for good: the file is about the process that opened it, and that stays in the host's
	 * mounts */
	k->host_mounts_fd = openat(k->host_proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (k->host_mounts_fd < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "/proc/self/mountinfo");
	return 0;
}

/* Counts that have to outlive a broker, as its crash would be a way to begin a new minute. */
static int make_rates(struct keeper *k)
{
	k->rates_fd = memfd_create("launch-rates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (k->rates_fd < 0 || ftruncate(k->rates_fd, RATES_BYTES) < 0 ||
		fcntl(k->rates_fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "cannot make the record of launches");
	return 0;
}

/* Signals are read, not handled: from here on in both halves. */
static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGPIPE);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return errno_or_eio();
	return RET_ERRNO(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

static int open_stub(const struct keeper *k, struct stub *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	s->uid = k->uid;
	s->gid = k->gid;
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return log_errno(LOG_ERR, errno_or_eio(), "signalfd");
	s->notify = notify_open();
	if (s->notify < 0 && s->notify != -ENOENT)
		(void)log_errno(LOG_WARNING, s->notify, "cannot reach the service manager at $NOTIFY_SOCKET");
	return 0;
}

static int run_keeper(struct keeper *k)
{
	/* the terminal's signals are for the stub, which passes them on */
	(void)setsid();
	if (chdir("/") < 0)
		(void)log_errno(LOG_ERR, errno_or_eio(), "chdir to /");
	else if (keeper_confine(false) >= 0)
		return keeper_run(k);
	runtime_remove(&k->runtime);
	return 1;
}

/* Divides into stub and keeper. Returns the exit status of the half that comes back: both do. */
static int divide(struct keeper *k, struct stub *s)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		(void)log_errno(LOG_ERR, errno_or_eio(), "socketpair");
		runtime_remove(&k->runtime);
		return 1;
	}
	pid = process_clone(CLONE_NEWPID | CLONE_NEWNS, -1, &s->pidfd);
	if (pid < 0) {
		(void)log_errno(LOG_ERR, (int)pid, "cannot make namespaces");
		runtime_remove(&k->runtime);
		return 1;
	}
	if (pid > 0) {
		(void)fd_close(pair[0]);
		s->lifeline = pair[1];
		return stub_run(s);
	}
	(void)fd_close(pair[1]);
	(void)fd_close(s->signals);
	(void)fd_close(s->notify);
	k->lifeline = pair[0];
	return run_keeper(k);
}

static int prepare(struct keeper *k, struct stub *s)
{
	int r;

	r = own_fds();
	if (r < 0)
		return r;
	r = find_own(&k->options);
	if (r >= 0)
		r = find_user(k);
	if (r < 0)
		return r;
	r = programs_open(k->options.libexec_dir, PROGRAM_RUNNING, &k->programs);
	if (r < 0)
		return r;
	r = open_host(k);
	if (r < 0)
		return r;
	r = make_rates(k);
	if (r < 0)
		return r;
	r = open_runtime(k);
	if (r < 0)
		return r;
	r = process_raise_nofile();
	if (r >= 0)
		r = held_init(&k->held);
	if (r < 0)
		return log_errno(LOG_ERR, r, "cannot make the table of sandboxes");
	k->watchdog_usec = notify_watchdog_usec();
	k->signals = open_signals();
	if (k->signals < 0)
		return log_errno(LOG_ERR, k->signals, "signalfd");
	return open_stub(k, s);
}

/* The process is what it was, pid 1 of its namespace and confined; the program is another one. */
static int go_on(struct keeper *k)
{
	/* an exec by fd names it after the fd */
	(void)prctl(PR_SET_NAME, "bailiffd");
	if (find_own(&k->options) < 0 || resume(k, k->options.resume_fd) < 0 || keeper_confine(true) < 0)
		return 1;
	k->signals = open_signals();
	if (k->signals < 0) {
		(void)log_errno(LOG_ERR, k->signals, "signalfd");
		return 1;
	}
	log_notice("taken over from the program before, with %zu sandboxes", k->held.n);
	return keeper_run(k);
}

static int check_state(int fd)
{
	const char *why;
	int r = state_check(fd, &why);

	return r < 0 ? log_errno(LOG_ERR, r, "this version can not take over: %s", why), 1 : 0;
}

int main(int argc, char **argv)
{
	static struct keeper k = {
		.runtime = RUNTIME_NULL,
		.lifeline = -1,
		.signals = -1,
		.null_fd = -1,
		.host_proc_fd = -1,
		.host_mounts_fd = -1,
		.rates_fd = -1,
		.catalog_fd = -1,
		.offered_fd = -1,
		.programs = PROGRAMS_NULL,
		.held = { .table_fd = -1 },
	};
	struct stub stub = { .lifeline = -1, .pidfd = -1, .signals = -1, .notify = -1 };
	int status = 1;

	log_open("bailiffd", LOG_NOTICE);
	for (int i = 0; i < _HELPER_MAX; i++)
		k.children[i] = (struct child){ .pidfd = -1, .channel = -1, .kill_at_usec = UINT64_MAX };
	switch (argc > 0 ? options_parse(argc, argv, &k.options) : OPTIONS_WRONG) {
	case OPTIONS_DONE:
		return 0;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_CHECK:
		return check_state(k.options.resume_fd);
	case OPTIONS_RUN:
		break;
	}
	log_set_level(k.options.log_level);
	if (geteuid() != 0 || getuid() != 0) {
		log_error("must be started by root");
		status = EXIT_NOT_ROOT;
	} else if (k.options.resume_fd >= 0)
		status = go_on(&k);
	else if (prepare(&k, &stub) < 0)
		runtime_remove(&k.runtime);
	else
		status = divide(&k, &stub);
	/* not exit(3), nor _exit(2) which sanitizers replace: the stub's filter has no room for last acts of
	 * libraries */
	(void)syscall(SYS_exit_group, status);
	__builtin_unreachable();
}
