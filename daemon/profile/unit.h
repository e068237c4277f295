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

/* Bytes in the place of one of a unit's files: what is not there yet, or shall change. */
struct draft {
	const char *unit;    /* "decoder.profile" */
	const char *drop_in; /* "10-site.conf"; NULL: the bytes stand for the file itself */
	const char *path, *data;
	size_t size;
};

void unit_done(struct unit *u);
/* Directories in order of precedence. @draft: may be NULL, or another unit's. 0 also when there were errors:
 * they are in ret->diagnostics. -ENOMEM. */
int unit_load(const struct trusted_dir *dirs, size_t n_dirs, const char *name, const struct draft *draft,
	struct unit *ret);
