/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The network: a namespace of the jail's own, from the stock or made by the payload's process (the launcher
 * has others to serve, and making one takes longer than the rest of a jail), in which only the loopback
 * device is there and up, or such a one for all jails that can do nothing in
 * it, or one that the administrator has made and named, or one that it shares with other
 * jails of its pool, or the host's. A named one is a file that ip-netns(8) and others bind a namespace to:
 * opened afresh for each launch, one component at a time below directories that are root's alone, and looked
 * at before it is believed to be what its name says.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define KEY      "NetworkNamespacePath="
#define LOOPBACK "lo"

#define SOCK_TYPE_NONE 0xf /* the highest that fits, which no kernel has */

static int fail(struct jail_error *reterr, int error, const char *what, const char *object)
{
	return jail_fail(reterr, STAGE_NAMESPACES, error, what, object);
}

/* Cuts the first component off a path. False at its end. */
static bool next_component(const char **path, char name[NAME_MAX + 1])
{
	const char *from = *path + strspn(*path, "/");
	size_t n = strcspn(from, "/");

	if (n == 0 || n > NAME_MAX)
		return false;
	memcpy(name, from, n);
	name[n] = '\0';
	*path = from + n;
	return true;
}

static int check_component(int fd, const char *path, struct jail_error *reterr)
{
	const char *why = "";
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return fail(reterr, errno_or_eio(), KEY, path);
	if (S_ISLNK(st.st_mode))
		return fail(reterr, -ELOOP, KEY " write the path without symbolic links:", path);
	r = path_check_trusted(fd, &why);
	if (r == -EPERM)
		return fail(reterr, r, KEY " it, or a directory above, is not root's alone:", path);
	return r < 0 ? fail(reterr, r, KEY, path) : 0;
}

/* Walks to the file; an O_PATH fd. */
static int walk(const char *path, struct jail_error *reterr)
{
	_cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *rest = path;
	char name[NAME_MAX + 1];
	int r;

	if (fd < 0)
		return fail(reterr, errno_or_eio(), KEY, path);
	r = check_component(fd, path, reterr);
	while (r >= 0 && next_component(&rest, name)) {
		int next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return fail(reterr, errno_or_eio(), KEY, path);
		(void)fd_close(fd);
		fd = next;
		r = check_component(fd, path, reterr);
	}
	if (r < 0)
		return r;
	return rest[0] == '\0' ? steal_fd(fd) : fail(reterr, -ENAMETOOLONG, KEY, path);
}

/* Opening a namespace's file has no effect, unlike opening a FIFO or a device: so that is asked first. */
static int open_namespace(const struct jail_context *c, const char *path, struct jail_error *reterr)
{
	_cleanup_close_ int path_fd = walk(path, reterr), fd = -1;
	char name[32];
	struct statfs fs;

	if (path_fd < 0)
		return path_fd;
	if (fstatfs(path_fd, &fs) < 0)
		return fail(reterr, errno_or_eio(), KEY, path);
	if (fs.f_type != NSFS_MAGIC)
		return fail(reterr, -EINVAL, KEY " no namespace is bound to", path);
	(void)snprintf(name, sizeof(name), "self/fd/%d", path_fd);
	fd = openat(c->proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(reterr, errno_or_eio(), KEY, path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return fail(reterr, -EINVAL, KEY " another kind of namespace is bound to", path);
	return steal_fd(fd);
}

/* What the service manager forbids to bailiffd stays forbidden to the payload: it would find a network
 * without addresses, and nobody would know why. No socket comes of it: of that type there is none. */
static int check_families(const char *key, struct jail_error *reterr)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_TYPE_NONE, 0);

	if (fd >= 0 || (errno != EAFNOSUPPORT && errno != EPERM))
		return 0;
	return fail(reterr, -EAFNOSUPPORT, key, "the launcher itself may make no sockets of AF_INET");
}

int prepare_network(const struct jail_context *c, const struct jail_spec *spec, struct network_plan *ret,
	struct jail_error *reterr)
{
	const char *path = spec->network_namespace_path;
	int fd;

	*ret = NETWORK_PLAN_NULL;
	ret->own = ret->loopback = (spec->namespaces & JAIL_NS_NET) != 0;
	if (spec->pool) {
		/* what would be shared is not what the jail has of its own */
		if ((spec->pool->net_fd >= 0 && !ret->loopback) ||
			(spec->pool->ipc_fd >= 0 && !(spec->namespaces & JAIL_NS_IPC)) || (path && path[0]))
			return fail(reterr, -EINVAL, "JoinsPool= and no namespace of its own", "");
		ret->pool = *spec->pool;
		if (spec->no_network)
			ret->pool.net_fd = -1;
		ret->own = ret->loopback && ret->pool.net_fd < 0;
	}
	ret->shares = ret->own && spec->shares_network;
	if (!path || !path[0])
		return ret->loopback ? 0 : check_families("PrivateNetwork=no:", reterr);
	if (ret->loopback)
		return fail(reterr, -EINVAL, KEY " and a network namespace of its own:", path);
	fd = open_namespace(c, path, reterr);
	if (fd < 0)
		return fd;
	ret->fd = fd;
	return check_families(KEY, reterr);
}

/* The kernel gives the device its addresses when it comes up. Any socket will do for the request. */
static int raise_loopback(void)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = LOOPBACK };

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return errno_or_eio();
	if (request.ifr_flags & IFF_UP)
		return 0;
	request.ifr_flags |= IFF_UP;
	return RET_ERRNO(ioctl(fd, SIOCSIFFLAGS, &request));
}

/* Without the capability, which containers often lack, the device stays down: less for the payload, not more.
 */
int network_raise_loopback(void)
{
	return caps_raise(UINT64_C(1) << CAP_NET_ADMIN) < 0 ? 0 : raise_loopback();
}

/* For the payload, at a number that it will have a copy of; the stock may let go of its own before that. */
static int low_copy(int fd, bool owned)
{
	int copy = fd < 0 ? -1 : fd_dup_above(fd, 0);

	if (owned)
		(void)fd_close(fd);
	return copy;
}

void network_from_stock(struct jail_context *c, const struct jail_spec *spec, struct network_plan *p)
{
	if (!p->own)
		return;
	p->shared_fd = low_copy(p->shares ? stock_share(c) : -1, false);
	p->own = p->shared_fd < 0;
	/* only with a PID namespace the end of the two children is the end of all */
	if (p->own && spec->reuses_network && (spec->namespaces & JAIL_NS_PID))
		p->stock_fd = stock_borrow(c, &p->ticket);
	else if (p->own)
		p->stock_fd = stock_take(c);
	p->stock_fd = low_copy(p->stock_fd, p->ticket == 0);
	if (p->shared_fd >= 0 || p->stock_fd >= 0)
		p->loopback = false; /* is up already */
}

void network_plan_done(struct network_plan *p)
{
	p->fd = fd_close(p->fd);
	p->stock_fd = fd_close(p->stock_fd);
	p->shared_fd = fd_close(p->shared_fd);
}

/* The kernel says EINVAL for a kind that it has not got; one that it has has a file. */
static int make_network(int proc_fd, struct jail_error *reterr)
{
	int r = RET_ERRNO(unshare(CLONE_NEWNET));

	if (r == -EINVAL && faccessat(proc_fd, "self/ns/net", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(
			reterr, -EOPNOTSUPP, "PrivateNetwork=: this kernel has no network namespaces", "");
	return r < 0 ? fail(reterr, r, "PrivateNetwork=: network namespace", "") : 0;
}

int apply_network(const struct network_plan *p, int proc_fd, struct jail_error *reterr)
{
	int ready, r;

	if (p->fd >= 0) {
		r = RET_ERRNO(setns(p->fd, CLONE_NEWNET));
		return r < 0 ? fail(reterr, r, KEY " can not be entered", "") : 0;
	}
	r = p->own && p->stock_fd < 0 ? make_network(proc_fd, reterr) : 0;
	if (r < 0)
		return r;
	ready = p->shared_fd >= 0 ? p->shared_fd : p->stock_fd;
	if (ready >= 0 && setns(ready, CLONE_NEWNET) < 0)
		return fail(reterr, errno_or_eio(), "PrivateNetwork=: the network can not be entered", "");
	if (p->pool.net_fd >= 0 && setns(p->pool.net_fd, CLONE_NEWNET) < 0)
		return fail(reterr, errno_or_eio(), "JoinsPool= the network can not be entered", "");
	if (p->pool.ipc_fd >= 0 && setns(p->pool.ipc_fd, CLONE_NEWIPC) < 0)
		return fail(reterr, errno_or_eio(), "JoinsPool= the IPC namespace can not be entered", "");
	r = p->loopback ? network_raise_loopback() : 0;
	return r < 0 ? fail(reterr, r, "PrivateNetwork=: loopback device", "") : 0;
}
