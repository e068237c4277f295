/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The system's journal, for what a payload writes to its standard output and error. */

#define JOURNAL_SOCKET "/run/systemd/journal/stdout"

/* A stream to the journal at path, under the identifier "bailiff/PROFILE", ready to be written to. Returns
 * the fd. -ENOENT, -ECONNREFUSED: no journal there. -EPERM: what listens there is not root's. -EAGAIN: it
 * takes no more connections now. */
int journal_open(const char *path, const char *profile);
