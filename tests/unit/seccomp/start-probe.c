/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A program that does what programs do at least: starts, allocates, reads a file, prints, asks the time,
 * ends. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	char *block = malloc(3 << 20), *grown, text[64];
	int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	FILE *status = fopen("/proc/self/status", "re");
	time_t now = time(NULL);

	if (!block || fd < 0 || read(fd, text, sizeof(text)) <= 0 || close(fd) < 0 || !status)
		return 1;
	memset(block, 1, 3 << 20);
	grown = realloc(block, 9 << 20);
	if (!grown || !fgets(text, sizeof(text), status) || fclose(status) != 0)
		return 2;
	free(grown);
	return printf("%s%d\n", text, now > 0) > 0 && isatty(STDIN_FILENO) == 0 ? 0 : 3;
}
