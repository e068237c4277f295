[Exec]
Executable=\\\
\\\\\
\
