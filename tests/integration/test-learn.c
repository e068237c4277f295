/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Policies from real traces: strace sees a program, bailiffctl makes the policy, and the same program runs to
 * its end under it, started as the launcher starts programs. What was not seen is refused.
 */

#include "base/io.h"
#include "learn-run.h"
#include "learn/strace.h"
#include "learn/tracked.h"
#include "seccomp/syscalls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 12
#define NUMBERS       1024 /* of system calls that are asked for: all that there are, and more */
#define VALUES        4096 /* of each tracked argument, likewise */
#define BODY          "what the server says\n"

static char *build_root, *directory, *port_url;
static pid_t server;

struct program {
	const char *name;
	const char *argv[ARGUMENTS_MAX];
	const char *option; /* of bailiffctl; NULL: none */
	size_t input;       /* bytes on standard input */
	int status;
	bool server; /* the last argument is its address */
};

static const char python_text[] =
	"import hashlib, json, subprocess, tempfile, threading\n"
	"with tempfile.TemporaryFile() as f:\n"
	"    f.write(b'x' * 100000); f.seek(0); h = hashlib.sha256(f.read()).hexdigest()\n"
	"r = []\n"
	"t = [threading.Thread(target=lambda: r.append(1)) for _ in range(3)]\n"
	"[x.start() for x in t]; [x.join() for x in t]\n"
	"o = subprocess.run(['echo', 'child'], capture_output=True, check=True).stdout.decode()\n"
	"print(json.dumps([h, len(r), o]))\n";

static const char shell_text[] =
	"set -e; d=$(mktemp -d); (echo a; echo b) | cat >$d/f; wc -l <$d/f; rm -r $d; "
	"trap 'echo usr1' USR1; kill -USR1 $$; (exit 3)";

static const struct program programs[] = {
	{ "sh", { "/bin/sh", "-c", shell_text }, .status = 3 },
	{ "xz", { "/usr/bin/xz", "-0", "-c" }, .input = 3000000 },
	{ "xz with threads", { "/usr/bin/xz", "-0", "-T3", "--block-size=500000", "-c" }, .input = 3000000 },
	{ "python3", { "/usr/bin/python3", "-B", "-c", python_text } },
	{ "curl", { "/usr/bin/curl", "-q", "-sS", "-f" }, .server = true },
	{ "threads", { "threads" } },
	{ "threads without clone3", { "threads" }, .option = "--avoid-clone3" },
};

/* One way that strace is told to write. */
struct style {
	const char *name, *options[3];
};

static const struct style styles[] = {
	{ "a", {} },
	{ "b", { "-ttT", "-yy", "-Xverbose" } },
	{ "raw", { "-r", "-v", "-Xraw" } },
};

struct traced {
	char *logs[ELEMENTSOF(styles)];
	char *output;
	size_t size;
};

static void traced_done(struct traced *t)
{
	for (size_t i = 0; i < ELEMENTSOF(t->logs); i++)
		free(t->logs[i]);
	free(t->output);
}

/* The program's own arguments, its address behind them. */
static size_t put_program(const struct program *p, const char *const *argv, const char **into)
{
	size_t n = 0;

	while (argv[n])
		n++;
	memcpy(into, argv, n * sizeof(*argv));
	if (p->server)
		into[n++] = port_url;
	into[n] = NULL;
	return n;
}

static int input_of(const struct program *p)
{
	_cleanup_free_ char *data = malloc(p->input + 1);
	uint32_t state = 1;

	assert_non_null(data);
	for (size_t i = 0; i < p->input; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (i / 4096) % 2 == 0 ? (char)(state >> 24) : (char)('a' + (i % 7));
	}
	return memory_file(data, p->input);
}

static void trace(const struct program *p, const char *const *program, struct traced *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(styles); i++) {
		_cleanup_close_ int in = input_of(p), out = memory_file(NULL, 0);
		const char *argv[ARGUMENTS_MAX + 10] = { "/usr/bin/strace", "-f", "-q", "-o" };
		size_t n = 4;
		int status;

		ret->logs[i] = text("%s/%s.%s", directory, p->name, styles[i].name);
		argv[n++] = ret->logs[i];
		for (size_t j = 0; j < ELEMENTSOF(styles[i].options) && styles[i].options[j]; j++)
			argv[n++] = styles[i].options[j];
		argv[n++] = "--";
		(void)put_program(p, program, argv + n);
		status = run(argv, in, out);
		if (status != p->status)
			fail_msg("%s ends with %d under strace", p->name, status);
		free(ret->output);
		ret->output = contents(out, &ret->size);
	}
}

/* What "bailiffctl policy from-strace" makes of the logs. */
static char *make_policy(const struct program *p, const struct traced *t)
{
	_cleanup_free_ char *bailiffctl = text("%s/client/bailiffctl", build_root);
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);
	const char *argv[ARGUMENTS_MAX] = { bailiffctl, "policy", "from-strace" };
	size_t n = 3, size;

	if (p->option)
		argv[n++] = p->option;
	for (size_t i = 0; i < ELEMENTSOF(t->logs); i++)
		argv[n++] = t->logs[i];
	assert_int_equal(run(argv, in, out), 0);
	return contents(out, &size);
}

static void check_run(const struct program *p, const char *const *program, const char *policy,
	const struct seccomp_result *compiled, const struct traced *t)
{
	_cleanup_close_ int in = input_of(p), out = memory_file(NULL, 0);
	const char *argv[ARGUMENTS_MAX + 2];
	_cleanup_free_ char *output = NULL;
	size_t size;
	int status;

	(void)put_program(p, program, argv);
	status = run_confined(compiled->filter, compiled->n_filter, argv, in, out);
	if (status != p->status)
		fail_msg("%s ends with %d under its policy:\n%s", p->name, status, policy);
	output = contents(out, &size);
	assert_int_equal(size, t->size);
	assert_memory_equal(output, t->output, size);
}

/* Whether strace wrote the name of a call, found in the plainest way: " name(" behind the pid, or resumed. */
static bool log_has(const char *log, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = log; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *c = line + strspn(line, "0123456789");

		c += strspn(c, " ");
		if (strncmp(c, name, n) == 0 && c[n] == '(')
			return true;
	}
	return false;
}

static bool documented(const char *name)
{
	static const char *const names[] = { "execveat", "exit", "exit_group", "restart_syscall",
		"rt_sigreturn" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool was_seen(const struct learn_call *call, uint64_t value)
{
	for (size_t i = 0; call && i < call->n_values; i++) {
		const struct learn_value *v = &call->values[i];

		if (v->value == value || (v->low_half && (v->value & 0x80000000) != 0 &&
						 (v->value | 0xffffffff00000000) == value))
			return true;
	}
	return false;
}

static unsigned check_tracked(const struct seccomp_result *policy, const struct learn_call *call)
{
	unsigned argument = call->tracked->argument;

	for (uint64_t v = 0; v < VALUES; v++)
		assert_int_equal(permits(policy, call->number, argument, v), was_seen(call, v));
	for (size_t i = 0; i < call->n_values; i++) {
		uint64_t v = call->values[i].value;

		assert_true(permits(policy, call->number, argument, v));
		for (unsigned bit = 0; bit < 64; bit++)
			assert_int_equal(permits(policy, call->number, argument, v ^ 1ULL << bit),
				was_seen(call, v ^ 1ULL << bit));
	}
	return 1;
}

/* Nothing but what was seen, each call and each tracked argument. */
static void check_size(const struct program *p, const struct seccomp_result *policy, const struct learning *l,
	const struct traced *t)
{
	_cleanup_free_ char *log = NULL;
	unsigned seen = 0, tracked = 0;
	size_t size;

	for (size_t i = 0; i < ELEMENTSOF(t->logs) - 1; i++) {
		_cleanup_close_ int fd = open(t->logs[i], O_RDONLY | O_CLOEXEC);
		_cleanup_free_ char *one = contents(fd, &size), *joined = text("%s%s", log ? log : "", one);

		free(log);
		log = steal_ptr(joined);
	}
	for (uint32_t number = 0; number < NUMBERS; number++) {
		const char *name = syscall_name(architecture_native(), number);
		const struct learn_call *call = learning_find(l, number);

		if (name && documented(name))
			continue;
		if (!call || call->count == 0) {
			assert_false(permits(policy, number, 0, 0));
			continue;
		}
		seen++;
		if (!call->tracked)
			assert_true(permits(policy, number, 0, 0));
		else if (!call->tracked->behind_pointer && !(p->option && strcmp(name, "clone") == 0))
			tracked += check_tracked(policy, call);
		if (!log_has(log, name) && strcmp(name, "execve") != 0)
			print_message("%s: only one of the traces has %s\n", p->name, name);
	}
	print_message("%s: %zu lines, %u calls, %u of them by their arguments; %zu instructions\n", p->name,
		(size_t)l->n_lines, seen, tracked, policy->n_filter);
}

static void read_logs(const struct traced *t, size_t from, size_t to, struct learning *ret)
{
	_cleanup_(strace_reader_done) struct strace_reader reader = {};

	assert_int_equal(learning_init(ret, NULL), 0);
	strace_reader_init(&reader, ret, NULL);
	for (size_t i = from; i < to; i++) {
		_cleanup_close_ int fd = open(t->logs[i], O_RDONLY | O_CLOEXEC);

		assert_int_equal(strace_read(&reader, fd, t->logs[i]), 0);
	}
	assert_int_equal(strace_finish(&reader), 0);
	for (size_t i = 0; i < ret->n_problems; i++)
		print_error("%s:%zu: %s\n", ret->problems[i].file, (size_t)ret->problems[i].line,
			ret->problems[i].text);
	assert_int_equal(ret->n_problems, 0);
}

/* Names and numbers of one trace say the same as the bare numbers of another. */
static void check_styles(const struct program *p, const struct traced *t)
{
	_cleanup_(learning_done) struct learning names = {}, numbers = {};

	read_logs(t, 0, ELEMENTSOF(styles) - 1, &names);
	read_logs(t, ELEMENTSOF(styles) - 1, ELEMENTSOF(styles), &numbers);
	for (size_t i = 0; i < numbers.n_calls; i++) {
		const struct learn_call *raw = &numbers.calls[i], *call = learning_find(&names, raw->number);

		if (!call || !raw->tracked || raw->tracked->behind_pointer)
			continue;
		assert_int_equal(raw->without_argument, 0);
		assert_int_equal(call->without_argument, 0);
		for (size_t j = 0; j < raw->n_values; j++)
			if (!was_seen(call, raw->values[j].value))
				fail_msg("%s: %s has %llx only as a bare number", p->name, raw->tracked->name,
					(unsigned long long)raw->values[j].value);
	}
}

/* 0 when something that it takes is not installed. */
static int check_program(const struct program *p)
{
	_cleanup_(traced_done) struct traced t = {};
	_cleanup_(learning_done) struct learning l = {};
	_cleanup_(seccomp_result_done) struct seccomp_result compiled = {};
	_cleanup_free_ char *policy = NULL, *again = NULL,
			    *own = text("%s/tests/integration/learn-threads", build_root);
	const char *program[ARGUMENTS_MAX];

	memcpy(program, p->argv, sizeof(p->argv));
	if (strcmp(program[0], "threads") == 0)
		program[0] = own;
	if (access(program[0], X_OK) < 0) {
		print_message("%s is not installed\n", program[0]);
		return 0;
	}
	trace(p, program, &t);
	policy = make_policy(p, &t);
	again = make_policy(p, &t);
	assert_string_equal(policy, again);
	compile(policy, &compiled);
	check_run(p, program, policy, &compiled, &t);
	read_logs(&t, 0, ELEMENTSOF(styles), &l);
	check_size(p, &compiled, &l, &t);
	check_styles(p, &t);
	return 1;
}

static void test_programs(void **state)
{
	bool all = true;

	for (size_t i = 0; i < ELEMENTSOF(programs); i++)
		all = check_program(&programs[i]) && all;
	if (!all && getenv("BAILIFF_MUST_WORK"))
		fail_msg("not all programs could be tried");
}

/* A trace into one file for each process says the same. */
static void test_file_for_each(void **state)
{
	static const char script[] =
		"cd %s && strace -ff -q -o ff -- /bin/sh -c 'true; /bin/true; (cat </dev/null)' && "
		"%s/client/bailiffctl policy from-strace ff.* >ff-policy && "
		"strace -f -q -o one -- /bin/sh -c 'true; /bin/true; (cat </dev/null)' && "
		"%s/client/bailiffctl policy from-strace one >one-policy && "
		"grep '^[^#]' ff-policy >ff-statements && grep '^[^#]' one-policy | cmp - ff-statements";
	_cleanup_free_ char *command = text(script, directory, build_root, build_root);
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);

	assert_int_equal(run(argv, in, out), 0);
}

/* The exit status of a command line in the shell, with $B for bailiffctl and in the test's directory. */
static int shell(const char *line)
{
	_cleanup_free_ char *command =
		text("cd %s && exec 2>/dev/null; B=%s/client/bailiffctl; %s", directory, build_root, line);
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);

	return run(argv, in, out);
}

static void test_command_line(void **state)
{
	static const struct {
		const char *line;
		int status;
	} lines[] = {
		{ "printf 'getpid() = 7\\n' >good; printf 'getpid() = 7\\nwhat?\\n' >bad; : >empty", 0 },
		{ "$B policy from-strace good | grep -q '^getpid: allow'", 0 },
		{ "$B policy from-strace - <good | grep -q '<stdin>'", 0 },
		{ "$B policy from-strace -o out bad", 1 },
		{ "test -e out", 1 },
		{ "$B policy from-strace bad 2>&1 | grep -q '^bad:2: error: not a line of strace'", 0 },
		{ "cp bad \"$(printf 'b\\033')\"", 0 },
		{ "$B policy from-strace \"$(printf 'b\\033')\" 2>&1 | grep -q '^b.x1b:2: error'", 0 },
		{ "$B policy from-strace --ignore-unknown-lines bad -o out", 0 },
		{ "grep -q '^# WARNING: left out: 1 of the lines' out && $B policy check out", 0 },
		{ "$B policy from-strace empty", 1 },
		{ "$B policy from-strace nosuch", 1 },
		{ "$B policy from-strace .", 1 },
		{ "$B policy from-strace /dev/zero 2>&1 | grep -q 'longer than 16 MiB'", 0 },
		{ "$B policy from-strace -o nosuch/out good", 1 },
		{ "$B policy from-strace good >/dev/full", 1 },
		{ "$B policy from-strace", 2 },
		{ "$B policy from-strace --arch=vax good", 2 },
		{ "$B policy from-strace --include='a b' good", 2 },
		{ "$B policy from-audit --exe=relative good", 2 },
		{ "$B policy from-audit good", 1 },
		{ "$B policy from-strace --frequency=often -o out good && grep -q '^getpid: 1$' often", 0 },
		{ "echo '@frequency often' >>out && $B policy check out", 0 },
		{ "echo 'getpid: allow' >base && $B policy from-strace --include=base -o out good && "
		  "$B policy check out && ! grep -q ^getpid out",
			0 },
		{ "$B policy from-strace --include=nosuch good", 1 },
	};

	for (size_t i = 0; i < ELEMENTSOF(lines); i++)
		if (shell(lines[i].line) != lines[i].status)
			fail_msg("%s does not end with %d", lines[i].line, lines[i].status);
}

/* One answer to each connection, until it is killed. */
_Noreturn static void serve(int fd)
{
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" BODY;
	char request[4096];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int connection = accept(fd, NULL, NULL);

		if (connection < 0)
			_exit(1);
		if (read(connection, request, sizeof(request)) > 0)
			(void)write_full(connection, answer, sizeof(answer) - 1);
		(void)close(connection);
	}
}

static void start_server(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(address);

	assert_true(fd >= 0);
	assert_return_code(bind(fd, (struct sockaddr *)&address, size), errno);
	assert_return_code(listen(fd, 5), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&address, &size), errno);
	port_url = text("http://127.0.0.1:%u/", ntohs(address.sin_port));
	server = fork();
	if (server == 0)
		serve(fd);
	assert_true(server > 0);
}

static int set_up(void **state)
{
	char template[] = "/tmp/bailiff-learn-XXXXXX";
	const char *root = getenv("BAILIFF_BUILD_ROOT");

	build_root = realpath(root ? root : ".", NULL);
	assert_non_null(mkdtemp(template));
	directory = text("%s", template);
	start_server();
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);
	const char *const argv[] = { "/bin/rm", "-r", directory, NULL };

	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
	assert_int_equal(run(argv, in, out), 0);
	free(build_root);
	free(directory);
	free(port_url);
	return 0;
}

/* strace may be missing, and a container may forbid to trace. */
static bool can_trace(void)
{
	static const char *const argv[] = { "/usr/bin/strace", "-q", "-o", "/dev/null", "--", "/bin/true",
		NULL };
	_cleanup_close_ int in = memory_file(NULL, 0), out = memory_file(NULL, 0);

	return run(argv, in, out) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_file_for_each),
		cmocka_unit_test(test_command_line),
	};

	if (!can_trace()) {
		(void)fputs("strace is not installed, or may not trace\n", stderr);
		return getenv("BAILIFF_MUST_WORK") ? 1 : 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
