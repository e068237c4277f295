[Landlock]
FsPathReadOnly=/usr
[Pool]
Warm=4
[SELinux]
SELinuxContext=a:b:c
