/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl as a whole, against the stand-in: what it prints, what it ends with. Each command is a process.
 */

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "cli/cli.h"
#include "stand-in.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 12

struct command {
	pid_t pid;
	int output;
	char *text; /* what it printed, both streams */
};

static int set_up(void **state)
{
	struct stand_in *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	stand_in_open(s);
	stand_in_broker(s, 0, 0);
	*state = s;
	return setenv("BAILIFF_ADDRESS", s->address, 1);
}

static int tear_down(void **state)
{
	stand_in_close(*state);
	free(*state);
	return 0;
}

/* words: split at blanks. */
static struct command start(const char *words)
{
	char copy[256], *argv[WORDS_MAX + 1] = { NULL }, *save = NULL;
	struct command c = { 0 };
	size_t n = 0;
	int fds[2];

	assert_true(strlen(words) < sizeof(copy));
	memcpy(copy, words, strlen(words) + 1);
	for (char *w = strtok_r(copy, " ", &save); w && n < WORDS_MAX; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	assert_return_code(pipe(fds), errno);
	c.pid = fork();
	assert_return_code(c.pid, errno);
	if (c.pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		/* signals that whoever runs the tests ignores (nohup) would not be forwarded */
		(void)process_reset_signals();
		_exit(cli_main(argv));
	}
	(void)close(fds[1]);
	c.output = fds[0];
	return c;
}

static int finish(struct command *c)
{
	int status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	/* The payload may hold the other end: what is there now is all. */
	assert_int_equal(fd_set_nonblock(c->output, true), 0);
	c->text = calloc(1, 4096);
	assert_non_null(c->text);
	for (size_t at = 0; at < 4095;) {
		ssize_t n = read(c->output, c->text + at, 4095 - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	c->output = fd_close(c->output);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(const char *words, int status, const char *text)
{
	struct command c = start(words);

	assert_int_equal(finish(&c), status);
	assert_string_equal(c.text, text);
	free(c.text);
}

static void await_launch(const struct stand_in *s)
{
	for (unsigned i = 0; s->state->payload == 0; i++) {
		assert_true(i < 500);
		(void)poll(NULL, 0, 10);
	}
}

static void test_run_ends_as_the_program(void **state)
{
	struct stand_in *s = *state;
	struct command c = start("bailiffctl run --tag=x ok -- sh -c --help");

	await_launch(s);
	stand_in_end_payload(s);
	assert_int_equal(finish(&c), 3);
	assert_string_equal(c.text, "");
	assert_int_equal(s->state->fds, 3);
	assert_int_equal(s->state->releases, 1);
	free(c.text);
}

static void test_run_forwards_signals(void **state)
{
	static const unsigned signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	struct stand_in *s = *state;
	struct command c = start("bailiffctl run --no-stdin ok x");

	await_launch(s);
	assert_int_equal(s->state->fds, 2);
	(void)poll(NULL, 0, 200); /* it has its answer now, and takes signals for the program */
	for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
		assert_return_code(kill(c.pid, (int)signals[i]), errno);
		for (unsigned k = 0; s->state->signal != signals[i]; k++) {
			assert_true(k < 500);
			(void)poll(NULL, 0, 10);
		}
	}
	stand_in_end_payload(s);
	assert_int_equal(finish(&c), 3);
	free(c.text);
}

/* The answer to its launch was lost, and when it is asked for again it has ended: no pidfd tells so. */
static void test_run_of_what_has_ended(void **state)
{
	struct stand_in *s = *state;
	struct command c = start("bailiffctl run ended x");
	struct pollfd end = { .fd = process_pidfd_open(c.pid), .events = POLLIN };

	assert_return_code(end.fd, 0);
	if (poll(&end, 1, 20000) != 1)
		(void)kill(c.pid, SIGKILL);
	(void)close(end.fd);
	assert_int_equal(finish(&c), 3);
	assert_string_equal(c.text, "");
	assert_int_equal(s->state->releases, 1);
	free(c.text);
}

static void test_run_says_why_not(void **state)
{
	struct stand_in *s = *state;
	struct command c;

	expect("bailiffctl run denied -- x", 126,
		"bailiffctl: denied: AccessDenied: not for you [denied.profile:3]\n");
	expect("bailiffctl launch denied -- x", 126,
		"bailiffctl: denied: AccessDenied: not for you [denied.profile:3]\n");
	expect("bailiffctl run garbled x", 125,
		"bailiffctl: garbled: the broker's reply to LaunchSandboxed has another form than this "
		"library knows; do "
		"their versions differ?\n");
	stand_in_end_broker(s);
	c = start("bailiffctl run ok x");
	assert_int_equal(finish(&c), 125);
	assert_non_null(strstr(c.text, s->address));
	assert_non_null(strstr(c.text, "is bailiffd running?"));
	free(c.text);
}

static void test_listings(void **state)
{
	expect("bailiffctl list", 0,
		"ID  PROFILE  OWNER  PID  STATE    TAG\n"
		" 7  ok       4242     6  running  tag\n"
		" 8  b        root     -  exited   -\n");
	expect("bailiffctl --no-legend profiles", 0, "ok  yes  -  fine\n");
	expect("bailiffctl list --json=short", 0,
		"[{\"id\":7,\"profile\":\"ok\",\"owner\":4242,\"pid\":6,\"state\":\"running\",\"tag\":"
		"\"tag\","
		"\"path\":"
		"\"/org/bailiff/Broker1/sandbox/"
		"7\"},{\"id\":8,\"profile\":\"b\",\"owner\":0,\"pid\":0,\"state\":"
		"\"exited\",\"tag\":\"\",\"path\":\"/a\"}]\n");
	expect("bailiffctl -jshort profiles", 0,
		"[{\"name\":\"ok\",\"description\":\"fine\",\"allowed\":true,\"exposure\":null}]\n");
	expect("bailiffctl sanitize-username u", 0, "0123456789012345678901234567890123456789\n");
	expect("bailiffctl user-paths u", 0, "user /home/user/01\nroot /home/root/01\n");
	expect("bailiffctl user-paths u s", 0,
		"user /home/user/01\nroot /home/root/01\nstore /run/daemon-store/s/01\n");
	expect("bailiffctl -jshort user-paths u s t", 0,
		"{\"user\":\"/home/user/01\",\"root\":\"/home/root/01\",\"stores\":{\"s\":\"/run/"
		"daemon-store/s/01\","
		"\"t\":\"/run/daemon-store/s/01\"}}\n");
	expect("bailiffctl reload", 1,
		"bailiffctl: x.profile:1:1: error: no\n"
		"bailiffctl: the profiles were not changed; generation 4 stays in force\n");
	expect("bailiffctl -jshort reload", 1,
		"bailiffctl: x.profile:1:1: error: no\n"
		"bailiffctl: the profiles were not changed; generation 4 stays in force\n"
		"{\"generation\":4,\"errors\":[\"x.profile:1:1: error: no\"]}\n");
}

static void test_by_id(void **state)
{
	struct stand_in *s = *state;
	struct command c = start("bailiffctl launch -jshort ok x");

	assert_int_equal(finish(&c), 0);
	assert_non_null(strstr(c.text, "{\"id\":7,\"pid\":"));
	free(c.text);
	assert_int_equal(s->state->fds, 0);
	expect("bailiffctl signal -s KILL --all 7", 0, "");
	assert_int_equal(s->state->signal, SIGKILL);
	expect("bailiffctl signal 7 -s 10", 0, "");
	assert_int_equal(s->state->signal, 10);
	expect("bailiffctl stop --no-block --timeout=0 7", 0, "");
	assert_int_equal(s->state->stops, 1);
	expect("bailiffctl wait --timeout=50ms 7", 124, "bailiffctl: 7: the sandbox has not ended yet\n");
	stand_in_end_payload(s);
	expect("bailiffctl wait 7", 3, "ID  RESULT     CODE  SIGNAL\n 7  exit-code     3       -\n");
	expect("bailiffctl wait -r -jshort 7", 3,
		"[{\"id\":7,\"result\":\"exit-code\",\"code\":3,\"signal\":0}]\n");
	assert_int_equal(s->state->releases, 1);
	expect("bailiffctl stop 9", 1,
		"bailiffctl: 9: NoSuchSandbox: none of yours has this id; bailiffctl list shows them\n");
	expect("bailiffctl wait 9", 125,
		"bailiffctl: 9: NoSuchSandbox: none of yours has this id; bailiffctl list shows them\n");
	expect("bailiffctl stop all", 1,
		"bailiffctl: all: not the id of a sandbox, which is a number; bailiffctl list shows them\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run_ends_as_the_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run_forwards_signals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run_of_what_has_ended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_run_says_why_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_by_id, set_up, tear_down),
	};

	if (getuid() != 0) {
		(void)fprintf(
			stderr, "needs root: a broker is trusted only as root or as the user bailiff\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
