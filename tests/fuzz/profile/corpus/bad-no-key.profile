[Exec]
=x
 = 
