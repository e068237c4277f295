/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Every good call of LaunchSandboxed has a form that is known, so it is read without sd-bus from the first
 * one on: linked with --wrap, this makes a second way to test out of each program that launches. */

#include "broker/caller.h"
#include "broker/recall.h"
#include "dbus/names.h"

#include <string.h>

const struct recalled_form *__real_recall_find_form(
	const struct recall *r, uint64_t owner, const struct message_span *m);
const struct recalled_form *__wrap_recall_find_form(
	const struct recall *r, uint64_t owner, const struct message_span *m);
void __real_recall_drop_form(struct recall *r, const struct recalled_form *f);
void __wrap_recall_drop_form(struct recall *r, const struct recalled_form *f);

const struct caller *__real_callers_find_from(const struct callers *c, sd_bus *bus, const char *sender);
const struct caller *__wrap_callers_find_from(const struct callers *c, sd_bus *bus, const char *sender);

static struct recalled_form always;
static char always_sender[MESSAGE_NAME_MAX + 1];

static bool is(const char *s, const char *wanted)
{
	return s && strcmp(s, wanted) == 0;
}

const struct recalled_form *__wrap_recall_find_form(
	const struct recall *r, uint64_t owner, const struct message_span *m)
{
	struct message_head h;

	if (message_open(m->data, m->size, m->n_fds, &h) < 0 || !h.wants_answer ||
		!is(h.member, "LaunchSandboxed") || !is(h.path, BAILIFF_OBJECT_PATH) ||
		!is(h.interface, BAILIFF_MANAGER_INTERFACE) || !is(h.signature, "sasa{ss}a{uh}a{sv}"))
		return __real_recall_find_form(r, owner, m);
	(void)memset(always_sender, 0, sizeof(always_sender));
	if (h.sender)
		memcpy(always_sender, h.sender, strlen(h.sender));
	always = (struct recalled_form){ .form = FORM_LAUNCH,
		.owner = owner,
		.question = h.body_at,
		.n_fds = m->n_fds,
		.sender = always_sender };
	return &always;
}

/* As if the launcher had been asked about the process, which comes before the first launch of a caller. */
const struct caller *__wrap_callers_find_from(const struct callers *c, sd_bus *bus, const char *sender)
{
	const struct caller *found = __real_callers_find_from(c, bus, sender);

	if (found)
		callers_find_name(c, found->name)->looked = true;
	return found;
}

void __wrap_recall_drop_form(struct recall *r, const struct recalled_form *f)
{
	if (f != &always)
		__real_recall_drop_form(r, f);
}
