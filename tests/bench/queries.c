/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Measures calls that start nothing, in turns within one run. It asserts nothing about time: it fails when
 * something did not work.
 */

#include "query.h"

#include "base/error.h"
#include "base/parse.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 100000

static void print_queries(void)
{
	double empty = samples_usec(&queries[0].took, 0.5);

	printf("\n%-22s %9s %9s %9s %7s\n", "query", "median", "p99", "minimum", "ratio");
	for (size_t i = 0; i < n_queries; i++) {
		const struct samples *s = &queries[i].took;

		printf("%-22s %9.1f %9.1f %9.1f %7.2f\n", queries[i].name, samples_usec(s, 0.5),
			samples_usec(s, 0.99), samples_usec(s, 0), samples_usec(s, 0.5) / empty);
	}
}

static int write_json(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return errno_or_eio();
	fprintf(f, "{");
	for (size_t i = 0; i < n_queries; i++) {
		fprintf(f, "%s\"%s\":", i > 0 ? "," : "", queries[i].name);
		samples_json(f, &queries[i].took);
	}
	fprintf(f, "}\n");
	return fclose(f) == 0 ? 0 : errno_or_eio();
}

static int measure(const char *address, uint64_t count, const char *json)
{
	bailiff_connection *c = NULL;
	int r = bailiff_connect_address(address, &c);

	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", address, strerror(-r));
		return r;
	}
	r = measure_queries(c, address, count);
	if (r == 0) {
		print_queries();
		r = write_json(json);
	}
	bailiff_connection_free(c);
	for (size_t i = 0; i < n_queries; i++)
		samples_done(&queries[i].took);
	return r;
}

int main(int argc, char **argv)
{
	uint64_t count;

	if (argc != 4 || parse_u64(argv[2], &count) < 0 || count == 0 || count > COUNT_MAX) {
		fprintf(stderr, "usage: bench-queries ADDRESS COUNT JSON\n");
		return 2;
	}
	return measure(argv[1], count, argv[3]) < 0 ? 1 : 0;
}
