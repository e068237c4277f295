/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "user.h"

#include <errno.h>
#include <execinfo.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

const char *const forever[] = { "sleep", "1000", NULL };

/* Where it stands: one that ends without a word can not be told from one that was killed. */
static void on_alarm(int signal)
{
	static const char said[] = "the user has not come to its end in 60 s, and is in:\n";
	void *frames[64];

	(void)signal;
	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	backtrace_symbols_fd(frames, backtrace(frames, 64), STDERR_FILENO);
	/* not _exit(2), before which sanitizers look for leaks */
	(void)syscall(SYS_exit_group, 1);
}

pid_t user_start(struct rig *rig, uid_t uid, void (*part)(struct user *), int *ret_talk)
{
	int talk[2];
	pid_t pid;

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk), errno);
	pid = rig_fork();
	if (pid == 0) {
		struct user user = { .address = rig->client_address, .talk = talk[1] }, *u = &user;

		(void)close(talk[0]);
		(void)signal(SIGALRM, on_alarm);
		(void)alarm(60);
		IS(setgroups(0, NULL), 0);
		IS(setresgid(uid, uid, uid), 0);
		IS(setresuid(uid, uid, uid), 0);
		(void)prctl(PR_SET_DUMPABLE, 1);
		IS(bailiff_connect_address(u->address, &u->c), 0);
		say(talk[1]);
		part(u);
		u->c = bailiff_connection_free(u->c);
		_exit(0); /* not exit(3): of the parent's GLib threads only what they allocated is left here
			   */
	}
	(void)close(talk[1]);
	*ret_talk = talk[0];
	/* connected before the test does something to the daemon; or ended, which user_finish() tells */
	(void)hear(talk[0]);
	return pid;
}

void user_finish(pid_t pid, int talk)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(talk);
	assert_int_equal(status, 0);
}

void say(int talk)
{
	(void)!write(talk, "x", 1);
}

bool hear(int talk)
{
	char x;

	return read(talk, &x, 1) == 1;
}

bailiff_request *request(struct user *u, const char *profile, const char *const *argv)
{
	bailiff_request *r = NULL;

	IS(bailiff_request_new(&r, profile), 0);
	IS(bailiff_request_set_argv(r, argv), 0);
	return r;
}

bailiff_sandbox *launch(struct user *u, const char *const *argv)
{
	bailiff_request *r = request(u, "tool", argv);
	bailiff_sandbox *s = NULL;

	IS(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_request_set_stdio(r, 1, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	(void)bailiff_request_free(r);
	return s;
}

void ends(struct user *u, bailiff_sandbox *s, const char *result, int code, int signal)
{
	bailiff_exit e = { 0 };

	IS(bailiff_sandbox_wait(s, 20 * SECOND, &e), 0);
	HOLDS(strcmp(e.result, result) == 0);
	IS(e.code, code);
	IS(e.signal, signal);
}

void user_alone(void **state, void (*part)(struct user *))
{
	struct rig *rig = *state;
	int talk;
	pid_t pid;

	pid = user_start(rig, RIG_ALICE, part, &talk);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
}
