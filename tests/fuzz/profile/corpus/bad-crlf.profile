[Profile]
Description=x
