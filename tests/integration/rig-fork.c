/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fork(2) of a process in which GDBus has threads. They go on in no child, and a lock that one of them holds
 * at that moment is held there for ever: libc frees its own, a sanitizer's allocator and GLib do not free
 * theirs. Who waits for something to happen holds none.
 */

#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_USEC 1000

static char *read_of_thread(const char *thread, const char *name)
{
	g_autofree char *path = g_strdup_printf("/proc/self/task/%s/%s", thread, name);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

/* A call that only waits, as the kernel says that it is in; "running" where it is in none. */
static bool is_waiting(const char *thread)
{
	static const long calls[] = {
#ifdef SYS_poll
		SYS_poll,
#endif
		SYS_ppoll,
		SYS_futex,
		SYS_restart_syscall,
	};
	g_autofree char *text = read_of_thread(thread, "syscall");
	char *end = text;
	const long call = text ? strtol(text, &end, 10) : -1;

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
		if (end != text && call == calls[i])
			return true;
	return false;
}

static guint64 count_switches(const char *thread)
{
	static const char *const names[] = { "\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:" };
	g_autofree char *text = read_of_thread(thread, "status");
	guint64 n = 0;

	for (size_t i = 0; text && i < G_N_ELEMENTS(names); i++) {
		const char *line = strstr(text, names[i]);

		n += line ? g_ascii_strtoull(line + strlen(names[i]), NULL, 10) : 0;
	}
	return n;
}

/* Whether all other threads wait; and how often they have been woken, all together. */
static bool others_wait(guint64 *ret_switches)
{
	g_autofree char *self = g_strdup_printf("%ld", syscall(SYS_gettid));
	g_autoptr(GDir) d = g_dir_open("/proc/self/task", 0, NULL);
	const char *thread;
	bool all = true;

	*ret_switches = 0;
	assert_non_null(d);
	while (all && (thread = g_dir_read_name(d)))
		if (!g_str_equal(thread, self)) {
			/* in this order: who wakes up behind it has been counted */
			*ret_switches += count_switches(thread);
			all = is_waiting(thread);
		}
	return all;
}

/* In the child: nothing but two calls, until it is known that it is a good one. */
static void await_word(int fd)
{
	char word;

	/* not _exit(2), before which sanitizers look for leaks */
	if (read(fd, &word, 1) != 1)
		(void)syscall(SYS_exit_group, 0);
	(void)close(fd);
}

/* The child's pid; in the child -1; 0 if there is none. */
static pid_t try_fork(void)
{
	guint64 before, after;
	int word[2], status;
	pid_t pid;

	if (!others_wait(&before))
		return 0;
	assert_return_code(pipe2(word, O_CLOEXEC), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		(void)close(word[1]);
		await_word(word[0]);
		return -1;
	}
	(void)close(word[0]);
	if (others_wait(&after) && after == before)
		assert_int_equal(write(word[1], "", 1), 1);
	else {
		assert_return_code(kill(pid, SIGKILL), errno);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		pid = 0;
	}
	(void)close(word[1]);
	return pid;
}

pid_t rig_fork(void)
{
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		pid_t pid = try_fork();

		if (pid != 0)
			return pid > 0 ? pid : 0;
		g_usleep(POLL_USEC);
	}
	fail_msg("a thread of this process never waits");
	return -1;
}
