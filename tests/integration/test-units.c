/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * AllowUnit= with real processes, control groups and buses (A5): the unit counts that the caller's process is
 * in when it asks, be it one deeper, and no other; not one of a user's own manager that has the same name;
 * and no longer once the process that connected is gone, whoever has its connection.
 */

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVICE "bailiff-test.service"

static char *slice; /* the directory of ours that all units are in */
static char *home;  /* where we were before */

/* Units that are not it. */
static const char *const others[] = { "bailiff-test.scope", "xbailiff-test.service",
	"bailiff-test.service.scope", "user-7.slice/user@7.service/app.slice/" SERVICE, "user@7.service",
	"other.service/" SERVICE, "", NULL };

/* The second version's tree, be there others beside it. */
static char *cgroup_root(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	assert_true(g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 6);

		if (strstr(*line, " - cgroup2 ") && g_strv_length(words) > 4)
			return g_strdup(words[4]);
	}
	fail_msg("no cgroup2 is mounted");
	return NULL;
}

static char *own_cgroup(void)
{
	g_autofree char *text = NULL;
	char *at;

	assert_true(g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL));
	at = strstr(text, "0::/");
	assert_non_null(at);
	return g_strndup(at + strlen("0::"), strcspn(at, "\n") - strlen("0::"));
}

/* A process of the user's: over a bus that gives no pidfd another's would not count. */
struct client {
	pid_t pid;
	int channel;
};

static void become_bob(void)
{
	const gid_t gid = RIG_BOB;

	if (setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 ||
		setresuid(RIG_BOB, RIG_BOB, RIG_BOB) < 0)
		_exit(1);
}

static GDBusMessage *launch_call(void)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };

	return peer_launch("unit", argv, "@a{uh} {}");
}

static void send_fd(int to, int fd)
{
	struct iovec byte = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(fd))];
	} control = { .head = {
			      .cmsg_len = CMSG_LEN(sizeof(fd)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
		      } };
	const struct msghdr m = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(to, &m, 0) != 1)
		_exit(1);
}

/* Asks when it is told to, ends, and may leave its connection. */
static _Noreturn void be_client(const char *address, int channel)
{
	struct peer peer = { .fd = -1 };
	char byte;

	become_bob();
	(void)alarm(3 * RIG_TIMEOUT_MS / 1000);
	peer_connect(&peer, address);
	while (read(channel, &byte, 1) == 1 && byte == 'a') {
		g_autofree char *error = peer_ask(&peer, launch_call(), NULL, 0);

		if (!error || send(channel, error, strlen(error) + 1, MSG_NOSIGNAL) < 0)
			_exit(1);
	}
	if (byte == 'g')
		send_fd(channel, peer.fd);
	_exit(0);
}

static struct client client_start(struct rig *rig)
{
	struct client c;
	int pair[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
	c.channel = pair[0];
	c.pid = rig_fork();
	if (c.pid == 0) {
		(void)close(pair[0]);
		be_client(rig->client_address, pair[1]);
	}
	(void)close(pair[1]);
	return c;
}

static void client_end(struct client *c)
{
	int status;

	(void)send(c->channel, "q", 1, MSG_NOSIGNAL); /* or it has ended */
	(void)close(c->channel);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, 0);
}

static void move_to(pid_t pid, const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "cgroup.procs", NULL),
			*text = g_strdup_printf("%d", pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void enter(pid_t pid, const char *unit)
{
	g_autofree char *directory = g_build_filename(slice, unit, NULL);

	assert_return_code(g_mkdir_with_parents(directory, 0755), errno);
	move_to(pid, directory);
}

/* What its launch came to: "" or an error. */
static void expect(const struct client *c, const char *where, const char *wanted)
{
	struct pollfd p = { .fd = c->channel, .events = POLLIN };
	char name[256];
	ssize_t n;

	assert_int_equal(send(c->channel, "a", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
	n = recv(c->channel, name, sizeof(name), 0);
	assert_true(n > 0 && name[n - 1] == '\0');
	if (strcmp(name, wanted) != 0)
		fail_msg("in \"%s\": \"%s\", expected \"%s\"", where, name, wanted);
}

static const char *const allowed = "", *const refused = RIG_ERROR("AccessDenied");

/* One connection; its process is moved. */
static void test_moves(void **state)
{
	struct client c = client_start(*state);

	expect(&c, "no unit", refused);
	for (const char *const *unit = others; *unit; unit++) {
		enter(c.pid, SERVICE);
		expect(&c, SERVICE, allowed);
		enter(c.pid, *unit);
		expect(&c, *unit, refused);
	}
	enter(c.pid, SERVICE "/inner/deeper");
	expect(&c, "a group of the unit's", allowed);
	move_to(c.pid, home);
	expect(&c, "no unit any more", refused);
	client_end(&c);
	rig_wait_jailed(*state, 0);
}

/* Each process for itself. */
static void test_two(void **state)
{
	struct client in = client_start(*state), out = client_start(*state);

	enter(in.pid, SERVICE);
	enter(out.pid, "other.service");
	expect(&in, SERVICE, allowed);
	expect(&out, "another unit, of the same user", refused);
	enter(out.pid, SERVICE);
	enter(in.pid, "other.service");
	expect(&out, SERVICE, allowed);
	expect(&in, "another unit", refused);
	client_end(&in);
	client_end(&out);
	rig_wait_jailed(*state, 0);
}

static int receive_fd(int from)
{
	char byte;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int fd;

	assert_int_equal(recvmsg(from, &m, MSG_CMSG_CLOEXEC), 1);
	assert_int_equal(control.head.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* Whoever has the connection now may be in the unit himself: it is not he who connected. */
static void test_process_gone(void **state)
{
	struct client c = client_start(*state);
	struct peer peer = { .fd = -1 };
	g_autofree char *error = NULL;

	enter(c.pid, SERVICE);
	expect(&c, SERVICE, allowed);
	assert_int_equal(send(c.channel, "g", 1, MSG_NOSIGNAL), 1);
	peer_adopt(&peer, receive_fd(c.channel));
	client_end(&c);
	enter(getpid(), SERVICE);
	error = peer_ask(&peer, launch_call(), NULL, 0);
	move_to(getpid(), home);
	peer_close(&peer);
	assert_string_equal(error, refused);
	rig_wait_jailed(*state, 0);
}

static int set_up(void **state)
{
	g_autofree char *root = cgroup_root(), *own = own_cgroup(),
			*name = g_strdup_printf("bailifftest%d.slice", getpid());
	int r;

	home = g_build_filename(root, own, NULL);
	slice = g_build_filename(root, name, NULL);
	assert_return_code(g_mkdir(slice, 0755), errno);
	r = rig_setup(state);
	if (r == 0) {
		rig_write(*state, "profiles/unit.profile",
			"[Access]\nAllowUnit=" SERVICE "\n[Exec]\nExecutable=/usr/bin/sleep\n");
		rig_reload(*state);
	}
	return r;
}

/* A test that failed may have left us there. */
static int tear_down(void **state)
{
	char *const roots[] = { slice, NULL };
	FTS *fts;

	move_to(getpid(), home);
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *e = fts ? fts_read(fts) : NULL; e; e = fts_read(fts))
		if (e->fts_info == FTS_DP)
			assert_return_code(rmdir(e->fts_path), errno);
	(void)fts_close(fts);
	g_free(slice);
	g_free(home);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_moves),
		rig_test(test_two),
		rig_test(test_process_gone),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("units", tests, set_up, tear_down);
}
