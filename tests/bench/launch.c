/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The part of the benchmark that looks at a clock. bench.py says what is to be measured, in a plan on
 * standard input (a line for each way: name, kind and words with tabs between them), and makes figures of
 * what this prints, a line for each launch or rate. All ways take turns within one run, since absolute times
 * drift from minute to minute and only the ratios hold. Nothing is asserted about time; a way that fails says
 * so in a line of its own and takes no part.
 */

#include "agent.h"
#include "hold.h"

#include "base/error.h"
#include "base/parse.h"
#include "stats.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define WAYS_MAX      64
#define CLIENTS_MAX   64
#define PLAN_LINE_MAX 16384
#define WARM_UP       5  /* launches that are not counted */
#define SETTLE_MSEC   30 /* between two blocks: peers clean up behind themselves */

static struct way ways[WAYS_MAX];
static struct agent agents[WAYS_MAX];
static size_t n_ways;

static void pause_msec(long msec)
{
	const struct timespec t = { msec / 1000, msec % 1000 * 1000000L };

	(void)nanosleep(&t, NULL);
}

static int read_plan(void)
{
	static char line[PLAN_LINE_MAX];

	while (fgets(line, sizeof(line), stdin)) {
		char *copy;

		line[strcspn(line, "\n")] = '\0';
		copy = strdup(line);
		if (!copy || n_ways == WAYS_MAX || way_parse(copy, &ways[n_ways]) < 0) {
			fprintf(stderr, "bench: no plan: %s\n", line);
			return -EINVAL;
		}
		n_ways++;
	}
	return n_ways > 0 ? 0 : -EINVAL;
}

static void drop(size_t i, int error)
{
	printf("failed\t%s\t%s\n", ways[i].name, strerror(-error));
	agent_end(&agents[i]);
	agents[i].pid = 0;
}

/* n launches of one way; those of the warm-up are not told. */
static void take_turn(size_t i, unsigned n, uint64_t gap_usec, bool told)
{
	struct agent_report report;
	int r = agent_block(&agents[i], n, gap_usec, &report);

	if (r == 0)
		r = report.error;
	if (r < 0) {
		drop(i, r);
		return;
	}
	for (unsigned k = 0; told && k < report.done; k++)
		printf("sample\t%s\t%.2f\t%.2f\n", ways[i].name, (double)report.timings[k].first / 1000,
			(double)report.timings[k].end / 1000);
}

/* Who begins changes from round to round. */
static int measure_turns(uint64_t count, uint64_t block, uint64_t gap_usec)
{
	for (size_t i = 0; i < n_ways; i++) {
		int r = agent_start(&ways[i], &agents[i]);

		if (r < 0)
			drop(i, r);
		else
			take_turn(i, WARM_UP, gap_usec, false);
	}
	for (uint64_t done = 0; done < count; done += block)
		for (size_t k = 0; k < n_ways; k++) {
			const size_t i = (k + done / block) % n_ways;

			if (agents[i].pid <= 0)
				continue;
			pause_msec(SETTLE_MSEC);
			take_turn(i, (unsigned)(count - done < block ? count - done : block), gap_usec, true);
		}
	for (size_t i = 0; i < n_ways; i++)
		agent_end(&agents[i]);
	return 0;
}

static int run_clients(const char *name, struct agent *clients, size_t n, uint64_t msec)
{
	const uint64_t orders = now_nsec(), until = orders + msec * 1000000U;
	struct agent_report report;
	unsigned done = 0, failed = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = agent_run_until(&clients[i], until);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = agent_collect(&clients[i], &report);
		done += r == 0 ? report.done : 0;
		failed += r == 0 ? report.failed : 0;
	}
	if (r == 0)
		printf("rate\t%s\t%zu\t%u\t%u\t%.4f\n", name, n, done, failed,
			(double)(now_nsec() - orders) / 1e9);
	return r;
}

static int measure_rates(uint64_t n, uint64_t msec)
{
	static struct agent clients[CLIENTS_MAX];

	for (size_t i = 0; i < n_ways; i++) {
		size_t started = 0;
		int r = 0;

		while (started < n && (r = agent_start(&ways[i], &clients[started])) == 0)
			started++;
		if (r == 0)
			r = run_clients(ways[i].name, clients, started, msec);
		if (r < 0)
			printf("failed\t%s\t%s\n", ways[i].name, strerror(-r));
		while (started > 0)
			agent_end(&clients[--started]);
		(void)fflush(stdout);
		pause_msec(SETTLE_MSEC);
	}
	return 0;
}

static bool turns_fit(const uint64_t n[3])
{
	return n[0] > 0 && n[1] > 0 && n[1] <= AGENT_BLOCK_MAX;
}

/* -EINVAL: no such mode, or not with these words. */
static int run(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	uint64_t n[3] = { 0 };
	bool numbers = true;

	for (int i = 2; i < argc && i < 5; i++)
		numbers &= parse_u64(argv[i], &n[i - 2]) == 0;
	if (strcmp(mode, "hold") == 0 && argc == 4)
		return hold(argv[2], argv[3]);
	if (strcmp(mode, "reload") == 0 && argc == 5 && n[1] > 0)
		return reload(argv[2], n[1], n[2]);
	if (!numbers || read_plan() < 0)
		return -EINVAL;
	ticks_calibrate();
	if (strcmp(mode, "turns") == 0 && argc == 5 && turns_fit(n))
		return measure_turns(n[0], n[1], n[2]);
	if (strcmp(mode, "rate") == 0 && argc == 4 && n[0] > 0 && n[0] <= CLIENTS_MAX)
		return measure_rates(n[0], n[1]);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = run(argc, argv);
	if (r == -EINVAL)
		fprintf(stderr, "usage: bench-launch turns COUNT BLOCK GAP-USEC <PLAN\n"
				"       bench-launch rate CLIENTS MSEC <PLAN\n"
				"       bench-launch hold ADDRESS PROFILE <NUMBERS\n"
				"       bench-launch reload ADDRESS COUNT GAP-USEC\n");
	return r < 0 || fflush(stdout) != 0 ? 1 : 0;
}
