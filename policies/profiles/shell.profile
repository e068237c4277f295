# SPDX-License-Identifier: GPL-2.0-or-later
#
# A shell in a sandbox, to find out why a program fails in one: what is there, what is refused. It is the widest of the
# profiles as to what may be called (children, files in /tmp, sockets), and as confined as the others as to what can be
# reached: nothing of the host but /usr, no network, no other user's process.
#
#	bailiffctl run shell -- bash
#	bailiffctl run shell -- bash -c 'id; mount; ls -la /'
#
# For administrators. To look around in the sandbox of another profile, make a profile with Template=shell.profile and
# the [Filesystem] and [Namespaces] lines of that one.

[Profile]
Description=A shell, to look around in a sandbox
Template=base.profile

[Access]
# One for each terminal.
MaxPerUser=4

[Exec]
# Any argument: it is a shell.
Executable=/usr/bin/bash /usr/bin/dash
Environment=PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/tmp SHELL=/usr/bin/bash LANG=C.UTF-8
# How to write on the terminal, and in which language.
PassEnvironment=TERM COLORTERM LANG LC_* TZ
# A terminal of its own, for job control and whatever fills the screen; files and pipes instead where they are given. The
# user's terminal itself stays outside: what a program types there (TIOCSTI) would run outside. What is shown there may
# still lie, so leave this profile with administrators.
StandardInput=pty
StandardOutput=pty
StandardError=pty
FileDescriptor=0 regular,pipe,memfd,socket,null
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null
# The one place where it may write, kept in memory and gone with the sandbox.
WorkingDirectory=/tmp
UMask=0077

[Filesystem]
# Names instead of numbers, and the shell's own settings.
BindReadOnlyPaths=-/etc/passwd -/etc/group -/etc/nsswitch.conf -/etc/bash.bashrc -/etc/inputrc -/etc/terminfo
# What is written there is no program. A script still is one, to a shell that reads it.
NoExecPaths=/tmp

[Seccomp]
Policy=shell.policy

[Resources]
# Somebody forgets to leave.
RuntimeMaxSec=12h
# A slip of the keyboard, such as a fork bomb.
LimitNPROC=256
LimitNOFILE=1024
LimitAS=4G
# Also of what is redirected into a file of the caller's.
LimitFSIZE=64G
# bash takes no notice of SIGTERM when it talks to a terminal.
KillSignal=SIGHUP
TimeoutStopSec=2s
