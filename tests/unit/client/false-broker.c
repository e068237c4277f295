/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "false-broker.h"

#include "dbus/names.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int reply_right(sd_bus_message *m)
{
	if (sd_bus_message_is_method_call(m, NULL, "Hello"))
		return sd_bus_reply_method_return(m, "s", ":direct.1");
	if (sd_bus_message_is_method_call(m, NULL, "GetSandbox") ||
		sd_bus_message_is_method_call(m, NULL, "GetSandboxByPidfd") ||
		sd_bus_message_is_method_call(m, NULL, "GetProfile"))
		return sd_bus_reply_method_return(m, "o", BAILIFF_SANDBOX_PREFIX "/7");
	if (sd_bus_message_is_method_call(m, NULL, "GetPidfd"))
		return sd_bus_reply_method_return(m, "h", STDERR_FILENO);
	if (sd_bus_message_is_method_call(m, NULL, "GetAll"))
		return sd_bus_reply_method_return(m, "a{sv}", 1, "Id", "t", (uint64_t)7);
	return sd_bus_reply_method_return(m, NULL);
}

void hang_up(sd_bus_message *m)
{
	(void)shutdown(sd_bus_get_fd(sd_bus_message_get_bus(m)), SHUT_RDWR);
}

static void serve(int fd, sd_bus_message_handler_t handler, void *orders)
{
	sd_bus *bus = NULL;
	int r = 0;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
		sd_bus_set_server(bus, 1, SD_ID128_MAKE(b1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)) <
			0 ||
		sd_bus_negotiate_fds(bus, 1) < 0 || sd_bus_set_sender(bus, BAILIFF_BUS_NAME) < 0 ||
		sd_bus_add_filter(bus, NULL, handler, orders) < 0 || sd_bus_start(bus) < 0)
		_exit(90);
	while (r >= 0 && sd_bus_is_open(bus) > 0) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	sd_bus_close_unref(bus);
}

int false_broker_start(struct false_broker *b, size_t orders_size, sd_bus_message_handler_t handler)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	b->name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(b->name.sun_path, sizeof(b->name.sun_path), "/tmp/bailiff-false-%d", getpid());
	(void)snprintf(b->address, sizeof(b->address), "unix:path=%s", b->name.sun_path);
	b->size = orders_size;
	b->orders = mmap(NULL, orders_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || b->orders == MAP_FAILED ||
		bind(fd, (const struct sockaddr *)&b->name, sizeof(b->name)) < 0 || listen(fd, 8) < 0)
		return -1;
	b->pid = fork();
	if (b->pid == 0)
		for (;;) /* one after the other */
			serve(accept4(fd, NULL, NULL, SOCK_CLOEXEC), handler, b->orders);
	(void)close(fd);
	return b->pid < 0 ? -1 : 0;
}

void false_broker_stop(struct false_broker *b)
{
	(void)kill(b->pid, SIGKILL);
	(void)waitpid(b->pid, NULL, 0);
	(void)unlink(b->name.sun_path);
	(void)munmap(b->orders, b->size);
}
