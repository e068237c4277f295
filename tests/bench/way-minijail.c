/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The library that minijail0 is the command line of, in the process that launches: what a daemon that uses it
 * pays. It is loaded from a path, and what is called of it declared here, after its manual. The filter is
 * read once; the jail is made anew for each launch, since a launch uses it up.
 */

#include "base/array.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"
#include "way.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Words: the library, the compiled filter, the root, whose the ids are, the program; then what is bound and
 * limited, three words each: "bind", from, to; "limit", its number, value. */
enum {
	WORD_LIBRARY,
	WORD_FILTER,
	WORD_ROOT,
	WORD_ID,
	WORD_PROGRAM,
	WORDS
};
#define WORDS_EACH 3

struct minijail;

/* Their int is 0, or a negative errno; of wait, the program's exit status. */
struct minijail_library {
	void *handle;
	struct sock_fprog filter;
	uint64_t id;
	struct minijail *(*make)(void);
	void (*destroy)(struct minijail *);
	void (*change_uid)(struct minijail *, uid_t);
	void (*change_gid)(struct minijail *, gid_t);
	void (*use_caps)(struct minijail *, uint64_t);
	/* without another argument: what is asked for by name */
	void (*set_ambient_caps)(struct minijail *);
	void (*no_new_privs)(struct minijail *);
	void (*namespace_vfs)(struct minijail *);
	void (*namespace_pids)(struct minijail *);
	void (*namespace_ipc)(struct minijail *);
	void (*namespace_net)(struct minijail *);
	void (*namespace_cgroups)(struct minijail *);
	void (*namespace_uts)(struct minijail *);
	void (*run_as_init)(struct minijail *);
	void (*mount_tmp)(struct minijail *);
	void (*mount_dev)(struct minijail *);
	void (*use_seccomp_filter)(struct minijail *);
	void (*set_seccomp_filters)(struct minijail *, const struct sock_fprog *);
	void (*remount_mode)(struct minijail *, unsigned long);
	int (*set_hostname)(struct minijail *, const char *);
	int (*enter_pivot_root)(struct minijail *, const char *);
	int (*mount)(struct minijail *, const char *, const char *, const char *, unsigned long);
	int (*bind)(struct minijail *, const char *, const char *, int);
	int (*rlimit)(struct minijail *, int, rlim_t, rlim_t);
	int (*preserve_fd)(struct minijail *, int, int);
	/* without its preloaded half, which a static program has no use for: minijail0 does the same with one
	 */
	int (*run)(
		struct minijail *, const char *, char *const[], char *const[], pid_t *, int *, int *, int *);
	int (*wait)(struct minijail *);
};

#define FUNCTION(member, name)                                                                               \
	{                                                                                                    \
		"minijail_" name, offsetof(struct minijail_library, member)                                  \
	}

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
	FUNCTION(make, "new"),
	FUNCTION(destroy, "destroy"),
	FUNCTION(change_uid, "change_uid"),
	FUNCTION(change_gid, "change_gid"),
	FUNCTION(use_caps, "use_caps"),
	FUNCTION(set_ambient_caps, "set_ambient_caps"),
	FUNCTION(no_new_privs, "no_new_privs"),
	FUNCTION(namespace_vfs, "namespace_vfs"),
	FUNCTION(namespace_pids, "namespace_pids"),
	FUNCTION(namespace_ipc, "namespace_ipc"),
	FUNCTION(namespace_net, "namespace_net"),
	FUNCTION(namespace_cgroups, "namespace_cgroups"),
	FUNCTION(namespace_uts, "namespace_uts"),
	FUNCTION(run_as_init, "run_as_init"),
	FUNCTION(mount_tmp, "mount_tmp"),
	FUNCTION(mount_dev, "mount_dev"),
	FUNCTION(use_seccomp_filter, "use_seccomp_filter"),
	FUNCTION(set_seccomp_filters, "set_seccomp_filters"),
	FUNCTION(remount_mode, "remount_mode"),
	FUNCTION(set_hostname, "namespace_set_hostname"),
	FUNCTION(enter_pivot_root, "enter_pivot_root"),
	FUNCTION(mount, "mount"),
	FUNCTION(bind, "bind"),
	FUNCTION(rlimit, "rlimit"),
	FUNCTION(preserve_fd, "preserve_fd"),
	FUNCTION(run, "run_env_pid_pipes_no_preload"),
	FUNCTION(wait, "wait"),
};

static int load(struct minijail_library *l, const char *path)
{
	l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; l->handle && i < ELEMENTSOF(functions); i++) {
		void *found = dlsym(l->handle, functions[i].name);

		if (!found) {
			(void)fprintf(stderr, "%s\n", dlerror());
			return -ENOSYS;
		}
		memcpy((uint8_t *)l + functions[i].offset, &found, sizeof(found));
	}
	if (!l->handle)
		(void)fprintf(stderr, "%s\n", dlerror());
	return l->handle ? 0 : -ELIBACC;
}

static int read_filter(struct sock_fprog *ret, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno_or_eio();
	if (st.st_size <= 0 || (size_t)st.st_size > BPF_MAXINSNS * sizeof(*ret->filter))
		return -EINVAL;
	ret->filter = malloc((size_t)st.st_size);
	if (!ret->filter)
		return -ENOMEM;
	ret->len = (unsigned short)((size_t)st.st_size / sizeof(*ret->filter));
	return read(fd, ret->filter, (size_t)st.st_size) == st.st_size ? 0 : errno_or_eio();
}

static int open_minijail(struct way *w)
{
	struct minijail_library *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	w->minijail = l;
	r = load(l, w->words[WORD_LIBRARY]);
	if (r == 0)
		r = read_filter(&l->filter, w->words[WORD_FILTER]);
	if (r == 0)
		r = parse_u64(w->words[WORD_ID], &l->id);
	return r;
}

void way_close_minijail(struct way *w)
{
	if (!w->minijail)
		return;
	free(w->minijail->filter.filter);
	if (w->minijail->handle)
		(void)dlclose(w->minijail->handle);
	free(w->minijail);
	w->minijail = NULL;
}

static int add(const struct minijail_library *l, struct minijail *j, const char *const words[WORDS_EACH])
{
	uint64_t number, value;

	if (strcmp(words[0], "bind") == 0)
		return l->bind(j, words[1], words[2], 0);
	if (strcmp(words[0], "limit") != 0 || parse_u64(words[1], &number) < 0 ||
		parse_u64(words[2], &value) < 0)
		return -EINVAL;
	return l->rlimit(j, (int)number, value, value);
}

/* In the order of minijail0's options in peers.py. */
static int furnish(const struct way *w, struct minijail *j)
{
	const struct minijail_library *l = w->minijail;
	int r;

	l->change_uid(j, (uid_t)l->id);
	l->change_gid(j, (gid_t)l->id);
	l->use_caps(j, 0);
	l->set_ambient_caps(j);
	l->no_new_privs(j);
	l->namespace_vfs(j);
	l->remount_mode(j, MS_SLAVE);
	l->namespace_pids(j);
	l->run_as_init(j);
	l->namespace_ipc(j);
	l->namespace_net(j);
	l->namespace_cgroups(j);
	l->namespace_uts(j);
	l->mount_tmp(j);
	l->mount_dev(j);
	l->use_seccomp_filter(j);
	l->set_seccomp_filters(j, &l->filter);
	r = l->set_hostname(j, "bench");
	if (r == 0)
		r = l->enter_pivot_root(j, w->words[WORD_ROOT]);
	if (r == 0)
		r = l->mount(j, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	for (size_t i = WORDS; r == 0 && i + WORDS_EACH <= w->n_words; i += WORDS_EACH)
		r = add(l, j, w->words + i);
	return r == 0 ? l->preserve_fd(j, w->page_fd, STDOUT_FILENO) : r;
}

static int launch_minijail(struct way *w, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct minijail_library *l = w->minijail;
	char *const argv[] = { (char *)(uintptr_t)w->words[WORD_PROGRAM], NULL }, *const environment[] = {
		NULL
	};
	struct minijail *j;
	pid_t pid;
	int r;

	*ret_start = ticks_now();
	j = l->make();
	if (!j)
		return -ENOMEM;
	r = furnish(w, j);
	if (r == 0)
		r = l->run(j, argv[0], argv, environment, &pid, NULL, NULL, NULL);
	if (r == 0)
		r = l->wait(j);
	*ret_end = ticks_now();
	l->destroy(j);
	return r > 0 ? -ECHILD : r;
}

const struct way_kind way_minijail = {
	.name = "libminijail", .n_words = WORDS, .open = open_minijail, .launch = launch_minijail
};
