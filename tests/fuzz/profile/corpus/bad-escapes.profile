[Exec]
Environment=A=\q
Environment=A=\x
Environment=A=\x0
Environment=A=\000
Environment=A=\U99999999
Environment=A=\