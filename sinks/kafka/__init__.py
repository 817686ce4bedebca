"""Sink ``kafka``: every record into a topic of another cluster, as it is or as a document.

::

    sinks:
      west: {type: kafka, topics: [logs.app], topic: "east.{topic}", kafka: {bootstrap_servers: "west:9092"}}

Delivery: each record at least once, in the order of its partition, under its key. The producer is idempotent, so
nothing doubles while the process lives, whatever becomes of connections and brokers; what was under way when it was
killed is sent again. The headers ``logferry-topic``, ``-partition`` and ``-offset`` tell a reader which records are the
same, and so does ``id`` where records are documents.
"""
