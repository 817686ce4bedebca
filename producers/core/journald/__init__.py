"""Decisions about the systemd journal, without files, clients or clocks."""
