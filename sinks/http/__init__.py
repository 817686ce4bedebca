"""Sink ``http``: documents in batches, posted to any server.

::

    sinks:
      hook: {type: http, topics: [logs.errors], url: "https://alerts.example/logs", token: {env: ALERTS_TOKEN}}

Delivery: each record at least once. A batch is finished when the server has answered 2xx. One that was not answered, or
with 401, 403, 404, 408, 409, 425, 429 or 5xx, is sent again as a whole, under the same idempotency key; what a server
takes and does not confirm comes twice, under the same ``id``. 400, 413 and 422 mean that some record is not taken: the
batch is divided until that record stands alone and goes to the dead letters.
"""
