/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bailiffctl top: sandboxes that live, by what they use, again and again. Handles are kept between two looks:
 * a sandbox is opened once.
 */

#include "base/error.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/screen.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/watch.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_USEC     UINT64_C(2000000)
#define INTERVAL_MIN_USEC UINT64_C(100000)
#define UNKNOWN           UINT64_MAX

enum sort_key {
	SORT_CPU,
	SORT_TIME,
	SORT_MEMORY,
	SORT_TASKS,
	SORT_PROFILE,
	SORT_ID,
};

/* What sorts: an argument of --sort, and a key. */
static const struct {
	const char *name;
	char key;
} sortings[] = {
	[SORT_CPU] = { "cpu", 'c' },
	[SORT_TIME] = { "time", 'T' },
	[SORT_MEMORY] = { "memory", 'm' },
	[SORT_TASKS] = { "tasks", 't' },
	[SORT_PROFILE] = { "profile", 'p' },
	[SORT_ID] = { "id", 'i' },
};

struct top_options {
	bool batch;
	uint64_t interval, count;
	enum sort_key sort;
};

static int set_batch(void *into, const char *value, char **reterr_why)
{
	struct top_options *o = into;

	o->batch = true;
	return 0;
}

static int set_interval(void *into, const char *value, char **reterr_why)
{
	struct top_options *o = into;
	int r = parse_span(value, &o->interval, reterr_why);

	if (r == 0 && o->interval < INTERVAL_MIN_USEC)
		return option_refuse(reterr_why, "must be 100ms or more");
	return r;
}

static int set_count(void *into, const char *value, char **reterr_why)
{
	struct top_options *o = into;

	return parse_positive(value, &o->count, reterr_why);
}

static int set_sort(void *into, const char *value, char **reterr_why)
{
	struct top_options *o = into;

	for (size_t i = 0; i < ELEMENTSOF(sortings); i++)
		if (strcmp(value, sortings[i].name) == 0) {
			o->sort = (enum sort_key)i;
			return 0;
		}
	return option_refuse(reterr_why, "must be cpu, time, memory, tasks, profile or id");
}

struct row {
	bailiff_sandbox_info *info; /* of the list */
	bailiff_sandbox *s;         /* NULL: could not be opened */
	uint64_t id, cpu_usec, memory, tasks;
	uint64_t seen_usec; /* when cpu_usec was read, CLOCK_MONOTONIC */
	double percent;     /* of a processor since the look before; negative: not known */
};

struct top {
	const struct cli *cli;
	const struct top_options *options;
	enum sort_key sort;
	bailiff_connection *c;
	bailiff_sandbox_info *list; /* that was read last */
	struct row *rows;
	size_t n;
};

static void rows_free(struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)bailiff_sandbox_free(rows[i].s);
	free(rows);
}

static uint64_t now_usec(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void measure(struct row *row)
{
	_cleanup_(bailiff_setting_freep) bailiff_setting *usage = NULL;
	uint64_t before = row->cpu_usec, seen = row->seen_usec;

	row->cpu_usec = row->memory = row->tasks = UNKNOWN;
	row->percent = -1;
	if (!row->s || bailiff_sandbox_get_usage(row->s, &usage) < 0)
		return;
	row->seen_usec = now_usec();
	(void)settings_number(usage, "cpu-usec", &row->cpu_usec);
	(void)settings_number(usage, "memory-peak", &row->memory);
	(void)settings_number(usage, "tasks-peak", &row->tasks);
	if (before != UNKNOWN && row->cpu_usec != UNKNOWN && row->cpu_usec >= before && row->seen_usec > seen)
		row->percent = 100.0 * (double)(row->cpu_usec - before) / (double)(row->seen_usec - seen);
}

/* Takes over what an earlier look opened. */
static void adopt(struct top *t, struct row *row)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].id == row->id) {
			row->s = steal_ptr(t->rows[i].s);
			row->cpu_usec = t->rows[i].cpu_usec;
			row->seen_usec = t->rows[i].seen_usec;
		}
	if (!row->s && bailiff_sandbox_open(t->c, row->id, &row->s) < 0)
		row->s = NULL;
}

static bool lives(const bailiff_sandbox_info *i)
{
	return strcmp(i->state, "exited") != 0;
}

/* Takes the list over if it succeeds. */
static int refresh(struct top *t, bailiff_sandbox_info *list)
{
	struct row *rows;
	size_t n = 0;

	for (const bailiff_sandbox_info *i = list; i; i = i->next)
		n += lives(i);
	rows = calloc(n > 0 ? n : 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	n = 0;
	for (bailiff_sandbox_info *i = list; i; i = i->next)
		if (lives(i)) {
			struct row *row = &rows[n++];

			*row = (struct row){ .info = i, .id = i->id, .cpu_usec = UNKNOWN };
			adopt(t, row);
			measure(row);
		}
	rows_free(t->rows, t->n);
	(void)bailiff_sandbox_info_free(t->list);
	t->list = list;
	t->rows = rows;
	t->n = n;
	return 0;
}

/* What is not known comes last. */
static double rank(const struct row *row, enum sort_key key)
{
	uint64_t v = key == SORT_TIME ? row->cpu_usec : key == SORT_TASKS ? row->tasks : row->memory;

	if (key == SORT_CPU)
		return row->percent;
	return v == UNKNOWN ? -1 : (double)v;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct row *x = a, *y = b;
	enum sort_key key = *(const enum sort_key *)data;
	bool by_name = key == SORT_ID || key == SORT_PROFILE;
	double rank_x = by_name ? 0 : rank(x, key), rank_y = by_name ? 0 : rank(y, key);
	int r = key == SORT_PROFILE ? strcmp(x->info->profile, y->info->profile) : 0;

	if (r != 0)
		return r;
	if (rank_x > rank_y || rank_x < rank_y)
		return rank_x > rank_y ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void print_json(const struct top *t)
{
	struct json j = JSON_INIT(stdout, t->cli->json == JSON_PRETTY);

	json_array(&j);
	for (size_t i = 0; i < t->n; i++) {
		const struct row *row = &t->rows[i];
		const struct {
			const char *key;
			uint64_t value;
		} numbers[] = { { "cpu-usec", row->cpu_usec }, { "memory-peak", row->memory },
			{ "tasks-peak", row->tasks } };

		json_object(&j);
		json_key(&j, "id");
		json_unsigned(&j, row->id);
		json_key(&j, "profile");
		json_string(&j, row->info->profile);
		json_key(&j, "tag");
		json_string(&j, row->info->tag);
		json_key(&j, "cpu-percent");
		if (row->percent < 0)
			json_null(&j);
		else
			json_decimal(&j, row->percent);
		for (size_t k = 0; k < ELEMENTSOF(numbers); k++) {
			json_key(&j, numbers[k].key);
			if (numbers[k].value == UNKNOWN)
				json_null(&j);
			else
				json_unsigned(&j, numbers[k].value);
		}
		json_end(&j);
	}
	json_end(&j);
}

static int put_known(struct table *t, uint64_t v)
{
	return v == UNKNOWN ? table_put(t, "") : table_put_unsigned(t, v);
}

static int put_row(struct table *t, const struct row *row)
{
	char percent[32] = "", time[48] = "";
	int r = table_put_unsigned(t, row->id);

	if (row->percent >= 0)
		(void)snprintf(percent, sizeof(percent), "%.1f", row->percent);
	if (row->cpu_usec != UNKNOWN)
		(void)snprintf(time, sizeof(time), "%" PRIu64 ".%02u", row->cpu_usec / 1000000,
			(unsigned)(row->cpu_usec % 1000000 / 10000));
	if (r == 0)
		r = table_put(t, row->info->profile);
	if (r == 0)
		r = table_put(t, row->info->state);
	if (r == 0)
		r = table_put(t, percent);
	if (r == 0)
		r = table_put(t, time);
	if (r == 0)
		r = put_known(t, row->memory);
	if (r == 0)
		r = put_known(t, row->tasks);
	return r < 0 ? r : table_put(t, row->info->tag);
}

static int print_text(const struct top *t, FILE *f, size_t n)
{
	static const struct column columns[] = {
		{ "ID", true, NULL },
		{ "PROFILE", false, NULL },
		{ "STATE", false, style_state },
		{ "%CPU", true, NULL },
		{ "TIME", true, NULL },
		{ "MEMORY-PEAK", true, NULL },
		{ "TASKS-PEAK", true, NULL },
		{ "TAG", false, NULL },
	};
	_cleanup_(table_done) struct table table = TABLE_INIT(columns);

	for (size_t i = 0; i < n; i++)
		if (put_row(&table, &t->rows[i]) < 0)
			return -ENOMEM;
	table_print(&table, f, !t->cli->no_legend, style_get(t->cli->color, t->cli->full));
	return 0;
}

static int look(struct top *t)
{
	bailiff_sandbox_info *list = NULL;
	int r = bailiff_list_sandboxes(t->c, &list);

	if (r == 0)
		r = refresh(t, list);
	if (r < 0)
		(void)bailiff_sandbox_info_free(list);
	return r;
}

static void sort(struct top *t)
{
	qsort_r(t->rows, t->n, sizeof(*t->rows), compare_rows, &t->sort);
}

static int print(struct top *t)
{
	int r = 0;

	sort(t);
	if (t->cli->json != JSON_OFF)
		print_json(t);
	else {
		(void)printf("%zu sandbox%s\n", t->n, t->n == 1 ? "" : "es");
		r = print_text(t, stdout, t->n);
	}
	return r == 0 && fflush(stdout) != 0 ? -EPIPE : r;
}

static int run_batch(struct top *t, uint64_t interval)
{
	for (uint64_t looks = 1;; looks++) {
		int r = look(t);

		if (r == 0)
			r = print(t);
		if (r < 0 || looks == t->options->count || !watch_pause(interval))
			return r;
		if (t->cli->json == JSON_OFF)
			(void)putchar('\n');
	}
}

/* As many as there is room for, below the headings. */
static int draw(struct top *t)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = t->n, others = t->cli->no_legend ? 2 : 3;
	uint16_t lines, columns;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	sort(t);
	if (terminal_size(&lines, &columns))
		room = lines > others ? lines - others : 0;
	(void)fprintf(f, "%zu sandbox%s, by %s (c m t p T i: sort, space: look now, q: quit)\n", t->n,
		t->n == 1 ? "" : "es", sortings[t->sort].name);
	r = print_text(t, f, t->n < room ? t->n : room);
	if (fclose(f) != 0)
		return -ENOMEM;
	return r < 0 ? r : screen_write(text);
}

/* What comes of a key. False: the end. */
static bool press(struct top *t, char key, bool *ret_now)
{
	*ret_now = key == ' ';
	for (size_t i = 0; i < ELEMENTSOF(sortings); i++)
		if (key == sortings[i].key)
			t->sort = (enum sort_key)i;
	return key != 'q' && key != 'Q';
}

/* Until it is time for another look, which it returns 1 for; 0: the end. */
static int rest(struct top *t, struct screen *s, uint64_t until)
{
	bool now = false;

	while (!now) {
		char key = '\0';
		int r = screen_wait(s, until, &key);

		if (r == SCREEN_TIME)
			return 1;
		if (r <= 0 || (r == SCREEN_KEY && !press(t, key, &now)))
			return r < 0 ? r : 0;
		r = s->terminal.raw ? draw(t) : 0;
		if (r < 0)
			return r;
	}
	return 1;
}

static int run_screen(struct top *t, uint64_t interval)
{
	struct screen s;
	int r;

	watch_terminal();
	r = screen_enter(&s);
	for (uint64_t looks = 1; r >= 0; looks++) {
		r = look(t);
		if (r == 0 && s.terminal.raw)
			r = draw(t);
		if (r == 0 && looks != t->options->count)
			r = rest(t, &s, now_usec() + interval);
		if (r <= 0)
			break;
	}
	screen_leave(&s);
	return r;
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	const struct top_options *o = state;
	struct top t = { .cli = cli, .options = o, .sort = o->sort };
	uint64_t interval = o->interval > 0 ? o->interval : INTERVAL_USEC;
	int r;

	if (cli_connect(cli, &c) < 0)
		return EXIT_FAILURE;
	t.c = c;
	watch_begin();
	if (o->batch || cli->json != JSON_OFF || isatty(STDOUT_FILENO) != 1)
		r = run_batch(&t, interval);
	else
		r = run_screen(&t, interval);
	rows_free(t.rows, t.n);
	(void)bailiff_sandbox_info_free(t.list);
	if (r < 0)
		report_failure(c, r, "top");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct option options[] = {
	{ "interval", 'd', "TIME", "between two looks; 2s if left out", set_interval },
	{ "count", 'n', "NUMBER", "end after so many looks", set_count },
	{ "batch", 'b', NULL, "one table below the other, as where the output is no terminal", set_batch },
	{ "sort", 's', "KEY", "by cpu, time, memory, tasks, profile or id; cpu if left out", set_sort },
};

const struct verb verb_top = {
	.name = "top",
	.arguments = "",
	.summary = "Show what the sandboxes that live use, again and again",
	.details = "Yours; for an administrator, all. On a terminal the keys c, m, t, p, T and i sort by "
		   "processor, "
		   "memory, tasks,\nprofile, time and id, the space bar looks now, and q ends it, as does "
		   "SIGINT (^C). "
		   "What the kernel does not say\nis \"-\".",
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct top_options),
	.run = run,
};
