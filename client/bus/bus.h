/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The functions of sd-bus that libbailiff calls, as <systemd/sd-bus.h> declares them: bailiffctl has the
 * library in it, and these in the place of libsystemd, which with the seven libraries that it brings takes
 * longer to load than all else that a "run" does. What they return is what sd-bus returns (tests/fuzz/bus
 * compares the two); what the library does not use is not there. One thread, and no event loop.
 */

#include "base/buf.h"
#include "message/check.h"
#include "message/pump.h"

#include <stdarg.h>
#include <systemd/sd-bus.h>

#define NESTING_MAX 64 /* containers in one another: as D-Bus permits */
#define TYPES_MAX   255

/* A container that is being read or written; the first is the body itself. */
struct level {
	char type;               /* 'a', 'r', 'e', 'v'; of the body 0 */
	const char *types, *end; /* what it contains: borrowed */
	const char *next;        /* of these; an array's stays */
	size_t begin, stop;      /* of an array: its elements; stop where it is read */
	size_t length_at;        /* where it is written */
};

struct sd_bus_message {
	unsigned n_ref;
	struct message_head head; /* of what was received */
	sd_bus_error error;       /* borrowed from there */
	uint8_t *data;            /* owned, all of it; then the body: */
	const uint8_t *body;
	size_t size, at;
	/* what is being written */
	struct buf header, written;
	char types[TYPES_MAX + 1];
	int failed; /* sticky */
	int *fds;   /* owned */
	size_t n_fds;
	size_t depth;
	struct level levels[1 + NESTING_MAX];
	char peeked[TYPES_MAX + 1];
};

/* types.c: the length of the first complete type; 0: none. */
size_t type_length(const char *s, const char *end);
/* What it is aligned to, which of numbers is their size; 0: no type. */
size_t type_alignment(char type);
bool type_is_basic(char type);
/* s, o, g */
bool type_is_text(char type);

/* read.c: to the beginning of the body. */
void message_rewind(sd_bus_message *m);
int message_enter_container(sd_bus_message *m, char type, const char *contents, size_t n);

/* message.c: takes data and fds over, whether it succeeds or not. -EBADMSG. */
int message_receive(uint8_t *data, size_t size, int *fds, size_t n_fds, sd_bus_message **ret);
/* An error as the bus itself would answer the call with this number. */
int message_make_error(uint32_t reply_serial, const char *name, const char *text, sd_bus_message **ret);
/* An answer to m: there is no such object here. */
int message_refuse(const sd_bus_message *m, sd_bus_message **ret);
/* The bytes of a message that is complete. */
int message_seal(sd_bus_message *m, uint32_t serial, bool wants_answer);

/* append.c: puts size bytes behind what is left out; NULL after an error. */
uint8_t *buf_align(struct buf *b, size_t alignment, size_t size);
void buf_text(struct buf *b, char type, const char *s);
int message_open_container(sd_bus_message *m, char type, const char *contents, size_t n);

/* A list of arguments that is handed on by its address. */
struct arguments {
	va_list list;
};

/* format.c */
int message_append(sd_bus_message *m, const char *types, struct arguments *a);

/* address.c: a socket that does not wait. *ret_child: of a program behind it, or 0. */
int address_connect(const char *address, int *ret_fd, pid_t *ret_child);
/* Ends that program; 0. */
pid_t address_leave(pid_t child);
/* machine.c: the system bus of a container of that name. */
int machine_connect(const char *name);
/* A process goes there, or (inside) is there and connects fd. */
int machine_fork(const int fds[], int fd, bool inside);

struct sd_bus_slot {
	sd_bus *bus; /* NULL: no longer there */
	struct sd_bus_slot *next;
	uint32_t serial; /* of the call; 0: a filter */
	uint64_t until;  /* CLOCK_MONOTONIC; UINT64_MAX: never */
	sd_bus_message_handler_t callback;
	void *userdata;
	bool floating; /* nobody holds it: it goes with the answer, or the connection */
};

/* What has not been sent yet. */
struct outgoing {
	struct outgoing *next;
	sd_bus_message *message; /* owned; NULL: greeting */
	const uint8_t *data;     /* borrowed */
	size_t size, sent;
};

enum bus_state {
	BUS_NEW,
	BUS_GREETING, /* authentication, then Hello */
	BUS_HELLO,
	BUS_RUNNING,
	BUS_CLOSING, /* the other side has left: calls under way are answered */
	BUS_CLOSED,
};

struct sd_bus {
	unsigned n_ref;
	enum bus_state state;
	char *address, *unique;
	bool wants_fds, accepted, passes_fds, processing;
	struct buf greeting;
	int fd;
	pid_t child;
	uint32_t serial;
	uint64_t greeting_until;
	struct pump in;
	struct outgoing *out;
	struct sd_bus_slot *slots, *next; /* next: to be asked about a message, while one is given round */
};

/* greeting.c: what is said first, Hello behind it. */
int greeting_begin(sd_bus *bus);
/* 1: the answer to the authentication is there, and good; 0: not yet. -EPERM: refused. */
int greeting_read(sd_bus *bus);

/* stream.c */
int stream_queue(sd_bus *bus, sd_bus_message *m, const uint8_t *data, size_t size);
/* What is first may be sent already. */
bool stream_may_go(const sd_bus *bus);
/* 1: something was sent. */
int stream_flush(sd_bus *bus);
void stream_drop(sd_bus *bus);
/* 1: a message; 0: none yet. */
int stream_take(sd_bus *bus, sd_bus_message **ret);
