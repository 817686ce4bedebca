"""Sink ``object_storage``: records, raw chunks and pods into S3, GCS, Azure or a directory, by hour and namespace.

::

    sinks:
      archive:
        type: object_storage
        topics: [logs.app]
        url: "file:///var/lib/logferry/archive"
        format: parquet
        promote: {http.response.status_code: int64}
      raw: {type: object_storage, topics: [logs.raw, logs.pods], url: "s3://bucket/raw", format: avro}

Delivery: each record at least once, and once where the topic holds it once. Objects of a folder, then the manifest of
its hour, then the offset: whatever is committed is in an object that a manifest lists. Whoever starts again after a
crash passes over what the manifests list, and finds other objects of before under the names that it gives them; it
never makes one shorter (`sinks.core.placing` tells why nothing is lost in any order of events). Doubles are possible
where the store knows no conditional writes, and have one id, as has what a topic holds twice (a stream worker that was
killed sends again).
"""
