/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The floor (vfork and exec, no jail), ourselves, and the peers that are installed. */

#include "contender.h"

#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC 10000 /* a launch that takes longer is a failure, not a figure */

/* Reads the payload's own clock; both run on CLOCK_MONOTONIC of one kernel. */
static int read_first(int fd, uint64_t start, uint64_t *ret)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t nsec;
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MSEC) <= 0)
		return -ETIMEDOUT;
	n = read(fd, &nsec, sizeof(nsec));
	if (n != (ssize_t)sizeof(nsec))
		return -EPIPE;
	*ret = nsec - start;
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return errno_or_eio();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static int spawn_with_stdout(const char *const *argv, int fd, pid_t *ret)
{
	static char *const env[] = { NULL };
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, env);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int launch_command(const char *const *argv, uint64_t *ret_first, uint64_t *ret_end)
{
	_cleanup_close_ int in = -1, out = -1;
	uint64_t start;
	int fds[2], r, q;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return errno_or_eio();
	in = fds[0];
	out = fds[1];
	start = now_nsec();
	r = spawn_with_stdout(argv, out, &pid);
	if (r < 0)
		return r;
	out = fd_close(out);
	r = read_first(in, start, ret_first);
	q = wait_for(pid);
	*ret_end = now_nsec() - start;
	return r < 0 ? r : q;
}

static int launch_floor(const struct bench *b, uint64_t *ret_first, uint64_t *ret_end)
{
	const char *argv[] = { b->payload, NULL };

	return launch_command(argv, ret_first, ret_end);
}

static int launch_bubblewrap(const struct bench *b, uint64_t *ret_first, uint64_t *ret_end)
{
	const char *argv[] = { "/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--new-session",
		"--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink",
		"usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind",
		b->payload, b->jailed, "--", b->jailed, NULL };

	return launch_command(argv, ret_first, ret_end);
}

static int launch_systemd(const struct bench *b, uint64_t *ret_first, uint64_t *ret_end)
{
	const char *argv[] = { "/usr/bin/systemd-run", "--quiet", "--wait", "--pipe", "--collect",
		"-pDynamicUser=yes", "-pPrivateNetwork=yes", "-pPrivateDevices=yes", "-pProtectSystem=strict",
		"-pProtectHome=yes", "-pNoNewPrivileges=yes",
		"-pCapabilityBoundingSet=", "-pSystemCallFilter=@system-service", b->payload, NULL };

	return launch_command(argv, ret_first, ret_end);
}

static bool have_bubblewrap(void)
{
	return access("/usr/bin/bwrap", X_OK) == 0;
}

static bool have_systemd(void)
{
	return access("/usr/bin/systemd-run", X_OK) == 0 && access("/run/systemd/system", F_OK) == 0;
}

static int make_request(const struct bench *b, int out, bailiff_request **ret)
{
	const char *argv[] = { b->jailed, NULL };
	int r;

	r = bailiff_request_new(ret, b->profile);
	if (r < 0)
		return r;
	r = bailiff_request_set_argv(*ret, argv);
	return r < 0 ? r : bailiff_request_map_fd(*ret, STDOUT_FILENO, out);
}

static int wait_for_sandbox(bailiff_sandbox *s, uint64_t start, uint64_t *ret_end)
{
	struct pollfd p = { .fd = bailiff_sandbox_pidfd(s), .events = POLLIN };
	bailiff_exit how;
	int r;

	if (poll(&p, 1, PATIENCE_MSEC) <= 0)
		return -ETIMEDOUT;
	*ret_end = now_nsec() - start;
	r = bailiff_sandbox_wait(s, BAILIFF_TIMEOUT_INFINITE, &how);
	if (r < 0)
		return r;
	if (how.code != 0 || how.signal != 0)
		return -ECHILD;
	return bailiff_sandbox_release(s);
}

static int launch_bailiff(const struct bench *b, uint64_t *ret_first, uint64_t *ret_end)
{
	_cleanup_close_ int in = -1, out = -1;
	bailiff_request *request = NULL;
	bailiff_sandbox *sandbox = NULL;
	uint64_t start;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return errno_or_eio();
	in = fds[0];
	out = fds[1];
	start = now_nsec();
	r = make_request(b, out, &request);
	if (r == 0)
		r = bailiff_launch(b->connection, request, &sandbox);
	out = fd_close(out);
	if (r == 0)
		r = read_first(in, start, ret_first);
	if (r == 0)
		r = wait_for_sandbox(sandbox, start, ret_end);
	bailiff_sandbox_free(sandbox);
	bailiff_request_free(request);
	return r;
}

struct contender contenders[] = {
	{ .name = "vfork+exec", .what = "no jail: the floor", .launch = launch_floor },
	{ .name = "bailiff",
		.what = "over D-Bus: namespaces, own root, no capability, seccomp",
		.launch = launch_bailiff },
	{ .name = "bubblewrap",
		.what = "namespaces, own root, no capability, no seccomp",
		.usable = have_bubblewrap,
		.launch = launch_bubblewrap },
	{ .name = "systemd-run",
		.what = "transient unit, seccomp",
		.usable = have_systemd,
		.launch = launch_systemd },
};

const size_t n_contenders = sizeof(contenders) / sizeof(contenders[0]);
