[Filesystem]
RootDirectory=/srv/root
ReadOnlyPaths=/ -/var -+/opt +/srv
InaccessiblePaths=/var/lib/private
NoExecPaths=/var /tmp
ProtectSystem=strict
ProtectHome=tmpfs
ProtectKernelTunables=yes
ProtectKernelModules=no
ProtectKernelLogs=no
ProtectControlGroups=yes
ProtectClock=no
ProtectProc=ptraceable
ProcSubset=all
DeviceAllow=/dev/dri/renderD128 rw
DeviceAllow=/dev/rtc0
TemporaryFileSystem=/data:size=10%,nr_inodes=4K,mode=1777
BindPaths=/home/alice:/home/alice:norbind,idmap
