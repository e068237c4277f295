/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes the seeds of fuzz-catalog into a folder: good catalogs, and good ones that were damaged. */

#include "base/error.h"
#include "base/fd.h"
#include "base/io.h"
#include "tests/unit/catalog/samples.h"

#include <fcntl.h>
#include <stdio.h>

#define CUTS  10
#define FLIPS 10

static int write_seed(int dir_fd, const char *kind, size_t i, const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = -1;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s-%02zu", kind, i);
	fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? errno_or_eio() : write_full(fd, data, size);
}

static int write_good(int dir_fd, size_t i, struct catalog *made)
{
	_cleanup_(catalog_freep) struct catalog *c = made;
	_cleanup_(buf_done) struct buf b = BUF_INIT(CATALOG_MAX_BYTES);
	int r = catalog_encode(c, &b);

	return r < 0 ? r : write_seed(dir_fd, "good", i, b.data, b.size);
}

/* One profile of the sample alone: a shorter way to its every field. */
static struct catalog *single(size_t keep)
{
	struct catalog *c = sample_catalog();
	struct compiled_profile p = c->profiles[keep];

	for (size_t i = 0; i < c->n_profiles; i++)
		if (i != keep)
			compiled_profile_done(&c->profiles[i]);
	c->profiles[0] = p;
	c->n_profiles = 1;
	return c;
}

static int write_damaged(int dir_fd)
{
	_cleanup_(catalog_freep) struct catalog *c = sample_catalog();
	_cleanup_(buf_done) struct buf b = BUF_INIT(CATALOG_MAX_BYTES);
	int r = catalog_encode(c, &b);

	for (size_t i = 0; r == 0 && i < CUTS; i++)
		r = write_seed(dir_fd, "cut", i, b.data, b.size * i / CUTS);
	for (size_t i = 0; r == 0 && i < FLIPS; i++) {
		size_t at = b.size * i / FLIPS;

		b.data[at] ^= 0xff;
		r = write_seed(dir_fd, "flip", i, b.data, b.size);
		b.data[at] ^= 0xff;
	}
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int dir_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r;

	if (dir_fd < 0) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	r = write_good(dir_fd, 0, empty_catalog());
	if (r == 0)
		r = write_good(dir_fd, 1, sample_catalog());
	for (size_t i = 0; r == 0 && i < 3; i++)
		r = write_good(dir_fd, 2 + i, single(i));
	if (r == 0)
		r = write_damaged(dir_fd);
	if (r < 0)
		fprintf(stderr, "%s: cannot be written\n", argv[1]);
	return r < 0;
}
