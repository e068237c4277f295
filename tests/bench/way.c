/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "way.h"

#include "base/array.h"
#include "base/error.h"
#include "base/fd.h"
#include "stats.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE           4096
#define CALIBRATION_MS 50

static double nsec_per_tick = 1;

void ticks_calibrate(void)
{
	uint64_t nsec = now_nsec(), ticks = ticks_now();

	(void)usleep(CALIBRATION_MS * 1000);
	nsec_per_tick = (double)(now_nsec() - nsec) / (double)(ticks_now() - ticks);
}

static const struct way_kind *find_kind(const char *name)
{
	static const struct way_kind *const kinds[] = { &way_vfork, &way_spawn, &way_fork, &way_command,
		&way_command_unified, &way_bailiff, &way_ping, &way_systemd, &way_minijail };

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

int way_parse(char *line, struct way *ret)
{
	char *at = line, *word;

	*ret = (struct way){ .page_fd = -1, .file_fd = -1 };
	ret->name = strsep(&at, "\t");
	word = strsep(&at, "\t");
	ret->kind = word ? find_kind(word) : NULL;
	if (!ret->kind)
		return -EINVAL;
	while ((word = strsep(&at, "\t"))) {
		if (ret->n_words == WAY_WORDS_MAX)
			return -E2BIG;
		ret->words[ret->n_words++] = word;
	}
	return ret->n_words >= ret->kind->n_words ? 0 : -EINVAL;
}

int way_open(struct way *w)
{
	void *page;

	w->page_fd = memfd_create("page", MFD_CLOEXEC);
	if (w->page_fd < 0 || ftruncate(w->page_fd, PAGE) < 0)
		return errno_or_eio();
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, w->page_fd, 0);
	if (page == MAP_FAILED)
		return errno_or_eio();
	w->page = page;
	return w->kind->open ? w->kind->open(w) : 0;
}

void way_close(struct way *w)
{
	w->connection = bailiff_connection_free(w->connection);
	w->bus = sd_bus_flush_close_unref(w->bus);
	way_close_minijail(w);
	w->page_fd = fd_close(w->page_fd);
	if (w->page)
		(void)munmap(w->page, PAGE);
	w->page = NULL;
}

int way_launch(struct way *w, struct timing *ret)
{
	uint64_t start, end, first;
	int r;

	__atomic_store_n(w->page, 0, __ATOMIC_RELEASE);
	w->n++;
	r = w->kind->launch(w, &start, &end);
	if (r < 0)
		return r;
	first = __atomic_load_n(w->page, __ATOMIC_ACQUIRE);
	if (first < start)
		return -ENODATA;
	*ret = (struct timing){ (uint64_t)((double)(first - start) * nsec_per_tick),
		(uint64_t)((double)(end - start) * nsec_per_tick) };
	return 0;
}
