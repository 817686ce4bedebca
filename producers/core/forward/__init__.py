"""Decisions about the fluentd forward protocol, without files, clients or clocks."""
