"""Decisions about the relay and the logging handler, without files, clients or clocks."""
