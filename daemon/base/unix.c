/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/unix.h"
#include "base/error.h"
#include "base/fd.h"

#include <string.h>
#include <sys/socket.h>

int unix_connect(const char *name, size_t size)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);

	if (fd < 0)
		return errno_or_eio();
	if (size == 0)
		return -EINVAL;
	/* a path goes with its NUL */
	if (size + (name[0] != '\0') > UNIX_NAME_SIZE)
		return -ENAMETOOLONG;
	memcpy(address.sun_path, name, size);
	if (connect(fd, (const struct sockaddr *)&address, length + (name[0] != '\0')) < 0)
		return errno_or_eio();
	return steal_fd(fd);
}
