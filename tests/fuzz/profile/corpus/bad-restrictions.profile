[Filesystem]
RootDirectory=/
ReadOnlyPaths=var +-/x "/y
InaccessiblePaths=/ /a
NoExecPaths=//
BindPaths=/x:/a/b /y:/home/alice /z:/usr/lib/modules /w:/dev/rtc1
ProtectSystem=most
ProtectHome=yes
ProtectProc=1
ProcSubset=none
DeviceAllow=char-rtc r
DeviceAllow=/dev/mem
DeviceAllow=/dev/tty rwm
DeviceAllow=/dev/kmsg rw x
DeviceAllow=/dev/kmsg
PrivateDevices=no
TemporaryFileSystem=/t:size=0% /u:nr_inodes=-1
[Capabilities]
AmbientCapabilities=CAP_WAKE_ALARM
[Namespaces]
PrivateMounts=no
PrivatePIDs=no
