"""Sink ``object_storage``: routed records and raw chunks into S3, GCS, Azure or a directory, by hour and namespace.

::

    sinks:
      archive: {type: object_storage, topics: [logs.app], url: "file:///var/lib/logferry/archive", format: parquet}
      raw:     {type: object_storage, topics: [logs.raw], url: "file:///var/lib/logferry/raw", format: avro}

Delivery: each record at least once, and once where the topic holds it once. All objects of a partition are written
before its offset is committed, and an object's name says at which offset it begins, so whoever starts again after a
crash overwrites what it had written. What a topic holds twice (a stream worker that was killed sends again) has one id.
"""
