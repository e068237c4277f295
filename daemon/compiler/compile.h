/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Configuration directories → catalog. A library, so that "bailiffctl verify" says what the daemon would say.
 * Reads files and the user database, and nothing else.
 */

#include "catalog/compiled.h"
#include "compiler/ipc.h"
#include "compiler/network.h"

#include <stdio.h>

struct compile_options {
	const char *config_dir; /* instead of the three system places; NULL: those */
	bool resolve_users; /* look up users and groups; without, a profile is checked but can't be launched
			     */
	bool lenient; /* believe files that others than root can change: for drafts, never for the daemon */
};

/* What a valid profile leaves open. */
struct verify_verdict {
	bool is_profile;       /* else the rest means nothing */
	uint32_t exposure;     /* tenths */
	const char *level;     /* in a word */
	uint32_t intersection; /* INTERSECTION_* */
	bool private_network, shares_network;
	char own_network[NETWORK_REASON_MAX]; /* why it shares none; "" */
	bool private_ipc, shares_ipc;
	char own_ipc[IPC_REASON_MAX]; /* the same */
};

/*
 * Compiles everything. What is wrong is in the catalog: profiles marked invalid, and catalog.errors. With a
 * wrong bailiffd.conf every profile is invalid. 0 also when there were errors; -ENOMEM, or the error of a
 * configuration directory that can't be opened (-ENOENT only for options->config_dir).
 */
int compile_directories(const struct compile_options *options, struct catalog **ret);
/*
 * Checks one file as if it lay in its place: NAME.profile, a drop-in in NAME.profile.d/, bailiffd.conf or a
 * drop-in of it; with the templates, drop-ins and policies of the configuration directories. One that does
 * lie there is also held to ownership and modes. 0: valid. -EBADMSG: *ret_errors has a line for each error.
 * -ENOMEM. @ret_verdict, if not NULL, is set for a valid profile.
 */
int compile_verify_file(const char *path, const struct compile_options *options,
	struct verify_verdict *ret_verdict, char ***ret_errors);
/* Prints the profile's file and drop-ins, each below a line "# path". -ENOENT: no such profile. -EBADMSG:
 * what could be read was printed, but not all could. */
int compile_cat(const char *name, const struct compile_options *options, FILE *out);
