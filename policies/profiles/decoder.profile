# SPDX-License-Identifier: GPL-2.0-or-later
#
# Decompression of what nobody trusts: from standard input to standard output, and nothing else. The decoder sees no
# file of yours, no network, no other process; if the data takes it over, there is nothing for it to take.
#
#	bailiffctl run decoder -- xz -dc <untrusted.xz >out
#
# Nobody but administrators may launch it until somebody is named. Put into
# /etc/bailiff/profiles/decoder.profile.d/10-access.conf, then reload:
#
#	[Access]
#	AllowGroup=users

[Profile]
Description=Decompress from standard input to standard output
Template=base.profile

[Access]
MaxPerUser=64

[Exec]
Executable=/usr/bin/xz /usr/bin/gzip /usr/bin/bzip2 /usr/bin/zstd /usr/bin/lz4
# Decompress or test, write to standard output, how loud to be. Short options may stand together: -dc.
Argument=-[dctkqv]+
Argument=--(decompress|uncompress|stdout|to-stdout|test|keep|quiet|verbose|no-warn|single-stream)
Argument=--format=(auto|xz|lzma|alone)
# Threads and memory: what the limits below leave.
Argument=-T[0-9]{1,2}|--threads=[0-9]{1,2}
Argument=--memlimit(-decompress)?=[0-9]{1,6}(KiB|MiB)
# "-": standard input by name.
Argument=-
Environment=LANG=C.UTF-8
# Streams that the caller maps: bytes in one direction, never a terminal, a directory or a listening socket.
FileDescriptor=0 regular,pipe,memfd,socket,null
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Filesystem]
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from.
InaccessiblePaths=/proc

[Seccomp]
Policy=decoder.policy

[Resources]
# A small file can pretend to hold terabytes, or need the dictionary for it.
RuntimeMaxSec=10min
LimitAS=2G
LimitCPU=5min
LimitNOFILE=64
LimitNPROC=64
