"""Sink ``stdout``: every record a line on standard output, for a person who looks or a program behind a pipe.

::

    sinks:
      alerts: {type: stdout, topics: [logs.errors], format: line}

Delivery: each record at least once, in the order of its topic's partition. A batch is committed when the kernel has
taken it; after a crash its beginning may be written again, under the same ``id``. When whoever reads the other end of
a pipe has gone, the sink ends and commits nothing of what was not read.
"""
