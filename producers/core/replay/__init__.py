"""The pure parts of replay: which chunks are meant, what the names of archive objects say, and what is in one."""
