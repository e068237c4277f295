/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/launcher/harness.h"
#include "base/error.h"
#include "base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEFT_TRIES      600
#define LEFT_PAUSE_USEC 50000

static void fill_profile(struct compiled_profile *p, const char *name, const char *executable)
{
	compiled_profile_init(p);
	p->name = strdup(name);
	p->executables = calloc(2, sizeof(char *));
	p->executables[0] = strdup(executable);
	p->access = calloc(1, sizeof(*p->access));
	p->n_access = 1;
	p->access[0] = (struct access_rule){ .type = ACCESS_USER,
		.id = ALLOWED_UID,
		.name = strdup("tester"),
		.origin = strdup("test.profile:1") };
	p->namespaces = JAIL_NS_PID | JAIL_NS_IPC;
	p->minimal_root = p->private_tmp = p->private_devices = p->mount_proc = false;
	p->dynamic_user = false;
	p->uid = p->gid = ALLOWED_UID;
	p->timeout_stop_usec = 300000;
	p->filter = calloc(1, sizeof(*p->filter));
	p->filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	p->n_filter = 1;
	p->working_directory = strdup("/");
}

int catalog_memfd(const struct launcher *l)
{
	struct catalog *c = calloc(1, sizeof(*c));
	int fd = -1;

	compiled_config_init(&c->config);
	c->config.max_sandboxes = MAX_LIVE;
	c->config.max_spare_jails = 0; /* what is found at the end is left behind */
	c->config.setup_timeout_usec = 5000000;
	c->config.dynamic_uid_min = DYNAMIC_MIN;
	c->config.dynamic_uid_max = DYNAMIC_MIN + DYNAMIC_N - 1;
	for (char **s = c->config.salt_paths; s && *s; s++)
		free(*s);
	free(c->config.salt_paths);
	c->config.salt_paths = calloc(2, sizeof(char *));
	assert_true(asprintf(&c->config.salt_paths[0], "%s/salt", l->dir) > 0);
	c->n_profiles = N_PROFILES;
	c->profiles = calloc(N_PROFILES, sizeof(*c->profiles));
	fill_profile(&c->profiles[PROFILE_DYNAMIC], "dynamic", "/usr/bin/dash");
	c->profiles[PROFILE_DYNAMIC].dynamic_user = true;
	fill_profile(&c->profiles[PROFILE_MISSING], "missing", "/usr/bin/dash-that-is-not");
	fill_profile(&c->profiles[PROFILE_NOTIFY], "notify", "/usr/bin/dash");
	c->profiles[PROFILE_NOTIFY].namespaces |= JAIL_NS_MOUNT;
	c->profiles[PROFILE_NOTIFY].minimal_root = c->profiles[PROFILE_NOTIFY].private_devices = true;
	c->profiles[PROFILE_NOTIFY].timeout_start_usec = 4000000;
	fill_profile(&c->profiles[PROFILE_SHELL], "shell", "/usr/bin/dash");
	c->profiles[PROFILE_SHELL].max_fds = FDS_MAX;
	c->profiles[PROFILE_SHELL].n_slots = 1;
	c->profiles[PROFILE_SHELL].slots = calloc(1, sizeof(struct fd_slot));
	c->profiles[PROFILE_SHELL].slots[0] = (struct fd_slot){
		.number = 5, .kinds = 1U << FD_KIND_PIPE, .access = FD_ACCESS_READ | FD_ACCESS_WRITE
	};
	fill_profile(&c->profiles[PROFILE_SHORT], "short", "/usr/bin/dash");
	c->profiles[PROFILE_SHORT].runtime_max_usec = 200000;
	fill_profile(&c->profiles[PROFILE_TERMINAL], "terminal", "/usr/bin/dash");
	for (size_t i = 0; i < 3; i++)
		c->profiles[PROFILE_TERMINAL].stdio[i] = STDIO_PTY;
	assert_int_equal(catalog_to_memfd(c, &fd), 0);
	(void)catalog_free(c);
	return fd;
}

static void exec_launcher(int channel)
{
	const char *path = getenv("BAILIFF_LAUNCHER");
	char level[] = "--log-level=emerg", name[] = "bailiff-launcher";
	char *argv[] = { name, level, NULL }, *envp[] = { NULL };
	int null_fd = open("/dev/null", O_RDWR);

	if (getenv("BAILIFF_TEST_VERBOSE"))
		argv[1] = (char[]){ "--log-level=debug" };
	if (null_fd >= 0 && dup2(null_fd, 0) >= 0 && dup2(channel, 3) >= 0 &&
		syscall(SYS_close_range, 4U, ~0U, 0U) == 0 && path)
		(void)execve(path, argv, envp);
	_exit(126);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, REPLY_MSEC), 1);
}

void tell_launcher(struct launcher *l, uint32_t type, uint32_t generation, uint32_t value, int fd)
{
	const struct keeper_message m = { .type = type, .generation = generation, .value = value };

	assert_int_equal(keeper_send(l->keeper, &m, &fd, fd >= 0 ? 1 : 0), 0);
	(void)fd_close(fd);
}

void expect_keeper(struct launcher *l, uint32_t type)
{
	int fds[KEEPER_FDS_MAX];
	struct keeper_message m;

	/* a broker that was cut off is to be ended, which is no affair of most tests */
	do {
		wait_readable(l->keeper);
		assert_int_equal(keeper_receive(l->keeper, &m, fds), 1);
	} while (m.type == WIRE_BROKEN && type != WIRE_BROKEN);
	assert_int_equal(m.type, type);
}

void connect_broker(struct launcher *l)
{
	int pair[2];

	l->broker = fd_close(l->broker);
	assert_int_equal(wire_channel_pair(pair), 0);
	l->broker = pair[0];
	tell_launcher(l, WIRE_PEER, 0, 0, pair[1]);
}

void introduce_broker(struct launcher *l)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(0);
	uint32_t type = WIRE_ENTRY;

	connect_broker(l);
	(void)encode_empty(&b, WIRE_LIST, ++l->serial);
	assert_int_equal(wire_send(l->broker, b.data, b.size, NULL, 0), 0);
	while (type == WIRE_ENTRY) {
		_cleanup_(wire_record_done) struct wire_record record;
		struct cursor c;
		uint32_t serial;

		type = receive(l, &record, &serial, &c);
		assert_int_equal(serial, l->serial);
	}
	assert_int_equal(type, WIRE_DONE);
}

void launcher_start(struct launcher *l)
{
	struct keeper_message start = { .type = WIRE_START, .flags = KEEPER_HAS_HOST_PROC | KEEPER_HAS_UIDS };
	int pair[2], proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	int uids_fd = l->uids_fd > 0 ? l->uids_fd : memfd_create("uids", MFD_CLOEXEC);
	int fds[] = { proc_fd, uids_fd };

	*l = (struct launcher){
		.keeper = -1, .broker = -1, .generation = 1, .serial = 100, .uids_fd = uids_fd
	};
	(void)snprintf(l->dir, sizeof(l->dir), "/tmp/bailiff-test-launcher.XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	assert_int_equal(wire_channel_pair(pair), 0);
	l->pid = fork();
	assert_true(l->pid >= 0);
	if (l->pid == 0)
		exec_launcher(pair[1]);
	(void)fd_close(pair[1]);
	l->keeper = pair[0];
	assert_int_equal(keeper_send(l->keeper, &start, fds, 2), 0);
	(void)fd_close(proc_fd);
	tell_launcher(l, WIRE_CATALOG, 1, 0, catalog_memfd(l));
	expect_keeper(l, WIRE_CATALOG_OK);
	expect_keeper(l, WIRE_READY);
	introduce_broker(l);
}

void launcher_stop(struct launcher *l)
{
	char path[128];
	int status;

	if (l->keeper >= 0) {
		tell_launcher(l, WIRE_SHUTDOWN, 0, 1000, -1);
		expect_keeper(l, WIRE_READY);
		l->keeper = fd_close(l->keeper);
	}
	assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	l->broker = fd_close(l->broker);
	(void)snprintf(path, sizeof(path), "%s/salt", l->dir);
	(void)unlink(path);
	assert_int_equal(rmdir(l->dir), 0);
}

bool broker_is_cut_off(struct launcher *l)
{
	struct wire_record record;
	int r;

	for (;;) {
		wait_readable(l->broker);
		wire_record_init(&record);
		r = wire_receive(l->broker, &record);
		wire_record_done(&record);
		if (r <= 0)
			return r == 0;
	}
}

struct launch_request request_shell(const struct launcher *l, uint32_t profile, char *argv[4], char *script)
{
	static char shell[] = "/usr/bin/dash", option[] = "-c";
	struct launch_request m = {
		.generation = l->generation,
		.profile = profile,
		.uid = ALLOWED_UID,
		.argv = argv,
		.stdio = { PLAN_STDIO_UNSET, PLAN_STDIO_UNSET, PLAN_STDIO_UNSET },
		.n_note = 4,
	};

	argv[0] = shell;
	argv[1] = option;
	argv[2] = script;
	argv[3] = NULL;
	memcpy(m.note, "note", 4);
	return m;
}

uint32_t send_launch(struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds)
{
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);

	assert_int_equal(encode_launch_request(&b, ++l->serial, m), 0);
	assert_int_equal(wire_send(l->broker, b.data, b.size, fds, n_fds), 0);
	return l->serial;
}

uint32_t receive(
	struct launcher *l, struct wire_record *record, uint32_t *ret_serial, struct cursor *ret_cursor)
{
	uint32_t type = WIRE_NONE;

	wait_readable(l->broker);
	wire_record_init(record);
	assert_int_equal(wire_receive(l->broker, record), 1);
	*ret_cursor = CURSOR_INIT(record->data, record->size);
	assert_int_equal(wire_head(ret_cursor, &type, ret_serial), 0);
	return type;
}

uint64_t launch_request_ok(struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds,
	struct launched *ret, int *ret_pidfd)
{
	_cleanup_(wire_record_done) struct wire_record record;
	uint32_t serial = send_launch(l, m, fds, n_fds), got;
	struct launched launched = { 0 };
	struct refused refused = { 0 };
	struct cursor c;
	uint64_t id;

	if (receive(l, &record, &got, &c) != WIRE_LAUNCHED) {
		assert_int_equal(decode_refused(&c, &refused), 0);
		fail_msg("refused: %s", refused.message);
	}
	assert_int_equal(got, serial);
	assert_int_equal(decode_launched(&c, &launched), 0);
	assert_int_equal(record.n_fds, 1);
	assert_true(launched.host_pid > 0);
	id = launched.id;
	if (ret_pidfd)
		*ret_pidfd = wire_record_steal_fd(&record, 0);
	if (ret)
		*ret = launched;
	else
		launched_done(&launched);
	return id;
}

uint64_t launch(struct launcher *l, uint32_t profile, char *script, int *ret_pidfd)
{
	char *argv[4];
	struct launch_request m = request_shell(l, profile, argv, script);

	return launch_request_ok(l, &m, NULL, 0, NULL, ret_pidfd);
}

struct refused launch_refused(
	struct launcher *l, const struct launch_request *m, const int *fds, size_t n_fds)
{
	_cleanup_(wire_record_done) struct wire_record record;
	uint32_t serial = send_launch(l, m, fds, n_fds), got;
	struct refused refused = { 0 };
	struct cursor c;

	assert_int_equal(receive(l, &record, &got, &c), WIRE_REFUSED);
	assert_int_equal(got, serial);
	assert_int_equal(decode_refused(&c, &refused), 0);
	assert_true(refused.message && refused.message[0]);
	return refused;
}

/* The launcher says before, where nobody asked for it, that it stops the sandbox. */
static uint32_t receive_end(
	struct launcher *l, struct wire_record *record, uint32_t *ret_serial, struct cursor *ret_cursor)
{
	uint32_t type = receive(l, record, ret_serial, ret_cursor);

	if (type != WIRE_STOPPING)
		return type;
	wire_record_done(record);
	return receive(l, record, ret_serial, ret_cursor);
}

struct sandbox_exit expect_exit(struct launcher *l, uint64_t id)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct sandbox_exit e = { 0 };
	struct cursor c;
	uint32_t serial;

	assert_int_equal(receive_end(l, &record, &serial, &c), WIRE_EXITED);
	assert_int_equal(serial, 0);
	assert_int_equal(decode_sandbox_exit(&c, &e), 0);
	assert_true(e.id == id);
	return e;
}

int expect_done(struct launcher *l, uint32_t serial)
{
	_cleanup_(wire_record_done) struct wire_record record;
	struct done done = { 0 };
	struct cursor c;
	uint32_t got;

	assert_int_equal(receive(l, &record, &got, &c), WIRE_DONE);
	assert_int_equal(got, serial);
	assert_int_equal(decode_done(&c, &done), 0);
	return done.error;
}

int ask(struct launcher *l, struct buf *b)
{
	assert_int_equal(buf_error(b), 0);
	assert_int_equal(wire_send(l->broker, b->data, b->size, NULL, 0), 0);
	buf_done(b);
	return expect_done(l, l->serial);
}

int ask_signal(struct launcher *l, uint64_t id, int sig, bool all)
{
	struct buf b = BUF_INIT(0);

	(void)encode_signal_request(
		&b, ++l->serial, &(struct signal_request){ .id = id, .signal = sig, .all = all });
	return ask(l, &b);
}

int ask_stop(struct launcher *l, uint64_t id, uint64_t timeout_usec, uint32_t reason)
{
	struct buf b = BUF_INIT(0);

	(void)encode_stop_request(&b, ++l->serial,
		&(struct stop_request){ .id = id, .timeout_usec = timeout_usec, .reason = reason });
	return ask(l, &b);
}

int ask_forget(struct launcher *l, uint64_t id)
{
	struct buf b = BUF_INIT(0);

	(void)encode_id(&b, WIRE_FORGET, ++l->serial, id);
	return ask(l, &b);
}

size_t count_fds(const struct launcher *l)
{
	char path[64];
	size_t n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)l->pid);
	d = opendir(path);
	assert_non_null(d);
	while (readdir(d))
		n++;
	(void)closedir(d);
	return n;
}

/* Who makes inits is there as long as the launcher is. */
static bool makes_inits(pid_t pid)
{
	char path[64], name[32] = "";
	_cleanup_close_ int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, name, sizeof(name) - 1) > 0 && strcmp(name, "init-maker\n") == 0;
}

/* Of one thread: its cloners have most. */
static size_t children_of(const struct launcher *l, const char *thread)
{
	char path[64], text[4096], *at = text, *end;
	size_t n = 0;
	ssize_t size;
	long pid;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)l->pid, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	size = read(fd, text, sizeof(text) - 1);
	assert_true(size >= 0);
	(void)close(fd);
	text[size] = '\0';
	for (; pid = strtol(at, &end, 10), end != at; at = end)
		n += !makes_inits((pid_t)pid);
	return n;
}

size_t count_children(const struct launcher *l)
{
	const struct dirent *thread;
	char path[64];
	size_t n = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)l->pid);
	d = opendir(path);
	assert_non_null(d);
	while ((thread = readdir(d)))
		if (thread->d_name[0] != '.')
			n += children_of(l, thread->d_name);
	(void)closedir(d);
	return n;
}

size_t count_settled_fds(struct launcher *l)
{
	/* who makes networks ahead is a child, and takes some while it does */
	for (int i = 0; i < LEFT_TRIES; i++) {
		settle(l);
		if (count_children(l) == 0)
			break;
		(void)usleep(LEFT_PAUSE_USEC);
	}
	return count_fds(l);
}

/* A launcher that answers has taken its new connection. */
void settle(struct launcher *l)
{
	assert_int_equal(ask_forget(l, 1), -ESRCH);
}

void launch_missing(struct launcher *l)
{
	char *argv[4], missing[] = "/usr/bin/dash-that-is-not", script[] = ":";
	struct launch_request m = request_shell(l, PROFILE_MISSING, argv, script);
	struct refused refused;

	argv[0] = missing;
	refused = launch_refused(l, &m, NULL, 0);
	assert_int_equal(refused.refusal, REFUSAL_NONE);
	assert_int_equal(refused.stage, STAGE_EXEC);
	assert_int_equal(refused.error, -ENOENT);
	assert_non_null(strstr(refused.message, missing));
	refused_done(&refused);
}

void expect_nothing_left(struct launcher *l, size_t fds)
{
	/* one that was killed may take longer to end than the launcher waits for it: it comes back to it */
	for (int i = 0; i < LEFT_TRIES; i++) {
		settle(l);
		if (count_fds(l) == fds && count_children(l) == 0)
			return;
		(void)usleep(LEFT_PAUSE_USEC);
	}
	assert_int_equal(count_fds(l), fds);
	assert_int_equal(count_children(l), 0);
}
