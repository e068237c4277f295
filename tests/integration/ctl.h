/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* bailiffctl as a program that some user runs against the rig's daemon: started, waited for, and what it
 * said. */

#include "rig.h"

/* Who runs it where. */
extern struct ctl_stage {
	struct rig *rig;
	char *program, *library_path;
} ctl_stage;

struct ctl_streams {
	int in, out, err; /* -1: closed in the program */
	bool follows;     /* lives as long as its test does, which has an eye on the time */
};

struct ctl_said {
	int status;
	char *out, *err;
};

/* Copies of the program and the library that users can read, for a rig that is there. */
void ctl_use(struct rig *rig);
/* For cmocka's groups: the rig, and these. */
int ctl_set_up(void **state);
int ctl_tear_down(void **state);
#define CTL_LIMIT_S 60 /* SIGALRM ends it then */
/* In a child: becomes the user and the program. */
_Noreturn void ctl_become(uid_t uid, const char *const *args);
/* At most 16 arguments. */
pid_t ctl_start(uid_t uid, const struct ctl_streams *s, const char *const *args);
/* As a shell reports it. */
int ctl_status_of(pid_t pid);
/* A file in memory, and all of it. */
int ctl_temporary(void);
char *ctl_contents(int fd);
/* Runs it to its end. */
struct ctl_said ctl_as(uid_t uid, const char *const *args);
void ctl_said_done(struct ctl_said *s);
/* out and err are looked for in what it wrote; err NULL: it must write nothing there, else one line. */
void ctl_expect_as(uid_t uid, int status, const char *out, const char *err, const char *const *args);

#define EXPECT(status, out, err, ...)                                                                        \
	ctl_expect_as(RIG_ALICE, status, out, err, (const char *const[]){ __VA_ARGS__, NULL })
#define EXPECT_ROOT(status, out, err, ...)                                                                   \
	ctl_expect_as(0, status, out, err, (const char *const[]){ __VA_ARGS__, NULL })
