/* SPDX-License-Identifier: GPL-2.0-or-later */

/* rig_fork(): a lock that another thread has just taken is free in the child. */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORKS     20
#define HELD_USEC 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* For a while, each time that it is told to. */
static void *hold(void *userdata)
{
	struct pollfd p = { .fd = *(const int *)userdata, .events = POLLIN };
	char order;

	while (poll(&p, 1, -1) == 1 && read(p.fd, &order, 1) == 1) {
		gint64 until;

		(void)pthread_mutex_lock(&lock);
		until = g_get_monotonic_time() + HELD_USEC;
		if (write(p.fd, "", 1) != 1)
			abort();
		while (g_get_monotonic_time() < until)
			continue;
		(void)pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void fork_while_held(int talk, unsigned i)
{
	char word;
	int status;
	pid_t pid;

	assert_int_equal(write(talk, "", 1), 1);
	assert_int_equal(read(talk, &word, 1), 1);
	pid = rig_fork();
	if (pid == 0)
		_exit(pthread_mutex_trylock(&lock) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("fork %u: the lock is held in the child", i);
}

static void test_no_lock_is_held(void **state)
{
	pthread_t thread;
	int talk[2];

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk), errno);
	assert_int_equal(pthread_create(&thread, NULL, hold, &talk[1]), 0);
	for (unsigned i = 0; i < FORKS; i++)
		fork_while_held(talk[0], i);
	(void)close(talk[0]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(talk[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_lock_is_held) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
