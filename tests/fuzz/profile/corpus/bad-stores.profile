[Filesystem]
DaemonStore=a .b c/d
MountPropagation=rslave
MountPropagation=slave
BindPaths=/run /x:/run/daemon-store/a
InaccessiblePaths=/run/daemon-store
ReadOnlyPaths=/run/daemon-store-cache/a/b

[Namespaces]
PrivateMounts=no
