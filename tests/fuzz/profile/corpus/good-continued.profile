[Access]
AllowUser=a \
  b \
# comment
  c
