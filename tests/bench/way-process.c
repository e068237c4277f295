/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Programs that are started: the payload itself, without a jail, in the ways that there are; and peers. */

#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "way.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_FILE  3     /* a second descriptor that the program gets */
#define NUMBER     "{n}" /* becomes another number in each launch */
#define NUMBER_MAX 24

static char *const no_environment[] = { NULL };

static int reap(pid_t pid, uint64_t *ret_end)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return errno_or_eio();
	*ret_end = ticks_now();
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static char *const *argv_of(const struct way *w, size_t from)
{
	return (char *const *)(uintptr_t)(w->words + from);
}

/* Only what may be done between vfork(2) and exec. */
__attribute__((noreturn)) static void become(const struct way *w, char *const *argv, int third)
{
	/* it may have that number already, and is closed by exec then */
	if (dup2(w->page_fd, STDOUT_FILENO) >= 0 &&
		(third < 0 || (dup2(third, PEER_FILE) >= 0 && fcntl(PEER_FILE, F_SETFD, 0) >= 0)))
		(void)execve(argv[0], argv, no_environment);
	_exit(127);
}

static int launch_vfork(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	pid_t pid;

	*ret_start = ticks_now();
	pid = vfork(); // NOLINT: what a launcher costs at least
	if (pid == 0)
		become(w, argv_of(w, 0), -1);
	return pid < 0 ? errno_or_eio() : reap(pid, ret_end);
}

static int launch_spawn(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	*ret_start = ticks_now();
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, w->page_fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(&pid, w->words[0], &actions, NULL, argv_of(w, 0), no_environment);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r != 0 ? -r : reap(pid, ret_end);
}

/* The first word: MiB of memory that the process has. */
static int open_fork(struct way *w)
{
	uint64_t size;
	void *memory;

	if (parse_u64(w->words[0], &size) < 0 || size > 4096)
		return -EINVAL;
	size <<= 20;
	memory = size > 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			  : NULL;
	if (memory == MAP_FAILED)
		return errno_or_eio();
	for (size_t i = 0; i < size; i += 4096)
		((char *)memory)[i] = 1;
	return 0;
}

static int launch_fork(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	pid_t pid;

	*ret_start = ticks_now();
	pid = fork();
	if (pid == 0)
		become(w, argv_of(w, 1), -1);
	return pid < 0 ? errno_or_eio() : reap(pid, ret_end);
}

/* crun and runc do not start where cgroup v1 and v2 are both mounted: they are shown the latter alone. */
static int open_unified(struct way *w)
{
	static const char unified[] = "/sys/fs/cgroup/unified";

	if (access(unified, F_OK) < 0)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(unified, "/sys/fs/cgroup", NULL, MS_BIND, NULL) < 0)
		return errno_or_eio();
	return 0;
}

/* Puts the number into the words that want it; whole words or their ends. */
static void number_words(struct way *w, const char *argv[], char texts[][NUMBER_MAX + 64], size_t n_texts)
{
	size_t used = 0;

	for (size_t i = 0; i <= w->n_words; i++) {
		const char *at = w->words[i] ? strstr(w->words[i], NUMBER) : NULL;

		argv[i] = w->words[i];
		if (!at || used == n_texts)
			continue;
		(void)snprintf(texts[used], sizeof(texts[used]), "%.*s%d-%u", (int)(at - w->words[i]),
			w->words[i], (int)getpid(), w->n);
		argv[i] = texts[used++];
	}
}

/* A first word "<FILE": the file is open under PEER_FILE, from its beginning. Otherwise that is the page once
 * more: runc makes a pipe of standard output. */
static int launch_command(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	const bool with_file = w->words[0][0] == '<';
	const char *argv[WAY_WORDS_MAX + 1];
	char texts[2][NUMBER_MAX + 64];
	pid_t pid;

	number_words(w, argv, texts, 2);
	*ret_start = ticks_now();
	if (with_file) {
		w->file_fd = open(w->words[0] + 1, O_RDONLY | O_CLOEXEC);
		if (w->file_fd < 0)
			return errno_or_eio();
	}
	pid = vfork(); // NOLINT: the leanest caller that a peer can have
	if (pid == 0)
		become(w, (char *const *)(uintptr_t)(argv + with_file), with_file ? w->file_fd : w->page_fd);
	w->file_fd = fd_close(w->file_fd);
	return pid < 0 ? errno_or_eio() : reap(pid, ret_end);
}

const struct way_kind way_vfork = { .name = "vfork", .n_words = 1, .launch = launch_vfork };
const struct way_kind way_spawn = { .name = "spawn", .n_words = 1, .launch = launch_spawn };
const struct way_kind way_fork = { .name = "fork", .n_words = 2, .open = open_fork, .launch = launch_fork };
const struct way_kind way_command = { .name = "command", .n_words = 1, .launch = launch_command };
const struct way_kind way_command_unified = {
	.name = "command-unified", .n_words = 1, .open = open_unified, .launch = launch_command
};
