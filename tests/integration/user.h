/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A user of libbailiff against the real daemon: a child that has become an ordinary user before it connects.
 * The test process stays root.
 */

#include "rig.h"

#include "bailiff/bailiff.h"

#include <stdio.h>
#include <unistd.h>

#define SECOND 1000000ULL

struct user {
	const char *address;
	bailiff_connection *c;
	int talk; /* to the test process */
};

/* In the child: says what is wrong and ends it. */
#define IS(expr, want)                                                                                       \
	do {                                                                                                 \
		long long _got = (long long)(expr), _want = (long long)(want);                               \
		if (_got != _want) {                                                                         \
			(void)fprintf(stderr, "%s:%d: %s is %lld, not %lld (%s)\n", __FILE__, __LINE__,      \
				#expr, _got, _want, bailiff_last_error_message(u->c));                       \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)
#define HOLDS(expr) IS((expr) ? 1 : 0, 1)

/* Forks a child that is uid, has a connection and runs part; *ret_talk is a socket to it. */
pid_t user_start(struct rig *rig, uid_t uid, void (*part)(struct user *), int *ret_talk);
/* Waits until it has ended well. */
void user_finish(pid_t pid, int talk);
/* Both, as RIG_ALICE; then nothing may be left in a jail. */
void user_alone(void **state, void (*part)(struct user *));
/* One byte to the other side, and waiting for one. */
void say(int talk);
bool hear(int talk);

/* In the child. */
extern const char *const forever[]; /* a program that does not end */
bailiff_request *request(struct user *u, const char *profile, const char *const *argv);
/* Of the profile "tool", with pipes for its input and output. */
bailiff_sandbox *launch(struct user *u, const char *const *argv);
/* Waits for the end, which is to be this one. */
void ends(struct user *u, bailiff_sandbox *s, const char *result, int code, int signal);
