/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/violations.h"
#include "base/error.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/sandbox-signals.h"
#include "dbus/names.h"
#include "seccomp/architecture.h"
#include "seccomp/syscalls.h"

#include <inttypes.h>
#include <stdio.h>

#define LAYER      "seccomp"
#define WHAT_MAX   64
#define DETAIL_MAX 256

static const struct architecture *find_architecture(uint32_t audit)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		if (architectures[i].audit == audit)
			return &architectures[i];
	return NULL;
}

/* The call's name, or its number where this version has no name for it. */
static const char *what(const struct violation *v, char buffer[WHAT_MAX])
{
	const struct architecture *a = find_architecture(v->arch);
	const char *name = a ? syscall_name(a, v->number) : NULL;

	if (name)
		return name;
	(void)snprintf(buffer, WHAT_MAX, "%" PRIu32, v->number);
	return buffer;
}

static const char *detail(const struct violation *v, char buffer[DETAIL_MAX])
{
	const struct architecture *a = find_architecture(v->arch);
	char arch[16];

	(void)snprintf(arch, sizeof(arch), "%#" PRIx32, v->arch);
	(void)snprintf(buffer, DETAIL_MAX,
		"%s call %" PRIu32 " (%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
		", %#" PRIx64 ") at %#" PRIx64 " by %s",
		a ? a->name : arch, v->number, v->args[0], v->args[1], v->args[2], v->args[3], v->args[4],
		v->args[5], v->address, v->main ? "the program" : "another process");
	return buffer;
}

void violations_add(struct broker *b, const struct violation_event *event)
{
	struct sandbox *s = sandboxes_find(&b->sandboxes, event->id);
	char name[WHAT_MAX], text[DETAIL_MAX];

	if (!s || !sandbox_is_live(s) || s->n_violations >= VIOLATIONS_MAX)
		return;
	s->violations[s->n_violations++] = event->violation;
	log_info("Sandbox %" PRIu64 " (%s): killed for %s", s->id, s->profile, what(&event->violation, name));
	sandbox_emit_violation(s, LAYER, what(&event->violation, name), detail(&event->violation, text));
}

static int append_unknown(sd_bus_message *reply, const struct sandbox *s)
{
	if (sandbox_is_live(s) || s->exit.result != RESULT_VIOLATION || s->n_violations > 0)
		return 0;
	return sd_bus_message_append(reply, "(tsss)", s->exit.exited_realtime_usec, LAYER, "",
		"killed by the kernel, which does not say for which call: see ReportViolations= of "
		"bailiff.profile(5)");
}

int violations_get(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct sandbox *s = userdata;
	char name[WHAT_MAX], text[DETAIL_MAX];
	int r;

	if (sd_bus_message_get_expect_reply(m) == 0)
		return 1;
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(tsss)");
	for (size_t i = 0; r >= 0 && i < s->n_violations; i++)
		r = sd_bus_message_append(reply, "(tsss)", s->violations[i].realtime_usec, LAYER,
			what(&s->violations[i], name), detail(&s->violations[i], text));
	if (r >= 0)
		r = append_unknown(reply, s);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
