/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The command line of bailiffd(8). */

#include <stdbool.h>

enum options_outcome {
	OPTIONS_RUN,
	OPTIONS_CHECK, /* only look at the state resume_fd; all else is right */
	OPTIONS_DONE,  /* --help or --version, written */
	OPTIONS_WRONG, /* said why on standard error */
};

struct options {
	char *config_dir;           /* absolute, or NULL: the three system places */
	const char *bus_address;    /* or NULL: the system bus */
	const char *bus;            /* is one needed: a word of the broker's, or NULL */
	const char *journal_socket; /* or NULL: the system's */
	const char *runtime_dir;
	char *libexec_dir; /* absolute */
	char *program;     /* path of bailiffd, when it is known */
	int resume_fd;     /* of the state of the program before; -1: a fresh start */
	bool look;         /* at that state, and no more */
	int log_level;
};

enum options_outcome options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *o);
