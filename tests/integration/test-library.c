/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libbailiff against the real daemon. The library runs in a child that has become an ordinary user before it
 * connects; the test process stays root and pulls processes of the daemon from under it.
 */

#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void part_ready(struct user *u)
{
	static const char *const script[] = { "dash", "-c", "read x; systemd-notify --ready; read x; exit 3",
		NULL };
	bailiff_request *r = request(u, "tool", script);
	bailiff_sandbox *s = NULL, *opened = NULL;

	IS(bailiff_request_set_ready(NULL, BAILIFF_READY_EXEC), -EINVAL);
	IS(bailiff_request_set_ready(r, (enum bailiff_ready)2), -EINVAL);
	IS(bailiff_request_set_ready(r, BAILIFF_READY_NOTIFY), 0);
	IS(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	(void)bailiff_request_free(r);
	IS(bailiff_sandbox_wait_ready(NULL, 0), -EINVAL);
	IS(bailiff_sandbox_wait_ready(s, 0), -ETIMEDOUT);
	IS(bailiff_sandbox_wait_ready(s, SECOND / 10), -ETIMEDOUT);
	HOLDS(write(bailiff_sandbox_stream(s, 0), "\n", 1) == 1);
	IS(bailiff_sandbox_wait_ready(s, 20 * SECOND), 0);
	/* by another handle, and when it is so already */
	IS(bailiff_sandbox_open(u->c, bailiff_sandbox_id(s), &opened), 0);
	IS(bailiff_sandbox_wait_ready(opened, 0), 0);
	(void)bailiff_sandbox_free(opened);
	HOLDS(write(bailiff_sandbox_stream(s, 0), "\n", 1) == 1);
	ends(u, s, "exit-code", 3, 0);
	IS(bailiff_sandbox_wait_ready(s, 20 * SECOND), -ESRCH);
	(void)bailiff_sandbox_free(s);
}

static void part_streams(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "cat; exit 3", NULL };
	bailiff_sandbox *s = launch(u, argv);
	char text[16];
	int in, out;

	IS(bailiff_sandbox_stream(s, 2), -ENOENT);
	in = bailiff_sandbox_steal_stream(s, 0);
	HOLDS(in > 2);
	IS(bailiff_sandbox_stream(s, 0), -ENOENT);
	HOLDS(fcntl(in, F_GETFD) & FD_CLOEXEC);
	IS(write(in, "bytes\n", 6), 6);
	(void)close(in);
	out = bailiff_sandbox_stream(s, 1);
	IS(read(out, text, sizeof(text)), 6);
	HOLDS(memcmp(text, "bytes\n", 6) == 0);
	IS(read(out, text, sizeof(text)), 0);
	ends(u, s, "exit-code", 3, 0);
	ends(u, s, "exit-code", 3, 0);
	IS(bailiff_sandbox_release(s), 0);
	IS(bailiff_sandbox_release(s), -ESRCH);
	(void)bailiff_sandbox_free(s);
}

static void part_wait_stop_signal(struct user *u)
{
	bailiff_sandbox *s = launch(u, forever);
	int pidfd;

	IS(bailiff_sandbox_wait(s, 0, NULL), -ETIMEDOUT);
	IS(bailiff_sandbox_wait(s, SECOND / 10, NULL), -ETIMEDOUT);
	HOLDS(bailiff_sandbox_pid(s) > 0);
	IS(bailiff_sandbox_signal(s, 0, 0), -EINVAL);
	IS(bailiff_sandbox_signal(s, 65, 0), -EINVAL);
	IS(bailiff_sandbox_signal(s, SIGUSR1, 0), 0);
	ends(u, s, "signal", 0, SIGUSR1);
	IS(bailiff_sandbox_signal(s, SIGUSR1, 0), -ESRCH);
	(void)bailiff_sandbox_free(s);

	s = launch(u, forever);
	pidfd = bailiff_sandbox_steal_pidfd(s);
	HOLDS(pidfd > 2);
	IS(bailiff_sandbox_pidfd(s), -ENOENT);
	IS(bailiff_sandbox_stop(s, BAILIFF_TIMEOUT_INFINITE), 0);
	ends(u, s, "killed", 0, SIGTERM);
	IS(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 1);
	(void)close(pidfd);
	(void)bailiff_sandbox_free(s);
}

/* Freed in the wrong order, and a request that is launched twice. */
static void part_orders(struct user *u)
{
	bailiff_request *r = request(u, "tool", forever);
	bailiff_sandbox *one = NULL, *two = NULL;

	IS(bailiff_launch(u->c, r, &one), 0);
	IS(bailiff_launch(u->c, r, &two), 0);
	HOLDS(bailiff_sandbox_id(one) != bailiff_sandbox_id(two));
	(void)bailiff_request_free(r);
	(void)bailiff_sandbox_free(two);
	u->c = bailiff_connection_free(u->c);
	/* The connection ended, so did the program. */
	IS(poll(&(struct pollfd){ .fd = bailiff_sandbox_pidfd(one), .events = POLLIN }, 1, 20000), 1);
	IS(bailiff_sandbox_wait(one, 0, NULL), -ENOTCONN);
	(void)bailiff_sandbox_free(one);
}

struct heard {
	bailiff_sandbox *sandboxes[4];
	unsigned n_launched, n_refused, n_ended;
	int code;
};

static void on_launched(int error, bailiff_sandbox *s, void *userdata)
{
	struct heard *h = userdata;

	if (error == 0 && s)
		h->sandboxes[h->n_launched++] = s;
	else if (error == -EACCES && !s)
		h->n_refused++;
}

static void on_ended(int error, const bailiff_exit *e, void *userdata)
{
	struct heard *h = userdata;

	if (error == 0 && strcmp(e->result, "exit-code") == 0)
		h->code += e->code;
	h->n_ended += error == 0;
}

/* The loop of a program that has others to poll for as well. */
static void turn(struct user *u)
{
	struct pollfd p = { .fd = bailiff_connection_get_fd(u->c),
		.events = (short)bailiff_connection_get_events(u->c) };
	uint64_t timeout;

	IS(bailiff_connection_get_timeout(u->c, &timeout), 0);
	HOLDS(p.fd > 2 && p.events > 0);
	HOLDS(poll(&p, 1, 20000) >= 0);
	while (bailiff_connection_process(u->c) > 0)
		;
}

static void part_async(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "exit 3", NULL };
	bailiff_request *r = request(u, "tool", argv), *closed = request(u, "closed", argv);
	bailiff_sandbox *forgotten = NULL;
	struct heard h = { 0 };

	for (int i = 0; i < 3; i++)
		IS(bailiff_launch_async(u->c, r, on_launched, &h), 0);
	IS(bailiff_launch_async(u->c, closed, on_launched, &h), 0);
	(void)bailiff_request_free(r);
	(void)bailiff_request_free(closed);
	HOLDS(h.n_launched == 0);
	while (h.n_launched < 3 || h.n_refused < 1)
		turn(u);
	for (int i = 0; i < 3; i++)
		IS(bailiff_sandbox_wait_async(h.sandboxes[i], on_ended, &h), 0);
	while (h.n_ended < 3)
		turn(u);
	IS(h.code, 9);
	for (int i = 0; i < 3; i++)
		(void)bailiff_sandbox_free(h.sandboxes[i]);
	/* who is no longer there is not told */
	forgotten = launch(u, forever);
	IS(bailiff_sandbox_wait_async(forgotten, on_ended, &h), 0);
	IS(bailiff_sandbox_signal(forgotten, SIGKILL, 0), 0);
	(void)bailiff_sandbox_free(forgotten);
	r = request(u, "tool", forever);
	IS(bailiff_launch_async(u->c, r, on_launched, &h), 0);
	(void)bailiff_request_free(r);
	u->c = bailiff_connection_free(u->c);
	IS(h.n_ended, 3);
	IS(h.n_launched, 3);
}

static void part_open_and_list(struct user *u)
{
	bailiff_sandbox *s = launch(u, forever), *opened = NULL;
	bailiff_sandbox_status *status = NULL;
	bailiff_sandbox_info *list = NULL;
	size_t n = 0;
	bailiff_connection *mine = u->c;
	uint64_t id = bailiff_sandbox_id(s);

	IS(bailiff_connect_address(u->address, &u->c), 0);
	IS(bailiff_sandbox_open(u->c, 0, &opened), -ESRCH);
	IS(bailiff_sandbox_open(u->c, UINT64_MAX, &opened), -ESRCH);
	IS(bailiff_sandbox_open(u->c, id, &opened), 0);
	IS(bailiff_sandbox_pid(opened), bailiff_sandbox_pid(s));
	IS(bailiff_sandbox_get_status(opened, &status), 0);
	IS(status->id, id);
	IS(status->owner, getuid());
	HOLDS(strcmp(status->profile, "tool") == 0 && strcmp(status->state, "running") == 0);
	HOLDS(status->layers && status->layers[0]);
	(void)bailiff_sandbox_status_free(status);
	IS(bailiff_list_sandboxes(u->c, &list), 0);
	for (bailiff_sandbox_info *i = list; i; i = i->next)
		n += i->id == id && strcmp(i->state, "running") == 0 && i->owner == getuid();
	IS(n, 1);
	(void)bailiff_sandbox_info_free(list);
	HOLDS(bailiff_sandbox_release(opened) < 0); /* it lives */
	/* The handle of one connection, the end by another. */
	IS(bailiff_sandbox_stop(opened, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	ends(u, opened, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(opened);
	IS(bailiff_sandbox_open(u->c, id, &opened), 0);
	IS(bailiff_sandbox_pidfd(opened), -ENOENT); /* it had ended */
	ends(u, opened, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(opened);
	(void)bailiff_sandbox_free(s);
	(void)bailiff_connection_free(mine);
}

static bool error_is(struct user *u, const char *name)
{
	return strcmp(bailiff_last_error_name(u->c), name) == 0;
}

static void part_refusals(struct user *u)
{
	static const char *const other[] = { "nosuch", NULL }, *const none[] = { NULL };
	static const struct {
		const char *profile, *const *argv;
		int error;
		const char *name;
	} refused[] = {
		{ "nosuch", forever, -ENOENT, RIG_ERROR("ProfileUnknown") },
		{ "closed", forever, -EACCES, RIG_ERROR("AccessDenied") },
		{ "tool", other, -EPERM, RIG_ERROR("ArgvDenied") },
		{ "tool", none, -EINVAL, "org.freedesktop.DBus.Error.InvalidArgs" },
	};
	bailiff_sandbox *s = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		bailiff_request *r = request(u, refused[i].profile, refused[i].argv);

		IS(bailiff_launch(u->c, r, &s), refused[i].error);
		HOLDS(error_is(u, refused[i].name) && *bailiff_last_error_message(u->c));
		(void)bailiff_request_free(r);
	}
	IS(bailiff_reload(u->c, NULL, NULL), -EACCES);
	HOLDS(s == NULL);
}

static void part_fds(struct user *u)
{
	bailiff_request *r = request(u, "tool", forever);
	bailiff_sandbox *s = NULL;
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), life[2];

	IS(bailiff_request_map_fd(r, 0, directory), 0);
	IS(bailiff_launch(u->c, r, &s), -EBADF);
	HOLDS(error_is(u, RIG_ERROR("InvalidFd")));
	(void)close(directory);
	/* Closed meanwhile: found on our side, and the connection lives on. */
	IS(bailiff_launch(u->c, r, &s), -EBADF);
	HOLDS(error_is(u, ""));
	(void)bailiff_request_free(r);
	r = request(u, "tool", forever);
	IS(pipe2(life, O_CLOEXEC), 0);
	for (int child = 10; child < 10 + BAILIFF_FDS_MAX; child++)
		IS(bailiff_request_map_fd(r, child, life[0]), 0);
	IS(bailiff_request_map_fd(r, 100, life[0]), -E2BIG);
	IS(bailiff_launch(u->c, r, &s), -EBADF); /* numbers that the profile does not have */
	(void)bailiff_request_free(r);
	r = request(u, "tool", forever);
	IS(bailiff_request_set_lifeline(r, life[0]), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	(void)bailiff_request_free(r);
	(void)close(life[0]);
	IS(bailiff_sandbox_wait(s, SECOND / 10, NULL), -ETIMEDOUT);
	(void)close(life[1]);
	ends(u, s, "client-gone", 0, SIGTERM);
	(void)bailiff_sandbox_free(s);
}

/* As the probe lists what it holds: number, device and inode. */
static bool is_listed(const char *output, int fd, const struct stat *st)
{
	g_autofree char *line =
		g_strdup_printf("\nfd %d %ju:%ju ", fd, (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);

	return strstr(output, line) != NULL;
}

/* n files, each of its own, from number 3 on: in the message as far as a bus carries them, else beside it. */
static void many_fds(struct user *u, int n)
{
	static const char *const see[] = { "/probe", "see", NULL };
	bailiff_request *r = request(u, "many", see);
	g_autofree char *output = NULL;
	struct stat st[BAILIFF_FDS_MAX];
	int fds[BAILIFF_FDS_MAX];
	bailiff_sandbox *s = NULL;

	for (int i = 0; i < n; i++) {
		fds[i] = memfd_create("many", MFD_CLOEXEC);
		IS(fds[i] < 0 ? -errno : fstat(fds[i], &st[i]), 0);
		IS(bailiff_request_map_fd(r, 3 + i, fds[i]), 0);
	}
	IS(bailiff_request_set_stdio(r, 1, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	(void)bailiff_request_free(r);
	output = rig_read_all(bailiff_sandbox_stream(s, 1), NULL);
	ends(u, s, "success", 0, 0);
	for (int i = 0; i < n; i++) {
		HOLDS(is_listed(output, 3 + i, &st[i]));
		(void)close(fds[i]);
	}
	{
		g_autofree char *next = g_strdup_printf("\nfd %d ", 3 + n);

		HOLDS(strstr(output, next) == NULL);
	}
	(void)bailiff_sandbox_free(s);
}

/* F1 */
static void part_many_fds(struct user *u)
{
	static const int counts[] = { 15, 16, 17, 64 };

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
		many_fds(u, counts[i]);
	many_fds(u, 17);
}

static void part_bytes(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "printf '%s' \"$1\"", "x", "\xff\xc0\x80", NULL };
	bailiff_sandbox *s = launch(u, argv);
	char text[16];

	IS(read(bailiff_sandbox_stream(s, 1), text, sizeof(text)), 3);
	HOLDS(memcmp(text, "\xff\xc0\x80", 3) == 0);
	ends(u, s, "success", 0, 0);
	(void)bailiff_sandbox_free(s);
}

static void part_other_services(struct user *u)
{
	bailiff_broker_status *status = NULL;
	bailiff_profile_info *profiles = NULL;
	char *one = NULL, *two = NULL;
	bool found = false;

	IS(bailiff_sanitize_username(u->c, "Alice", &one), 0);
	IS(bailiff_sanitize_username(u->c, "aLICE", &two), 0);
	HOLDS(strlen(one) == 40 && strcmp(one, two) == 0);
	HOLDS(strspn(one, "0123456789abcdef") == 40);
	free(one);
	free(two);
	HOLDS(bailiff_sanitize_username(u->c, "", &one) < 0);
	IS(bailiff_sanitize_username(u->c, "\xff", &one), -EILSEQ);
	IS(bailiff_get_broker_status(u->c, &status), 0);
	HOLDS(*status->version && status->generation > 0 && status->features);
	(void)bailiff_broker_status_free(status);
	IS(bailiff_list_profiles(u->c, &profiles), 0);
	for (bailiff_profile_info *p = profiles; p; p = p->next)
		found = found || (strcmp(p->name, "tool") == 0 && p->allowed);
	HOLDS(found);
	(void)bailiff_profile_info_free(profiles);
}

static void part_reload(struct user *u)
{
	uint32_t generation = 0;
	char **errors = NULL;

	HOLDS(hear(u->talk)); /* the profiles are broken now */
	IS(bailiff_reload(u->c, &generation, &errors), -EBADMSG);
	HOLDS(generation > 0 && errors && errors[0] && strstr(errors[0], "bad.conf:2"));
	errors = bailiff_strv_free(errors);
	say(u->talk);
	HOLDS(hear(u->talk)); /* and mended */
	IS(bailiff_reload(u->c, NULL, &errors), 0);
	HOLDS(errors && !errors[0]);
	(void)bailiff_strv_free(errors);
}

static void part_ends_while_broker_is_away(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "sleep 0.3; exit 9", NULL };
	bailiff_sandbox *s = launch(u, argv), *stays = launch(u, forever);
	bailiff_profile_info *list = NULL;

	say(u->talk);
	ends(u, s, "exit-code", 9, 0);
	(void)bailiff_sandbox_free(s);
	HOLDS(hear(u->talk)); /* the broker is back */
	/* The same handles and the same connection serve on. */
	IS(bailiff_sandbox_stop(stays, 0), 0);
	ends(u, stays, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(stays);
	IS(bailiff_list_profiles(u->c, &list), 0);
	(void)bailiff_profile_info_free(list);
}

static void part_launcher_dies(struct user *u)
{
	bailiff_sandbox *s = launch(u, forever), *again;

	say(u->talk);
	HOLDS(hear(u->talk));
	again = launch(u, forever);
	IS(bailiff_sandbox_stop(again, 0), 0);
	ends(u, again, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(again);
	IS(bailiff_sandbox_stop(s, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(s);
}

#define SIMPLE(name)                                                                                         \
	static void test_##name(void **state)                                                                \
	{                                                                                                    \
		user_alone(state, part_##name);                                                              \
	}
SIMPLE(streams)
SIMPLE(ready)
SIMPLE(wait_stop_signal)
SIMPLE(orders)
SIMPLE(async)
SIMPLE(open_and_list)
SIMPLE(refusals)
SIMPLE(fds)

static void test_many_fds(void **state)
{
	struct rig *rig = *state;
	g_autofree char *text = g_strdup_printf(
		"[Access]\nAllowUser=man\n[Exec]\nExecutable=/probe\nMaxFileDescriptors=%d\n"
		"[Filesystem]\nMinimalRoot=yes\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n",
		BAILIFF_FDS_MAX, g_getenv("BAILIFF_BUILD_ROOT"));

	rig_write(rig, "profiles/many.profile", text);
	rig_reload(rig);
	user_alone(state, part_many_fds);
	rig_remove(rig, "profiles/many.profile");
	rig_reload(rig);
}

SIMPLE(bytes)
SIMPLE(other_services)

static void test_reload(void **state)
{
	struct rig *rig = *state;
	int talk;
	pid_t pid = user_start(rig, 0, part_reload, &talk);

	rig_write(rig, "profiles/tool.profile.d/bad.conf", "[Exec]\nNoSuchKey=1\n");
	say(talk);
	assert_true(hear(talk));
	rig_remove(rig, "profiles/tool.profile.d/bad.conf");
	say(talk);
	user_finish(pid, talk);
}

static void killed_meanwhile(void **state, enum rig_process which, void (*part)(struct user *))
{
	struct rig *rig = *state;
	int talk;
	pid_t pid = user_start(rig, RIG_ALICE, part, &talk);

	assert_true(hear(talk));
	rig_kill_and_wait(rig, which);
	say(talk);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
}

static void test_broker_killed(void **state)
{
	killed_meanwhile(state, RIG_BROKER, part_ends_while_broker_is_away);
}

static void test_launcher_killed(void **state)
{
	killed_meanwhile(state, RIG_LAUNCHER, part_launcher_dies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_wait_stop_signal),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_async),
		cmocka_unit_test(test_open_and_list),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_many_fds),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_other_services),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_broker_killed),
		cmocka_unit_test(test_launcher_killed),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
