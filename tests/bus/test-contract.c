/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The XML in dbus/ is the contract: what the broker answers to Introspect, who may call what, and what the
 * bus policy lets through must say the same. */

#include "base/io.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *read_file(const char *root_variable, const char *name)
{
	const char *root = getenv(root_variable);
	char path[4096], *text;
	size_t size;
	int fd;

	assert_non_null(root);
	(void)snprintf(path, sizeof(path), "%s/dbus/%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read_fd_to_end(fd, 1 << 20, &text, &size), 0);
	(void)close(fd);
	return text;
}

static GDBusNodeInfo *contract(void)
{
	char *xml = read_file("BAILIFF_SOURCE_ROOT", "org.bailiff.Broker1.xml");
	GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(xml, NULL);

	assert_non_null(node);
	free(xml);
	return node;
}

static GDBusNodeInfo *introspect(struct rig *r, const char *path)
{
	struct reply reply;
	GDBusNodeInfo *node;
	const char *xml;

	rig_expect(r, rig_call_path(r, ALICE, path, "org.freedesktop.DBus.Introspectable", "Introspect"),
		NULL, &reply);
	assert_true(sd_bus_message_read(reply.message, "s", &xml) > 0);
	node = g_dbus_node_info_new_for_xml(xml, NULL);
	assert_non_null(node);
	reply_done(&reply);
	return node;
}

static void compare_args(const char *member, GDBusArgInfo **expected, GDBusArgInfo **got)
{
	size_t i = 0;

	for (; expected && expected[i]; i++) {
		if (!got || !got[i])
			fail_msg("%s: argument %s is missing", member, expected[i]->name);
		assert_string_equal(got[i]->name, expected[i]->name);
		assert_string_equal(got[i]->signature, expected[i]->signature);
	}
	if (got && got[i])
		fail_msg("%s: argument %s is not in the contract", member, got[i]->name);
}

static const char *emits(GDBusPropertyInfo *p)
{
	const char *value = g_dbus_annotation_info_lookup(
		p->annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal");

	return value ? value : "true";
}

static size_t length(void *list)
{
	void **v = list;
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

static void compare_interfaces(GDBusInterfaceInfo *expected, GDBusInterfaceInfo *got)
{
	assert_non_null(got);
	assert_int_equal(length(got->methods), length(expected->methods));
	assert_int_equal(length(got->signals), length(expected->signals));
	assert_int_equal(length(got->properties), length(expected->properties));
	for (size_t i = 0; expected->methods[i]; i++) {
		GDBusMethodInfo *e = expected->methods[i],
				*g = g_dbus_interface_info_lookup_method(got, e->name);

		if (!g)
			fail_msg("method %s is missing", e->name);
		compare_args(e->name, e->in_args, g->in_args);
		compare_args(e->name, e->out_args, g->out_args);
	}
	for (size_t i = 0; expected->signals[i]; i++) {
		GDBusSignalInfo *e = expected->signals[i],
				*g = g_dbus_interface_info_lookup_signal(got, e->name);

		if (!g)
			fail_msg("signal %s is missing", e->name);
		compare_args(e->name, e->args, g->args);
	}
	for (size_t i = 0; expected->properties[i]; i++) {
		GDBusPropertyInfo *e = expected->properties[i];
		GDBusPropertyInfo *g = g_dbus_interface_info_lookup_property(got, e->name);

		if (!g)
			fail_msg("property %s is missing", e->name);
		assert_string_equal(g->signature, e->signature);
		assert_int_equal(g->flags, e->flags);
		assert_string_equal(emits(g), emits(e));
	}
}

static void test_introspection(void **state)
{
	GDBusNodeInfo *expected = contract(), *manager, *sandbox, *profile;
	struct rig *r = *state;
	struct reply reply;

	manager = introspect(r, BAILIFF_OBJECT_PATH);
	compare_interfaces(g_dbus_node_info_lookup_interface(expected, BAILIFF_MANAGER_INTERFACE),
		g_dbus_node_info_lookup_interface(manager, BAILIFF_MANAGER_INTERFACE));
	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	sandbox = introspect(r, BAILIFF_SANDBOX_PREFIX "/7");
	compare_interfaces(g_dbus_node_info_lookup_interface(expected, BAILIFF_SANDBOX_INTERFACE),
		g_dbus_node_info_lookup_interface(sandbox, BAILIFF_SANDBOX_INTERFACE));
	profile = introspect(r, BAILIFF_PROFILE_PREFIX "/decoder");
	compare_interfaces(g_dbus_node_info_lookup_interface(expected, BAILIFF_PROFILE_INTERFACE),
		g_dbus_node_info_lookup_interface(profile, BAILIFF_PROFILE_INTERFACE));
	g_dbus_node_info_unref(profile);
	g_dbus_node_info_unref(sandbox);
	g_dbus_node_info_unref(manager);
	g_dbus_node_info_unref(expected);
}

/* The part of the policy that is for everybody. */
static char *default_policy(void)
{
	char *policy = read_file("BAILIFF_BUILD_ROOT", "org.bailiff.Broker1.conf");
	char *end = strstr(policy, "</policy>");

	assert_non_null(strstr(policy, "<policy context=\"default\">"));
	assert_non_null(end);
	*end = '\0';
	assert_non_null(strstr(policy, "<deny send_destination=\"org.bailiff.Broker1\"/>"));
	assert_non_null(strstr(policy, "<deny own=\"org.bailiff.Broker1\"/>"));
	return policy;
}

static void check_method(const char *policy, const char *interface, GDBusMethodInfo *method)
{
	const char *who = g_dbus_annotation_info_lookup(method->annotations, "org.bailiff.Authorization");
	char rule[256];

	if (!who)
		fail_msg("%s: the contract does not say who may call it", method->name);
	/* administrators are not root alone: the broker asks polkit, so the bus lets everybody ask the broker
	 */
	if (strcmp(who, "user") != 0 && strcmp(who, "owner") != 0 && strcmp(who, "launcher") != 0)
		assert_string_equal(who, "administrator");
	(void)snprintf(rule, sizeof(rule), "send_interface=\"%s\"\n           send_member=\"%s\"/>",
		interface, method->name);
	if (!strstr(policy, rule))
		fail_msg("%s: the bus policy and the contract differ", method->name);
}

static void test_policy(void **state)
{
	GDBusNodeInfo *expected = contract();
	char *policy = default_policy();
	size_t rules = 0, methods = 0;

	for (size_t i = 0; expected->interfaces[i]; i++)
		for (size_t k = 0; expected->interfaces[i]->methods[k]; k++) {
			check_method(
				policy, expected->interfaces[i]->name, expected->interfaces[i]->methods[k]);
			methods++;
		}
	for (const char *p = policy; (p = strstr(p, "<allow ")); p++) {
		const char *end = strstr(p, "/>"),
			   *destination = strstr(p, "send_destination=\"org.bailiff.Broker1\"");

		rules++;
		assert_true(destination && destination < end);
	}
	/* Introspect, Get, GetAll, GetManagedObjects and Ping are the others' members. */
	assert_int_equal(rules, methods + 5);
	free(policy);
	g_dbus_node_info_unref(expected);
}

static void expect_error(
	struct rig *r, const char *path, const char *interface, const char *member, const char *error)
{
	rig_expect(r, rig_call_path(r, ALICE, path, interface, member), error, NULL);
}

/* P24, P25 */
static void test_unknown_members(void **state)
{
	struct rig *r = *state;
	struct reply reply;
	sd_bus_message *m;

	expect_error(
		r, BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "Nothing", SD_BUS_ERROR_UNKNOWN_METHOD);
	expect_error(r, BAILIFF_OBJECT_PATH, "org.example.No", "ListProfiles", SD_BUS_ERROR_UNKNOWN_METHOD);
	expect_error(
		r, "/org/example", BAILIFF_MANAGER_INTERFACE, "ListProfiles", SD_BUS_ERROR_UNKNOWN_OBJECT);
	expect_error(r, BAILIFF_SANDBOX_PREFIX "/1", BAILIFF_SANDBOX_INTERFACE, "Wait",
		BAILIFF_ERROR_NO_SUCH_SANDBOX);
	/* The interface is optional in a call (rules of the bus policy that name one do not match then): no
	 * way around. */
	rig_send(r, rig_call_path(r, ALICE, BAILIFF_OBJECT_PATH, NULL, "Reload"), &reply);
	rig_wait(r, &reply);
	assert_non_null(reply.error);
	reply_done(&reply);
	m = rig_call_path(r, ROOT, BAILIFF_OBJECT_PATH, "org.freedesktop.DBus.Properties", "Set");
	assert_true(sd_bus_message_append(m, "ssv", BAILIFF_MANAGER_INTERFACE, "Generation", "u", 7) >= 0);
	rig_expect(r, m, SD_BUS_ERROR_PROPERTY_READ_ONLY, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_introspection, rig_setup, rig_teardown),
		cmocka_unit_test(test_policy),
		cmocka_unit_test_setup_teardown(test_unknown_members, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus contract", tests, NULL, NULL);
}
