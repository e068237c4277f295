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

	printf("\n%-28s %9s %9s %9s %7s\n", "query", "median", "p99", "minimum", "rate");
	for (size_t i = 0; i < n_queries; i++) {
		const struct samples *s = &queries[i].took;

		printf("%-28s %9.1f %9.1f %9.1f %6.0f%%\n", queries[i].name, samples_usec(s, 0.5),
			samples_usec(s, 0.99), samples_usec(s, 0), 100 * empty / samples_usec(s, 0.5));
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

int main(int argc, char **argv)
{
	const bool direct = argc > 2 && strcmp(argv[2], "direct") == 0;
	uint64_t count;
	int r;

	if (argc != 5 || (!direct && strcmp(argv[2], "bus") != 0) || parse_u64(argv[3], &count) < 0 ||
		count == 0 || count > COUNT_MAX) {
		fprintf(stderr, "usage: bench-queries ADDRESS bus|direct COUNT JSON\n");
		return 2;
	}
	r = measure_queries(argv[1], direct, count);
	if (r == 0) {
		print_queries();
		r = write_json(argv[4]);
	}
	for (size_t i = 0; i < n_queries; i++)
		samples_done(&queries[i].took);
	return r < 0 ? 1 : 0;
}
