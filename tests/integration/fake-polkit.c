/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stands in for polkit on a private bus: fake-polkit ADDRESS yes|no|challenge|garbage|dies|slow. Owns its
 * name, says "ready", and answers each CheckAuthorization as told; with "slow" it answers yes after a line on
 * standard input. Each question and each cancellation is a line on standard output.
 */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char interface_xml[] =
	"<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
	"<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' "
	"direction='in'/>"
	"<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
	"<arg type='(bba{ss})' direction='out'/></method>"
	"<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
	"</interface></node>";

static const char *mode;
static GDBusMethodInvocation *waiting;

static GVariant *answer(bool authorized, bool challenge)
{
	return g_variant_new("((bba{ss}))", authorized, challenge, NULL);
}

static void send_garbage(GDBusConnection *c, GDBusMethodInvocation *i)
{
	GDBusMessage *reply = g_dbus_message_new_method_reply(g_dbus_method_invocation_get_message(i));

	g_dbus_message_set_body(reply, g_variant_new("(bbs)", TRUE, TRUE, "yes"));
	(void)g_dbus_connection_send_message(c, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
	g_object_unref(reply);
}

static void check(GDBusConnection *c, GVariant *parameters, GDBusMethodInvocation *i)
{
	g_autofree char *text = g_variant_print(parameters, FALSE);

	printf("asked %s\n", text);
	if (strcmp(mode, "dies") == 0)
		_Exit(0);
	if (strcmp(mode, "slow") == 0)
		waiting = i;
	else if (strcmp(mode, "garbage") == 0)
		send_garbage(c, i);
	else
		g_dbus_method_invocation_return_value(
			i, answer(strcmp(mode, "yes") == 0, strcmp(mode, "challenge") == 0));
}

static void on_call(GDBusConnection *c, const char *sender, const char *path, const char *interface,
	const char *method, GVariant *parameters, GDBusMethodInvocation *i, void *userdata)
{
	if (strcmp(method, "CheckAuthorization") == 0) {
		check(c, parameters, i);
		return;
	}
	printf("cancelled\n");
	g_dbus_method_invocation_return_value(i, NULL);
}

static gboolean on_input(GIOChannel *channel, GIOCondition condition, void *userdata)
{
	g_autofree char *line = NULL;

	if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL)
		exit(0);
	if (waiting)
		g_dbus_method_invocation_return_value(waiting, answer(true, false));
	waiting = NULL;
	return G_SOURCE_CONTINUE;
}

static void on_name(GDBusConnection *c, const char *name, void *userdata)
{
	printf("ready\n");
}

static void on_lost(GDBusConnection *c, const char *name, void *userdata)
{
	exit(1);
}

int main(int argc, char **argv)
{
	static const GDBusInterfaceVTable vtable = { .method_call = on_call };
	g_autoptr(GError) error = NULL;
	GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(interface_xml, NULL);
	GDBusConnection *c;

	if (argc != 3 || !node)
		return 2;
	mode = argv[2];
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	c = g_dbus_connection_new_for_address_sync(argv[1],
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
			G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	if (!c || g_dbus_connection_register_object(c, "/org/freedesktop/PolicyKit1/Authority",
			  node->interfaces[0], &vtable, NULL, NULL, &error) == 0) {
		(void)fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	(void)g_bus_own_name_on_connection(
		c, "org.freedesktop.PolicyKit1", G_BUS_NAME_OWNER_FLAGS_NONE, on_name, on_lost, NULL, NULL);
	(void)g_io_add_watch(g_io_channel_unix_new(0), G_IO_IN | G_IO_HUP, on_input, NULL);
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
	return 0;
}
