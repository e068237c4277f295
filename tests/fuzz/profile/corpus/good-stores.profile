[User]
User=daemon

[Filesystem]
DaemonStore=session_manager cached.data
DaemonStore=third
MountPropagation=shared
BindPaths=/media /run/dbus
TemporaryFileSystem=/run:size=1M
ReadOnlyPaths=/run
