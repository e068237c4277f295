/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hold.h"

#include "base/error.h"
#include "base/parse.h"
#include "stats.h"

#include <bailiff/bailiff.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int connect_to(const char *address, bailiff_connection **ret)
{
	int r = bailiff_connect_address(address, ret);

	if (r < 0)
		fprintf(stderr, "bench: %s: %s\n", address, strerror(-r));
	return r;
}

static int say(bailiff_connection *c, const char *what, int r)
{
	if (r < 0)
		fprintf(stderr, "bench: %s: %s %s\n", what, strerror(-r), bailiff_last_error_message(c));
	return r;
}

static int hold_until(bailiff_connection *c, const bailiff_request *request, uint64_t *n, uint64_t wanted)
{
	bailiff_sandbox *s = NULL;
	int r = 0;

	while (r >= 0 && *n < wanted) {
		r = bailiff_launch(c, request, &s);
		if (r < 0)
			return say(c, "sandboxes that stay", r);
		bailiff_sandbox_free(s);
		++*n;
	}
	printf("held\t%lu\n", (unsigned long)*n);
	return fflush(stdout) == 0 ? r : -EIO;
}

static int make_request(const char *profile, int page, bailiff_request **ret)
{
	const char *const argv[] = { "/app/payload", "stay", NULL };
	int r = bailiff_request_new(ret, profile);

	if (r >= 0)
		r = bailiff_request_set_argv(*ret, argv);
	return r < 0 ? r : bailiff_request_map_fd(*ret, STDOUT_FILENO, page);
}

int hold(const char *address, const char *profile)
{
	bailiff_connection *c = NULL;
	bailiff_request *request = NULL;
	uint64_t n = 0, wanted;
	char line[32];
	int r, page = memfd_create("page", MFD_CLOEXEC);

	if (page < 0 || ftruncate(page, 4096) < 0)
		return errno_or_eio();
	r = connect_to(address, &c);
	if (r >= 0)
		r = make_request(profile, page, &request);
	while (r >= 0 && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		r = parse_u64(line, &wanted);
		if (r >= 0)
			r = hold_until(c, request, &n, wanted);
	}
	bailiff_request_free(request);
	bailiff_connection_free(c);
	(void)close(page);
	return r;
}

int reload(const char *address, uint64_t count, uint64_t gap_usec)
{
	bailiff_connection *c = NULL;
	int r = connect_to(address, &c);

	for (uint64_t i = 0; r >= 0 && i < count; i++) {
		const uint64_t begin = now_nsec();
		char **errors = NULL;
		uint32_t generation;

		r = say(c, "reload", bailiff_reload(c, &generation, &errors));
		if (r >= 0)
			printf("reload\t%u\t%.1f\n", generation, (double)(now_nsec() - begin) / 1000);
		bailiff_strv_free(errors);
		(void)usleep((useconds_t)gap_usec);
	}
	bailiff_connection_free(c);
	return r;
}
