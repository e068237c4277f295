/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Limits that more than one module must agree on. Each has its reason beside it. */

#define PROFILE_NAME_MAX        64   /* fits an object path element and a log line; [a-z0-9][a-z0-9_-]* */
#define ARGV_MAX                4096 /* elements; far above any helper's command line, bounds the broker */
#define ENV_MAX                 1024 /* variables, likewise */
#define ARG_BYTES_MAX           (128 * 1024) /* argv and environment together, with NULs: one SEQPACKET record */
#define FDS_MAX                 64   /* fds a launch may carry: below SCM_MAX_FD (253) with room for ours */
#define LAUNCH_FDS_MAX          128U /* all that one launch holds: FDS_MAX, a lifeline, pipes, and room */
#define FD_TARGET_MAX           1023 /* highest number in the child: the usual soft RLIMIT_NOFILE less one */
#define LABEL_MAX               4095 /* a security label: what SO_PEERSEC gives is a page at most */
#define ACTION_MAX              255  /* of polkit, as a bus name */
#define LAUNCHES_PER_MINUTE_MAX 60000U /* one a millisecond: faster than a jail is made */
#define TAG_MAX                 64     /* bytes of a caller's tag */
#define TOKEN_MAX               64     /* characters of a caller's token: an object path element */
#define CWD_MAX                 4096   /* PATH_MAX */
#define STORE_NAME_MAX          64U    /* of a daemon store: a profile's name, and more letters */
#define MOUNT_SLOTS_MAX         16     /* places for what a caller opened, of one profile: each is a mount */
#define GROUPS_MAX              65536  /* NGROUPS_MAX of the kernel */
#define SELINUX_CONTEXT_MAX     255U   /* bytes; real ones have about 50, and a page is the kernel's limit */
#define WARM_MAX                64U   /* of Warm= and MaxWarm=: jails that wait for launches of one profile */
#define SPARE_JAILS_MAX         16U   /* of MaxSpareJails=: they wait for launches of any */
#define POOL_NAME_MAX           64U   /* of JoinsPool=: as a profile's name */
#define MEMBERS_MAX             65536 /* members of all groups that profiles let in; bounds the catalog */
#define HOSTNAME_LEN_MAX        64    /* __NEW_UTS_LEN */
#define CPUS_MAX                1024U /* CPU_SETSIZE of glibc */
#define CPU_WORDS               (CPUS_MAX / 64)
#define SANDBOXES_MAX           4096  /* live and retained together, whole daemon: bounds launcher memory */
#define RATES_MAX               4096U /* users, and profiles of each, that launched within a minute */
#define RATES_BYTES             (8U + RATES_MAX * 80U) /* of the record of them, kept from broker to broker */
#define NOTE_MAX                512  /* bytes that the launcher keeps for the broker, uninterpreted */
#define NOTICE_MAX              4096 /* bytes of a datagram to the notification socket, as in systemd */
#define SALT_MIN                1
#define SALT_MAX                1024 /* ChromeOS' salts have 16 bytes; larger files are refused, never cut */
#define BPF_MAXINSNS_PER_FILTER 4096 /* kernel's BPF_MAXINSNS */
#define TIMEOUT_USEC_MAX        (1000000ULL * 86400 * 366) /* a year: longer is "infinity" and said so */
#define USEC_INFINITY           UINT64_MAX                 /* no limit, as in systemd */
