/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The steps of building a jail, for this folder only. Each facility has a plan, made by prepare_x() in the
 * launcher, where memory may be allocated and text formatted, and carried out by apply_x() in the child,
 * between clone3(2) and execveat(2). The child is a copy of the launcher at an arbitrary moment: everything
 * that runs there is async-signal-safe (no malloc, no stdio, no locks). child.c shows the order and says why
 * it is so.
 *
 * Every step returns 0 or a negative errno, and on failure fills a jail_error.
 */

#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/landlock.h"
#include "jail/found.h"
#include "jail/jail.h"

#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdnoreturn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct mount_plan;

/* report.c */

/* Records a failure, "what object" cut to JAIL_OBJECT_MAX, and returns error. Either text may be "". */
int jail_fail(
	struct jail_error *reterr, enum jail_stage stage, int error, const char *what, const char *object);
/* The same with a number for the object. */
int jail_fail_number(
	struct jail_error *reterr, enum jail_stage stage, int error, const char *what, uint64_t number);
#define NUMBER_TEXT_MAX 21 /* digits of 2^64 and a NUL */
/* Decimal digits somewhere in the buffer, for where snprintf(3) may not be used. */
const char *number_text(uint64_t number, char buffer[NUMBER_TEXT_MAX]);
/* Child: it has its own table of descriptors. Writes it to the pipe, too, if the launcher waits for it. */
int report_table(int fd, struct report *shared);
/* Launcher: whether it has. If not, it is going to write. */
bool report_has_table(struct report *shared);
/* Child: everything but the filter and the exec is done. */
int report_built(int fd);
/* Child: this failed. Best effort: who should read it may be gone. */
void report_failure(int fd, struct report *shared, const struct jail_error *e);
/* Child: the same where the filter may have any call wait for an answer. Ends the process without one. */
noreturn void report_and_trap(struct report *shared, const struct jail_error *e);

/* namespace.c */

struct namespace_plan {
	uint64_t clone_flags; /* for the payload; the PID namespace is entered by its parent */
	uint64_t late;        /* of them, those that a payload made ahead makes itself */
	bool pid, cgroup, uts, shares_ipc;
	bool run_as_init; /* no init of ours: the payload is pid 1 */
	char hostname[HOSTNAME_LEN_MAX + 1];
};

int prepare_namespaces(const struct jail_context *c, const struct jail_spec *spec, struct namespace_plan *ret,
	struct jail_error *reterr);
/* Parent: clone3(2) failed with this error: says which namespace the kernel lacks, if it is that. Returns the
 * error that the launch fails with. */
int namespaces_failed(
	const struct jail_context *c, const struct namespace_plan *p, int error, struct jail_error *reterr);
int apply_namespaces(const struct jail_context *c, const struct namespace_plan *p, struct jail_error *reterr);

/* network.c */

struct network_plan {
	bool own;              /* a namespace that nobody else has */
	bool loopback;         /* to be brought up, in the jail's namespace or its pool's */
	int fd;                /* named namespace to enter, or -1 */
	int stock_fd;          /* own: from the stock, or -1: made by the child */
	uint64_t ticket;       /* if it may go back: the stock has it; or 0 */
	bool shares;           /* instead of its own that of all, if there is one: */
	int shared_fd;         /* a copy, or -1 */
	struct jail_pool pool; /* the same, borrowed */
};

#define NETWORK_PLAN_NULL                                                                                    \
	((struct network_plan){ .fd = -1, .stock_fd = -1, .shared_fd = -1, .pool = JAIL_POOL_NULL })

/* Opens the named namespace, if there is one; its fd is the plan's. */
int prepare_network(const struct jail_context *c, const struct jail_spec *spec, struct network_plan *ret,
	struct jail_error *reterr);
/* Takes a namespace of the jail's own from the stock, if there is one, or that for all. */
void network_from_stock(struct jail_context *c, const struct jail_spec *spec, struct network_plan *p);
void network_plan_done(struct network_plan *p);
int apply_network(const struct network_plan *p, int proc_fd, struct jail_error *reterr);
/* Child: in a namespace of its own. */
int network_raise_loopback(void);

/* stock.c */

/* A network namespace that no jail has had, for one jail; -1 if there is none. */
int stock_take(struct jail_context *c);
/* One that is as it was when it was new, for a jail that will leave it so. With a ticket it stays the
 * stock's, and is the jail's until stock_give_back(); without one, 0, it is the jail's. -1 if there is none.
 */
int stock_borrow(struct jail_context *c, uint64_t *ret_ticket);
/* All processes of the jail have ended. Nothing to do for 0. */
void stock_give_back(struct jail_context *c, uint64_t ticket);
/* The one that jails share in which nothing can be done; -1 if there is none. It stays the stock's. */
int stock_share(struct jail_context *c);
/* Reaps a maker that took longer to end than anybody waited. Whether it has still not ended. */
bool stock_collect(struct jail_context *c);
void stock_done(struct jail_context *c);

/* reuse.c */

#define NETWORK_NULL                                                                                         \
	((struct stock_network){ .fd = -1, .changes_fd = -1, .devices_fd = -1, .sockets_fd = -1 })

/* Child, in it: what watches over it. Without it -- a socket that may not be made, a file that is not there
 * -- it is used once. */
void network_watch(const struct jail_context *c, struct stock_network *n);
/* Launcher, before anybody gets it: how it is now is how it is to be. */
void network_begin(struct jail_stock *s, struct stock_network *n);
/* Nobody is in it any more. Is it as it was? */
bool network_is_untouched(const struct jail_stock *s, const struct stock_network *n);
void network_forget(struct stock_network *n);

/* n descriptors, at most JAIL_STOCK_MAX. For children. */
int send_fds(int socket_fd, const int *fds, size_t n);

/* template.c, template-child.c */

/* Uses a template for these mounts, if there is one that fits; else asks for it to be made. */
void template_choose(struct jail_context *c, const struct jail_spec *spec, struct namespace_plan *namespaces,
	struct mount_plan *p);
/* Child: 1: the mounts are those of the template, and those that it can not hold. 0: it does not fit any
 * more, and nothing was done. */
int template_apply(struct mount_plan *p, struct jail_error *reterr);
/* Without them all mounts are made for each jail. */
void templates_open(struct jail_context *c);
/* Whether one is being made, or whoever made one is still to end. */
bool templates_busy(const struct jail_context *c);
bool templates_collect(struct jail_context *c); /* as stock_collect() */
void templates_done(struct jail_context *c);

/* userns.c */

/* The one id that is mapped: what the namespace calls it, and what it is. */
struct id_pair {
	uint32_t inside, outside;
};

struct user_namespace {
	struct id_pair user, group;
	bool deny_setgroups;
};

/* Child: a user namespace with these maps, that nobody is in. Returns its fd. @proc_fd: procfs of a PID
 * namespace that the caller is in, or below. */
int user_namespace_make(const struct user_namespace *wish, int proc_fd);

struct users_plan {
	bool wanted;
	int fd; /* child's */
};

#define USERS_PLAN_NULL ((struct users_plan){ .fd = -1 })

int prepare_users(const struct jail_context *c, const struct jail_spec *spec, struct users_plan *ret,
	struct jail_error *reterr);
/* Before the mounts: below a root of its own, the kernel lets nobody make a user namespace. */
int make_users(struct users_plan *p, const struct jail_spec *spec, int proc_fd, struct jail_error *reterr);
/* After the ids, and before the capabilities, of which it brings all that the namespace has. @fd: p->fd,
 * where it is by then; it is closed. */
int apply_users(const struct users_plan *p, int fd, struct jail_error *reterr);

/* selinux.c */

struct label_plan {
	const char *context; /* NULL: none */
	bool permissive;     /* the machine's SELinux denies nothing */
	int fd;              /* child's */
};

#define LABEL_PLAN_NULL ((struct label_plan){ .fd = -1 })

/* Finds out whether there is SELinux. *ret_lacking: JAIL_LACK_* */
int prepare_label(const struct jail_spec *spec, const char *selinuxfs, struct label_plan *ret,
	uint32_t *ret_lacking, struct jail_error *reterr);
/* Child: opens the file that the context of the next exec is written to, in a procfs that is one. */
int open_label(struct label_plan *p, int proc_fd, struct jail_error *reterr);
/* Right before the filter. @fd: p->fd, where it is by then; it is closed. @exe_fd: looked at, so that what is
 * refused after this is refused by SELinux. */
int apply_label(const struct label_plan *p, int fd, int exe_fd, struct jail_error *reterr);
/* Writes the context and reads it back. -EBADMSG: it reads otherwise. */
int label_write(int fd, const char *context);
/* The attribute file of the caller, opened in this procfs. -EBADF: no procfs, or something lies over it. */
int label_open(int proc_fd);

#define SELINUXFS "/sys/fs/selinux"

/* session.c: what a process inherits and no other file is about. First of all: nobody may look into the
 * child, or steer it. */
int apply_undumpable(struct jail_error *reterr);
int apply_session(uint64_t ignored_signals, struct jail_error *reterr);
int apply_own_session(struct jail_error *reterr);
int apply_keyring(struct jail_error *reterr);

/* pty.c */

struct pty_plan {
	int mount_fd; /* the devpts, detached; -1 without a pty */
	int slave_fd;
};

#define PTY_PLAN_NULL ((struct pty_plan){ .mount_fd = -1, .slave_fd = -1 })

/* Makes the pseudo terminal that the spec wants. Master and node are the jail's. */
int prepare_pty(const struct jail_spec *spec, struct pty_plan *p, struct jail *j, struct jail_error *reterr);
void pty_plan_done(struct pty_plan *p);
int apply_pty(const struct pty_plan *p, struct jail_error *reterr); /* after apply_own_session() */

/* mount.c, attach.c, root.c, device.c, restrict.c, slot.c, store.c */

#define SCRATCH_SIZE                                                                                         \
	"10%" /* of memory, for /tmp and /dev/shm: the kernel's half would let two jails eat all */
#define SCRATCH_INODES "65536"

enum mount_item_type {
	ITEM_BIND,   /* source on the host */
	ITEM_MIRROR, /* as ITEM_BIND, but a symbolic link on the host is copied as one */
	ITEM_DEVICE, /* source must be the character device that the item says */
	ITEM_NODE,   /* source must be any device but the machine's memory */
	ITEM_TMPFS,
	ITEM_PROC,
	ITEM_PTS,    /* the devpts of the jail's pseudo terminal */
	ITEM_LINK,   /* a symbolic link to source */
	ITEM_NOTIFY, /* the file system of the notification socket */
	ITEM_STORE,  /* moved here, not copied: source must be a slave mount of one outside */
	ITEM_SLOT,   /* a copy of the mount at what a caller opened */
};

/* Which of the items a process makes: see template.c. */
enum mount_part {
	MOUNTS_ALL,
	MOUNTS_LASTING, /* what all launches of a template have in common */
	MOUNTS_FRESH,   /* what each has for itself, see fresh.c */
};

struct mount_item {
	enum mount_item_type type;
	const char *source;  /* on the host, or a link's text */
	const char *target;  /* inside */
	uint64_t attributes; /* MOUNT_ATTR_* */
	bool recursive;
	bool propagates; /* what is mounted outside later, below the source, comes in */
	bool optional;   /* a missing source (tmpfs, pts: target) skips the item */
	bool idmap;      /* the source's owner is the payload's user */
	bool seal;       /* read-only, but only once everything below is mounted */
	bool fresh;      /* not to be shared with another launch */
	dev_t device;    /* ITEM_DEVICE */
	const struct jail_slot *slot;
	char mode[8], size[24], inodes[24]; /* tmpfs: mount options, "" for the kernel's default */
	/* child's */
	int fd; /* detached, later attached mount; -1: skipped */
	bool directory;
	bool aside;    /* taken out of the tree for a moment */
	char link[64]; /* ITEM_MIRROR: text of the host's link */
};

struct mount_plan {
	bool wanted, minimal_root, has_stores;
	enum mount_part part;
	const struct template *template;      /* the context's; NULL: none */
	struct paths_found rules, restricted; /* what it knows of paths, see found.h; as long as it is used */
	const char *covered[COVERED_MAX];     /* where something inaccessible lies over it now */
	size_t n_covered;
	struct mount_item *items;
	size_t n, allocated;
	dev_t *own; /* file systems that were made for this jail: only there mount points are created */
	size_t n_own;
	const struct compiled_restriction *restrictions;
	size_t n_restrictions;
	int proc_fd;        /* the launcher's, borrowed: for user namespaces of idmap, and mountinfo */
	int host_mounts_fd; /* the context's */
	int pts_fd;         /* mount for ITEM_PTS, borrowed */
	int notify_fd;      /* socket for ITEM_NOTIFY, likewise */
	uid_t uid;
	gid_t gid;
	const struct jail_spec *spec;
	char **texts;                          /* paths that items borrow */
	const char *root_directory;            /* NULL: none */
	const char *proc_hiding, *proc_subset; /* options of procfs; "" for none */
};

int prepare_mounts(const struct jail_context *c, const struct jail_spec *spec, struct mount_plan *ret,
	struct jail_error *reterr);
int apply_mounts(struct mount_plan *p, struct jail_error *reterr);
static inline bool mount_plan_takes(const struct mount_plan *p, const struct mount_item *item)
{
	return p->part == MOUNTS_ALL || !item->fresh;
}
/* Child: the items' mounts, detached. */
int mount_make_items(struct mount_plan *p, int host_fd, struct jail_error *reterr);
void mount_close_items(struct mount_plan *p);
/* Child: the new root, detached. Returns its fd. */
int mount_make_root(struct mount_plan *p, int host_fd);
/* Child: everything in its place below the new root, and read-only what is to be. */
int mount_attach_all(struct mount_plan *p, int root_fd, struct jail_error *reterr);
int mount_seal(int mount_fd);
/* Child: the items' mounts and links below the new root. */
int attach_items(struct mount_plan *p, int root_fd, struct jail_error *reterr);
void mount_plan_done(struct mount_plan *p);
/* A new item at the end, with its fd -1; NULL when out of memory. */
struct mount_item *mount_plan_add(struct mount_plan *p, enum mount_item_type type, const char *source,
	const char *target, uint64_t attributes);
/* What a tmpfs item is mounted with. @size and @inodes: "" for the kernel's default. */
void mount_item_tmpfs(struct mount_item *item, unsigned mode, const char *size, const char *inodes);
int prepare_root(const struct jail_spec *spec, struct mount_plan *p);
int prepare_stores(const struct jail_spec *spec, struct mount_plan *p);
int prepare_slots(const struct jail_spec *spec, struct mount_plan *p);
int prepare_devices(const struct jail_spec *spec, struct mount_plan *p);

/* Child: a detached tmpfs. Options "" or NULL are left out. Returns the mount's fd. */
int mount_new_tmpfs(const char *mode, const char *size, const char *inodes, uint64_t attributes);
/* Child: a detached procfs of the own PID namespace. Options "" are left out. Returns the mount's fd. */
int mount_new_proc(const char *hiding, const char *subset);
/* Child: a detached copy of the mount(s) at an O_PATH fd, with the attributes, that no mount event gets into.
 * Returns the mount's fd. */
int mount_clone(int path_fd, uint64_t attributes, bool recursive);
/* Child: the same, that gets the mount events that what it is copied from gets. */
int mount_clone_slave(int path_fd, uint64_t attributes, bool recursive);
/* Child: finds the daemon stores' mounts, checks them and sets their flags. */
int open_stores(struct mount_plan *p, int host_fd, struct jail_error *reterr);
/* Child: checks what callers opened, and copies its mounts. */
int open_slots(struct mount_plan *p, int host_fd, struct jail_error *reterr);
/* Child: maps the ids of an item's detached mount. -EPERM: its owner is root, and it could be written to.
 * -EINVAL: kernel or file system can not do it. */
int idmap_apply(const struct mount_plan *p, const struct mount_item *item, const struct stat *owner);
/* Child: on the tree below @root_fd, whose items are attached and still open. */
int apply_restrictions(struct mount_plan *p, int root_fd, int base_fd, struct jail_error *reterr);
/* Child: no mount event gets into this namespace or out of it. */
int mount_make_private(void);
/* Child: no mount event gets out of this namespace; what came in until now still does. */
int mount_make_slave(void);
/* Child: takes a detached mount as root and lets go of the old one, with everything below it. */
int root_attach(int mount_fd);
int root_pivot(int mount_fd);
/* Child: the same for a payload: root_pivot() goes to the base, whose fd is returned, root_change() from
 * there to the mount. */
#define BASE_DIRECTORY "directory" /* in the base: nobody may open them */
#define BASE_FILE      "file"
int root_attach_in_base(int mount_fd);
/* Child: the root in a base, below which it is already. */
int root_open_in_base(int base_fd);
int root_change(int mount_fd);
/* Child: a detached, read-only copy of the directory that is to be the root. Returns the mount's fd. -EPERM:
 * somebody else than root could exchange it. */
int root_open_directory(int host_fd, const char *path);
/* Child: checks that an O_PATH fd is a device that a profile may give. */
int device_check_node(int path_fd);
/* Child: checks that an O_PATH fd is this character device. */
int device_check(int path_fd, dev_t device);

/* notify.c */

/* The socket, without a name. It is the jail's; *ret_fd is one more, for the child. */
int prepare_notify(const struct jail_spec *spec, struct jail *j, int *ret_fd, struct jail_error *reterr);
/* Child: a detached file system with the socket's name in it. Returns the mount's fd. */
int notify_mount(int socket_fd);

/* lookup.c: paths, one component at a time where a symbolic link is met */

/*
 * Opens path (O_PATH) as seen with root_fd for "/". Symbolic links are followed only where they and the
 * directory that holds them are root's alone: nobody else can have made them point elsewhere. -ELOOP for
 * others, and for links of procfs.
 */
int lookup(int root_fd, const char *path);
/* As lookup(), and creates what is missing, directories and in the end a directory or an empty file, but only
 * on the listed file systems: elsewhere -ENOENT. */
int lookup_or_create(int root_fd, const char *path, bool directory, const dev_t *own, size_t n_own);
/* As lookup(), but a symbolic link at the end is opened itself. */
int lookup_nofollow(int root_fd, const char *path);

/* fdset.c */

#define FD_PLAN_MAX (FDS_MAX + 3) /* with the three standard streams */

enum fd_operation {
	FD_COPY,  /* dup3(2), close-on-exec */
	FD_PLACE, /* dup3(2), stays open */
	FD_CLOSE, /* close_range(2), both ends included */
};

struct fd_step {
	enum fd_operation operation;
	unsigned from, to;
};

/* What the child opens on its way and needs to its end. */
enum fd_kept {
	FD_KEPT_EXE,
	FD_KEPT_USERS, /* its user namespace */
	FD_KEPT_LABEL, /* attribute file for the SELinux context */
	_FD_KEPT_MAX,
};

/* All numbers are known beforehand: a pure list of steps, that a test can run against a model. */
struct fd_plan {
	int report_slot, go_slot;     /* where our own are at the end: above all targets */
	int kept_slots[_FD_KEPT_MAX]; /* of those that the child opens itself */
	struct fd_step steps[3 * FD_PLAN_MAX + 12];
	size_t n;
};

/* Pure. Steps that close all but the numbers in @keep, which is sorted, and may have some twice: n + 1 at
 * most, of which the last leads to the end of the table. Returns how many. */
size_t fd_plan_closes(struct fd_step *ret, unsigned *keep, size_t n);

/* In a parked jail the slots are these numbers and up: those that it is sent, and their targets, lie below.
 */
#define FD_PARKED_SLOTS 128
#define FD_PARKED_END   (FD_PARKED_SLOTS + 2 + _FD_KEPT_MAX + FD_PLAN_MAX)

/* Pure. -EINVAL: too many, a number too high, or one twice. *reterr_target: the target concerned. */
int fd_plan_make(const struct jail_fd *fds, size_t n, int report_fd, int go_fd, struct fd_plan *ret,
	uint32_t *reterr_target);
/* Are all sources open? Asked before fds of our own are made, which could take the number of one that is not.
 */
int fds_check(const struct jail_spec *spec, struct jail_error *reterr);
/* @pty_fd: what JAIL_FD_PTY stands for, or -1. */
int prepare_fds(const struct jail_spec *spec, int pty_fd, int report_fd, int go_fd, struct fd_plan *ret,
	struct jail_error *reterr);
/* Afterwards exactly the targets and our own slots are open. @kept: moved to their slots; -1 for none. */
int apply_fds(const struct fd_plan *p, const int kept[_FD_KEPT_MAX], struct jail_error *reterr);

/* Child, after apply_fds(): nothing is open below the slots, so that what comes gets the lowest numbers. */
int park_fds(const struct fd_plan *p, struct jail_error *reterr);

/* table.c */

#define TABLE_KEEP_MAX                                                                                       \
	(FD_PLAN_MAX + MOUNT_SLOTS_MAX + 64) /* of a template's there are 33, of ours some ten */

struct table_plan {
	unsigned keep[TABLE_KEEP_MAX];
	struct fd_step closes[TABLE_KEEP_MAX + 1];
	size_t n_keep, n;
};

struct jail_setup;

/* Room for what is lent. Before the payload is made; after it, loan_fill() lends it what is the setup's. */
int loan_prepare(const struct jail_spec *spec, struct jail *j);
void loan_fill(struct jail_setup *s, struct jail *j);
/* Closes what was lent to the payload, which has its own table or is killed. */
void loan_return(struct jail *j);
/* The same, if it has its own table by now. Else it will say so. */
void loan_settle(struct jail *j);
/* When all numbers are known that the payload is going to use. */
void prepare_table(struct jail_setup *s);
/* Child, first of all. Afterwards it shares its table with nobody, and only those are open. */
int apply_table(const struct table_plan *p, struct jail_error *reterr);
/* Child that makes something ahead and sends it: the same, with those of the last two that are not -1. The
 * launcher leaves its own number for that end of the socket open until the child has ended. */
int table_of_maker(const struct jail_context *c, int socket_fd, int events_fd, int namespace_fd);

/* limit.c */

struct limit_plan {
	struct rlimit limits[RLIM_NLIMITS];
	bool asked[RLIM_NLIMITS]; /* by profile or caller; else our own default, cut to what can be had */
};

int prepare_limits(const struct jail_spec *spec, struct limit_plan *ret, struct jail_error *reterr);
int apply_limits(const struct limit_plan *p, struct jail_error *reterr);
const char *limit_name(unsigned resource); /* a profile's key */
/* What a parked jail waits with: at least as many descriptors as it may be sent. */
void limits_park(struct limit_plan *p);

/* tuning.c */

struct tuning_plan {
	uint32_t set;   /* TUNE_*: what is asked for and the kernel has */
	uint32_t floor; /* those of which what the process has stays, if it is stricter */
	const struct compiled_tuning *tuning;
	uint32_t lacking; /* JAIL_LACK_*: what of it the kernel lacks, and the profile bears that */
};

int prepare_tuning(const struct jail_spec *spec, struct tuning_plan *ret, struct jail_error *reterr);
/* Before the mounts, while the launcher's /proc can be reached, and before capabilities and limits, which
 * both take rights. @proc_fd: procfs of a PID namespace that the caller is in, or below. */
int apply_tuning(const struct tuning_plan *p, int proc_fd, struct jail_error *reterr);

/* ids.c */

int prepare_ids(const struct jail_spec *spec, struct jail_error *reterr);
/* Needs the capabilities kept, see caps_keep(). */
int apply_ids(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups, struct jail_error *reterr);

/* caps.c */

int prepare_caps(const struct jail_spec *spec, struct jail_error *reterr);
/* Puts into effect, from the permitted set, what a step takes that the launcher does without. Nobody else can
 * use it: the payload gets its sets at the end. -EPERM: Bailiff was not given it. */
int caps_raise(uint64_t mask);
/* Puts exactly these of the permitted set into effect. *ret_old: those that were. */
int caps_effective(uint64_t mask, uint64_t *ret_old);
/* Lets the capabilities survive the change of ids that comes next. */
int caps_keep(struct jail_error *reterr);
#define CAPS_ALL UINT64_MAX
/* Drops the others from the calling thread's bounding set, as far as it can. What is in it then. */
uint64_t caps_bounding(uint64_t keep);
/* All five sets, the secure bits and no_new_privs, exactly. @had: what is in the bounding set until now. */
int apply_caps(
	uint64_t had, uint64_t bounding, uint64_t ambient, uint32_t secure_bits, struct jail_error *reterr);

/* filter.c */

/* @exe_fd: number that the executable will have. */
int prepare_filter(const struct jail_spec *spec, int exe_fd, struct jail_error *reterr);
/* What of MemoryDenyWriteExecute= no filter can do. */
int apply_memory_rule(const struct jail_spec *spec, struct jail_error *reterr);
int apply_filter(const struct jail_spec *spec, struct jail_error *reterr);
/* What a program says about a call, as the kernel would run it; SECCOMP_RET_KILL_PROCESS for one that it
 * would refuse to load. Pure. */
uint32_t filter_verdict(
	const struct sock_filter *filter, size_t n, uint32_t arch, uint32_t number, const uint64_t args[6]);
/* Whether it permits a call of the machine's own interface without a look at its arguments. Pure. */
bool filter_permits_always(const struct sock_filter *filter, size_t n, uint32_t number);

/* keyed.c: calls that the payload makes behind its filter */

#define KEYED_CALLS_MAX   8
#define KEYED_OTHER_INSNS 19 /* of a head: all that compares no call's number */
#define KEYED_HEAD_MAX    (KEYED_CALLS_MAX + KEYED_OTHER_INSNS)

/* What they have in two arguments that are none of theirs. */
struct keyed_key {
	uint64_t fifth, sixth;
};

/* Those of them that the policy does not permit anyway. */
struct keyed_calls {
	uint32_t numbers[KEYED_CALLS_MAX];
	size_t n;
};

/* Adds the call, unless the policy permits it whatever its arguments are. */
void keyed_need(struct keyed_calls *k, const struct jail_spec *spec, uint32_t number);
/* The beginning of a filter: permits the calls with the key; empty where there are none. */
size_t keyed_head_size(const struct keyed_calls *k);
void keyed_head(const struct keyed_calls *k, const struct keyed_key *key, struct sock_filter *to);
/* Child: the same, with a key that it draws for itself, and a call with it, whose errors are negative. */
int keyed_begin(const struct keyed_calls *k, struct sock_filter *to);
/* For calls that are made elsewhere in this process. */
void keyed_share(struct keyed_key *ret);
long keyed_call(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

/* violation.c */

#define QUESTION_SIZE 256 /* of seccomp_notif, 80 bytes in Linux 6.18 */

/* A header and one fd. (The header's own type ends in an array without a size.) */
struct violation_control {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
};

union violation_question {
	struct seccomp_notif question;
	char bytes[QUESTION_SIZE];
};

/* The payload's filter as it is loaded, where that is not the policy as it stands. It must not move. */
struct filter_plan {
	bool asks;                   /* in place of killing, as far as can be known */
	bool ahead;                  /* of a parked jail: loaded before the order */
	int go_slot;                 /* number that the go-pipe will have */
	struct sock_filter *program; /* NULL: the policy as it stands */
	struct keyed_calls keyed;    /* of its head, for which it has room */
	size_t n_head;
	struct sock_fprog whole;
};

/* The end of all filters that ask, for the context. */
int violation_question_build(struct sock_filter **ret, size_t *ret_n);
/* @go_slot: number that the go-pipe will have. */
int prepare_violations(const struct jail_context *c, const struct jail_spec *spec, int go_slot,
	struct filter_plan *p, struct jail_error *reterr);
void filter_plan_done(struct filter_plan *p);
/* Child, in place of apply_filter() if there is a program. *ret_loaded: from now on only keyed_call() is sure
 * to be permitted. If it is not, nothing was loaded, and the plain one has to be. */
int apply_violations(
	struct filter_plan *p, const struct jail_spec *spec, bool *ret_loaded, struct jail_error *reterr);
/* A descriptor, as the listener, that a child has sent: 1 and the fd, or 0 if it sent none. */
int receive_fd(int socket_fd, int *ret);

/* landlock.c */

struct landlock_plan {
	bool wanted;
	uint32_t lacking; /* JAIL_LACK_*: what the kernel lacks of what is asked for, and the profile bears it
			   */
	int abi, ruleset;
	struct landlock_attr attr;
	uint32_t flags;
};

int prepare_landlock(const struct jail_spec *spec, struct landlock_plan *ret, struct jail_error *reterr);
/* After the mounts and the last look at a path that the payload may not have. */
int apply_landlock(struct landlock_plan *p, const struct compiled_landlock *l, const struct mount_plan *m,
	struct jail_error *reterr);

/* cgroup.c: names only made of our own numbers */

int cgroup_find(struct jail_context *c); /* for jail_cgroup_path() */
/* Makes the jail's cgroup below the context's and opens it; -1 when the context has none. */
int cgroup_create(const struct jail_context *c, uint64_t id, int *ret_fd);
bool cgroup_stands(int cgroup_fd); /* nobody has removed it; true for -1 */
/* SIGKILL to all members. */
int cgroup_kill(int cgroup_fd);
/* That of this sandbox, made before. */
int cgroup_open(const struct jail_context *c, uint64_t id);
/* Signals each process that is a member at the time. -ESRCH if there is none. */
int cgroup_signal(int cgroup_fd, int sig);
/* -EBUSY while a member has not ended. Nothing there is success. */
int cgroup_remove(const struct jail_context *c, uint64_t id);

/* group.c */

#define GROUP_TEXT_MAX 48 /* two numbers and a word */

/* What is written to the files of the jail's cgroup. */
struct group_plan {
	char text[_GROUP_LIMIT_MAX][GROUP_TEXT_MAX]; /* "": not set */
	bool idle;                                   /* CPUWeight=idle has a file of its own */
	bool optional;
};

/* @proc_fd: for what a share of the kernel's tasks is. */
int prepare_group(
	const struct jail_spec *spec, int proc_fd, struct group_plan *ret, struct jail_error *reterr);
/* In the launcher, before the cgroup has a member. @cgroup_fd: -1 without one. *ret_lacking: JAIL_LACK_*
 * whose controllers are missing, and the profile bears it: they are taken out of the plan. -EOPNOTSUPP:
 * nothing was written. */
int apply_group(struct group_plan *p, int cgroup_fd, uint32_t *ret_lacking, struct jail_error *reterr);

/* exec.c */

/* Opens the executable in the jail's view; root's rights still hold. Returns an O_PATH fd. */
int open_executable(const char *path, struct jail_error *reterr);
/* With the payload's own rights: where it begins, and that this is inside. */
int apply_directory(const char *path, struct jail_error *reterr);
/* Returns only on failure. @labelled: with the context of SELinuxContext=. */
int apply_exec(const struct jail_spec *spec, bool labelled, int exe_fd, struct jail_error *reterr);
/* What such a failure is called. */
int exec_failed(const struct jail_spec *spec, bool labelled, int r, struct jail_error *reterr);

/* child.c */

#define SETUP_UMASK 0022 /* mount points are for everybody */

/* Everything that the child needs, in one place. */
struct jail_setup {
	const struct jail_context *context;
	const struct jail_spec *spec;
	struct namespace_plan namespaces;
	struct network_plan network;
	struct users_plan users;
	struct label_plan label;
	struct mount_plan mounts;
	struct pty_plan pty;
	struct fd_plan fds;
	struct table_plan table;
	struct filter_plan filter;
	struct limit_plan limits;
	struct landlock_plan landlock;
	struct tuning_plan tuning;
	struct group_plan group;
	uint64_t bounding;         /* set of capabilities that the payload begins with */
	uint32_t lacking;          /* JAIL_LACK_* of the label */
	int go_fd, report_fd;      /* child's ends */
	int notify_fd;             /* the notification socket once more, for the child */
	bool shares_memory, ahead; /* see cloner.c */
	struct stage_times *times; /* of the process that runs */
	struct report *shared;     /* the children's records, see report.h */
};

noreturn void child_run(struct jail_setup *s);

/* park.c */

/* In the launcher: tells a parked jail what it is to become, by way of its go, which has room for that. */
int prepare_order(int go_fd, struct jail_error *reterr);
int send_order(struct jail *j, const struct jail_spec *spec);
/* Child, before its filter: what it is going to wait in. */
int make_room(struct jail_setup *s, struct jail_error *reterr);
/* Child: waits for that order, and carries it out; the filter may be loaded already. 1: s->spec is the
 * launch's then. 0: the launcher does not want this jail any more. */
int await_order(struct jail_setup *s, struct jail_error *reterr);
