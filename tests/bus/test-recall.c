/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Answers that are given again: by the same bytes, to who got them, as long as they hold. One that is
 * recalled has a serial that sd-bus does not give. */

#include "base/error.h"
#include "dbus/names.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECALLED UINT32_MAX

static bool is_recalled(const struct reply *reply)
{
	uint64_t serial;

	assert_true(sd_bus_message_get_cookie(reply->message, &serial) >= 0);
	return serial == RECALLED;
}

static sd_bus_message *explain(struct rig *r, const char *sender, const char *profile)
{
	sd_bus_message *m = rig_call(r, sender, 0, "Explain");

	assert_true(sd_bus_message_append(m, "sasa{ss}a{sv}", profile, 1, "/bin/true", 0, 0) >= 0);
	return m;
}

/* Whether it is allowed. */
static int ask(struct rig *r, const char *sender, const char *profile, bool recalled)
{
	struct reply reply;
	int allowed;

	rig_expect(r, explain(r, sender, profile), NULL, &reply);
	assert_int_equal(is_recalled(&reply), recalled);
	assert_true(sd_bus_message_read(reply.message, "b", &allowed) > 0);
	reply_done(&reply);
	return allowed;
}

static void test_same_answer(void **state)
{
	struct rig *r = *state;

	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE, "decoder", true));
	assert_true(ask(r, ALICE, "decoder", true));
	/* another question is another */
	assert_false(ask(r, ALICE, "admin", false));
	assert_true(ask(r, ALICE, "decoder", true));
}

/* What one connection was told is told to no other, of the same user or of another. */
static void test_own_answers(void **state)
{
	struct rig *r = *state;

	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE2, "decoder", false));
	assert_false(ask(r, BOB, "decoder", false));
	assert_true(ask(r, ROOT, "decoder", false));
	assert_false(ask(r, BOB, "decoder", true));
	assert_true(ask(r, ALICE, "decoder", true));
}

static void test_reload(void **state)
{
	struct rig *r = *state;
	const struct keeper_message m = { .type = WIRE_CATALOG, .generation = 2 };
	int fd;

	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE, "decoder", true));
	fd = rig_catalog_memfd(0);
	assert_int_equal(keeper_send(r->keeper, &m, &fd, 1), 0);
	(void)close(fd);
	rig_until(r, r->broker.generation == 2);
	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE, "decoder", true));
}

static bool lists(struct rig *r, const char *sender)
{
	struct reply reply;
	bool recalled;

	rig_expect(r, rig_call(r, sender, 0, "ListProfiles"), NULL, &reply);
	recalled = is_recalled(&reply);
	reply_done(&reply);
	return recalled;
}

/* Where a unit decides, or the answer is an error, each is a question anew. */
static void test_not_kept(void **state)
{
	struct rig *r = *state;
	struct compiled_profile *unit = &r->broker.catalog->profiles[6];
	struct reply reply;

	assert_string_equal(unit->name, "unit");
	for (int i = 0; i < 3; i++) {
		assert_false(lists(r, ALICE));
		(void)ask(r, ALICE, "unit", false);
		rig_expect(r, explain(r, ALICE, "no such name"), SD_BUS_ERROR_INVALID_ARGS, &reply);
		assert_false(is_recalled(&reply));
		reply_done(&reply);
		rig_expect(r, rig_call(r, ALICE, 0, "ListSandboxes"), NULL, &reply);
		assert_false(is_recalled(&reply));
		reply_done(&reply);
	}
	unit->access[0].type = ACCESS_USER;
	assert_false(lists(r, ALICE));
	assert_true(lists(r, ALICE));
	assert_false(lists(r, BOB));
}

/* More than are kept: the oldest makes room, and nothing else is given. */
static void test_room(void **state)
{
	struct rig *r = *state;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2 * RECALL_MAX; i++) {
			sd_bus_message *m = rig_call(r, ALICE, 0, "Explain");
			struct reply reply;
			char word[16];

			(void)snprintf(word, sizeof(word), "%d", i);
			assert_true(sd_bus_message_append(
					    m, "sasa{ss}a{sv}", "decoder", 2, "/bin/true", word, 0, 0) >= 0);
			rig_expect(r, m, NULL, &reply);
			assert_false(is_recalled(&reply));
			reply_done(&reply);
		}
	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE, "decoder", true));
}

/* A broker that ends answers nothing any more, from memory either. */
static void test_end(void **state)
{
	struct rig *r = *state;

	assert_true(ask(r, ALICE, "decoder", false));
	assert_true(ask(r, ALICE, "decoder", true));
	broker_stop(&r->broker);
	for (size_t i = 0; i < RECALL_MAX; i++)
		assert_null(r->broker.recall.v[i].data);
}

/* Everybody has called before: what waits until the bus has said who calls is not delivered as it came. */
static int setup(void **state)
{
	static const char *const callers[] = { ALICE, ALICE2, BOB, ROOT };
	int r = rig_setup(state);

	for (size_t i = 0; i < ELEMENTSOF(callers); i++)
		rig_expect(*state, rig_call(*state, callers[i], 0, "ListSandboxes"), NULL, NULL);
	return r;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_answer),
		TEST(test_own_answers),
		TEST(test_reload),
		TEST(test_not_kept),
		TEST(test_room),
		TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
