[Exec]
FileDescriptor=3
FileDescriptor=-1 pipe
FileDescriptor=3 pipe socket
FileDescriptor=3 ,,
FileDescriptor=3 read-only,write-only,pipe
