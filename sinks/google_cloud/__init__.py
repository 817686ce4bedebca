"""Sink ``google_cloud``: every record one structured entry in Google Cloud Logging.

::

    sinks:
      gcp: {type: google_cloud, topics: [logs.app], project: shop-prod, location: europe-west3, cluster_name: shop}

Entries look as Google's own agents write them: resource k8s_container, logs stdout and stderr, labels ``k8s-pod/…``,
severity, trace, httpRequest, sourceLocation. It speaks the REST API (entries:write) by google-auth and urllib3: a third
of the packages of the gRPC client, and JSON is written ten times as fast as protobuf's Struct.

Delivery: each record is found once. The insertId of an entry is its record id, and of entries with the same timestamp
and insertId in a project Google shows one. It removes doubles when logs are read; what log sinks export, and what is
charged, may contain them.
"""
