/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Name, description and score of a profile are for everybody, as ListProfiles() has them. What is in it (its
 * files, programs, user, every setting) is for those who may launch it, and for administrators: for everybody
 * else these properties are empty, and Dump() is refused.
 */

#include "broker/profile-bus.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/layers.h"
#include "broker/sandbox-bus.h"
#include "dbus/names.h"

#include <stdio.h>
#include <string.h>

#define EXPOSURE_UNKNOWN (-1.0) /* of a profile with errors */

/* The object's userdata is the profile; the broker is the vtable's. */
static struct broker *broker_of(sd_bus *bus)
{
	return sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
}

static bool may_see_inside(const struct compiled_profile *p, const struct caller *c)
{
	struct plan_caller who;

	if (!c || p->invalid)
		return c && caller_is_administrator(c);
	who = caller_for_plan(c);
	return plan_permits(p, &who);
}

static bool shown(sd_bus *bus, const struct compiled_profile *p)
{
	const struct caller *c = callers_find(&broker_of(bus)->callers, sd_bus_get_current_message(bus));

	return may_see_inside(p, c);
}

static int profile_path(const char *name, char **ret)
{
	return sd_bus_path_encode(BAILIFF_PROFILE_PREFIX, name, ret);
}

/* 1 and its index, or 0. Each profile has one path: other spellings of its escapes are no objects. */
static int find_profile(const struct broker *b, const char *path, uint32_t *ret_index)
{
	_cleanup_free_ char *name = NULL, *canonical = NULL;
	int r;

	r = sd_bus_path_decode(path, BAILIFF_PROFILE_PREFIX, &name);
	if (r <= 0 || !b->catalog)
		return r < 0 ? r : 0;
	r = profile_path(name, &canonical);
	if (r < 0)
		return r;
	r = catalog_index(b->catalog, name);
	if (r < 0 || strcmp(canonical, path) != 0)
		return 0;
	*ret_index = (uint32_t)r;
	return 1;
}

bool profile_bus_is_object(const struct broker *b, const char *path)
{
	uint32_t index;

	return find_profile(b, path, &index) > 0;
}

static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
	sd_bus_error *error)
{
	struct broker *b = userdata;
	uint32_t index;
	int r;

	r = find_profile(b, path, &index);
	if (r > 0)
		*ret_found = &b->catalog->profiles[index];
	return r;
}

static int list_objects(
	sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
	const struct broker *b = userdata;
	_cleanup_(strv_freep) char **nodes = NULL;

	for (size_t i = 0; b->catalog && i < b->catalog->n_profiles; i++) {
		char *path;
		int r;

		r = profile_path(b->catalog->profiles[i].name, &path);
		if (r >= 0)
			r = strv_consume(&nodes, path);
		if (r < 0)
			return r;
	}
	*ret_nodes = steal_ptr(nodes);
	return 0;
}

static int append_text(sd_bus_message *reply, const char *text)
{
	_cleanup_free_ char *safe = utf8_escape(text ? text : "");

	return safe ? sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, safe) : -ENOMEM;
}

static int append_list(sd_bus_message *reply, char *const *list)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
	for (char *const *s = list; r >= 0 && s && *s; s++)
		r = append_text(reply, *s);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;

	if (strcmp(property, "Name") == 0)
		return append_text(reply, p->name);
	if (strcmp(property, "Description") == 0)
		return append_text(reply, p->description);
	return append_text(reply, shown(bus, p) ? p->source_path : "");
}

static int get_list(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;
	_cleanup_(strv_freep) char **layers = NULL;
	int r;

	if (!shown(bus, p))
		return append_list(reply, NULL);
	if (strcmp(property, "DropIns") == 0)
		return append_list(reply, p->drop_ins);
	if (strcmp(property, "Executables") == 0)
		return append_list(reply, p->executables);
	r = p->invalid ? 0 : layers_wanted(p, &layers);
	return r < 0 ? r : append_list(reply, layers);
}

static int get_sha256(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;
	char text[2 * sizeof(p->sha256) + 1] = "";

	for (size_t i = 0; shown(bus, p) && !p->invalid && i < sizeof(p->sha256); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", p->sha256[i]);
	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, text);
}

double profile_bus_exposure(const struct compiled_profile *p)
{
	return p->invalid ? EXPOSURE_UNKNOWN : p->exposure / 10.0;
}

static int get_exposure(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;
	const double exposure = profile_bus_exposure(p);

	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_DOUBLE, &exposure);
}

static int get_level(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;

	return sd_bus_message_append_basic(
		reply, SD_BUS_TYPE_STRING, p->invalid ? "" : exposure_level(p->exposure));
}

static int get_intersection(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;
	const int all = !p->invalid && p->intersection == _INTERSECTION_ALL;

	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_BOOLEAN, &all);
}

static int get_legs(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	static const char *const names[] = { "privileged", "initial-namespaces", "unconfined" };
	const struct compiled_profile *p = userdata;
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
	for (size_t i = 0; r >= 0 && !p->invalid && i < ELEMENTSOF(names); i++)
		if (p->intersection & (1U << i))
			r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, names[i]);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* As written, "dynamic" where each sandbox has its own. */
static int get_user(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;

	if (p->invalid || !shown(bus, p))
		return append_text(reply, "");
	if (p->dynamic_user)
		return append_text(reply, "dynamic");
	for (size_t i = 0; i < p->n_settings; i++)
		if (strcmp(p->settings[i].key, "User") == 0 && p->settings[i].values)
			return append_text(reply, p->settings[i].values[0]);
	return append_text(reply, "");
}

static int get_n_live(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct compiled_profile *p = userdata;
	const struct broker *b = broker_of(bus);
	const struct caller *c = callers_find(&b->callers, sd_bus_get_current_message(bus));
	uint32_t n = 0;

	for (size_t i = 0; i < b->sandboxes.n; i++)
		if (sandbox_is_live(b->sandboxes.v[i]) && sandbox_bus_visible(b->sandboxes.v[i], c) &&
			strcmp(b->sandboxes.v[i]->profile, p->name) == 0)
			n++;
	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_UINT32, &n);
}

static int append_value(sd_bus_message *reply, const struct compiled_setting *s)
{
	static const char *const types[_SETTING_TYPE_MAX] = {
		[SETTING_NO] = "b", [SETTING_YES] = "b", [SETTING_TEXT] = "s", [SETTING_LIST] = "as"
	};
	const int yes = s->type == SETTING_YES;
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_VARIANT, types[s->type]);
	if (r < 0)
		return r;
	if (s->type == SETTING_LIST)
		r = append_list(reply, s->values);
	else if (s->type == SETTING_TEXT)
		r = append_text(reply, s->values ? s->values[0] : "");
	else
		r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_BOOLEAN, &yes);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_settings(sd_bus_message *reply, const struct compiled_profile *p)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	for (size_t i = 0; r >= 0 && i < p->n_settings; i++) {
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
		if (r >= 0)
			r = append_text(reply, p->settings[i].key);
		if (r >= 0)
			r = append_value(reply, &p->settings[i]);
		if (r >= 0)
			r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_dump(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct compiled_profile *p = userdata;
	int r;

	if (!shown(sd_bus_message_get_bus(m), p))
		return sd_bus_error_setf(error, BAILIFF_ERROR_ACCESS_DENIED,
			"What is in profile %s is told to those who may launch it", p->name);
	if (p->invalid)
		return sd_bus_error_setf(error, BAILIFF_ERROR_PROFILE_INVALID,
			"Profile %s has errors: the property ProfileErrors has them", p->name);
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = append_settings(reply, p);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

ANSWERED(method_dump)

/* Nothing is constant: a reload can change all of it. ProfilesReloaded says when. */
static const sd_bus_vtable profile_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Dump", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", settings),
		method_dump_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Name", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Description", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("SourcePath", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("DropIns", "as", get_list, 0, 0),
	SD_BUS_PROPERTY("Sha256", "s", get_sha256, 0, 0),
	SD_BUS_PROPERTY("Exposure", "d", get_exposure, 0, 0),
	SD_BUS_PROPERTY("ExposureLevel", "s", get_level, 0, 0),
	SD_BUS_PROPERTY("ForbiddenIntersection", "b", get_intersection, 0, 0),
	SD_BUS_PROPERTY("ForbiddenLegs", "as", get_legs, 0, 0),
	SD_BUS_PROPERTY("Layers", "as", get_list, 0, 0),
	SD_BUS_PROPERTY("Executables", "as", get_list, 0, 0),
	SD_BUS_PROPERTY("DefaultUser", "s", get_user, 0, 0),
	SD_BUS_PROPERTY("NLive", "u", get_n_live, 0, 0),
	SD_BUS_VTABLE_END,
};

int profile_bus_add(struct broker *b, sd_bus *bus)
{
	int r;

	r = sd_bus_add_fallback_vtable(
		bus, NULL, BAILIFF_PROFILE_PREFIX, BAILIFF_PROFILE_INTERFACE, profile_vtable, find_object, b);
	if (r < 0)
		return r;
	return sd_bus_add_node_enumerator(bus, NULL, BAILIFF_PROFILE_PREFIX, list_objects, b);
}

int profile_bus_read_name(const struct broker *b, struct reader *m, int *ret_index, sd_bus_error *error)
{
	const char *name;
	int r;

	r = reader_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return error_unreadable(error, r, "profile");
	if (!profile_name_valid(name))
		return error_invalid_args(error,
			"No name of a profile: 1 to %d of a-z, 0-9, \"_\" and \"-\", a letter or digit first",
			PROFILE_NAME_MAX);
	r = catalog_index(b->catalog, name);
	if (r < 0)
		return sd_bus_error_setf(error, BAILIFF_ERROR_PROFILE_UNKNOWN,
			"There is no profile %s: ListProfiles() says which there are", name);
	*ret_index = r;
	return 0;
}

int profile_bus_get(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_free_ char *path = NULL;
	struct reader reader = { .message = m };
	struct broker *b = userdata;
	int r, index;

	r = profile_bus_read_name(b, &reader, &index, error);
	if (r >= 0)
		r = profile_path(b->catalog->profiles[index].name, &path);
	recall_wanted(&b->recall, m);
	return r < 0 ? r : sd_bus_reply_method_return(m, "o", path);
}
