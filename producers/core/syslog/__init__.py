"""Decisions about syslog, without files, clients or clocks."""
