/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where a parked jail waits. An exec takes away all memory that there is, page by page and mapping by
 * mapping, while somebody waits for the program: so a jail waits with next to none. This is all that it has
 * then, besides the page of its report and that of the code that it waits in; the stack is in here, too.
 * room.c calls nothing, and looks at nothing, that lies elsewhere.
 */

#include "jail/alone.h"
#include "jail/report.h"
#include "jail/steps.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define ROOM_STACK        4096 /* room.c takes a few hundred */
#define ROOM_GAPS_MAX     24
#define ROOM_TEXT         48
#define ROOM_LIMIT        16
#define ORDER_TEXT_MAX    (32 * 1024) /* below what a socket takes at once */
#define ORDER_STRINGS_MAX 256

/* From the launcher to a copy of itself: no other program ever sees it. */
struct order_head {
	uint32_t size; /* of all of it */
	uint32_t n_argv, n_env, n_fds;
	uint32_t targets[FD_PLAN_MAX]; /* each higher than the one before */
	struct limit_plan limits;
};

struct order {
	struct order_head head;
	char text[ORDER_TEXT_MAX]; /* directory, argv and environment, each with its NUL */
};

/* What a failure is called. */
struct room_texts {
	char empty[1];
	char waiting[ROOM_TEXT], order[ROOM_TEXT], descriptor[ROOM_TEXT], directory[ROOM_TEXT],
		outside[ROOM_TEXT];
	char limits[RLIM_NLIMITS][ROOM_LIMIT];
};

/* How an exec may fail; the last one is any other way. */
#define ROOM_EXECS 4

struct room {
	char stack[ROOM_STACK];

	/* what it waits with */
	struct keyed_key key;
	int go_fd, exe_fd;
	uint32_t slots; /* from here on descriptors are ours; below, none is open */
	struct report *shared;
	size_t n_gaps;
	struct {
		uintptr_t from;
		size_t size;
	} gaps[ROOM_GAPS_MAX]; /* memory that goes before it waits */
	struct limit_plan in_force;
	struct room_texts texts;
	struct jail_error execs[ROOM_EXECS];

	/* what comes */
	size_t n_received;
	struct iovec part;
	struct msghdr message;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FD_PLAN_MAX * sizeof(int))];
	struct jail_error error;
	char *vectors[ORDER_STRINGS_MAX + 2]; /* argv and environment */
	char directory[PATH_MAX];             /* that it is in */
	_Alignas(4096) struct order order;
};

/* Waits for the order and does what it says, but for the exec. 1; 0: end of file, the launcher does not want
 * this jail any more; negative: room->error says what. */
int room_take(struct room *r);
/* Gives the gaps back, waits, and becomes the program; or reports in the shared page and is killed. It does
 * not return. (It does not say so: AddressSanitizer would make a system call before it.) */
int room_enter(struct room *r);
/* Where this code lies. */
void room_code(uintptr_t *ret_from, size_t *ret_size);
