/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of keys: no name twice, each in bailiff.profile(5), and the language whole. */

#include "base/io.h"
#include "base/strv.h"
#include "profile/profile.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANUAL_MAX (1024 * 1024)

static char *read_manual(void)
{
	const char *root = getenv("BAILIFF_SOURCE_ROOT");
	char path[4096], *text = NULL;
	size_t size;
	int fd;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/docs/man/bailiff.profile.5", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, MANUAL_MAX, &text, &size), 0);
	assert_int_equal(close(fd), 0);
	return text;
}

/* The key with its "=" stands as a word of its own. */
static bool documented(const char *manual, const char *name)
{
	char word[64];
	const char *at;

	(void)snprintf(word, sizeof(word), "%s=", name);
	for (at = strstr(manual, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ')
			return true;
	return false;
}

static void test_documented(void **state)
{
	char *manual = read_manual();

	(void)state;
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *k = &profile_keys.keys[i];

		if (!documented(manual, k->name))
			fail_msg("%s= of [%s] is not in bailiff.profile(5)", k->name, k->section);
	}
	free(manual);
}

/* One example: the lines of a literal block, without errors. Returns behind its end. */
static const char *check_example(const char *block)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	const char *end = strstr(block, "\n.Ed\n");

	assert_non_null(end);
	if (profile_parse_text("example", block, (size_t)(end + 1 - block), &d, &source, &p) < 0)
		fail_msg("%s in:\n%.*s", d.lines ? d.lines[0] : "?", (int)(end + 1 - block), block);
	return end;
}

/* What the manual shows can be loaded as it stands. */
static void test_examples(void **state)
{
	static const char begin[] = ".Bd -literal -offset indent\n";
	char *manual = read_manual();
	const char *at = strstr(manual, ".Sh EXAMPLES\n");
	size_t n = 0;

	(void)state;
	assert_non_null(at);
	while ((at = strstr(at, begin))) {
		at = check_example(at + strlen(begin));
		n++;
	}
	assert_true(n >= 3);
	free(manual);
}

static void test_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < profile_keys.n; i++) {
		const struct key *k = &profile_keys.keys[i];

		assert_true(k->id < _PROFILE_KEY_MAX);
		assert_non_null(k->set);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(profile_keys.keys[j].name, k->name);
	}
}

/* What a profile's language has, whole. */
static const struct {
	const char *section, *keys;
} language[] = {
	{ "Profile", "Description Template Optional" },
	{ "Access", "AllowUser AllowGroup AllowSELinuxDomain AllowUnit Polkit LaunchesPerMinute AllowDetach "
		    "MaxPerUser" },
	{ "Exec", "Executable Argument Environment PassEnvironment FileDescriptor MaxFileDescriptors "
		  "StandardInput "
		  "StandardOutput StandardError WorkingDirectory UMask" },
	{ "User", "DynamicUser User Group SupplementaryGroups PrivateUsers" },
	{ "Capabilities", "CapabilityBoundingSet AmbientCapabilities SecureBits NoNewPrivileges" },
	{ "Namespaces", "PrivateMounts PrivatePIDs PrivateNetwork PrivateIPC PrivateUTS ProtectHostname "
			"PrivateCgroup PrivateTime NetworkNamespacePath RunAsInit RestrictNamespaces "
			"JoinsPool" },
	{ "Filesystem",
		"MinimalRoot RootDirectory BindPaths BindReadOnlyPaths TemporaryFileSystem PrivateTmp "
		"PrivateDevices DeviceAllow "
		"ReadOnlyPaths InaccessiblePaths NoExecPaths ProtectSystem ProtectHome ProtectKernelTunables "
		"ProtectKernelModules ProtectKernelLogs ProtectControlGroups ProtectClock ProtectProc "
		"ProcSubset MountPropagation DaemonStore MountSlot" },
	{ "Landlock",
		"FsDefaultPaths FsPathReadOnly FsPathReadExecute FsPathReadWrite FsPathAdvancedReadWrite "
		"NetBindTcp NetConnectTcp Scope LogDenials" },
	{ "Seccomp", "Policy SystemCallFilter SystemCallErrorNumber SystemCallArchitectures SystemCallLog "
		     "RestrictAddressFamilies MemoryDenyWriteExecute LockPersonality RestrictRealtime "
		     "RestrictSUIDSGID ReportViolations" },
	{ "SELinux", "SELinuxContext" },
	{ "Resources",
		"LimitCPU LimitFSIZE LimitDATA LimitSTACK LimitCORE LimitRSS LimitNOFILE LimitAS LimitNPROC "
		"LimitMEMLOCK LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME "
		"RuntimeMaxSec TimeoutStartSec TimeoutStopSec KillSignal MemoryMax MemoryHigh TasksMax "
		"CPUQuota CPUWeight "
		"IOWeight Nice OOMScoreAdjust CPUAffinity IOSchedulingClass "
		"IOSchedulingPriority CoreScheduling TimerSlackNSec Personality KeyringMode" },
	{ "Pool", "Warm MaxWarm" },
};

/* What is said to the key with this value; "" if nothing. */
static void read_key(const char *section, const char *name, const char *value, char *ret, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics d = { 0 };
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(profile_done) struct profile p = { 0 };
	char text[128];

	(void)snprintf(text, sizeof(text), "[%s]\n%s=%s\n", section, name, value);
	(void)profile_parse_text("p", text, strlen(text), &d, &source, &p);
	(void)snprintf(ret, size, "%s", d.lines ? d.lines[0] : "");
}

/* Each is there, and can be emptied. Returns how many there are. */
static size_t check_keys(const char *section, const char *names)
{
	_cleanup_(strv_freep) char **list = NULL;
	char said[512];

	assert_int_equal(strv_split(names, " ", &list), 0);
	STRV_FOREACH (name, list) {
		read_key(section, *name, "", said, sizeof(said));
		assert_string_equal(said, "");
	}
	return strv_length(list);
}

static void test_language(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(language); i++)
		n += check_keys(language[i].section, language[i].keys);
	assert_int_equal(n, profile_keys.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_language),
	};

	return cmocka_run_group_tests_name("profile-keys", tests, NULL, NULL);
}
