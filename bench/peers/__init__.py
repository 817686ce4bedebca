"""logferry beside what people would pick instead: the same tasks, files, servers and machine, in paired rounds."""
