[Exec]
Environment="A=b
Environment='A
Executable=/a "/b
