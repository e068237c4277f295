/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Feeds every regular file below the folders given to the fuzz target, plus the empty input. An empty corpus
 * fails. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>

#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	if (fd < 0)
		return errno_or_eio();
	r = read_fd_to_end(fd, INPUT_MAX, &data, &size);
	if (r < 0)
		return r;
	return LLVMFuzzerTestOneInput((const uint8_t *)data, size);
}

int main(int argc, char **argv)
{
	FTS *fts = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	unsigned n = 0;

	if (!fts) {
		fprintf(stderr, "usage: %s CORPUS...\n", argv[0]);
		return 2;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (FTSENT *e = fts_read(fts); e; e = fts_read(fts)) {
		if (e->fts_info != FTS_F)
			continue;
		if (replay_file(e->fts_accpath) < 0) {
			fprintf(stderr, "%s: cannot be read\n", e->fts_path);
			return 1;
		}
		n++;
	}
	(void)fts_close(fts);
	printf("%u inputs replayed\n", n);
	return n > 0 ? 0 : 1;
}
