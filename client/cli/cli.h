/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the verbs share: global options, exit statuses, the way to the broker and the words when it fails. */

#include "bailiff/bailiff.h"
#include "base/cleanup.h"
#include "cli/options.h"
#include "cli/style.h"

#include <stdbool.h>

enum json_mode {
	JSON_OFF,
	JSON_SHORT,
	JSON_PRETTY,
};

struct cli {
	enum json_mode json;
	enum color_mode color;
	bool no_legend, full, help, version;
	const char *address, *host, *machine; /* at most one of them */
};

/* Exit statuses. The last three are those of env(1) and its kin: they can't be told from the program's own.
 */
#define EXIT_USAGE     2
#define EXIT_TIMEOUT   124
#define EXIT_BROKER    125 /* the broker, the bus or bailiffctl itself failed */
#define EXIT_REFUSED   126 /* refused, or the sandbox could not be set up */
#define EXIT_NOT_FOUND 127 /* no such profile, or no such program in it */

struct verb_group;
struct table;
struct json;

/* Where a verb does its work. */
enum verb_reach {
	REACH_BROKER = 0, /* wherever the broker is */
	REACH_FDS,        /* where descriptors pass: not over ssh */
	REACH_HERE,       /* no broker is asked */
};

struct verb {
	const char *name, *arguments, *summary;
	const char *details; /* --help only; "" if the summary says it all */
	size_t min, max;     /* number of arguments */
	bool passes_on;      /* what follows the first argument belongs to another program */
	enum verb_reach reach;
	int usage_status; /* for a command line that is wrong; 0: EXIT_USAGE */
	const struct option *options;
	size_t n_options;
	size_t state_size;         /* what the options are set into, zeroed */
	void (*done)(void *state); /* may be NULL */
	int (*run)(const struct cli *cli, void *state, char **args, size_t n); /* returns the exit status */
	/* The first argument is one of these verbs; name, arguments and summary are all that this one has. */
	const struct verb_group *group;
};

/* Verbs that stand behind the same words. */
struct verb_group {
	const char *words;   /* that a verb of it follows, each with a blank: "policy " */
	const char *purpose; /* --help: a sentence */
	const char *page;    /* the man page */
	const struct verb *const *verbs;
	size_t n;
};

extern const struct verb verb_run, verb_launch, verb_list, verb_status, verb_show, verb_signal, verb_stop,
	verb_kill, verb_wait, verb_attach, verb_freeze, verb_thaw, verb_limits, verb_usage, verb_violations,
	verb_top, verb_monitor, verb_profiles, verb_cat, verb_explain, verb_verify, verb_policy, verb_quota,
	verb_sanitize_username, verb_user_paths, verb_reload;

/* Runs a command line, argv[0] being the program's name; returns the exit status. */
int cli_main(char **argv);

DEFINE_CLEANUP(bailiff_connection *, bailiff_connection_free);
DEFINE_CLEANUP(bailiff_request *, bailiff_request_free);
DEFINE_CLEANUP(bailiff_sandbox *, bailiff_sandbox_free);
DEFINE_CLEANUP(bailiff_sandbox_status *, bailiff_sandbox_status_free);
DEFINE_CLEANUP(bailiff_sandbox_info *, bailiff_sandbox_info_free);
DEFINE_CLEANUP(bailiff_profile_info *, bailiff_profile_info_free);
DEFINE_CLEANUP(bailiff_broker_status *, bailiff_broker_status_free);
DEFINE_CLEANUP(bailiff_setting *, bailiff_setting_free);
DEFINE_CLEANUP(bailiff_violation *, bailiff_violation_free);
DEFINE_CLEANUP(bailiff_explanation *, bailiff_explanation_free);

/* report.c: "bailiffctl: text" on standard error, control characters escaped. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What the library says of its last failure, else what errno says; what: the object, e.g. the profile. */
void report_failure(const bailiff_connection *c, int error, const char *what);
/* The same; of a profile that is not there, the one whose name is nearest. */
void report_profile_failure(bailiff_connection *c, int error, const char *name);
/* The same; of a sandbox that is not there, what may have been meant: an id, or the sandbox with this tag.
 * error: -EINVAL when the text is no id. */
void report_sandbox_failure(bailiff_connection *c, int error, const char *text);
int report_no_memory(void); /* returns EXIT_FAILURE */
/* The exit status that stands for a failed launch, by error name (docs/man/bailiffctl.1). */
int launch_status(const char *error_name, const char *message);

/* session.c */
/* Connects; failing that, reports why and what would help. */
int cli_connect(const struct cli *cli, bailiff_connection **ret);
/* The sandbox with the id written in text; reports failures. */
int cli_open_sandbox(bailiff_connection *c, const char *text, bailiff_sandbox **ret);
/* Does something with the sandboxes of these ids, one after the other, also after one failed; reports
 * failures. With a word among them that is no id it does nothing: the line was not meant so. Returns the exit
 * status. */
int cli_each_sandbox(const struct cli *cli, char **ids, size_t n,
	int (*act)(bailiff_sandbox *s, const void *state), const void *state);
/* Where put() of the next one writes: a row of the table, or a value of the array if json is set. */
struct showing {
	struct table *table;
	struct json *json;
};
/* Shows something of each of these sandboxes on standard output; put() gets a struct showing. Otherwise as
 * cli_each_sandbox(). */
int cli_show_each(const struct cli *cli, char **ids, size_t n, struct table *t,
	int (*put)(bailiff_sandbox *s, const void *state));
/* On standard output, as the options and the terminal want it. */
void cli_print_table(const struct cli *cli, const struct table *t);
/* As what a shell would report: the exit status, or 128 + signal. */
int exit_status(const bailiff_exit *e);
/* A line on standard error when Bailiff ended the program, not the program itself. */
void report_end(const char *what, const bailiff_exit *e);
/* "name", or the number where there is no such user. Fresh. */
char *user_name(uid_t uid);

/* options of several verbs */
/* A time span into microseconds; at most what fits, "infinity" is UINT64_MAX. */
int parse_span(const char *value, uint64_t *ret, char **reterr_why);
/* A number of more than nothing. */
int parse_positive(const char *value, uint64_t *ret, char **reterr_why);
