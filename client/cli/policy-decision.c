/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/policy-decision.h"
#include "base/error.h"
#include "seccomp/action.h"
#include "seccomp/diagnostics.h"
#include "seccomp/excerpt.h"
#include "seccomp/spelling.h"

#include <string.h>

int memory_text_open(struct memory_text *m)
{
	*m = (struct memory_text){ 0 };
	m->f = open_memstream(&m->text, &m->size);
	return m->f ? 0 : -ENOMEM;
}

int memory_text_close(struct memory_text *m)
{
	FILE *f = steal_ptr(m->f);
	bool failed = ferror(f) != 0;

	return fclose(f) != 0 || failed ? -ENOMEM : 0;
}

void memory_text_done(struct memory_text *m)
{
	if (m->f)
		(void)fclose(m->f);
	free(m->text);
	*m = (struct memory_text){ 0 };
}

void policy_print_place(struct position at, FILE *f)
{
	print_harmless(f, at.source->display, strlen(at.source->display));
	(void)fprintf(f, ":%zu", position_place(at).line);
}

void policy_print_rule(const struct policy *p, const struct policy_rule *rule, FILE *f)
{
	char buffer[ACTION_TEXT_MAX];

	if (rule) {
		policy_print_place(rule->at, f);
		(void)fputs(": ", f);
		spell_rule(rule, f);
		return;
	}
	(void)fprintf(f, "no rule: default %s", action_text(p->default_action, buffer));
	if (!p->default_at.source)
		return;
	(void)fputs(" (", f);
	policy_print_place(p->default_at, f);
	(void)fputc(')', f);
}

void policy_json_rule(struct json *j, const struct policy_rule *rule)
{
	_cleanup_(memory_text_done) struct memory_text m = { 0 };

	if (!rule || memory_text_open(&m) < 0) {
		json_null(j);
		return;
	}
	spell_rule(rule, m.f);
	json_object(j);
	json_key(j, "file");
	json_string(j, rule->at.source->display);
	json_key(j, "line");
	json_unsigned(j, position_place(rule->at).line);
	json_key(j, "text");
	json_string(j, memory_text_close(&m) == 0 ? m.text : "");
	json_end(j);
}
