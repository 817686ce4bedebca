"""Input ``forward``: fluentd's forward protocol v1, as Fluentd, Fluent Bit and Docker's fluentd driver speak it.

::

    inputs:
      fluent: {type: forward, listen: "0.0.0.0:24224", shared_key: {file: /etc/logferry/forward.key}}

    docker run --log-driver fluentd --log-opt fluentd-address=node:24224 …

Delivery: a request with the option ``chunk`` is acknowledged when all in-sync replicas of Kafka have all of its
entries, and a retry of it makes no second record. Without the option nothing is acknowledged, as the protocol has it:
what waits here when the process is killed is lost, and what the client sends twice is there twice.

server.py takes connections, connection.py reads requests from one, delivery.py ships their entries. What is decided is
in producers/core: forward_values (bytes), forward_messages (requests), forward_entries (payloads), forward_handshake,
forward_sources (identity).
"""

from producers.forward.server import ForwardServer

__all__ = ["ForwardServer"]
