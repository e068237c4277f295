[User]
DynamicUser=yes
User=x
[Capabilities]
AmbientCapabilities=CAP_KILL
[Namespaces]
PrivateMounts=no
