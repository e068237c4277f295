/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Confines the compiler before it reads its first byte: no new privileges, bounded memory and time, files of
 * the configuration directories and of /etc for reading only, and only the system calls that reading and
 * compiling take.
 * @config_dir: NULL for the three system places. Any failure: the process must end.
 */
int confine(const char *config_dir);
