/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Landlock: what the payload may do with files and TCP ports beyond what its mounts and its namespaces let it
 * see. The paths are those of the finished jail, so the rules are made in the child, after its mounts, and
 * they bind before its fds are set: a file system can't be mounted any more then. What the kernel's version
 * lacks fails the launch, unless the profile calls the layer optional.
 */

#include "base/landlock.h"
#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>

#define READ_ONLY    (LANDLOCK_FS_READ_FILE | LANDLOCK_FS_READ_DIR)
#define READ_EXECUTE (READ_ONLY | LANDLOCK_FS_EXECUTE)
#define READ_WRITE                                                                                           \
	(READ_ONLY | LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE | LANDLOCK_FS_REMOVE_DIR |                \
		LANDLOCK_FS_REMOVE_FILE | LANDLOCK_FS_MAKE_DIR | LANDLOCK_FS_MAKE_REG)
#define ADVANCED                                                                                             \
	(READ_WRITE | LANDLOCK_FS_MAKE_CHAR | LANDLOCK_FS_MAKE_SOCK | LANDLOCK_FS_MAKE_FIFO |                \
		LANDLOCK_FS_MAKE_BLOCK | LANDLOCK_FS_MAKE_SYM | LANDLOCK_FS_REFER | LANDLOCK_FS_IOCTL_DEV)

/* The same five kinds of paths as Minijail's --fs-path-*; the fifth, the default paths, is a list of these.
 */
static const uint64_t rights[_PATH_ACCESS_MAX] = {
	[PATH_READ_ONLY] = READ_ONLY,
	[PATH_READ_EXECUTE] = READ_EXECUTE,
	[PATH_READ_WRITE] = READ_WRITE,
	[PATH_ADVANCED_READ_WRITE] = ADVANCED,
};

/* What each wish takes. Rights to files are restricted as far as a kernel knows them; a version that leaves
 * truncation free makes no file read-only. */
static const struct {
	uint32_t restricts;
	int abi;
	enum jail_lack lack;
} needs[] = {
	{ RESTRICT_FILES, LANDLOCK_ABI_TRUNCATE, LACK_FS_PATH },
	{ RESTRICT_BIND_TCP, LANDLOCK_ABI_NET, LACK_NET_BIND },
	{ RESTRICT_CONNECT_TCP, LANDLOCK_ABI_NET, LACK_NET_CONNECT },
	{ RESTRICT_ABSTRACT_UNIX, LANDLOCK_ABI_SCOPE, LACK_SCOPE_UNIX },
	{ RESTRICT_SIGNAL, LANDLOCK_ABI_SCOPE, LACK_SCOPE_SIGNAL },
	{ RESTRICT_LOG, LANDLOCK_ABI_LOG, LACK_LOG_DENIALS },
};

static struct landlock_attr attr_of(uint32_t restricts, int abi)
{
	struct landlock_attr all = landlock_attr_all(abi), attr = { 0 };

	if (restricts & RESTRICT_FILES)
		attr.fs = all.fs;
	if (restricts & RESTRICT_BIND_TCP)
		attr.net |= LANDLOCK_NET_BIND;
	if (restricts & RESTRICT_CONNECT_TCP)
		attr.net |= LANDLOCK_NET_CONNECT;
	if (restricts & RESTRICT_ABSTRACT_UNIX)
		attr.scope |= LANDLOCK_SCOPED_UNIX;
	if (restricts & RESTRICT_SIGNAL)
		attr.scope |= LANDLOCK_SCOPED_SIGNAL;
	attr.net &= all.net;
	attr.scope &= all.scope;
	return attr;
}

int prepare_landlock(const struct jail_spec *spec, struct landlock_plan *ret, struct jail_error *reterr)
{
	bool optional = (spec->optional & OPTIONAL_LANDLOCK) != 0;
	int abi;

	*ret = (struct landlock_plan){ .ruleset = -1 };
	if (!spec->landlock)
		return 0;
	abi = landlock_abi();
	if (abi < 0 && abi != -EOPNOTSUPP)
		return jail_fail(reterr, STAGE_LANDLOCK, abi, "version", "");
	if (abi < 0 && !optional)
		return jail_fail(reterr, STAGE_LANDLOCK, abi, "this kernel has none", "");
	for (size_t i = 0; i < ELEMENTSOF(needs); i++) {
		if ((spec->landlock->restricts & needs[i].restricts) == 0 || abi >= needs[i].abi)
			continue;
		if (!optional)
			return jail_fail_number(reterr, STAGE_LANDLOCK, -EOPNOTSUPP,
				jail_lack_key(needs[i].lack), (uint64_t)needs[i].abi);
		ret->lacking |= 1U << needs[i].lack;
	}
	if (abi < 0)
		return 0;
	ret->abi = abi;
	ret->attr = attr_of(spec->landlock->restricts, abi);
	ret->flags = (spec->landlock->restricts & RESTRICT_LOG) && abi >= LANDLOCK_ABI_LOG
			     ? LANDLOCK_LOG_NEW_EXEC
			     : 0;
	ret->wanted = ret->attr.fs != 0 || ret->attr.net != 0 || ret->attr.scope != 0;
	return 0;
}

/* @found: what a template knows of the path, or NULL. */
static int add_rule(const struct landlock_plan *p, int root_fd, const struct landlock_rule *rule,
	const struct mount_plan *m, const struct found_path *found)
{
	enum found_kind kind = found ? found_kind(m, found) : FOUND_UNKNOWN;
	_cleanup_close_ int fd = -1;

	if (found && found->fd >= 0 && kind != FOUND_BY)
		return landlock_allow_beneath(p->ruleset, &p->attr, found->fd,
			kind == FOUND_FILE ? rights[rule->access] & LANDLOCK_FS_OF_FILES
					   : rights[rule->access]);
	fd = kind == FOUND_ABSENT ? -ENOENT : lookup(root_fd, found ? found->leads_to : rule->path);
	if (fd == -ENOENT && rule->optional)
		return 0;
	return fd < 0 ? fd : landlock_allow_beneath(p->ruleset, &p->attr, fd, rights[rule->access]);
}

static int add_rules(const struct landlock_plan *p, const struct compiled_landlock *l,
	const struct mount_plan *m, struct jail_error *reterr)
{
	_cleanup_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root_fd < 0)
		return jail_fail(reterr, STAGE_LANDLOCK, errno_or_eio(), "/", "");
	for (size_t i = 0; i < l->n_rules && p->attr.fs != 0; i++) {
		r = add_rule(p, root_fd, &l->rules[i], m, found_get(m, &m->rules, i));
		if (r < 0)
			return jail_fail(reterr, STAGE_LANDLOCK, r, l->rules[i].path, "");
	}
	for (size_t i = 0; i < l->n_ports; i++) {
		const struct landlock_port *port = &l->ports[i];

		r = landlock_allow_port(p->ruleset, &p->attr, port->port,
			(port->bind ? LANDLOCK_NET_BIND : 0) | (port->connect ? LANDLOCK_NET_CONNECT : 0));
		if (r < 0)
			return jail_fail_number(reterr, STAGE_LANDLOCK, r, "port", port->port);
	}
	return 0;
}

int apply_landlock(struct landlock_plan *p, const struct compiled_landlock *l, const struct mount_plan *m,
	struct jail_error *reterr)
{
	int r;

	if (!p->wanted)
		return 0;
	p->ruleset = landlock_create(&p->attr, p->abi);
	if (p->ruleset < 0)
		return jail_fail(reterr, STAGE_LANDLOCK, p->ruleset, "ruleset", "");
	r = add_rules(p, l, m, reterr);
	if (r == 0) {
		r = landlock_apply(p->ruleset, p->flags);
		if (r < 0)
			(void)jail_fail(reterr, STAGE_LANDLOCK, r, "domain", "");
	}
	p->ruleset = fd_close(p->ruleset);
	return r;
}
