# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ground that other profiles stand on: Template=base.profile. It grants nothing. Without Executable= it can not be
# launched by itself, and without [Access] a profile that is made from it is for administrators only.
#
# Every value here is also what a profile has that says nothing; they are written out so that this file can be read,
# and so that a drop-in (base.profile.d/*.conf) can change one of them for all profiles at once.
# See bailiff.profile(5).

[Profile]
Description=No privilege at all; a template for other profiles

[Access]
# Sandboxes end with their owner.
AllowDetach=no

[Exec]
WorkingDirectory=/
UMask=0077
# Standard streams are what the caller maps, else /dev/null. No other fd without a FileDescriptor= of its own.
StandardInput=inherit
StandardOutput=inherit
StandardError=inherit
MaxFileDescriptors=0

[User]
# A user of its own for each sandbox, from DynamicUserRange= of bailiffd.conf: it owns no file and shares with nobody.
DynamicUser=yes

[Capabilities]
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes

[Namespaces]
PrivateMounts=yes
PrivatePIDs=yes
# Nothing but a loopback device of its own.
PrivateNetwork=yes
PrivateIPC=yes
PrivateUTS=yes
PrivateCgroup=yes

[Filesystem]
# /usr read-only, a /proc of the sandbox's own processes, and otherwise nothing of the host.
MinimalRoot=yes
PrivateTmp=yes
PrivateDevices=yes
# For profiles that show more of the host: it is read-only, without homes, and the kernel's knobs are out of reach.
ProtectSystem=strict
ProtectHome=tmpfs
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectProc=invisible
ProcSubset=pid
# Nothing that is mounted outside later comes in.
MountPropagation=private

[Seccomp]
# What a C program needs to start and to end; not enough to do anything. A profile names a policy for its program.
Policy=base.policy

[Resources]
# A core file would carry what the sandbox keeps in to a place outside.
LimitCORE=0
TimeoutStopSec=10s
KillSignal=SIGTERM
