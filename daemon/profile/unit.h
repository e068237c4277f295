/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A file with its drop-ins, as systemd.unit(5) has them: NAME of the first directory that has one, then
 * all *.conf in NAME.d of all directories in the order of their names; a drop-in hides those of the same name
 * in later directories; a link to /dev/null masks. Knows nothing of what the files say.
 */

#include "profile/lexer.h"
#include "profile/trusted.h"

struct unit {
	char *path;  /* of the file itself, as shown; NULL if there is none */
	bool masked; /* the file is masked: the unit does not exist */
	struct source **sources;
	size_t n_sources;
	struct diagnostics diagnostics; /* of reading and lexing */
};

void unit_done(struct unit *u);
/* Directories in order of precedence. 0 also when there were errors: they are in ret->diagnostics. -ENOMEM.
 */
int unit_load(const struct trusted_dir *dirs, size_t n_dirs, const char *name, struct unit *ret);
/* A unit of one file whose bytes the caller has. */
int unit_from_bytes(const char *path, const char *data, size_t size, struct unit *ret);
