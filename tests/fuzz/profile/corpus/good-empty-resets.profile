[Exec]
Executable=/a
Executable=
Argument=x
Argument=
UMask=
[Resources]
LimitAS=
