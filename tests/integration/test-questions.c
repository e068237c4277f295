/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The library's other calls against the real daemon: what a launch would come to, quotas, what profiles say;
 * handles of sandboxes that another connection launched; and what administrators may.
 */

#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char named_profile[] =
	"[Access]\nAllowUser=man\n[Exec]\nExecutable=/usr/bin/dash\nExecutable=/usr/bin/hostname\n[Seccomp]\n"
	"SystemCallFilter=~sethostname:kill seccomp:EPERM prctl:EPERM\n"
	"[Filesystem]\nPrivateTmp=yes\n";

static const bailiff_setting *find(const bailiff_setting *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

static long used(struct user *u, const char *name)
{
	bailiff_setting *list = NULL;
	const bailiff_setting *s;
	long n;

	IS(bailiff_get_quota(u->c, &list), 0);
	s = find(list, name);
	HOLDS(s && s->values[0] && s->values[1] && !s->values[2]);
	n = strtol(s->values[0], NULL, 10);
	HOLDS(n <= strtol(s->values[1], NULL, 10));
	(void)bailiff_setting_free(list);
	return n;
}

static void is_refused(struct user *u, bailiff_request *r, const char *error)
{
	bailiff_explanation *e = NULL;

	IS(bailiff_explain(u->c, r, BAILIFF_UID_CALLER, &e), 0);
	HOLDS(!e->allowed && strcmp(e->reasons[0], error) == 0 && *e->reasons[1] && !e->effective);
	(void)bailiff_explanation_free(e);
	(void)bailiff_request_free(r);
}

static void part_questions(struct user *u)
{
	static const char *const other[] = { "nosuch", NULL };
	bailiff_request *may = request(u, "tool", forever);
	long before = used(u, "sandboxes");
	bailiff_explanation *e = NULL;
	bailiff_sandbox *s = NULL;
	int life[2];

	/* what takes a descriptor is no matter of a question */
	IS(pipe2(life, O_CLOEXEC), 0);
	IS(bailiff_request_set_lifeline(may, life[0]), 0);
	IS(bailiff_request_set_interactive(may, 1), 0);
	IS(bailiff_explain(u->c, may, BAILIFF_UID_CALLER, &e), 0);
	HOLDS(e->allowed && *e->rule && !e->reasons[0]);
	HOLDS(strcmp(find(e->effective, "executable")->values[0], "/usr/bin/sleep") == 0);
	e = bailiff_explanation_free(e);
	is_refused(u, request(u, "closed", forever), RIG_ERROR("AccessDenied"));
	is_refused(u, request(u, "tool", other), RIG_ERROR("ArgvDenied"));
	IS(bailiff_explain(u->c, may, 0, &e), -EACCES);
	IS(used(u, "sandboxes"), before);
	/* the same request is launched as it was asked about */
	IS(bailiff_launch(u->c, may, &s), 0);
	IS(used(u, "sandboxes"), before + 1);
	(void)close(life[1]);
	ends(u, s, "client-gone", 0, SIGTERM);
	(void)bailiff_sandbox_free(s);
	(void)close(life[0]);
	IS(bailiff_explain(u->c, NULL, BAILIFF_UID_CALLER, &e), -EINVAL);
	IS(bailiff_get_quota(u->c, NULL), -EINVAL);
	(void)bailiff_request_free(may);
}

static void part_services(struct user *u)
{
	bailiff_setting *list = NULL;
	char *name = NULL;

	IS(bailiff_get_profile_settings(u->c, "tool", &list), 0);
	HOLDS(strcmp(find(list, "LimitNPROC")->values[0], "64") == 0);
	list = bailiff_setting_free(list);
	IS(bailiff_get_profile_settings(u->c, "closed", &list), -EACCES);
	IS(bailiff_get_profile_properties(u->c, "closed", &list), 0);
	HOLDS(strcmp(find(list, "Name")->values[0], "closed") == 0);
	list = bailiff_setting_free(list);
	IS(bailiff_get_profile_properties(u->c, "nosuch", &list), -ENOENT);
	IS(bailiff_sanitize_username(u->c, "alice", &name), 0);
	IS(bailiff_is_sanitized_username(u->c, name), 1);
	IS(bailiff_is_sanitized_username(u->c, "alice"), 0);
	IS(bailiff_is_sanitized_username(u->c, "\xff"), -EILSEQ);
	IS(bailiff_is_sanitized_username(u->c, NULL), -EINVAL);
	free(name);
	IS(bailiff_set_log_level(u->c, "debug"), -EACCES);
	IS(bailiff_kill_all(u->c, "tool", SIGKILL, NULL), -EACCES);
	IS(bailiff_kill_all(u->c, "", SIGKILL, NULL), -EINVAL);
	IS(bailiff_kill_all(u->c, "tool", 0, NULL), -EINVAL);
}

static void part_administrator(struct user *u)
{
	bailiff_request *r = request(u, "tool", forever);
	bailiff_explanation *e = NULL;

	IS(bailiff_set_log_level(u->c, "loud"), -EINVAL);
	IS(bailiff_set_log_level(u->c, "notice"), 0);
	IS(bailiff_set_log_level(u->c, NULL), -EINVAL);
	IS(bailiff_explain(u->c, r, RIG_ALICE, &e), 0);
	HOLDS(e->allowed);
	e = bailiff_explanation_free(e);
	IS(bailiff_explain(u->c, r, RIG_BOB, &e), 0);
	HOLDS(!e->allowed);
	(void)bailiff_explanation_free(e);
	(void)bailiff_request_free(r);
}

static void part_open_pidfd(struct user *u)
{
	bailiff_sandbox *s = launch(u, forever), *opened = NULL;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), pidfd = bailiff_sandbox_steal_pidfd(s);

	IS(bailiff_sandbox_open_pidfd(u->c, -1, &opened), -EBADF);
	IS(bailiff_sandbox_open_pidfd(u->c, null, &opened), -EBADF);
	IS(bailiff_sandbox_open_pidfd(u->c, pidfd, &opened), 0);
	IS(bailiff_sandbox_id(opened), bailiff_sandbox_id(s));
	IS(bailiff_sandbox_pid(opened), bailiff_sandbox_pid(s));
	HOLDS(bailiff_sandbox_pidfd(opened) > 2);
	IS(bailiff_sandbox_stop(opened, 0), 0);
	ends(u, s, "killed", 0, SIGKILL);
	/* it has ended, and is still known by it */
	(void)bailiff_sandbox_free(opened);
	IS(bailiff_sandbox_open_pidfd(u->c, pidfd, &opened), 0);
	IS(bailiff_sandbox_pidfd(opened), -ENOENT);
	ends(u, opened, "killed", 0, SIGKILL);
	IS(bailiff_sandbox_release(s), 0);
	(void)bailiff_sandbox_free(opened);
	opened = NULL;
	IS(bailiff_sandbox_open_pidfd(u->c, pidfd, &opened), -ESRCH);
	HOLDS(opened == NULL);
	(void)close(pidfd);
	(void)close(null);
	(void)bailiff_sandbox_free(s);
}

struct told {
	unsigned n_exits, n_violations;
};

static void on_exit_told(int error, const bailiff_exit *e, void *userdata)
{
	struct told *t = userdata;

	t->n_exits += error == 0 && strcmp(e->result, "violation") == 0;
}

static void on_violation(
	bailiff_sandbox *s, const char *layer, const char *what, const char *detail, void *userdata)
{
	struct told *t = userdata;

	t->n_violations += s && *detail && strcmp(layer, "seccomp") == 0 && strcmp(what, "sethostname") == 0;
}

/* After a restart of the broker. */
static void find_again(struct user *u, bailiff_connection *c)
{
	bailiff_profile_info *list = NULL;
	int r = bailiff_list_profiles(c, &list);

	if (r == -ECONNRESET) /* the end of the direct socket's */
		r = bailiff_list_profiles(c, &list);
	IS(r, 0);
	(void)bailiff_profile_info_free(list);
	while (bailiff_connection_process(c) > 0)
		;
	/* what was asked for meanwhile is in force when this is answered */
	IS(bailiff_list_profiles(c, &list), 0);
	(void)bailiff_profile_info_free(list);
}

/* Over the direct socket after a restart too, where the connection is another one than that which launched.
 */
static void part_told_of_others(struct user *u)
{
	static const char *const argv[] = { "dash", "-c", "read x; exec hostname other", NULL };
	bailiff_request *r = request(u, "named", argv);
	bailiff_connection *mine = u->c;
	bailiff_sandbox *s = NULL, *opened = NULL;
	struct told t[2] = { 0 };

	IS(bailiff_request_set_stdio(r, 0, BAILIFF_STDIO_PIPE), 0);
	IS(bailiff_launch(u->c, r, &s), 0);
	IS(bailiff_sandbox_on_violation(s, on_violation, &t[0]), 0);
	IS(bailiff_sandbox_on_exit(s, on_exit_told, &t[0]), 0);
	IS(bailiff_connect_address(u->address, &u->c), 0);
	IS(bailiff_sandbox_open(u->c, bailiff_sandbox_id(s), &opened), 0);
	IS(bailiff_sandbox_on_violation(opened, on_violation, &t[1]), 0);
	IS(bailiff_sandbox_on_exit(opened, on_exit_told, &t[1]), 0);
	say(u->talk); /* the broker is killed, and another one there */
	HOLDS(hear(u->talk));
	find_again(u, mine);
	find_again(u, u->c);
	IS(write(bailiff_sandbox_stream(s, 0), "x\n", 2), 2);
	for (int i = 0; i < 2; i++) {
		bailiff_connection *c = i == 0 ? mine : u->c;

		while (t[i].n_exits == 0 || t[i].n_violations == 0) {
			IS(bailiff_connection_wait(c, 20 * SECOND), 1);
			while (bailiff_connection_process(c) > 0)
				;
		}
		IS(t[i].n_exits + t[i].n_violations, 2);
	}
	(void)bailiff_request_free(r);
	(void)bailiff_sandbox_free(opened);
	(void)bailiff_sandbox_free(s);
	(void)bailiff_connection_free(mine);
}

/* Somebody else's sandboxes, by an administrator's hand. */
static void part_kill_all(struct user *u)
{
	unsigned n = 99;

	IS(bailiff_kill_all(u->c, "tool", SIGKILL, &n), 0);
	IS(n, 2);
	IS(bailiff_kill_all(u->c, "closed", SIGKILL, &n), 0);
	IS(n, 0);
	HOLDS(bailiff_kill_all(u->c, "nosuch", SIGKILL, &n) < 0);
}

static void part_is_killed(struct user *u)
{
	bailiff_sandbox *one = launch(u, forever), *two = launch(u, forever);

	say(u->talk);
	ends(u, one, "killed", 0, SIGKILL);
	ends(u, two, "killed", 0, SIGKILL);
	(void)bailiff_sandbox_free(one);
	(void)bailiff_sandbox_free(two);
}

static void test_questions(void **state)
{
	user_alone(state, part_questions);
}

static void test_services(void **state)
{
	user_alone(state, part_services);
}

static void test_administrator(void **state)
{
	struct rig *rig = *state;
	int talk;
	pid_t pid = user_start(rig, 0, part_administrator, &talk);

	user_finish(pid, talk);
}

static void test_open_pidfd(void **state)
{
	user_alone(state, part_open_pidfd);
}

static void test_told_of_others(void **state)
{
	struct rig *rig = *state;
	int talk;
	pid_t pid;

	rig_write(rig, "profiles/named.profile", named_profile);
	rig_reload(rig);
	pid = user_start(rig, RIG_ALICE, part_told_of_others, &talk);
	assert_true(hear(talk));
	rig_kill_and_wait(rig, RIG_BROKER);
	say(talk);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
	rig_remove(rig, "profiles/named.profile");
	rig_reload(rig);
}

static void test_kill_all(void **state)
{
	struct rig *rig = *state;
	int talk, talk_root;
	pid_t pid = user_start(rig, RIG_ALICE, part_is_killed, &talk), root;

	assert_true(hear(talk));
	root = user_start(rig, 0, part_kill_all, &talk_root);
	user_finish(root, talk_root);
	user_finish(pid, talk);
	rig_wait_jailed(rig, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_administrator),
		cmocka_unit_test(test_open_pidfd),
		cmocka_unit_test(test_told_of_others),
		cmocka_unit_test(test_kill_all),
	};

	if (!rig_can_run())
		return RIG_SKIPPED;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
