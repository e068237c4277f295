/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The process with pid 1 in a jail. */

#include "jail/jail.h"

#include <stdnoreturn.h>

/* The program that init loads as its last act; made once. Free with free(3). */
int init_filter_build(struct sock_filter **ret, size_t *ret_n);
/* In the child. Never returns; what failed, if anything did, is said in @word, which the launcher shares. */
/* The mount namespace of all inits, in which there is nothing. Returns its fd. */
int init_root_make(const struct jail_context *c);
noreturn void init_run(const struct jail_context *c, struct report *word);
