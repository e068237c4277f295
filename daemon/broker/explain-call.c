/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The question goes the way of a launch (profile, access, arguments, plan) and ends where the launcher would
 * be asked. What a launch would be refused with is the answer here; what is wrong with the call itself stays
 * an error. Descriptors are no part of a question: those that the profile requires are taken as given.
 */

#include "broker/explain-call.h"
#include "base/error.h"
#include "base/utf8.h"
#include "broker/broker.h"
#include "broker/errors.h"
#include "broker/explain-effective.h"
#include "broker/inquiry.h"
#include "broker/launch-args.h"
#include "broker/manager-bus.h"
#include "broker/profile-bus.h"
#include "dbus/names.h"

#include <string.h>

static int reply_denied(sd_bus_message *m, const char *rule, const char *name, const char *text)
{
	return sd_bus_reply_method_return(m, "bsasa{sv}", 0, rule, 2, name, text, 0);
}

/* The answer is polkit's to give, and it is not asked for a question: it might prompt, or remember. */
static int reply_ask_polkit(sd_bus_message *m, const char *rule, const char *text)
{
	return sd_bus_reply_method_return(m, "bsasa{sv}", 0, rule, 3, BAILIFF_ERROR_ACCESS_DENIED, text,
		"LaunchSandboxed would ask polkit, which may permit it", 0);
}

/* A refusal of the plan, in the words that a launch is refused with. */
static int reply_refusal(sd_bus_message *m, const struct plan_result *result, bool asks_polkit)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refused = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *rule = utf8_escape(result->rule);

	if (!rule)
		return -ENOMEM;
	(void)error_refusal(&refused, result->refusal, NULL, result->message);
	if (!sd_bus_error_is_set(&refused))
		return -ENOMEM;
	if (strcmp(refused.name, BAILIFF_ERROR_ACCESS_DENIED) == 0 && asks_polkit)
		return reply_ask_polkit(m, rule, refused.message);
	return reply_denied(m, rule, refused.name, refused.message);
}

/* An error that a launch would be answered with is a denial. The call's own faults stay errors. */
static int reply_error(sd_bus_message *m, int r, sd_bus_error *error)
{
	_cleanup_(sd_bus_error_free) sd_bus_error refused = SD_BUS_ERROR_NULL;

	if (!sd_bus_error_is_set(error) ||
		strncmp(error->name, BAILIFF_ERROR_PREFIX, strlen(BAILIFF_ERROR_PREFIX)) != 0)
		return r;
	(void)sd_bus_error_move(&refused, error);
	return reply_denied(m, "", refused.name, refused.message);
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

static int answer(struct broker *b, const struct compiled_profile *p, const struct plan_caller *who,
	const struct launch_args *a, sd_bus_message *m)
{
	struct explanation e = { .profile = p, .args = a, .generation = b->generation };
	struct plan_result result = { 0 };
	struct plan_request request;
	int r;

	launch_args_for_plan(a, b->catalog->config.dynamic_uid_min, &request);
	r = plan_make(p, who, &request, &e.spec, &e.effective, &result);
	if (r < 0)
		return result.refusal != REFUSAL_NONE ? reply_refusal(m, &result, false) : r;
	r = explain_reply_allowed(m, result.rule, &e);
	jail_spec_done(&e.spec);
	return r;
}

/* In the order of a launch: who may not, hears nothing of what else would be wrong. */
static int explain(struct broker *b, const struct compiled_profile *p, const struct plan_caller *who,
	sd_bus_message *m, sd_bus_error *error)
{
	_cleanup_(launch_args_done) struct launch_args args;
	struct plan_result result = { 0 };
	int r;

	launch_args_init(&args);
	r = plan_access(p, who, &result);
	if (r < 0)
		return reply_refusal(m, &result, plan_polkit_action(p) != NULL);
	r = launch_args_read_question(&args, m, error);
	if (r < 0)
		return reply_error(m, r, error);
	assume_required(&args, p);
	return answer(b, p, who, &args, m);
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

int explain_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct broker *b = userdata;
	const struct caller *c = callers_find(&b->callers, m);
	const struct compiled_profile *p;
	struct plan_caller who;
	int r, index;

	if (!c)
		return sd_bus_error_set(error, BAILIFF_ERROR_ACCESS_DENIED, "The caller is not known");
	r = profile_bus_read_name(b, m, &index, error);
	if (r < 0)
		return reply_error(m, r, error);
	p = &b->catalog->profiles[index];
	r = look(b, c, m, p, error);
	if (r == INQUIRY_WAITS)
		return r;
	if (r >= 0) {
		who = caller_for_plan(c);
		r = explain(b, p, &who, m, error);
		if (!plan_needs_unit(p))
			recall_wanted(&b->recall, m);
	}
	inquiry_end(b, m);
	return r;
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
	_cleanup_free_ gid_t *gids = NULL;
	struct broker *b = userdata;
	const struct compiled_profile *p;
	const struct caller *c;
	struct plan_caller who = { 0 };
	int r, index;

	r = manager_bus_require_administrator(b, m, error, &c);
	if (r != 0)
		return r;
	r = sd_bus_message_read_basic(m, SD_BUS_TYPE_UINT32, &who.uid);
	if (r < 0)
		return error_unreadable(error, r, "uid");
	if (who.uid == (uid_t)-1)
		return error_invalid_args(error, "uid is the number that means nobody: give a user's");
	r = profile_bus_read_name(b, m, &index, error);
	if (r < 0)
		return reply_error(m, r, error);
	p = &b->catalog->profiles[index];
	r = find_groups(b->catalog, p, who.uid, &gids, &who.n_gids);
	if (r < 0)
		return r;
	who.gids = gids;
	who.administrator = who.uid == 0;
	who.other = true;
	return explain(b, p, &who, m, error);
}
