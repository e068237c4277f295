/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl. Everything is in cli.c and the verbs' files, where tests reach it. */

#include "cli/cli.h"

int main(int argc, char **argv)
{
	return argc > 0 ? cli_main(argv) : EXIT_USAGE;
}
