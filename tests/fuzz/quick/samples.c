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

/* Each form of a value, and one that there is not. */
#define OPTIONS 12U

static const struct explained {
	const char *profile;
	const char *argv[4], *env[6];
	unsigned options; /* the first so many, and what is wrong with the last */
} explained[] = {
	{ "decoder", { "/bin/true" }, { 0 }, 0 },
	{ "decoder", { "true", "", "-x" }, { "LANG", "C" }, 0 },
	{ "decoder", { "/bin/true" }, { "LANG", "", "PATH", "/bin" }, 0 },
	{ "decoder", { "/bin/true" }, { "LANG", "x", "LANG", "y" }, 0 },
	{ "decoder", { "/bin/true" }, { "=", "x" }, 0 },
	{ "decoder", { "/bin/false" }, { 0 }, 0 },
	{ "decoder", { "" }, { 0 }, 0 },
	{ "decoder", { 0 }, { 0 }, 0 },
	{ "decoder", { "/bin/true", "\xc3\xa4" }, { 0 }, 0 },
	{ "decoder", { "/bin/true" }, { 0 }, 1 },
	{ "decoder", { "/bin/true" }, { 0 }, OPTIONS - 1 },
	{ "decoder", { "/bin/true" }, { 0 }, OPTIONS },
	{ "open", { 0 }, { 0 }, OPTIONS },
	{ "open", { "/bin/true" }, { 0 }, 0 },
	{ "admin", { "/bin/true" }, { 0 }, 0 },
	{ "broken", { "/bin/true" }, { 0 }, 0 },
	{ "polkit", { "/bin/true" }, { 0 }, 0 },
	{ "unit", { "/bin/true" }, { 0 }, 0 },
	{ "none", { "/bin/true" }, { 0 }, 0 },
	{ "", { "/bin/true" }, { 0 }, 0 },
};

static const char *const names[] = { "alice@example.org", "a", "", "\xc3\xa4", "\xff",
	"0143b707c7b6df490e420585315a80a35dc17bed", "\x01\x7f " };

static void open_option(struct writer *w, const char *key, const char *type)
{
	writer_open(w, 'e', "sv");
	writer_text(w, key);
	writer_open(w, 'v', type);
}

static void close_option(struct writer *w)
{
	writer_close(w);
	writer_close(w);
}

static void put_words(struct writer *w, const char *key, const char *first, const char *second)
{
	open_option(w, key, "as");
	writer_open(w, 'a', "s");
	writer_text(w, first);
	writer_text(w, second);
	writer_close(w);
	close_option(w);
}

static void put_basic(struct writer *w, const char *key, char type, const void *value)
{
	open_option(w, key, (const char[]){ type, '\0' });
	writer_basic(w, type, value);
	close_option(w);
}

static void put_streams(struct writer *w)
{
	open_option(w, BAILIFF_OPTION_STDIO, "a{us}");
	writer_open(w, 'a', "{us}");
	writer_open(w, 'e', "us");
	writer_u32(w, 1);
	writer_text(w, "pipe");
	writer_close(w);
	writer_open(w, 'e', "us");
	writer_u32(w, 2);
	writer_text(w, "null");
	writer_close(w);
	writer_close(w);
	close_option(w);
}

static void put_limits(struct writer *w)
{
	const uint64_t soft = 16, hard = 32;

	open_option(w, BAILIFF_OPTION_RLIMITS, "a{s(tt)}");
	writer_open(w, 'a', "{s(tt)}");
	writer_open(w, 'e', "s(tt)");
	writer_text(w, "NOFILE");
	writer_open(w, 'r', "tt");
	writer_basic(w, 't', &soft);
	writer_basic(w, 't', &hard);
	writer_close(w);
	writer_close(w);
	writer_close(w);
	close_option(w);
}

static void put_options(struct writer *w, unsigned n)
{
	const uint64_t second = 1000000;
	const int32_t nice = 5;
	const uint32_t percent = 50, yes = 1;

	if (n > 0)
		put_basic(w, BAILIFF_OPTION_TAG, 's', "t");
	if (n > 1)
		put_streams(w);
	if (n > 2)
		put_limits(w);
	if (n > 3)
		put_basic(w, BAILIFF_OPTION_STOP_TIMEOUT, 't', &second);
	if (n > 4)
		put_basic(w, BAILIFF_OPTION_NICE, 'i', &nice);
	if (n > 5)
		put_basic(w, BAILIFF_OPTION_CPU_QUOTA, 'u', &percent);
	if (n > 6)
		put_basic(w, BAILIFF_OPTION_DETACH, 'b', &yes);
	if (n > 7)
		put_words(w, BAILIFF_OPTION_UNSET_ENV, "LANG", "PATH");
	if (n > 8)
		put_words(w, BAILIFF_OPTION_OPTIONAL, "x", "y");
	if (n > 9)
		put_basic(w, BAILIFF_OPTION_CWD, 's', "/");
	if (n > 10)
		put_basic(w, BAILIFF_OPTION_TOKEN, 's', "T1");
	if (n > 11)
		put_basic(w, "x", 's', "t");
}

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
	put_options(w, e->options);
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
