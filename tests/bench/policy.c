/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Measures the policy compiler beside others: how large a program is, how many instructions run and how long
 * a call takes under it, and how long compiling takes. All compilers get the same rules and take turns within
 * one run. It asserts nothing about time: it fails when something did not work, or when two programs
 * disagree.
 */

#include "policy-kernel.h"
#include "policy-programs.h"
#include "policy-run.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/parse.h"

#include <getopt.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 300
#define ROUNDS_MAX     10000
#define COMPARISONS    50000 /* calls that all programs must agree on */

struct options {
	struct minijail minijail;
	const char *json;
	size_t rounds;
};

/* What the programs come to, beside their times. */
struct steps {
	size_t calls[_CALL_MAX];
	/* Means over all calls of the rule set and over all others, with arguments 0. */
	double listed, unlisted;
};

struct contest {
	struct rule_set rules;
	struct program programs[_COMPILER_MAX];
	struct steps steps[_COMPILER_MAX];
	struct subject subjects[_COMPILER_MAX + 1]; /* the last without a filter */
};

static uint32_t native_audit_architecture(void)
{
	return seccomp_arch_native();
}

static int run(
	const struct program *p, const struct bench_arguments *call, uint32_t *ret_action, size_t *ret_steps)
{
	struct seccomp_data data = { .nr = (int)call->number, .arch = native_audit_architecture() };

	memcpy(data.args, call->args, sizeof(data.args));
	return program_run(p->filter, p->n, &data, ret_action, ret_steps);
}

static bool is_listed(const struct rule_set *rules, uint32_t number)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rules[i].number == number)
			return true;
	return false;
}

static int count_means(const struct contest *c, const struct program *p, struct steps *ret)
{
	size_t n[2] = {}, sum[2] = {};
	int r = 0;

	for (uint32_t number = 0; number < RULE_NUMBERS_END && r == 0; number++) {
		bool listed = is_listed(&c->rules, number);
		uint32_t action;
		size_t steps = 0;

		r = run(p, &(struct bench_arguments){ .number = number }, &action, &steps);
		sum[listed] += steps;
		n[listed]++;
	}
	ret->listed = (double)sum[true] / (double)n[true];
	ret->unlisted = (double)sum[false] / (double)n[false];
	return r;
}

static int count_steps(const struct contest *c, const struct program *p, struct steps *ret)
{
	uint32_t action;
	int r = 0;

	for (size_t i = 0; i < _CALL_MAX && r == 0; i++)
		r = run(p, &bench_calls[i], &action, &ret->calls[i]);
	return r < 0 ? r : count_means(c, p, ret);
}

/* A call around what the rules name; the same sequence every time. */
static struct bench_arguments some_call(const struct rule_set *rules, uint64_t *state)
{
	struct bench_arguments call = {};
	const struct bench_rule *rule;

	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	rule = &rules->rules[(*state >> 33) % rules->n];
	call.number = rule->number + ((*state >> 20 & 15) == 0 ? 1 : 0);
	for (size_t i = 0; i < rule->n_atoms; i++) {
		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		if (*state >> 62 == 0)
			call.args[rule->atoms[i].argument] = rule->atoms[i].value + (*state >> 40 & 1);
		else if (*state >> 62 == 1)
			call.args[rule->atoms[i].argument] =
				rule->atoms[i].value ^ 1ULL << (*state >> 40 & 63);
	}
	return call;
}

static int check_agreement(const struct contest *c)
{
	uint64_t state = 1;

	for (size_t i = 0; i < COMPARISONS; i++) {
		struct bench_arguments call = some_call(&c->rules, &state);
		uint32_t wanted = 0, got = 0;
		size_t steps;
		int r = run(&c->programs[COMPILER_BAILIFF], &call, &wanted, &steps);

		for (size_t j = 0; j < _COMPILER_MAX && r == 0; j++) {
			if (!c->programs[j].filter)
				continue;
			r = run(&c->programs[j], &call, &got, &steps);
			if (r == 0 && got == wanted)
				continue;
			fprintf(stderr, "bench: %s says 0x%x of call %u, we say 0x%x\n", compiler_names[j],
				got, call.number, wanted);
			return -EINVAL;
		}
	}
	return 0;
}

static int make_programs(struct contest *c, const struct options *o)
{
	int r = 0;

	for (size_t i = 0; i < _COMPILER_MAX && r == 0; i++) {
		r = program_make((enum compiler)i, &c->rules, &o->minijail, o->rounds, &c->programs[i]);
		if (r == 0 && c->programs[i].filter)
			r = count_steps(c, &c->programs[i], &c->steps[i]);
	}
	return r < 0 ? r : check_agreement(c);
}

static bool takes_part(const struct contest *c, size_t i)
{
	return i == _COMPILER_MAX || c->programs[i].filter;
}

static int measure_kernel(struct contest *c, size_t rounds)
{
	int r = 0;

	for (size_t i = 0; i <= _COMPILER_MAX && r == 0; i++)
		if (takes_part(c, i))
			r = subject_start(&c->subjects[i], i < _COMPILER_MAX ? c->programs[i].filter : NULL,
				i < _COMPILER_MAX ? c->programs[i].n : 0, rounds);
	/* Who begins changes, too: a neighbour may be noisier at some times than at others. */
	for (size_t round = 0; round < rounds && r == 0; round++)
		for (size_t i = 0; i <= _COMPILER_MAX && r == 0; i++) {
			size_t who = (i + round) % (_COMPILER_MAX + 1);

			if (takes_part(c, who))
				r = subject_turn(&c->subjects[who]);
		}
	for (size_t i = 0; i <= _COMPILER_MAX; i++)
		if (takes_part(c, i))
			subject_end(&c->subjects[i]);
	return r;
}

static void print_row(const struct contest *c, size_t i)
{
	const struct program *p = i < _COMPILER_MAX ? &c->programs[i] : NULL;
	const struct steps *steps = p ? &c->steps[i] : NULL;

	if (p)
		printf("%-16s %5zu %9.3f %9.3f %7zu %8zu %8zu %7.1f %8.1f", compiler_names[i], p->n,
			samples_usec(&p->compiling, 0) / 1000, samples_usec(&p->compiling, 0.5) / 1000,
			steps->calls[CALL_ALLOWED], steps->calls[CALL_FILTERED], steps->calls[CALL_UNLISTED],
			steps->listed, steps->unlisted);
	else
		printf("%-16s %5s %9s %9s %7s %8s %8s %7s %8s", "no filter", "-", "-", "-", "-", "-", "-",
			"-", "-");
	for (size_t j = 0; j < _CALL_MAX; j++)
		printf(" %9.1f %6.1f", subject_nsec(&c->subjects[i], (enum bench_call)j, 0),
			subject_nsec(&c->subjects[i], (enum bench_call)j, 0.5));
	printf("\n");
}

/* What the filter costs the payload. */
static void print_ratios(const struct contest *c)
{
	const struct subject *ours = &c->subjects[COMPILER_BAILIFF], *none = &c->subjects[_COMPILER_MAX];

	printf("ours in relation to no filter:");
	for (size_t i = 0; i < _CALL_MAX; i++)
		printf(" %s %.2f", bench_call_names[i],
			subject_nsec(ours, (enum bench_call)i, 0.5) /
				subject_nsec(none, (enum bench_call)i, 0.5));
	printf("\n");
}

static void print_contest(const struct contest *c)
{
	printf("\n%-22s %19s %42s   %s\n", "", "compiling, ms", "instructions run for a call",
		"nanoseconds for a call");
	printf("%zu calls %*s %9s %9s %7s %8s %8s %7s %8s %16s %16s %16s\n", c->rules.n,
		c->rules.n < 100 ? 13 : 12, "size", "minimum", "median", "allowed", "filtered", "unlisted",
		"listed", "others", "allowed", "filtered", "unlisted");
	for (size_t i = 0; i <= _COMPILER_MAX; i++)
		if (takes_part(c, i))
			print_row(c, i);
	print_ratios(c);
}

static void json_calls(FILE *f, const struct subject *s)
{
	fprintf(f, "\"nanoseconds\":{");
	for (size_t i = 0; i < _CALL_MAX; i++)
		fprintf(f, "%s\"%s\":{\"min\":%.1f,\"median\":%.1f,\"n\":%zu}", i > 0 ? "," : "",
			bench_call_names[i], subject_nsec(s, (enum bench_call)i, 0),
			subject_nsec(s, (enum bench_call)i, 0.5), s->took[i].n);
	fprintf(f, "}");
}

static void json_contest(FILE *f, const struct contest *c, bool first)
{
	fprintf(f, "%s{\"calls\":%zu,\"compilers\":{", first ? "" : ",", c->rules.n);
	for (size_t i = 0; i < _COMPILER_MAX; i++) {
		if (!takes_part(c, i))
			continue;
		fprintf(f, "\"%s\":{\"size\":%zu,\"compiling_microseconds\":", compiler_names[i],
			c->programs[i].n);
		samples_json(f, &c->programs[i].compiling);
		fprintf(f, ",\"instructions\":{");
		for (size_t j = 0; j < _CALL_MAX; j++)
			fprintf(f, "\"%s\":%zu,", bench_call_names[j], c->steps[i].calls[j]);
		fprintf(f, "\"mean_listed\":%.2f,\"mean_unlisted\":%.2f},", c->steps[i].listed,
			c->steps[i].unlisted);
		json_calls(f, &c->subjects[i]);
		fprintf(f, "},");
	}
	fprintf(f, "\"none\":{");
	json_calls(f, &c->subjects[_COMPILER_MAX]);
	fprintf(f, "}}}");
}

static void contest_done(struct contest *c)
{
	for (size_t i = 0; i <= _COMPILER_MAX; i++) {
		if (takes_part(c, i))
			subject_done(&c->subjects[i]);
		if (i < _COMPILER_MAX)
			program_done(&c->programs[i]);
	}
	rule_set_done(&c->rules);
}

static int measure(const struct options *o, FILE *json)
{
	static const size_t sizes[] = { 20, 165, 350 };
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(sizes) && r == 0; i++) {
		_cleanup_(contest_done) struct contest c = {};

		r = rule_set_make(sizes[i], &c.rules);
		if (r == 0)
			r = make_programs(&c, o);
		if (r == 0)
			r = measure_kernel(&c, o->rounds);
		if (r < 0)
			break;
		print_contest(&c);
		if (json)
			json_contest(json, &c, i == 0);
		(void)fflush(stdout);
	}
	return r;
}

static void describe_machine(FILE *f, bool json)
{
	struct utsname u = {};
	double load[3] = {};

	(void)uname(&u);
	(void)getloadavg(load, 3);
	fprintf(f,
		json ? "\"kernel\":\"%s\",\"machine\":\"%s\",\"cores\":%ld,\"load\":%.2f"
		     : "Linux %s, %s, %ld cores, load %.2f\n",
		u.release, u.machine, sysconf(_SC_NPROCESSORS_ONLN), load[0]);
}

static int measure_and_write(const struct options *o)
{
	_cleanup_(fclosep) FILE *json = o->json ? fopen(o->json, "we") : NULL;
	int r;

	if (o->json && !json)
		return errno_or_eio();
	describe_machine(stdout, false);
	if (json) {
		fprintf(json, "{");
		describe_machine(json, true);
		fprintf(json, ",\"policies\":[");
	}
	r = measure(o, json);
	if (json)
		fprintf(json, "]}\n");
	return r;
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = { { "count", required_argument, NULL, 'n' },
		{ "json", required_argument, NULL, 'j' }, { "minijail-tools", required_argument, NULL, 't' },
		{ "minijail-parser", required_argument, NULL, 'p' }, {} };
	uint64_t n;
	int c;

	*ret = (struct options){ .rounds = ROUNDS_DEFAULT };
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == 'j')
			ret->json = optarg;
		else if (c == 't')
			ret->minijail.tools = optarg;
		else if (c == 'p')
			ret->minijail.parser = optarg;
		else if (c == 'n' && parse_u64(optarg, &n) == 0 && n > 0 && n <= ROUNDS_MAX)
			ret->rounds = n;
		else
			return -EINVAL;
	}
	return optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct options o;
	int r;

	if (parse_options(argc, argv, &o) < 0) {
		fprintf(stderr,
			"usage: bench-policy [--count ROUNDS] [--json FILE] [--minijail-tools FOLDER] "
			"[--minijail-parser FILE]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	r = measure_and_write(&o);
	if (r < 0)
		fprintf(stderr, "bench: %s\n", strerror(-r));
	return r < 0 ? 1 : 0;
}
