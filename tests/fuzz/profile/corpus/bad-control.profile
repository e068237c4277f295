[Profile]
Description=[31mred
[]
