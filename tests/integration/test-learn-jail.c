/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From a trace to a sandbox: strace sees programs outside, bailiffctl makes their policies, and the daemon
 * launches the same programs under them in jails, to the same output.
 */

#include "rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACES 2 /* threads do not meet in the same way each time */

static const char *const environment[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", "HOME=/", NULL };

static const char profile_text[] = "[Access]\nAllowUser=man\n[Exec]\nExecutable=%s\n"
				   "Environment=PATH=/usr/bin:/bin LC_ALL=C HOME=/\n"
				   "StandardOutput=inherit\nStandardError=inherit\n"
				   "[Namespaces]\nPrivateNetwork=no\n[Filesystem]\nPrivateTmp=yes\n"
				   "[Seccomp]\nPolicy=learnt.policy\n";

static const char python_text[] =
	"import hashlib, json, subprocess, threading\n"
	"h = hashlib.sha256(open('/usr/bin/xz', 'rb').read()).hexdigest(); r = []\n"
	"t = [threading.Thread(target=lambda: r.append(1)) for _ in range(3)]\n"
	"[x.start() for x in t]; [x.join() for x in t]\n"
	"o = subprocess.run(['echo', 'child'], capture_output=True).stdout.decode()\n"
	"print(json.dumps([h, len(r), o]))\n";

/* Runs in the directory, without input, and returns the output; the exit status must be 0. */
static char *run(const struct rig *rig, const char *const *argv, gsize *ret_size)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GSubprocess) process = NULL;
	g_autoptr(GBytes) output = NULL;
	g_autoptr(GError) error = NULL;
	char *text;

	g_subprocess_launcher_set_environ(launcher, (char **)(uintptr_t)environment);
	g_subprocess_launcher_set_cwd(launcher, rig->dir);
	process = g_subprocess_launcher_spawnv(launcher, argv, &error);
	if (!process || !g_subprocess_communicate(process, NULL, NULL, &output, NULL, &error))
		fail_msg("%s: %s", argv[0], error->message);
	if (!g_subprocess_get_successful(process))
		fail_msg("%s %s failed", argv[0], argv[1]);
	if (ret_size)
		*ret_size = g_bytes_get_size(output);
	/* With a NUL behind it, for those who want text. */
	text = g_malloc0(g_bytes_get_size(output) + 1);
	if (g_bytes_get_size(output) > 0)
		memcpy(text, g_bytes_get_data(output, NULL), g_bytes_get_size(output));
	return text;
}

/* The program's output, with its policy in the configuration. */
static char *learn(struct rig *rig, const char *const *argv, gsize *ret_size)
{
	g_autofree char *bailiffctl =
		g_build_filename(g_getenv("BAILIFF_BUILD_ROOT"), "client/bailiffctl", NULL);
	g_autoptr(GPtrArray) make = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *output = NULL, *policy = NULL;

	g_ptr_array_add(make, g_strdup(bailiffctl));
	g_ptr_array_add(make, g_strdup("policy"));
	g_ptr_array_add(make, g_strdup("from-strace"));
	for (int i = 0; i < TRACES; i++) {
		g_autoptr(GPtrArray) strace = g_ptr_array_new();
		char *log = g_strdup_printf("%s/log-%d", rig->dir, i);

		g_ptr_array_add(make, log);
		g_ptr_array_add(strace, (void *)(uintptr_t) "/usr/bin/strace");
		g_ptr_array_add(strace, (void *)(uintptr_t) "-fqo");
		g_ptr_array_add(strace, log);
		for (const char *const *a = argv; *a; a++)
			g_ptr_array_add(strace, (void *)(uintptr_t)*a);
		g_ptr_array_add(strace, NULL);
		g_free(output);
		output = run(rig, (const char *const *)strace->pdata, ret_size);
	}
	g_ptr_array_add(make, NULL);
	policy = run(rig, (const char *const *)make->pdata, NULL);
	rig_write(rig, "policies/learnt.policy", policy);
	return g_steal_pointer(&output);
}

static void reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);
	g_autoptr(GVariant) v = rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL), errors = NULL;

	errors = g_variant_get_child_value(v, 1);
	if (g_variant_n_children(errors) > 0) {
		g_autofree char *text = g_variant_print(errors, FALSE);

		fail_msg("%s", text);
	}
	rig_disconnect(rig, root);
}

static void check(struct rig *rig, const char *const *argv)
{
	g_autofree char *expected = NULL, *output = NULL, *result = NULL;
	g_autofree char *profile = g_strdup_printf(profile_text, argv[0]);
	struct rig_launch l = { .profile = "learnt", .argv = argv, .options = rig_options_piped() };
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	gsize size, expected_size;
	struct rig_sandbox s;
	int code = -1, signal = -1;

	if (access(argv[0], X_OK) < 0) {
		if (g_getenv("BAILIFF_MUST_WORK"))
			fail_msg("%s is not installed", argv[0]);
		skip();
	}
	expected = learn(rig, argv, &expected_size);
	rig_write(rig, "profiles/learnt.profile", profile);
	reload(rig);
	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], &size);
	result = rig_wait(c, &s, &code, &signal);
	rig_sandbox_done(&s);
	if (code != 0 || signal != 0)
		fail_msg("%s under its policy: %s, %d, signal %d", argv[0], result, code, signal);
	assert_int_equal(size, expected_size);
	assert_memory_equal(output, expected, size);
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/learnt.profile");
	rig_remove(rig, "policies/learnt.policy");
	reload(rig);
}

static void test_shell(void **state)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c",
		"set -e; d=$(mktemp -d); (echo a; echo b) | cat >$d/f; wc -l <$d/f; rm -r $d", NULL };

	check(*state, argv);
}

static void test_xz(void **state)
{
	static const char *const argv[] = { "/usr/bin/xz", "-0", "-T3", "--block-size=20000", "-c",
		"/usr/bin/dash", NULL };

	check(*state, argv);
}

static void test_python(void **state)
{
	static const char *const argv[] = { "/usr/bin/python3", "-B", "-c", python_text, NULL };

	check(*state, argv);
}

_Noreturn static void serve(int fd)
{
	static const char answer[] =
		"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nwhat the server says\n";
	char request[4096];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int connection = accept(fd, NULL, NULL);

		if (connection < 0)
			_exit(1);
		if (read(connection, request, sizeof(request)) > 0 &&
			write(connection, answer, sizeof(answer) - 1) < 0)
			_exit(1);
		(void)close(connection);
	}
}

static void test_curl(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *argv[] = { "/usr/bin/curl", "-q", "-sS", "-f", NULL, NULL };
	socklen_t size = sizeof(address);
	g_autofree char *url = NULL;
	pid_t server;

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&address, size), errno);
	assert_return_code(listen(fd, 5), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&address, &size), errno);
	url = g_strdup_printf("http://127.0.0.1:%u/", ntohs(address.sin_port));
	argv[4] = url;
	server = fork();
	if (server == 0)
		serve(fd);
	assert_return_code(server, errno);
	(void)close(fd);
	check(*state, argv);
	(void)kill(server, SIGKILL);
	(void)waitpid(server, NULL, 0);
}

/* What the trace did not have ends the program: another shell script. */
static void test_unseen(void **state)
{
	static const char *const seen[] = { "/usr/bin/dash", "-c", "echo hello", NULL };
	static const char *const unseen[] = { "/usr/bin/dash", "-c", "umask 077; echo hello", NULL };
	struct rig *rig = *state;
	struct rig_launch l = { .profile = "learnt", .argv = unseen, .options = rig_options_piped() };
	g_autofree char *profile = g_strdup_printf(profile_text, seen[0]);
	g_autofree char *expected = NULL, *output = NULL, *result = NULL;
	GDBusConnection *c = rig_connect(rig, RIG_ALICE);
	struct rig_sandbox s;
	int signal = 0;

	expected = learn(rig, seen, NULL);
	rig_write(rig, "profiles/learnt.profile", profile);
	reload(rig);
	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, NULL, &signal);
	rig_sandbox_done(&s);
	assert_string_equal(output, "");
	assert_int_equal(signal, SIGSYS);
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/learnt.profile");
	rig_remove(rig, "policies/learnt.policy");
	reload(rig);
}

static bool can_trace(void)
{
	static const char *const argv[] = { "/usr/bin/strace", "-qo", "/dev/null", "/bin/true", NULL };
	int status = -1;

	return g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
		       NULL, NULL, &status, NULL) &&
	       status == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_shell),
		rig_test(test_xz),
		rig_test(test_python),
		rig_test(test_curl),
		rig_test(test_unseen),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	if (!can_trace() && !g_getenv("BAILIFF_MUST_WORK"))
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
