/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of verbs, the global options, and --help. */

#include "cli/cli.h"
#include "base/error.h"
#include "base/suggest.h"
#include "config.h"

#include <string.h>

static const struct verb *const verbs[] = {
	&verb_run,
	&verb_launch,
	&verb_list,
	&verb_status,
	&verb_show,
	&verb_top,
	&verb_monitor,
	&verb_signal,
	&verb_stop,
	&verb_kill,
	&verb_wait,
	&verb_attach,
	&verb_freeze,
	&verb_thaw,
	&verb_limits,
	&verb_usage,
	&verb_violations,
	&verb_profiles,
	&verb_cat,
	&verb_explain,
	&verb_verify,
	&verb_policy,
	&verb_quota,
	&verb_sanitize_username,
	&verb_user_paths,
	&verb_reload,
};

static const struct verb_group all_verbs = {
	.words = "",
	.purpose = "Run and control programs in Bailiff's sandboxes.",
	.page = "bailiffctl(1)",
	.verbs = verbs,
	.n = ELEMENTSOF(verbs),
};

static int set_json(void *into, const char *value, char **reterr_why)
{
	static const char *const names[] = {
		[JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty"
	};
	struct cli *cli = into;

	for (unsigned i = 0; i < ELEMENTSOF(names); i++)
		if (strcmp(value, names[i]) == 0) {
			cli->json = (enum json_mode)i;
			return 0;
		}
	return option_refuse(reterr_why, "must be short, pretty or off");
}

static int set_no_legend(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->no_legend = true;
	return 0;
}

static int set_address(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->address = value;
	return 0;
}

static int set_host(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->host = value;
	return 0;
}

static int set_machine(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->machine = value;
	return 0;
}

static int set_color(void *into, const char *value, char **reterr_why)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"
	};
	struct cli *cli = into;

	for (unsigned i = 0; i < ELEMENTSOF(names); i++)
		if (strcmp(value, names[i]) == 0) {
			cli->color = (enum color_mode)i;
			return 0;
		}
	return option_refuse(reterr_why, "must be auto, always or never");
}

static int set_full(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->full = true;
	return 0;
}

static int set_help(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->help = true;
	return 0;
}

static int set_version(void *into, const char *value, char **reterr_why)
{
	struct cli *cli = into;

	cli->version = true;
	return 0;
}

static const struct option global_options[] = {
	{ "json", 'j', "MODE", "output as JSON: short, pretty or off", set_json },
	{ "no-legend", 0, NULL, "no headings in tables", set_no_legend },
	{ "full", 0, NULL, "do not cut lines at the terminal's width", set_full },
	{ "color", 0, "WHEN", "colours: auto, always or never", set_color },
	{ "host", 'H', "[USER@]HOST", "the broker of another machine, over ssh", set_host },
	{ "machine", 'M', "CONTAINER", "the broker in a container here", set_machine },
	{ "address", 0, "ADDRESS", "D-Bus address of the bus that the broker is on", set_address },
	{ "help", 'h', NULL, "this text; after a verb, the verb's", set_help },
	{ "version", 0, NULL, "the version", set_version },
};

static void print_group_help(const struct verb_group *g)
{
	(void)printf("bailiffctl %s[OPTIONS] VERB [ARGUMENTS]\n\n%s\n\n", g->words, g->purpose);
	for (size_t i = 0; i < g->n; i++)
		(void)printf("  %-27s %s\n", g->verbs[i]->name, g->verbs[i]->summary);
	(void)printf("\nOptions:\n");
	options_help(stdout, global_options, ELEMENTSOF(global_options));
	(void)printf("\nbailiffctl %sVERB --help explains a verb; %s explains all.\n", g->words, g->page);
}

static void print_verb_help(const struct verb_group *g, const struct verb *v)
{
	(void)printf("bailiffctl %s%s%s%s%s\n\n%s.\n", g->words, v->name,
		v->n_options > 0 ? " [OPTIONS]" : "", *v->arguments ? " " : "", v->arguments, v->summary);
	if (*v->details)
		(void)printf("%s\n", v->details);
	if (v->n_options > 0) {
		(void)printf("\nOptions:\n");
		options_help(stdout, v->options, v->n_options);
	}
	(void)printf("\nGlobal options:\n");
	options_help(stdout, global_options, ELEMENTSOF(global_options));
}

static void print_version(void)
{
	(void)printf("bailiffctl %s\n", BAILIFF_VERSION);
}

static const struct verb *find_verb(const struct verb_group *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->verbs[i]->name, name) == 0)
			return g->verbs[i];
	return NULL;
}

static int report_unknown_verb(const struct verb_group *g, const char *name)
{
	struct suggestion near = suggestion_for(name, strlen(name));

	for (size_t i = 0; i < g->n; i++)
		suggestion_offer(&near, g->verbs[i]->name);
	if (suggestion_get(&near))
		report("unknown verb %s%s; did you mean %s%s?", g->words, name, g->words,
			suggestion_get(&near));
	else
		report("unknown verb %s%s; bailiffctl %s--help lists them", g->words, name, g->words);
	return EXIT_USAGE;
}

/* @v: NULL before the verb is known. Frees @why. */
static int usage_error(const struct verb_group *g, const struct verb *v, char *why)
{
	const char *text = why ? why : "wrong arguments";

	if (v)
		report("%s%s: %s (bailiffctl %s%s --help)", g->words, v->name, text, g->words, v->name);
	else
		report("%s (bailiffctl %s--help)", text, g->words);
	free(why);
	return v && v->usage_status > 0 ? v->usage_status : EXIT_USAGE;
}

/* Output that was lost, to a full disk say, is a failure also of a verb that went well. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	report("could not write to standard output: %s", strerror(errno));
	return status == 0 ? EXIT_FAILURE : status;
}

static int check_arguments(const struct verb *v, size_t n, char **reterr_why)
{
	if (n < v->min)
		return option_refuse(reterr_why, "%s is missing", v->arguments);
	if (n > v->max)
		return option_refuse(
			reterr_why, "too many arguments; it takes %s", *v->arguments ? v->arguments : "none");
	return 0;
}

/* Before anything is started. */
static int check_reach(
	const struct cli *cli, const struct verb_group *g, const struct verb *v, char **reterr_why)
{
	bool here = v->reach == REACH_HERE || g != &all_verbs; /* as are all of policy */

	if (!!cli->address + !!cli->host + !!cli->machine > 1)
		return option_refuse(
			reterr_why, "only one of --address, --host and --machine can be where it is");
	if (v->reach == REACH_FDS && cli->host)
		return option_refuse(reterr_why,
			"not with --host=: ssh does not carry the descriptors of a launch; run it there: ssh "
			"%s "
			"bailiffctl %s ...",
			cli->host, v->name);
	if (here && (cli->host || cli->machine))
		return option_refuse(
			reterr_why, "reads files here, and asks no broker; not with --host= or --machine=");
	return 0;
}

static int run_verb(struct cli *cli, const struct verb_group *g, const struct verb *v, char **argv)
{
	_cleanup_free_ void *state = calloc(1, v->state_size > 0 ? v->state_size : 1);
	const struct option_table tables[] = {
		{ v->options, v->n_options, state },
		{ global_options, ELEMENTSOF(global_options), cli },
	};
	char *why = NULL;
	int r, status = EXIT_SUCCESS;
	size_t n = 0;

	if (!state)
		return report_no_memory();
	r = options_parse(tables, ELEMENTSOF(tables), argv, v->passes_on, &n, &why);
	if (r == 0 && !cli->help && !cli->version)
		r = check_arguments(v, n, &why);
	if (r == 0 && !cli->help && !cli->version)
		r = check_reach(cli, g, v, &why);
	if (r < 0)
		status = usage_error(g, v, why);
	else if (cli->help)
		print_verb_help(g, v);
	else if (cli->version)
		print_version();
	else
		status = v->run(cli, state, argv, n);
	if (v->done)
		v->done(state);
	return finish(status);
}

int cli_main(char **argv)
{
	struct cli cli = { 0 };
	const struct option_table globals = { global_options, ELEMENTSOF(global_options), &cli };
	const struct verb_group *g = &all_verbs;
	const struct verb *v;

	for (argv++;; argv++) {
		char *why = NULL;
		size_t n = 0;

		if (options_parse(&globals, 1, argv, true, &n, &why) < 0)
			return usage_error(g, NULL, why);
		if (cli.version) {
			print_version();
			return finish(EXIT_SUCCESS);
		}
		if (n == 0 && !cli.help)
			return usage_error(g, NULL, strdup("a verb is missing"));
		if (n == 0) {
			print_group_help(g);
			return finish(EXIT_SUCCESS);
		}
		v = find_verb(g, argv[0]);
		if (!v)
			return report_unknown_verb(g, argv[0]);
		if (!v->group)
			return run_verb(&cli, g, v, argv + 1);
		g = v->group;
	}
}
