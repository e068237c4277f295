Executable=/a
