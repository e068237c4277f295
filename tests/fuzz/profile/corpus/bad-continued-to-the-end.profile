[Access]
AllowUser=a \
 b \
