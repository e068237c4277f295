/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The question goes the way of a launch (profile, access, arguments, plan) and ends where the launcher would
 * be asked. What a launch would be refused with is the answer here; what is wrong with the call itself stays
 * an error. Descriptors are no part of a question: those that the profile requires are taken as given.
 */

#include "broker/explain-call.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "broker/body.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/explain-effective.h"
#include "broker/inquiry.h"
#include "broker/launch-args.h"
#include "broker/manager-bus.h"
#include "broker/profile-bus.h"
#include "dbus/names.h"

#include <string.h>

/* @more: a sentence, or NULL. */
static void put_denied(
	struct writer *w, const char *rule, const char *name, const char *text, const char *more)
{
	const int allowed = 0;

	writer_basic(w, SD_BUS_TYPE_BOOLEAN, &allowed);
	writer_text(w, rule);
	writer_open(w, SD_BUS_TYPE_ARRAY, "s");
	writer_text(w, name);
	writer_text(w, text);
	if (more)
		writer_text(w, more);
	writer_close(w);
	writer_open(w, SD_BUS_TYPE_ARRAY, "{sv}");
	writer_close(w);
}

/* A refusal of the plan, in the words that a launch is refused with. */
static int put_refusal(struct writer *w, const struct plan_result *result, bool asks_polkit)
{
	_cleanup_free_ char *rule = utf8_escape(result->rule), *text = utf8_escape(result->message);
	char name[ERROR_NAME_MAX];

	if (!rule || !text)
		return -ENOMEM;
	error_refusal_name(result->refusal, name);
	asks_polkit = asks_polkit && result->refusal == REFUSAL_ACCESS_DENIED;
	/* it is not asked for a question: it might prompt, or remember */
	put_denied(w, rule, name, text,
		asks_polkit ? "LaunchSandboxed would ask polkit, which may permit it" : NULL);
	return 0;
}

/* An error that a launch would be answered with is a denial. The call's own faults stay errors. */
static int put_error(struct writer *w, int r, sd_bus_error *error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refused = SD_BUS_ERROR_NULL;

	if (!sd_bus_error_is_set(error) ||
		strncmp(error->name, BAILIFF_ERROR_PREFIX, strlen(BAILIFF_ERROR_PREFIX)) != 0)
		return r;
	(void)sd_bus_error_move(&refused, error);
	put_denied(w, "", refused.name, refused.message, NULL);
	return 0;
}

static enum fd_kind first_kind(const struct fd_slot *slot)
{
	return slot->kinds != 0 ? (enum fd_kind)__builtin_ctz(slot->kinds) : FD_KIND_PIPE;
}

static const struct fd_slot *slot_of(const struct compiled_profile *p, uint32_t number)
{
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].number == number)
			return &p->slots[i];
	return NULL;
}

static void assume(struct launch_args *a, uint32_t number, const struct fd_slot *slot)
{
	if (a->n_fds >= ELEMENTSOF(a->fds))
		return;
	a->fds[a->n_fds++] = (struct plan_fd){
		.target = number,
		.kind = slot ? first_kind(slot) : FD_KIND_PIPE,
		.access = slot ? slot->access : FD_ACCESS_READ,
	};
}

/* What the profile does not go without, as it wants it. */
static void assume_required(struct launch_args *a, const struct compiled_profile *p)
{
	for (uint32_t i = 0; i < ELEMENTSOF(p->stdio); i++) {
		const struct fd_slot *slot = slot_of(p, i);
		bool made =
			p->stdio[i] != STDIO_NULL && p->stdio[i] != STDIO_INHERIT && p->stdio[i] != STDIO_FD;

		if (a->stdio[i] == PLAN_STDIO_UNSET && !made &&
			(p->stdio[i] == STDIO_FD || (slot && slot->required)))
			assume(a, i, slot);
	}
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].required && p->slots[i].number >= ELEMENTSOF(p->stdio))
			assume(a, p->slots[i].number, &p->slots[i]);
}

static size_t index_of(const struct broker *b, const struct compiled_profile *p)
{
	return (size_t)(p - b->catalog->profiles);
}

/* @rule: the one that lets the caller in. 0: not from this. */
static int answer_ready(const struct ready_answer *ready, const char *rule,
	const struct plan_request *request, struct writer *w)
{
	_cleanup_(strv_freep) char **env = NULL;
	struct plan_result result = { 0 };
	const char *executable;
	int r;

	r = plan_command(ready->profile, request, &executable, &env, &result);
	if (r < 0 && result.refusal != REFUSAL_NONE)
		r = put_refusal(w, &result, false);
	else if (r >= 0 && executable != ready->executable)
		return 0;
	else if (r >= 0)
		r = ready_put(w, rule, ready, env);
	return r < 0 ? r : 1;
}

static int answer_fully(struct broker *b, const struct plan_caller *who, const struct plan_request *request,
	struct reader *s, struct explanation *e, struct writer *w)
{
	struct plan_result result = { 0 };
	int r;

	r = plan_make(e->profile, who, request, &e->spec, &e->effective, &result);
	if (r < 0)
		return result.refusal != REFUSAL_NONE ? put_refusal(w, &result, false) : r;
	r = explain_put_allowed(w, result.rule, e);
	if (r >= 0 && s->bytes)
		ready_keep(&b->ready_answers, index_of(b, e->profile), e);
	jail_spec_done(&e->spec);
	return r;
}

/* @rule: as for answer_ready(). */
static int answer(struct broker *b, const struct compiled_profile *p, const struct plan_caller *who,
	const char *rule, struct launch_args *a, struct reader *s, struct writer *w)
{
	struct explanation e = { .profile = p, .args = a, .generation = b->generation };
	const struct ready_answer *ready = s->bytes ? ready_find(&b->ready_answers, index_of(b, p), p) : NULL;
	struct plan_request request;
	int r = 0;

	launch_args_for_plan(a, b->catalog->config.dynamic_uid_min, &request);
	if (ready)
		r = answer_ready(ready, rule, &request, w);
	if (r != 0)
		return r < 0 ? r : 0;
	assume_required(a, p);
	request.n_fds = a->n_fds;
	return answer_fully(b, who, &request, s, &e, w);
}

/* In the order of a launch: who may not, hears nothing of what else would be wrong. */
static int explain(struct broker *b, const struct compiled_profile *p, const struct plan_caller *who,
	struct reader *s, struct writer *w, sd_bus_error *error)
{
	_cleanup_(launch_args_done) struct launch_args args;
	struct plan_result result = { 0 };
	int r;

	launch_args_init(&args);
	r = plan_access(p, who, &result);
	if (r < 0)
		return put_refusal(w, &result, plan_polkit_action(p) != NULL);
	r = launch_args_read_question(&args, s, error);
	/* what is ready of a profile, and is kept, knows of none */
	if (r >= 0 && s->bytes && args.seen != 0)
		r = -EBADMSG;
	if (r < 0)
		return s->bytes ? r : put_error(w, r, error);
	return answer(b, p, who, result.rule, &args, s, w);
}

/* The answer of a handler: @r is what it came to, and what it says is in the reply. */
static int send_reply(const struct writer *w, int r)
{
	if (r >= 0)
		r = writer_error(w);
	return r < 0 ? r : sd_bus_send(NULL, w->message, NULL);
}

/* A unit is looked up anew for each question that it decides, as for a launch. */
static int look(struct broker *b, const struct caller *c, sd_bus_message *m, const struct compiled_profile *p,
	sd_bus_error *error)
{
	const struct inquiry *i = inquiry_of(b, m);

	if (!plan_needs_unit(p) || caller_is_administrator(c) || (i && i->looked))
		return 0;
	return inquiry_look(b, c, m, true, error);
}

/* INQUIRY_WAITS, or what is to be sent is written. */
static int explain_to(
	struct broker *b, const struct caller *c, sd_bus_message *m, struct writer *w, sd_bus_error *error)
{
	struct reader source = { .message = m };
	const struct compiled_profile *p;
	struct plan_caller who;
	int r, index;

	r = profile_bus_read_name(b, &source, &index, error);
	if (r < 0)
		return put_error(w, r, error);
	p = &b->catalog->profiles[index];
	r = look(b, c, m, p, error);
	if (r == INQUIRY_WAITS)
		return r;
	if (r >= 0) {
		who = caller_for_plan(c);
		r = explain(b, p, &who, &source, w, error);
		if (!plan_needs_unit(p))
			recall_wanted(&b->recall, m);
		recall_form(&b->recall, m, FORM_EXPLAIN);
	}
	inquiry_end(b, m);
	return r < 0 ? r : 0;
}

int explain_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	struct writer w = { 0 };
	int r;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r < 0)
		return r;
	w.message = reply;
	r = explain_to(b, c, m, &w, error);
	return r == INQUIRY_WAITS ? r : send_reply(&w, r);
}

/* What a unit decides waits for the launcher's word of it. */
int explain_quickly(struct broker *b, const struct caller *c, struct cursor *question, struct writer *w)
{
	struct reader source = { .bytes = question };
	const struct plan_caller who = caller_for_plan(c);
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct compiled_profile *p;
	int index;

	if (profile_bus_read_name(b, &source, &index, &error) < 0)
		return 0;
	p = &b->catalog->profiles[index];
	return !plan_needs_unit(p) && explain(b, p, &who, &source, w, &error) >= 0;
}

/* Those of the profile's groups that the user was in when the profiles were read: nobody has connected. */
static int find_groups(
	const struct catalog *c, const struct compiled_profile *p, uid_t uid, gid_t **ret, size_t *ret_n)
{
	gid_t *gids = calloc(p->n_access + 1, sizeof(*gids));
	size_t n = 0;

	if (!gids)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_access; i++)
		if (p->access[i].type == ACCESS_GROUP && catalog_is_member(c, p->access[i].id, uid))
			gids[n++] = p->access[i].id;
	*ret = gids;
	*ret_n = n;
	return 0;
}

int explain_for_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ gid_t *gids = NULL;
	struct reader source = { .message = m };
	struct broker *b = userdata;
	const struct compiled_profile *p;
	const struct caller *c;
	struct plan_caller who = { 0 };
	struct writer w = { 0 };
	int r, index;

	r = manager_bus_require_administrator(b, m, error, &c);
	if (r != 0)
		return r;
	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &who.uid);
	if (r < 0)
		return error_unreadable(error, r, "uid");
	if (who.uid == (uid_t)-1)
		return error_invalid_args(error, "uid is the number that means nobody: give a user's");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r < 0)
		return r;
	w.message = reply;
	r = profile_bus_read_name(b, &source, &index, error);
	if (r < 0)
		return send_reply(&w, put_error(&w, r, error));
	p = &b->catalog->profiles[index];
	r = find_groups(b->catalog, p, who.uid, &gids, &who.n_gids);
	if (r < 0)
		return r;
	who.gids = gids;
	who.administrator = who.uid == 0;
	who.other = true;
	return send_reply(&w, explain(b, p, &who, &source, &w, error));
}
