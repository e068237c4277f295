/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/sandbox-bus.h"
#include "base/error.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/strv.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/control-bus.h"
#include "broker/errors.h"
#include "broker/layers.h"
#include "broker/lifetime.h"
#include "broker/violations.h"
#include "dbus/names.h"

#include <inttypes.h>
#include <string.h>

void sandbox_bus_path(const struct sandbox *s, uid_t viewer, char ret[SANDBOX_PATH_MAX])
{
	if (s->token.name[0] != '\0' && viewer == s->owner)
		(void)snprintf(ret, SANDBOX_PATH_MAX, "%s/%s", BAILIFF_SANDBOX_PREFIX, s->token.name);
	else
		(void)snprintf(ret, SANDBOX_PATH_MAX, "%s/%" PRIu64, BAILIFF_SANDBOX_PREFIX, s->id);
}

bool sandbox_bus_visible(const struct sandbox *s, const struct caller *c)
{
	return c && (c->uid == s->owner || caller_is_administrator(c));
}

/* At a path below the prefix, if the caller may see it. */
static struct sandbox *find_visible(struct broker *b, const char *path, const struct caller *c)
{
	const char *element = path + strlen(BAILIFF_SANDBOX_PREFIX "/");
	struct sandbox *s = NULL;
	uint64_t id;

	if (parse_u64(element, &id) >= 0)
		s = sandboxes_find(&b->sandboxes, id);
	else if (c && token_is_valid(element))
		s = sandboxes_find_token(&b->sandboxes, c->uid, element);
	return s && sandbox_bus_visible(s, c) ? s : NULL;
}

bool sandbox_bus_is_below(const char *path)
{
	return strncmp(path, BAILIFF_SANDBOX_PREFIX "/", strlen(BAILIFF_SANDBOX_PREFIX "/")) == 0;
}

bool sandbox_bus_is_missing(struct broker *b, sd_bus_message *m)
{
	const char *path = sd_bus_message_get_path(m), *interface = sd_bus_message_get_interface(m);

	/* that one is about the connection, whatever the path */
	if (interface && strcmp(interface, "org.freedesktop.DBus.Peer") == 0)
		return false;
	return path && sandbox_bus_is_below(path) && !find_visible(b, path, callers_find(&b->callers, m));
}

/* The filter has refused calls of what is missing: an error from here would be lost for some of them. */
static int find_object(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
	sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, sd_bus_get_current_message(bus));
	struct sandbox *s;

	s = sandbox_bus_is_below(path) ? find_visible(b, path, c) : NULL;
	if (!s)
		return 0;
	*ret_found = s;
	return 1;
}

static int list_objects(
	sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, sd_bus_get_current_message(bus));
	_cleanup_(strv_freep) char **nodes = NULL;
	char path[SANDBOX_PATH_MAX];

	for (size_t i = 0; i < b->sandboxes.n; i++) {
		if (!sandbox_bus_visible(b->sandboxes.v[i], c))
			continue;
		sandbox_bus_path(b->sandboxes.v[i], c->uid, path);
		if (strv_extend(&nodes, path) < 0)
			return -ENOMEM;
	}
	*ret_nodes = steal_ptr(nodes);
	return 0;
}

/* Root's hand on somebody else's sandbox. */
static void record_control(const struct sandbox *s, const struct caller *c, sd_bus_message *m)
{
	const char *method = sd_bus_message_get_member(m);
	const struct audit_record r = { .event = AUDIT_ADMIN,
		.caller = c,
		.profile = s->profile,
		.generation = s->generation,
		.sandbox = s->id,
		.rule = "administrator (user 0)",
		.method = method };

	audit_write(&s->broker->audit, s->broker->event, &r,
		"uid %u administers: %s of sandbox %" PRIu64 " (%s) of uid %u", c->uid, method, s->id,
		s->profile, s->owner);
}

int sandbox_bus_begin_control(
	sd_bus_message *m, struct sandbox *s, sd_bus_error *error, struct deferred **ret)
{
	const struct caller *c = callers_find(&s->broker->callers, m);
	struct deferred *d;
	int r;

	if (!sandbox_bus_visible(s, c))
		return error_no_such_sandbox(error);
	r = deferred_new(s->broker, c, m, DEFERRED_CONTROL_RESERVE, error, &d);
	if (r < 0)
		return r;
	if (sandbox_is_live(s) && !s->broker->launcher.ready)
		return between_add(s->broker, d, error);
	if (c->uid != s->owner)
		record_control(s, c, m);
	*ret = d;
	return 0;
}

static int method_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;
	struct deferred *d;
	const char *whom;
	int32_t signal;
	int r;

	r = sd_bus_message_read(m, "is", &signal, &whom);
	if (r < 0)
		return error_unreadable(error, r, "signal or whom");
	if (signal < 1 || signal > 64)
		return error_invalid_args(error, "Signal %d is not in 1 to 64", signal);
	if (strcmp(whom, "main") != 0 && strcmp(whom, "all") != 0)
		return error_invalid_args(error, "whom is neither \"main\" nor \"all\"");
	if (!sandbox_is_live(s))
		return error_sandbox_ended(error);
	r = sandbox_bus_begin_control(m, s, error, &d);
	if (r != 0)
		return r;
	lifetime_signal(s, signal, whom[0] == 'a', d);
	return 1;
}

static int method_stop(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;
	struct deferred *d;
	uint64_t timeout;
	int r;

	r = sd_bus_message_read(m, "t", &timeout);
	if (r < 0)
		return error_unreadable(error, r, "timeout_usec");
	if (timeout != USEC_INFINITY && timeout > TIMEOUT_USEC_MAX)
		return error_invalid_args(error, "timeout_usec is more than a year: give less, or the "
						 "largest number for the sandbox's own");
	r = sandbox_bus_begin_control(m, s, error, &d);
	if (r != 0)
		return r;
	lifetime_stop(s, timeout, RESULT_KILLED, d);
	return 1;
}

static int build_wait_reply(struct sandbox *s, sd_bus_message *call, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_append(reply, "sii", sandbox_result_to_string((enum sandbox_result)s->exit.result),
		s->exit.exit_code, s->exit.exit_signal);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0)
		r = control_append_usage(reply, &s->exit.usage, "v");
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	*ret = steal_ptr(reply);
	return 0;
}

void sandbox_bus_answer_wait(struct sandbox *s, struct deferred *d)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = build_wait_reply(s, d->message, &reply);
	if (r < 0)
		deferred_reply_failure(d, BAILIFF_ERROR_FAILED, strerror(-r));
	else
		deferred_send(d, reply);
}

static int method_wait(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;
	const struct caller *c = callers_find(&s->broker->callers, m);
	struct deferred *d;
	int r;

	if (!sandbox_bus_visible(s, c))
		return error_no_such_sandbox(error);
	r = deferred_new(s->broker, c, m, 0, error, &d);
	if (r < 0)
		return r;
	if (sandbox_is_live(s) && sd_bus_message_get_expect_reply(m) > 0)
		deferred_list_add(&s->waiters, d);
	else if (sandbox_is_live(s))
		(void)deferred_free(d);
	else
		sandbox_bus_answer_wait(s, d);
	return 1;
}

static int method_get_pidfd(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;

	if (!sandbox_is_live(s) || s->pidfd < 0)
		return error_sandbox_ended(error);
	outflow_doubt(&s->broker->outflow);
	return sd_bus_reply_method_return(m, "h", s->pidfd);
}

static int method_release(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct sandbox *s = userdata;
	const struct caller *c = callers_find(&s->broker->callers, m);

	if (!sandbox_bus_visible(s, c))
		return error_no_such_sandbox(error);
	if (sandbox_is_live(s))
		return sd_bus_error_set(
			error, BAILIFF_ERROR_BUSY, "The sandbox is alive: stop it, or wait for its end");
	if (c->uid != s->owner)
		record_control(s, c, m);
	lifetime_forget(s);
	return sd_bus_reply_method_return(m, NULL);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct sandbox *s = userdata;

	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, sandbox_state_to_string(s->state));
}

static int get_result(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct sandbox *s = userdata;

	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING,
		sandbox_is_live(s) ? "" : sandbox_result_to_string((enum sandbox_result)s->exit.result));
}

static int get_layers(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	_cleanup_(strv_freep) char **v = NULL;
	const struct sandbox *s = userdata;
	int r;

	r = strcmp(property, "Layers") == 0 ? layers_applied(s->layers, &v)
					    : layers_skipped(s->layers, s->lacking, &v);
	return r < 0 ? r : sd_bus_message_append_strv(reply, v);
}

ANSWERED(method_signal)
ANSWERED(method_stop)
ANSWERED(method_wait)
ANSWERED(method_get_pidfd)
ANSWERED(control_resize_pty)
ANSWERED(method_release)
ANSWERED(control_attach_lifeline)
ANSWERED(control_freeze)
ANSWERED(control_thaw)
ANSWERED(control_set_limits)
ANSWERED(violations_get)
ANSWERED(control_get_usage)

/* Every method is open to the unprivileged as far as sd-bus goes: find_object() has told whose sandbox it is.
 */
static const sd_bus_vtable sandbox_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Signal", SD_BUS_ARGS("i", signal, "s", whom), SD_BUS_NO_RESULT,
		method_signal_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("t", timeout_usec), SD_BUS_NO_RESULT,
		method_stop_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Wait", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("s", result, "i", code, "i", signal, "a{sv}", usage), method_wait_answered,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetPidfd", SD_BUS_NO_ARGS, SD_BUS_RESULT("h", pidfd),
		method_get_pidfd_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ResizePty", SD_BUS_ARGS("q", rows, "q", columns), SD_BUS_NO_RESULT,
		control_resize_pty_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_release_answered,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("AttachLifeline", SD_BUS_ARGS("h", lifeline), SD_BUS_NO_RESULT,
		control_attach_lifeline_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Freeze", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, control_freeze_answered,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS(
		"Thaw", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, control_thaw_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetLimits", SD_BUS_ARGS("a{sv}", limits), SD_BUS_NO_RESULT,
		control_set_limits_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetViolations", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(tsss)", violations),
		violations_get_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetUsage", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{st}", usage),
		control_get_usage_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Id", "t", NULL, offsetof(struct sandbox, id), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY(
		"Profile", "s", NULL, offsetof(struct sandbox, profile), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Tag", "s", NULL, offsetof(struct sandbox, tag), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("OwnerUid", "u", NULL, offsetof(struct sandbox, owner), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Uid", "u", NULL, offsetof(struct sandbox, uid), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Pid", "u", NULL, offsetof(struct sandbox, pid), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("State", "s", get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("StartedUSec", "t", NULL, offsetof(struct sandbox, started_realtime_usec),
		SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("ExitedUSec", "t", NULL, offsetof(struct sandbox, exit.exited_realtime_usec),
		SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Result", "s", get_result, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("ExitCode", "i", NULL, offsetof(struct sandbox, exit.exit_code),
		SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("ExitSignal", "i", NULL, offsetof(struct sandbox, exit.exit_signal),
		SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Layers", "as", get_layers, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Skipped", "as", get_layers, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY(
		"Generation", "u", NULL, offsetof(struct sandbox, generation), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY(
		"ControlGroup", "s", NULL, offsetof(struct sandbox, cgroup), SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_SIGNAL_WITH_ARGS("Ready", SD_BUS_NO_ARGS, 0),
	SD_BUS_SIGNAL_WITH_ARGS("Violation", SD_BUS_ARGS("s", layer, "s", what, "s", detail), 0),
	SD_BUS_SIGNAL_WITH_ARGS("Exited", SD_BUS_ARGS("s", result, "i", code, "i", signal), 0),
	SD_BUS_VTABLE_END,
};

int sandbox_bus_add(struct broker *b, sd_bus *bus)
{
	int r;

	r = sd_bus_add_fallback_vtable(
		bus, NULL, BAILIFF_SANDBOX_PREFIX, BAILIFF_SANDBOX_INTERFACE, sandbox_vtable, find_object, b);
	if (r < 0)
		return r;
	return sd_bus_add_node_enumerator(bus, NULL, BAILIFF_SANDBOX_PREFIX, list_objects, b);
}
