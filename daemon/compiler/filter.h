/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The lists of [Seccomp], put together from their words as systemd does. For this folder only. */

#include "profile/profile.h"
#include "seccomp/layers.h"

enum list_kind list_kind(const struct profile_words *words);
/* Unknown names are diagnosed: -EBADMSG; -ENOMEM. The marks are freed with free(3), in every case. */
int call_list_filter(const struct profile *p, struct diagnostics *d, struct call_list *ret);
int call_list_log(const struct profile *p, struct diagnostics *d, struct call_list *ret);
int family_list_make(const struct profile *p, struct diagnostics *d, struct family_list *ret);
