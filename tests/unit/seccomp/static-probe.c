/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A statically linked program that starts, allocates, prints and ends: what base.policy promises to carry. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	char *block = malloc((size_t)4 * 1024 * 1024);

	if (!block)
		return 1;
	memset(block, argc, (size_t)4 * 1024 * 1024);
	printf("%s: %d arguments\n", argv[0], argc);
	free(block);
	return 0;
}
