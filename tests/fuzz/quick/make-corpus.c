/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes questions as seeds into a folder: bodies behind the target's own headers, and whole messages. */

#include "base/error.h"
#include "samples.h"

#include <stdio.h>

static int write_seed(const char *folder, const char *kind, size_t i, int first, const struct buf *rest)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s-%02zu", folder, kind, i);
	f = fopen(path, "we");
	if (!f || fputc(first, f) == EOF || fwrite(rest->data, 1, rest->size, f) != rest->size ||
		fclose(f) != 0) {
		perror(path);
		return -EIO;
	}
	return 0;
}

/* The first byte is the target's: the socket or the bus, the question, the caller. */
static int write_both(const char *folder, size_t i, int question, const struct buf *body)
{
	_cleanup_(buf_done) struct buf whole = BUF_INIT(0);
	const size_t caller = i % CALLERS;
	int r;

	sample_header(question, caller, &whole);
	buf_put(&whole, body->data, body->size);
	r = write_seed(folder, "body", i, (int)(i & 1) | (question + 1) << 1 | (int)caller << 3, body);
	return r < 0 ? r : write_seed(folder, "whole", i, (int)(i & 1), &whole);
}

int main(int argc, char **argv)
{
	int question, r = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; r >= 0; i++) {
		_cleanup_(buf_done) struct buf body = BUF_INIT(0);

		if (!sample_seed(i, &question, &body))
			break;
		r = write_both(argv[1], i, question, &body);
	}
	return r < 0;
}
