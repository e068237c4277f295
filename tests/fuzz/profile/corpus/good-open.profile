[Namespaces]
PrivateMounts=no
PrivatePIDs=no
[Filesystem]
MinimalRoot=no
PrivateTmp=no
PrivateDevices=no
