/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_USEC 20000

static const char *source_root(void)
{
	return g_getenv("BAILIFF_SOURCE_ROOT");
}

static const char *build_root(void)
{
	return g_getenv("BAILIFF_BUILD_ROOT");
}

static char *read_file(const char *path)
{
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("");
	return text;
}

/* The cgroup of a daemon: named after its runtime directory, so that others' come and go unnoticed. FNV-1a,
 * as bailiffd(8) says. */
char *rig_cgroup_name(const struct rig *rig)
{
	g_autofree char *dir = g_strdup_printf("%s/run", rig->dir);
	guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);

	for (const char *p = dir; *p; p++)
		hash = (hash ^ (guchar)*p) * G_GUINT64_CONSTANT(0x100000001b3);
	return g_strdup_printf("bailiff-%016" G_GINT64_MODIFIER "x", hash);
}

static bool has_cgroup(const struct rig *rig)
{
	char root[] = "/sys/fs/cgroup";
	char *const roots[] = { root, NULL };
	g_autofree char *name = rig_cgroup_name(rig);
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	bool found = false;

	assert_non_null(fts);
	for (FTSENT *e = fts_read(fts); e && !found; e = fts_read(fts))
		found = strcmp(e->fts_name, name) == 0;
	(void)fts_close(fts);
	return found;
}

void rig_write(struct rig *rig, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(rig->dir, "config", name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_return_code(g_mkdir_with_parents(parent, 0755), errno);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_return_code(chmod(path, 0644), errno);
}

void rig_remove(struct rig *rig, const char *name)
{
	g_autofree char *path = g_build_filename(rig->dir, "config", name, NULL);

	(void)unlink(path);
}

/* Copies what the project ships, so that the tests launch what users launch. */
static void copy_shipped(struct rig *rig, const char *from, const char *to)
{
	g_autofree char *dir_path = g_build_filename(source_root(), "policies", from, NULL);
	DIR *d = opendir(dir_path);

	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		g_autofree char *path = g_build_filename(dir_path, e->d_name, NULL);
		g_autofree char *name = g_build_filename(to, e->d_name, NULL);
		g_autofree char *text = NULL;

		if (e->d_type != DT_REG || g_str_has_suffix(e->d_name, ".build"))
			continue;
		text = read_file(path);
		rig_write(rig, name, text);
	}
	(void)closedir(d);
}

static const char probe_profile[] =
	"[Profile]\nDescription=The test probe\n"
	"[Access]\nAllowUser=man\nAllowDetach=yes\n"
	"[Exec]\nExecutable=/probe\nEnvironment=SHAPE=square\nPassEnvironment=COLOUR SIZE_*\n"
	"FileDescriptor=5 pipe,socket\nFileDescriptor=6 regular,read-only\n"
	"StandardInput=inherit\nStandardOutput=inherit\nStandardError=inherit\nUMask=0027\n"
	"[Filesystem]\nMinimalRoot=yes\nPrivateTmp=yes\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n"
	"[Resources]\nLimitNOFILE=256\nLimitNPROC=64\nTimeoutStopSec=2s\n";

/* Ordinary programs of the system, jailed. */
static const char tool_profile[] =
	"[Profile]\nDescription=Ordinary programs\n"
	"[Access]\nAllowUser=man\nAllowDetach=yes\n"
	"[Exec]\nExecutable=/usr/bin/sleep\nExecutable=/usr/bin/cat\nExecutable=/usr/bin/dash\n"
	"FileDescriptor=3 pipe\n"
	"StandardInput=inherit\nStandardOutput=inherit\nStandardError=inherit\n"
	"[Filesystem]\nPrivateTmp=yes\n"
	"[Resources]\nTimeoutStopSec=1s\nLimitNPROC=64\n";

static const char strict_profile[] = "[Access]\nAllowGroup=lp\n"
				     "[Exec]\nExecutable=/usr/bin/sleep\nArgument=[0-9]{1,3}\n"
				     "[Resources]\nRuntimeMaxSec=1s\nLimitNOFILE=64\n";

static const char closed_profile[] = "[Exec]\nExecutable=/usr/bin/sleep\n";

static void write_profiles(struct rig *rig)
{
	g_autofree char *probe = g_strdup_printf(probe_profile, build_root());
	g_autofree char *config = g_strdup_printf("[Broker]\nSaltPath=%s/salt\n", rig->dir);
	g_autofree char *decoder = g_strdup("[Access]\nAllowUser=man\n");

	copy_shipped(rig, "profiles", "profiles");
	copy_shipped(rig, "seccomp", "policies");
	copy_shipped(rig, "seccomp/parts", "policies/parts");
	rig_write(rig, "profiles/probe.profile", probe);
	rig_write(rig, "profiles/tool.profile", tool_profile);
	rig_write(rig, "profiles/strict.profile", strict_profile);
	rig_write(rig, "profiles/closed.profile", closed_profile);
	rig_write(rig, "bailiffd.conf", config);
	/* what tests find at the end is left behind: spare jails are for the tests of these */
	rig_write(rig, RIG_SPARE_CONFIG, "[Broker]\nMaxSpareJails=0\n");
	rig_write(rig, "profiles/decoder.profile.d/access.conf", decoder);
}

static void write_bus_config(struct rig *rig)
{
	g_autofree char *text = g_strdup_printf(
		"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
		" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
		"<busconfig><type>system</type><listen>unix:path=%s/bus</listen>\n"
		"<auth>EXTERNAL</auth>\n"
		"<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/><deny "
		"send_type=\"method_call\"/>\n"
		"<allow send_type=\"signal\"/><allow send_requested_reply=\"true\" "
		"send_type=\"method_return\"/>\n"
		"<allow send_requested_reply=\"true\" send_type=\"error\"/><allow "
		"receive_type=\"method_call\"/>\n"
		"<allow receive_type=\"method_return\"/><allow receive_type=\"error\"/><allow "
		"receive_type=\"signal\"/>\n"
		"<allow send_destination=\"org.freedesktop.DBus\"/>\n"
		"<allow send_destination=\"org.freedesktop.PolicyKit1\"/></policy>\n"
		"<policy user=\"root\"><allow own=\"org.freedesktop.PolicyKit1\"/></policy>\n%s"
		"<include>%s/dbus/org.bailiff.Broker1.conf</include></busconfig>\n",
		rig->dir,
		getpwnam("polkitd") ? "<policy user=\"polkitd\"><allow "
				      "own=\"org.freedesktop.PolicyKit1\"/></policy>\n"
				    : "",
		build_root());

	rig_write(rig, "bus.conf", text);
}

/* @gate: the program begins when a byte comes from there; -1: at once. */
static pid_t spawn_behind(int gate, const char *const *argv, const char *log)
{
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
		char c;

		while (gate >= 0 && read(gate, &c, 1) < 0 && errno == EINTR)
			;
		(void)dup2(fd, STDOUT_FILENO);
		(void)dup2(fd, STDERR_FILENO);
		(void)close_range(3, ~0U, 0);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static pid_t spawn(const char *const *argv, const char *log)
{
	return spawn_behind(-1, argv, log);
}

/* dbus-broker wants the journal's socket, and its launcher a listening socket: both in a mount namespace of
 * its own. */
static pid_t spawn_broker_bus(const char *config, const char *socket_path, const char *log)
{
	struct sockaddr_un journal = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	g_autofree char *env = g_strdup_printf("DBUS_SYSTEM_BUS_ADDRESS=unix:path=%s", socket_path);
	const char *argv[] = { "systemd-socket-activate", "-l", socket_path, "-E", env, "dbus-broker-launch",
		"--scope", "system", config, NULL };
	pid_t pid = fork();
	int fd;

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)close_range(3, ~0U, 0);
	if (!rig_own_mounts() || mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 ||
		g_mkdir_with_parents("/run/systemd/journal", 0755) < 0)
		_exit(126);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&journal, sizeof(journal)) < 0)
		_exit(126);
	/* who reads the socket: the programs below close what they do not know, and block when it is full */
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (char line[512];;)
			(void)!read(fd, line, sizeof(line));
	}
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool rig_is_direct(void)
{
	return g_strcmp0(g_getenv("BAILIFF_TEST_BUS"), "direct") == 0;
}

const char *rig_denial(const char *error_name)
{
	const bool of_the_bus = strcmp(error_name, "org.freedesktop.DBus.Error.AccessDenied") == 0;

	return rig_is_direct() && of_the_bus ? RIG_ERROR("AccessDenied") : error_name;
}

/* It is there when it is bound, and refuses until it is listened to. */
static bool is_listened_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens;

	assert_return_code(fd, errno);
	(void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	listens = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	(void)close(fd);
	return listens;
}

void rig_bus_start(struct rig *rig)
{
	g_autofree char *config = g_strdup_printf("--config-file=%s/config/bus.conf", rig->dir);
	g_autofree char *log = g_build_filename(rig->dir, "bus.log", NULL);
	g_autofree char *socket_path = g_build_filename(rig->dir, "bus", NULL);
	const char *argv[] = { "dbus-daemon", config, "--nofork", "--nopidfile", "--nosyslog", NULL };

	rig->bus = g_strcmp0(g_getenv("BAILIFF_TEST_BUS"), "dbus-broker") == 0
			   ? spawn_broker_bus(config, socket_path, log)
			   : spawn(argv, log);
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		if (is_listened_to(socket_path)) {
			assert_return_code(chmod(socket_path, 0666), errno);
			return;
		}
		g_usleep(POLL_USEC);
	}
	fail_msg("the bus daemon did not start");
}

void rig_bus_stop(struct rig *rig, int signal)
{
	g_autofree char *socket_path = g_build_filename(rig->dir, "bus", NULL);

	assert_return_code(kill(rig->bus, signal), errno);
	assert_int_not_equal(rig_wait_child(rig->bus), -1);
	rig->bus = 0;
	(void)unlink(socket_path);
}

void rig_daemon_start(struct rig *rig, const char *mode, int gate)
{
	g_autofree char *program = g_build_filename(build_root(), "daemon/keeper/bailiffd", NULL);
	g_autofree char *libexec = g_strdup_printf("--libexec-dir=%s/libexec", build_root());
	g_autofree char *config = g_strdup_printf("--config-dir=%s/config", rig->dir);
	g_autofree char *bus = g_strdup_printf("--bus-address=%s", rig->address);
	g_autofree char *runtime = g_strdup_printf("--runtime-dir=%s/run", rig->dir);
	g_autofree char *log = g_build_filename(rig->dir, "daemon.log", NULL);
	/* no record of a test's in the machine's own journal */
	const char *records = g_getenv("BAILIFF_TEST_JOURNAL");
	g_autofree char *journal = g_strdup_printf("--journal-socket=%s", records ? records : "/none");
	const char *argv[] = { program, libexec, config, bus, runtime, journal, "--log-level=info", mode,
		NULL };

	rig->stub = spawn_behind(gate, argv, log);
}

static void print_log(struct rig *rig)
{
	g_autofree char *path = g_build_filename(rig->dir, "daemon.log", NULL);
	g_autofree char *text = read_file(path);

	print_message("--- daemon.log\n%s---\n", text);
}

bool rig_can_run(void)
{
	return geteuid() == 0 || g_strcmp0(g_getenv("BAILIFF_MUST_WORK"), "1") == 0;
}

bool rig_own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* @mode: of the daemon; NULL: clients are on the bus, which it needs. */
static int set_up(void **state, const char *mode, bool with_bus)
{
	struct rig *rig = g_new0(struct rig, 1);

	(void)umask(022);
	rig->dir = g_dir_make_tmp("bailiff-rig-XXXXXX", NULL);
	assert_non_null(rig->dir);
	assert_return_code(chmod(rig->dir, 0755), errno);
	rig->connections = g_ptr_array_new_with_free_func(g_object_unref);
	rig->mountinfo = read_file("/proc/self/mountinfo");
	write_profiles(rig);
	write_bus_config(rig);
	rig->address = g_strdup_printf("unix:path=%s/bus", rig->dir);
	rig->client_address =
		g_strdup_printf("unix:path=%s/%s", rig->dir, rig_is_direct() || mode ? "run/broker" : "bus");
	if (with_bus)
		rig_bus_start(rig);
	rig_daemon_start(rig, mode, -1);
	*state = rig;
	rig_wait_ready(rig);
	/* the compiler, of which the broker need not wait for the end */
	rig_wait_jailed(rig, 0);
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC && rig_count_zombies(rig) > 0; i++)
		g_usleep(POLL_USEC);
	/* or looking for it later would find nothing, whatever is left */
	if (strstr(rig->mountinfo, " - cgroup2 "))
		assert_true(has_cgroup(rig));
	return 0;
}

int rig_setup(void **state)
{
	return set_up(state, NULL, true);
}

int rig_setup_without_bus(void **state)
{
	return set_up(state, "--bus=optional", false);
}

int rig_setup_beside_bus(void **state)
{
	return set_up(state, "--bus=none", true);
}

int rig_wait_child(pid_t pid)
{
	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		int status;

		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		g_usleep(POLL_USEC);
	}
	return -1;
}

static void remove_tree(const char *path)
{
	const char *argv[] = { "rm", "-rf", "--one-file-system", path, NULL };

	(void)rig_wait_child(spawn(argv, "/dev/null"));
}

void rig_assert_nothing_left(struct rig *rig)
{
	g_autofree char *mounts = read_file("/proc/self/mountinfo");
	g_autofree char *run = g_build_filename(rig->dir, "run", NULL);
	g_autofree char *uids = g_build_filename(run, "dynamic-uids", NULL);
	GDir *d;
	const char *left;

	/* for the next instance, and the only thing */
	assert_return_code(unlink(uids), errno);
	d = g_dir_open(run, 0, NULL);
	left = d ? g_dir_read_name(d) : NULL;
	if (strcmp(mounts, rig->mountinfo) != 0) {
		rig_print_difference(rig->mountinfo, mounts);
		fail_msg("the mounts are not what they were");
	}
	assert_false(has_cgroup(rig));
	if (left)
		fail_msg("left in the runtime directory: %s", left);
	if (d)
		g_dir_close(d);
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;
	int status;

	if (!rig)
		return 0;
	for (guint i = 0; i < rig->connections->len; i++)
		(void)g_dbus_connection_close_sync(rig->connections->pdata[i], NULL, NULL);
	g_ptr_array_unref(rig->connections);
	if (rig->stub > 0) {
		(void)kill(rig->stub, SIGTERM);
		status = rig_wait_child(rig->stub);
		if (status != 0)
			print_log(rig);
		assert_int_equal(status, 0);
	}
	if (rig->bus > 0) {
		(void)kill(rig->bus, SIGTERM);
		(void)rig_wait_child(rig->bus);
	}
	rig_assert_nothing_left(rig);
	remove_tree(rig->dir);
	g_free(rig->mountinfo);
	g_free(rig->before);
	for (size_t i = 0; i < G_N_ELEMENTS(rig->fds); i++)
		rig_fds_done(&rig->fds[i]);
	g_free(rig->address);
	g_free(rig->client_address);
	g_free(rig->dir);
	g_free(rig);
	return 0;
}

static GDBusConnection *try_connect(struct rig *rig, uid_t uid, GError **error)
{
	GDBusConnection *c;
	gid_t gid = uid == 0 ? 0 : uid;

	if (uid != 0) {
		assert_return_code(setgroups(0, NULL), errno);
		assert_return_code(setegid(gid), errno);
		assert_return_code(seteuid(uid), errno);
	}
	c = g_dbus_connection_new_for_address_sync(rig->client_address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, error);
	if (uid != 0) {
		assert_return_code(seteuid(0), errno);
		assert_return_code(setegid(0), errno);
	}
	if (!c)
		return NULL;
	g_dbus_connection_set_exit_on_close(c, FALSE);
	g_ptr_array_add(rig->connections, c);
	return c;
}

GDBusConnection *rig_connect(struct rig *rig, uid_t uid)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *c = try_connect(rig, uid, &error);

	if (!c)
		fail_msg("connect as %u: %s", uid, error->message);
	return c;
}

void rig_disconnect(struct rig *rig, GDBusConnection *c)
{
	(void)g_dbus_connection_close_sync(c, NULL, NULL);
	(void)g_ptr_array_remove(rig->connections, c);
	/* one that the other side ended is held by its last signal, which waits here */
	while (g_main_context_iteration(NULL, FALSE))
		;
}

GDBusConnection *rig_reconnect(struct rig *rig, GDBusConnection *c, uid_t uid)
{
	if (!rig_is_direct())
		return c;
	rig_disconnect(rig, c);
	return rig_connect(rig, uid);
}

static void check_daemon(struct rig *rig)
{
	int status;

	if (waitpid(rig->stub, &status, WNOHANG) != rig->stub)
		return;
	rig->stub = 0;
	print_log(rig);
	fail_msg("bailiffd ended with status %d", WEXITSTATUS(status));
}

void rig_wait_ready(struct rig *rig)
{
	GDBusConnection *c = NULL;

	for (int i = 0; i < RIG_TIMEOUT_MS * 1000 / POLL_USEC; i++) {
		g_autoptr(GVariant) v = NULL;

		/* a connection to the direct socket ends with its broker */
		if (c && g_dbus_connection_is_closed(c)) {
			rig_disconnect(rig, c);
			c = NULL;
		}
		if (!c)
			c = try_connect(rig, 0, NULL);
		if (c)
			v = g_dbus_connection_call_sync(c, RIG_NAME, RIG_PATH, "org.freedesktop.DBus.Peer",
				"Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, NULL,
				NULL);
		if (v) {
			rig_disconnect(rig, c);
			return;
		}
		check_daemon(rig);
		g_usleep(POLL_USEC);
	}
	print_log(rig);
	fail_msg("the broker does not answer");
}

GVariant *rig_call(GDBusConnection *c, const char *path, const char *interface, const char *method,
	GVariant *args, GUnixFDList *in_fds, GUnixFDList **out_fds, GError **error)
{
	GVariant *v = g_dbus_connection_call_with_unix_fd_list_sync(c, RIG_NAME, path, interface, method,
		args, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, RIG_TIMEOUT_MS, in_fds, out_fds, NULL, error);

	if (!v && error && *error && g_dbus_error_is_remote_error(*error)) {
		char *name = g_dbus_error_get_remote_error(*error);

		(void)g_dbus_error_strip_remote_error(*error);
		g_prefix_error(error, "%s: ", name);
		g_free(name);
	}
	return v;
}

GVariant *rig_call_ok(
	GDBusConnection *c, const char *path, const char *interface, const char *method, GVariant *args)
{
	g_autoptr(GError) error = NULL;
	GVariant *v = rig_call(c, path, interface, method, args, NULL, NULL, &error);

	if (!v)
		fail_msg("%s: %s", method, error->message);
	return v;
}

void rig_check_error(const char *what, const GError *error, const char *error_name, const char *text)
{
	g_autofree char *prefix = g_strdup_printf("%s: ", rig_denial(error_name));

	if (!g_str_has_prefix(error->message, prefix))
		fail_msg("%s: wanted %s, got %s", what, error_name, error->message);
	if (text && !strstr(error->message, text))
		fail_msg("%s: wanted \"%s\" in the message, got %s", what, text, error->message);
}

void rig_call_fails(GDBusConnection *c, const char *path, const char *interface, const char *method,
	GVariant *args, const char *error_name, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) v = rig_call(c, path, interface, method, args, NULL, NULL, &error);

	if (v)
		fail_msg("%s succeeded, wanted %s", method, error_name);
	rig_check_error(method, error, error_name, text);
}

GVariant *rig_property(GDBusConnection *c, const char *path, const char *interface, const char *name)
{
	g_autoptr(GVariant) reply = rig_call_ok(
		c, path, "org.freedesktop.DBus.Properties", "Get", g_variant_new("(ss)", interface, name));
	GVariant *value;

	g_variant_get(reply, "(v)", &value);
	return value;
}
