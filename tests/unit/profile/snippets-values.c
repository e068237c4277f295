/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Values key by key: what is refused, and what looks odd and is right. */

#include "base/cleanup.h"
#include "tests/unit/profile/snippets.h"

#define NOT_A_NAME "neither a name nor a decimal id from 0 to 4294967294"

#define NOT_A_UNIT                                                                                           \
	"expected the name of a service or scope, in which '*' and '?' may stand for others, such as "       \
	"chrome@*.service; one of a user's manager is user@1000.service/chrome.service"

#define NOT_GIVEN                                                                                            \
	" is never given to a sandbox, which it would make the master of the host or outlive; remove it"
#define NEVER "; remove it, or set a value of your own with Environment="

/* clang-format off */
static const struct snippet rows[] = {
	/* [Profile] */
	{ "[Profile]\nTemplate=base.profile\n", "" },
	{ "[Profile]\nTemplate=base\n", "p:2:10: error: Template=base: expected the name of a profile's file, such as base.profile" },
	{ "[Profile]\nTemplate=../base.profile\n", "p:2:10: error: Template=../base.profile: expected the name of a profile's file, such as base.profile" },
	{ "[Profile]\nTemplate=/etc/base.profile\n", "p:2:10: error: Template=/etc/base.profile: expected the name of a profile's file, such as base.profile" },
	{ "[Profile]\nTemplate=.profile\n", "p:2:10: error: Template=.profile: expected the name of a profile's file, such as base.profile" },
	/* [Access] */
	{ "[Access]\nAllowUser=chrome alice 1000\nAllowUser=\nAllowGroup=video\n", "" },
	{ "[Access]\nAllowUser=65535\n", "p:2:11: error: AllowUser=65535: " NOT_A_NAME },
	{ "[Access]\nAllowUser=4294967295\n", "p:2:11: error: AllowUser=4294967295: " NOT_A_NAME },
	{ "[Access]\nAllowUser=4294967294 2147483648\n", "" },
	{ "[Access]\nAllowUser=1000: ok\n", "p:2:11: error: AllowUser=1000:: " NOT_A_NAME },
	{ "[Access]\nAllowUser=ok *\n", "p:2:14: error: AllowUser=*: " NOT_A_NAME },
	{ "[Access]\nAllowGroup=-1 +1\n", "p:2:12: error: AllowGroup=-1: " NOT_A_NAME "\np:2:15: error: AllowGroup=+1: " NOT_A_NAME },
	{ "[Access]\nAllowDetach=maybe\n", "p:2:13: error: AllowDetach=maybe: expected yes or no" },
	{ "[Access]\nMaxPerUser=0\n", "p:2:12: error: MaxPerUser=0: out of range; 1 to 4096" },
	{ "[Access]\nMaxPerUser=4097\n", "p:2:12: error: MaxPerUser=4097: out of range; 1 to 4096" },
	{ "[Access]\nMaxPerUser=4294967296\n", "p:2:12: error: MaxPerUser=4294967296: out of range; 1 to 4096" },
	{ "[Access]\nMaxPerUser=+1\n", "p:2:12: error: MaxPerUser=+1: expected a decimal number" },
	{ "[Access]\nMaxPerUser=0x1\n", "p:2:12: error: MaxPerUser=0x1: expected a decimal number" },
	{ "[Access]\nMaxPerUser=1e3\n", "p:2:12: error: MaxPerUser=1e3: expected a decimal number" },
	{ "[Access]\nMaxPerUser=1 2\n", "p:2:12: error: MaxPerUser=1 2: expected a decimal number" },
	{ "[Access]\nMaxPerUser=01\n", "p:2:12: error: MaxPerUser=01: expected a decimal number" },
	{ "[Access]\nMaxPerUser=\n", "" },
	{ "[Access]\nAllowSELinuxDomain=chrome_t init.t\nAllowSELinuxDomain=\n", "" },
	{ "[Access]\nAllowSELinuxDomain=a:b:chrome_t:s0 x/y\n",
	  "p:2:20: error: AllowSELinuxDomain=a:b:chrome_t:s0: expected a domain alone, such as chrome_t: the third part of a label\n"
	  "p:2:36: error: AllowSELinuxDomain=x/y: expected a domain (a type of the SELinux policy), such as chrome_t" },
	{ "[Access]\nAllowUnit=chrome@*.service user@*.service/a?.scope a\\x2db.service\nAllowUnit=\nAllowUnit=a.service\n", "" },
	{ "[Access]\nAllowUnit=chrome\n", "p:2:11: error: AllowUnit=chrome: " NOT_A_UNIT },
	{ "[Access]\nAllowUnit=system.slice *.service/a.service\n",
	  "p:2:11: error: AllowUnit=system.slice: " NOT_A_UNIT "\np:2:24: error: AllowUnit=*.service/a.service: " NOT_A_UNIT },
	{ "[Access]\nPolkit=org.bailiff.Broker1.launch-decoder\nPolkit=\n", "" },
	{ "[Access]\nPolkit=a b\n", "p:2:8: error: Polkit=a b: expected an action of polkit, such as org.bailiff.Broker1.launch" },
	{ "[Access]\nPolkit=launch\n", "p:2:8: error: Polkit=launch: expected an action of polkit, such as org.bailiff.Broker1.launch" },
	{ "[Access]\nLaunchesPerMinute=60000\nLaunchesPerMinute=\n", "" },
	{ "[Access]\nLaunchesPerMinute=0\n", "p:2:19: error: LaunchesPerMinute=0: out of range; 1 to 60000" },
	{ "[Access]\nLaunchesPerMinute=60001\n", "p:2:19: error: LaunchesPerMinute=60001: out of range; 1 to 60000" },
	/* [Seccomp] */
	{ "[Seccomp]\nReportViolations=no\n", "" },
	{ "[Seccomp]\nReportViolations=args\n", "p:2:18: error: ReportViolations=args: expected yes or no" },
	/* [Landlock], and Optional= of [Profile] */
	{ "[Profile]\nOptional=Landlock\nOptional=\n", "" },
	{ "[Profile]\nOptional=Mounts\n", "p:2:10: error: Optional=Mounts: expected the name of a layer that can be missing: Cgroup, CoreScheduling, Landlock or SELinux" },
	{ "[Profile]\nOptional=Landlock CoreScheduling Cgroup SELinux\n", "" },
	/* [SELinux] */
	{ "[SELinux]\nSELinuxContext=system_u:system_r:decoder_t:s0-s0:c0.c1023\n", "" },
	{ "[SELinux]\nSELinuxContext=-u:r:t\nSELinuxContext=\n", "" },
	{ "[SELinux]\nSELinuxContext=u:r\n", "p:2:16: error: SELinuxContext=u:r: expected a context user:role:type or user:role:type:range, up to 255 bytes" },
	{ "[SELinux]\nSELinuxContext=-\n", "p:2:17: error: SELinuxContext=: expected a context user:role:type or user:role:type:range, up to 255 bytes" },
	{ "[SELinux]\nSELinuxContext=u:r:t:\n", "p:2:16: error: SELinuxContext=u:r:t:: expected a context user:role:type or user:role:type:range, up to 255 bytes" },
	{ "[SELinux]\nSELinuxContext=u:r:t s\n", "p:2:16: error: SELinuxContext=u:r:t s: expected a context user:role:type or user:role:type:range, up to 255 bytes" },
	{ "[SELinux]\nSELinuxContext=u::t\n", "p:2:16: error: SELinuxContext=u::t: expected a context user:role:type or user:role:type:range, up to 255 bytes" },
	/* PrivateUsers= */
	{ "[User]\nPrivateUsers=maybe\n", "p:2:14: error: PrivateUsers=maybe: expected yes or no" },
	{ "[Landlock]\nFsDefaultPaths=yes\nFsPathReadOnly=/a -/b\nFsPathReadExecute=/c\nFsPathReadWrite=/d\n"
	  "FsPathAdvancedReadWrite=/\nNetBindTcp=80 443\nNetConnectTcp=none\nScope=abstract-unix-socket signal\nLogDenials=yes\n", "" },
	{ "[Landlock]\nFsPathReadOnly=a /b/ -c\n",
	  "p:2:16: error: FsPathReadOnly=a: expected an absolute path without '//', '.', '..' or '/' at its end\n"
	  "p:2:18: error: FsPathReadOnly=/b/: expected an absolute path without '//', '.', '..' or '/' at its end\n"
	  "p:2:22: error: FsPathReadOnly=c: expected an absolute path without '//', '.', '..' or '/' at its end" },
	{ "[Landlock]\nNetBindTcp=0 65536 http 80-90\n",
	  "p:2:12: error: NetBindTcp=0: expected ports from 1 to 65535, or none\n"
	  "p:2:14: error: NetBindTcp=65536: expected ports from 1 to 65535, or none\n"
	  "p:2:20: error: NetBindTcp=http: expected ports from 1 to 65535, or none\n"
	  "p:2:25: error: NetBindTcp=80-90: expected ports from 1 to 65535, or none" },
	{ "[Landlock]\nScope=signals\n", "p:2:7: error: Scope=signals: expected abstract-unix-socket or signal" },
	{ "[Landlock]\nFsDefaultPaths=perhaps\n", "p:2:16: error: FsDefaultPaths=perhaps: expected yes or no" },
	/* [Resources]: one process' share in the machine */
	{ "[Resources]\nNice=-20\nNice=+5\nNice=19\nNice=\nOOMScoreAdjust=-1000\nOOMScoreAdjust=1000\n", "" },
	{ "[Resources]\nNice=20\n", "p:2:6: error: Nice=20: expected a number from -20 to 19" },
	{ "[Resources]\nNice=-21\n", "p:2:6: error: Nice=-21: expected a number from -20 to 19" },
	{ "[Resources]\nNice=+-5\n", "p:2:6: error: Nice=+-5: expected a number from -20 to 19" },
	{ "[Resources]\nOOMScoreAdjust=1001\n", "p:2:16: error: OOMScoreAdjust=1001: expected a number from -1000 to 1000" },
	{ "[Resources]\nOOMScoreAdjust=high\n", "p:2:16: error: OOMScoreAdjust=high: expected a number from -1000 to 1000" },
	{ "[Resources]\nCPUAffinity=0-3 5,7, 1023\nCPUAffinity=\n", "" },
	{ "[Resources]\nCPUAffinity=0 1,3-2\n",
	  "p:2:17: error: CPUAffinity=3-2: expected numbers of processors below 1024, or ranges such as 0-3" },
	{ "[Resources]\nCPUAffinity=1024\n",
	  "p:2:13: error: CPUAffinity=1024: expected numbers of processors below 1024, or ranges such as 0-3" },
	{ "[Resources]\nCPUAffinity=numa\n",
	  "p:2:13: error: CPUAffinity=numa: expected numbers of processors below 1024, or ranges such as 0-3" },
	{ "[Resources]\nIOSchedulingClass=realtime\nIOSchedulingClass=idle\nIOSchedulingClass=best-effort\nIOSchedulingPriority=7\n", "" },
	{ "[Resources]\nIOSchedulingClass=none\n", "p:2:19: error: IOSchedulingClass=none: expected one of realtime, best-effort, idle" },
	{ "[Resources]\nIOSchedulingPriority=8\n", "p:2:22: error: IOSchedulingPriority=8: out of range; 0 to 7" },
	{ "[Resources]\nCoreScheduling=yes\nTimerSlackNSec=1\nTimerSlackNSec=50us\nTimerSlackNSec=7ns\nKeyringMode=private\n", "" },
	{ "[Resources]\nTimerSlackNSec=0\n", "p:2:16: error: TimerSlackNSec=0: out of range; 1 to 10000000000 nanoseconds" },
	{ "[Resources]\nTimerSlackNSec=11s\n", "p:2:16: error: TimerSlackNSec=11s: out of range; 1 to 10000000000 nanoseconds" },
	{ "[Resources]\nTimerSlackNSec=ns\n",
	  "p:2:16: error: TimerSlackNSec=ns: expected a number of nanoseconds, or a time span such as 50us" },
	{ "[Resources]\nKeyringMode=shared\n", "p:2:13: error: KeyringMode=shared: expected one of private" },
	/* [Resources]: the sandbox as a whole */
	{ "[Resources]\nMemoryMax=1G\nMemoryMax=infinity\nMemoryMax=12.5%\nMemoryMax=100%\nMemoryHigh=4096\nMemoryMax=\n"
	  "TasksMax=64\nTasksMax=0.01%\nTasksMax=infinity\nCPUQuota=150%\nCPUQuota=infinity\nCPUWeight=1\nCPUWeight=idle\nIOWeight=10000\n", "" },
	{ "[Resources]\nMemoryMax=0\n", "p:2:11: error: MemoryMax=0: out of range; expected bytes with K, M, G or T, a percentage such as 10%, or infinity" },
	{ "[Resources]\nMemoryMax=101%\n", "p:2:11: error: MemoryMax=101%: out of range; expected bytes with K, M, G or T, a percentage such as 10%, or infinity" },
	{ "[Resources]\nMemoryMax=10.123%\n", "p:2:11: error: MemoryMax=10.123%: expected bytes with K, M, G or T, a percentage such as 10%, or infinity" },
	{ "[Resources]\nMemoryHigh=%\n", "p:2:12: error: MemoryHigh=%: expected bytes with K, M, G or T, a percentage such as 10%, or infinity" },
	{ "[Resources]\nMemoryMax=1.%\n", "p:2:11: error: MemoryMax=1.%: expected bytes with K, M, G or T, a percentage such as 10%, or infinity" },
	{ "[Resources]\nTasksMax=1K\n", "p:2:10: error: TasksMax=1K: expected a number, a percentage such as 10%, or infinity" },
	{ "[Resources]\nCPUQuota=20\n", "p:2:10: error: CPUQuota=20: expected a percentage of one processor such as 150%, or infinity" },
	{ "[Resources]\nCPUQuota=0%\n", "p:2:10: error: CPUQuota=0%: out of range; expected a percentage of one processor such as 150%, or infinity" },
	{ "[Resources]\nCPUWeight=0\n", "p:2:11: error: CPUWeight=0: out of range; expected a number from 1 to 10000, or idle" },
	{ "[Resources]\nIOWeight=10001\n", "p:2:10: error: IOWeight=10001: out of range; expected a number from 1 to 10000" },
	{ "[Resources]\nIOWeight=idle\n", "p:2:10: error: IOWeight=idle: expected a number from 1 to 10000" },
	/* [Exec] */
	{ "[Exec]\nExecutable=/usr/bin/xz \"/opt/with blank/x\" /opt/with\\ blank/y\n", "" },
	{ "[Exec]\nExecutable=xz\n", "p:2:12: error: Executable=xz: not an absolute path" },
	{ "[Exec]\nExecutable=/a /usr/../bin/xz\n", "p:2:15: error: Executable=/usr/../bin/xz: write the path without '//', '.', '..' or '/' at its end" },
	{ "[Exec]\nExecutable=/usr/bin/\n", "p:2:12: error: Executable=/usr/bin/: write the path without '//', '.', '..' or '/' at its end" },
	{ "[Exec]\nExecutable=/bin/sh /usr/bin/*\n", "p:2:20: error: Executable=/usr/bin/*: no patterns are taken here; name each program" },
	{ "[Exec]\nArgument=--fd=[0-9]+\nArgument=a \"b\" \\.c\n", "" },
	{ "[Exec]\nArgument=[a\n", "p:2:10: error: Argument=[a: a bracket expression \"[\" is not closed" },
	{ "[Exec]\nArgument=a)|(b\n", "p:2:10: error: Argument=a)|(b: a parenthesis is closed that was not opened (a literal one is written \\))" },
	{ "[Exec]\nArgument=(a)\\1\n", "p:2:10: error: Argument=(a)\\1: it has a back-reference (backslash and digit)" },
	{ "[Exec]\nEnvironment=A\n", "p:2:13: error: Environment=A: expected NAME=value; put quotes around blanks" },
	{ "[Exec]\nEnvironment=A=1 =x 1B=2\n",
	  "p:2:17: error: Environment==x: expected NAME=value; put quotes around blanks\n"
	  "p:2:20: error: Environment=1B=2: expected NAME=value; put quotes around blanks" },
	{ "[Exec]\nPassEnvironment=LANG DECODER_*\n", "" },
	{ "[Exec]\nPassEnvironment=*\n", "p:2:17: error: PassEnvironment=*: expected a variable's name, or its beginning and '*'" },
	{ "[Exec]\nPassEnvironment=A=1\n", "p:2:17: error: PassEnvironment=A=1: expected a variable's name, or its beginning and '*'" },
	{ "[Exec]\nPassEnvironment=A*B\n", "p:2:17: error: PassEnvironment=A*B: expected a variable's name, or its beginning and '*'" },
	{ "[Exec]\nPassEnvironment=LD_PRELOAD\n", "p:2:17: error: PassEnvironment=LD_PRELOAD: never taken from a caller, because the dynamic loader loads code and writes files by it" NEVER },
	{ "[Exec]\nPassEnvironment=LANG LD_*\n", "p:2:22: error: PassEnvironment=LD_*: never taken from a caller, because the dynamic loader loads code and writes files by it" NEVER },
	{ "[Exec]\nPassEnvironment=LD_LIB*\n", "p:2:17: error: PassEnvironment=LD_LIB*: never taken from a caller, because the dynamic loader loads code and writes files by it" NEVER },
	{ "[Exec]\nPassEnvironment=IFS\n", "p:2:17: error: PassEnvironment=IFS: never taken from a caller, because shells split words by it" NEVER },
	/* patterns that match other names, too, and names that only begin alike; the rest is refused at the launch */
	{ "[Exec]\nPassEnvironment=L* LD* IFS* ENV_* TMPDIRS ENVIRON\n", "" },
	{ "[Exec]\nFileDescriptor=3 socket\nFileDescriptor=4 regular, pipe ,read-only,required\n", "" },
	{ "[Exec]\nFileDescriptor=3\n", "p:2:16: error: FileDescriptor=3: say which kinds may be there, such as 'pipe,socket'" },
	{ "[Exec]\nFileDescriptor=-1 pipe\n", "p:2:16: error: FileDescriptor=-1: expected a number from 0 to 1023, then kinds" },
	{ "[Exec]\nFileDescriptor=1024 pipe\n", "p:2:16: error: FileDescriptor=1024: expected a number from 0 to 1023, then kinds" },
	{ "[Exec]\nFileDescriptor=pipe\n", "p:2:16: error: FileDescriptor=pipe: expected a number from 0 to 1023, then kinds" },
	{ "[Exec]\nFileDescriptor=3 read-only\n", "p:2:16: error: FileDescriptor=3: no kind is named; add one such as 'pipe'" },
	{ "[Exec]\nFileDescriptor=3 pipe,read-only,write-only\n", "p:2:16: error: FileDescriptor=3: read-only and write-only exclude each other" },
	{ "[Exec]\nFileDescriptor=3 pipe socket\n", "p:2:23: error: FileDescriptor=: put commas between the kinds" },
	{ "[Exec]\nFileDescriptor=3 pipe,other\n",
	  "p:2:23: error: FileDescriptor=: 'other' is neither a kind (regular, memfd, pipe, socket, null, tty, directory, path, listener, chardev, eventfd) nor read-only, write-only or required" },
	{ "[Exec]\nMaxFileDescriptors=65\n", "p:2:20: error: MaxFileDescriptors=65: out of range; 0 to 64" },
	{ "[Exec]\nStandardOutput=file:/x\n", "p:2:16: error: StandardOutput=file:/x: expected one of null, pipe, fd, inherit, socket, pty, journal" },
	{ "[Exec]\nWorkingDirectory=~\n", "p:2:18: error: WorkingDirectory=~: not an absolute path" },
	{ "[Exec]\nUMask=0077\nUMask=\n", "" },
	{ "[Exec]\nUMask=1777\n", "p:2:7: error: UMask=1777: out of range; 0 to 0777" },
	/* [User] */
	{ "[User]\nUser=decoder\nGroup=decoder\nSupplementaryGroups=video render\n", "" },
	{ "[User]\nUser=a b\n", "p:2:6: error: User=a b: " NOT_A_NAME },
	/* [Capabilities] */
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW CAP_CHOWN\nCapabilityBoundingSet=~CAP_CHOWN\n", "" },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RWA\n", "p:2:23: error: CapabilityBoundingSet=: unknown capability 'CAP_NET_RWA'; did you mean 'CAP_NET_RAW'?" },
	{ "[Capabilities]\nCapabilityBoundingSet=~ cap_kill x\n", "p:2:25: error: CapabilityBoundingSet=: unknown capability 'cap_kill'; did you mean 'CAP_KILL'?\np:2:34: error: CapabilityBoundingSet=: unknown capability 'x'; capabilities(7) lists them" },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_SYS_ADMIN\nAmbientCapabilities=CAP_SYS_ADMIN\n", "" },
	{ "[Capabilities]\nCapabilityBoundingSet=CAP_NET_RAW CAP_SYS_MODULE\n", "p:2:35: error: CapabilityBoundingSet=: CAP_SYS_MODULE" NOT_GIVEN },
	{ "[Capabilities]\nAmbientCapabilities=CAP_SYS_PTRACE\n", "p:2:21: error: AmbientCapabilities=: CAP_SYS_PTRACE" NOT_GIVEN },
	/* to take away what is not there is no error, and what is left can be given */
	{ "[Capabilities]\nCapabilityBoundingSet=~CAP_SYS_MODULE CAP_NET_RAW\nAmbientCapabilities=~CAP_NET_RAW\n", "" },
	{ "[Capabilities]\nSecureBits=noroot-locked keep-caps\n", "" },
	{ "[Capabilities]\nSecureBits=noroot none\n", "p:2:19: error: SecureBits=none: expected keep-caps, no-setuid-fixup, noroot, or one of these with -locked" },
	{ "[Capabilities]\nNoNewPrivileges=yes\n", "" },
	{ "[Capabilities]\nNoNewPrivileges=no\n", "p:2:17: error: NoNewPrivileges=no: this protection can't be switched off; remove the line" },
	/* [Namespaces] */
	{ "[Namespaces]\nProtectHostname=no\nPrivateUTS=no\n", "" },
	{ "[Namespaces]\nPrivateNetwork=ja\n", "p:2:16: error: PrivateNetwork=ja: expected yes or no" },
	/* [Filesystem] */
	{ "[Filesystem]\nBindPaths=/a -/b:/c /d:/e:norbind \"/f g\":/h\nBindReadOnlyPaths=/i\\:j:/k\n", "" },
	{ "[Filesystem]\nBindPaths=a\n", "p:2:11: error: BindPaths=a: expected an absolute path without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nBindPaths=/a:b\n", "p:2:14: error: BindPaths=b: expected an absolute path without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nBindPaths=/a:\n", "p:2:14: error: BindPaths=: nothing stands behind ':'" },
	{ "[Filesystem]\nBindPaths=/a: /b\n", "p:2:14: error: BindPaths=: nothing stands behind ':'" },
	{ "[Filesystem]\nBindPaths=/a:/b:bind\n", "p:2:17: error: BindPaths=: 'bind' is none of rbind, norbind, idmap, noidmap" },
	{ "[Filesystem]\nBindPaths=/a:/b:norbind,idmap /c:/d:noidmap,rbind\n", "" },
	{ "[Filesystem]\nBindPaths=/a:/b:idmap,bind\n", "p:2:17: error: BindPaths=: 'bind' is none of rbind, norbind, idmap, noidmap" },
	{ "[Filesystem]\nBindPaths=/a:/b:rbind:x\n", "p:2:17: error: BindPaths=: more than source:target:options" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:ro,mode=0700,size=1M,noexec,nosuid,nodev /x\n", "" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:mode=8\n", "p:2:26: error: TemporaryFileSystem=: 'mode=8': expected an octal mode up to 07777" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:size=0\n", "p:2:26: error: TemporaryFileSystem=: 'size=0': expected bytes, with K, M, G or T, or 1% to 100% of the memory" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:suid\n", "p:2:26: error: TemporaryFileSystem=: 'suid' is none of ro, rw, noexec, exec, nosuid, nodev, mode=, size=, nr_inodes=" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:size=10%,nr_inodes=1K /x:size=100%,size=1M\n", "" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:size=101%\n", "p:2:26: error: TemporaryFileSystem=: 'size=101%': expected bytes, with K, M, G or T, or 1% to 100% of the memory" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:size=%\n", "p:2:26: error: TemporaryFileSystem=: 'size=%': expected bytes, with K, M, G or T, or 1% to 100% of the memory" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:nr_inodes=0\n", "p:2:26: error: TemporaryFileSystem=: 'nr_inodes=0': expected a number from 1, with K, M or G" },
	{ "[Filesystem]\nRootDirectory=/srv/root\nRootDirectory=\n", "" },
	{ "[Filesystem]\nRootDirectory=srv\n", "p:2:15: error: RootDirectory=srv: not an absolute path" },
	{ "[Filesystem]\nDeviceAllow=/dev/dri/renderD128 rw\nDeviceAllow=/dev/tty\nDeviceAllow=\n", "" },
	{ "[Filesystem]\nDeviceAllow=char-rtc r\n", "p:2:13: error: DeviceAllow=char-rtc: classes of devices are not known here; name each node below /dev" },
	{ "[Filesystem]\nDeviceAllow=/dev\n", "p:2:13: error: DeviceAllow=/dev: expected a path below /dev without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nDeviceAllow=/dev/../etc rw\n", "p:2:13: error: DeviceAllow=/dev/../etc: expected a path below /dev without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nDeviceAllow=/dev/mem rw\n", "p:2:13: error: DeviceAllow=/dev/mem: that is the machine's memory or ports, and never given to a sandbox" },
	{ "[Filesystem]\nDeviceAllow=/dev/tty rwm\n", "p:2:22: error: DeviceAllow=: a sandbox never makes nodes; leave out 'm'" },
	{ "[Filesystem]\nDeviceAllow=/dev/tty x\n", "p:2:22: error: DeviceAllow=: 'x' has other letters than r, w and m; write 'rw'" },
	{ "[Filesystem]\nDeviceAllow=/dev/tty r\n", "p:2:22: error: DeviceAllow=: a device can not be given for 'r' alone; write 'rw', and restrict it with FsPathReadOnly= of [Landlock]" },
	{ "[Filesystem]\nDeviceAllow=/dev/tty rw /dev/null\n", "p:2:25: error: DeviceAllow=: one node and its access in each line" },
	{ "[Filesystem]\nTemporaryFileSystem=/var:ro:rw\n", "p:2:26: error: TemporaryFileSystem=: put commas between the options" },
	{ "[Filesystem]\nMountPropagation=private\n", "" },
	{ "[Filesystem]\nMountPropagation=shared\nMountPropagation=slave\nMountPropagation=\n", "" },
	{ "[Filesystem]\nMountPropagation=rslave\n", "p:2:18: error: MountPropagation=rslave: expected one of private, slave, shared" },
	{ "[User]\nUser=x\n[Filesystem]\nDaemonStore=a b_C-1.d a\nDaemonStore=c\n", "" },
	{ "[Filesystem]\nDaemonStore=a\nDaemonStore=\n", "" },
	{ "[Filesystem]\nMountSlot=a /in/a ro\nMountSlot=b-1_c idmap ro /in/b\n", "" },
	{ "[Filesystem]\nMountSlot=a\nMountSlot=\n", "" },
	{ "[Filesystem]\nMountSlot=A ro\nMountSlot=/in ro\n",
	  "p:2:11: error: MountSlot=A: expected a name of a-z, 0-9, '_' and '-', a letter or digit first, up to 64 bytes\n"
	  "p:3:11: error: MountSlot=/in: expected a name of a-z, 0-9, '_' and '-', a letter or digit first, up to 64 bytes" },
	{ "[Filesystem]\nMountSlot=a /in/../x ro\nMountSlot=b / ro\nMountSlot=c /x/ ro\n",
	  "p:2:13: error: MountSlot=/in/../x: expected an absolute path below the root, without '//', '.', '..' or '/' at its end\n"
	  "p:3:13: error: MountSlot=/: expected an absolute path below the root, without '//', '.', '..' or '/' at its end\n"
	  "p:4:13: error: MountSlot=/x/: expected an absolute path below the root, without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nMountSlot=a /x /y ro\nMountSlot=b rw\nMountSlot=c in/x\n",
	  "p:2:16: error: MountSlot=a: a second place, /y; give one\n"
	  "p:3:13: error: MountSlot=b: 'rw' is no path, and none of ro, idmap\n"
	  "p:4:13: error: MountSlot=c: 'in/x' is no path, and none of ro, idmap" },
	{ "[User]\nUser=x\n[Filesystem]\nDaemonStore=a /run/b .c a/b\n",
	  "p:4:15: error: DaemonStore=/run/b: expected the name of a directory in /etc/daemon-store, of letters, digits, '_', '-' and '.', up to 64 bytes\n"
	  "p:4:22: error: DaemonStore=.c: expected the name of a directory in /etc/daemon-store, of letters, digits, '_', '-' and '.', up to 64 bytes\n"
	  "p:4:25: error: DaemonStore=a/b: expected the name of a directory in /etc/daemon-store, of letters, digits, '_', '-' and '.', up to 64 bytes" },
	{ "[Filesystem]\nReadOnlyPaths=/a -/b -+/c +/d /\nInaccessiblePaths=/e\nNoExecPaths=/\nReadOnlyPaths=\n", "" },
	{ "[Filesystem]\nReadOnlyPaths=a -b/ +-/c\n",
	  "p:2:15: error: ReadOnlyPaths=a: expected an absolute path without '//', '.', '..' or '/' at its end\n"
	  "p:2:17: error: ReadOnlyPaths=b/: expected an absolute path without '//', '.', '..' or '/' at its end\n"
	  "p:2:21: error: ReadOnlyPaths=-/c: expected an absolute path without '//', '.', '..' or '/' at its end" },
	{ "[Filesystem]\nInaccessiblePaths=/a /\n", "p:2:22: error: InaccessiblePaths=/: nothing could be started; name what lies below it" },
	{ "[Filesystem]\nNoExecPaths=\"/a\n", "p:2:13: error: NoExecPaths=: this quote is never closed" },
	{ "[Filesystem]\nProtectSystem=strict\nProtectHome=read-only\nProtectProc=ptraceable\nProcSubset=all\n", "" },
	{ "[Filesystem]\nProtectSystem=true\nProtectHome=off\nProtectSystem=\nProtectHome=\n", "" },
	{ "[Filesystem]\nProtectSystem=all\n", "p:2:15: error: ProtectSystem=all: expected one of no, yes, full, strict" },
	{ "[Filesystem]\nProtectHome=ro\n", "p:2:13: error: ProtectHome=ro: expected one of no, yes, read-only, tmpfs" },
	{ "[Filesystem]\nProtectProc=yes\n", "p:2:13: error: ProtectProc=yes: expected one of default, noaccess, invisible, ptraceable" },
	{ "[Filesystem]\nProcSubset=none\n", "p:2:12: error: ProcSubset=none: expected one of all, pid" },
	{ "[Filesystem]\nProtectKernelTunables=yes\nProtectKernelModules=no\nProtectKernelLogs=no\nProtectControlGroups=no\nProtectClock=no\n", "" },
	{ "[Filesystem]\nProtectKernelTunables=full\n", "p:2:23: error: ProtectKernelTunables=full: expected yes or no" },
	{ "[Filesystem]\nProtectKernelModules=1.0\n", "p:2:22: error: ProtectKernelModules=1.0: expected yes or no" },
	{ "[Filesystem]\nProtectKernelLogs=x\n", "p:2:19: error: ProtectKernelLogs=x: expected yes or no" },
	{ "[Filesystem]\nProtectControlGroups=strict\n", "p:2:22: error: ProtectControlGroups=strict: expected yes or no" },
	{ "[Filesystem]\nProtectClock=rtc\n", "p:2:14: error: ProtectClock=rtc: expected yes or no" },
	/* [Seccomp] */
	{ "[Seccomp]\nPolicy=decoder.policy\nPolicy=\n", "" },
	{ "[Seccomp]\nPolicy=/etc/x.policy\n", "p:2:8: error: Policy=/etc/x.policy: expected the name of a file in a policies directory, without '/'" },
	{ "[Seccomp]\nPolicy=../x\n", "p:2:8: error: Policy=../x: expected the name of a file in a policies directory, without '/'" },
	/* [Resources] */
	{ "[Resources]\nLimitNOFILE=16:64\nLimitAS=2G\nLimitCPU=90s\nLimitNICE=+5\nLimitRTTIME=100\nLimitCORE=infinity\nLimitSTACK=1E\n", "" },
	{ "[Resources]\nLimitNOFILE=64:16\n", "p:2:13: error: LimitNOFILE=64:16: the soft limit is above the hard one; write soft:hard" },
	{ "[Resources]\nLimitNOFILE=64:\n", "p:2:16: error: LimitNOFILE=: expected infinity or a decimal number" },
	{ "[Resources]\nLimitNOFILE=:64\n", "p:2:13: error: LimitNOFILE=: expected infinity or a decimal number" },
	{ "[Resources]\nLimitNOFILE=1K\n", "p:2:13: error: LimitNOFILE=1K: expected infinity or a decimal number" },
	{ "[Resources]\nLimitAS=16E\n", "p:2:9: error: LimitAS=16E: out of range" },
	{ "[Resources]\nLimitAS=1:2:3\n", "p:2:11: error: LimitAS=2:3: expected infinity or bytes, with K, M, G, T, P or E" },
	{ "[Resources]\nLimitAS=-1\n", "p:2:9: error: LimitAS=-1: expected infinity or bytes, with K, M, G, T, P or E" },
	{ "[Resources]\nLimitNICE=+20\n", "p:2:11: error: LimitNICE=+20: out of range" },
	{ "[Resources]\nLimitNICE=41\n", "p:2:11: error: LimitNICE=41: out of range" },
	{ "[Resources]\nLimitCPU=tomorrow\n", "p:2:10: error: LimitCPU=tomorrow: expected infinity or a time span; a bare number is seconds" },
	{ "[Resources]\nRuntimeMaxSec=2min 30s\nTimeoutStopSec=500ms\nKillSignal=SIGINT\n", "" },
	{ "[Resources]\nRuntimeMaxSec=5 parsecs\n", "p:2:15: error: RuntimeMaxSec=5 parsecs: expected a time span such as 90, 500ms or 1min 30s, or infinity" },
	{ "[Resources]\nRuntimeMaxSec=400d\n", "p:2:15: error: RuntimeMaxSec=400d: longer than a year" },
	{ "[Resources]\nTimeoutStartSec=infinity\n", "" },
	{ "[Resources]\nTimeoutStartSec=0\nTimeoutStartSec=5min\n", "" },
	{ "[Resources]\nTimeoutStartSec=-1\n", "p:2:17: error: TimeoutStartSec=-1: expected a time span such as 90, 500ms or 1min 30s, or infinity" },
	{ "[Pool]\nWarm=0\n", "" },
	{ "[Pool]\nWarm=64\nMaxWarm=64\n", "" },
	{ "[Pool]\nWarm=4\nMaxWarm=\n", "" },
	{ "[Pool]\nMaxWarm=4\n", "" },
	{ "[Pool]\nWarm=65\n", "p:2:6: error: Warm=65: out of range; 0 to 64" },
	{ "[Pool]\nWarm=yes\n", "p:2:6: error: Warm=yes: expected a decimal number" },
	{ "[Pool]\nWarm=-1\n", "p:2:6: error: Warm=-1: expected a decimal number" },
	{ "[Pool]\nMaxWarm=4294967296\n", "p:2:9: error: MaxWarm=4294967296: out of range; 0 to 64" },
	{ "[Resources]\nTimeoutStopSec=0\n", "p:2:16: error: TimeoutStopSec=0: must be more than 0" },
	{ "[Resources]\nTimeoutStopSec=infinity\n", "p:2:16: error: TimeoutStopSec=infinity: longer than 31622400 seconds" },
	{ "[Resources]\nKillSignal=65\n", "p:2:12: error: KillSignal=65: expected a signal such as SIGTERM" },
	{ "[Resources]\nKillSignal=0\n", "p:2:12: error: KillSignal=0: expected a signal such as SIGTERM" },
};
/* clang-format on */

const struct snippets snippets_values = { rows, ELEMENTSOF(rows) };
