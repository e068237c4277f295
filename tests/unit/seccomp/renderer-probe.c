/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What renderers do, in small: documents come as shared memory over a socket that was open at the start (3);
 * several threads work on them; pictures go back the same way. Before the first document the program takes
 * away from itself what it needed to start only. Ends with 0 when the other side closes the socket.
 */

#include "pass-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANNEL   3
#define N_THREADS 4

struct job {
	const uint8_t *document;
	uint8_t *picture;
	size_t size;
	unsigned part;
	int done; /* eventfd */
};

static void *work(void *argument)
{
	struct job *job = argument;
	size_t start = job->size * job->part / N_THREADS, end = job->size * (job->part + 1) / N_THREADS;

	(void)prctl(PR_SET_NAME, "raster");
	for (size_t i = start; i < end; i++)
		job->picture[i] = (uint8_t)(job->document[i] ^ 0xff);
	(void)eventfd_write(job->done, 1);
	return NULL;
}

/* Waits until every thread has told its part, with an event loop as browsers have them. */
static int wait_for_parts(int done)
{
	struct epoll_event event = { .events = EPOLLIN };
	int loop = epoll_create1(EPOLL_CLOEXEC);
	eventfd_t value, sum = 0;

	if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, done, &event) < 0)
		return -1;
	while (sum < N_THREADS) {
		if (epoll_wait(loop, &event, 1, -1) != 1 || eventfd_read(done, &value) < 0)
			return -1;
		sum += value;
	}
	return close(loop);
}

static int render(const uint8_t *document, uint8_t *picture, size_t size)
{
	struct job jobs[N_THREADS];
	pthread_t threads[N_THREADS];
	int done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (done < 0)
		return -1;
	for (unsigned i = 0; i < N_THREADS; i++) {
		jobs[i] = (struct job){ document, picture, size, i, done };
		if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0)
			return -1;
	}
	if (wait_for_parts(done) < 0)
		return -1;
	for (unsigned i = 0; i < N_THREADS; i++)
		if (pthread_join(threads[i], NULL) != 0)
			return -1;
	return close(done);
}

static int answer(int document_fd)
{
	int picture_fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint8_t *document, *picture;
	struct stat st;
	size_t size;

	if (picture_fd < 0 || fstat(document_fd, &st) < 0 || st.st_size <= 0 ||
		ftruncate(picture_fd, st.st_size) < 0)
		return -1;
	size = (size_t)st.st_size;
	document = mmap(NULL, size, PROT_READ, MAP_SHARED, document_fd, 0);
	picture = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, picture_fd, 0);
	if (document == MAP_FAILED || picture == MAP_FAILED || render(document, picture, size) < 0)
		return -1;
	if (munmap(document, size) < 0 || munmap(picture, size) < 0 ||
		fcntl(picture_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 ||
		pass_fd(CHANNEL, picture_fd) < 0)
		return -1;
	return close(picture_fd) < 0 ? -1 : close(document_fd);
}

/* No more libraries and no other program: a filter on top of the one that is there. */
static int confine(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) < 0)
		return -1;
	return open("/proc/self/maps", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM ? 0 : -1;
}

/* Inherits to a second socket, as a helper of its own would get it. */
static int make_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || close(pair[0]) < 0
		       ? -1
		       : close(pair[1]);
}

int main(int argc, char **argv)
{
	int fd;

	/* "pair": where the C library makes sockets by calls of their own. */
	if ((argc > 1 && strcmp(argv[1], "pair") == 0 && make_pair() < 0) || confine() < 0)
		return 10;
	while ((fd = take_fd(CHANNEL)) >= 0)
		if (answer(fd) < 0)
			return 11;
	return fd == -1 ? 0 : 12;
}
