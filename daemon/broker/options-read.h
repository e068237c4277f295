/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the table of options (options.c) is made of: each reads one value out of its variant into the
 * arguments. Errors are set, or the message's.
 */

#include "broker/launch-args.h"

struct reading {
	struct launch_args *args;
	int proc_fd;
	const char *key;
	sd_bus_error *error;
};

/* "Option KEY: why", as a handler's result. */
int option_bad(struct reading *o, const char *why);
/* What launch_args_add() returned, as a handler's result. */
int option_added(struct reading *o, int r);

/* options-program.c */
int option_argv_bytes(struct reading *o, struct reader *m);
int option_env_bytes(struct reading *o, struct reader *m);
int option_unset_env(struct reading *o, struct reader *m);
int option_cwd(struct reading *o, struct reader *m);

/* options-fds.c */
int option_stdio(struct reading *o, struct reader *m);
int option_pty(struct reading *o, struct reader *m);
int option_lifeline(struct reading *o, struct reader *m);
int option_fd_channel(struct reading *o, struct reader *m);
int option_bind_fds(struct reading *o, struct reader *m);
/* "stdio:MODE" for each. */
int option_stdio_features(char ***features);

/* options-life.c */
int option_detach(struct reading *o, struct reader *m);
int option_ready(struct reading *o, struct reader *m);
int option_interactive(struct reading *o, struct reader *m);
int option_stop_signal(struct reading *o, struct reader *m);
int option_stop_timeout(struct reading *o, struct reader *m);
int option_runtime_max(struct reading *o, struct reader *m);
int option_rlimits(struct reading *o, struct reader *m);
int option_tag(struct reading *o, struct reader *m);
int option_token(struct reading *o, struct reader *m);
