/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes the seeds of fuzz-wire into a folder: each good record, cut short, and with a byte that can't be. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "tests/unit/wire/samples.h"

#include <fcntl.h>
#include <stdio.h>

static int write_seed(int dir_fd, size_t i, const char *kind, const uint8_t *body, size_t size)
{
	_cleanup_close_ int fd = -1;
	uint8_t selector = (uint8_t)i;
	char name[64];
	int r;

	(void)snprintf(name, sizeof(name), "%02zu-%s", i, kind);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno_or_eio();
	r = write_full(fd, &selector, 1);
	return r < 0 ? r : write_full(fd, body, size);
}

static int write_seeds(int dir_fd, size_t i)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	uint8_t *body;
	size_t size;
	int r = samples[i].encode(&b, 1);

	if (r < 0)
		return r;
	body = b.data + 2 * sizeof(uint32_t);
	size = b.size - 2 * sizeof(uint32_t);
	r = write_seed(dir_fd, i, "good", body, size);
	if (r < 0)
		return r;
	r = write_seed(dir_fd, i, "cut", body, size / 2);
	if (r < 0)
		return r;
	body[size - 1] = 0xff;
	return write_seed(dir_fd, i, "bad", body, size);
}

int main(int argc, char **argv)
{
	_cleanup_close_ int dir_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < n_samples; i++)
		if (write_seeds(dir_fd, i) < 0) {
			fprintf(stderr, "%s: cannot be written\n", argv[1]);
			return 1;
		}
	return 0;
}
