/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * All that the maker of inits has of memory, and each init after it, besides the page of their code; see
 * init-maker.c. init-room.c calls nothing, and looks at nothing, that lies elsewhere.
 */

#include "jail/alone.h"
#include "jail/report.h"
#include "jail/shed.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>

#define INIT_ROOM_STACK 2048 /* init-room.c takes a few hundred */
#define INIT_ROOM_TEXT  56
#define INIT_FILTER_MAX 16
#define INIT_KEPT       3 /* ranges of memory: the code, the room, the order */

/* Whose turn it is. */
enum init_turn {
	INIT_NONE,
	INIT_ORDERED, /* the maker's */
	INIT_MADE,    /* the launcher's */
};

/* In memory that launcher and maker share, and no init has. */
struct init_order {
	uint32_t turn; /* a futex */
	/* the order: */
	int cgroup_fd; /* to be born in, or -1 */
	int word_fd;   /* of the page that its report is in */
	/* the answer: */
	int error;          /* negative, or 0: */
	int pidns_fd;       /* its PID namespace, */
	int pidfd;          /* itself */
	pid_t pid;          /* where it is not 0, there is one, and pidfd is its, whatever else failed */
	uint32_t namespace; /* whether the PID namespace could be made */
};

/* What a failure of the init's is called. */
struct init_texts {
	char group[INIT_ROOM_TEXT], table[INIT_ROOM_TEXT], gid[INIT_ROOM_TEXT], uid[INIT_ROOM_TEXT],
		dumpable[INIT_ROOM_TEXT], capabilities[INIT_ROOM_TEXT], filter[INIT_ROOM_TEXT];
};

struct init_room {
	_Alignas(4096) char stack[INIT_ROOM_STACK];
	struct init_order *order;
	int back_fd, proc_fd;
	unsigned long page;
	struct clone_args args;
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	struct sock_fprog filter;
	struct sock_filter insns[INIT_FILTER_MAX];
	uint64_t signals; /* an empty mask */
	char namespace[32], name[16];
	struct init_texts texts;
	struct shed_range gaps[SHED_GAPS(INIT_KEPT)]; /* memory that goes first */
	size_t n_gaps;
};

/* Gives the gaps back, and makes inits until the maker is killed. It does not return. */
void init_room_enter(struct init_room *r);
/* Where this code lies. */
struct shed_range init_room_code(void);
