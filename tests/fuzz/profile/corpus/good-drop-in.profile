[Exec]
Executable=/a
#drop-in
[Exec]
Executable=
Executable=/b
