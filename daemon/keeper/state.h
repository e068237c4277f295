/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a keeper leaves to the program that takes its place in the same process: numbers of open fds and a few
 * words, in a sealed memfd. Versions only add to the end of the head, so that a newer keeper can read what an
 * older one wrote; the other way round it refuses.
 */

#include "keeper/keeper.h"

/* A memfd of it, close-on-exec as every fd that it names. */
int state_write(const struct keeper *k, int *ret_fd);
/* Whether this program could go on from there: form and version, and that of what launchers have written
 * down. On failure *reterr_why is a static phrase. */
int state_check(int fd, const char **reterr_why);
/* The same, and takes the fds over: they must be open. */
int state_read(int fd, struct keeper *k, const char **reterr_why);
/* Has the fds that the state names pass an exec, or not. */
int state_set_cloexec(const struct keeper *k, bool on);
