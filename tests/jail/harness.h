/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Jail tests: a spec to change, one probe run in it, and what it said. Before and after each test the machine
 * is compared: mounts, cgroups, fds, children must be as they were.
 */

#include "jail/jail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RIG_MOUNTS_MAX       32
#define RIG_RESTRICTIONS_MAX 16
#define RIG_UID              54321
#define RIG_GID              54322
#define RIG_PROBE            "/probe" /* where the probe is, inside */

struct rig {
	struct jail_context context;
	struct jail_spec spec;
	struct compiled_mount mounts[RIG_MOUNTS_MAX];
	struct compiled_restriction restrictions[RIG_RESTRICTIONS_MAX];
	char *probe;     /* its path on the host */
	char *directory; /* a fresh one, 0755, removed with all below it */
	char *cgroup;    /* of the context, or NULL */
	struct jail jail;
	struct jail_error error;
	siginfo_t status;
	int output_fd, output_end; /* pipe: ours, the payload's 1 and 2 */
	char *output;
	char **strings; /* what rig_format() made */
	char *before;   /* state of the machine */
	pid_t sharer;   /* whose memory payloads share; 0: nobody's yet */
};

/* Runs the tests as root; else skips (77), or fails when BAILIFF_MUST_WORK=1. */
int rig_main(int (*run)(void));
/* cmocka set-up and teardown. */
int rig_setup(void **state);
int rig_teardown(void **state);
/* A jail that a busy machine has not ended yet is collected later, as the launcher does it. */
void rig_await_lingering(struct rig *r);
/* Has this process and what it starts traced, by a process that ends when *ret_fd is closed. */
pid_t rig_begin_trace(int *ret_fd);

/* printf to a string that lives as long as the rig. */
const char *rig_format(struct rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A mount at the end of the profile's. */
void rig_bind(struct rig *r, const char *source, const char *target, uint32_t flags);
void rig_tmpfs(struct rig *r, const char *target, uint32_t flags, uint64_t size, uint32_t mode);
/* A restricted path behind the others; the types must come in their order. */
void rig_restrict(struct rig *r, enum restriction_type type, const char *path, bool optional);
void rig_limit(struct rig *r, uint32_t resource, uint64_t soft, uint64_t hard);
void rig_fd(struct rig *r, int source, uint32_t target);
/* The launcher's: replaces the environment. */
void rig_env(struct rig *r, const char *const *env);
/* A file below the rig's directory. Returns its path. */
const char *rig_file(struct rig *r, const char *name, const char *text, mode_t mode);
/* A copy of a file, with this mode. */
const char *rig_copy(struct rig *r, const char *source, const char *name, mode_t mode);
const char *rig_mkdir(struct rig *r, const char *name, mode_t mode);

/* Whether launches of the spec, as it is now, have a template. */
bool rig_has_template(struct rig *r);
/* How many sources a launch looks at by name that has one. */
size_t rig_looks(struct rig *r);
/* Has one made, as the launcher does it. False: there is none. With BAILIFF_TEST_TEMPLATES=1 each
 * rig_start() tries that first. */
bool rig_make_template(struct rig *r);
/* What the probe is to do, for a jail that was parked. */
void rig_arguments(struct rig *r, const char *const *argv);
/* From here on inits are copies of this process, and no child of it is there that makes others. */
void rig_without_maker(struct rig *r);
/* Leaves a spare jail of the spec's id in r->jail, for rig_start() to go on with. */
int rig_spare(struct rig *r);
/* jail_start() with these arguments for the probe. Returns its result; the error is in r->error. */
int rig_start(struct rig *r, const char *const *argv);
/* With those that it has: of a jail that is not built yet they must not be changed. */
int rig_start_again(struct rig *r);
/* The same for a jail that waits to be told what to run; and waits for it to be built. */
int rig_park(struct rig *r);
/* rig_start(), the go, and a report that must be of success. */
void rig_launch(struct rig *r, const char *const *argv);
/* Waits for the report: 1, or negative. */
int rig_report(struct rig *r);
/* Reads the output to its end, or until the text occurs in it. */
void rig_read(struct rig *r, const char *until);
/* Waits for the payload's end and lets go of the jail. */
void rig_finish(struct rig *r);
/* rig_launch(), rig_read() to the end, rig_finish(). */
void rig_run(struct rig *r, const char *const *argv);
/* All of it; the launch must fail, at this stage, with this error, and the text in its object. */
void rig_fail(struct rig *r, enum jail_stage stage, int error, const char *object);

#define ARGS(...)     ((const char *const[]){ "probe", __VA_ARGS__, NULL })
#define RUN(r, ...)   rig_run((r), ARGS(__VA_ARGS__))
#define START(r, ...) rig_start((r), ARGS(__VA_ARGS__))

/* Runs a test in a process of its own: what is given up there, the others still need. Returns its exit
 * status. */
int rig_as_child(struct rig *r, int (*run)(struct rig *r));
/* Takes capabilities out of the effective set and, if asked to, the permitted one. */
int rig_give_up(uint64_t capabilities, bool permitted);
/* As rig_fail() and RUN(), for such a process: says what is wrong, and returns whether all is right. */
bool rig_fails(struct rig *r, enum jail_stage stage, int error, const char *object);
bool rig_prints(struct rig *r, const char *const *argv, const char *output);

/* What follows "KEY " in the output's first such line; NULL if there is none. */
const char *rig_value(struct rig *r, const char *key);
bool rig_has_line(const struct rig *r, const char *line);
/* Lines that begin with "KEY ". */
size_t rig_count(const struct rig *r, const char *key);

#define assert_value(r, key, expected)                                                                       \
	do {                                                                                                 \
		const char *_v = rig_value((r), (key));                                                      \
		if (!_v)                                                                                     \
			fail_msg("no line \"%s\" in:\n%s", (key), (r)->output);                              \
		assert_string_equal(_v, (expected));                                                         \
	} while (0)
#define assert_line(r, line)                                                                                 \
	do {                                                                                                 \
		if (!rig_has_line((r), (line)))                                                              \
			fail_msg("no line \"%s\" in:\n%s", (line), (r)->output);                             \
	} while (0)
