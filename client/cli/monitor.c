/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl monitor: a line for each launch, change of state, violation, end and reload. The broker sends
 * its signals to the connection that launched a sandbox alone, so others have to look: what changed between
 * two looks is an event. Ended sandboxes stay in the list until they are released, so none is missed that is
 * not released at once.
 */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"
#include "cli/violations.h"
#include "cli/watch.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define INTERVAL_USEC     UINT64_C(500000)
#define INTERVAL_MIN_USEC UINT64_C(50000)

struct monitor_options {
	uint64_t interval, count;
};

static int set_interval(void *into, const char *value, char **reterr_why)
{
	struct monitor_options *o = into;
	int r = parse_span(value, &o->interval, reterr_why);

	if (r == 0 && o->interval < INTERVAL_MIN_USEC)
		return option_refuse(reterr_why, "must be 50ms or more");
	return r;
}

static int set_count(void *into, const char *value, char **reterr_why)
{
	struct monitor_options *o = into;

	return parse_positive(value, &o->count, reterr_why);
}

struct monitor {
	const struct cli *cli;
	bailiff_connection *c;
	bailiff_sandbox_info *before;
	uint32_t generation;
	uint64_t events, count;
};

static struct json begin(struct monitor *m, const char *event)
{
	struct json j = JSON_INIT(stdout, m->cli->json == JSON_PRETTY);
	struct timespec now = { 0 };

	m->events++;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	json_object(&j);
	json_key(&j, "event");
	json_string(&j, event);
	json_key(&j, "seen-usec");
	json_unsigned(&j, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	return j;
}

/* Text: the event, the id and the profile; the rest is one word more. */
static void print_line(struct monitor *m, const char *event, const bailiff_sandbox_info *i, const char *rest)
{
	_cleanup_free_ char *profile = text_escape(i->profile), *safe = text_escape(rest);

	m->events++;
	(void)printf("%-10s %" PRIu64 " %s%s%s\n", event, i->id, profile ? profile : "", *rest ? " " : "",
		safe ? safe : "");
}

static void say(struct monitor *m, const char *event, const bailiff_sandbox_info *i)
{
	struct json j;

	if (m->cli->json == JSON_OFF) {
		print_line(m, event, i, strcmp(event, "launch") == 0 ? i->tag : "");
		return;
	}
	j = begin(m, event);
	json_key(&j, "id");
	json_unsigned(&j, i->id);
	json_key(&j, "profile");
	json_string(&j, i->profile);
	json_key(&j, "owner");
	json_unsigned(&j, i->owner);
	json_key(&j, "tag");
	json_string(&j, i->tag);
	json_key(&j, "state");
	json_string(&j, i->state);
	json_end(&j);
}

static void say_violations(struct monitor *m, const bailiff_sandbox_info *i, bailiff_sandbox *s)
{
	_cleanup_(bailiff_violation_freep) bailiff_violation *list = NULL;

	if (bailiff_sandbox_get_violations(s, &list) < 0)
		return;
	for (const bailiff_violation *v = list; v; v = v->next) {
		if (m->cli->json == JSON_OFF)
			print_line(m, "violation", i, v->what);
		else {
			struct json j = begin(m, "violation");

			violation_json(&j, i->id, v);
			json_end(&j);
		}
	}
}

static void say_exit(struct monitor *m, const bailiff_sandbox_info *i, const bailiff_sandbox_status *status)
{
	struct json j;

	if (m->cli->json == JSON_OFF) {
		print_line(m, "exit", i, status->result);
		return;
	}
	j = begin(m, "exit");
	json_key(&j, "id");
	json_unsigned(&j, i->id);
	json_key(&j, "profile");
	json_string(&j, i->profile);
	json_key(&j, "result");
	json_string(&j, status->result);
	json_key(&j, "code");
	json_signed(&j, status->exit_code);
	json_key(&j, "signal");
	json_signed(&j, status->exit_signal);
	json_end(&j);
}

/* How it ended, with what it was killed for; or, when it was released meanwhile, that it is gone. */
static void look_at_end(struct monitor *m, const bailiff_sandbox_info *i)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;

	if (bailiff_sandbox_open(m->c, i->id, &s) < 0 || bailiff_sandbox_get_status(s, &status) < 0) {
		say(m, "gone", i);
		return;
	}
	say_violations(m, i, s);
	say_exit(m, i, status);
}

static const bailiff_sandbox_info *find(const bailiff_sandbox_info *list, uint64_t id)
{
	while (list && list->id != id)
		list = list->next;
	return list;
}

static void compare(struct monitor *m, const bailiff_sandbox_info *now)
{
	for (const bailiff_sandbox_info *i = now; i; i = i->next) {
		const bailiff_sandbox_info *old = find(m->before, i->id);
		bool ended = strcmp(i->state, "exited") == 0;

		if (!old)
			say(m, "launch", i);
		if (ended && (!old || strcmp(old->state, "exited") != 0))
			look_at_end(m, i);
		else if (old && strcmp(old->state, i->state) != 0)
			say(m, i->state, i);
	}
	for (const bailiff_sandbox_info *old = m->before; old; old = old->next)
		if (strcmp(old->state, "exited") != 0 && !find(now, old->id))
			say(m, "gone", old);
}

static void compare_generation(struct monitor *m, const bailiff_broker_status *status)
{
	if (status->generation == m->generation)
		return;
	m->generation = status->generation;
	if (m->cli->json != JSON_OFF) {
		struct json j = begin(m, "reload");

		json_key(&j, "generation");
		json_unsigned(&j, status->generation);
		json_end(&j);
		return;
	}
	m->events++;
	(void)printf("%-10s generation %" PRIu32 "\n", "reload", status->generation);
}

static int look(struct monitor *m, bool first)
{
	_cleanup_(bailiff_broker_status_freep) bailiff_broker_status *status = NULL;
	bailiff_sandbox_info *now = NULL;
	int r = bailiff_list_sandboxes(m->c, &now);

	if (r < 0)
		return r;
	if (!first)
		compare(m, now);
	(void)bailiff_sandbox_info_free(m->before);
	m->before = now;
	r = bailiff_get_broker_status(m->c, &status);
	if (r < 0)
		return r;
	if (first)
		m->generation = status->generation;
	else
		compare_generation(m, status);
	return 0;
}

/* A broker that is started again is waited for; sandboxes live on meanwhile. */
static bool is_away(int error)
{
	return error == -ECONNRESET || error == -EHOSTUNREACH || error == -ETIMEDOUT;
}

static int follow(struct monitor *m, uint64_t interval)
{
	bool first = true;

	for (;;) {
		int r = look(m, first);

		if (r < 0 && !(is_away(r) && !first)) {
			report_failure(m->c, r, "monitor");
			return EXIT_FAILURE;
		}
		if (fflush(stdout) != 0)
			return EXIT_FAILURE; /* whoever read went away */
		first = first && r < 0;
		if ((m->count > 0 && m->events >= m->count) || !watch_pause(interval))
			return EXIT_SUCCESS;
	}
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	const struct monitor_options *o = state;
	struct monitor m = { .cli = cli, .count = o->count };
	int status;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	m.c = c;
	watch_begin();
	status = follow(&m, o->interval > 0 ? o->interval : INTERVAL_USEC);
	(void)bailiff_sandbox_info_free(m.before);
	return status;
}

static const struct option options[] = {
	{ "interval", 'd', "TIME", "between two looks; 500ms if left out", set_interval },
	{ "count", 'n', "NUMBER", "end after so many events", set_count },
};

const struct verb verb_monitor = {
	.name = "monitor",
	.arguments = "",
	.summary = "Follow launches, ends, violations and reloads",
	.details = "Of your own sandboxes; for an administrator, of all. With --json=short a line each. It "
		   "looks at "
		   "what the\nbroker lists, so what is launched and released between two looks is not seen.",
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct monitor_options),
	.run = run,
};
