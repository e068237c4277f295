/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Jails that are parked for launches: each is used once and by a launch that fits, what a program sees in one
 * is what it sees in another; they go with their catalog, with their launcher, when nobody wants them and
 * when memory is short; and whatever happens to them, no launch fails for it. Rows Q1, Q7 and Q12 of the
 * threat model.
 */

#include "warm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPINNERS 3
#define PRESSURE "/proc/pressure/memory"

static const char *const see[] = { "/probe", "see", NULL };

/* Each launch gets one of those that were parked before it, with its own arguments, environment, descriptors
 * and user, and others take their places. */
static void test_used_once(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 2, 2);
	guint32 uids[6];

	for (guint i = 0; i < G_N_ELEMENTS(uids); i++) {
		g_autofree char *word = g_strdup_printf("word-%u", i), *result = NULL, *output = NULL,
				*line = g_strdup_printf("arg %s\n", word);
		const char *argv[] = { "/probe", "see", "--", "args", word, NULL };
		const char *env[] = { "COLOUR", word, NULL };
		struct rig_launch l = {
			.profile = "warm", .argv = argv, .env = env, .options = rig_options_piped()
		};
		struct rig_sandbox s;

		rig_launch(c, &l, &s);
		assert_true(warm_contains(&before, s.pid));
		output = rig_read_all(s.stream[1], NULL);
		assert_non_null(strstr(output, line));
		g_free(line);
		line = g_strdup_printf("env COLOUR=%s\n", word);
		assert_non_null(strstr(output, line));
		result = rig_wait(c, &s, NULL, NULL);
		assert_string_equal(result, "success");
		uids[i] = warm_uid_of(c, &s);
		for (guint j = 0; j < i; j++)
			assert_int_not_equal(uids[i], uids[j]);
		rig_sandbox_done(&s);
		before = warm_await_parked(2, &(struct parked){ { s.pid }, 1 });
	}
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* What differs from one sandbox to the next: whose user it is, and names of the kernel's own. */
static bool is_of_each(const char *line)
{
	static const char *const keys[] = { "uid ", "gid ", "ns_", "fd ", "ruid ", "euid ", "suid ", "rgid ",
		"egid ", "sgid ", "mount ", "session_keyring " };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		if (g_str_has_prefix(line, keys[i]))
			return true;
	return false;
}

/* The rest; of mounts, where and how. */
static char *look(GDBusConnection *c)
{
	g_autofree char *output = rig_run_probe(c, "warm", see, NULL);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
	GString *kept = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (g_str_has_prefix(*line, "mount ") && g_strv_length(words) > 6)
			g_string_append_printf(kept, "mount %s %s %s\n", words[4], words[5], words[6]);
		else if (g_str_has_prefix(*line, "fd ") && g_strv_length(words) == 6)
			g_string_append_printf(
				kept, "fd %s %s %s %s\n", words[1], words[3], words[4], words[5]);
		else if (!is_of_each(*line))
			g_string_append_printf(kept, "%s\n", *line);
	}
	return g_string_free(kept, FALSE);
}

/* Ids, capabilities, limits, signals, mounts, descriptors, namespaces, filter: a program can not tell. */
static void test_same_as_cold(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *warm = NULL, *cold = NULL;
	struct parked before;

	before = warm_begin(rig, 1, 1);
	warm = look(c);
	/* the one that was there has been used */
	(void)warm_await_parked(1, &before);
	warm_write_profile(rig, 0, 0);
	warm_reload(rig);
	(void)warm_await_parked(0, NULL);
	cold = look(c);
	if (strcmp(warm, cold) != 0) {
		rig_print_difference(cold, warm);
		fail_msg("a program sees the difference");
	}
	assert_non_null(strstr(warm, "seccomp"));
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* What a parked jail can serve, and what it can not: then the ordinary way is taken, and it stays. Either has
 * a user of its own. */
static void test_fits(void **state)
{
	static const struct {
		const char *options;
		bool warm;
		int fd; /* of a pipe, or 0 */
		const char *says;
	} rows[] = {
		{ "{'cwd': <'/tmp'>, 'stdio': <{uint32 1: 'pipe'}>}", true, 0, "cwd /tmp\n" },
		{ "{'rlimits': <{'NOFILE': (uint64 99, uint64 99)}>, 'stdio': <{uint32 1: 'pipe'}>}", true, 0,
			"limit_NOFILE 99 99" },
		{ "{'stdio': <{uint32 1: 'pipe'}>}", true, 3, "fd 3 " },
		{ "{'stdio': <{uint32 1: 'pipe'}>}", false, 200, "fd 200 " },
		{ "{'nice': <7>, 'stdio': <{uint32 1: 'pipe'}>}", false, 0, "nice 7\n" },
		{ "{'oom-score-adj': <700>, 'stdio': <{uint32 1: 'pipe'}>}", false, 0,
			"oom_score_adj 700\n" },
		{ "{'bind-fds': <[(handle 0, 'input', true)]>, 'stdio': <{uint32 1: 'pipe'}>}", false, 0,
			" /input " },
		{ "{'ready': <'notify'>, 'stdio': <{uint32 1: 'pipe'}>}", false, 0, "seccomp" },
	};
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 1, 1);
	guint32 uids[G_N_ELEMENTS(rows)];

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct rig_launch l = {
			.profile = "warm", .argv = see, .options = g_variant_new_parsed(rows[i].options)
		};
		g_autofree char *output = NULL, *result = NULL;
		struct rig_sandbox s;
		int ends[2], dir = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_return_code(pipe2(ends, O_CLOEXEC), errno);
		l.fds[0] = rows[i].fd;
		l.fds[1] = ends[0];
		l.n_fds = rows[i].fd > 0;
		l.more[0] = dir;
		l.n_more = strstr(rows[i].options, "bind-fds") != NULL;
		rig_launch(c, &l, &s);
		if (warm_contains(&before, s.pid) != rows[i].warm)
			fail_msg("%s, descriptor %d: %s", rows[i].options, rows[i].fd,
				rows[i].warm ? "not of a parked jail" : "of a parked jail");
		output = rig_read_all(s.stream[1], NULL);
		if (!strstr(output, rows[i].says))
			fail_msg("%s: no \"%s\" in\n%s", rows[i].options, rows[i].says, output);
		result = rig_wait(c, &s, NULL, NULL);
		uids[i] = warm_uid_of(c, &s);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(uids[i], uids[j]);
		rig_sandbox_done(&s);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)close(dir);
		before = warm_await_parked(1, rows[i].warm ? &before : NULL);
	}
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* A new catalog has parked jails of its own; those of the one before are gone, what was launched is not. */
static void test_reload(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 3, 3);
	struct rig_sandbox s;

	warm_launch(c, warm_forever, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	before = warm_await_parked(3, NULL);
	warm_write_profile(rig, 1, 1);
	warm_reload(rig);
	(void)warm_await_parked(1, &before);
	warm_write_profile(rig, 0, 0);
	warm_reload(rig);
	(void)warm_await_parked(0, NULL);
	rig_wait_jailed(rig, 2);
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* Each launch that finds none has one more made for the next, up to MaxWarm=; when nobody has asked for a
 * while, there are as many as Warm= says. */
static void test_demand(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 1, 3);
	static const size_t grown[] = { 2, 3, 3 };
	struct rig_sandbox s;

	for (size_t i = 0; i < G_N_ELEMENTS(grown); i++) {
		for (size_t j = 0; j < before.n; j++)
			warm_kill_and_wait(before.pids[j]);
		warm_launch(c, warm_forever, NULL, &s);
		assert_false(warm_contains(&before, s.pid));
		warm_stop(c, &s);
		before = warm_await_parked(grown[i], &before);
	}
	warm_launch(c, warm_forever, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	warm_stop(c, &s);
	(void)warm_await_parked(1, NULL);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* A launch that finds the parked jail dead has its own; one that had lived is replaced without a launch. */
static void test_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 2, 2);
	struct rig_sandbox s;

	for (int i = 0; i < 5; i++) {
		for (size_t j = 0; j < before.n; j++)
			warm_kill_and_wait(before.pids[j]);
		warm_launch(c, warm_forever, NULL, &s);
		assert_false(warm_contains(&before, s.pid));
		warm_stop(c, &s);
		before = warm_await_parked(2, &before);
	}
	g_usleep(WARM_LIVED_USEC);
	warm_kill_and_wait(before.pids[0]);
	before.n = 1;
	(void)warm_await_parked(2, &before);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* Of so few user ids none is for parked jails. That none can be made is not the launcher's end. */
static void test_impossible(void **state)
{
	struct rig *rig = *state;
	const pid_t launcher = rig_pid(rig, RIG_LAUNCHER);
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *log = g_build_filename(rig->dir, "daemon.log", NULL), *text = NULL;
	struct rig_sandbox s;

	warm_write_profile(rig, 2, 2);
	rig_write(rig, "profiles/warm.profile.d/user.conf", "[User]\nDynamicUser=yes\n");
	rig_write(rig, "bailiffd.conf.d/few.conf", "[Broker]\nDynamicUserRange=61001-61004\n");
	warm_reload(rig);
	for (int i = 0; !text || !strstr(text, "no jail of profile warm can be parked"); i++) {
		assert_true(i < RIG_TIMEOUT_MS * 1000 / WARM_POLL_USEC);
		g_usleep(WARM_POLL_USEC);
		g_free(text);
		assert_true(g_file_get_contents(log, &text, NULL, NULL));
	}
	for (int i = 0; i < 3; i++) {
		warm_launch(c, warm_forever, NULL, &s);
		warm_stop(c, &s);
		assert_int_equal(warm_find_parked().n, 0);
	}
	assert_int_equal(rig_pid(rig, RIG_LAUNCHER), launcher);
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/warm.profile.d/user.conf");
	rig_remove(rig, "bailiffd.conf.d/few.conf");
	warm_end(rig);
}

/* A launcher's go with it, and the next one has its own; a sandbox that was one of them is taken over as all
 * are. A broker's end is nothing to them. */
static void test_daemon_killed(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct parked before = warm_begin(rig, 3, 3), after;
	struct rig_sandbox s, next;

	warm_launch(c, warm_forever, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	before = warm_await_parked(3, NULL);
	rig_kill_and_wait(rig, RIG_LAUNCHER);
	after = warm_await_parked(3, &before);
	assert_return_code(kill(s.pid, 0), errno);
	for (size_t i = 0; i < before.n; i++)
		assert_int_equal(kill(before.pids[i], 0), -1);
	warm_launch(c, warm_forever, NULL, &next);
	assert_true(warm_contains(&after, next.pid));
	warm_stop(c, &next);
	warm_stop(c, &s);
	before = warm_await_parked(3, NULL);
	rig_kill_and_wait(rig, RIG_BROKER);
	c = rig_reconnect(rig, c, RIG_ALICE);
	warm_launch(c, warm_forever, NULL, &s);
	assert_true(warm_contains(&before, s.pid));
	warm_stop(c, &s);
	rig_disconnect(rig, c);
	warm_end(rig);
}

static guint32 n_sandboxes(GDBusConnection *c)
{
	g_autoptr(GVariant) v = rig_property(c, RIG_PATH, RIG_MANAGER, "NSandboxes");

	return g_variant_get_uint32(v);
}

/* They are no sandboxes and take no place of any; but none are made that would be too many with them. */
static void test_counted(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	g_autofree char *config = g_strdup_printf("[Broker]\nSaltPath=%s/salt\nMaxSandboxes=3\n", rig->dir),
			*before_config = g_strdup_printf("[Broker]\nSaltPath=%s/salt\n", rig->dir);
	struct rig_launch l = { .profile = "warm", .argv = warm_forever };
	struct rig_sandbox s[3];
	struct parked before;

	rig_write(rig, "bailiffd.conf", config);
	before = warm_begin(rig, 3, 3);
	assert_int_equal(n_sandboxes(c), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++) {
		warm_launch(c, warm_forever, NULL, &s[i]);
		assert_true(warm_contains(&before, s[i].pid));
		assert_int_equal(n_sandboxes(c), i + 1);
		before = warm_await_parked(2 - i, NULL);
	}
	rig_launch_fails(c, &l, RIG_ERROR("QuotaExceeded"), "MaxSandboxes=");
	for (size_t i = 0; i < G_N_ELEMENTS(s); i++)
		warm_stop(c, &s[i]);
	(void)warm_await_parked(3, NULL);
	rig_write(rig, "bailiffd.conf", before_config);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* A control group whose processes wait for the processor stands for a machine whose processes wait for
 * memory: the kernel tells of both in the same way, over a file of the same kind. */
static char *pressed;

/* In a child: in that group, all of them on one processor. */
static void spin(int procs_fd, int cpu)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET((size_t)cpu, &first);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || write(procs_fd, "0", 1) != 1 ||
		sched_setaffinity(0, sizeof(first), &first) < 0)
		_exit(1);
	for (;;)
		continue;
}

static void press(pid_t pids[SPINNERS])
{
	g_autofree char *name = g_build_filename(pressed, "cgroup.procs", NULL);
	int fd = open(name, O_WRONLY | O_CLOEXEC), cpu = sched_getcpu();

	assert_return_code(fd, errno);
	for (size_t i = 0; i < SPINNERS; i++) {
		pids[i] = fork();
		assert_return_code(pids[i], errno);
		if (pids[i] == 0)
			spin(fd, cpu);
	}
	(void)close(fd);
}

static void relax(const pid_t pids[SPINNERS])
{
	for (size_t i = 0; i < SPINNERS; i++) {
		warm_kill_pid(pids[i]);
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
	}
}

/* All go, none are made for a while; launches go the ordinary way. */
static void test_pressure(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c;
	pid_t pids[SPINNERS];
	struct rig_sandbox s;
	struct parked before;

	if (!pressed)
		skip();
	c = rig_connect(rig, RIG_ALICE);
	before = warm_begin(rig, 2, 2);
	press(pids);
	(void)warm_await_parked(0, NULL);
	relax(pids);
	warm_launch(c, warm_forever, NULL, &s);
	assert_false(warm_contains(&before, s.pid));
	warm_stop(c, &s);
	(void)warm_await_parked(2, &before);
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* Spare ones too, where no profile has parked ones. */
static void test_pressure_alone(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c;
	pid_t pids[SPINNERS];
	struct rig_sandbox s;

	if (!pressed)
		skip();
	c = rig_connect(rig, RIG_ALICE);
	rig_write(rig, RIG_SPARE_CONFIG, "[Broker]\nMaxSpareJails=1\n");
	(void)warm_begin(rig, 0, 0);
	warm_launch(c, warm_forever, NULL, &s);
	rig_wait_jailed(rig, 3);
	press(pids);
	rig_wait_jailed(rig, 2);
	relax(pids);
	warm_stop(c, &s);
	rig_write(rig, RIG_SPARE_CONFIG, "[Broker]\nMaxSpareJails=0\n");
	rig_disconnect(rig, c);
	warm_end(rig);
}

/* With parked jails: rig_teardown() finds nothing of them. */
static void test_end(void **state)
{
	(void)warm_begin(*state, 4, 4);
}

/* Without version 2 of control groups, or where the kernel does not tell, "pressed" stays NULL. */
static int prepare(void **state)
{
	g_autofree char *mounts = NULL, *file = NULL;
	g_auto(GStrv) lines = NULL;

	assert_true(g_file_get_contents("/proc/self/mounts", &mounts, NULL, NULL));
	lines = g_strsplit(mounts, "\n", -1);
	for (char **line = lines; *line && !pressed; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);

		if (g_strv_length(words) > 2 && g_str_equal(words[2], "cgroup2"))
			pressed = g_strdup_printf("%s/pressed-%d", words[1], getpid());
	}
	if (pressed && mkdir(pressed, 0755) == 0) {
		file = g_build_filename(pressed, "cpu.pressure", NULL);
		if (mount(file, PRESSURE, NULL, MS_BIND, NULL) == 0)
			return rig_setup(state);
		(void)rmdir(pressed);
	}
	g_clear_pointer(&pressed, g_free);
	return rig_setup(state);
}

static int restore(void **state)
{
	const int r = rig_teardown(state);

	if (!pressed)
		return r;
	assert_return_code(umount(PRESSURE), errno);
	assert_return_code(rmdir(pressed), errno);
	g_clear_pointer(&pressed, g_free);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_used_once),
		rig_test(test_same_as_cold),
		rig_test(test_fits),
		rig_test(test_reload),
		rig_test(test_demand),
		rig_test(test_killed),
		rig_test(test_impossible),
		rig_test(test_daemon_killed),
		rig_test(test_counted),
		rig_test(test_pressure),
		rig_test(test_pressure_alone),
		cmocka_unit_test(test_end),
	};

	return rig_can_run() ? cmocka_run_group_tests(tests, prepare, restore) : RIG_SKIPPED;
}
