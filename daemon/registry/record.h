/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is told and written down of a sandbox. */

#include "registry/registry.h"
#include "wire/kept.h"

/* As its launch is answered. Borrows from s, as do the next two. */
void sandbox_launched(const struct sandbox *s, struct launched *ret);
void sandbox_describe(const struct sandbox *s, struct sandbox_entry *ret);
void sandbox_to_kept(struct sandbox *s, struct kept *ret);
/* Copies and takes what the record has. */
int sandbox_from_kept(struct sandbox *s, struct kept_record *r);
/* What it has used, also when it has ended. */
void sandbox_usage(const struct sandbox *s, struct usage *ret);
/* What is told of its end, when its process has ended like this. */
void sandbox_fill_exit(struct sandbox *s, const siginfo_t *si);
/* Those of the fds that the keeper holds (which: bits of enum hold) that there are. They stay the sandbox's.
 */
size_t sandbox_held(const struct sandbox *s, uint32_t which, uint32_t *ret_which, int fds[_HOLD_MAX]);
/* Into its slot of the table (wire/table.h); -1: there is none. */
int sandbox_write(struct sandbox *s, int table_fd);
/* One more. What of it is to be told, or NULL: enough were. */
const struct violation *sandbox_add_violation(struct sandbox *s, const struct jail_violation *taken);
