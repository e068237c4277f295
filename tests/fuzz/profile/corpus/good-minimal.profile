[Exec]
Executable=/usr/bin/xz
