"""Everything that two stages must agree on: Avro schemas, identity, severity, topics, settings, errors.

Pure: nothing in here opens a file that is not its own, a socket or a clock.
"""
