/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper/notify.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parse.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_open(void)
{
	const char *address = secure_getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	socklen_t len;
	size_t n;

	if (!address)
		return -ENOENT;
	n = strlen(address);
	/* "@" stands for the NUL of an abstract address; a path is sent with its NUL */
	if (n < 2 || n >= sizeof(sa.sun_path) || (address[0] != '@' && address[0] != '/'))
		return -EINVAL;
	memcpy(sa.sun_path, address, n);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (address[0] == '/'));
	if (address[0] == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sa, len) < 0)
		return errno_or_eio();
	return steal_fd(fd);
}

uint64_t notify_watchdog_usec(void)
{
	const char *usec = secure_getenv("WATCHDOG_USEC"), *pid = secure_getenv("WATCHDOG_PID");
	uint64_t value, number;

	/* sd_watchdog_enabled(3): without a pid it is everybody's */
	if (!usec || parse_u64(usec, &value) < 0 || value > TIMEOUT_USEC_MAX)
		return 0;
	if (pid && (parse_u64(pid, &number) < 0 || number != (uint64_t)getpid()))
		return 0;
	return value;
}

void notify_send(int fd, const char *state)
{
	if (fd >= 0)
		(void)!send(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}
