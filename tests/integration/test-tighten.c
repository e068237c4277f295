/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Options that ask for less than the profile has, from the caller's message to what the program sees: each
 * option below, at and above the profile's value, over two profiles. Limits of the sandbox as a whole hold
 * where the machine has the controllers, and fail the launch where it has not.
 */

#include "rig.h"

#include <string.h>

static const char common[] = "[Access]\nAllowUser=man\n[Exec]\nExecutable=/probe\n"
			     "StandardOutput=inherit\nStandardInput=null\nStandardError=null\n"
			     "[Filesystem]\nBindReadOnlyPaths=%s/tests/jail/probe:/probe\n%s";
static const char given[] = "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW CAP_NET_BIND_SERVICE\n"
			    "AmbientCapabilities=CAP_NET_RAW CAP_NET_BIND_SERVICE\n"
			    "[Namespaces]\nPrivateNetwork=no\n[Resources]\nNice=5\nOOMScoreAdjust=100\n";

#define DENIED RIG_ERROR("OverrideDenied")

/* options: of "silent", whose profile has none of the keys, and of "given", above. */
static const struct {
	const char *profile, *options;
	const char *error, *says; /* else what the probe sees: */
	const char *key, *value;
} rows[] = {
	{ "given", "{'nice': <5>}", NULL, NULL, "nice", "5" },
	{ "given", "{'nice': <19>}", NULL, NULL, "nice", "19" },
	{ "given", "{'nice': <4>}", DENIED, "Nice=5", NULL, NULL },
	{ "given", "{'nice': <-20>}", DENIED, "Nice=5", NULL, NULL },
	{ "silent", "{'nice': <11>}", NULL, NULL, "nice", "11" },
	{ "silent", "{'nice': <-1>}", DENIED, "no Nice=", NULL, NULL },
	{ "given", "{'oom-score-adj': <100>}", NULL, NULL, "oom_score_adj", "100" },
	{ "given", "{'oom-score-adj': <1000>}", NULL, NULL, "oom_score_adj", "1000" },
	{ "given", "{'oom-score-adj': <99>}", DENIED, "OOMScoreAdjust=100", NULL, NULL },
	{ "silent", "{'oom-score-adj': <1000>}", NULL, NULL, "oom_score_adj", "1000" },
	{ "silent", "{'oom-score-adj': <-1000>}", DENIED, "no OOMScoreAdjust=", NULL, NULL },
	{ "given", "{}", NULL, NULL, "cap_bounding", "0000000000002400" },
	{ "given", "{'drop-capabilities': <['CAP_NET_RAW']>}", NULL, NULL, "cap_bounding",
		"0000000000000400" },
	{ "given", "{'drop-capabilities': <['CAP_NET_RAW']>}", NULL, NULL, "cap_ambient",
		"0000000000000400" },
	{ "given", "{'drop-capabilities': <['CAP_SYS_ADMIN', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE']>}", NULL,
		NULL, "cap_effective", "0000000000000000" },
	{ "silent", "{'drop-capabilities': <['CAP_SYS_ADMIN']>}", NULL, NULL, "cap_permitted",
		"0000000000000000" },
	{ "given", "{'nice': <uint32 5>}", "org.freedesktop.DBus.Error.InvalidArgs", "nice", NULL, NULL },
	{ "given", "{'nice': <5>, 'oom-score-adj': <0>}", DENIED, "oom-score-adj", NULL, NULL },
};

static GVariant *options_of(const char *text)
{
	g_autoptr(GVariant) given_options =
		g_variant_ref_sink(g_variant_new_parsed(g_str_equal(text, "{}") ? "@a{sv} {}" : text));
	GVariantDict d;

	g_variant_dict_init(&d, given_options);
	g_variant_dict_insert_value(&d, "stdio", g_variant_new_parsed("{uint32 1: 'pipe'}"));
	return g_variant_dict_end(&d);
}

/* What the probe says of itself. Free. */
static char *see(GDBusConnection *c, const char *profile, const char *options)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	struct rig_launch l = { .profile = profile, .argv = argv, .options = options_of(options) };
	struct rig_sandbox s;
	char *output;

	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	rig_sandbox_done(&s);
	return output;
}

static void fails(
	GDBusConnection *c, const char *profile, const char *options, const char *error, const char *says)
{
	static const char *const argv[] = { "/probe", "see", NULL };
	struct rig_launch l = { .profile = profile, .argv = argv, .options = options_of(options) };

	rig_launch_fails(c, &l, error, says);
}

static GDBusConnection *prepare(struct rig *rig)
{
	static const struct {
		const char *name, *more;
	} profiles[] = { { "given", given }, { "silent", "" } };
	const char *root = g_getenv("BAILIFF_BUILD_ROOT");

	for (size_t i = 0; i < G_N_ELEMENTS(profiles); i++) {
		g_autofree char *text = g_strdup_printf(common, root, profiles[i].more),
				*name = g_strdup_printf("profiles/%s.profile", profiles[i].name);

		rig_write(rig, name, text);
	}
	rig_reload(rig);
	return rig_connect(rig, RIG_ALICE);
}

static void finish(struct rig *rig, GDBusConnection *c)
{
	rig_disconnect(rig, c);
	rig_remove(rig, "profiles/given.profile");
	rig_remove(rig, "profiles/silent.profile");
	rig_reload(rig);
	rig_wait_jailed(rig, 0);
}

static void test_all(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *output = NULL, *value = NULL;

		if (rows[i].error) {
			fails(c, rows[i].profile, rows[i].options, rows[i].error, rows[i].says);
			continue;
		}
		output = see(c, rows[i].profile, rows[i].options);
		value = rig_probe_value(output, rows[i].key);
		if (g_strcmp0(value, rows[i].value) != 0)
			fail_msg("%s %s: %s is %s, wanted %s", rows[i].profile, rows[i].options, rows[i].key,
				value, rows[i].value);
	}
	finish(rig, c);
}

/* The host's network is gone, a loopback device is there; without the option, or with "no", it is not so. */
static void test_no_network(void **state)
{
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);
	g_autofree char *host = g_file_read_link("/proc/self/ns/net", NULL),
			*with = see(c, "given", "{'no-network': <false>}"),
			*without = see(c, "given", "{'no-network': <true>}"),
			*own = see(c, "silent", "{'no-network': <true>}");
	g_autofree char *with_net = rig_probe_value(with, "ns_net"),
			*without_net = rig_probe_value(without, "ns_net"),
			*own_net = rig_probe_value(own, "ns_net");

	assert_string_equal(with_net, host);
	assert_non_null(without_net);
	assert_string_not_equal(without_net, host);
	assert_non_null(own_net);
	assert_string_not_equal(own_net, host);
	finish(rig, c);
}

/* Where there is no controller, the launch fails with the layer and the key named, also when asked for
 * nearly nothing; Optional= is the profile's to say. */
static void test_whole(void **state)
{
	static const struct {
		const char *options, *key;
	} limits[] = { { "{'memory-max': <uint64 67108864>}", "MemoryMax=" },
		{ "{'tasks-max': <uint64 20>}", "TasksMax=" },
		{ "{'cpu-quota': <uint32 50>}", "CPUQuota=" } };
	static const char *const argv[] = { "/probe", "see", NULL };
	struct rig *rig = *state;
	GDBusConnection *c = prepare(rig);

	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
		struct rig_launch l = {
			.profile = "silent", .argv = argv, .options = options_of(limits[i].options)
		};
		g_autoptr(GError) error = NULL;
		g_autofree char *output = NULL;
		struct rig_sandbox s;

		if (!rig_launch_try(c, &l, &s, &error)) {
			assert_non_null(strstr(error->message, RIG_ERROR("Setup.Cgroup")));
			assert_non_null(strstr(error->message, limits[i].key));
			continue;
		}
		output = rig_read_all(s.stream[1], NULL);
		assert_non_null(strstr(output, "ns_net"));
		rig_sandbox_done(&s);
	}
	finish(rig, c);
}

/* The bounding set is the profile's in force, however many reloads have widened or narrowed what profiles
 * keep since the launcher began; and a launch before may be of one that keeps something else. */
static void test_reloads(void **state)
{
	static const struct {
		const char *keys, *set, *tightened; /* of it without CAP_KILL */
	} catalogs[] = { { "", "0000000000000000", "0000000000000000" },
		{ "CapabilityBoundingSet=CAP_CHOWN CAP_KILL\n", "0000000000000021", "0000000000000001" },
		{ "CapabilityBoundingSet=CAP_KILL\nAmbientCapabilities=CAP_KILL\n", "0000000000000020",
			"0000000000000000" },
		{ "", "0000000000000000", "0000000000000000" },
		{ "CapabilityBoundingSet=CAP_NET_RAW\n", "0000000000002000", "0000000000002000" } };
	GDBusConnection *c = prepare(*state);
	const char *root = g_getenv("BAILIFF_BUILD_ROOT");

	for (size_t i = 0; i < 3 * G_N_ELEMENTS(catalogs); i++) {
		const size_t k = i % G_N_ELEMENTS(catalogs);
		g_autofree char *keys = g_strdup_printf("[Capabilities]\n%s", catalogs[k].keys),
				*text = g_strdup_printf(common, root, keys);

		rig_write(*state, "profiles/given.profile", text);
		rig_reload(*state);
		for (int n = 0; n < 5; n++) {
			g_autofree char *given_output = see(c, "given", "{}"),
					*silent = see(c, "silent", "{}"),
					*less = see(c, "given", "{'drop-capabilities': <['CAP_KILL']>}"),
					*given_set = rig_probe_value(given_output, "cap_bounding"),
					*silent_set = rig_probe_value(silent, "cap_bounding"),
					*less_set = rig_probe_value(less, "cap_bounding");

			assert_string_equal(given_set, catalogs[k].set);
			assert_string_equal(silent_set, "0000000000000000");
			assert_string_equal(less_set, catalogs[k].tightened);
		}
	}
	finish(*state, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_all),
		rig_test(test_no_network),
		rig_test(test_whole),
		rig_test(test_reloads),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
