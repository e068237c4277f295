[User]
User=a
#drop-in
[User]
User=
DynamicUser=yes
