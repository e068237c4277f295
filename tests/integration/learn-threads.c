/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A program with threads for test-learn.c, whose system calls are the same in every run: each wait is for
 * something that has not happened yet.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 4
#define ROUNDS  5

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static unsigned turn;
static unsigned long sum;

static void *work(void *argument)
{
	unsigned index = (unsigned)(size_t)argument;
	char *memory = malloc(300 * 1024); /* an arena of its own, and past what one begins with */
	const struct timespec pause = { .tv_nsec = 2000000 };

	if (!memory)
		return NULL;
	memset(memory, (int)index, 300 * 1024);
	(void)prctl(PR_SET_NAME, "worker");
	for (unsigned round = 0; round < ROUNDS; round++) {
		(void)pthread_mutex_lock(&mutex);
		while (turn % WORKERS != index)
			(void)pthread_cond_wait(&turned, &mutex);
		sum = sum * 31 + (unsigned char)memory[round * 1000];
		(void)nanosleep(&pause, NULL); /* the others wait */
		turn++;
		(void)pthread_cond_broadcast(&turned);
		(void)pthread_mutex_unlock(&mutex);
	}
	free(memory);
	return argument;
}

int main(void)
{
	pthread_t threads[WORKERS];

	for (size_t i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			return 1;
	for (size_t i = 0; i < WORKERS; i++)
		if (pthread_join(threads[i], NULL) != 0)
			return 1;
	return printf("sum %lu\n", sum) > 0 && fflush(stdout) == 0 ? 0 : 1;
}
