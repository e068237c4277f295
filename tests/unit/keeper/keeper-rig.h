/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A real bailiffd with its real launcher and compiler, and a broker that writes down what it is and hears:
 * fake-broker.c. All that it has is below a directory of its own. Needs root. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WAIT_MSEC           15000
#define HEARD_CATALOG       "heard 129"
#define HEARD_RELOAD_FAILED "heard 130"
#define HEARD_PEER          "heard 131"

extern char dir[64], config[96], runtime[96];
extern char own_program[96]; /* to start in place of the one that was built; "": that one */
extern bool program_stays;   /* or is removed before it is started */
extern const char *bus_mode; /* for --bus; NULL: none is given */
extern bool may_audit;       /* the daemon is given CAP_AUDIT_WRITE */
extern pid_t daemon_pid;

int setup(void **state);
int teardown(void **state);
void in_dir(char buffer[96], const char *name);
void write_file(const char *path, const char *text);
void write_profile(const char *text);
/* @mode: of the broker. */
pid_t spawn(const char *mode, bool with_notify);
void start(const char *mode, bool abstract);
/* Started, and ready. */
void serve(const char *mode);
/* The exit status of the daemon; stop() ends it. */
int ended(void);
int stop(void);
int exit_status(pid_t pid);
void expect_notify(const char *state);
void expect_either(const char *state, const char *other);
/* In what the broker wrote down. */
size_t count(const char *word);
void wait_for(const char *word, size_t times);
void expect_line(const char *line);
/* 0: none has that name. */
pid_t child_of(pid_t parent, const char *name);
void expect_clean(void);

#define KEEPER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
