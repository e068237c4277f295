# SPDX-License-Identifier: GPL-2.0-or-later
#
# traceroute(8): the way to a host. It has no capability: probes are datagrams, and who answers is heard by an option of
# their sockets.
#
#	bailiffctl run traceroute -- traceroute -n www.example.org
#
# Nobody but administrators may launch it until somebody is named in traceroute.profile.d/10-access.conf:
#
#	[Access]
#	AllowGroup=users
#
# Probes by ICMP (-I) work where net.ipv4.ping_group_range lets users; half-open TCP (-T) takes a raw socket, by which
# a sandbox can break into other programs' connections. Who wants that adds, and leaves access with administrators:
#
#	[Exec]
#	Argument=-T
#	[Capabilities]
#	CapabilityBoundingSet=CAP_NET_RAW
#	AmbientCapabilities=CAP_NET_RAW
#
# Under systemd it takes the drop-in network.conf of bailiffd(8): the unit keeps the network from all sandboxes.

[Profile]
Description=Show the way to a host
Template=base.profile
# [Landlock] takes version 4 (Linux 6.7). Where there is less, this layer is skipped, and the reply of the launch says so.
Optional=Landlock

[Access]
MaxPerUser=8

[Exec]
# Debian's package traceroute; the name leads through /etc/alternatives.
Executable=/usr/bin/traceroute
# IPv4 or IPv6, numbers instead of names, no fragments, errors' extensions, by ICMP or UDP.
Argument=-[46nFeIU]+
# First and last hop, probes at once and each, port, waiting times, service class, device, source: the value in the
# same argument or in the next.
Argument=-[fmNqpwztis][A-Za-z0-9.:,%%_-]{0,64}
# Such a value, where to, how large. Nothing that begins with a hyphen.
Argument=[A-Za-z0-9][A-Za-z0-9.:,%%_-]{0,253}
Environment=LANG=C.UTF-8
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Namespaces]
# The host's network, as it is about that. For another one put NetworkNamespacePath=/run/netns/NAME into a drop-in.
PrivateNetwork=no

[Filesystem]
# Names of hosts; which kernel module to ask for by which protocol is not needed, numbers of ports are.
BindReadOnlyPaths=-/etc/resolv.conf -/etc/hosts -/etc/nsswitch.conf -/etc/gai.conf -/etc/services -/etc/protocols
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from.
InaccessiblePaths=/proc

[Landlock]
# Names are looked up over TCP where an answer is long. No other service is reached by TCP, those of the host's own
# loopback among them, and none is offered.
NetConnectTcp=53
NetBindTcp=none

[Seccomp]
Policy=traceroute.policy

[Resources]
# 30 hops with three probes of 5 seconds each, at the slowest.
RuntimeMaxSec=10min
LimitAS=256M
# A socket for each probe on its way.
LimitNOFILE=256
# Itself. It starts nothing.
LimitNPROC=4
TimeoutStopSec=2s
