# SPDX-License-Identifier: GPL-2.0-or-later
#
# The process that draws with the graphics processor, for renderers that can not. It is a renderer that also loads the
# user-space half of a graphics driver (Mesa) and is handed an open render node. It can open no device.
#
# As with renderer.profile, the program and who may launch it are named in gpu.profile.d/10-site.conf:
#
#	[Access]
#	AllowUser=gallery
#	[Exec]
#	Executable=/usr/lib/gallery/gpu-process

[Profile]
Description=Helper that draws with the graphics processor; for Template= or a drop-in
Template=renderer.profile

[Access]
# One for each program, and one that takes over from it.
MaxPerUser=16

[Exec]
# A render node, /dev/dri/renderD*, that the caller could open; never /dev/dri/card*, by which screens are set up.
FileDescriptor=4 chardev

[Filesystem]
# Mesa chooses a driver by what the device says of itself there. Read-only, and to a user who owns nothing; it tells
# which hardware this is. Without the path in a container: no driver, but a helper that draws without one.
BindReadOnlyPaths=-/sys/devices -/sys/dev/char -/sys/class/drm
# What is not of hardware: addresses of network devices, what the firmware tells of the machine, disks.
InaccessiblePaths=-/sys/devices/virtual
# Settings of drivers, and which drivers there are, where the administrator says so.
BindReadOnlyPaths=-/etc/drirc -/etc/vulkan -/etc/glvnd

[Landlock]
# The same, and what the distribution says: /usr/share/{drirc.d,vulkan,glvnd,libdrm}.
FsPathReadOnly=-/sys/devices -/sys/dev/char -/sys/class/drm -/etc/drirc -/etc/vulkan -/etc/glvnd
FsPathReadOnly=-/usr/share/drirc.d -/usr/share/vulkan -/usr/share/glvnd -/usr/share/libdrm

[Seccomp]
# A renderer's, and the requests of render nodes: the largest hole of all policies, so this is apart.
Policy=gpu.policy

[Resources]
# Buffers of the processor are mapped, not counted here; textures on their way there are.
LimitDATA=8G
# After the renderers: all of them draw by this one.
OOMScoreAdjust=200
# A buffer is a descriptor.
LimitNOFILE=4096
