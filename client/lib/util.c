/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clocks, fds and string lists, as far as the library needs them. Knows nothing of D-Bus. */

#include "lib/internal.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t now_usec(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t deadline_after(uint64_t timeout_usec)
{
	uint64_t now = now_usec();

	return timeout_usec >= BAILIFF_TIMEOUT_INFINITE - now ? BAILIFF_TIMEOUT_INFINITE : now + timeout_usec;
}

uint64_t deadline_left(uint64_t deadline)
{
	uint64_t now;

	if (deadline == BAILIFF_TIMEOUT_INFINITE)
		return deadline;
	now = now_usec();
	return deadline > now ? deadline - now : 0;
}

bool retry_plan(struct retry *r)
{
	uint64_t pause = RETRY_PAUSE_FIRST << (r->n < RETRY_DOUBLINGS ? r->n : RETRY_DOUBLINGS);

	r->next = deadline_after(pause < RETRY_PAUSE_MAX ? pause : RETRY_PAUSE_MAX);
	if (r->n >= RETRY_TRIES || r->next >= r->deadline) {
		r->next = BAILIFF_TIMEOUT_INFINITE;
		return false;
	}
	r->n++;
	return true;
}

bool retry_wait(struct retry *r)
{
	uint64_t pause;

	if (!retry_plan(r))
		return false;
	pause = deadline_left(r->next);
	/* a signal makes it shorter, and that is all */
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0,
		&(const struct timespec){ (time_t)(pause / 1000000), (long)(pause % 1000000) * 1000 }, NULL);
	return true;
}

int close_fd(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

int dup_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

size_t count_strv(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

int append_to_strv(char ***v, const char *s)
{
	size_t n = count_strv(*v);
	char **grown = reallocarray(*v, n + 2, sizeof(char *));

	if (!grown)
		return -ENOMEM;
	*v = grown;
	grown[n] = strdup(s);
	grown[n + 1] = NULL;
	return grown[n] ? 0 : -ENOMEM;
}

int copy_strv(char *const *v, char ***ret)
{
	size_t n = count_strv(v);
	_cleanup_(bailiff_strv_freep) char **copy = calloc(n + 1, sizeof(char *));

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(v[i]);
		if (!copy[i])
			return -ENOMEM;
	}
	*ret = steal_ptr(copy);
	return 0;
}

int replace_str(char **dest, const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		return -ENOMEM;
	free(*dest);
	*dest = copy;
	return 0;
}

EXPORT char **bailiff_strv_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
	return NULL;
}
