/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The examples of client/examples as users build them, run by an ordinary user against the real daemon and
 * the shipped profiles: a browser whose renderers end in every way there is, and a service of diagnostic
 * tools that is killed.
 */

#include "network.h"
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 120

static const char site[] = "[Access]\nAllowUser=man\n";
static const char named_profile[] =
	"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/hostname\n[Seccomp]\n"
	"SystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n";
static const char renderer_site[] = "[Access]\nAllowUser=man\n[Exec]\nExecutable=/browser-renderer\n"
				    "[Filesystem]\nBindReadOnlyPaths=%s/browser-renderer:/browser-renderer\n"
				    "[Landlock]\nFsPathReadExecute=/browser-renderer\n"
				    /* reached well before the limit of computing, also on a slow machine */
				    "[Resources]\nLimitDATA=256M\n";
static const char collector_site[] = "[Access]\nAllowUser=man\n[Filesystem]\nBindReadOnlyPaths=\n"
				     "BindReadOnlyPaths=%s/log:/var/log\n";

static void copy(struct rig *rig, const char *name)
{
	g_autofree char *from = g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "client", name, NULL),
			*to = g_build_filename(rig->dir, name, NULL), *data = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;

	if (!g_file_get_contents(from, &data, &size, &error) ||
		!g_file_set_contents(to, data, (gssize)size, &error))
		fail_msg("%s: %s", name, error->message);
	assert_return_code(chmod(to, 0755), errno);
}

static int set_up(void **state)
{
	g_autofree char *renderer = NULL, *collector = NULL, *log = NULL, *messages = NULL;
	struct rig *rig;
	int r = rig_setup(state);

	rig = *state;
	renderer = g_strdup_printf(renderer_site, rig->dir);
	collector = g_strdup_printf(collector_site, rig->dir);
	log = g_build_filename(rig->dir, "log", NULL);
	messages = g_build_filename(log, "messages", NULL);
	assert_return_code(mkdir(log, 0755), errno);
	assert_true(g_file_set_contents(messages, "first\nsecond error\n", -1, NULL));
	assert_return_code(chmod(messages, 0644), errno);
	copy(rig, "libbailiff.so.0");
	copy(rig, "example-browser");
	copy(rig, "example-diagnostics");
	copy(rig, "example-event-loop");
	copy(rig, "example-glib-loop");
	copy(rig, "example-sd-event-loop");
	copy(rig, "browser-renderer");
	rig_write(rig, "profiles/renderer.profile.d/10-site.conf", renderer);
	rig_write(rig, "profiles/log-collector.profile.d/10-site.conf", collector);
	rig_write(rig, "profiles/named.profile", named_profile);
	rig_write(rig, "profiles/ping.profile.d/10-site.conf", site);
	rig_write(rig, "profiles/packet-capture.profile.d/10-site.conf", site);
	rig_reload(rig);
	return r;
}

struct example {
	pid_t pid;
	int in, out;
	GString *said;
	size_t heard; /* of what was said */
};

/* As alice, with pipes; standard error is the test's. */
static void start(struct rig *rig, const char *name, const char *const *args, struct example *ret)
{
	g_autofree char *program = g_build_filename(rig->dir, name, NULL);
	const char *argv[16] = { program };
	int in[2], out[2];

	for (size_t i = 0; args[i] && i < G_N_ELEMENTS(argv) - 2; i++)
		argv[i + 1] = args[i];
	assert_return_code(pipe2(in, O_CLOEXEC), errno);
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	ret->pid = fork();
	assert_return_code(ret->pid, errno);
	if (ret->pid == 0) {
		(void)dup2(in[0], STDIN_FILENO);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)close_range(3, ~0U, 0);
		(void)alarm(LIMIT_S);
		(void)setenv("BAILIFF_ADDRESS", rig->address, 1);
		(void)setenv("LD_LIBRARY_PATH", rig->dir, 1);
		if (setgroups(0, NULL) == 0 && setresgid(RIG_ALICE, RIG_ALICE, RIG_ALICE) == 0 &&
			setresuid(RIG_ALICE, RIG_ALICE, RIG_ALICE) == 0)
			(void)execv(program, (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	ret->in = in[1];
	ret->out = out[0];
	ret->said = g_string_new(NULL);
	ret->heard = 0;
}

static void done(struct example *e)
{
	(void)close(e->in);
	(void)close(e->out);
	g_string_free(e->said, TRUE);
}

/* Waits until this is said, after what was awaited before. */
static void await(struct example *e, const char *text)
{
	char chunk[4096], *found;

	while (!(found = strstr(e->said->str + e->heard, text))) {
		struct pollfd p = { .fd = e->out, .events = POLLIN };
		ssize_t n = poll(&p, 1, RIG_TIMEOUT_MS) == 1 ? read(e->out, chunk, sizeof(chunk)) : 0;

		if (n <= 0)
			fail_msg("no \"%s\" after %zu bytes of: %s", text, e->heard, e->said->str);
		g_string_append_len(e->said, chunk, n);
	}
	e->heard = (size_t)(found - e->said->str) + strlen(text);
}

static void tell(struct example *e, const char *text)
{
	assert_int_equal(write(e->in, text, strlen(text)), strlen(text));
}

static void check_browser(struct rig *rig, const char *const *args, const char *expected)
{
	g_autofree char *said = NULL;
	struct example browser;
	int status;

	start(rig, "example-browser", args, &browser);
	said = rig_read_all(browser.out, NULL);
	assert_int_equal(waitpid(browser.pid, &status, 0), browser.pid);
	assert_string_equal(said, expected);
	assert_int_equal(status, 0);
	done(&browser);
	rig_wait_jailed(rig, 0);
}

/* Each renderer's end has its own cause, and none disturbs the others. Patience is longer than any machine
 * takes for a second of computing. */
static void test_browser(void **state)
{
	static const char *const args[] = { "-t", "50", "browser-renderer", "two words", "crash", "call-home",
		"spin", "grow", "the last of the documents", NULL };

	check_browser(*state, args,
		"two words: 2 words\n"
		"crash: crashed with signal 11 (signal)\n"
		"call-home: stopped: it did what no page may do\n"
		"spin: stopped: it computed for too long\n"
		"grow: stopped: it needed too much memory\n"
		"the last of the documents: 5 words\n");
}

static void test_browser_out_of_patience(void **state)
{
	static const char *const args[] = { "-t", "1", "browser-renderer", "hang", "hang", NULL };

	check_browser(*state, args,
		"hang: closed: it did not respond\n"
		"hang: closed: it did not respond\n");
}

/* The handle that the service gave to the tool of this name. */
static char *handle_of(struct example *e, const char *tool)
{
	g_autofree char *text = g_strdup_printf(" started %s\n", tool);
	const char *end, *begin;

	await(e, text);
	end = begin = e->said->str + e->heard - strlen(text);
	while (begin > e->said->str && begin[-1] != '\n')
		begin--;
	return g_strndup(begin, (gsize)(end - begin));
}

static void test_diagnostics(void **state)
{
	static const char *const args[] = { "/var/log", NULL };
	struct rig *rig = *state;
	g_autofree char *capture = NULL, *ping = NULL, *log = NULL, *stop = NULL, *ended = NULL;
	struct example e;
	int status;

	start(rig, "example-diagnostics", args, &e);
	tell(&e, "start capture " NETWORK_DEVICE "\n");
	capture = handle_of(&e, "capture");
	tell(&e, "start ping " NETWORK_TARGET "\nstart log messages\n");
	ping = handle_of(&e, "ping");
	log = handle_of(&e, "log");
	/* all three go on at the same time */
	await(&e, ": second error\n");
	await(&e, ": ICMP echo request");
	await(&e, "bytes from " NETWORK_TARGET);
	rig_wait_jailed(rig, 6); /* each with an init */
	/* one is stopped, by its handle, and says its last words before its end is told */
	stop = g_strdup_printf("stop %s\n", ping);
	ended = g_strdup_printf("\n%s ended: killed\n", ping);
	tell(&e, stop);
	await(&e, "packets transmitted");
	await(&e, ended);
	rig_wait_jailed(rig, 4);
	tell(&e, "stop 1\nstart games tetris\n");
	await(&e, "error: 1: No such process\nerror: no tool 'games'\n");
	/* the service dies, and those that are left go with it */
	assert_return_code(kill(e.pid, SIGKILL), errno);
	assert_int_equal(waitpid(e.pid, &status, 0), e.pid);
	rig_wait_jailed(rig, 0);
	done(&e);
}

static void run_loop(struct rig *rig, const char *name, const char *const *args, const char *said, int code)
{
	struct example e;
	int status;

	start(rig, name, args, &e);
	if (said)
		await(&e, said);
	assert_int_equal(waitpid(e.pid, &status, 0), e.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
	done(&e);
	rig_wait_jailed(rig, 0);
}

/* Other loops than poll(2): what else is in them goes on while the sandbox is launched and lives. */
static void test_loops(void **state)
{
	static const char *const sleeps[] = { "tool", "sleep", "1", NULL };
	static const char *const unknown[] = { "no-such-profile", "sleep", "1", NULL };
	static const char *const speaks[] = { "tool", "dash", "-c", "echo one; sleep 1; echo two", NULL };
	static const char *const named[] = { "named", "hostname", "other", NULL };

	run_loop(*state, "example-event-loop", speaks, "one\ntwo\n", 0);
	run_loop(*state, "example-event-loop", unknown, NULL, 1);
	run_loop(*state, "example-sd-event-loop", named, "killed by seccomp for sethostname: ", 0);
	run_loop(*state, "example-sd-event-loop", sleeps, "ended: success\n", 0);
	run_loop(*state, "example-sd-event-loop", unknown, NULL, 1);
	run_loop(*state, "example-glib-loop", sleeps, "meanwhile\nended: success\n", 0);
	run_loop(*state, "example-glib-loop", unknown, NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_browser),
		rig_test(test_browser_out_of_patience),
		rig_test(test_diagnostics),
		rig_test(test_loops),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	network_set_up();
	return cmocka_run_group_tests_name("examples", tests, set_up, rig_teardown);
}
