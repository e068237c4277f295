[Profile]
