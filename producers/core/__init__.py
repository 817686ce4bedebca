"""Decisions of the producer: pure functions and small state, without files, clients or clocks."""
