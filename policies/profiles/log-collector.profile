# SPDX-License-Identifier: GPL-2.0-or-later
#
# Gathers logs for a report about a fault. It may read what members of the group adm may, and has no way out but
# standard output: no network, no file to write, no other program to start.
#
#	bailiffctl run log-collector -- journalctl -D/var/log/journal -b -p warning >warnings
#	bailiffctl run log-collector -- tar -C /var/log -cf- . | bailiffctl run decoder -- xz -c >logs.tar.xz
#
# "journalctl -b" alone asks /proc which boot this is, and /proc has nothing but the sandbox's processes: -D says where to
# look for the last one.
#
# The kernel's own buffer is closed to it where kernel.dmesg_restrict is 1, as it is on Debian: the capability to read it
# can also empty it, and no profile can give it. "journalctl -k" has the same lines; "dmesg -F FILE" shows saved ones.
#
# Logs tell what people do. Leave it with administrators, or name the one user who writes reports, in
# log-collector.profile.d/10-access.conf:
#
#	[Access]
#	AllowUser=reports

[Profile]
Description=Gather logs for a report
Template=base.profile

[Access]
MaxPerUser=8

[Exec]
# Any argument: what can be read is said below, and nothing can be written or started. tar -z starts gzip, and fails;
# give what comes out to a sandbox that packs.
Executable=/usr/bin/cat /usr/bin/dmesg /usr/bin/find /usr/bin/grep /usr/bin/head /usr/bin/journalctl /usr/bin/ls
Executable=/usr/bin/tail /usr/bin/tar
# The pager would be another program.
Environment=LANG=C.UTF-8 TZ=UTC SYSTEMD_PAGER= SYSTEMD_COLORS=0
FileDescriptor=0 regular,pipe,memfd,null,read-only
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[User]
# A user of its own for each sandbox, and Debian's group for those who may read logs. Every Debian system has it.
SupplementaryGroups=adm

[Filesystem]
# The logs, and the journal where it is not kept over a restart.
BindReadOnlyPaths=-/var/log -/run/log
# What somebody wrote into a log is not a program.
NoExecPaths=-/var/log -/run/log
# journalctl looks for the folder of this machine by it.
BindReadOnlyPaths=-/etc/machine-id
# Which system this is.
BindReadOnlyPaths=-/etc/debian_version -/etc/os-release
# Names instead of numbers. No passwords: these are in /etc/shadow.
BindReadOnlyPaths=-/etc/passwd -/etc/group

[Seccomp]
Policy=log-collector.policy

[Resources]
# Following a log ends some time.
RuntimeMaxSec=1h
# The journal is mapped in pieces.
LimitAS=4G
LimitNOFILE=1024
# Threads; there are no processes.
LimitNPROC=32
TimeoutStopSec=5s
