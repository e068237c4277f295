/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/strv.h"
#include "broker/errors.h"
#include "broker/layers.h"
#include "broker/sandbox.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

static struct sandbox *add(struct sandboxes *all, uint64_t id, uid_t owner, uint64_t exited)
{
	const struct launched launched = { .id = id, .uid = 1 };
	struct sandbox *s = sandbox_new(NULL, &launched, "p", NULL, NULL);

	assert_non_null(s);
	s->owner = owner;
	if (exited > 0) {
		s->state = SANDBOX_EXITED;
		s->exit.exited_realtime_usec = exited;
	}
	assert_int_equal(sandboxes_add(all, s), 0);
	return s;
}

static void test_lookup(void **state)
{
	static const uint64_t ids[] = { 5, 1, 9, 3, 7, UINT64_MAX, 2 };
	struct sandboxes all = { 0 };
	struct sandbox *twice;

	for (size_t i = 0; i < ELEMENTSOF(ids); i++)
		(void)add(&all, ids[i], 1000, 0);
	for (size_t i = 1; i < all.n; i++)
		assert_true(all.v[i - 1]->id < all.v[i]->id);
	assert_null(sandboxes_find(&all, 4));
	assert_null(sandboxes_find(&all, 0));
	assert_int_equal(sandboxes_find(&all, 9)->id, 9);
	twice = sandbox_new(NULL, &(struct launched){ .id = 9 }, "p", "", "");
	assert_int_equal(sandboxes_add(&all, twice), -EEXIST);
	(void)sandbox_free(twice);
	sandboxes_remove(&all, sandboxes_find(&all, 9));
	assert_null(sandboxes_find(&all, 9));
	assert_int_equal(sandboxes_find(&all, UINT64_MAX)->id, UINT64_MAX);
	assert_int_equal(all.n, ELEMENTSOF(ids) - 1);
	sandboxes_done(&all);
}

static void test_oldest(void **state)
{
	struct sandboxes all = { 0 };

	(void)add(&all, 1, 1000, 0);
	assert_null(sandboxes_oldest_retained(&all, 1000));
	(void)add(&all, 2, 1000, 30);
	(void)add(&all, 3, 1000, 20);
	(void)add(&all, 4, 1001, 10);
	assert_int_equal(sandboxes_oldest_retained(&all, 1000)->id, 3);
	assert_int_equal(sandboxes_oldest_retained(&all, (uid_t)-1)->id, 4);
	assert_int_equal(sandboxes_count_live(&all, 1000, "p"), 1);
	assert_int_equal(sandboxes_count_live(&all, 1000, "q"), 0);
	sandboxes_done(&all);
}

#define MANY 300U

/* Each user has the same tokens. */
static uint64_t id_of(uid_t owner, unsigned i)
{
	return (owner - 1000) * MANY + (i * 7) % MANY + 1;
}

static void add_tokens(struct sandboxes *all, uid_t owner)
{
	for (unsigned i = 0; i < MANY; i++) {
		const struct launched launched = { .id = id_of(owner, i), .uid = 1 };
		struct sandbox *s = sandbox_new(NULL, &launched, i % 2 ? "p" : "q", NULL, NULL);

		assert_non_null(s);
		s->owner = owner;
		(void)snprintf(s->token.name, sizeof(s->token.name), "t%u", (i * 11) % MANY);
		assert_int_equal(sandboxes_add(all, s), 0);
	}
}

static struct sandbox *find_token(const struct sandboxes *all, uid_t owner, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "t%u", (i * 11) % MANY);
	return sandboxes_find_token(all, owner, name);
}

static void test_tokens(void **state)
{
	struct sandboxes all = { 0 };

	add_tokens(&all, 1001);
	add_tokens(&all, 1000);
	(void)add(&all, UINT64_MAX, 1000, 0);
	assert_null(sandboxes_find_token(&all, 1000, ""));
	assert_null(sandboxes_find_token(&all, 1000, "t"));
	assert_null(sandboxes_find_token(&all, 1002, "t1"));
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(find_token(&all, 1000, i)->id, id_of(1000, i));
		assert_int_equal(find_token(&all, 1001, i)->id, id_of(1001, i));
	}
	for (unsigned i = 0; i < MANY; i += 2)
		sandboxes_remove(&all, find_token(&all, 1000, i));
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(find_token(&all, 1000, i) != NULL, i % 2);
		assert_int_equal(find_token(&all, 1001, i)->id, id_of(1001, i));
	}
	/* one without is taken out, too */
	sandboxes_remove(&all, sandboxes_find(&all, UINT64_MAX));
	assert_int_equal(all.n, MANY + MANY / 2);
	assert_int_equal(all.n_tokens, all.n);
	sandboxes_done(&all);
}

/* Of a user and a profile, from the first to the last that lives. */
static void test_counts(void **state)
{
	struct sandboxes all = { 0 };

	add_tokens(&all, 1000);
	add_tokens(&all, 1001);
	for (unsigned i = 0; i < MANY; i++) {
		struct sandbox *s = find_token(&all, 1000, i);

		assert_int_equal(sandboxes_count_live(&all, 1000, i % 2 ? "p" : "q"), MANY / 2 - i / 2);
		if (i % 3 == 0)
			sandboxes_ended(&all, s);
		else
			sandboxes_remove(&all, s);
	}
	assert_int_equal(sandboxes_count_live(&all, 1000, "p"), 0);
	assert_int_equal(sandboxes_count_live(&all, 1001, "p"), MANY / 2);
	assert_int_equal(all.n_crowds, 2);
	assert_int_equal(all.n, MANY + MANY / 3);
	sandboxes_done(&all);
}

/* What ended first goes first, also where the clock was set back meanwhile. */
static void test_ended(void **state)
{
	static const uint64_t ends[] = { 50, 60, 55, 10, 70, 65, 10 }, order[] = { 4, 7, 1, 3, 2, 6, 5 };
	struct sandboxes all = { 0 };

	for (uint64_t i = 0; i < ELEMENTSOF(ends); i++)
		(void)add(&all, i + 1, 1000, 0);
	for (uint64_t i = 0; i < ELEMENTSOF(ends); i++) {
		sandboxes_find(&all, i + 1)->exit.exited_realtime_usec = ends[i];
		sandboxes_ended(&all, sandboxes_find(&all, i + 1));
	}
	/* in the middle of them */
	(void)add(&all, 100, 1001, 58);
	sandboxes_remove(&all, sandboxes_oldest_retained(&all, 1001));
	assert_null(sandboxes_oldest_retained(&all, 1001));
	for (size_t i = 0; i < ELEMENTSOF(order); i++) {
		assert_int_equal(sandboxes_oldest_retained(&all, 1000)->id, order[i]);
		sandboxes_remove(&all, sandboxes_oldest_retained(&all, (uid_t)-1));
	}
	assert_null(sandboxes_oldest_retained(&all, (uid_t)-1));
	assert_null(all.newest);
	sandboxes_done(&all);
}

/* Every state, result and refusal has a name: a number without one would be NULL in a message. */
static void test_names(void **state)
{
	for (int i = 0; i < _SANDBOX_STATE_MAX; i++)
		assert_non_null(sandbox_state_to_string((enum sandbox_state)i));
	for (int i = 0; i < _RESULT_MAX; i++)
		assert_non_null(sandbox_result_to_string((enum sandbox_result)i));
	assert_null(sandbox_state_to_string(_SANDBOX_STATE_MAX));
	assert_null(sandbox_result_to_string(_RESULT_MAX));
	for (int i = REFUSAL_ACCESS_DENIED; i < _REFUSAL_MAX; i++) {
		_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

		assert_true(error_refusal(&error, (enum refusal)i, NULL, "x") < 0);
		assert_int_equal(strncmp(error.name, BAILIFF_ERROR_PREFIX, strlen(BAILIFF_ERROR_PREFIX)), 0);
		assert_string_not_equal(error.name, BAILIFF_ERROR_FAILED);
	}
}

/* What a caller's bytes may do to a message. */
static void test_clean_text(void **state)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

	assert_true(error_refusal(&error, REFUSAL_ARGV_DENIED, "p:1", "bad\x1b[2J \xff \xc3") < 0);
	assert_string_equal(error.message, "bad\\x1b[2J \\xff \\xc3 [p:1]");
}

static void setup_message(enum jail_stage stage, int code, const char *object, const char *want)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	char buffer[64];
	struct refused refused = { .stage = stage, .error = code, .message = buffer };

	(void)snprintf(buffer, sizeof(buffer), "%s", object);
	assert_true(error_refused(&error, &refused) < 0);
	assert_string_equal(error.message, want);
}

/* Each thing once: stage, object, errno, mend. */
static void test_setup_message(void **state)
{
	setup_message(STAGE_MOUNTS, -ELOOP, "source /a",
		"Setting up the jail failed at Mounts: source /a: Too many levels of symbolic links");
	setup_message(STAGE_EXEC, -ENOENT, "/nosuch",
		"Setting up the jail failed at Exec: /nosuch: No such file or directory; it must exist "
		"inside "
		"of the jail: see Executable= and [Filesystem] of the profile");
	setup_message(STAGE_CGROUP, -EOPNOTSUPP, "TasksMax= there is no cgroup v2 controller pids",
		"Setting up the jail failed at Cgroup: TasksMax= there is no cgroup v2 controller pids: "
		"Operation "
		"not supported; bailiffd needs a delegated cgroup v2 with it, or Optional=Cgroup goes on "
		"without");
	setup_message(STAGE_RLIMITS, -EOPNOTSUPP, "CoreScheduling=: this kernel has none",
		"Setting up the jail failed at Rlimits: CoreScheduling=: this kernel has none: Operation not "
		"supported; Optional= can name it, to go on without");
	setup_message(STAGE_NAMESPACES, -EAGAIN, "",
		"Setting up the jail failed at Namespaces: Resource temporarily unavailable; the machine has "
		"no room for it now: try again later");
}

/* What systemd's unit forbids, and the drop-in that opens it. */
static void test_setup_closed(void **state)
{
	setup_message(STAGE_NAMESPACES, -EAFNOSUPPORT, "PrivateNetwork=no:",
		"Setting up the jail failed at Namespaces: PrivateNetwork=no:: Address family not supported "
		"by protocol; give bailiffd the network (under systemd with network.conf, see bailiffd(8))");
	setup_message(STAGE_CAPABILITIES, -EPERM, "the launcher itself lacks CAP_NET_RAW",
		"Setting up the jail failed at Capabilities: the launcher itself lacks CAP_NET_RAW: "
		"Operation "
		"not permitted; give it to bailiffd (under systemd with network.conf, see bailiffd(8))");
	setup_message(STAGE_CAPABILITIES, -EPERM, "the launcher itself lacks CAP_CHOWN",
		"Setting up the jail failed at Capabilities: the launcher itself lacks CAP_CHOWN: Operation "
		"not permitted; give it to bailiffd (under systemd with capabilities.conf, see bailiffd(8))");
	setup_message(STAGE_CAPABILITIES, -EPERM, "bounding set: CAP_CHOWN",
		"Setting up the jail failed at Capabilities: bounding set: CAP_CHOWN: Operation not "
		"permitted");
	setup_message(STAGE_MOUNTS, -ENOENT, "source /dev/kmsg",
		"Setting up the jail failed at Mounts: source /dev/kmsg: No such file or directory; begin "
		"the source with \"-\" if it may be missing; a device that is there is shown to bailiffd "
		"under systemd with devices.conf, see bailiffd(8)");
	setup_message(STAGE_MOUNTS, -ENOENT, "source /devices",
		"Setting up the jail failed at Mounts: source /devices: No such file or directory; make it "
		"on the host, or begin the source with \"-\" if it may be missing");
}

static void test_layers(void **state)
{
	_cleanup_(strv_freep) char **applied = NULL, **skipped = NULL, **none = NULL;
	_cleanup_(strv_freep) char **some = NULL, **all = NULL, **limits = NULL;

	assert_int_equal(layers_applied(1U << STAGE_SECCOMP | 1U << STAGE_FDS, &applied), 0);
	assert_int_equal(strv_length(applied), 1);
	assert_string_equal(applied[0], "Seccomp");
	/* what the profile does not ask for is not skipped */
	assert_int_equal(layers_skipped(1U << STAGE_SECCOMP, 0, &skipped), 0);
	assert_int_equal(strv_length(skipped), 1);
	assert_true(strncmp(skipped[0], "Cgroup: ", 8) == 0);
	assert_int_equal(layers_skipped(1U << STAGE_CGROUP, 0, &none), 0);
	assert_int_equal(strv_length(none), 0);
	assert_int_equal(layers_skipped(1U << STAGE_CGROUP | 1U << STAGE_LANDLOCK,
				 1U << LACK_NET_BIND | 1U << LACK_SCOPE_SIGNAL, &some),
		0);
	assert_int_equal(strv_length(some), 2);
	assert_string_equal(some[0], "Landlock: NetBindTcp= this kernel lacks it");
	assert_string_equal(some[1], "Landlock: Scope=signal this kernel lacks it");
	assert_int_equal(layers_skipped(1U << STAGE_CGROUP, 1U << LACK_CPU_QUOTA, &limits), 0);
	assert_string_equal(limits[0], "Cgroup: CPUQuota= the controller is missing here");
	assert_int_equal(layers_skipped(1U << STAGE_CGROUP, 1U << LACK_SELINUX, &all), 0);
	assert_string_equal(all[0], "SELinux: SELinuxContext= SELinux is not on here");
}

/* Each setting that may be lacking has a key of a profile and a layer. */
static void test_lacks(void **state)
{
	for (unsigned i = 0; i < _LACK_MAX; i++) {
		assert_non_null(strchr(jail_lack_key((enum jail_lack)i), '='));
		assert_int_not_equal(jail_lack_stage((enum jail_lack)i), STAGE_NONE);
	}
	assert_string_equal(jail_lack_key(_LACK_MAX), "");
	assert_int_equal(jail_lack_stage(_LACK_MAX), STAGE_NONE);
	assert_string_equal(jail_lack_key(LACK_IO_WEIGHT), "IOWeight=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_oldest),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_setup_message),
		cmocka_unit_test(test_setup_closed),
		cmocka_unit_test(test_lacks),
		cmocka_unit_test(test_layers),
	};

	return cmocka_run_group_tests_name("broker table", tests, NULL, NULL);
}
