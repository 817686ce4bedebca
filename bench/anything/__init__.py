"""Any bytes at all for the stream stage: odd lines, chunks, settings, and a worker that needs no Kafka.

Everything is drawn from a `random.Random`, so one generator serves a loop over seeds (`bench.fuzz_streams`) and
property tests (`tests.streams.test_any_bytes`), whose library hands out a Random of its own to find small examples.
"""
