/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The names of the D-Bus interface, for the broker, the client library and the tests. org.bailiff.Broker1.xml
 * beside this file is the contract; it explains what each of them means.
 */

#include <sys/resource.h>

#define BAILIFF_BUS_NAME    "org.bailiff.Broker1"
#define BAILIFF_OBJECT_PATH "/org/bailiff/Broker1"
/* then "/" and the sandbox's id, decimal, or its owner's token */
#define BAILIFF_SANDBOX_PREFIX "/org/bailiff/Broker1/sandbox"
#define BAILIFF_PROFILE_PREFIX                                                                               \
	"/org/bailiff/Broker1/profile" /* then "/" and the name, as sd_bus_path_encode() has it */
#define BAILIFF_MANAGER_INTERFACE "org.bailiff.Broker1.Manager"
#define BAILIFF_SANDBOX_INTERFACE "org.bailiff.Broker1.Sandbox"
#define BAILIFF_PROFILE_INTERFACE "org.bailiff.Broker1.Profile"

/* Fds that one message carries over a stock system bus: dbus-daemon 1.14 ends the connection at the 17th. */
#define BAILIFF_MESSAGE_FDS_MAX 16

/* Error names. Those from a stage of the set-up are BAILIFF_ERROR_SETUP_PREFIX and the stage's name. */
#define BAILIFF_ERROR_PREFIX          "org.bailiff.Broker1.Error."
#define BAILIFF_ERROR_ACCESS_DENIED   BAILIFF_ERROR_PREFIX "AccessDenied"
#define BAILIFF_ERROR_PROFILE_UNKNOWN BAILIFF_ERROR_PREFIX "ProfileUnknown"
#define BAILIFF_ERROR_PROFILE_INVALID BAILIFF_ERROR_PREFIX "ProfileInvalid"
#define BAILIFF_ERROR_ARGV_DENIED     BAILIFF_ERROR_PREFIX "ArgvDenied"
#define BAILIFF_ERROR_ENV_DENIED      BAILIFF_ERROR_PREFIX "EnvDenied"
#define BAILIFF_ERROR_INVALID_FD      BAILIFF_ERROR_PREFIX "InvalidFd"
#define BAILIFF_ERROR_OVERRIDE_DENIED BAILIFF_ERROR_PREFIX "OverrideDenied"
#define BAILIFF_ERROR_QUOTA_EXCEEDED  BAILIFF_ERROR_PREFIX "QuotaExceeded"
#define BAILIFF_ERROR_UNKNOWN_OPTION  BAILIFF_ERROR_PREFIX "UnknownOption"
/* No broker of this version sends it; the library knows it already. */
#define BAILIFF_ERROR_IDENTITY_CHANGED BAILIFF_ERROR_PREFIX "IdentityChanged"
#define BAILIFF_ERROR_NO_SUCH_SANDBOX  BAILIFF_ERROR_PREFIX "NoSuchSandbox"
#define BAILIFF_ERROR_BUSY             BAILIFF_ERROR_PREFIX "Busy"
#define BAILIFF_ERROR_FAILED           BAILIFF_ERROR_PREFIX "Failed"
#define BAILIFF_ERROR_SETUP_PREFIX     BAILIFF_ERROR_PREFIX "Setup."

/* Keys of what GetUserPaths() returns. */
#define BAILIFF_USER_PATH_SANITIZED "sanitized" /* the name that the others end in */
#define BAILIFF_USER_PATH_USER      "user"      /* what the user sees of the data */
#define BAILIFF_USER_PATH_ROOT      "root"      /* what daemons keep for the user */

/* Keys of LaunchSandboxed's options, with the D-Bus type of the value. */
#define BAILIFF_OPTION_ARGV_BYTES   "argv-bytes"        /* aay */
#define BAILIFF_OPTION_ENV_BYTES    "env-bytes"         /* a(ayay) */
#define BAILIFF_OPTION_UNSET_ENV    "unset-env"         /* as */
#define BAILIFF_OPTION_CWD          "cwd"               /* s */
#define BAILIFF_OPTION_STDIO        "stdio"             /* a{us} */
#define BAILIFF_OPTION_PTY          "pty"               /* (qq) */
#define BAILIFF_OPTION_LIFELINE     "lifeline"          /* h */
#define BAILIFF_OPTION_FD_CHANNEL   "fd-channel"        /* h */
#define BAILIFF_OPTION_DETACH       "detach"            /* b */
#define BAILIFF_OPTION_READY        "ready"             /* s */
#define BAILIFF_OPTION_STOP_SIGNAL  "stop-signal"       /* i */
#define BAILIFF_OPTION_STOP_TIMEOUT "stop-timeout-usec" /* t */
#define BAILIFF_OPTION_RUNTIME_MAX  "runtime-max-usec"  /* t */
#define BAILIFF_OPTION_RLIMITS      "rlimits"           /* a{s(tt)} */
#define BAILIFF_OPTION_MEMORY_MAX   "memory-max"        /* t */
#define BAILIFF_OPTION_TASKS_MAX    "tasks-max"         /* t */
#define BAILIFF_OPTION_CPU_QUOTA    "cpu-quota"         /* u */
#define BAILIFF_OPTION_OOM_SCORE    "oom-score-adj"     /* i */
#define BAILIFF_OPTION_NICE         "nice"              /* i */
#define BAILIFF_OPTION_DROP_CAPS    "drop-capabilities" /* as */
#define BAILIFF_OPTION_NO_NETWORK   "no-network"        /* b */
#define BAILIFF_OPTION_BIND_FDS     "bind-fds"          /* a(hsb): fd, mount slot, read-only */
#define BAILIFF_OPTION_TAG          "tag"               /* s */
#define BAILIFF_OPTION_TOKEN        "token"             /* s */
#define BAILIFF_OPTION_OPTIONAL     "optional"          /* as */
#define BAILIFF_OPTION_INTERACTIVE  "interactive"       /* b */

/* Values of "ready". */
#define BAILIFF_READY_NAME_EXEC   "exec"
#define BAILIFF_READY_NAME_NOTIFY "notify"

/* Values in "stdio". */
#define BAILIFF_STDIO_NAME_NULL    "null"
#define BAILIFF_STDIO_NAME_PIPE    "pipe"
#define BAILIFF_STDIO_NAME_SOCKET  "socket"
#define BAILIFF_STDIO_NAME_PTY     "pty"
#define BAILIFF_STDIO_NAME_JOURNAL "journal"

/* Keys of "rlimits", as after Limit in a profile: X(name, resource). Values are (soft, hard); UINT64_MAX:
 * infinity. */
#define BAILIFF_RLIMIT_NAMES(X)                                                                              \
	X("AS", RLIMIT_AS)                                                                                   \
	X("CORE", RLIMIT_CORE)                                                                               \
	X("CPU", RLIMIT_CPU)                                                                                 \
	X("DATA", RLIMIT_DATA)                                                                               \
	X("FSIZE", RLIMIT_FSIZE)                                                                             \
	X("LOCKS", RLIMIT_LOCKS)                                                                             \
	X("MEMLOCK", RLIMIT_MEMLOCK)                                                                         \
	X("MSGQUEUE", RLIMIT_MSGQUEUE)                                                                       \
	X("NICE", RLIMIT_NICE)                                                                               \
	X("NOFILE", RLIMIT_NOFILE)                                                                           \
	X("NPROC", RLIMIT_NPROC)                                                                             \
	X("RSS", RLIMIT_RSS)                                                                                 \
	X("RTPRIO", RLIMIT_RTPRIO)                                                                           \
	X("RTTIME", RLIMIT_RTTIME)                                                                           \
	X("SIGPENDING", RLIMIT_SIGPENDING)                                                                   \
	X("STACK", RLIMIT_STACK)

/* Keys of GetQuota; the first two also for a profile, as "sandboxes:decoder". */
#define BAILIFF_QUOTA_SANDBOXES "sandboxes"
#define BAILIFF_QUOTA_LAUNCHES  "launches-per-minute"
#define BAILIFF_QUOTA_RETAINED  "retained"
#define BAILIFF_QUOTA_CALLS     "calls"
#define BAILIFF_QUOTA_BYTES     "bytes"
#define BAILIFF_QUOTA_FDS       "fds"

/* Keys of LaunchSandboxed's info. */
#define BAILIFF_INFO_ID         "id"         /* t */
#define BAILIFF_INFO_PID        "pid"        /* u */
#define BAILIFF_INFO_LAYERS     "layers"     /* as */
#define BAILIFF_INFO_SKIPPED    "skipped"    /* as */
#define BAILIFF_INFO_GENERATION "generation" /* u */
#define BAILIFF_INFO_SETUP_USEC "setup-usec" /* t */
/* Only of a call that was repeated with a token: nothing was launched; streams that went with the first
 * answer. */
#define BAILIFF_INFO_REPEATED     "repeated"     /* b */
#define BAILIFF_INFO_LOST_STREAMS "lost-streams" /* au */

/* Keys of usage, as Wait and GetUsage tell it. */
#define BAILIFF_USAGE_CPU    "cpu-usec"    /* t */
#define BAILIFF_USAGE_MEMORY "memory-peak" /* t */
#define BAILIFF_USAGE_TASKS  "tasks-peak"  /* t */
#define BAILIFF_USAGE_SETUP  "setup-usec"  /* t */
