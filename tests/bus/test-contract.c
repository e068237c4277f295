/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The XML in dbus/ is the contract: what the broker answers to Introspect, who may call what, and what the
 * bus policy lets through must say the same. */

#include "base/io.h"
#include "broker/manager-bus.h"
#include "broker/profile-bus.h"
#include "broker/sandbox-bus.h"
#include "dbus/names.h"
#include "rig.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

static GDBusNodeInfo *read_answer(sd_bus_message *answer)
{
	GDBusNodeInfo *node;
	const char *xml;

	assert_true(sd_bus_message_read(answer, "s", &xml) > 0);
	node = g_dbus_node_info_new_for_xml(xml, NULL);
	assert_non_null(node);
	return node;
}

static GDBusNodeInfo *introspect(struct rig *r, const char *path)
{
	struct reply reply;
	GDBusNodeInfo *node;

	rig_expect(r, rig_call_path(r, ALICE, path, "org.freedesktop.DBus.Introspectable", "Introspect"),
		NULL, &reply);
	node = read_answer(reply.message);
	reply_done(&reply);
	return node;
}

/* A connection that has the broker's tables, and not the filter that answers instead of sd-bus. */
struct tables {
	sd_bus *objects, *client;
};

static void tables_open(struct tables *t, struct rig *r)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_true(sd_bus_new(&t->objects) >= 0);
	assert_true(sd_bus_set_fd(t->objects, pair[0], pair[0]) >= 0);
	assert_true(sd_bus_start(t->objects) >= 0);
	assert_true(manager_bus_add(&r->broker, t->objects) >= 0);
	assert_true(sandbox_bus_add(&r->broker, t->objects) >= 0);
	assert_true(profile_bus_add(&r->broker, t->objects) >= 0);
	assert_true(sd_bus_add_object_manager(t->objects, NULL, BAILIFF_OBJECT_PATH) >= 0);
	assert_true(sd_bus_new(&t->client) >= 0);
	assert_true(sd_bus_set_fd(t->client, pair[1], pair[1]) >= 0);
	assert_true(sd_bus_set_server(t->client, 1, r->bus_id) >= 0);
	assert_true(sd_bus_start(t->client) >= 0);
}

static void tables_close(struct tables *t)
{
	t->client = sd_bus_close_unref(t->client);
	t->objects = sd_bus_close_unref(t->objects);
}

static int take_answer(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_message **ret = userdata;

	*ret = sd_bus_message_ref(m);
	return 1;
}

/* What sd-bus itself says of them. */
static GDBusNodeInfo *tables_introspect(struct tables *t, struct rig *r, const char *path)
{
	sd_bus *const known = r->broker.callers.bus;
	const uint64_t end = now_boottime_usec() + 5000000;
	sd_bus_message *m, *answer = NULL;
	GDBusNodeInfo *node;

	assert_true(sd_bus_message_new_method_call(t->client, &m, NULL, path,
			    "org.freedesktop.DBus.Introspectable", "Introspect") >= 0);
	assert_true(sd_bus_message_set_sender(m, ALICE) >= 0);
	assert_true(sd_bus_call_async(t->client, NULL, m, take_answer, &answer, 0) >= 0);
	sd_bus_message_unref(m);
	/* ALICE is somebody on the bus, and this has to be it */
	r->broker.callers.bus = t->objects;
	while (!answer) {
		assert_true(now_boottime_usec() < end);
		assert_true(sd_bus_process(t->objects, NULL) >= 0);
		assert_true(sd_bus_process(t->client, NULL) >= 0);
	}
	r->broker.callers.bus = known;
	if (sd_bus_message_is_method_error(answer, NULL))
		fail_msg("%s: %s", path, sd_bus_message_get_error(answer)->message);
	node = read_answer(answer);
	sd_bus_message_unref(answer);
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

static void compare_methods(GDBusInterfaceInfo *expected, GDBusInterfaceInfo *got)
{
	assert_int_equal(length(got->methods), length(expected->methods));
	for (size_t i = 0; i < length(expected->methods); i++) {
		GDBusMethodInfo *e = expected->methods[i],
				*g = g_dbus_interface_info_lookup_method(got, e->name);

		if (!g)
			fail_msg("method %s is missing", e->name);
		compare_args(e->name, e->in_args, g->in_args);
		compare_args(e->name, e->out_args, g->out_args);
	}
}

static void compare_signals(GDBusInterfaceInfo *expected, GDBusInterfaceInfo *got)
{
	assert_int_equal(length(got->signals), length(expected->signals));
	for (size_t i = 0; i < length(expected->signals); i++) {
		GDBusSignalInfo *e = expected->signals[i],
				*g = g_dbus_interface_info_lookup_signal(got, e->name);

		if (!g)
			fail_msg("signal %s is missing", e->name);
		compare_args(e->name, e->args, g->args);
	}
}

static void compare_properties(GDBusInterfaceInfo *expected, GDBusInterfaceInfo *got)
{
	assert_int_equal(length(got->properties), length(expected->properties));
	for (size_t i = 0; i < length(expected->properties); i++) {
		GDBusPropertyInfo *e = expected->properties[i];
		GDBusPropertyInfo *g = g_dbus_interface_info_lookup_property(got, e->name);

		if (!g)
			fail_msg("property %s is missing", e->name);
		assert_string_equal(g->signature, e->signature);
		assert_int_equal(g->flags, e->flags);
		assert_string_equal(emits(g), emits(e));
	}
}

static void compare_interfaces(GDBusInterfaceInfo *expected, GDBusInterfaceInfo *got)
{
	assert_non_null(got);
	compare_methods(expected, got);
	compare_signals(expected, got);
	compare_properties(expected, got);
}

static const struct {
	const char *path, *interface;
} objects[] = {
	{ BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE },
	{ BAILIFF_SANDBOX_PREFIX "/7", BAILIFF_SANDBOX_INTERFACE },
	{ BAILIFF_PROFILE_PREFIX "/decoder", BAILIFF_PROFILE_INTERFACE },
};

/* What sd-bus serves is what the contract says, and what the broker tells. */
static void test_introspection(void **state)
{
	GDBusNodeInfo *expected = contract();
	struct rig *r = *state;
	struct reply reply;
	struct tables t;

	rig_launch_sandbox(r, ALICE, "decoder", 7, &reply);
	reply_done(&reply);
	tables_open(&t, r);
	for (size_t i = 0; i < ELEMENTSOF(objects); i++) {
		GDBusNodeInfo *served = tables_introspect(&t, r, objects[i].path),
			      *told = introspect(r, objects[i].path);

		compare_interfaces(g_dbus_node_info_lookup_interface(expected, objects[i].interface),
			g_dbus_node_info_lookup_interface(served, objects[i].interface));
		assert_int_equal(length(told->interfaces), length(served->interfaces));
		for (size_t k = 0; k < length(served->interfaces); k++)
			compare_interfaces(served->interfaces[k],
				g_dbus_node_info_lookup_interface(told, served->interfaces[k]->name));
		assert_int_equal(length(told->nodes), length(served->nodes));
		for (size_t k = 0; k < length(served->nodes); k++)
			assert_string_equal(told->nodes[k]->path, served->nodes[k]->path);
		g_dbus_node_info_unref(told);
		g_dbus_node_info_unref(served);
	}
	tables_close(&t);
	g_dbus_node_info_unref(expected);
}

static const char *annotation(GDBusAnnotationInfo **annotations, const char *name)
{
	const char *value = g_dbus_annotation_info_lookup(annotations, name);

	if (!value)
		fail_msg("no annotation %s", name);
	return value;
}

/* Who may call what, and what it is for, is told too. */
static void test_annotations(void **state)
{
	static const char doc[] = "org.gtk.GDBus.DocString", who[] = "org.bailiff.Authorization";
	GDBusNodeInfo *expected = contract(), *told = introspect(*state, BAILIFF_OBJECT_PATH);
	GDBusInterfaceInfo *e = g_dbus_node_info_lookup_interface(expected, BAILIFF_MANAGER_INTERFACE),
			   *g = g_dbus_node_info_lookup_interface(told, BAILIFF_MANAGER_INTERFACE);
	GDBusMethodInfo *method;

	for (size_t i = 0; e->methods[i]; i++) {
		method = g_dbus_interface_info_lookup_method(g, e->methods[i]->name);
		assert_non_null(method);
		assert_string_equal(
			annotation(method->annotations, who), annotation(e->methods[i]->annotations, who));
		assert_string_not_equal(annotation(method->annotations, doc), "");
	}
	assert_non_null(strstr(annotation(g->annotations, doc), "On " BAILIFF_OBJECT_PATH));
	method = g_dbus_interface_info_lookup_method(g, "LaunchSandboxed");
	/* quotes, and lines with their places in a list */
	assert_non_null(strstr(annotation(method->annotations, doc), "\nargv:    argv[0]"));
	assert_non_null(strstr(annotation(method->annotations, doc), "\"fd-channel\""));
	assert_non_null(strstr(
		annotation(g_dbus_interface_info_lookup_signal(g, "ProfilesReloaded")->annotations, doc),
		"Broadcast"));
	g_dbus_node_info_unref(told);
	g_dbus_node_info_unref(expected);
}

/* What is asked wrongly, or of nothing, is answered as before. */
static void test_other_questions(void **state)
{
	static const char introspectable[] = "org.freedesktop.DBus.Introspectable";
	struct rig *r = *state;
	sd_bus_message *m = rig_call_path(r, ALICE, BAILIFF_OBJECT_PATH, introspectable, "Introspect");
	GDBusNodeInfo *node;

	assert_true(sd_bus_message_append(m, "s", "x") >= 0);
	rig_expect(r, m, SD_BUS_ERROR_INVALID_ARGS, NULL);
	rig_expect(r, rig_call_path(r, ALICE, BAILIFF_PROFILE_PREFIX "/none", introspectable, "Introspect"),
		SD_BUS_ERROR_UNKNOWN_OBJECT, NULL);
	/* another spelling of "decoder" */
	rig_expect(r,
		rig_call_path(r, ALICE, BAILIFF_PROFILE_PREFIX "/_64ecoder", introspectable, "Introspect"),
		SD_BUS_ERROR_UNKNOWN_OBJECT, NULL);
	rig_expect(r, rig_call_path(r, ALICE, BAILIFF_SANDBOX_PREFIX "/7", introspectable, "Introspect"),
		BAILIFF_ERROR_NO_SUCH_SANDBOX, NULL);
	node = introspect(r, BAILIFF_PROFILE_PREFIX);
	assert_true(length(node->nodes) > 0);
	assert_null(g_dbus_node_info_lookup_interface(node, BAILIFF_PROFILE_INTERFACE));
	g_dbus_node_info_unref(node);
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

/* D2: it lets each method through to us alone, and nothing else; test-access.c has a bus that denies all but
 * that. */
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
		cmocka_unit_test_setup_teardown(test_annotations, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(test_other_questions, rig_setup, rig_teardown),
		cmocka_unit_test(test_policy),
		cmocka_unit_test_setup_teardown(test_unknown_members, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests_name("bus contract", tests, NULL, NULL);
}
