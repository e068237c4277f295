[Profile]
Description=í €í°€
