/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes good messages as seeds into a folder. */

#include "base/error.h"
#include "tests/unit/broker/sink.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < SAMPLES; i++) {
		_cleanup_(buf_done) struct buf b = BUF_INIT(0);
		char path[4096];
		size_t n_fds;
		FILE *f;

		message_sample(i, &b, &n_fds);
		(void)snprintf(path, sizeof(path), "%s/sample-%zu", argv[1], i);
		f = fopen(path, "we");
		if (!f || fputc((int)n_fds, f) == EOF || fwrite(b.data, b.size, 1, f) != 1 ||
			fclose(f) != 0) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
