[Profile]
Description=x