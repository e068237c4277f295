/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A real bailiffd with its real launcher and compiler, and a broker that does what the test wants. Needs
 * root. */

#include "base/fd.h"
#include "base/io.h"
#include "base/privileges.h"
#include "keeper-rig.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void start_and_stop(void **state)
{
	serve("ok");
	assert_int_equal(stop(), 0);
	expect_notify("STOPPING=1");
	wait_for("ended", 1);
	expect_clean();
}

/* Its two helpers answer, so the service manager hears that all is well. */
static void watchdog_is_fed(void **state)
{
	assert_int_equal(setenv("WATCHDOG_USEC", "800000", 1), 0);
	start("ok", false);
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
	for (int i = 0; i < 5; i++)
		expect_either("WATCHDOG=1", "READY=1");
	assert_int_equal(count("started"), 1);
	assert_int_equal(stop(), 0);
}

static void start_with_abstract_notify(void **state)
{
	start("ok", true);
	expect_notify("READY=1");
	assert_int_equal(stop(), 0);
}

static void broker_gets_nothing_but_its_due(void **state)
{
	char line[128];
	const struct passwd *pw = getpwnam("bailiff");

	serve("ok");
	expect_line("fds 0 1 2 3\n");
	assert_int_equal(count("env "), 2);
	expect_line("env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\n");
	expect_line("env LANG=C.UTF-8\n");
	(void)snprintf(
		line, sizeof(line), "Uid:\t%u\t%u\t%u\t%u\n", pw->pw_uid, pw->pw_uid, pw->pw_uid, pw->pw_uid);
	expect_line(line);
	(void)snprintf(line, sizeof(line), "CapBnd:\t%016llx\n", (unsigned long long)PRIVILEGES_BROKER_START);
	expect_line(line);
	(void)snprintf(line, sizeof(line), "CapAmb:\t%016llx\n", (unsigned long long)PRIVILEGES_BROKER_START);
	expect_line(line);
	expect_line("Groups:\t \n");
	expect_line("NoNewPrivs:\t1\n");
	expect_line("Seccomp:\t2\n");
	assert_int_equal(stop(), 0);
}

/* A daemon that runs reads it. */
static void configure(const char *text)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/bailiffd.conf", config);
	write_file(path, text);
	if (daemon_pid > 0)
		assert_int_equal(kill(daemon_pid, SIGHUP), 0);
}

static void auditor_comes_and_goes(void **state)
{
	pid_t keeper;

	configure("[Broker]\nKernelAudit=yes\n");
	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	assert_true(child_of(keeper, "bailiff-auditor") > 0);
	wait_for("heard 137", 1); /* WIRE_AUDIT */
	configure("");
	wait_for(HEARD_CATALOG, 2);
	for (int i = 0; child_of(keeper, "bailiff-auditor") > 0; i++) {
		assert_true(i < WAIT_MSEC / 20);
		(void)usleep(20000);
	}
	configure("[Broker]\nKernelAudit=yes\n");
	wait_for(HEARD_CATALOG, 3);
	assert_true(child_of(keeper, "bailiff-auditor") > 0);
	assert_int_equal(stop(), 0);
	expect_clean();
}

/* What the configuration asks for can not be had: no start without it, and no reload. */
static void no_audit(void **state)
{
	may_audit = false;
	configure("[Broker]\nKernelAudit=yes\n");
	start("ok", false);
	assert_int_equal(ended(), 1);
	assert_int_equal(count("started"), 0);
	expect_clean();
	configure("");
	daemon_pid = spawn("ok", true);
	expect_notify("READY=1");
	configure("[Broker]\nKernelAudit=yes\n");
	wait_for(HEARD_RELOAD_FAILED " generation 1 value 1", 1);
	configure("");
	wait_for(HEARD_CATALOG, 2);
	assert_int_equal(stop(), 0);
}

static void broker_that_dies_at_start(void **state)
{
	start("dies", false);
	assert_int_equal(ended(), 1);
	assert_int_equal(count("started"), 1);
	expect_clean();
}

/* Five times at once, then with a growing pause: half a minute's worth of attempts stays small. */
static void broker_that_crashes_always(void **state)
{
	serve("crashes");
	wait_for("started", 5);
	(void)usleep(1000000);
	assert_in_range(count("started"), 5, 8);
	assert_int_equal(stop(), 0);
}

static void broker_that_sends_garbage(void **state)
{
	serve("garbage");
	wait_for("started", 3);
	assert_int_equal(count("ended"), 0); /* killed, each time */
	assert_int_equal(stop(), 0);
}

/* READY ends deadlines: it counts once. */
static void broker_that_is_ready_twice(void **state)
{
	serve("twice");
	wait_for("started", 3);
	assert_int_equal(count("ended"), 0);
	assert_int_equal(stop(), 0);
}

/* One that sends without pause keeps the keeper from nothing. */
static void broker_that_floods(void **state)
{
	uint64_t before;

	serve("flood");
	(void)usleep(200000);
	before = now_boottime_usec();
	assert_int_equal(stop(), 0);
	assert_true(now_boottime_usec() - before < 5000000);
	expect_clean();
}

static void broker_that_does_not_end(void **state)
{
	uint64_t before;

	serve("deaf");
	before = now_boottime_usec();
	assert_int_equal(stop(), 0);
	assert_true(now_boottime_usec() - before < 5000000);
	assert_int_equal(count("ended"), 0);
	expect_clean();
}

static void reload_good_and_bad(void **state)
{
	serve("ok");
	wait_for(HEARD_CATALOG " generation 1", 1);
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	expect_notify("RELOADING=1");
	expect_notify("READY=1");
	wait_for(HEARD_CATALOG " generation 2", 1);
	write_profile("[Nonsense]\n");
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	expect_notify("RELOADING=1");
	expect_notify("READY=1");
	wait_for(HEARD_RELOAD_FAILED " generation 2 value 0", 1);
	write_profile("[Profile]\nDescription=two\n[Exec]\nExecutable=/usr/bin/true\n");
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	expect_notify("RELOADING=1");
	expect_notify("READY=1");
	wait_for(HEARD_CATALOG " generation 3", 1);
	assert_int_equal(stop(), 0);
}

/* The outcome says whose wish it was: a signal's is nobody's answer. */
static void reload_repeats_the_serial(void **state)
{
	serve("asks");
	wait_for(HEARD_CATALOG " generation 2 value 0 serial 77", 1);
	expect_notify("READY=1");
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	wait_for(HEARD_CATALOG " generation 3 value 0 serial 0", 1);
	assert_int_equal(stop(), 0);
}

/* No compiler can be started: that is the end of the reload too. */
static void reload_without_a_compiler(void **state)
{
	struct rlimit tight, old;
	pid_t keeper;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	assert_int_equal(prlimit(keeper, RLIMIT_NOFILE, NULL, &old), 0);
	tight = old;
	tight.rlim_cur = 6; /* what poll(2) insists on; all numbers below are taken */
	assert_int_equal(prlimit(keeper, RLIMIT_NOFILE, &tight, NULL), 0);
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	expect_notify("RELOADING=1");
	expect_notify("READY=1");
	wait_for(HEARD_RELOAD_FAILED " generation 1 value 1", 1);
	assert_int_equal(prlimit(keeper, RLIMIT_NOFILE, &old, NULL), 0);
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	wait_for(HEARD_CATALOG " generation 2", 1);
	assert_int_equal(stop(), 0);
}

/* A launcher that ends over a new catalog: the next one is not given it, or it would go on for ever. */
static void catalog_that_kills_is_dropped(void **state)
{
	pid_t keeper, launcher;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	launcher = child_of(keeper, "bailiff-launch");
	assert_int_equal(kill(launcher, SIGSTOP), 0);
	assert_int_equal(kill(daemon_pid, SIGHUP), 0);
	(void)usleep(700000);
	assert_int_equal(kill(launcher, SIGKILL), 0);
	wait_for(HEARD_RELOAD_FAILED " generation 1 value 1", 1);
	wait_for(HEARD_PEER, 2);
	(void)usleep(300000);
	assert_int_equal(count(HEARD_CATALOG " generation 2"), 0);
	assert_int_equal(stop(), 0);
}

/* SIGTERM arrives behind more SIGHUPs than the lifeline holds. */
static void stop_behind_many_reloads(void **state)
{
	pid_t keeper;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	assert_int_equal(kill(keeper, SIGSTOP), 0);
	for (int i = 0; i < 1500; i++) {
		assert_int_equal(kill(daemon_pid, SIGHUP), 0);
		(void)usleep(300);
	}
	assert_int_equal(kill(daemon_pid, SIGTERM), 0);
	(void)usleep(100000);
	assert_int_equal(kill(keeper, SIGCONT), 0);
	assert_int_equal(ended(), 0);
	expect_clean();
}

/* Q19 */
static void second_instance_refuses(void **state)
{
	serve("ok");
	assert_int_equal(exit_status(spawn("ok", false)), 1);
	assert_int_equal(count("started"), 1);
	assert_int_equal(stop(), 0);
}

static void runtime_dir_of_others_refused(void **state)
{
	assert_int_equal(mkdir(runtime, 0755), 0);
	assert_int_equal(chmod(runtime, 0777), 0);
	assert_int_equal(exit_status(spawn("ok", false)), 1);
	assert_int_equal(chmod(runtime, 0755), 0);
	assert_int_equal(chown(runtime, 65534, 65534), 0);
	assert_int_equal(exit_status(spawn("ok", false)), 1);
}

static void launcher_killed(void **state)
{
	pid_t keeper, launcher;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	launcher = child_of(keeper, "bailiff-launch");
	assert_true(launcher > 0);
	assert_int_equal(kill(launcher, SIGKILL), 0);
	/* the broker stays, and is introduced to the next one */
	wait_for(HEARD_PEER, 2);
	assert_true(child_of(keeper, "bailiff-launch") > 0);
	assert_int_equal(count("started"), 1);
	assert_int_equal(stop(), 0);
	expect_clean();
}

static void keeper_killed(void **state)
{
	pid_t keeper, launcher;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	launcher = child_of(keeper, "bailiff-launch");
	assert_int_equal(kill(keeper, SIGKILL), 0);
	assert_int_equal(ended(), 1);
	assert_int_equal(kill(launcher, 0), -1);
	/* what it left behind does not keep the next one from starting, and goes with it */
	daemon_pid = spawn("ok", true);
	expect_notify("READY=1");
	assert_int_equal(stop(), 0);
	expect_clean();
}

static void stub_killed(void **state)
{
	pid_t keeper;

	serve("ok");
	keeper = child_of(daemon_pid, "bailiffd");
	assert_int_equal(kill(daemon_pid, SIGKILL), 0);
	assert_int_equal(waitpid(daemon_pid, NULL, 0), daemon_pid);
	daemon_pid = 0;
	for (int i = 0; kill(keeper, 0) == 0; i++) {
		assert_true(i < WAIT_MSEC / 20);
		(void)usleep(20000);
	}
	expect_clean();
}

/* By fd, for nobody may not look into the home directory that the build may be in. */
static int run_plain(const char *argument, bool as_nobody)
{
	_cleanup_close_ int program = open(getenv("BAILIFF_DAEMON"), O_PATH | O_CLOEXEC);
	char name[] = "bailiffd", text[64];
	char *const argv[] = { name, argument ? text : NULL, NULL };
	pid_t pid;

	(void)snprintf(text, sizeof(text), "%s", argument ? argument : "");
	assert_true(program >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_RDWR), 1);
		(void)dup2(1, 2);
		if (as_nobody && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(126);
		(void)fexecve(program, argv, environ);
		_exit(126);
	}
	return exit_status(pid);
}

static void exit_codes(void **state)
{
	assert_int_equal(run_plain("--help", false), 0);
	assert_int_equal(run_plain("--version", true), 0);
	assert_int_equal(run_plain("--bogus", false), 2);
	assert_int_equal(run_plain("extra", false), 2);
	assert_int_equal(run_plain("--log-level=loud", false), 2);
	assert_int_equal(run_plain("--runtime-dir=relative", false), 2);
	assert_int_equal(run_plain("--config-dir=/no-such-place", false), 2);
	assert_int_equal(run_plain("--libexec-dir=/no-such-place", false), 1);
	assert_int_equal(run_plain(NULL, true), 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(start_and_stop),
		KEEPER_TEST(watchdog_is_fed),
		KEEPER_TEST(start_with_abstract_notify),
		KEEPER_TEST(broker_gets_nothing_but_its_due),
		KEEPER_TEST(auditor_comes_and_goes),
		KEEPER_TEST(no_audit),
		KEEPER_TEST(broker_that_dies_at_start),
		KEEPER_TEST(broker_that_crashes_always),
		KEEPER_TEST(broker_that_sends_garbage),
		KEEPER_TEST(broker_that_is_ready_twice),
		KEEPER_TEST(broker_that_floods),
		KEEPER_TEST(broker_that_does_not_end),
		KEEPER_TEST(reload_good_and_bad),
		KEEPER_TEST(reload_repeats_the_serial),
		KEEPER_TEST(reload_without_a_compiler),
		KEEPER_TEST(catalog_that_kills_is_dropped),
		KEEPER_TEST(stop_behind_many_reloads),
		KEEPER_TEST(second_instance_refuses),
		KEEPER_TEST(runtime_dir_of_others_refused),
		KEEPER_TEST(launcher_killed),
		KEEPER_TEST(keeper_killed),
		KEEPER_TEST(stub_killed),
		cmocka_unit_test(exit_codes),
	};

	if (geteuid() != 0 || !getpwnam("bailiff"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
