[Filesystem]
BindPaths=/a: /b
BindPaths=::
BindPaths=- /c
BindPaths=/a:/b:x
BindPaths=/a:/b:rbind:
TemporaryFileSystem=/x:size=,mode=
TemporaryFileSystem=:ro
