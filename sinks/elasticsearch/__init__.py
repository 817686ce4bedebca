"""Sink ``elasticsearch``: every record one document, under an id of its own, in an index of its own day.

::

    sinks:
      search: {type: elasticsearch, topics: [logs.app], hosts: ["http://localhost:9200"]}

Topics of ``format: json`` hold the documents themselves; they are passed on as they are.

Delivery: each record is indexed once. Documents are created under the record's id, so a retry or a replay meets itself
and is told so (409); offsets are committed below the lowest record that is not answered for.
"""
