/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/manager-bus.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/bus.h"
#include "broker/errors.h"
#include "broker/explain-call.h"
#include "broker/inquiry.h"
#include "broker/kill-all.h"
#include "broker/launch-call.h"
#include "broker/launch-quota.h"
#include "broker/options.h"
#include "broker/profile-bus.h"
#include "broker/sandbox-bus.h"
#include "broker/sandbox-signals.h"
#include "broker/sanitize-call.h"
#include "broker/username.h"
#include "config.h"
#include "dbus/names.h"

#include <string.h>

static void record_act(
	struct broker *b, const struct caller *c, sd_bus_message *m, const char *refusal, const char *polkit)
{
	const char *method = sd_bus_message_get_member(m);
	const struct audit_record r = { .event = refusal ? AUDIT_ADMIN_REFUSED : AUDIT_ADMIN,
		.caller = c,
		.outcome = refusal,
		.rule = caller_is_administrator(c) ? "administrator (user 0)" : "polkit " POLKIT_MANAGE,
		.method = method };

	audit_write(&b->audit, b->event, &r, "uid %u %s %s%s", c->uid,
		refusal ? "is no administrator and may not" : "administers:", method, polkit);
}

int manager_bus_require_administrator(
	struct broker *b, sd_bus_message *m, sd_bus_error *error, const struct caller **ret)
{
	const struct polkit_question q = { .action = POLKIT_MANAGE, .method = sd_bus_message_get_member(m) };
	const struct caller *c = callers_find(&b->callers, m);
	const struct inquiry *i = inquiry_of(b, m);
	enum polkit_verdict verdict = i ? i->verdict : POLKIT_UNASKED;
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	if (!caller_is_administrator(c) && !i) {
		r = inquiry_polkit(b, c, m, &q, NULL, error);
		if (r < 0)
			record_act(b, c, m, "AccessDenied", "");
		return r;
	}
	inquiry_end(b, m);
	if (!caller_is_administrator(c) && verdict != POLKIT_YES) {
		record_act(b, c, m, "AccessDenied", polkit_explain(verdict));
		return sd_bus_error_setf(error, BAILIFF_ERROR_ACCESS_DENIED,
			"Only administrators may do this: uid 0, and whom polkit permits " POLKIT_MANAGE "%s",
			verdict == POLKIT_CHALLENGE ? ", and polkit wants authentication first"
						    : polkit_explain(verdict));
	}
	record_act(b, c, m, NULL, polkit_explain(verdict));
	*ret = c;
	return 0;
}

static int append_profile(sd_bus_message *reply, const struct compiled_profile *p, const struct caller *c)
{
	const struct plan_caller who = caller_for_plan(c);

	return sd_bus_message_append(reply, "(ssbd)", p->name, p->description ? p->description : "",
		(int)plan_permits(p, &who), profile_bus_exposure(p));
}

static int method_list_profiles(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	bool holds = true;
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ssbd)");
	for (size_t i = 0; r >= 0 && i < b->catalog->n_profiles; i++) {
		r = append_profile(reply, &b->catalog->profiles[i], c);
		/* a unit is looked up when something is asked that it decides */
		holds = holds && !plan_needs_unit(&b->catalog->profiles[i]);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (holds)
		recall_wanted(&b->recall, m);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static void put_sandbox(struct writer *w, const struct sandbox *s, const struct caller *c)
{
	char path[SANDBOX_PATH_MAX];

	sandbox_bus_path(s, c->uid, path);
	writer_open(w, SD_BUS_TYPE_STRUCT, "otssuus");
	writer_basic(w, SD_BUS_TYPE_OBJECT_PATH, path);
	writer_basic(w, SD_BUS_TYPE_UINT64, &s->id);
	writer_text(w, s->profile);
	writer_text(w, s->tag);
	writer_u32(w, s->owner);
	writer_u32(w, s->pid);
	writer_text(w, sandbox_state_to_string(s->state));
	writer_close(w);
}

int manager_bus_list_sandboxes(
	struct broker *b, const struct caller *c, struct cursor *question, struct writer *w)
{
	if (question && cursor_end(question) < 0)
		return 0;
	writer_open(w, SD_BUS_TYPE_ARRAY, "(otssuus)");
	for (size_t i = 0; i < b->sandboxes.n; i++)
		if (sandbox_bus_visible(b->sandboxes.v[i], c))
			put_sandbox(w, b->sandboxes.v[i], c);
	writer_close(w);
	return 1;
}

static int method_list_sandboxes(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	struct writer w = { 0 };
	int r;

	r = sd_bus_message_new_method_return(m, &reply);
	if (r < 0)
		return r;
	w.message = reply;
	(void)manager_bus_list_sandboxes(b, c, NULL, &w);
	r = writer_error(&w);
	recall_form(&b->recall, m, FORM_SANDBOXES);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_get_sandbox(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	char path[SANDBOX_PATH_MAX];
	const struct sandbox *s;
	uint64_t id;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT64, &id);
	if (r < 0)
		return error_unreadable(error, r, "id");
	s = sandboxes_find(&b->sandboxes, id);
	if (!s || !sandbox_bus_visible(s, c))
		return error_no_such_sandbox(error);
	sandbox_bus_path(s, c->uid, path);
	return sd_bus_reply_method_return(m, "o", path);
}

/* By what the kernel has of the process, never by its number. */
static int method_get_sandbox_by_pidfd(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	char path[SANDBOX_PATH_MAX];
	uint64_t process;
	int fd, r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UNIX_FD, &fd);
	if (r < 0)
		return error_unreadable(error, r, "pidfd");
	r = fd_process(fd, &process);
	if (r == -EOPNOTSUPP)
		return sd_bus_error_set(error, SD_BUS_ERROR_NOT_SUPPORTED,
			"This kernel does not tell one pidfd from another: Linux 6.9 is needed");
	if (r < 0)
		return sd_bus_error_set(error, BAILIFF_ERROR_INVALID_FD, "Argument pidfd is no pidfd");
	for (size_t i = 0; i < b->sandboxes.n; i++)
		if (b->sandboxes.v[i]->process == process && sandbox_bus_visible(b->sandboxes.v[i], c)) {
			sandbox_bus_path(b->sandboxes.v[i], c->uid, path);
			return sd_bus_reply_method_return(m, "o", path);
		}
	return error_no_such_sandbox(error);
}

static int method_is_sanitized(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *name;
	int r;

	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return error_unreadable(error, r, "username");
	return sd_bus_reply_method_return(m, "b", (int)username_is_sanitized(name));
}

/* One request at a time is with the keeper: its answer belongs to those who asked before it began. */
static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c;
	struct deferred *d;
	int r;

	r = manager_bus_require_administrator(b, m, error, &c);
	if (r == 0)
		r = deferred_new(b, c, m, DEFERRED_CONTROL_RESERVE, error, &d);
	if (r != 0)
		return r;
	if (b->reloads.first) {
		deferred_list_add(&b->reloads_next, d);
		return 1;
	}
	r = keeper_ask_reload(&b->keeper);
	if (r < 0) {
		(void)deferred_free(d);
		return r == -EAGAIN
			       ? sd_bus_error_set(error, BAILIFF_ERROR_BUSY, "The keeper is busy: try again")
			       : r;
	}
	deferred_list_add(&b->reloads, d);
	return 1;
}

static int method_set_log_level(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct caller *c;
	const char *name;
	int r, level;

	r = manager_bus_require_administrator(userdata, m, error, &c);
	if (r != 0)
		return r;
	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_STRING, &name);
	if (r < 0)
		return error_unreadable(error, r, "level");
	if (log_level_from_string(name, &level) < 0)
		return error_invalid_args(
			error, "No log level: give error, warning, notice, info, debug, or 0 to 7");
	log_set_level(level);
	return sd_bus_reply_method_return(m, NULL);
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, BAILIFF_VERSION);
}

static int get_features(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	_cleanup_(strv_freep) char **features = NULL;
	int r;

	r = options_features(&features);
	return r < 0 ? r : sd_bus_message_append_strv(reply, features);
}

static int get_profile_errors(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, sd_bus_get_current_message(bus));

	return sd_bus_message_append_strv(reply, c && caller_is_administrator(c) ? b->errors : NULL);
}

static int get_n_sandboxes(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, sd_bus_get_current_message(bus));
	uint32_t n = 0;

	for (size_t i = 0; i < b->sandboxes.n; i++)
		if (sandbox_is_live(b->sandboxes.v[i]) && sandbox_bus_visible(b->sandboxes.v[i], c))
			n++;
	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_UINT32, &n);
}

ANSWERED(launch_call)
ANSWERED(method_list_profiles)
ANSWERED(method_list_sandboxes)
ANSWERED(method_get_sandbox)
ANSWERED(method_get_sandbox_by_pidfd)
ANSWERED(explain_call)
ANSWERED(explain_for_call)
ANSWERED(profile_bus_get)
ANSWERED(kill_all_call)
ANSWERED(quota_call)
ANSWERED(sanitize_call)
ANSWERED(method_is_sanitized)
ANSWERED(sandbox_signals_subscribe)
ANSWERED(sandbox_signals_unsubscribe)
ANSWERED(method_reload)
ANSWERED(method_set_log_level)

/*
 * sd-bus would judge privilege by its own lights: same uid, or a capability read from /proc. So every method
 * is open to the unprivileged as far as it goes, and each handler asks itself who the caller is.
 */
static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("LaunchSandboxed",
		SD_BUS_ARGS("s", profile, "as", argv, "a{ss}", env, "a{uh}", fds, "a{sv}", options),
		SD_BUS_RESULT("o", sandbox, "h", pidfd, "a{uh}", streams, "a{sv}", info),
		launch_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ListProfiles", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssbd)", profiles),
		method_list_profiles_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ListSandboxes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(otssuus)", sandboxes),
		method_list_sandboxes_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetSandbox", SD_BUS_ARGS("t", id), SD_BUS_RESULT("o", sandbox),
		method_get_sandbox_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetSandboxByPidfd", SD_BUS_ARGS("h", pidfd), SD_BUS_RESULT("o", sandbox),
		method_get_sandbox_by_pidfd_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Explain",
		SD_BUS_ARGS("s", profile, "as", argv, "a{ss}", env, "a{sv}", options),
		SD_BUS_RESULT("b", allowed, "s", rule, "as", reasons, "a{sv}", effective),
		explain_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ExplainFor",
		SD_BUS_ARGS("u", uid, "s", profile, "as", argv, "a{ss}", env, "a{sv}", options),
		SD_BUS_RESULT("b", allowed, "s", rule, "as", reasons, "a{sv}", effective),
		explain_for_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetProfile", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", profile),
		profile_bus_get_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("KillAll", SD_BUS_ARGS("s", profile, "i", signal),
		SD_BUS_RESULT("u", signaled), kill_all_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetQuota", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{s(tt)}", quota),
		quota_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetSanitizedUsername", SD_BUS_ARGS("s", username),
		SD_BUS_RESULT("s", sanitized), sanitize_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetUserPaths", SD_BUS_ARGS("s", username_or_hash),
		SD_BUS_RESULT("a{ss}", paths), sanitize_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetDaemonStorePath", SD_BUS_ARGS("s", daemon, "s", username_or_hash),
		SD_BUS_RESULT("s", path), sanitize_call_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("IsSanitizedUsername", SD_BUS_ARGS("s", username),
		SD_BUS_RESULT("b", sanitized), method_is_sanitized_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Subscribe", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
		sandbox_signals_subscribe_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Unsubscribe", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
		sandbox_signals_unsubscribe_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("u", generation, "as", errors),
		method_reload_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetLogLevel", SD_BUS_ARGS("s", level), SD_BUS_NO_RESULT,
		method_set_log_level_answered, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Features", "as", get_features, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("LandlockABI", "u", NULL, offsetof(struct broker, landlock_abi),
		SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Generation", "u", NULL, offsetof(struct broker, generation), 0),
	SD_BUS_PROPERTY("ProfileErrors", "as", get_profile_errors, 0, 0),
	SD_BUS_PROPERTY("NSandboxes", "u", get_n_sandboxes, 0, 0),
	SD_BUS_PROPERTY("NLaunched", "t", NULL, offsetof(struct broker, n_launched), 0),
	SD_BUS_SIGNAL_WITH_ARGS("ProfilesReloaded", SD_BUS_ARGS("u", generation, "as", errors), 0),
	SD_BUS_VTABLE_END,
};

int manager_bus_add(struct broker *b, sd_bus *bus)
{
	return sd_bus_add_object_vtable(
		bus, NULL, BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, manager_vtable, b);
}

static int build_reload_reply(struct broker *b, sd_bus_message *call, sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(call, &reply);
	if (r >= 0)
		r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_UINT32, &b->generation);
	if (r >= 0)
		r = sd_bus_message_append_strv(reply, b->errors);
	if (r < 0)
		return r;
	*ret = steal_ptr(reply);
	return 0;
}

static void answer_reload(struct broker *b, struct deferred *d)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	r = build_reload_reply(b, d->message, &reply);
	if (r < 0)
		deferred_reply_failure(d, BAILIFF_ERROR_FAILED, strerror(-r));
	else
		deferred_send(d, reply);
}

static void ask_for_next(struct broker *b)
{
	struct deferred *d;
	int r = 0;

	if (b->reloads_next.first)
		r = keeper_ask_reload(&b->keeper);
	while ((d = deferred_list_take(&b->reloads_next)))
		if (r < 0)
			deferred_reply_failure(d, BAILIFF_ERROR_BUSY, "The keeper is busy: try again");
		else
			deferred_list_add(&b->reloads, d);
}

/* "decoder.profile" of "/etc/bailiff/profiles/decoder.profile:3:1: error: …": what everybody may hear of an
 * error. */
static char *file_of_error(const char *error)
{
	size_t size = strcspn(error, ":"), start = size;

	while (start > 0 && error[start - 1] != '/')
		start--;
	return strndup(error + start, size - start);
}

/* The files that have errors, each once. */
static int wrong_files(char *const *errors, char ***ret)
{
	_cleanup_(strv_freep) char **files = calloc(1, sizeof(*files));
	int r;

	if (!files)
		return -ENOMEM;
	STRV_FOREACH (e, errors) {
		_cleanup_free_ char *file = file_of_error(*e);

		if (!file)
			return -ENOMEM;
		if (strv_contains(files, file))
			continue;
		r = strv_consume(&files, steal_ptr(file));
		if (r < 0)
			return r;
	}
	*ret = steal_ptr(files);
	return 0;
}

static int emit_reloaded(struct broker *b, sd_bus *bus)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	_cleanup_(strv_freep) char **files = NULL;
	int r;

	r = wrong_files(b->errors, &files);
	if (r < 0)
		return r;
	r = sd_bus_message_new_signal(
		bus, &m, BAILIFF_OBJECT_PATH, BAILIFF_MANAGER_INTERFACE, "ProfilesReloaded");
	if (r < 0)
		return r;
	r = sd_bus_message_append(m, "u", b->generation);
	if (r < 0)
		return r;
	r = sd_bus_message_append_strv(m, files);
	return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

void manager_bus_reloaded(struct broker *b, uint32_t serial)
{
	struct deferred *d;
	int r;

	/* one that a signal to the daemon asked for says nothing of what our callers wrote since */
	if (serial == b->keeper.reload_serial) {
		while ((d = deferred_list_take(&b->reloads)))
			answer_reload(b, d);
		ask_for_next(b);
	}
	direct_broadcast(&b->direct, emit_reloaded);
	r = b->bus ? emit_reloaded(b, b->bus) : 0;
	if (r < 0)
		(void)log_errno(LOG_WARNING, r, "The signal ProfilesReloaded is lost");
}

static void refuse_reloads(struct deferred_list *l)
{
	struct deferred *d;

	while ((d = deferred_list_take(l)))
		deferred_reply_failure(d, BAILIFF_ERROR_BUSY, BROKER_LEAVES);
}

void manager_bus_refuse_reloads(struct broker *b)
{
	refuse_reloads(&b->reloads);
	refuse_reloads(&b->reloads_next);
}
