/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Numbers that writer and reader share. A catalog lives as long as the daemons that were started together, so
 * a changed format needs no conversion, only another version.
 */

#define CATALOG_MAGIC      "BAILCAT\n" /* 8 bytes, without the NUL */
#define CATALOG_MAGIC_SIZE 8U
#define CATALOG_VERSION    24U

/* Bounds of lists and strings. They are far above what any profile needs: they bound the reader. */
#define TEXT_MAX      (1024U * 1024) /* any single string: a path, a message, an expression */
#define LIST_MAX      4096U          /* elements of any list of a profile */
#define ERRORS_MAX    65536U         /* lines of catalog.errors */
#define PROFILE_BYTES 13U            /* the least that a profile takes: three strings' lengths and a flag */
