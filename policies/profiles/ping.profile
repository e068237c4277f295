# SPDX-License-Identifier: GPL-2.0-or-later
#
# ping(8): whether a host answers, for those who are not trusted with raw sockets.
#
#	bailiffctl run ping -- ping -c3 www.example.org
#
# Nobody but administrators may launch it until somebody is named in ping.profile.d/10-access.conf:
#
#	[Access]
#	AllowGroup=users
#
# Under systemd it takes the drop-in network.conf of bailiffd(8): the unit keeps the network from all sandboxes.

[Profile]
Description=Ask a host whether it is there
Template=base.profile
# [Landlock] takes version 4 (Linux 6.7). Where there is less, this layer is skipped, and the reply of the launch says so.
Optional=Landlock

[Access]
MaxPerUser=8

[Exec]
# Debian's package iputils-ping. Its file capability counts for nothing in a sandbox; AmbientCapabilities= does.
Executable=/usr/bin/ping
# How to show it: numbers instead of names, quiet, only the sum, times, missing answers; which of IPv4 and IPv6. No
# flood (-f), no broadcast (-b), no packets ahead (-l), no fixed contents (-p).
Argument=-[46nqvDO]+
# How many, how often, from where, how large, how far, how long: the value in the same argument or in the next. The
# program itself keeps users to 500 packets a second.
Argument=-[ciIMQsStWw][A-Za-z0-9.:%%_-]{0,64}
# Such a value, or who is asked. Nothing that begins with a hyphen.
Argument=[A-Za-z0-9][A-Za-z0-9.:%%_-]{0,253}
Environment=LANG=C.UTF-8
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Capabilities]
# A raw socket, where net.ipv4.ping_group_range gives users none of their own kind. The policy has it be one of ICMP:
# without the policy this would be the right to write any packet and to read all.
CapabilityBoundingSet=CAP_NET_RAW
AmbientCapabilities=CAP_NET_RAW
# The default without keep-caps-locked: ping keeps its capability over setuid(2), and ends when it is refused that. The
# user is the same before and after, so that nothing is kept which would go otherwise.
SecureBits=no-setuid-fixup no-setuid-fixup-locked noroot noroot-locked

[Namespaces]
# The host's network, as it is about that. For another one put NetworkNamespacePath=/run/netns/NAME into a drop-in.
PrivateNetwork=no

[Filesystem]
# Names of hosts.
BindReadOnlyPaths=-/etc/resolv.conf -/etc/hosts -/etc/nsswitch.conf -/etc/gai.conf
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from.
InaccessiblePaths=/proc

[Landlock]
# Names are looked up over TCP where an answer is long. No other service is reached by TCP, those of the host's own
# loopback among them, and none is offered.
NetConnectTcp=53
NetBindTcp=none

[Seccomp]
Policy=ping.policy

[Resources]
# Who forgets it, or means to burden somebody.
RuntimeMaxSec=10min
LimitAS=256M
LimitNOFILE=64
# Itself. It starts nothing.
LimitNPROC=4
# The sum is printed on SIGINT; SIGTERM would end it without.
KillSignal=SIGINT
TimeoutStopSec=2s
