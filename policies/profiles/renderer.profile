# SPDX-License-Identifier: GPL-2.0-or-later
#
# A renderer: a helper of a larger program (a browser, a mail reader, an office) that works on untrusted documents. It
# sees no file but libraries, no network and no other process. All that it gets and gives goes over the socket that is
# its descriptor 3: messages, descriptors, shared memory.
#
# A renderer belongs to a program, so this names none. Put both names, the helper's and who may launch it, into
# /etc/bailiff/profiles/renderer.profile.d/10-site.conf, then reload:
#
#	[Access]
#	AllowUser=gallery
#	[Exec]
#	Executable=/usr/lib/gallery/renderer
#
# A helper outside of /usr/lib also needs BindReadOnlyPaths= and FsPathReadExecute= for its folder. Two programs with
# different users want a profile each, with Template=renderer.profile.

[Profile]
Description=Helper that works on untrusted documents; for Template= or a drop-in
Template=base.profile
# Debian 12's Linux 6.1 has Landlock 2, and the rules below take 3. Its users are told so ("skipped"), and lose a second
# layer: the mounts, the user and the policy still hold. And many processors have cores with one thread.
Optional=Landlock CoreScheduling

[Access]
# A browser with many tabs.
MaxPerUser=256

[Exec]
Environment=LANG=C.UTF-8
# Messages for a log, not to a terminal: what is written there would be acted upon.
FileDescriptor=1 regular,pipe,socket,null
FileDescriptor=2 regular,pipe,socket,null
# The channel. Without it there is nothing to do, so that is an error at the launch and not later.
FileDescriptor=3 socket,required
# Fonts, data of the program, the first document. More come over the channel.
MaxFileDescriptors=16

[Landlock]
# Libraries, their loader, and a helper that lies among them. Neither the programs of /usr/bin, which what took the
# renderer over could run, nor /usr/share, nor /proc.
FsPathReadExecute=/usr/lib -/lib -/lib32 -/lib64 -/usr/lib32 -/usr/lib64
# Where the loader finds libraries by name.
FsPathReadOnly=-/etc/ld.so.cache

[Seccomp]
Policy=renderer.policy

[Resources]
# No LimitAS=: engines reserve terabytes of addresses for their heaps. This counts what can be written.
LimitDATA=4G
# Sockets and shared memory, a few for each document.
LimitNOFILE=1024
# Threads; there are no processes.
LimitNPROC=128
# Whatever else runs on its core, at the same time, is no neighbour to be measured: scripts of documents are made to do
# that. It costs throughput on busy machines; CoreScheduling=no in a drop-in takes it back.
CoreScheduling=yes
# When memory runs out, a document is lost rather than the program that shows it.
OOMScoreAdjust=300
# It has nothing to save.
TimeoutStopSec=2s
