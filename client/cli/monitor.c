/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl monitor: a line for each launch, change of state, violation, end, release and reload, as the
 * broker tells of it. What was there already, and what happened while no broker was there or could tell, is
 * found by comparing what it lists with what is known.
 */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/text.h"
#include "cli/watch.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RETRY_USEC  UINT64_C(250000) /* between two tries to reach a broker that is being started again */
#define READER_GONE (-ESHUTDOWN)

struct monitor_options {
	uint64_t count;
};

static int set_count(void *into, const char *value, char **reterr_why)
{
	struct monitor_options *o = into;

	return parse_positive(value, &o->count, reterr_why);
}

/* What was said of a sandbox. */
struct known {
	uint64_t id;
	uid_t owner;
	char *profile, *tag, *state;
	size_t n_violations; /* that were said */
	bool end_said;
	bool listed; /* by the last look */
};

struct monitor {
	const struct cli *cli;
	bailiff_connection *c;
	struct known *known;
	size_t n, allocated;
	uint32_t generation;
	uint64_t events, count;
	bool look; /* at what there is: something was missed */
	int error; /* that ends it */
};

static void known_done(struct known *k)
{
	free(k->profile);
	free(k->tag);
	free(k->state);
}

static struct known *find(struct monitor *m, uint64_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->known[i].id == id)
			return &m->known[i];
	return NULL;
}

static void forget(struct monitor *m, struct known *k)
{
	known_done(k);
	*k = m->known[--m->n];
}

static int replace(char **dest, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*dest);
	*dest = copy;
	return 0;
}

static struct known *remember(
	struct monitor *m, uint64_t id, uid_t owner, const char *profile, const char *tag, const char *state)
{
	struct known *k;

	if (m->n == m->allocated) {
		size_t n = m->allocated > 0 ? 2 * m->allocated : 32;
		struct known *grown = reallocarray(m->known, n, sizeof(*grown));

		if (!grown)
			return NULL;
		m->known = grown;
		m->allocated = n;
	}
	k = &m->known[m->n];
	*k = (struct known){ .id = id, .owner = owner, .listed = true };
	if (replace(&k->profile, profile) < 0 || replace(&k->tag, tag) < 0 || replace(&k->state, state) < 0) {
		known_done(k);
		return NULL;
	}
	m->n++;
	return k;
}

/* Not more than was asked for, however much comes at once. */
static bool is_over(const struct monitor *m)
{
	return m->count > 0 && m->events >= m->count;
}

static struct json begin(struct monitor *m, const char *event)
{
	struct json j = JSON_INIT(stdout, m->cli->json == JSON_PRETTY);
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	json_object(&j);
	json_key(&j, "event");
	json_string(&j, event);
	json_key(&j, "seen-usec");
	json_unsigned(&j, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	return j;
}

static struct json begin_of(struct monitor *m, const char *event, const struct known *k)
{
	struct json j = begin(m, event);

	json_key(&j, "id");
	json_unsigned(&j, k->id);
	json_key(&j, "profile");
	json_string(&j, k->profile);
	return j;
}

/* Text: the event, the id and the profile; the rest is one word more. */
static void print_line(const char *event, const struct known *k, const char *rest)
{
	_cleanup_free_ char *profile = text_escape(k->profile), *safe = text_escape(rest);

	(void)printf("%-10s %" PRIu64 " %s%s%s\n", event, k->id, profile ? profile : "", *rest ? " " : "",
		safe ? safe : "");
}

static void say(struct monitor *m, const char *event, const struct known *k)
{
	struct json j;

	m->events++;
	if (m->cli->json == JSON_OFF) {
		print_line(event, k, strcmp(event, "launch") == 0 ? k->tag : "");
		return;
	}
	j = begin_of(m, event, k);
	json_key(&j, "owner");
	json_unsigned(&j, k->owner);
	json_key(&j, "tag");
	json_string(&j, k->tag);
	json_key(&j, "state");
	json_string(&j, k->state);
	json_end(&j);
}

static void say_violation(
	struct monitor *m, struct known *k, const char *layer, const char *what, const char *detail)
{
	struct json j;

	m->events++;
	k->n_violations++;
	if (m->cli->json == JSON_OFF) {
		print_line("violation", k, what);
		return;
	}
	j = begin_of(m, "violation", k);
	json_key(&j, "layer");
	json_string(&j, layer);
	json_key(&j, "what");
	json_string(&j, what);
	json_key(&j, "detail");
	json_string(&j, detail);
	json_end(&j);
}

/* A look may have been faster than the signal. */
static void say_exit(struct monitor *m, struct known *k, const char *result, int code, int signal)
{
	struct json j;

	if (k->end_said)
		return;
	k->end_said = true;
	m->events++;
	if (m->cli->json == JSON_OFF) {
		print_line("exit", k, result);
		return;
	}
	j = begin_of(m, "exit", k);
	json_key(&j, "result");
	json_string(&j, result);
	json_key(&j, "code");
	json_signed(&j, code);
	json_key(&j, "signal");
	json_signed(&j, signal);
	json_end(&j);
}

static void say_reload(struct monitor *m, uint32_t generation, const char *const *files)
{
	struct json j;

	m->generation = generation;
	m->events++;
	if (m->cli->json == JSON_OFF) {
		(void)printf("%-10s generation %" PRIu32 "%s\n", "reload", generation,
			files[0] ? ", with errors" : "");
		return;
	}
	j = begin(m, "reload");
	json_key(&j, "generation");
	json_unsigned(&j, generation);
	json_key(&j, "wrong-files");
	json_array(&j);
	for (size_t i = 0; files[i]; i++)
		json_string(&j, files[i]);
	json_end(&j);
	json_end(&j);
}

static void on_reload(uint32_t generation, const char *const *files, void *userdata)
{
	struct monitor *m = userdata;

	if (!is_over(m))
		say_reload(m, generation, files);
}

static bool has_ended(const struct known *k)
{
	return strcmp(k->state, "exited") == 0;
}

/* The end is told by what follows it. */
static int change_state(struct monitor *m, struct known *k, const char *state)
{
	if (has_ended(k) || strcmp(k->state, state) == 0)
		return 0;
	if (replace(&k->state, state) < 0)
		return -ENOMEM;
	if (!has_ended(k))
		say(m, state, k);
	return 0;
}

static void say_release(struct monitor *m, struct known *k)
{
	say(m, k->end_said ? "release" : "gone", k);
	forget(m, k);
}

static int take_known(struct monitor *m, const bailiff_event *e, struct known *k)
{
	switch (e->kind) {
	case BAILIFF_EVENT_CHANGED:
		return change_state(m, k, e->state);
	case BAILIFF_EVENT_VIOLATION:
		say_violation(m, k, e->layer, e->what, e->detail);
		return 0;
	case BAILIFF_EVENT_EXITED:
		say_exit(m, k, e->exit.result, e->exit.code, e->exit.signal);
		return 0;
	case BAILIFF_EVENT_RELEASED:
		say_release(m, k);
		return 0;
	case BAILIFF_EVENT_LAUNCHED: /* a look was faster */
	case BAILIFF_EVENT_MISSED:
		break;
	}
	return 0;
}

static void on_event(const bailiff_event *e, void *userdata)
{
	struct monitor *m = userdata;
	struct known *k = find(m, e->id);

	if (e->kind == BAILIFF_EVENT_MISSED) {
		m->look = true;
		m->error = e->error;
		return;
	}
	if (is_over(m))
		return;
	if (k)
		m->error = take_known(m, e, k);
	else if (e->kind == BAILIFF_EVENT_LAUNCHED) {
		k = remember(m, e->id, e->owner, e->profile, e->tag, e->state);
		m->error = k ? 0 : -ENOMEM;
		if (k)
			say(m, "launch", k);
	}
}

static bailiff_violation *drop_first(bailiff_violation *list)
{
	bailiff_violation *rest = list->next;

	list->next = NULL;
	(void)bailiff_violation_free(list);
	return rest;
}

/* How it ended, with what it was killed for, when the broker has not told of it. */
static void look_at_end(struct monitor *m, struct known *k)
{
	_cleanup_(bailiff_sandbox_freep) bailiff_sandbox *s = NULL;
	_cleanup_(bailiff_sandbox_status_freep) bailiff_sandbox_status *status = NULL;
	_cleanup_(bailiff_violation_freep) bailiff_violation *list = NULL;

	if (bailiff_sandbox_open(m->c, k->id, &s) < 0 || bailiff_sandbox_get_status(s, &status) < 0)
		return; /* released meanwhile, of which is told */
	(void)bailiff_sandbox_get_violations(s, &list);
	for (size_t i = k->n_violations; list && i > 0; i--)
		list = drop_first(list);
	for (const bailiff_violation *v = list; v; v = v->next)
		say_violation(m, k, v->layer, v->what, v->detail);
	say_exit(m, k, status->result, status->exit_code, status->exit_signal);
}

static int compare(struct monitor *m, const bailiff_sandbox_info *i)
{
	struct known *k = find(m, i->id);
	int r = 0;

	if (!k) {
		k = remember(m, i->id, i->owner, i->profile, i->tag, i->state);
		if (k)
			say(m, "launch", k);
	} else
		r = change_state(m, k, i->state);
	if (!k || r < 0)
		return -ENOMEM;
	k->listed = true;
	if (has_ended(k) && !k->end_said)
		look_at_end(m, k);
	return 0;
}

static int compare_all(struct monitor *m, const bailiff_sandbox_info *list)
{
	int r = 0;

	for (size_t i = 0; i < m->n; i++)
		m->known[i].listed = false;
	for (const bailiff_sandbox_info *i = list; r == 0 && i; i = i->next)
		r = compare(m, i);
	for (size_t i = 0; r == 0 && i < m->n;)
		if (m->known[i].listed)
			i++;
		else
			say_release(m, &m->known[i]);
	return r;
}

/* What is there at the beginning is no event. */
static int begin_with(struct monitor *m, const bailiff_sandbox_info *list)
{
	for (const bailiff_sandbox_info *i = list; i; i = i->next) {
		struct known *k = remember(m, i->id, i->owner, i->profile, i->tag, i->state);

		if (!k)
			return -ENOMEM;
		k->end_said = has_ended(k);
	}
	return 0;
}

static int look(struct monitor *m, bool first)
{
	_cleanup_(bailiff_broker_status_freep) bailiff_broker_status *status = NULL;
	_cleanup_(bailiff_sandbox_info_freep) bailiff_sandbox_info *list = NULL;
	static const char *const none[] = { NULL };
	int r;

	m->look = false;
	r = bailiff_list_sandboxes(m->c, &list);
	if (r == 0)
		r = first ? begin_with(m, list) : compare_all(m, list);
	if (r == 0)
		r = bailiff_get_broker_status(m->c, &status);
	if (r < 0)
		return r;
	if (first)
		m->generation = status->generation;
	else if (m->generation != status->generation)
		say_reload(m, status->generation, none);
	return 0;
}

/* A broker that is started again is waited for; sandboxes live on meanwhile. */
static bool is_away(int error)
{
	return error == -ECONNRESET || error == -EHOSTUNREACH || error == -ETIMEDOUT;
}

/* Until something comes, or this process is told to end, or nobody reads any more. */
static int wait_for_more(struct monitor *m)
{
	struct pollfd fds[2] = { { .fd = bailiff_connection_get_fd(m->c) }, { .fd = STDOUT_FILENO } };
	int r = fds[0].fd < 0 ? fds[0].fd : bailiff_connection_get_events(m->c);
	uint64_t until;

	if (r < 0)
		return r;
	fds[0].events = (short)r;
	r = bailiff_connection_get_timeout(m->c, &until);
	if (r == 0)
		r = watch_poll(fds, ELEMENTSOF(fds), until);
	if (r == 0 && (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))) {
		(void)raise(SIGPIPE); /* as the next line would */
		return READER_GONE;
	}
	return r;
}

static int step(struct monitor *m)
{
	int r = bailiff_connection_process(m->c);

	if (r > 0)
		return m->error;
	if (m->look || r < 0) /* the broker's own socket is connected to anew */
		r = look(m, false);
	if (fflush(stdout) != 0)
		return READER_GONE;
	if (is_away(r)) {
		m->look = true;
		(void)watch_pause(RETRY_USEC);
		return 0;
	}
	if (r < 0 || is_over(m))
		return r;
	r = wait_for_more(m);
	return r == -ENOTCONN ? 0 : r;
}

static int follow(struct monitor *m)
{
	int r = bailiff_connection_on_event(m->c, on_event, m);

	if (r == 0)
		r = bailiff_connection_on_reload(m->c, on_reload, m);
	if (r == 0)
		r = look(m, true);
	while (r == 0 && !is_over(m) && !watch_ended())
		r = step(m);
	if (r < 0 && r != READER_GONE)
		report_failure(m->c, r, "monitor");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
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
	status = follow(&m);
	while (m.n > 0)
		forget(&m, &m.known[0]);
	free(m.known);
	return status;
}

static const struct option options[] = {
	{ "count", 'n', "NUMBER", "end after so many events", set_count },
};

const struct verb verb_monitor = {
	.name = "monitor",
	.arguments = "",
	.summary = "Follow launches, ends, violations and reloads",
	.details = "Of your own sandboxes; for an administrator, of all. With --json=short a line each. The "
		   "broker tells\nof them; one that is started again meanwhile is waited for.",
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct monitor_options),
	.run = run,
};
