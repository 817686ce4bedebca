"""Input ``http``: OTLP/HTTP logs, and lines of text or JSON.

::

    inputs:
      otel: {type: http, listen: "0.0.0.0:4318", tokens: [{env: LOGS_TOKEN}]}

    curl --data-binary @app.log http://node:4318/logs/shop.checkout

Delivery: 200 means that all in-sync replicas of Kafka have every byte of the body. After any other answer, or none, the
client sends the same body again: within `repeat_window_secs` it is recognised and makes no second record (how, and
where that ends: producers/core/http/repeats.py). A program that posts the very same bytes on purpose within that time
must tell them apart by a time in them or by an Idempotency-Key.

server.py takes connections, receive.py answers requests, body.py reads bodies, delivery.py ships each once.
"""

from producers.http_input.server import HttpServer

__all__ = ["HttpServer"]
