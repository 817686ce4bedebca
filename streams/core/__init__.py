"""What becomes of a chunk, as pure functions and small state: no Kafka, no event loop, no clock."""
