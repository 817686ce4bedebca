"""The archive's tools: what `logferry archive` lists, checks, prints, queries and compacts.

An archive is a folder or bucket that a sink of type object_storage writes (docs/archive.md). Everything here reads it
as it lies there; nothing needs Kafka, and nothing needs the sink to run.
"""
