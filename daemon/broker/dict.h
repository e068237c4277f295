/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Entries of an a{sv} that is being written, where sd_bus_message_append() can not write the value. */

#include <systemd/sd-bus.h>

/* The value, of that type, is appended next. */
int dict_open(sd_bus_message *m, const char *key, const char *type);
/* @r: of what was done since; it is returned when it is an error. */
int dict_close(sd_bus_message *m, int r);
/* The same of an "as". */
int dict_append_list(sd_bus_message *m, const char *key, char **list);
