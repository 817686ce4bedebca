"""What became of every line, by the ledger; and whether Elasticsearch and the archives hold what it says.

`core` merges and judges; `run.audit` reads Kafka and the destinations, and puts all together.
"""
