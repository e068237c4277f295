[User]
User=a
#drop-in
[User]
DynamicUser=yes
