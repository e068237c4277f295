[Profile]
Description=all of it, 100%%
Template=base.profile
[Access]
AllowUser=daemon 1234
AllowGroup=daemon
AllowDetach=yes
MaxPerUser=7
[Exec]
Executable=/bin/a "/bin/b c"
Argument=--fd=[0-9]+
Environment=A=1 "B=2 3" 'C=\x41'
PassEnvironment=LANG DECODER_*
FileDescriptor=5 pipe,socket,read-only,required
MaxFileDescriptors=9
StandardInput=null
StandardOutput=pipe
StandardError=fd
WorkingDirectory=/usr
UMask=0022
[User]
User=daemon
Group=games
SupplementaryGroups=video
[Capabilities]
CapabilityBoundingSet=CAP_NET_RAW CAP_KILL
AmbientCapabilities=CAP_NET_RAW
SecureBits=noroot
NoNewPrivileges=yes
[Namespaces]
PrivateNetwork=no
ProtectHostname=no
[Filesystem]
TemporaryFileSystem=/z:ro,size=1M,mode=1777,noexec
BindPaths=-/b/c:/a/b:norbind
BindReadOnlyPaths=/a
PrivateTmp=no
[Seccomp]
Policy=p.policy
[Resources]
LimitNOFILE=16:32
LimitCORE=1M
LimitRTTIME=5ms
LimitNICE=-5
RuntimeMaxSec=90
TimeoutStopSec=2
KillSignal=INT
