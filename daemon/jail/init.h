/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The process with pid 1 in a jail. */

#include "jail/jail.h"

#include <linux/securebits.h>
#include <stdnoreturn.h>

#define INIT_NOBODY      65534 /* the kernel's overflow id: owns nothing */
#define INIT_SECURE_BITS ((SECURE_ALL_BITS & ~SECBIT_KEEP_CAPS) | SECURE_ALL_LOCKS)

/* The program that init loads as its last act; made once. Free with free(3). */
int init_filter_build(struct sock_filter **ret, size_t *ret_n);
/* The mount namespace of all inits, in which there is nothing. Returns its fd. */
int init_root_make(const struct jail_context *c);
/* In the child. Never returns; what failed, if anything did, is said in @word, which the launcher shares. */
noreturn void init_run(const struct jail_context *c, struct report *word);
/* In the child: SIGCHLD. */
int init_ignore_children(void);

/* init-maker.c */

/* Starts the process that makes inits, which ends with the thread that called this. On failure there is none,
 * and that is all. */
int init_maker_open(struct jail_context *c);
void init_maker_close(struct jail_context *c);
/* One that was killed, and has ended by now. */
void init_maker_collect(const struct jail_context *c);
/* Has it make the jail's PID namespace and its init, and the page of their reports. 1: they are the jail's,
 * also on failure as far as they are there. 0: nobody makes inits, and nothing was done. */
int init_maker_order(const struct jail_context *c, struct jail *j, struct jail_error *reterr);
