/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Records of decisions as the real daemon writes them: from inside its empty root, to a socket that was there
 * before. Row Q5.
 */

#include "rig.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int journal = -1;
static char *directory; /* that it is in */

static void bind_journal(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	(void)unlink(path);
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_return_code(journal, errno);
	assert_return_code(bind(journal, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(chmod(path, 0666), errno);
}

static char *text_field(const char *data, size_t size, const char *name)
{
	g_autofree char *key = g_strdup_printf("\n%s\n", name);
	const char *at = memmem(data, size, key, strlen(key));
	guint64 n;

	if (!at)
		return NULL;
	at += strlen(key);
	memcpy(&n, at, sizeof(n));
	n = GUINT64_FROM_LE(n);
	assert_true(n < size);
	return g_strndup(at + sizeof(n), n);
}

/* Waits for the record of this event and returns one of its texts. */
static char *expect(const char *event, const char *name)
{
	g_autofree char *line = g_strdup_printf("BAILIFF_EVENT=%s\n", event);
	static char data[16384];

	for (;;) {
		struct pollfd p = { .fd = journal, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, RIG_TIMEOUT_MS) != 1)
			fail_msg("no record of \"%s\"", event);
		n = recv(journal, data, sizeof(data), 0);
		assert_true(n > 0);
		if (memmem(data, (size_t)n, line, strlen(line)))
			return text_field(data, (size_t)n, name);
	}
}

static void test_records(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "60", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *alice = rig_connect(*state, RIG_ALICE), *bob = rig_connect(*state, RIG_BOB);
	g_autofree char *rule = NULL, *profile = NULL, *method = NULL, *ended = NULL;
	struct rig_sandbox s;

	rig_launch(alice, &l, &s);
	rule = expect("launched", "BAILIFF_RULE");
	assert_string_equal(rule, "tool.profile:4 AllowUser=man");
	rig_launch_fails(bob, &l, RIG_ERROR("AccessDenied"), NULL);
	profile = expect("refused", "BAILIFF_PROFILE");
	assert_string_equal(profile, "tool");
	rig_call_fails(bob, RIG_PATH, RIG_MANAGER, "Reload", NULL, RIG_ERROR("AccessDenied"), NULL);
	method = expect("administration-refused", "BAILIFF_METHOD");
	assert_string_equal(method, "Reload");
	g_variant_unref(rig_call_ok(alice, s.path, RIG_SANDBOX, "Stop", g_variant_new("(t)", (guint64)0)));
	g_variant_unref(rig_call_ok(alice, s.path, RIG_SANDBOX, "Wait", NULL));
	ended = expect("ended", "BAILIFF_PROFILE");
	assert_string_equal(ended, "tool");
	g_variant_unref(rig_call_ok(alice, s.path, RIG_SANDBOX, "Release", NULL));
	rig_sandbox_done(&s);
	rig_disconnect(*state, alice);
	rig_disconnect(*state, bob);
}

/* A broker that is started anew finds the journal again; one without a journal serves all the same. */
static void test_journal_comes_and_goes(void **state)
{
	static const char *const argv[] = { "/usr/bin/sleep", "0", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	GDBusConnection *alice;
	struct rig_sandbox s;

	rig_kill_and_wait(*state, RIG_BROKER);
	alice = rig_connect(*state, RIG_ALICE);
	rig_launch(alice, &l, &s);
	g_free(expect("launched", "MESSAGE"));
	rig_sandbox_done(&s);
	assert_return_code(close(journal), errno);
	journal = -1;
	for (int i = 0; i < 3; i++) {
		rig_launch(alice, &l, &s);
		rig_sandbox_done(&s);
	}
	rig_disconnect(*state, alice);
}

static int setup(void **state)
{
	g_autofree char *path = NULL;

	directory = g_dir_make_tmp("bailiff-audit-XXXXXX", NULL);
	assert_non_null(directory);
	assert_return_code(chmod(directory, 0755), errno);
	path = g_build_filename(directory, "journal", NULL);
	bind_journal(path);
	assert_return_code(setenv("BAILIFF_TEST_JOURNAL", path, 1), errno);
	return rig_setup(state);
}

static int teardown(void **state)
{
	(void)unlink(getenv("BAILIFF_TEST_JOURNAL"));
	(void)rmdir(directory);
	g_free(directory);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_journal_comes_and_goes),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests_name("audit", tests, setup, teardown);
}
