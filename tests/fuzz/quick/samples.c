/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "samples.h"
#include "base/error.h"
#include "broker/body.h"
#include "dbus/names.h"
#include "tests/bus/rig.h"
#include "tests/unit/broker/sink.h"

#include <string.h>

const char *const sample_callers[CALLERS] = { ALICE, ALICE2, BOB, ROOT };

static const struct {
	const char *member, *signature;
} questions[QUESTIONS] = {
	[QUESTION_SANDBOXES] = { "ListSandboxes", NULL },
	[QUESTION_SANITIZE] = { "GetSanitizedUsername", "s" },
	[QUESTION_EXPLAIN] = { "Explain", "sasa{ss}a{sv}" },
};

int sample_find(const char *member)
{
	for (int i = 0; member && i < QUESTIONS; i++)
		if (strcmp(questions[i].member, member) == 0)
			return i;
	return -1;
}

void sample_header(int question, size_t caller, struct buf *ret)
{
	struct message_parts p = {
		.type = 1,
		.version = 1,
		.serial = 7,
		.fields = { message_text(1, "o", BAILIFF_OBJECT_PATH),
			message_text(3, "s", questions[question].member),
			message_text(2, "s", BAILIFF_MANAGER_INTERFACE),
			message_text(6, "s", BAILIFF_BUS_NAME),
			message_text(7, "s", sample_callers[caller]) },
		.n_fields = 5,
	};

	if (questions[question].signature)
		p.fields[p.n_fields++] = message_text(8, "g", questions[question].signature);
	message_make(&p, ret);
}

static const struct explained {
	const char *profile;
	const char *argv[4], *env[6];
	bool option;
} explained[] = {
	{ "decoder", { "/bin/true" }, { 0 }, false },
	{ "decoder", { "true", "", "-x" }, { "LANG", "C" }, false },
	{ "decoder", { "/bin/true" }, { "LANG", "", "PATH", "/bin" }, false },
	{ "decoder", { "/bin/true" }, { "LANG", "x", "LANG", "y" }, false },
	{ "decoder", { "/bin/true" }, { "=", "x" }, false },
	{ "decoder", { "/bin/false" }, { 0 }, false },
	{ "decoder", { "" }, { 0 }, false },
	{ "decoder", { 0 }, { 0 }, false },
	{ "decoder", { "/bin/true", "\xc3\xa4" }, { 0 }, false },
	{ "decoder", { "/bin/true" }, { 0 }, true },
	{ "open", { "/bin/true" }, { 0 }, false },
	{ "admin", { "/bin/true" }, { 0 }, false },
	{ "broken", { "/bin/true" }, { 0 }, false },
	{ "polkit", { "/bin/true" }, { 0 }, false },
	{ "unit", { "/bin/true" }, { 0 }, false },
	{ "none", { "/bin/true" }, { 0 }, false },
	{ "", { "/bin/true" }, { 0 }, false },
};

static const char *const names[] = { "alice@example.org", "a", "", "\xc3\xa4", "\xff",
	"0143b707c7b6df490e420585315a80a35dc17bed", "\x01\x7f " };

static void put_explained(const struct explained *e, struct writer *w)
{
	writer_text(w, e->profile);
	writer_open(w, 'a', "s");
	for (size_t i = 0; i < ELEMENTSOF(e->argv) && e->argv[i]; i++)
		writer_text(w, e->argv[i]);
	writer_close(w);
	writer_open(w, 'a', "{ss}");
	for (size_t i = 0; i < ELEMENTSOF(e->env) && e->env[i]; i += 2) {
		writer_open(w, 'e', "ss");
		writer_text(w, e->env[i]);
		writer_text(w, e->env[i + 1]);
		writer_close(w);
	}
	writer_close(w);
	writer_open(w, 'a', "{sv}");
	if (e->option) {
		writer_open(w, 'e', "sv");
		writer_text(w, "tag");
		writer_open(w, 'v', "s");
		writer_text(w, "t");
		writer_close(w);
		writer_close(w);
	}
	writer_close(w);
}

void sample_body(int question, struct buf *ret)
{
	struct writer w = { .bytes = ret };

	if (question == QUESTION_SANITIZE)
		writer_text(&w, names[0]);
	else if (question == QUESTION_EXPLAIN)
		put_explained(&explained[0], &w);
}

bool sample_seed(size_t i, int *ret_question, struct buf *ret)
{
	struct writer w = { .bytes = ret };

	*ret_question = i == 0                   ? QUESTION_SANDBOXES
			: i <= ELEMENTSOF(names) ? QUESTION_SANITIZE
						 : QUESTION_EXPLAIN;
	if (i > ELEMENTSOF(names) + ELEMENTSOF(explained))
		return false;
	if (*ret_question == QUESTION_SANITIZE)
		writer_text(&w, names[i - 1]);
	else if (*ret_question == QUESTION_EXPLAIN)
		put_explained(&explained[i - 1 - ELEMENTSOF(names)], &w);
	return true;
}
