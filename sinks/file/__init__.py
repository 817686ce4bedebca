"""Sink ``file``: every record a line in a file, one file for all or as many as the fields of its path make.

::

    sinks:
      copy: {type: file, topics: [logs.app], path: "/var/log/out/{day}/{namespace}.log"}

Delivery: each record once, in the order of its topic's partition, for as long as its partition stays with one process.
How far every file and every partition is written is kept in a state file, which is replaced as a whole behind every
batch (`sinks.file.state`): after a crash what is behind that in a file is cut off, and records before it are passed
over. Where a partition moves to a process elsewhere, which has files of its own, up to the last second of it may be in
the files of both, under the same ``id``; so is what the topic itself holds twice.
"""
