/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A pseudo terminal for the payload. It comes from a devpts of the jail's own: no other process' terminal is
 * in that file system, its nodes belong to the payload's user from the start, and what it may hold is
 * bounded. The launcher makes it, as a mount that is attached nowhere, so that the master never is in the
 * jail; the jail's /dev, if it has one, gets the same mount as /dev/pts, and so ttyname(3) finds the
 * terminal.
 *
 * Nobody here keeps the master: whoever launched the jail has the only one, and when that is closed, the
 * payload gets SIGHUP. Nor does anybody keep the slave open, which would keep the master from its end of
 * file. For jail_resize_pty() there is an O_PATH fd of the slave's node: it refers to the node and holds
 * neither side.
 */

#include "base/error.h"
#include "base/fd.h"
#include "jail/steps.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#define NODE_MODE  "0600" /* nobody else's, whatever group there is */
#define PTMX_MODE  "0666" /* script(1) and tmux(1) make terminals of their own in the same instance */
#define INSTANCE   "64"   /* terminals at most: the kernel's bound is one for all instances together */
#define ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define NAME_MAX_  24

static int set_number(int fs_fd, const char *key, unsigned value)
{
	char text[NAME_MAX_];

	(void)snprintf(text, sizeof(text), "%u", value);
	return RET_ERRNO(fsconfig(fs_fd, FSCONFIG_SET_STRING, key, text, 0));
}

/* An instance of its own: since Linux 4.7 every mount of devpts is one. */
static int new_instance(uid_t uid, gid_t gid)
{
	_cleanup_close_ int fs_fd = fsopen("devpts", FSOPEN_CLOEXEC);
	int r;

	if (fs_fd < 0)
		return errno_or_eio();
	r = set_number(fs_fd, "uid", uid);
	if (r >= 0)
		r = set_number(fs_fd, "gid", gid);
	if (r < 0)
		return r;
	if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "mode", NODE_MODE, 0) < 0 ||
		fsconfig(fs_fd, FSCONFIG_SET_STRING, "ptmxmode", PTMX_MODE, 0) < 0 ||
		fsconfig(fs_fd, FSCONFIG_SET_STRING, "max", INSTANCE, 0) < 0 ||
		fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno_or_eio();
	return RET_ERRNO(fsmount(fs_fd, FSMOUNT_CLOEXEC, ATTRIBUTES));
}

static int set_size(int fd, uint16_t rows, uint16_t columns)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };

	return RET_ERRNO(ioctl(fd, TIOCSWINSZ, &size));
}

/* The node's place, without opening it. */
static int open_node(int mount_fd, int master_fd)
{
	char name[NAME_MAX_];
	unsigned number;

	if (ioctl(master_fd, TIOCGPTN, &number) < 0)
		return errno_or_eio();
	(void)snprintf(name, sizeof(name), "%u", number);
	return RET_ERRNO(openat(mount_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

/* Both sides. O_NOCTTY: it is not to become the launcher's. */
static int open_sides(const struct jail_pty *want, struct pty_plan *p, struct jail *j)
{
	const int unlocked = 0;

	j->pty_master_fd = openat(p->mount_fd, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (j->pty_master_fd < 0 || ioctl(j->pty_master_fd, TIOCSPTLCK, &unlocked) < 0)
		return errno_or_eio();
	p->slave_fd = ioctl(j->pty_master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave_fd < 0)
		return errno_or_eio();
	j->pty_node_fd = fd_move_high(open_node(p->mount_fd, j->pty_master_fd));
	if (j->pty_node_fd < 0)
		return j->pty_node_fd;
	return set_size(j->pty_master_fd, want->rows, want->columns);
}

int prepare_pty(const struct jail_spec *spec, struct pty_plan *p, struct jail *j, struct jail_error *reterr)
{
	int r;

	if (!spec->pty.wanted)
		return 0;
	p->mount_fd = new_instance(spec->uid, spec->gid);
	if (p->mount_fd < 0)
		return jail_fail(reterr, STAGE_PTY, p->mount_fd, "file system", "devpts");
	r = open_sides(&spec->pty, p, j);
	return r < 0 ? jail_fail(reterr, STAGE_PTY, r, "pseudo terminal", "") : 0;
}

void pty_plan_done(struct pty_plan *p)
{
	p->mount_fd = fd_close(p->mount_fd);
	p->slave_fd = fd_close(p->slave_fd);
}

int apply_pty(const struct pty_plan *p, struct jail_error *reterr)
{
	if (p->slave_fd < 0)
		return 0;
	if (ioctl(p->slave_fd, TIOCSCTTY, 0) < 0)
		return jail_fail(reterr, STAGE_PTY, errno_or_eio(), "controlling terminal", "");
	return 0;
}

int jail_resize_pty(const struct jail_context *c, const struct jail *j, uint16_t rows, uint16_t columns)
{
	_cleanup_close_ int fd = -1;
	char name[8 + NAME_MAX_];

	if (j->pty_node_fd < 0)
		return -ENOTTY;
	(void)snprintf(name, sizeof(name), "self/fd/%d", j->pty_node_fd);
	/* for reading only: more would take CAP_DAC_OVERRIDE, and the size does not need it */
	fd = openat(c->proc_fd, name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? errno_or_eio() : set_size(fd, rows, columns);
}
