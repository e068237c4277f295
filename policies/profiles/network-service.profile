# SPDX-License-Identifier: GPL-2.0-or-later
#
# A program that speaks with the network for others, so that these need no network themselves: it fetches, resolves
# names, checks certificates. It has the host's network, and of the host's files what that takes.
#
#	bailiffctl run network-service -- curl -sS https://www.example.org/ >page
#
# Nobody but administrators may launch it until somebody is named. For a service of your own, put into
# /etc/bailiff/profiles/network-service.profile.d/10-site.conf:
#
#	[Access]
#	AllowUser=gallery
#	[Exec]
#	Executable=
#	Executable=/usr/lib/gallery/network-service
#
# Under systemd it takes the drop-in network.conf of bailiffd(8): the unit keeps the network from all sandboxes.

[Profile]
Description=Speak with the network for programs that have none
Template=base.profile
# Scope= takes Landlock 6 (Linux 6.12). Where there is less, this layer is skipped, and the reply of the launch says so.
Optional=Landlock

[Access]
MaxPerUser=16

[Exec]
# Any argument, for files are read-only, and there are none of yours: "-o FILE" fails, "file:///" shows this root.
Executable=/usr/bin/curl
Environment=LANG=C.UTF-8
# A proxy, as the caller's session has it; the lower-case forms, as curl ignores HTTP_PROXY.
PassEnvironment=http_proxy https_proxy no_proxy
FileDescriptor=0 regular,pipe,memfd,socket,null
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null
# The channel of a service to who launched it.
FileDescriptor=3 socket

[Namespaces]
# What it is for. It reaches all that the host reaches, services on the host's own loopback among it: the firewall can
# tell them by the range of user ids (DynamicUserRange= of bailiffd.conf).
PrivateNetwork=no

[Filesystem]
# Name servers, and names of hosts; which of both comes first, and which of IPv4 and IPv6.
BindReadOnlyPaths=-/etc/resolv.conf -/etc/hosts -/etc/nsswitch.conf -/etc/gai.conf
# Numbers of ports and protocols by name.
BindReadOnlyPaths=-/etc/services -/etc/protocols
# Who is trusted. Not /etc/ssl/private.
BindReadOnlyPaths=-/etc/ssl/certs -/etc/ssl/openssl.cnf -/etc/ca-certificates
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from. A service
# that reads /proc/self takes it back in its drop-in: "InaccessiblePaths=".
InaccessiblePaths=/proc

[Landlock]
# With the network come its abstract sockets, which no file mode guards: those of X servers, of containers' shims.
Scope=abstract-unix-socket

[Seccomp]
Policy=network-service.policy

[Resources]
LimitNOFILE=4096
# Threads; there are no processes.
LimitNPROC=128
LimitDATA=1G
