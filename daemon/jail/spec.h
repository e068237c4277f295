/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * JailSpec: everything that the jail engine needs to start one process, and nothing that it would have to
 * decide. Made by plan/, applied by jail/. The spec owns argv and envp with their strings, and the arrays
 * fds, slots and limits, and what options have tightened; all else is borrowed from the compiled profile,
 * whose generation must outlive the spec, and from the caller.
 */

#include "catalog/compiled.h"

/* Where a jail has its notification socket: a file system of its own, with nothing else in it. */
#define JAIL_NOTIFY_DIRECTORY "/run/bailiff/notify"
#define JAIL_NOTIFY_NAME      "socket"
#define JAIL_NOTIFY_SOCKET    JAIL_NOTIFY_DIRECTORY "/" JAIL_NOTIFY_NAME

#define JAIL_FD_PTY (-2) /* source of a stream that is the jail's pseudo terminal */

struct jail_fd {
	int source;      /* our fd, borrowed; or JAIL_FD_PTY */
	uint32_t target; /* number in the child */
};

/* A mount slot of the profile, and what the caller binds there. */
struct jail_slot {
	const struct mount_slot *slot;
	int source;     /* our fd; borrowed. -1: nothing, an empty directory that can't be written to */
	bool read_only; /* the stricter of profile, caller and fd */
};

/* Namespaces that several jails share, see jail_pool_open(). */
struct jail_pool {
	int net_fd, ipc_fd; /* -1: each its own, or none */
};

#define JAIL_POOL_NULL ((struct jail_pool){ .net_fd = -1, .ipc_fd = -1 })

/* Copies of what the profile says, and what options ask for put into them. */
struct jail_tightened {
	struct compiled_tuning tuning;
	uint32_t floor; /* TUNE_NICE, TUNE_OOM_SCORE that come from an option alone: what the launcher has
			   stays, if it is stricter */
	struct group_value group[_GROUP_LIMIT_MAX];
};

/* A pseudo terminal, which becomes the payload's controlling terminal. */
struct jail_pty {
	bool wanted;
	uint16_t rows, columns; /* 0: not known */
};

/* A field that is about how a jail is built belongs in jail_spec_fits(), too. */
struct jail_spec {
	uint64_t id;   /* of the sandbox; names the cgroup */
	bool park;     /* to be built, and to wait: argv, envp and fds are another spec's */
	uint8_t spare; /* JAIL_SPARE_*: only what all of that kind have. The rest is another spec's */
	bool lent;     /* what it owns is a jail's by now, see jail_keep_spec() */
	const char *executable; /* one of the profile's, path as seen inside the jail */
	char **argv;            /* owned; exactly as the program gets it, argv[0] included */
	char **envp;            /* owned */
	const char *working_directory;
	uint32_t umask;

	struct jail_fd *fds; /* owned array; 0, 1 and 2 always present */
	size_t n_fds;
	struct jail_pty pty;
	bool notify; /* has a notification socket, see jail_look_at_notice() */

	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;

	uint64_t bounding, ambient; /* permitted = effective = inheritable = ambient after exec */
	uint32_t secure_bits;
	uint32_t namespaces; /* JAIL_NS_* */
	bool run_as_init;
	const char *network_namespace_path; /* NULL or "": none */
	bool shares_network;                /* JAIL_NS_NET: one that is empty will do */
	bool reuses_network;                /* JAIL_NS_NET: one will do that such a jail has left as it was */
	bool shares_ipc;                    /* JAIL_NS_IPC: one that is empty will do */
	const struct jail_pool *pool;       /* NULL: none; holds what of the namespaces is shared */
	bool no_network;                    /* not that of the pool, either */
	const char *hostname;               /* in a UTS namespace of its own */

	bool minimal_root, private_tmp, private_devices, mount_proc;
	const struct compiled_mount *mounts;
	size_t n_mounts;
	const char *root_directory; /* on the host, instead of a minimal root; NULL: none */
	char *const *devices;       /* further nodes of private devices; NULL: none */
	enum mount_propagation propagation;
	char *const *daemon_stores; /* names; NULL: none */
	struct jail_slot *slots;    /* owned array */
	size_t n_slots;
	uid_t caller_uid; /* who opened what the slots hold */
	const gid_t *caller_gids;
	size_t n_caller_gids;
	const struct compiled_restriction *restrictions; /* sorted by type */
	size_t n_restrictions;
	enum proc_hiding proc_hiding;
	bool proc_subset;

	const char *selinux_context;              /* NULL: none */
	const struct compiled_landlock *landlock; /* NULL: none */
	uint32_t optional;                        /* OPTIONAL_*: may be weaker than asked for */

	const struct sock_filter *filter;
	size_t n_filter;
	bool deny_write_execute; /* of memory: the filter does it, and the kernel's own rule where there is
				    one */
	enum violation_report violations; /* whether the launcher learns which call ended a process */

	struct compiled_limit *limits; /* owned: profile's and the caller's, the stricter of each */
	size_t n_limits;
	const struct compiled_tuning *tuning; /* NULL: nothing */
	const struct group_value *group;      /* _GROUP_LIMIT_MAX of them, or NULL */
	struct jail_tightened *tightened;     /* owned; NULL, or what the two above point to */
};

/* Kinds of spare jails: all have a control group, */
#define JAIL_SPARE_BARE  1 /* and nothing else, */
#define JAIL_SPARE_INIT  2 /* and a PID namespace with an init of ours, and the page of its report; */
#define JAIL_SPARE_AHEAD 4 /* with either: if it can be had, the process that becomes the payload. */
/* Of which kind is what a launch with these can go on with? @shares: of jail_may_share(). */
uint8_t jail_spare_kind(uint32_t namespaces, bool run_as_init, bool shares);
/* Whether the payload may have the launcher's memory, as far as these tell; slots may be in the way, too. */
bool jail_may_share(
	uint32_t namespaces, bool deny_write_execute, const struct compiled_mount *mounts, size_t n_mounts);
/* Frees what the spec owns, unless it is lent, and makes it all zero. The fds themselves stay open. */
void jail_spec_done(struct jail_spec *s);
