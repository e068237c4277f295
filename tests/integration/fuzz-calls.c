/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz-calls.h"

#include <string.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define MANY       120

static void member_free(gpointer data)
{
	struct fuzz_member *m = data;

	g_free(m->interface);
	g_free(m->name);
	g_free(m->rights);
	g_variant_type_free(m->arguments);
	g_free(m);
}

void fuzz_interface_init(struct fuzz_interface *i)
{
	*i = (struct fuzz_interface){ .members = g_ptr_array_new_with_free_func(member_free),
		.interfaces = g_ptr_array_new_with_free_func(g_free),
		.properties = g_ptr_array_new_with_free_func(g_free) };
}

void fuzz_interface_done(struct fuzz_interface *i)
{
	g_ptr_array_unref(i->members);
	g_ptr_array_unref(i->interfaces);
	g_ptr_array_unref(i->properties);
}

static void add_method(
	struct fuzz_interface *i, enum fuzz_kind kind, const char *interface, const GDBusMethodInfo *method)
{
	struct fuzz_member *m = g_new(struct fuzz_member, 1);
	g_autoptr(GString) type = g_string_new("(");

	for (GDBusArgInfo **a = method->in_args; a && *a; a++)
		g_string_append(type, (*a)->signature);
	g_string_append_c(type, ')');
	*m = (struct fuzz_member){ .kind = kind,
		.interface = g_strdup(interface),
		.name = g_strdup(method->name),
		.arguments = g_variant_type_new(type->str),
		.rights = g_strdup(
			g_dbus_annotation_info_lookup(method->annotations, "org.bailiff.Authorization")) };
	g_ptr_array_add(i->members, m);
}

void fuzz_interface_read(struct fuzz_interface *i, GDBusConnection *c, const char *path, enum fuzz_kind kind)
{
	g_autoptr(GVariant) v =
		rig_call_ok(c, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDBusNodeInfo) node = NULL;
	const char *xml;

	g_variant_get(v, "(&s)", &xml);
	node = g_dbus_node_info_new_for_xml(xml, &error);
	if (!node)
		fail_msg("%s: %s", path, error->message);
	for (GDBusInterfaceInfo **n = node->interfaces; n && *n; n++) {
		if (!g_ptr_array_find_with_equal_func(i->interfaces, (*n)->name, g_str_equal, NULL))
			g_ptr_array_add(i->interfaces, g_strdup((*n)->name));
		for (GDBusMethodInfo **m = (*n)->methods; m && *m; m++)
			add_method(i, kind, (*n)->name, *m);
		for (GDBusPropertyInfo **p = (*n)->properties; p && *p; p++)
			g_ptr_array_add(i->properties, g_strdup((*p)->name));
	}
}

static const char *pick_path(struct fuzz_values *v, enum fuzz_kind kind)
{
	static const char *const needles[] = { RIG_PATH, "/sandbox/", "/profile/" };
	const char *path = fuzz_pick(v, v->paths);
	const bool any = fuzz_chance(v, 8);

	/* the manager has one; of the others there are several */
	for (guint n = 0; !any && n < 40; n++) {
		if (kind == FUZZ_MANAGER ? strcmp(path, RIG_PATH) == 0 : strstr(path, needles[kind]) != NULL)
			break;
		path = fuzz_pick(v, v->paths);
	}
	return path;
}

/* A launch, or a question about one, that may come to pass. */
static GVariant *launch_arguments(struct fuzz_values *v, bool question)
{
	static const char *const scripts[] = { "exit 3", "sleep 1000", "kill -9 $$", "exec sleep 0.1",
		"sleep 1000 & sleep 1000", "echo x; read -r y", "env" };
	const char *script = scripts[fuzz_below(v, G_N_ELEMENTS(scripts))];
	const char *name = fuzz_chance(v, 85) ? "fuzzed" : fuzz_pick(v, v->words);
	const char *argv[] = { "dash", "-c", script, NULL };
	GVariant *args[5], *options = fuzz_options(v);
	const bool mapped = fuzz_chance(v, 20), varied = fuzz_chance(v, 20), plain = fuzz_chance(v, 40);
	gsize n = 0;

	args[n++] = g_variant_new_string(name);
	args[n++] = varied ? fuzz_value(v, G_VARIANT_TYPE_STRING_ARRAY, 1) : g_variant_new_strv(argv, -1);
	args[n++] = varied ? fuzz_value(v, G_VARIANT_TYPE("a{ss}"), 1)
			   : g_variant_new_array(G_VARIANT_TYPE("{ss}"), NULL, 0);
	if (!question)
		args[n++] = mapped ? fuzz_value(v, G_VARIANT_TYPE("a{uh}"), 1)
				   : g_variant_new_array(G_VARIANT_TYPE("{uh}"), NULL, 0);
	if (plain) {
		g_variant_unref(g_variant_ref_sink(options));
		options = g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0);
	}
	args[n++] = options;
	return g_variant_new_tuple(args, n);
}

static GVariant *property_arguments(struct fuzz_values *v, const struct fuzz_interface *i, const char *name)
{
	const char *interface = fuzz_pick(v, i->interfaces), *property = fuzz_pick(v, i->properties);

	if (strcmp(name, "GetAll") == 0)
		return g_variant_new("(s)", interface);
	if (strcmp(name, "Get") == 0)
		return g_variant_new("(ss)", interface, property);
	return g_variant_new("(ss@v)", interface, property, fuzz_value(v, G_VARIANT_TYPE_VARIANT, 1));
}

/* NULL: none. */
static GVariant *arguments(struct fuzz_values *v, const struct fuzz_interface *i, const struct fuzz_member *m)
{
	const guint shape = fuzz_below(v, 100), n = shape < 12 ? 4 : MANY;

	if (shape < 14)
		return fuzz_tuple(v, n);
	if (shape < 18)
		return NULL;
	if (shape < 70 && strcmp(m->name, "LaunchSandboxed") == 0)
		return launch_arguments(v, false);
	if (shape < 70 && strcmp(m->name, "Explain") == 0)
		return launch_arguments(v, true);
	if (shape < 90 && strcmp(m->interface, PROPERTIES) == 0)
		return property_arguments(v, i, m->name);
	return fuzz_value(v, m->arguments, 0);
}

/* Launches and questions about them have most to say: one in seven beside their turn among the others. */
static const struct fuzz_member *pick_member(struct fuzz_values *v, const struct fuzz_interface *i)
{
	const struct fuzz_member *m = i->members->pdata[fuzz_below(v, i->members->len)];
	const guint kind = fuzz_below(v, 100);

	for (guint k = 0; kind < 14 && k < i->members->len; k++) {
		const struct fuzz_member *one = i->members->pdata[k];

		if (strcmp(one->name, kind < 7 ? "LaunchSandboxed" : "Explain") == 0)
			return one;
	}
	return m;
}

GDBusMessage *fuzz_call(struct fuzz_values *v, const struct fuzz_interface *i, const struct fuzz_member **ret)
{
	const struct fuzz_member *m = pick_member(v, i);
	const char *path = pick_path(v, m->kind), *interface = m->interface, *name = m->name;
	const guint mangle = fuzz_below(v, 100);
	GDBusMessageFlags flags = G_DBUS_MESSAGE_FLAGS_NO_AUTO_START;
	GDBusMessage *message;
	GVariant *body;

	fuzz_begin(v);
	*ret = mangle < 5 ? NULL : m;
	if (mangle < 2)
		interface = fuzz_pick(v, i->interfaces);
	else if (mangle < 3)
		interface = "org.bailiff.Broker1.No1";
	else if (mangle < 5)
		name = fuzz_chance(v, 50) ? "NoSuchMethod" : fuzz_pick(v, i->properties);
	else if (mangle < 13)
		interface = NULL; /* an optional field of the header */
	body = arguments(v, i, m);
	flags |= fuzz_chance(v, 2) ? G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED : 0;
	flags |= fuzz_chance(v, 5) ? G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION : 0;
	message = g_dbus_message_new_method_call(RIG_NAME, path, interface, name);
	g_dbus_message_set_flags(message, flags);
	if (body)
		g_dbus_message_set_body(message, body);
	if (g_unix_fd_list_get_length(v->fds) > 0)
		g_dbus_message_set_unix_fd_list(message, v->fds);
	return message;
}
