/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fd plan against a model of a process' fd table: whatever the map, each target must end up with its
 * source, and nothing else may be open. */

#include "jail/steps.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

#define TABLE_SIZE 4096
#define MAPS       100000

/* What a number refers to: 0 is closed, else some object. */
struct model {
	unsigned object[TABLE_SIZE];
	bool cloexec[TABLE_SIZE];
};

static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned random_below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 20) % n);
}

static void model_dup(struct model *m, unsigned from, unsigned to, bool cloexec)
{
	assert_true(from < TABLE_SIZE && to < TABLE_SIZE && from != to);
	assert_int_not_equal(m->object[from], 0);
	m->object[to] = m->object[from];
	m->cloexec[to] = cloexec;
}

/* As move_kept(): by copies above all slots. A slot that nothing is kept in is closed. */
static void model_keep(struct model *m, const struct fd_plan *p, const int kept[_FD_KEPT_MAX])
{
	unsigned copies[_FD_KEPT_MAX], at = (unsigned)p->kept_slots[_FD_KEPT_MAX - 1] + 1;

	for (size_t i = 0; i < _FD_KEPT_MAX; i++) {
		while (m->object[at])
			at++;
		copies[i] = at;
		if (kept[i] >= 0)
			model_dup(m, (unsigned)kept[i], at, true);
	}
	for (size_t i = 0; i < _FD_KEPT_MAX; i++)
		if (kept[i] >= 0)
			model_dup(m, copies[i], (unsigned)p->kept_slots[i], true);
		else
			m->object[p->kept_slots[i]] = 0;
}

static void model_run(struct model *m, const struct fd_plan *p, const int kept[_FD_KEPT_MAX])
{
	model_keep(m, p, kept);
	for (size_t i = 0; i < p->n; i++) {
		const struct fd_step *s = &p->steps[i];

		if (s->operation != FD_CLOSE)
			model_dup(m, s->from, s->to, s->operation == FD_COPY);
		for (unsigned fd = s->from; s->operation == FD_CLOSE && fd <= s->to && fd < TABLE_SIZE; fd++)
			m->object[fd] = 0;
	}
}

/* A table with some fds of the launcher's; each open number is an object of its own. */
static void model_fill(struct model *m, unsigned limit)
{
	memset(m, 0, sizeof(*m));
	for (unsigned fd = 0; fd < limit; fd++)
		if (random_below(3) > 0)
			m->object[fd] = fd + 1;
}

static unsigned open_number(struct model *m, unsigned limit)
{
	unsigned fd = random_below(limit);

	m->object[fd] = fd + 1;
	return fd;
}

static void check(const struct model *before, const struct model *m, const struct fd_plan *p,
	const struct jail_fd *fds, size_t n, unsigned report_fd, unsigned go_fd, size_t n_kept)
{
	size_t open = 0;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(m->object[fds[i].target], before->object[fds[i].source]);
		assert_false(m->cloexec[fds[i].target]);
		assert_true(fds[i].target < (unsigned)p->report_slot);
	}
	assert_int_equal(m->object[p->report_slot], before->object[report_fd]);
	assert_int_equal(m->object[p->go_slot], before->object[go_fd]);
	assert_true(m->cloexec[p->report_slot] && m->cloexec[p->go_slot]);
	for (size_t i = 0; i < n_kept; i++) {
		assert_int_equal(m->object[p->kept_slots[i]], TABLE_SIZE + 1 + i);
		assert_true(m->cloexec[p->kept_slots[i]]);
	}
	for (size_t fd = 0; fd < TABLE_SIZE; fd++)
		open += m->object[fd] != 0;
	assert_int_equal(open, n + 2 + n_kept);
}

static void run_map(struct model *m, const struct jail_fd *fds, size_t n, unsigned report_fd, unsigned go_fd)
{
	static struct model before;
	int kept[_FD_KEPT_MAX] = { -1, -1, -1 };
	size_t n_kept = 1 + random_below(_FD_KEPT_MAX);
	struct fd_plan plan;
	uint32_t target;
	unsigned fd = 0;

	before = *m;
	assert_int_equal(fd_plan_make(fds, n, (int)report_fd, (int)go_fd, &plan, &target), 0);
	/* the kernel gives the lowest free numbers to what is opened last, the executable among it */
	for (size_t i = 0; i < n_kept; i++) {
		while (m->object[fd])
			fd++;
		m->object[fd] = (unsigned)(TABLE_SIZE + 1 + i);
		m->cloexec[fd] = true;
		kept[i] = (int)fd;
	}
	model_run(m, &plan, kept);
	check(&before, m, &plan, fds, n, report_fd, go_fd, n_kept);
}

static bool has_target(const struct jail_fd *fds, size_t n, uint32_t target)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].target == target)
			return true;
	return false;
}

static void test_random_maps(void **state)
{
	for (int round = 0; round < MAPS; round++) {
		static struct model m;
		struct jail_fd fds[FD_PLAN_MAX];
		/* small ranges collide the most */
		unsigned range = 4 + random_below(round % 4 == 0 ? 1020 : 90), report_fd, go_fd;
		size_t n = 0, wanted = 1 + random_below(range < FD_PLAN_MAX ? range - 3 : FD_PLAN_MAX);

		model_fill(&m, range);
		report_fd = open_number(&m, range);
		do
			go_fd = open_number(&m, range);
		while (go_fd == report_fd);
		while (n < wanted) {
			unsigned source = open_number(&m, range), target = random_below(range);

			if (source != report_fd && source != go_fd && !has_target(fds, n, target))
				fds[n++] = (struct jail_fd){ (int)source, target };
		}
		run_map(&m, fds, n, report_fd, go_fd);
	}
}

/* 3 -> 4, 4 -> 5, 5 -> 3, with our own pipes on 0 and 1, which are targets too. */
static void test_cycle(void **state)
{
	static struct model m;
	const struct jail_fd fds[] = { { 3, 4 }, { 4, 5 }, { 5, 3 }, { 6, 0 }, { 6, 1 }, { 6, 2 } };

	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 7; i++)
		m.object[i] = i + 1;
	run_map(&m, fds, ELEMENTSOF(fds), 0, 1);
}

static void test_same_place(void **state)
{
	static struct model m;
	const struct jail_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };

	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 5; i++)
		m.object[i] = i + 1;
	run_map(&m, fds, ELEMENTSOF(fds), 3, 4);
}

/* Sources in a row right above the targets, where our own slots would go otherwise. */
static void test_full(void **state)
{
	static struct model m;
	struct jail_fd fds[FD_PLAN_MAX];

	memset(&m, 0, sizeof(m));
	for (unsigned i = 0; i < 2 * FD_PLAN_MAX + 4; i++)
		m.object[i] = i + 1;
	for (unsigned i = 0; i < FD_PLAN_MAX; i++)
		fds[i] = (struct jail_fd){ (int)(FD_PLAN_MAX + i), i };
	run_map(&m, fds, FD_PLAN_MAX, 2 * FD_PLAN_MAX, 2 * FD_PLAN_MAX + 1);
}

static void expect_refused(const struct jail_fd *fds, size_t n, uint32_t target)
{
	struct fd_plan plan;
	uint32_t reported = UINT32_MAX;

	assert_int_equal(fd_plan_make(fds, n, 100, 101, &plan, &reported), -EINVAL);
	assert_int_equal(reported, target);
}

static void test_refused(void **state)
{
	static struct jail_fd many[FD_PLAN_MAX + 1];

	expect_refused((const struct jail_fd[]){ { 3, 0 }, { 4, 7 }, { 5, 7 } }, 3, 7);
	expect_refused((const struct jail_fd[]){ { 3, 0 }, { 4, FD_TARGET_MAX + 1 } }, 2, FD_TARGET_MAX + 1);
	expect_refused((const struct jail_fd[]){ { 3, UINT32_MAX } }, 1, UINT32_MAX);
	expect_refused((const struct jail_fd[]){ { -1, 5 } }, 1, 5);
	for (unsigned i = 0; i < ELEMENTSOF(many); i++)
		many[i] = (struct jail_fd){ 3, i };
	expect_refused(many, ELEMENTSOF(many), 0);
}

/* Any numbers, some twice: all others are closed, and each in one step. */
static void test_closes(void **state)
{
	unsigned keep[24];
	struct fd_step closes[ELEMENTSOF(keep) + 1];

	for (int round = 0; round < 10000; round++) {
		bool wanted[100] = { false };
		size_t n = random_below(ELEMENTSOF(keep) + 1), n_closes, n_closed = 0;
		unsigned at = 0;

		for (size_t i = 0; i < n; i++)
			wanted[keep[i] = random_below(ELEMENTSOF(wanted))] = true;
		n_closes = fd_plan_closes(closes, keep, n);
		assert_true(n_closes >= 1 && n_closes <= n + 1);
		assert_int_equal(closes[n_closes - 1].to, ~0U);
		for (size_t i = 0; i < n_closes; i++) {
			assert_int_equal(closes[i].operation, FD_CLOSE);
			assert_true(closes[i].from >= at && closes[i].from <= closes[i].to);
			for (at = closes[i].from; at <= closes[i].to && at < ELEMENTSOF(wanted);
				at++, n_closed++)
				assert_false(wanted[at]);
			at = closes[i].to;
		}
		for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
			n_closed += wanted[i];
		assert_int_equal(n_closed, ELEMENTSOF(wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_maps),
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_same_place),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
