/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The descriptors of a process. They are looked at while it sleeps, and did so all the time that the look
 * took: so what is seen was there at one moment. What the launcher makes ahead comes and goes whether anybody
 * launches or not; it is told from the rest by what it is, and by how much of it there may be.
 */

#include "jail/template.h"
#include "rig.h"

#include <string.h>
#include <unistd.h>

#define POLL_USEC  20000
#define REST_USEC  1000
#define AHEAD_USEC 10000 /* by then the broker has made ahead what the next connection needs */
#define LOOK_MSEC  1000  /* in which a process that has nothing to do sleeps for as long as a look takes */

/* As the kernel calls them. */
#define PROCESS  "anon_inode:[pidfd]"
#define PIDS     "pid:["
#define NETWORKS "net:["
#define MOUNTS   "mnt:["
#define PROC     "/proc/"
#define SOCKETS  "/net/sockstat" /* of a network that is watched, */
#define DEVICES  "/net/dev"      /* with this and a socket */
#define OF_WATCH 3
#define PATHS    "/root" /* the root of mounts that were made ahead, and what is in it: for Landlock */

#define OF_LAUNCHER 1 /* the PID namespace that it comes back to */
#define OF_INITS    1 /* the mount namespace that all jails' inits have */
#define SHARED      1 /* the network of those that can do nothing in it */

static const char *const names[] = { "stub", "keeper", "launcher", "broker", "test" };

static bool has_part(const char *target, const char *prefix, const char *part)
{
	return g_str_has_prefix(target, prefix) && strstr(target, part);
}

static bool is_in_template(const char *target)
{
	return strcmp(target, PATHS) == 0 || g_str_has_prefix(target, PATHS "/");
}

/* What there is of each kind. Of a namespace that is held twice one is a copy, and none of what is made
 * ahead. */
struct kinds {
	GHashTable *networks, *mounts;
	size_t n, jails, sockets, devices, paths;
};

static void count_one(struct kinds *k, const char *target)
{
	k->n++;
	k->sockets += has_part(target, PROC, SOCKETS);
	k->devices += has_part(target, PROC, DEVICES);
	k->paths += is_in_template(target);
	k->jails += has_part(target, PIDS, "");
	if (g_str_has_prefix(target, NETWORKS))
		(void)g_hash_table_add(k->networks, g_strdup(target));
	if (g_str_has_prefix(target, MOUNTS))
		(void)g_hash_table_add(k->mounts, g_strdup(target));
}

/* Those that may be lent to jails that live are no more than these, and have a PID namespace each. */
static size_t networks_ahead(const struct kinds *k)
{
	const size_t jails = k->jails > OF_LAUNCHER ? k->jails - OF_LAUNCHER : 0,
		     most = JAIL_STOCK_MAX + SHARED + MIN(jails, JAIL_LENT_MAX);

	return MIN(g_hash_table_size(k->networks), most);
}

static size_t made_ahead(const struct kinds *k)
{
	const size_t networks = networks_ahead(k), watched = MIN(networks, MIN(k->sockets, k->devices)),
		     mounts = MIN(g_hash_table_size(k->mounts), JAIL_TEMPLATES_MAX + OF_INITS),
		     templates = mounts > OF_INITS ? mounts - OF_INITS : 0;

	return networks + OF_WATCH * watched + mounts + MIN(k->paths, templates * TEMPLATE_PATHS_MAX);
}

size_t rig_count_beside(const char *list)
{
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
	struct kinds k = { .networks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.mounts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
	size_t n;

	for (char **line = lines; *line; line++) {
		const char *target = strchr(*line, ' ');

		if (target)
			count_one(&k, target + 1);
	}
	n = k.n - made_ahead(&k);
	g_hash_table_unref(k.networks);
	g_hash_table_unref(k.mounts);
	return n;
}

static size_t count_lines(const char *list)
{
	size_t n = 0;

	for (; *list; list++)
		n += *list == '\n';
	return n;
}

static int number_of(const char *line)
{
	return (int)g_ascii_strtoll(line, NULL, 10);
}

static int by_number(gconstpointer a, gconstpointer b)
{
	return number_of(*(char *const *)a) - number_of(*(char *const *)b);
}

/* One that has gone meanwhile leads nowhere. */
static char *list_open(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd", pid);
	g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);
	GString *s = g_string_new(NULL);
	GDir *d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d)))
		g_ptr_array_add(numbers, g_strdup(name));
	g_ptr_array_sort(numbers, by_number);
	for (guint i = 0; i < numbers->len; i++) {
		g_autofree char *link = g_build_filename(path, numbers->pdata[i], NULL),
				*target = g_file_read_link(link, NULL);

		g_string_append_printf(s, "%s %s\n", (char *)numbers->pdata[i], target ? target : "");
	}
	if (d)
		g_dir_close(d);
	return g_string_free(s, FALSE);
}

/* How often it has run: as long as these lines of its status are the same, it has not. NULL: it runs now, or
 * is no more. */
static char *sleep_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", pid), *text = NULL;
	const char *state, *times;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	state = strstr(text, "\nState:\t");
	times = strstr(text, "\nvoluntary_ctxt_switches:");
	assert_true(state && times);
	return state[strlen("\nState:\t")] == 'R' ? NULL : g_strdup(times);
}

/* The process that a descriptor leads to; -1: it has been reaped. */
static pid_t process_of(pid_t pid, int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fdinfo/%d", pid, fd), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -1;
	line = strstr(text, "\nPid:");
	assert_non_null(line);
	return (pid_t)g_ascii_strtoll(line + strlen("\nPid:"), NULL, 10);
}

/* Neither is there somebody who makes something ahead, nor somebody who has ended and is to be taken away. */
static bool has_settled(pid_t launcher, const char *list)
{
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);

	for (char **line = lines; *line; line++)
		if (g_str_has_suffix(*line, " " PROCESS) &&
			!rig_is_settled(process_of(launcher, number_of(*line)), launcher))
			return false;
	return true;
}

/* Whether it slept, and has nothing under way. */
static bool look(pid_t pid, enum rig_process which, struct rig_fds *ret)
{
	g_autofree char *before = sleep_of(pid), *after = NULL;
	bool settled;

	rig_fds_done(ret);
	if (which == RIG_BROKER)
		g_usleep(AHEAD_USEC);
	ret->list = list_open(pid);
	settled = which != RIG_LAUNCHER || has_settled(pid, ret->list);
	ret->n = which == RIG_LAUNCHER ? rig_count_beside(ret->list) : count_lines(ret->list);
	after = sleep_of(pid);
	return pid == getpid() || (before && after && strcmp(before, after) == 0 && settled);
}

bool rig_try_fds(struct rig *rig, enum rig_process which, struct rig_fds *ret)
{
	const gint64 end = g_get_monotonic_time() + LOOK_MSEC * 1000;

	for (;;) {
		const pid_t pid = which == _RIG_PROCESS_MAX ? getpid() : rig_pid(rig, which);

		if (look(pid, which, ret))
			return true;
		if (g_get_monotonic_time() > end)
			return false;
		g_usleep(REST_USEC);
	}
}

void rig_note_fds(struct rig *rig, enum rig_process which, struct rig_fds *ret)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;

	while (!rig_try_fds(rig, which, ret))
		if (g_get_monotonic_time() > end)
			fail_msg("the %s does not come to rest:\n%s", names[which], ret->list);
}

void rig_fds_done(struct rig_fds *f)
{
	g_free(f->list);
	*f = (struct rig_fds){ .list = NULL };
}

void rig_print_fds(enum rig_process which, const struct rig_fds *before, const struct rig_fds *now)
{
	print_message("%s: %zu descriptors, now %zu\n", names[which], before->n, now->n);
	if (now->n > before->n)
		rig_print_difference(before->list, now->list);
}

/* What the broker knows of, whoever's it is. */
static void print_sandboxes(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) list =
		rig_call(root, RIG_PATH, RIG_MANAGER, "ListSandboxes", NULL, NULL, NULL, &error);
	g_autofree char *text = list ? g_variant_print(list, FALSE) : NULL;

	print_message("sandboxes: %s\n", text ? text : error->message);
	rig_disconnect(rig, root);
}

void rig_await_fds(struct rig *rig, enum rig_process which, struct rig_fds *before)
{
	const gint64 end = g_get_monotonic_time() + RIG_TIMEOUT_MS * (gint64)1000;
	struct rig_fds now = { .list = NULL };
	bool rests;

	for (;;) {
		rests = rig_try_fds(rig, which, &now);
		if ((rests && now.n <= before->n) || g_get_monotonic_time() > end)
			break;
		g_usleep(POLL_USEC);
	}
	if (!rests || now.n > before->n) {
		rig_print_fds(which, before, &now);
		print_sandboxes(rig);
		fail_msg("the %s has %zu descriptors, had %zu%s", names[which], now.n, before->n,
			rests ? "" : ", and does not come to rest");
	}
	rig_fds_done(before);
	*before = now;
}

size_t rig_count_templates(struct rig *rig)
{
	g_autofree char *list = list_open(rig_pid(rig, RIG_LAUNCHER));
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
	size_t n = 0;

	for (char **line = lines; *line; line++)
		n += strstr(*line, " " MOUNTS) != NULL;
	return n > OF_INITS ? n - OF_INITS : 0;
}
