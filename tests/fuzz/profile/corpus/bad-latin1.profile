[Profile]
Description=café
[ÿþ]
