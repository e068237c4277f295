/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A server on a socket of its own, where the broker's would be, in a process of its own: it takes one
 * connection after the other and says what a test makes it say.
 */

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

struct false_broker {
	void *orders; /* shared with the server */
	size_t size;
	char address[128];
	struct sockaddr_un name;
	pid_t pid;
};

/* @handler: gets every call, with the orders. */
int false_broker_start(struct false_broker *b, size_t orders_size, sd_bus_message_handler_t handler);
void false_broker_stop(struct false_broker *b);
/* In the server: the answers to Hello and to what opening a handle asks for, an empty one to others. */
int reply_right(sd_bus_message *m);
/* In the server: no answer, but the end of the connection. */
void hang_up(sd_bus_message *m);
