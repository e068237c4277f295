/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "warm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_USEC (60 * G_USEC_PER_SEC)

static const char common[] = "[Access]\nAllowUser=man\nAllowDetach=yes\n"
			     "[Exec]\nExecutable=/probe\nPassEnvironment=COLOUR\n"
			     "FileDescriptor=3 pipe\nFileDescriptor=200 pipe\n"
			     "StandardInput=inherit\nStandardOutput=inherit\nStandardError=inherit\n"
			     "[Filesystem]\nMinimalRoot=yes\nPrivateTmp=yes\nMountSlot=input ro\n"
			     "BindReadOnlyPaths=%s/tests/jail/probe:/probe\n"
			     "[Resources]\nLimitNOFILE=256\nLimitNPROC=64\nTimeoutStopSec=2s\n"
			     "[Pool]\nWarm=%d\nMaxWarm=%d\n";

const char *const warm_forever[] = { "/probe", "sleep", "1000", NULL };

static bool is_parked(const char *pid)
{
	g_autofree char *path = g_build_filename("/proc", pid, "comm", NULL), *name = NULL;

	return g_file_get_contents(path, &name, NULL, NULL) && g_str_equal(name, "parked\n");
}

/* In the PID namespace of the test there are no other daemon's. */
struct parked warm_find_parked(void)
{
	g_autoptr(GDir) d = g_dir_open("/proc", 0, NULL);
	struct parked found = { .n = 0 };
	const char *name;

	while ((name = g_dir_read_name(d)))
		if (g_ascii_isdigit(name[0]) && found.n < WARM_MOST && is_parked(name))
			found.pids[found.n++] = (pid_t)g_ascii_strtoll(name, NULL, 10);
	return found;
}

bool warm_contains(const struct parked *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->pids[i] == pid)
			return true;
	return false;
}

struct parked warm_await_parked(size_t n, const struct parked *gone)
{
	const gint64 end = g_get_monotonic_time() + WAIT_USEC;
	struct parked now;
	bool old;

	do {
		now = warm_find_parked();
		old = false;
		for (size_t i = 0; gone && i < now.n; i++)
			old |= warm_contains(gone, now.pids[i]);
		if (now.n == n && !old)
			return now;
		g_usleep(WARM_POLL_USEC);
	} while (g_get_monotonic_time() < end);
	fail_msg("%zu jails are parked%s, wanted %zu", now.n, old ? ", of which some are old" : "", n);
	return now;
}

void warm_reload(struct rig *rig)
{
	GDBusConnection *root = rig_connect(rig, 0);

	g_variant_unref(rig_call_ok(root, RIG_PATH, RIG_MANAGER, "Reload", NULL));
	rig_disconnect(rig, root);
}

void warm_write_profile(struct rig *rig, int warm, int max_warm)
{
	g_autofree char *text = g_strdup_printf(common, g_getenv("BAILIFF_BUILD_ROOT"), warm, max_warm);

	rig_write(rig, "profiles/warm.profile", text);
}

struct parked warm_begin(struct rig *rig, int warm, int max_warm)
{
	warm_write_profile(rig, warm, max_warm);
	warm_reload(rig);
	return warm_await_parked((size_t)warm, NULL);
}

void warm_end(struct rig *rig)
{
	rig_remove(rig, "profiles/warm.profile");
	rig_reload(rig);
	assert_int_equal(warm_find_parked().n, 0);
}

void warm_launch(GDBusConnection *c, const char *const *argv, const char *options, struct rig_sandbox *ret)
{
	struct rig_launch l = { .profile = "warm",
		.argv = argv,
		.options = options ? g_variant_new_parsed(options) : rig_options_piped() };

	rig_launch(c, &l, ret);
}

void warm_stop(GDBusConnection *c, struct rig_sandbox *s)
{
	g_autofree char *result = NULL;

	g_variant_unref(rig_call_ok(c, s->path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	result = rig_wait(c, s, NULL, NULL);
	assert_string_equal(result, "killed");
	rig_sandbox_done(s);
}

guint32 warm_uid_of(GDBusConnection *c, const struct rig_sandbox *s)
{
	g_autoptr(GVariant) v = rig_property(c, s->path, RIG_SANDBOX, "Uid");

	return g_variant_get_uint32(v);
}

void warm_kill_pid(pid_t pid)
{
	assert_true(pid > 1);
	assert_return_code(kill(pid, SIGKILL), errno);
}

void warm_kill_and_wait(pid_t pid)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };

	assert_return_code(p.fd, errno);
	warm_kill_pid(pid);
	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
	(void)close(p.fd);
}
