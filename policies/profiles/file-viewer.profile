# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows what is in a file that nobody trusts: what kind it is, its text, its pages as pictures. The file comes as
# standard input, already open, or by the mount slot "input", as does a directory; the answer leaves by standard
# output. The viewer sees no other file of yours.
#
#	bailiffctl run file-viewer -- file -b - <untrusted
#	bailiffctl run file-viewer -- pdftotext - - <untrusted.pdf
#	bailiffctl run --bind=input=untrusted.pdf:ro file-viewer -- pdftotext /input -
#	bailiffctl run --bind=input=/usr/share/doc:ro file-viewer -- file -b /input/base-files/README
#
# Nobody but administrators may launch it until somebody is named in file-viewer.profile.d/10-access.conf:
#
#	[Access]
#	AllowGroup=users

[Profile]
Description=Show what is in an untrusted file
Template=base.profile

[Access]
MaxPerUser=64

[Exec]
# Debian's packages file and poppler-utils. One that is not installed can not be launched; the others can.
Executable=/usr/bin/file /usr/bin/pdfinfo /usr/bin/pdftotext /usr/bin/pdftoppm
# "-": standard input, and for pdftotext also standard output.
Argument=-
# The mount slot, and what is in a directory there.
Argument=/input(/.+)?
# file: the answer alone, the MIME type, what is unknown as an error. It does not look into archives: -z starts
# programs.
Argument=-[biEkNpr0]+|--(brief|mime|mime-type|mime-encoding|extension|keep-going)
# pdftotext, pdfinfo: layout, encoding. Passwords of documents would be seen in the list of processes: no -opw, -upw.
Argument=-(layout|raw|nopgbrk|bbox|bbox-layout|tsv|htmlmeta|isodates|meta|box|url|struct|dests)
Argument=-enc|UTF-8|ASCII7|Latin1
# Pages from and to, resolution, area; pictures as PPM, PNG, JPEG, in colour, grey, or black and white.
Argument=-([flrxyWH]|scale-to(-[xy])?|[rxy][xy])
Argument=[0-9]{1,5}
Argument=-(png|jpeg|gray|mono|cropbox|singlefile|q)
Environment=LANG=C.UTF-8
# Opened by the caller, so that the viewer needs no right to the file. Never writable: documents are not changed.
FileDescriptor=0 regular,memfd,pipe,null,read-only
FileDescriptor=1 regular,pipe,memfd,socket,null
FileDescriptor=2 regular,pipe,memfd,socket,null

[Filesystem]
# What everybody may read: the viewer's user is nobody's. A file that only you may read comes as standard input, or
# with the word idmap here: then only what its caller owns can be bound.
MountSlot=input /input ro
# Where fonts are; without it pages with fonts of the system are drawn without letters.
BindReadOnlyPaths=-/etc/fonts
# Not even of itself: the list of mounts in /proc tells which devices and folders of the host files come from.
InaccessiblePaths=/proc

[Seccomp]
Policy=file-viewer.policy

[Resources]
# Documents that unpack to terabytes, or draw for ever.
RuntimeMaxSec=2min
LimitAS=4G
LimitCPU=1min
LimitNOFILE=64
LimitNPROC=64
