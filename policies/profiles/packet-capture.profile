# SPDX-License-Identifier: GPL-2.0-or-later
#
# tcpdump(8): the packets of the host's network, as text or raw, on standard output. Its decoders read what anybody
# sends, so it sees no file, resolves no name and makes no connection.
#
#	bailiffctl run packet-capture -- tcpdump -n -c10 -ieth0 port 53
#	bailiffctl run packet-capture -- tcpdump -n -w- >packets
#
# Who may launch this reads other people's mail. Leave it with administrators, or name a user for it alone.
#
# Under systemd it takes the drop-in network.conf of bailiffd(8): the unit keeps the network from all sandboxes.

[Profile]
Description=Record packets of the host's network
Template=base.profile

[Access]
MaxPerUser=4

[Exec]
# Debian's package tcpdump.
Executable=/usr/bin/tcpdump
# How to show it. Always give -n: without it every address is looked up, and there is no resolver here.
Argument=-[#AeKlLnNqStuUvxXp]+
# How many, which device, how much of each, buffer, link type, direction, time stamps: with the value in the same
# argument. Of -w and -r standard output and input alone.
Argument=-[csBGQyijT][A-Za-z0-9.:%%_-]{1,64}
Argument=-[wr]-
Argument=--(immediate-mode|micro|nano|number|no-promiscuous-mode|direction=(in|out|inout)|snapshot-length=[0-9]{1,6})
# The filter, see pcap-filter(7): words and signs. Nothing that begins with a hyphen or a slash.
Argument=[A-Za-z0-9(!][]A-Za-z0-9.:/_()<>=!&|+*^ [-]*
Argument=[]()<>=!&|]+
Environment=LANG=C.UTF-8 TZ=UTC
# Packets recorded before, for -r-.
FileDescriptor=0 regular,pipe,memfd,null,read-only
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Capabilities]
# The socket that sees everything. It is closed to nobody who has this: the policy only sees to it that no other raw
# socket can be had by it.
CapabilityBoundingSet=CAP_NET_RAW
AmbientCapabilities=CAP_NET_RAW

[Namespaces]
# The host's network, as it is about that. For another one put NetworkNamespacePath=/run/netns/NAME into a drop-in.
PrivateNetwork=no

[Filesystem]
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from.
InaccessiblePaths=/proc

[Seccomp]
Policy=packet-capture.policy

[Resources]
# Who forgets it.
RuntimeMaxSec=1h
# The ring that the kernel shares with it is part of this.
LimitAS=512M
LimitNOFILE=64
# Itself. It starts nothing.
LimitNPROC=4
# The numbers are printed and the output is written out on either signal; SIGINT is what people send.
KillSignal=SIGINT
TimeoutStopSec=5s
