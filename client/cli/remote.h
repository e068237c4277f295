/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Where another machine's broker is: what -H and -M say, as D-Bus addresses. */

/*
 * "USER@HOST:PORT", of which HOST is needed: ssh(1) runs systemd-stdio-bridge there. -EINVAL with a sentence
 * in *reterr_why for what no host is called; what would be an option of ssh, or shell syntax, is none.
 */
int remote_host_address(const char *host, char **ret, char **reterr_why);
/* A container that systemd-machined knows, ".host" for this machine. -EINVAL as above. */
int remote_machine_address(const char *machine, char **ret, char **reterr_why);
