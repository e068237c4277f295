/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What bailiff(3) says of threads and fork(2), against the real daemon: threads that have a connection each,
 * threads that share one under a lock, and a child that has its parent's. ThreadSanitizer finds nothing in
 * it.
 */

#include "user.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define THREADS 4
#define ROUNDS  5
#define OWN     "own"
#define SHARED  "shared"

static const char *const argv[] = { "dash", "-c", "exit 5", NULL };

static void *own_connection(void *data)
{
	struct user user = { .address = data }, *u = &user;

	IS(bailiff_connect_address(u->address, &u->c), 0);
	for (int i = 0; i < ROUNDS; i++) {
		bailiff_sandbox *s = launch(u, argv);

		ends(u, s, "exit-code", 5, 0);
		IS(bailiff_sandbox_release(s), 0);
		(void)bailiff_sandbox_free(s);
	}
	u->c = bailiff_connection_free(u->c);
	return NULL;
}

static void run_threads(struct user *u, void *(*main)(void *data), void *data)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		IS(pthread_create(&threads[i], NULL, main, data), 0);
	for (size_t i = 0; i < THREADS; i++)
		IS(pthread_join(threads[i], NULL), 0);
}

static void part_own_connections(struct user *u)
{
	run_threads(u, own_connection, (void *)(uintptr_t)u->address);
}

struct shared {
	struct user *u;
	pthread_mutex_t lock;
	unsigned n_ended; /* under the lock */
};

static void on_exit_told(int error, const bailiff_exit *e, void *userdata)
{
	struct shared *shared = userdata;

	shared->n_ended += error == 0 && e->code == 5;
}

/* Waits for the program outside of the lock, on the handle's own pidfd; all that is the library's inside. */
static void *share_connection(void *data)
{
	struct shared *shared = data;
	struct user *u = shared->u;

	for (int i = 0; i < ROUNDS; i++) {
		bailiff_sandbox *s;
		int pidfd;

		IS(pthread_mutex_lock(&shared->lock), 0);
		s = launch(u, argv);
		pidfd = bailiff_sandbox_steal_pidfd(s);
		IS(bailiff_sandbox_on_exit(s, on_exit_told, shared), 0);
		IS(pthread_mutex_unlock(&shared->lock), 0);
		IS(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 20000), 1);
		(void)close(pidfd);
		IS(pthread_mutex_lock(&shared->lock), 0);
		ends(u, s, "exit-code", 5, 0);
		while (bailiff_connection_process(u->c) > 0)
			;
		IS(bailiff_sandbox_release(s), 0);
		(void)bailiff_sandbox_free(s);
		IS(pthread_mutex_unlock(&shared->lock), 0);
	}
	return NULL;
}

static void part_shared_connection(struct user *u)
{
	struct shared shared = { .u = u, .lock = PTHREAD_MUTEX_INITIALIZER };

	run_threads(u, share_connection, &shared);
	IS(shared.n_ended, THREADS * ROUNDS);
}

static void on_launched(int error, bailiff_sandbox *s, void *userdata)
{
	(void)error;
	(void)s;
	(void)userdata;
	_exit(9);
}

/* All that would speak over the parent's connection; and what only forgets. */
static void in_child(struct user *u, bailiff_sandbox *s, bailiff_request *r)
{
	bailiff_sandbox *other = NULL;

	IS(bailiff_launch(u->c, r, &other), -ECHILD);
	IS(bailiff_launch_async(u->c, r, on_launched, NULL), -ECHILD);
	IS(bailiff_sandbox_open(u->c, bailiff_sandbox_id(s), &other), -ECHILD);
	IS(bailiff_sandbox_open_pidfd(u->c, bailiff_sandbox_pidfd(s), &other), -ECHILD);
	IS(bailiff_sandbox_wait(s, 0, NULL), -ECHILD);
	IS(bailiff_sandbox_on_exit(s, on_exit_told, NULL), -ECHILD);
	IS(bailiff_sandbox_on_ready(s, (bailiff_ready_handler)NULL, NULL), 0);
	IS(bailiff_connection_on_reload(u->c, (bailiff_reload_handler)NULL, NULL), 0);
	IS(bailiff_sandbox_stop(s, 0), -ECHILD);
	IS(bailiff_connection_get_fd(u->c), -ECHILD);
	IS(bailiff_connection_process(u->c), -ECHILD);
	IS(bailiff_connection_wait(u->c, 0), -ECHILD);
	HOLDS(strstr(bailiff_last_error_message(u->c), "fork"));
	(void)bailiff_sandbox_free(s);
	(void)bailiff_request_free(r);
	(void)bailiff_connection_free(u->c);
	/* one of its own */
	IS(bailiff_connect_address(u->address, &u->c), 0);
	s = launch(u, argv);
	ends(u, s, "exit-code", 5, 0);
	(void)bailiff_sandbox_free(s);
	u->c = bailiff_connection_free(u->c);
	_exit(0);
}

static void part_fork(struct user *u)
{
	bailiff_request *r = request(u, "tool", argv);
	bailiff_sandbox *s = launch(u, forever);
	struct shared told = { .u = u };
	int status;
	pid_t pid;

	IS(bailiff_sandbox_on_exit(s, on_exit_told, &told), 0);
	pid = fork();
	if (pid == 0)
		in_child(u, s, r);
	IS(waitpid(pid, &status, 0), pid);
	IS(status, 0);
	/* the parent's are as they were: the sandbox lives, and the connection serves */
	IS(bailiff_sandbox_wait(s, 0, NULL), -ETIMEDOUT);
	IS(bailiff_sandbox_stop(s, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	(void)bailiff_request_free(r);
	(void)bailiff_sandbox_free(s);
}

/* In a program of its own, as the rig has threads, and ThreadSanitizer sees nothing in what they fork. */
static void alone(void **state, const char *part)
{
	struct rig *rig = *state;
	pid_t pid = fork();
	int status;

	assert_return_code(pid, errno);
	if (pid == 0) {
		(void)alarm(60);
		if (setgroups(0, NULL) == 0 && setresgid(RIG_ALICE, RIG_ALICE, RIG_ALICE) == 0 &&
			setresuid(RIG_ALICE, RIG_ALICE, RIG_ALICE) == 0)
			(void)execl("/proc/self/exe", "threads", part, rig->client_address, NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rig_wait_jailed(rig, 0);
}

static int run_part(const char *part, const char *address)
{
	struct user user = { .address = address }, *u = &user;

	IS(bailiff_connect_address(address, &u->c), 0);
	if (strcmp(part, OWN) == 0)
		part_own_connections(u);
	else
		part_shared_connection(u);
	u->c = bailiff_connection_free(u->c);
	return 0;
}

static void test_own_connections(void **state)
{
	alone(state, OWN);
}

static void test_shared_connection(void **state)
{
	alone(state, SHARED);
}

static void test_fork(void **state)
{
	user_alone(state, part_fork);
}

int main(int argc, char **args)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_connections),
		cmocka_unit_test(test_shared_connection),
		cmocka_unit_test(test_fork),
	};

	if (argc == 3)
		return run_part(args[1], args[2]);
	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("threads", tests, rig_setup, rig_teardown);
}
