[Exec]
Argument=[a
Argument=a)|(b
Argument=(a)\1
Argument=a{9999}
Argument=*
