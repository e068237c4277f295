/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stand-in.h"
#include "dbus/names.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#define SANDBOX_PATH BAILIFF_SANDBOX_PREFIX "/7"
#define PAYLOAD_EXIT 3

static const char bus_config[] =
	"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
	"\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>"
	"<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_type=\"method_call\"/>"
	"<allow send_type=\"signal\"/><allow send_requested_reply=\"true\"/><allow "
	"receive_type=\"method_call\"/>"
	"<allow receive_type=\"signal\"/><allow receive_requested_reply=\"true\"/></policy></busconfig>\n";

/* Forked children end with the test, whatever becomes of it. (A change of uid takes that away.) */
static void end_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
}

static pid_t fork_child(void)
{
	pid_t parent = getpid(), child = fork();

	assert_return_code(child, errno);
	if (child == 0)
		end_with(parent);
	return child;
}

static void end_child(pid_t *pid)
{
	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGKILL);
	(void)waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* That it is there does not mean that somebody listens. */
static void await_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	for (unsigned i = 0; i < 1000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int r = connect(fd, (const struct sockaddr *)&address, sizeof(address));

		(void)close(fd);
		if (r == 0)
			return;
		(void)poll(NULL, 0, 10);
	}
	fail_msg("nobody listens on %s", path);
}

void stand_in_open(struct stand_in *s)
{
	char path[80], argument[128];
	FILE *f;

	*s = (struct stand_in){ 0 };
	(void)snprintf(s->directory, sizeof(s->directory), "/tmp/bailiff-client-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	assert_int_equal(chmod(s->directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/conf", s->directory);
	f = fopen(path, "we");
	assert_non_null(f);
	(void)fprintf(f, bus_config, s->directory);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(argument, sizeof(argument), "--config-file=%s", path);
	s->bus = fork_child();
	if (s->bus == 0) {
		/* It complains where it may not raise its fd limit, in containers. */
		(void)snprintf(path, sizeof(path), "%s/log", s->directory);
		(void)dup2(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
		(void)execlp("dbus-daemon", "dbus-daemon", argument, "--nofork", "--nopidfile", (char *)NULL);
		_exit(127);
	}
	(void)snprintf(path, sizeof(path), "%s/bus", s->directory);
	await_socket(path);
	(void)snprintf(s->address, sizeof(s->address), "unix:path=%s", path);
	s->state = mmap(NULL, sizeof(*s->state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->state, MAP_FAILED);
}

void stand_in_end_bus(struct stand_in *s)
{
	end_child(&s->bus);
}

void stand_in_end_payload(struct stand_in *s)
{
	if (s->state->payload > 0)
		(void)kill(s->state->payload, SIGTERM);
}

static bool has_owner(const struct stand_in *s)
{
	sd_bus *bus = NULL;
	bool owned;

	assert_return_code(sd_bus_new(&bus), 0);
	assert_return_code(sd_bus_set_address(bus, s->address), 0);
	assert_return_code(sd_bus_set_bus_client(bus, 1), 0);
	/* a bus that has no time to answer has not said that the name is free */
	owned = sd_bus_start(bus) < 0 || sd_bus_get_name_creds(bus, BAILIFF_BUS_NAME, 0, NULL) != -ENXIO;
	sd_bus_close_unref(bus);
	return owned;
}

void stand_in_end_broker(struct stand_in *s)
{
	end_child(&s->broker);
	/* What ended is its keeper; the kernel ends it, and the bus sees that, a moment later. */
	for (unsigned i = 0; s->bus > 0 && has_owner(s); i++) {
		assert_true(i < 500);
		(void)poll(NULL, 0, 10);
	}
}

void stand_in_close(struct stand_in *s)
{
	static const char *const files[] = { "conf", "bus", "log" };
	char path[80];

	if (s->state->payload > 0)
		(void)kill(s->state->payload, SIGKILL);
	stand_in_end_broker(s);
	stand_in_end_bus(s);
	(void)munmap(s->state, sizeof(*s->state));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->directory, files[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(s->directory), 0);
}

/* The payload outlives the broker, as a sandbox does: it belongs to init afterwards. */
static pid_t start_payload(void)
{
	pid_t child = fork();

	if (child == 0) {
		(void)close_range(3, ~0U, 0); /* the broker's connection */
		(void)signal(SIGTERM, SIG_DFL);
		(void)pause();
		_exit(PAYLOAD_EXIT);
	}
	return child;
}

static int launch_ok(struct stand_in_state *st, sd_bus_message *m)
{
	sd_bus_message *reply = NULL;
	int pidfd;

	(void)sd_bus_message_skip(m, "asa{ss}");
	(void)sd_bus_message_enter_container(m, 'a', "{uh}");
	for (st->fds = 0; sd_bus_message_skip(m, "{uh}") > 0;)
		st->fds++;
	st->payload = start_payload();
	(void)snprintf(st->client, sizeof(st->client), "%s", sd_bus_message_get_sender(m));
	pidfd = (int)syscall(SYS_pidfd_open, st->payload, 0);
	(void)sd_bus_message_new_method_return(m, &reply);
	(void)sd_bus_message_append(reply, "oha{uh}a{sv}", SANDBOX_PATH, pidfd, 1, 1U, STDERR_FILENO, 2, "id",
		"t", (uint64_t)STAND_IN_ID, "pid", "u", (uint32_t)st->payload);
	(void)sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return 1;
}

static int no_such_sandbox(sd_bus_message *m)
{
	return sd_bus_reply_method_errorf(m, BAILIFF_ERROR_NO_SUCH_SANDBOX, "No such sandbox of this user");
}

static void note_token(struct stand_in_state *st, sd_bus_message *m)
{
	const char *key, *token = NULL;

	(void)sd_bus_message_skip(m, "sasa{ss}a{uh}");
	(void)sd_bus_message_enter_container(m, 'a', "{sv}");
	while (!token && sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		(void)sd_bus_message_read_basic(m, 's', &key);
		if (strcmp(key, "token") == 0)
			(void)sd_bus_message_read(m, "v", "s", &token);
		else
			(void)sd_bus_message_skip(m, "v");
		(void)sd_bus_message_exit_container(m);
	}
	if (strcmp(st->token, token ? token : "") != 0) {
		st->tokens++;
		(void)snprintf(st->token, sizeof(st->token), "%s", token ? token : "");
	}
	(void)sd_bus_message_rewind(m, 1);
}

static int on_launch(struct stand_in_state *st, sd_bus_message *m)
{
	const char *profile;

	st->launches++;
	note_token(st, m);
	if (st->deaths_at_launch > 0) {
		st->deaths_at_launch--;
		_exit(99);
	}
	if (sd_bus_message_read_basic(m, 's', &profile) <= 0)
		_exit(0);
	if (strcmp(profile, "denied") == 0)
		return sd_bus_reply_method_errorf(
			m, BAILIFF_ERROR_ACCESS_DENIED, "not for you [denied.profile:3]");
	if (strcmp(profile, "garbled") == 0)
		return sd_bus_reply_method_return(m, "s", "what?");
	if (strcmp(profile, "ended") == 0)
		return no_such_sandbox(m);
	return launch_ok(st, m);
}

static int on_wait(struct stand_in_state *st, sd_bus_message *m)
{
	st->waits++;
	if (st->deaths_at_wait > 0) {
		st->deaths_at_wait--;
		_exit(99);
	}
	return sd_bus_reply_method_return(m, "siia{sv}", "exit-code", PAYLOAD_EXIT, 0, 0);
}

/* Signals to whoever launched: right ones, and of forms that no broker sends. */
static void emit(sd_bus *bus, struct stand_in_state *st)
{
	static const struct {
		const char *member, *types;
	} signals[] = { { "Exited", "" }, { "Exited", "s" }, { "Violation", "u" }, { "NotKnown", "" },
		{ "Violation", "sss" }, { "Ready", "" } };

	const uint32_t number = 1;

	for (unsigned n = 0; n < st->n_emit; n++)
		for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
			sd_bus_message *m = NULL;
			const char *types = signals[i].types;

			(void)sd_bus_message_new_signal(
				bus, &m, SANDBOX_PATH, BAILIFF_SANDBOX_INTERFACE, signals[i].member);
			for (; *types; types++)
				(void)sd_bus_message_append_basic(
					m, *types, *types == 's' ? (const void *)"x" : &number);
			(void)sd_bus_send_to(bus, m, st->client, NULL);
			sd_bus_message_unref(m);
		}
}

static int tell_end(struct stand_in_state *st, sd_bus_message *m)
{
	sd_bus_message *told = NULL;
	int r = sd_bus_reply_method_return(m, "");

	(void)sd_bus_message_new_signal(
		sd_bus_message_get_bus(m), &told, SANDBOX_PATH, BAILIFF_SANDBOX_INTERFACE, "Exited");
	(void)sd_bus_message_append(told, "sii", "exit-code", 5, 0);
	(void)sd_bus_send_to(sd_bus_message_get_bus(m), told, st->client, NULL);
	sd_bus_message_unref(told);
	return r;
}

static int on_find(struct stand_in_state *st, sd_bus_message *m)
{
	uint64_t id = 0;

	st->finds++;
	(void)sd_bus_message_read_basic(m, 't', &id);
	if (id != STAND_IN_ID || st->forgets)
		return no_such_sandbox(m);
	return sd_bus_reply_method_return(m, "o", SANDBOX_PATH);
}

static int on_sandbox(struct stand_in_state *st, sd_bus_message *m)
{
	const char *whom;
	int number;

	if (sd_bus_message_is_method_call(m, NULL, "Wait"))
		return on_wait(st, m);
	if (sd_bus_message_is_method_call(m, NULL, "GetPidfd") && st->payload == 0)
		return no_such_sandbox(m);
	if (sd_bus_message_is_method_call(m, NULL, "GetPidfd"))
		return sd_bus_reply_method_return(m, "h", (int)syscall(SYS_pidfd_open, st->payload, 0));
	if (sd_bus_message_is_method_call(m, NULL, "GetAll"))
		return sd_bus_reply_method_return(m, "a{sv}", 5, "Id", "t", (uint64_t)STAND_IN_ID, "State",
			"s", "running", "Pid", "u", (uint32_t)st->payload, "Layers", "as", 1, "seccomp",
			"Newer", "(ii)", 1, 2);
	if (sd_bus_message_is_method_call(m, NULL, "Signal") &&
		sd_bus_message_read(m, "is", &number, &whom) > 0) {
		st->signal = (unsigned)number;
		if (st->tells_end)
			return tell_end(st, m);
		emit(sd_bus_message_get_bus(m), st);
	} else if (sd_bus_message_is_method_call(m, NULL, "Release"))
		st->releases++;
	else if (sd_bus_message_is_method_call(m, NULL, "Stop"))
		st->stops++;
	return sd_bus_reply_method_return(m, "");
}

/* By its id, or by the token that its client chose. */
static bool is_sandbox(const struct stand_in_state *st, const char *path)
{
	const size_t n = strlen(BAILIFF_SANDBOX_PREFIX "/");

	return strcmp(path, SANDBOX_PATH) == 0 ||
	       (strncmp(path, BAILIFF_SANDBOX_PREFIX "/", n) == 0 && strcmp(path + n, st->token) == 0);
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
	struct stand_in_state *st = userdata;

	if (sd_bus_message_is_method_call(m, BAILIFF_MANAGER_INTERFACE, "LaunchSandboxed"))
		return on_launch(st, m);
	if (sd_bus_message_is_method_call(m, NULL, "GetSandbox"))
		return on_find(st, m);
	if (sd_bus_message_is_method_call(m, NULL, "ListSandboxes"))
		return sd_bus_reply_method_return(m, "a(otssuus)", 2, SANDBOX_PATH, (uint64_t)STAND_IN_ID,
			"ok", "tag", 4242U, 6U, "running", "/a", (uint64_t)8, "b", "", 0U, 0U, "exited");
	if (sd_bus_message_is_method_call(m, NULL, "ListProfiles"))
		return sd_bus_reply_method_return(m, "a(ssbd)", 1, "ok", "fine", 1, -1.0);
	if (sd_bus_message_is_method_call(m, NULL, "Reload"))
		return sd_bus_reply_method_return(m, "uas", 4U, 1, "x.profile:1:1: error: no");
	if (sd_bus_message_is_method_call(m, NULL, "GetSanitizedUsername"))
		return sd_bus_reply_method_return(m, "s", "0123456789012345678901234567890123456789");
	if (sd_bus_message_is_method_call(m, NULL, "GetUserPaths"))
		return sd_bus_reply_method_return(
			m, "a{ss}", 3, "sanitized", "01", "user", "/home/user/01", "root", "/home/root/01");
	if (sd_bus_message_is_method_call(m, NULL, "GetDaemonStorePath"))
		return sd_bus_reply_method_return(m, "s", "/run/daemon-store/s/01");
	if (is_sandbox(st, sd_bus_message_get_path(m)))
		return on_sandbox(st, m);
	return 0;
}

static void serve(const struct stand_in *s)
{
	sd_bus *bus = NULL;

	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, s->address) < 0 ||
		sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
		sd_bus_add_fallback(bus, NULL, BAILIFF_OBJECT_PATH, on_call, s->state) < 0 ||
		sd_bus_request_name(bus, BAILIFF_BUS_NAME, 0) < 0)
		_exit(98);
	if (s->state->emits_when_started)
		emit(bus, s->state);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			_exit(97);
	}
}

/* Restarts it when it ended at Wait(), as the keeper does. */
static void keep(const struct stand_in *s, uid_t uid, unsigned delay_ms)
{
	pid_t parent = getpid();
	int status;

	for (;;) {
		pid_t child;

		(void)poll(NULL, 0, (int)delay_ms);
		child = fork_child();
		if (child == 0) {
			if (setresuid(uid, uid, uid) < 0)
				_exit(96);
			end_with(parent);
			serve(s);
		}
		if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 99)
			_exit(0);
		delay_ms = 300;
	}
}

void stand_in_broker(struct stand_in *s, uid_t uid, unsigned delay_ms)
{
	s->broker = fork_child();
	if (s->broker == 0)
		keep(s, uid, delay_ms);
	for (unsigned i = 0; delay_ms == 0 && !has_owner(s); i++) {
		assert_true(i < 500);
		(void)poll(NULL, 0, 10);
	}
}
