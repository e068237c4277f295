[Profile]
Description=%i %u %
[Exec]
WorkingDirectory=%h
