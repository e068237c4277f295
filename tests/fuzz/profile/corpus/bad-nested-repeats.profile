[Exec]
Argument=((((a{1,255}){1,255}){1,255}){1,255})
Argument=(((a+)+)+)+
