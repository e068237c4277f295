/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "base/landlock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FS_READ (LANDLOCK_FS_READ_FILE | LANDLOCK_FS_READ_DIR)
#define FS_MAKE                                                                                              \
	(LANDLOCK_FS_REMOVE_DIR | LANDLOCK_FS_REMOVE_FILE | LANDLOCK_FS_MAKE_DIR | LANDLOCK_FS_MAKE_REG |    \
		LANDLOCK_FS_MAKE_SOCK | LANDLOCK_FS_MAKE_FIFO | LANDLOCK_FS_MAKE_SYM)
#define FS_VERSION_1 (LANDLOCK_FS_REFER - 1)

#define RULE_NET_PORT 2 /* LANDLOCK_RULE_NET_PORT, version 4 */

/* As struct landlock_net_port_attr. */
struct port_attr {
	uint64_t rights, port;
};

struct landlock_attr landlock_attr_all(int abi)
{
	struct landlock_attr a = { .fs = FS_VERSION_1 };

	if (abi >= 2)
		a.fs |= LANDLOCK_FS_REFER;
	if (abi >= LANDLOCK_ABI_TRUNCATE)
		a.fs |= LANDLOCK_FS_TRUNCATE;
	if (abi >= LANDLOCK_ABI_NET)
		a.net = LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT;
	if (abi >= 5)
		a.fs |= LANDLOCK_FS_IOCTL_DEV;
	if (abi >= LANDLOCK_ABI_SCOPE)
		a.scope = LANDLOCK_SCOPED_UNIX | LANDLOCK_SCOPED_SIGNAL;
	return a;
}

/* struct landlock_attr is the kernel's of version 6; older kernels take the first part. */
static size_t attr_size(int abi)
{
	if (abi >= LANDLOCK_ABI_SCOPE)
		return sizeof(struct landlock_attr);
	return abi >= LANDLOCK_ABI_NET ? offsetof(struct landlock_attr, scope)
				       : offsetof(struct landlock_attr, net);
}

static uint64_t rights_of(unsigned access)
{
	uint64_t rights = 0;

	if (access & LANDLOCK_READ)
		rights |= FS_READ;
	if (access & LANDLOCK_EXECUTE)
		rights |= LANDLOCK_FS_EXECUTE;
	if (access & LANDLOCK_WRITE)
		rights |= LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE;
	if (access & LANDLOCK_MAKE)
		rights |= FS_MAKE;
	return rights;
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi >= 1)
		return (int)abi;
	return abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP ? errno_or_eio() : -EOPNOTSUPP;
}

int landlock_create(const struct landlock_attr *attr, int abi)
{
	return (int)RET_ERRNO(syscall(SYS_landlock_create_ruleset, attr, attr_size(abi), 0U));
}

int landlock_allow_beneath(int ruleset, const struct landlock_attr *attr, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & attr->fs, .parent_fd = fd };
	int r = 0;

	/* The kernel refuses what only a directory can have: so it need not be asked what this is. */
	for (uint64_t fits = ~0ULL;; fits = LANDLOCK_FS_OF_FILES) {
		rule.allowed_access &= fits;
		if (rule.allowed_access == 0)
			return 0;
		r = (int)RET_ERRNO(
			syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U));
		if (r != -EINVAL || fits == LANDLOCK_FS_OF_FILES)
			return r;
	}
}

int landlock_allow_port(int ruleset, const struct landlock_attr *attr, uint16_t port, uint64_t rights)
{
	const struct port_attr rule = { .rights = rights & attr->net, .port = port };

	if (rule.rights == 0)
		return 0;
	return (int)RET_ERRNO(syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0U));
}

int landlock_apply(int ruleset, uint32_t flags)
{
	return (int)RET_ERRNO(syscall(SYS_landlock_restrict_self, ruleset, flags));
}

static int add_path(int ruleset, const struct landlock_attr *attr, const struct landlock_path *p)
{
	_cleanup_close_ int opened = -1;
	int fd = p->fd;

	if (fd < 0) {
		opened = open(p->path, O_PATH | O_CLOEXEC);
		if (opened < 0)
			return errno == ENOENT ? 0 : errno_or_eio();
		fd = opened;
	}
	return landlock_allow_beneath(ruleset, attr, fd, rights_of(p->access));
}

int landlock_restrict_paths(const struct landlock_path *paths, size_t n)
{
	_cleanup_close_ int ruleset = -1;
	struct landlock_attr attr;
	int abi, r;

	abi = landlock_abi();
	if (abi < 0)
		return abi;
	attr = landlock_attr_all(abi);
	ruleset = landlock_create(&attr, abi);
	if (ruleset < 0)
		return ruleset;
	for (size_t i = 0; i < n; i++) {
		r = add_path(ruleset, &attr, &paths[i]);
		if (r < 0)
			return r;
	}
	return landlock_apply(ruleset, 0);
}
