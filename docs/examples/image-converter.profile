# SPDX-License-Identifier: GPL-2.0-or-later
#
# An example, not installed among the profiles: pictures that nobody trusts, converted by ImageMagick. The picture comes
# as standard input, the other one leaves by standard output. Put it into /etc/bailiff/profiles, name who may launch it,
# and reload:
#
#	bailiffctl run image-converter -- convert-im6.q16 png:- -resize 320x240 jpeg:- <untrusted.png >small.jpg
#
# ImageMagick knows some hundred formats, among them ones that read other files, start programs and speak with the
# network. Who says "png:-" gets that decoder alone; the rest is kept from what the decoder may become by the sandbox.

[Profile]
Description=Convert pictures that nobody trusts
Template=base.profile

[Exec]
# Debian's package imagemagick-6.q16; /usr/bin/convert leads to it.
Executable=/usr/bin/convert-im6.q16
# From and to: a format with its name, of those that are only pictures. Never a file name, which could be a command.
Argument=(png|jpeg|gif|bmp|ppm|pgm|tiff|webp):-
# Size, a part of it, quality, depth; no marks of cameras. The value is the next argument.
Argument=-(resize|thumbnail|crop|quality|depth)
Argument=[0-9]{1,5}(x[0-9]{1,5})?([+][0-9]{1,5}[+][0-9]{1,5})?[!>]?
Argument=-(strip|auto-orient|flatten)
Environment=LANG=C.UTF-8 MAGICK_THREAD_LIMIT=2
FileDescriptor=0 regular,pipe,memfd,null,read-only
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Namespaces]
RestrictNamespaces=yes

[Filesystem]
# Which formats are forbidden, and how much memory and time one picture may take.
BindReadOnlyPaths=-/etc/ImageMagick-6
# What comes by a pipe is kept there first. It is no program.
NoExecPaths=/tmp
InaccessiblePaths=/proc

[Seccomp]
# No policy was written for it, so it gets a list: what services use, without sockets, other programs and processes.
Policy=
SystemCallFilter=@system-service
SystemCallFilter=~@network-io:EACCES @privileged:EPERM @resources:EPERM execve:EACCES memfd_create:ENOSYS
LockPersonality=yes
RestrictRealtime=yes
MemoryDenyWriteExecute=yes

[Resources]
# A small file can pretend to be a picture of a million by a million.
RuntimeMaxSec=1min
LimitAS=2G
LimitCPU=30
LimitFSIZE=256M
LimitNOFILE=64
LimitNPROC=16
