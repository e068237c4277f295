[Exec]
Executable=a /b/ /c//d /e/../f /./g
WorkingDirectory=\x2f
