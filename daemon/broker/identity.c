/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The answer to GetConnectionCredentials, D-Bus specification; and what a socket of our own tells. Each key
 * that we know must come once and have the type that the specification gives it; the others are passed over.
 * Nothing is taken for granted: there is no uid before one was read.
 */

#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "broker/caller.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* not in the headers of Debian 12 */
#endif

void identity_done(struct identity *c)
{
	free(c->gids);
	free(c->label);
	(void)fd_close(c->pidfd);
	*c = IDENTITY_NULL;
}

static int enter_value(sd_bus_message *m, const char *signature, bool seen)
{
	const char *contents;
	char type;
	int r;

	r = sd_bus_message_peek_type(m, &type, &contents);
	if (r < 0)
		return r;
	if (seen || type != SD_BUS_TYPE_VARIANT || strcmp(contents, signature) != 0)
		return -EBADMSG;
	return sd_bus_message_enter_container(m, SD_BUS_TYPE_VARIANT, signature);
}

static int read_uid(sd_bus_message *m, struct identity *c)
{
	uint32_t value;
	int r;

	r = enter_value(m, "u", c->uid != (uid_t)-1);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &value);
	if (r < 0)
		return r;
	if (value == (uid_t)-1)
		return -EBADMSG;
	c->uid = value;
	return sd_bus_message_exit_container(m);
}

static int read_gids(sd_bus_message *m, struct identity *c)
{
	const void *array;
	size_t size;
	int r;

	r = enter_value(m, "au", c->gids != NULL);
	if (r >= 0)
		r = sd_bus_message_read_array(m, SD_BUS_TYPE_UINT32, &array, &size);
	if (r < 0)
		return r;
	if (size == 0 || size > GROUPS_MAX * sizeof(gid_t))
		return -EBADMSG;
	c->gids = malloc(size);
	if (!c->gids)
		return -ENOMEM;
	memcpy(c->gids, array, size);
	c->n_gids = size / sizeof(gid_t);
	return sd_bus_message_exit_container(m);
}

/* 0 comes from a bus that does not see the process: then there is nothing to look up. */
static int read_pid(sd_bus_message *m, struct identity *c)
{
	int r;

	r = enter_value(m, "u", c->pid != 0);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &c->pid);
	if (r < 0)
		return r;
	if (c->pid > INT32_MAX)
		c->pid = 0;
	return sd_bus_message_exit_container(m);
}

static int read_pidfd(sd_bus_message *m, struct identity *c)
{
	int fd, r;

	r = enter_value(m, "h", c->pidfd >= 0);
	if (r >= 0)
		r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return r;
	c->pidfd = fd_dup_above(fd, 3);
	return c->pidfd < 0 ? c->pidfd : sd_bus_message_exit_container(m);
}

/* Bytes, with or without a NUL at the end, and in no encoding. */
static int read_label(sd_bus_message *m, struct identity *c)
{
	const char *bytes;
	const void *array;
	size_t size;
	int r;

	r = enter_value(m, "ay", c->label != NULL);
	if (r >= 0)
		r = sd_bus_message_read_array(m, SD_BUS_TYPE_BYTE, &array, &size);
	if (r < 0)
		return r;
	bytes = array;
	while (size > 0 && bytes[size - 1] == '\0')
		size--;
	if (size > LABEL_MAX || (size > 0 && memchr(bytes, '\0', size)))
		return -EBADMSG;
	c->label = strndup(size > 0 ? bytes : "", size);
	return c->label ? sd_bus_message_exit_container(m) : -ENOMEM;
}

static int read_entry(sd_bus_message *m, struct identity *c)
{
	static const struct {
		const char *key;
		int (*read)(sd_bus_message *m, struct identity *c);
	} known[] = {
		{ "UnixUserID", read_uid },
		{ "UnixGroupIDs", read_gids },
		{ "ProcessID", read_pid },
		{ "ProcessFD", read_pidfd },
		{ "LinuxSecurityLabel", read_label },
	};
	const char *key;
	size_t i = 0;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &key);
	if (r < 0)
		return r;
	while (i < ELEMENTSOF(known) && strcmp(known[i].key, key) != 0)
		i++;
	r = i < ELEMENTSOF(known) ? known[i].read(m, c) : sd_bus_message_skip(m, "v");
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

int identity_read(sd_bus_message *reply, struct identity *ret)
{
	_cleanup_(identity_done) struct identity c = IDENTITY_NULL;
	int r;

	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0)
		r = read_entry(reply, &c);
	if (r < 0)
		return r;
	if (c.uid == (uid_t)-1 || !c.gids)
		return -ENODATA;
	*ret = c;
	c = IDENTITY_NULL;
	return 0;
}

static int compare_gids(const void *a, const void *b)
{
	const gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

static int socket_groups(int fd, gid_t primary, struct identity *identity)
{
	socklen_t size = 0;
	int r;

	/* asked for its size by a room that is too small, it answers ERANGE and the size */
	r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size);
	if (r < 0 && errno != ERANGE)
		return errno_or_eio();
	if (size > (GROUPS_MAX - 1) * sizeof(gid_t))
		return -EACCES;
	identity->gids = malloc(size + sizeof(gid_t));
	if (!identity->gids)
		return -ENOMEM;
	if (size > 0 && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, identity->gids + 1, &size) < 0)
		return errno_or_eio();
	identity->gids[0] = primary;
	identity->n_gids = 1 + size / sizeof(gid_t);
	qsort(identity->gids, identity->n_gids, sizeof(gid_t), compare_gids);
	return 0;
}

/* Without a security module there is none; one that can not be read in full is none either. */
static int socket_label(int fd, struct identity *identity)
{
	char label[LABEL_MAX + 1];
	socklen_t size = LABEL_MAX;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, label, &size) < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	label[size] = '\0';
	identity->label = strdup(label);
	return identity->label ? 0 : -ENOMEM;
}

/* Linux 6.5. Without it nothing stands for the process, and who asks for its unit gets no answer. */
static void socket_pidfd(int fd, struct identity *identity)
{
	socklen_t size = sizeof(identity->pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &identity->pidfd, &size) < 0)
		identity->pidfd = -1;
}

int identity_of_socket(int fd, struct identity *ret)
{
	_cleanup_(identity_done) struct identity identity = IDENTITY_NULL;
	struct ucred ucred;
	socklen_t size = sizeof(ucred);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) < 0)
		return errno_or_eio();
	if (size != sizeof(ucred) || ucred.uid == (uid_t)-1 || ucred.gid == (gid_t)-1)
		return -EACCES;
	identity.uid = ucred.uid;
	r = socket_groups(fd, ucred.gid, &identity);
	if (r >= 0)
		r = socket_label(fd, &identity);
	if (r < 0)
		return r;
	socket_pidfd(fd, &identity);
	*ret = identity;
	identity = IDENTITY_NULL;
	return 0;
}
