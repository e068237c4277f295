/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Measures launches and queries. All contenders take turns within one run, since absolute times drift from
 * minute to minute and only the ratios hold. It asserts nothing about time: it fails when something did not
 * work.
 */

#include "contender.h"
#include "query.h"

#include "base/error.h"
#include "base/parse.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define COUNT_DEFAULT 300
#define COUNT_MAX     100000
#define WARM_UP       5 /* rounds that are not counted */
#define GAP_USEC                                                                                             \
	2000 /* between two launches: nobody launches back to back, and peers clean up behind themselves */

struct options {
	const char *address, *payload, *jailed, *profile, *json;
	size_t count;
	bool launches, queries;
};

static void gap(void)
{
	const struct timespec t = { .tv_nsec = GAP_USEC * 1000L };

	(void)nanosleep(&t, NULL);
}

static int launch_once(struct contender *c, const struct bench *b, bool counted)
{
	uint64_t first = 0, end = 0;
	int r = c->launch(b, &first, &end);

	if (r < 0) {
		fprintf(stderr, "bench: %s: %s %s\n", c->name, strerror(-r),
			c->launch == contenders[1].launch ? bailiff_last_error_message(b->connection) : "");
		return r;
	}
	if (counted) {
		samples_add(&c->first, first);
		samples_add(&c->end, end);
	}
	gap();
	return 0;
}

static int measure_launches(const struct bench *b, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_contenders; i++) {
		struct contender *c = &contenders[i];

		c->active = !c->usable || c->usable();
		r = samples_init(&c->first, count);
		if (r == 0)
			r = samples_init(&c->end, count);
	}
	for (size_t round = 0; r == 0 && round < count + WARM_UP; round++)
		for (size_t i = 0; r == 0 && i < n_contenders; i++)
			if (contenders[i].active)
				r = launch_once(&contenders[i], b, round >= WARM_UP);
	for (size_t i = 0; i < n_contenders; i++) {
		samples_sort(&contenders[i].first);
		samples_sort(&contenders[i].end);
	}
	return r;
}

static void describe_machine(FILE *f, bool json)
{
	struct utsname u = { 0 };
	double load[3] = { 0 };

	(void)uname(&u);
	(void)getloadavg(load, 3);
	fprintf(f,
		json ? "\"kernel\":\"%s\",\"machine\":\"%s\",\"cores\":%ld,\"load\":%.2f"
		     : "Linux %s, %s, %ld cores, load %.2f; microseconds\n",
		u.release, u.machine, sysconf(_SC_NPROCESSORS_ONLN), load[0]);
}

static void print_launches(void)
{
	double floor_first = samples_usec(&contenders[0].first, 0.5);

	printf("\n%-12s %9s %9s %9s %7s %9s  %s\n", "launch", "median", "p99", "minimum", "ratio", "to end",
		"what it is");
	for (size_t i = 0; i < n_contenders; i++) {
		const struct contender *c = &contenders[i];

		if (!c->active)
			printf("%-12s not usable here\n", c->name);
		else
			printf("%-12s %9.0f %9.0f %9.0f %7.1f %9.0f  %s\n", c->name,
				samples_usec(&c->first, 0.5), samples_usec(&c->first, 0.99),
				samples_usec(&c->first, 0), samples_usec(&c->first, 0.5) / floor_first,
				samples_usec(&c->end, 0.5), c->what);
	}
	printf("launch: request to the payload's first line; ratio: of the medians, to the floor; to end: "
	       "request to the end seen (median)\n");
}

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

static void json_launches(FILE *f)
{
	const char *separator = "";

	fprintf(f, ",\"launches\":{");
	for (size_t i = 0; i < n_contenders; i++) {
		if (!contenders[i].active)
			continue;
		fprintf(f, "%s\"%s\":{\"first\":", separator, contenders[i].name);
		samples_json(f, &contenders[i].first);
		fprintf(f, ",\"end\":");
		samples_json(f, &contenders[i].end);
		fprintf(f, "}");
		separator = ",";
	}
	fprintf(f, "}");
}

static void json_queries(FILE *f)
{
	fprintf(f, ",\"queries\":{");
	for (size_t i = 0; i < n_queries; i++) {
		fprintf(f, "%s\"%s\":", i > 0 ? "," : "", queries[i].name);
		samples_json(f, &queries[i].took);
	}
	fprintf(f, "}");
}

static int write_json(const struct options *o)
{
	FILE *f = fopen(o->json, "we");

	if (!f)
		return errno_or_eio();
	fprintf(f, "{\"unit\":\"microseconds\",");
	describe_machine(f, true);
	if (o->launches)
		json_launches(f);
	if (o->queries)
		json_queries(f);
	fprintf(f, "}\n");
	return fclose(f) == 0 ? 0 : errno_or_eio();
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = { { "address", required_argument, NULL, 'a' },
		{ "host-payload", required_argument, NULL, 'p' }, { "payload", required_argument, NULL, 'i' },
		{ "profile", required_argument, NULL, 'P' }, { "json", required_argument, NULL, 'j' },
		{ "count", required_argument, NULL, 'n' }, { "launch", no_argument, NULL, 'l' },
		{ "queries", no_argument, NULL, 'q' }, { 0 } };
	uint64_t n;
	int c;

	*ret = (struct options){ .count = COUNT_DEFAULT };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == 'a')
			ret->address = optarg;
		else if (c == 'p')
			ret->payload = optarg;
		else if (c == 'i')
			ret->jailed = optarg;
		else if (c == 'P')
			ret->profile = optarg;
		else if (c == 'j')
			ret->json = optarg;
		else if (c == 'l')
			ret->launches = true;
		else if (c == 'q')
			ret->queries = true;
		else if (c == 'n' && parse_u64(optarg, &n) == 0 && n > 0 && n <= COUNT_MAX)
			ret->count = n;
		else
			return -EINVAL;
	}
	return ret->address && ret->payload && ret->jailed && ret->profile && optind == argc ? 0 : -EINVAL;
}

static int measure(const struct options *o, const struct bench *b)
{
	int r = 0;

	describe_machine(stdout, false);
	if (o->launches) {
		r = measure_launches(b, o->count);
		if (r == 0)
			print_launches();
	}
	if (r == 0 && o->queries) {
		r = measure_queries(b->connection, o->address, o->count);
		if (r == 0)
			print_queries();
	}
	if (r == 0 && o->json)
		r = write_json(o);
	return r;
}

int main(int argc, char **argv)
{
	struct options o;
	struct bench b;
	int r;

	if (parse_options(argc, argv, &o) < 0) {
		fprintf(stderr, "usage: bench --address ADDRESS --host-payload PATH --payload PATH --profile "
				"NAME [--launch] [--queries] "
				"[--count N] [--json FILE]\n");
		return 2;
	}
	b = (struct bench){ .payload = o.payload, .jailed = o.jailed, .profile = o.profile };
	r = bailiff_connect_address(o.address, &b.connection);
	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", o.address, strerror(-r));
		return 1;
	}
	r = measure(&o, &b);
	bailiff_connection_free(b.connection);
	for (size_t i = 0; i < n_contenders; i++) {
		samples_done(&contenders[i].first);
		samples_done(&contenders[i].end);
	}
	for (size_t i = 0; i < n_queries; i++)
		samples_done(&queries[i].took);
	if (r < 0)
		fprintf(stderr, "bench: %s\n", strerror(-r));
	return r < 0 ? 1 : 0;
}
