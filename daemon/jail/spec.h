/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * JailSpec: everything that the jail engine needs to start one process, and nothing that it would have to
 * decide. Made by plan/, applied by jail/. Pointers into the compiled profile are borrowed: the profile's
 * generation must outlive the spec.
 */

#include "catalog/compiled.h"

struct jail_fd {
	int source;      /* our fd; borrowed */
	uint32_t target; /* number in the child */
};

struct jail_spec {
	uint64_t id;               /* of the sandbox; names the cgroup */
	const char *executable;    /* one of the profile's, path as seen inside the jail */
	char **argv;               /* exactly as the program gets it; argv[0] included */
	char **envp;
	const char *working_directory;
	uint32_t umask;

	struct jail_fd *fds;       /* 0, 1 and 2 always present */
	size_t n_fds;

	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;

	uint64_t bounding, ambient; /* permitted = effective = inheritable = ambient after exec */
	uint32_t secure_bits;
	uint32_t namespaces;        /* JAIL_NS_* */
	const char *hostname;       /* in a UTS namespace of its own */

	bool minimal_root, private_tmp, private_devices, mount_proc;
	const struct compiled_mount *mounts;
	size_t n_mounts;

	const struct sock_filter *filter;
	size_t n_filter;

	struct compiled_limit *limits; /* owned: profile's and the caller's, the stricter of each */
	size_t n_limits;
};

void jail_spec_done(struct jail_spec *s);
