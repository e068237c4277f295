[Exec
Executable=/a
