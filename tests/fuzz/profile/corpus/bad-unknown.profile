[Exce]
Executable=/a
[Exec]
Executabel=/b
User=x
