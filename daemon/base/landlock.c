/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which access rights exist in which version of Landlock's interface, and how one set of rules becomes a
 * domain. */

#include "base/landlock.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The build machine's header may be older than the running kernel: these are the kernel's numbers. */
#define FS_TRUNCATE  (1ULL << 14) /* version 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* version 5 */
#define NET_TCP_BOTH 3ULL         /* version 4: bind, connect */
#define SCOPE_BOTH   3ULL         /* version 6: abstract sockets, signals */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_MAKE                                                                                              \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |      \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |  \
		LANDLOCK_ACCESS_FS_MAKE_SYM)
#define FS_VERSION_1 ((1ULL << 13) - 1)
#define FS_OF_FILES                                                                                          \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |         \
		FS_TRUNCATE | FS_IOCTL_DEV)

/* As struct landlock_ruleset_attr of version 6; older kernels take the first part. */
struct ruleset_attr {
	uint64_t fs, net, scope;
};

static struct ruleset_attr handled_by(int abi)
{
	struct ruleset_attr a = { .fs = FS_VERSION_1 };

	if (abi >= 2)
		a.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		a.fs |= FS_TRUNCATE;
	if (abi >= 4)
		a.net = NET_TCP_BOTH;
	if (abi >= 5)
		a.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		a.scope = SCOPE_BOTH;
	return a;
}

static size_t attr_size(int abi)
{
	if (abi >= 6)
		return sizeof(struct ruleset_attr);
	return abi >= 4 ? offsetof(struct ruleset_attr, scope) : offsetof(struct ruleset_attr, net);
}

static uint64_t rights_of(unsigned access)
{
	uint64_t rights = 0;

	if (access & LANDLOCK_READ)
		rights |= FS_READ;
	if (access & LANDLOCK_EXECUTE)
		rights |= LANDLOCK_ACCESS_FS_EXECUTE;
	if (access & LANDLOCK_WRITE)
		rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
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

static int add_path(int ruleset, const struct landlock_path *p, uint64_t handled)
{
	_cleanup_close_ int opened = -1;
	struct landlock_path_beneath_attr rule;
	struct stat st;
	int fd = p->fd;

	if (fd < 0) {
		opened = open(p->path, O_PATH | O_CLOEXEC);
		if (opened < 0)
			return errno == ENOENT ? 0 : errno_or_eio();
		fd = opened;
	}
	if (fstat(fd, &st) < 0)
		return errno_or_eio();
	rule.allowed_access = rights_of(p->access) & handled;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	rule.parent_fd = fd;
	return (int)RET_ERRNO(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U));
}

int landlock_restrict_paths(const struct landlock_path *paths, size_t n)
{
	_cleanup_close_ int ruleset = -1;
	struct ruleset_attr attr;
	int abi, r;

	abi = landlock_abi();
	if (abi < 0)
		return abi;
	attr = handled_by(abi);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_size(abi), 0U);
	if (ruleset < 0)
		return errno_or_eio();
	for (size_t i = 0; i < n; i++) {
		r = add_path(ruleset, &paths[i], attr.fs);
		if (r < 0)
			return r;
	}
	return (int)RET_ERRNO(syscall(SYS_landlock_restrict_self, ruleset, 0U));
}
