/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Contradictions: both lines are named, or the default. */

#include "base/cleanup.h"
#include "tests/unit/profile/snippets.h"

#define OPEN "MinimalRoot=no\nPrivateTmp=no\nPrivateDevices=no\n"

/* clang-format off */
static const struct snippet rows[] = {
	{ "[User]\nDynamicUser=yes\nUser=x\n", "p:3:1: error: User= contradicts DynamicUser=yes (p:2); set DynamicUser=no, or remove User=" },
	{ "[User]\nDynamicUser=yes\nUser=x\nUser=\n", "" },
	{ "[User]\nDynamicUser=no\nUser=x\n", "" },
	{ "[User]\nDynamicUser=no\n", "p:2:1: error: DynamicUser=no needs User=, so that there is somebody to run as" },
	{ "[User]\nGroup=x\n", "p:2:1: error: Group= contradicts DynamicUser=yes (the default), which brings a group of its own; add User=, or use SupplementaryGroups=" },
	{ "[User]\nSupplementaryGroups=x\n", "" },
	{ "[Capabilities]\nAmbientCapabilities=CAP_NET_RAW\nCapabilityBoundingSet=CAP_NET_RAW\n", "" },
	{ "[Capabilities]\nAmbientCapabilities=CAP_NET_RAW\n",
	  "p:2:1: error: AmbientCapabilities= has CAP_NET_RAW, which CapabilityBoundingSet= (the default) has not; add it there or remove it here" },
	{ "[Capabilities]\nAmbientCapabilities=CAP_NET_RAW\nCapabilityBoundingSet=CAP_KILL\n",
	  "p:2:1: error: AmbientCapabilities= has CAP_NET_RAW, which CapabilityBoundingSet= (p:3) has not; add it there or remove it here" },
	{ "[Capabilities]\nCapabilityBoundingSet=~CAP_NET_RAW\nAmbientCapabilities=CAP_NET_RAW\n",
	  "p:3:1: error: AmbientCapabilities= has CAP_NET_RAW, which CapabilityBoundingSet= (p:2) has not; add it there or remove it here" },
	/* an emptied bounding set is empty, not "never said" */
	{ "[Capabilities]\nCapabilityBoundingSet=\nCapabilityBoundingSet=~CAP_KILL\nAmbientCapabilities=CAP_NET_RAW\n",
	  "p:4:1: error: AmbientCapabilities= has CAP_NET_RAW, which CapabilityBoundingSet= (p:3) has not; add it there or remove it here" },
	{ "[Namespaces]\nPrivateMounts=no\nPrivatePIDs=no\n[Filesystem]\n" OPEN, "" },
	{ "[Namespaces]\nPrivateMounts=no\n[Filesystem]\n" OPEN,
	  "p:2:1: error: PrivateMounts=no contradicts PrivatePIDs=yes (the default): /proc could not be mounted for the new PID namespace; set PrivatePIDs=no or remove PrivateMounts=no" },
	{ "[Filesystem]\n" OPEN "MinimalRoot=yes\n[Namespaces]\nPrivatePIDs=no\nPrivateMounts=no\n",
	  "p:8:1: error: PrivateMounts=no contradicts MinimalRoot=yes (p:5): the root directory would be changed for all; set MinimalRoot=no or remove PrivateMounts=no" },
	{ "[Filesystem]\nBindPaths=/a\n" OPEN "[Namespaces]\nPrivatePIDs=no\nPrivateMounts=no\n",
	  "p:2:11: error: mounts contradict PrivateMounts=no (p:8): they would be seen by all; remove one of them" },
	{ "[Filesystem]\nBindPaths=/a /b:/a\n", "p:2:14: error: /a is already mounted on by p:2; keep one of them" },
	{ "[Filesystem]\nTemporaryFileSystem=/a\nBindReadOnlyPaths=/a\n", "p:3:19: error: /a is already mounted on by p:2; keep one of them" },
	{ "[Filesystem]\nBindPaths=/a\nBindReadOnlyPaths=\nTemporaryFileSystem=/a\n", "" },
	{ "[Filesystem]\nBindPaths=/a:/\n", "p:2:11: error: nothing can be mounted on '/'; mount on directories below it" },
	{ "[Filesystem]\nTemporaryFileSystem=/proc/sys\n", "p:2:21: error: nothing can be mounted on or below /proc" },
	{ "[Filesystem]\nTemporaryFileSystem=/tmp\n", "p:2:21: error: a mount on /tmp contradicts PrivateTmp=yes (the default); set PrivateTmp=no or remove the mount" },
	{ "[Filesystem]\nTemporaryFileSystem=/tmp\nPrivateTmp=no\n", "" },
	{ "[Filesystem]\nBindPaths=/dev\nPrivateDevices=yes\n", "p:2:11: error: a mount on /dev contradicts PrivateDevices=yes (p:3); mount below it" },
	{ "[Filesystem]\nBindPaths=/dev/dri\n", "" },
	{ "[Filesystem]\nReadOnlyPaths=/a\n" OPEN "[Namespaces]\nPrivatePIDs=no\nPrivateMounts=no\n",
	  "p:2:15: error: restricted paths contradict PrivateMounts=no (p:8): they would be so for all; remove one of them" },
	{ "[Filesystem]\nBindPaths=/x:/a/b\nInaccessiblePaths=/c /a\n",
	  "p:2:11: error: a mount on /a/b contradicts InaccessiblePaths= (p:3), which makes /a inaccessible; narrow that or remove the mount" },
	{ "[Filesystem]\nInaccessiblePaths=/a\nTemporaryFileSystem=/a\n",
	  "p:3:21: error: a mount on /a contradicts InaccessiblePaths= (p:2), which makes /a inaccessible; narrow that or remove the mount" },
	{ "[Filesystem]\nInaccessiblePaths=/a/b\nReadOnlyPaths=/a\nNoExecPaths=/a\nBindPaths=/a /a/bc\n", "" },
	{ "[Filesystem]\nProtectSystem=yes\nProtectHome=yes\nProtectClock=yes\n" OPEN "[Namespaces]\nPrivatePIDs=no\nPrivateMounts=no\n",
	  "p:2:1: error: ProtectSystem= contradicts PrivateMounts=no (p:10): mounts would change for all; remove one of them\n"
	  "p:3:1: error: ProtectHome= contradicts PrivateMounts=no (p:10): mounts would change for all; remove one of them\n"
	  "p:4:1: error: ProtectClock= contradicts PrivateMounts=no (p:10): mounts would change for all; remove one of them" },
	{ "[Filesystem]\nProtectSystem=no\nProtectHome=no\nProtectKernelLogs=no\n" OPEN "[Namespaces]\nPrivatePIDs=no\nPrivateMounts=no\n", "" },
	{ "[Filesystem]\nProtectProc=default\n[Namespaces]\nPrivatePIDs=no\n",
	  "p:2:1: error: ProtectProc= contradicts PrivatePIDs=no (p:4): without a PID namespace of its own the sandbox gets no /proc of its own; remove one of them" },
	{ "[Namespaces]\nPrivatePIDs=no\n[Filesystem]\nProcSubset=all\n",
	  "p:4:1: error: ProcSubset= contradicts PrivatePIDs=no (p:2): without a PID namespace of its own the sandbox gets no /proc of its own; remove one of them" },
	{ "[Filesystem]\nProtectHome=yes\nBindPaths=/home/alice\n",
	  "p:3:11: error: a mount on /home/alice contradicts ProtectHome=yes (p:2), which makes /home inaccessible; set ProtectHome=tmpfs or remove the mount" },
	{ "[Filesystem]\nProtectHome=tmpfs\nBindPaths=/home/alice /srv:/run/user\n",
	  "p:3:23: error: a mount on /run/user contradicts ProtectHome=tmpfs (p:2), which mounts there; mount below it, or set ProtectHome=no" },
	{ "[Filesystem]\nBindPaths=/home /root/x\n", "" },
	{ "[Filesystem]\nBindReadOnlyPaths=/lib/modules\n",
	  "p:2:19: error: a mount on /lib/modules contradicts ProtectKernelModules=yes (the default), which makes /lib/modules inaccessible; set ProtectKernelModules=no or remove the mount" },
	{ "[Filesystem]\nBindReadOnlyPaths=/usr/lib/modules\nProtectKernelModules=no\n", "" },
	{ "[Filesystem]\nBindPaths=/dev/kmsg\nProtectKernelLogs=yes\n",
	  "p:2:11: error: a mount on /dev/kmsg contradicts ProtectKernelLogs=yes (p:3), which makes /dev/kmsg inaccessible; set ProtectKernelLogs=no or remove the mount" },
	{ "[Filesystem]\nBindPaths=/dev/rtc0\n",
	  "p:2:11: error: a mount on /dev/rtc0 contradicts ProtectClock=yes (the default), which makes /dev/rtc inaccessible; set ProtectClock=no or remove the mount" },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_WAKE_ALARM\nAmbientCapabilities=CAP_WAKE_ALARM\n[Filesystem]\nProtectClock=yes\n",
	  "p:3:1: error: AmbientCapabilities= has CAP_WAKE_ALARM, which ProtectClock=yes (p:5) takes away; set ProtectClock=no or remove the capability" },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_WAKE_ALARM\nAmbientCapabilities=CAP_WAKE_ALARM\n", "" },
	{ "[Exec]\nFileDescriptor=63 pipe\n[Resources]\nLimitNOFILE=64\n", "" },
	{ "[Exec]\nFileDescriptor=64 pipe\n[Resources]\nLimitNOFILE=64\n",
	  "p:2:16: error: FileDescriptor=64 contradicts LimitNOFILE=64 (p:4): numbers must be below it; raise the limit or lower the number" },
	{ "[Landlock]\nLogDenials=yes\n",
	  "p:2:1: error: LogDenials=yes: nothing in [Landlock] denies anything; add a FsPath…=, Net…Tcp= or Scope=, or remove it" },
	{ "[Landlock]\nLogDenials=yes\nFsPathReadOnly=/a\nFsPathReadOnly=\n",
	  "p:2:1: error: LogDenials=yes: nothing in [Landlock] denies anything; add a FsPath…=, Net…Tcp= or Scope=, or remove it" },
	{ "[Landlock]\nLogDenials=yes\nNetBindTcp=none\n", "" },
	{ "[Landlock]\nLogDenials=no\n", "" },
	{ "[Resources]\nIOSchedulingPriority=3\nIOSchedulingClass=idle\n",
	  "p:2:1: error: IOSchedulingPriority= contradicts IOSchedulingClass=idle (p:3), which has no levels; remove one of them" },
	{ "[Resources]\nIOSchedulingPriority=3\nIOSchedulingClass=idle\nIOSchedulingPriority=\n", "" },
	{ "[Exec]\nExecutable=/\n", "p:2:1: error: Executable=/: that is a directory; name a program" },
};
/* clang-format on */

const struct snippets snippets_checks = { rows, ELEMENTSOF(rows) };
